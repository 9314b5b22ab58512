//! Seeded runs of one cell through orders, failing appends, crashes, failed reloads and passing time. After every step what
//! is served is a prefix of what is stored; in the end every answer is true, and a listener has heard everything once.

use super::bench::{Bench, STREAM, options};
use crate::agenda::cell::*;
use crate::agenda::feed::{Joining, SubscriptionId};
use crate::delta::{Delta, Pushed, Sink, TopicPosition};
use crate::fixtures::*;
use cabinet_domain::audience::Audience;
use cabinet_domain::command::Canceller;
use cabinet_domain::ids::{BookingId, CommandId, Seq};
use cabinet_domain::stream::StreamState;
use std::collections::BTreeMap;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

/// Counts spans and remembers where it stands.
#[derive(Default)]
struct Ear {
    at: parking_lot::Mutex<Seq>,
}

impl Sink for Ear {
    fn push(&self, delta: Delta) -> Pushed {
        let Delta::Staff(delta) = delta else {
            return Pushed::Gone;
        };
        let mut at = self.at.lock();
        assert_eq!(delta.from, *at, "no gap, no repeat");
        assert_eq!(delta.events.len() as u64, delta.to - delta.from);
        *at = delta.to;
        Pushed::Taken
    }
    fn closed(&self) {}
}

struct Run {
    bench: Bench,
    dice: Dice,
    ear: Arc<Ear>,
    listening: bool,
    /// Orders by ticket, over all incarnations.
    sent: BTreeMap<u64, CommandId>,
    answers: Vec<(CommandId, Result<Accepted, ExecuteError>)>,
}

impl Run {
    fn order(&mut self) {
        let n = u128::from(self.dice.below(60)) + 100;
        let at = half_hour(self.dice.below(20)).plus(15 * i64::from(self.dice.below(2) == 1));
        let cancel = |n: u128| {
            let by = Canceller::Practice;
            order(
                n + 2_000_000,
                Command::CancelBooking {
                    booking: BookingId(n),
                    by,
                },
            )
        };
        let order = match self.dice.below(6) {
            0 | 1 => hold(n, at),
            2 => confirm(n),
            3 => book(n + 70, ONLINE, at),
            4 => cancel(n),
            _ => cancel(n + 70),
        };
        // The same number with another start is another body.
        let digest = format!("{:?}", order.command);
        let mut order = order;
        order.digest = [0; 16];
        for (index, byte) in digest.bytes().enumerate() {
            order.digest[index % 16] = order.digest[index % 16].wrapping_mul(31).wrapping_add(byte);
        }
        let number = order.command_id;
        let ticket = self.bench.order(order);
        self.sent.insert(ticket, number);
    }

    fn append(&mut self) {
        if self.bench.append.is_none() {
            return;
        }
        let fate = match self.dice.below(16) {
            0 => Fate::LostAnswer,
            1 => Fate::Refused(AppendError::Unknown),
            2 => Fate::Refused(AppendError::Busy),
            3 => Fate::Refused(AppendError::StorageFull),
            4 => Fate::Refused(AppendError::CheckFailed),
            5 => Fate::Refused(AppendError::TooLarge),
            6 => Fate::Refused(AppendError::Conflict { head: 0 }),
            _ => Fate::Done,
        };
        self.bench.store.fate(fate);
        self.bench.append();
    }

    /// The process dies; what was under way may or may not have reached the disk.
    fn crash(&mut self) {
        if let Some(commit) = self.bench.append.take()
            && self.dice.below(2) == 0
        {
            self.bench.store.append_now(commit).expect("healthy");
        }
        self.settle();
        let (now, tickets) = (self.bench.now, self.bench.tickets);
        self.bench = Bench::new(self.bench.store.clone(), options());
        self.bench.now = now;
        self.bench.tickets = tickets;
        self.listening = false;
    }

    fn settle(&mut self) {
        for (ticket, outcome) in self.bench.replies.drain(..) {
            if let Some(number) = ticket.and_then(|ticket| self.sent.remove(&ticket)) {
                self.answers.push((number, outcome));
            }
        }
    }

    fn load(&mut self, may_fail: bool) {
        if !self.bench.loading {
            return;
        }
        self.listening = false;
        if may_fail && self.dice.below(4) == 0 {
            self.bench.loading = false;
            let effects = self.bench.cell.on_loaded(None, self.bench.now);
            self.bench.take(effects);
            self.crash();
        } else {
            self.bench.load();
        }
    }

    fn listen(&mut self) {
        let Some(feed) = self.bench.feed.as_mut().filter(|_| !self.listening) else {
            return;
        };
        self.listening = true;
        let seq = *self.ear.at.lock();
        let history = feed.history();
        let position = Some(TopicPosition { history, seq });
        match feed.join(SubscriptionId(1), Audience::Staff, position, self.ear.clone()) {
            Joining::Resumed { deltas, .. } => {
                for delta in deltas {
                    self.ear.push(delta);
                }
            }
            Joining::Snapshot { .. } => panic!("the ring holds everything since {seq}"),
        }
    }

    fn step(&mut self) {
        match self.dice.below(40) {
            0..16 => self.order(),
            16..30 => self.append(),
            30..36 => self.load(true),
            36 => self.crash(),
            37 => {
                let seconds = i64::try_from(self.dice.below(200)).unwrap();
                self.bench.pass(seconds);
                self.bench.timer();
            }
            _ => self.listen(),
        }
        self.settle();
        self.check();
    }

    /// What is served is exactly a prefix of what is stored.
    fn check(&self) {
        let Some(agenda) = self.bench.cell.agenda() else { return };
        let mut replayed = StreamState::empty(STREAM);
        for event in self
            .bench
            .store
            .events(STREAM)
            .iter()
            .filter(|event| event.seq <= agenda.seq)
        {
            replayed.apply(event);
        }
        assert_eq!(replayed, StreamState::Agenda(Box::new(agenda.clone())));
        assert_eq!(invariants::check(agenda), []);
        assert!(
            self.bench
                .notices
                .iter()
                .all(|notice| !matches!(notice, Notice::Violation(_)))
        );
    }

    fn finish(&mut self) {
        while self.bench.append.is_some() || self.bench.loading {
            self.load(false);
            self.bench.finish();
        }
        self.settle();
        self.check();
        self.listen();
        let events = self.bench.store.events(STREAM);
        assert_eq!(*self.ear.at.lock(), events.len() as u64, "everything was heard");
        let last_of = |number: CommandId| -> Vec<Seq> {
            let own = events
                .iter()
                .filter(|event| event.command_id == number && event.last_of_command);
            own.map(|event| event.seq).collect()
        };
        for (number, outcome) in &self.answers {
            match outcome {
                Ok(accepted) => assert_eq!(
                    last_of(*number),
                    [accepted.seq],
                    "{number}: done once, where it was said"
                ),
                Err(ExecuteError::Internal | ExecuteError::NoSuchAgenda) => panic!("{number}: {outcome:?}"),
                Err(_) => assert!(last_of(*number).len() <= 1, "{number}"),
            }
        }
    }
}

#[test]
fn whatever_storage_does_every_answer_is_true() {
    let (mut accepted, mut refused, mut unknown) = (0, 0, 0);
    for seed in 0..40 {
        let bench = Bench::opened();
        let ear = Arc::new(Ear::default());
        *ear.at.lock() = bench.agenda().seq;
        let mut run = Run {
            bench,
            dice: Dice(seed),
            ear,
            listening: false,
            sent: BTreeMap::new(),
            answers: Vec::new(),
        };
        for _ in 0..400 {
            run.step();
        }
        run.finish();
        for (_, outcome) in &run.answers {
            match outcome {
                Ok(_) => accepted += 1,
                Err(ExecuteError::Refused(_)) => refused += 1,
                Err(ExecuteError::Unknown) => unknown += 1,
                Err(_) => {}
            }
        }
    }
    assert!(
        accepted > 800 && refused > 500 && unknown > 10,
        "{accepted} {refused} {unknown}"
    );
}
