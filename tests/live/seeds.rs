//! Seeded lives of a topic, on the real hubs: changes, restarts and losses of history behind them, a feed that is busy, a mailbox
//! that is full, boards that come, lag, leave and come back. Every board converges on the topic, and no change is missed or
//! told twice ([`Board::step`] checks each frame).
//!
//! `CABINET_SEED=n` does one seed again. What a seed does is the same each time; how threads interleave is not.

use crate::rig::{Board, Rig};
use crate::source::Source;
use cabinet::edge::live::LiveOptions;
use cabinet_storage::dice::Dice;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const SEEDS: u64 = 200;
const STEPS: usize = 40;
const BOARDS_MAX: usize = 5;
const STARTS: u64 = 30;

/// One topic and its boards.
struct Life<'a> {
    rig: &'a Rig,
    source: &'a Arc<Source>,
    topic: u128,
    boards: Vec<Board>,
    dice: Dice,
}

impl Life<'_> {
    /// Some slots are taken, some come free; what is free is free before.
    fn change(&mut self) {
        let free = self.source.state(self.topic).1;
        let starts: Vec<i64> = (0..=self.dice.below(3))
            .map(|_| i64::try_from(self.dice.below(STARTS)).unwrap())
            .collect();
        let (mut taken, mut freed): (Vec<i64>, Vec<i64>) = starts.iter().partition(|start| free.contains(start));
        for list in [&mut taken, &mut freed] {
            list.sort_unstable();
            list.dedup();
        }
        self.source.change(self.topic, &taken, freed);
    }

    async fn come_back(&mut self) {
        let board = self.boards.remove(self.dice.index(self.boards.len()));
        let slots = board.slots.clone();
        // Some say goodbye, some vanish.
        let (history, seq) = if self.dice.chance(500) {
            board.leave_now().await
        } else {
            (board.history, board.seq)
        };
        for _ in 0..self.dice.below(4) {
            self.change();
        }
        let mut back = self.rig.board(self.topic, Some((&history, seq))).await;
        if back.resumed {
            assert_eq!((&back.history, back.seq), (&history, seq));
            back.slots = slots;
        }
        self.boards.push(back);
    }

    async fn step(&mut self) {
        match self.dice.below(100) {
            0..55 => self.change(),
            55..70 if !self.boards.is_empty() => self.come_back().await,
            70..80 if self.boards.len() < BOARDS_MAX => {
                self.boards.push(self.rig.board(self.topic, None).await);
            }
            80..88 if !self.boards.is_empty() => {
                let board = self.dice.index(self.boards.len());
                let seq = self.source.state(self.topic).0;
                self.boards[board].reach(seq).await;
            }
            88..92 => {
                let busy = self.dice.index(3);
                self.source.refuse.store(busy, Ordering::SeqCst);
            }
            92..97 => self.source.end(self.topic),
            97.. => {
                // As an agenda restored from a backup: another history, its actor new.
                self.source.lose_history(self.topic);
                self.source.end(self.topic);
            }
            _ => {}
        }
    }

    async fn converge(mut self) {
        self.change();
        let (seq, slots) = self.source.state(self.topic);
        for board in &mut self.boards {
            board.reach(seq).await;
            assert_eq!(board.slots, slots);
        }
    }
}

#[actix_web::test]
async fn seeded_lives_of_a_topic_leave_every_board_with_the_truth() {
    let one = std::env::var("CABINET_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = one.map_or(0..SEEDS, |seed: u64| seed..seed + 1);
    // Small mailboxes and short memories lose their place often, large ones never: a third of the seeds each.
    for (number, (mailbox_messages_max, ring_max)) in [(1, 4), (8, 2), (4_096, 256)].into_iter().enumerate() {
        let source = Source::new(SEEDS.into(), 15, ring_max);
        let options = LiveOptions {
            mailbox_messages_max,
            hub_threads: 2,
            boards_per_address_max: 2_000,
            // A question that was refused is asked again at a sweep.
            sweep_period: Duration::from_millis(5),
            ..LiveOptions::default()
        };
        let rig = Rig::start(&source, options, false);
        for seed in seeds.clone().filter(|seed| seed % 3 == number as u64) {
            println!("seed {seed}");
            let mut life = Life {
                rig: &rig,
                source: &source,
                topic: (seed % SEEDS).into(),
                boards: vec![rig.board((seed % SEEDS).into(), None).await],
                dice: Dice::new(seed),
            };
            for _ in 0..STEPS {
                life.step().await;
            }
            life.converge().await;
        }
    }
}
