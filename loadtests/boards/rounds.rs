//! One shape of load put on every server in turns: saturation for the cost of a delivery, then a steady pace for its delay.

use super::crowd::{Counted, Crowd};
use super::handshake;
use super::machine::Machine;
use super::report::{self, Figures, Percentiles};
use super::servers::{Files, Kind, Server, present};
use anyhow::{Context as _, ensure};
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

/// A server with its boards.
struct House {
    server: Server,
    first_topic: usize,
    figures: Figures,
    published: usize,
}

/// Measures and prints.
pub(crate) fn run(plan: &Plan, files: &Files, machine: &Machine) -> anyhow::Result<()> {
    let mut crowd = Crowd::new()?;
    let mut houses = Vec::new();
    for kind in present(files) {
        houses.push(House::open(kind, &plan.shape, files, machine, &mut crowd)?);
    }
    for round in 0..plan.rounds {
        for turn in 0..houses.len() {
            let turn = (turn + round) % houses.len();
            let house = houses.get_mut(turn).context("a server")?;
            house.saturate(plan, &mut crowd)?;
        }
        report::line(&format!("round {} of {}", round + 1, plan.rounds));
    }
    for house in &mut houses {
        let half = house.figures.deliveries_per_second() / 2.0 / plan.shape.readers_per_topic as f64;
        let (_, counted) = house.pace(&mut crowd, half, 0..plan.shape.topics, plan.length)?;
        house.figures.half = Some(Percentiles::of(counted.micros));
    }
    if plan.shape.overload {
        let topic = plan.shape.topics..plan.shape.topics + 1;
        for round in 0..plan.rounds {
            for turn in 0..houses.len() {
                let turn = (turn + round) % houses.len();
                let house = houses.get_mut(turn).context("a server")?;
                let (used, counted) = house.pace(&mut crowd, OVERLOAD_PER_SECOND, topic.clone(), plan.length)?;
                house.figures.overload(used, counted);
            }
        }
    }
    let figures: Vec<&Figures> = houses.iter().map(|house| &house.figures).collect();
    report::table(&plan.shape, &figures);
    Ok(())
}

impl House {
    fn open(kind: Kind, shape: &Shape, files: &Files, machine: &Machine, crowd: &mut Crowd) -> anyhow::Result<Self> {
        let topics = shape.topics + usize::from(shape.overload);
        let mut server = Server::start(kind, topics, files, machine)?;
        for answers in server.answers.drain(..) {
            crowd.add(answers, &[], None)?;
        }
        let first_topic = crowd.add_topics(topics);
        crowd.reset();
        let mut boards = 0;
        for topic in 0..topics {
            let readers = if topic < shape.topics {
                shape.readers_per_topic
            } else {
                OVERLOAD_READERS
            };
            for _ in 0..readers {
                let (stream, rest) = handshake::open(server.address, &kind.path(topic))?;
                crowd.add(stream, &rest, Some(first_topic + topic))?;
                crowd.turn()?;
                boards += 1;
            }
        }
        crowd.turn_until("the first frames", |counted| {
            counted.strays == boards * kind.first_frames()
        })?;
        report::line(&format!("{}: {boards} boards are open", kind.name()));
        Ok(Self {
            server,
            first_topic,
            figures: Figures::new(kind),
            published: 0,
        })
    }

    fn publish(&mut self, crowd: &mut Crowd, topics: &std::ops::Range<usize>) -> anyhow::Result<()> {
        let topic = topics.start + self.published % topics.len();
        self.published += 1;
        crowd.sending(self.first_topic + topic);
        self.server.publisher.publish(u32::try_from(topic)?)
    }

    /// As much as it can, with a bounded number of changes under way: nothing can be merged on a socket.
    fn saturate(&mut self, plan: &Plan, crowd: &mut Crowd) -> anyhow::Result<()> {
        crowd.reset();
        crowd.read_samples = self.server.kind == Kind::Cabinet;
        let topics = 0..plan.shape.topics;
        let used = self.server.processor_time()?;
        let begin = Instant::now();
        let mut sent = 0;
        while begin.elapsed() < plan.length {
            while sent < crowd.counted.complete + plan.shape.window {
                self.publish(crowd, &topics)?;
                sent += 1;
            }
            self.server.publisher.flush()?;
            crowd.turn()?;
        }
        crowd.turn_until("what was sent", |counted| counted.complete == sent)?;
        let counted = healthy(&mut crowd.counted, self.server.kind)?;
        let used = self.server.processor_time()?.saturating_sub(used);
        self.figures.saturated(used, begin.elapsed(), &counted);
        Ok(())
    }

    /// So many changes a second, whether or not it keeps up; processor time, and what arrived.
    fn pace(
        &mut self,
        crowd: &mut Crowd,
        per_second: f64,
        topics: std::ops::Range<usize>,
        length: Duration,
    ) -> anyhow::Result<(Duration, Counted)> {
        crowd.reset();
        crowd.read_samples = self.server.kind == Kind::Cabinet;
        let used = self.server.processor_time()?;
        let begin = Instant::now();
        let mut sent = 0_u32;
        loop {
            let due = Duration::from_secs_f64(f64::from(sent) / per_second);
            if due >= length {
                break;
            }
            if begin.elapsed() >= due {
                self.publish(crowd, &topics)?;
                sent += 1;
            } else {
                self.server.publisher.flush()?;
                crowd.turn()?;
            }
        }
        self.server.publisher.flush()?;
        crowd.turn_until("what was sent", |counted| counted.complete == u64::from(sent))?;
        let counted = healthy(&mut crowd.counted, self.server.kind)?;
        Ok((self.server.processor_time()?.saturating_sub(used), counted))
    }
}

/// What was counted, if nothing was lost: figures of a server that drops boards would flatter it.
fn healthy(counted: &mut Counted, kind: Kind) -> anyhow::Result<Counted> {
    let counted = std::mem::take(counted);
    let fine = counted.closed == 0 && counted.strays == 0;
    ensure!(fine, "{} lost boards or frames: {}", kind.name(), counted.summary());
    Ok(counted)
}
