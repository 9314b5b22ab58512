//! One shape of load put on every server in turns: saturation for the cost of a delivery, then a steady pace for its delay.

use super::crowd::{Counted, Crowd};
use super::handshake;
use super::machine::Machine;
use super::report::{self, Figures, Percentiles};
use super::servers::{Files, Kind, Server, present};
use anyhow::{Context as _, ensure};
use std::ops::Range;
use std::time::Duration;
use tokio::time::Instant;

/// Readers and changes a second of the overload.
const OVERLOAD_READERS: usize = 500;
const OVERLOAD_PER_SECOND: f64 = 300.0;

/// Who watches what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) topics: usize,
    pub(crate) readers_per_topic: usize,
    /// Changes under way at saturation.
    window: u64,
    /// Whether a further topic is overloaded.
    overload: bool,
}

impl Shape {
    pub(crate) const ONE: Self = Self {
        topics: 1,
        readers_per_topic: 2_000,
        window: 1,
        overload: true,
    };
    pub(crate) const MANY: Self = Self {
        topics: 1_000,
        readers_per_topic: 5,
        window: 200,
        overload: false,
    };
}

/// What is measured, for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) shape: Shape,
    pub(crate) rounds: usize,
    pub(crate) length: Duration,
}

/// A server, and what was measured of it.
struct House {
    server: Server,
    topics: usize,
    figures: Figures,
    published: usize,
}

/// Measures and prints.
pub(crate) fn run(plan: &Plan, files: &Files, machine: &Machine) -> anyhow::Result<()> {
    let shape = &plan.shape;
    let mut houses = Vec::new();
    for kind in present(files) {
        let topics = shape.topics + usize::from(shape.overload);
        houses.push(House {
            server: Server::start(kind, topics, files, machine)?,
            topics,
            figures: Figures::new(kind),
            published: 0,
        });
    }
    in_turns(plan.rounds, "saturation", &mut houses, |house| house.saturate(plan))?;
    in_turns(1, "half of it", &mut houses, |house| {
        let per_second = house.figures.deliveries_per_second() / 2.0 / shape.readers_per_topic as f64;
        let (_, counted) = house.pace(per_second, 0..shape.topics, shape.readers_per_topic, plan.length)?;
        house.figures.half = Some(Percentiles::of(counted.micros));
        Ok(())
    })?;
    if shape.overload {
        in_turns(plan.rounds, "overload", &mut houses, |house| {
            let topic = shape.topics..shape.topics + 1;
            let (used, counted) = house.pace(OVERLOAD_PER_SECOND, topic, OVERLOAD_READERS, plan.length)?;
            house.figures.overload(used, counted);
            Ok(())
        })?;
    }
    let figures: Vec<&Figures> = houses.iter().map(|house| &house.figures).collect();
    report::table(shape, &figures);
    Ok(())
}

/// Every server once per round, each round beginning with another.
fn in_turns(
    rounds: usize,
    what: &str,
    houses: &mut [House],
    mut measure: impl FnMut(&mut House) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for round in 0..rounds {
        for turn in 0..houses.len() {
            let turn = (turn + round) % houses.len();
            measure(houses.get_mut(turn).context("a server")?)?;
        }
        report::line(&format!("{what}: round {} of {rounds}", round + 1));
    }
    Ok(())
}

impl House {
    /// Opens the boards of these topics. They close when the crowd is dropped, so that all servers fit the descriptor limit.
    fn boards(&self, topics: &Range<usize>, readers: usize) -> anyhow::Result<Crowd> {
        let kind = self.server.kind;
        let mut crowd = Crowd::new(self.topics)?;
        for answers in self.server.publisher.answers()? {
            crowd.add(answers, &[], None)?;
        }
        for topic in topics.clone() {
            for _ in 0..readers {
                let (stream, rest) = handshake::open(self.server.address, &kind.path(topic))?;
                crowd.add(stream, &rest, Some(topic))?;
                crowd.turn()?;
            }
        }
        let expected = (topics.len() * readers) as u64 * kind.first_frames();
        crowd.settle(expected)?;
        crowd.reset();
        crowd.read_samples = kind == Kind::Cabinet;
        Ok(crowd)
    }

    fn publish(&mut self, crowd: &mut Crowd, topics: &Range<usize>) -> anyhow::Result<()> {
        let topic = topics.start + self.published % topics.len();
        self.published += 1;
        crowd.sending(topic);
        self.server.publisher.publish(u32::try_from(topic)?)
    }

    /// As much as it can, with a bounded number of changes under way: nothing can be merged on a socket.
    fn saturate(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let topics = 0..plan.shape.topics;
        let mut crowd = self.boards(&topics, plan.shape.readers_per_topic)?;
        let used = self.server.processor_time()?;
        let begin = Instant::now();
        let mut sent = 0;
        while begin.elapsed() < plan.length {
            while sent < crowd.counted.complete + plan.shape.window {
                self.publish(&mut crowd, &topics)?;
                sent += 1;
            }
            self.server.publisher.flush()?;
            crowd.turn()?;
        }
        crowd.turn_until("what was sent", |counted| counted.complete == sent)?;
        let counted = healthy(crowd.counted, self.server.kind)?;
        let used = self.server.processor_time()?.saturating_sub(used);
        self.figures.saturated(used, begin.elapsed(), &counted);
        Ok(())
    }

    /// So many changes a second, whether or not it keeps up; processor time, and what arrived.
    fn pace(
        &mut self,
        per_second: f64,
        topics: Range<usize>,
        readers: usize,
        length: Duration,
    ) -> anyhow::Result<(Duration, Counted)> {
        let mut crowd = self.boards(&topics, readers)?;
        let used = self.server.processor_time()?;
        let begin = Instant::now();
        let mut sent = 0_u32;
        loop {
            let due = Duration::from_secs_f64(f64::from(sent) / per_second);
            if due >= length {
                break;
            }
            if begin.elapsed() >= due {
                self.publish(&mut crowd, &topics)?;
                sent += 1;
            } else {
                self.server.publisher.flush()?;
                crowd.turn()?;
            }
        }
        self.server.publisher.flush()?;
        crowd.turn_until("what was sent", |counted| counted.complete == u64::from(sent))?;
        let counted = healthy(crowd.counted, self.server.kind)?;
        Ok((self.server.processor_time()?.saturating_sub(used), counted))
    }
}

/// What was counted, if nothing was lost: figures of a server that drops boards would flatter it.
fn healthy(counted: Counted, kind: Kind) -> anyhow::Result<Counted> {
    let fine = counted.closed == 0 && counted.strays == 0;
    ensure!(fine, "{} lost boards or frames: {}", kind.name(), counted.summary());
    Ok(counted)
}
