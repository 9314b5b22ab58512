//! Free slots over HTTP, asked for in two ways. Closed loop: each client asks as fast as it is answered, which loads the
//! machine to its end; the delay is then mostly the other clients' turns. Own times: questions come at random moments, as
//! from people who know nothing of each other (exponential gaps), at a stated rate, whatever the answers do. The reference of
//! the same run is `/healthz` over the same connections: the server's answer to a question that costs nothing.

use crate::client::{Target, draw};
use crate::figures::{Measured, summary};
use crate::http::Connection;
use anyhow::{Context as _, ensure};
use cabinet_proto::v1::http::PublicSlots;
use futures_util::future::try_join_all;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A question and what must come back.
#[derive(Debug, Clone)]
struct Question {
    name: &'static str,
    path: String,
    headers: String,
    status: u16,
}

/// What one way of asking gave.
#[derive(Default)]
struct Answers {
    delays: Vec<Duration>,
    /// Of the last answer's body.
    bytes: usize,
}

/// Runs `clients` for `seconds` on each question in both ways; prints the figures.
///
/// # Errors
/// When the server does not answer as documented.
#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
pub async fn run(target: &Target, clients: usize, seconds: u64, per_second: u32) -> anyhow::Result<()> {
    let (questions, slots) = questions(target).await?;
    let span = Duration::from_secs(seconds);
    println!("an answer has {slots} slots; {clients} connections; nothing is decompressed or parsed here");
    println!("closed loop, as fast as it goes:");
    for question in &questions {
        let runs = (0..clients).map(|_| closed(target, question, span));
        let mut all = Answers::default();
        for one in try_join_all(runs).await? {
            all.delays.extend(one.delays);
            all.bytes = one.bytes;
        }
        println!("{}", line(question, &all, span)?);
    }
    println!("at their own times, {per_second} a second:");
    for question in &questions {
        let all = own_times(target, question, clients, span, per_second).await?;
        println!("{}", line(question, &all, span)?);
    }
    Ok(())
}

fn line(question: &Question, all: &Answers, span: Duration) -> anyhow::Result<String> {
    let rate = Measured::new(u64::try_from(all.delays.len())?, span);
    let (name, figures) = (question.name, summary(&all.delays));
    Ok(format!("  {name}: {figures}; {rate}/s of {} bytes", all.bytes))
}

async fn questions(target: &Target) -> anyhow::Result<(Vec<Question>, usize)> {
    let path = format!("/api/v1/public/{}/{}/slots", target.practice, target.practitioner);
    let mut connection = Connection::open(&target.host).await?;
    let answer = connection.get(&path).await?;
    let tag = answer.header("etag").context("no tag")?.to_owned();
    let slots: PublicSlots = answer.json()?;
    let count: usize = slots.types.iter().map(|kind| kind.slots.len()).sum();
    ensure!(count > 0, "no free slot");
    let packed = connection.get_with(&path, "accept-encoding: gzip\r\n").await?;
    let coding = packed.header("content-encoding");
    ensure!(coding == Some("gzip"), "not compressed: {coding:?}");
    let ask = |name, path: &str, headers: String, status| Question {
        name,
        path: path.to_owned(),
        headers,
        status,
    };
    let questions = vec![
        ask("reference, /healthz", "/healthz", String::new(), 200),
        ask("slots, plain", &path, String::new(), 200),
        ask("slots, gzip", &path, "accept-encoding: gzip\r\n".to_owned(), 200),
        ask(
            "slots, known by their tag",
            &path,
            format!("if-none-match: {tag}\r\n"),
            304,
        ),
    ];
    Ok((questions, count))
}

impl Question {
    async fn put(&self, connection: &mut Connection, all: &mut Answers) -> anyhow::Result<()> {
        let asked = Instant::now();
        let answer = connection.get_with(&self.path, &self.headers).await?;
        ensure!(answer.status == self.status, "status {}", answer.status);
        all.bytes = answer.body.len();
        all.delays.push(asked.elapsed());
        Ok(())
    }
}

async fn closed(target: &Target, question: &Question, span: Duration) -> anyhow::Result<Answers> {
    let mut connection = Connection::open(&target.host).await?;
    let (began, mut all) = (Instant::now(), Answers::default());
    while began.elapsed() < span {
        question.put(&mut connection, &mut all).await?;
    }
    Ok(all)
}

/// Each question is put on a connection that is free. What counts begins when it was due: the wait for a free connection is
/// in it, and so is the timer's step of 1 ms.
async fn own_times(
    target: &Target,
    question: &Question,
    connections: usize,
    span: Duration,
    per_second: u32,
) -> anyhow::Result<Answers> {
    let (give_back, mut free) = mpsc::channel(connections.max(1));
    for _ in 0..connections.max(1) {
        give_back.try_send(Connection::open(&target.host).await?)?;
    }
    let mut under_way = tokio::task::JoinSet::new();
    let (mut due, end) = (Instant::now(), Instant::now() + span);
    let mut all = Answers::default();
    while due < end {
        tokio::time::sleep_until(due).await;
        let mut connection = free.recv().await.context("no connection is left")?;
        let waited = due.elapsed();
        let (question, give_back) = (question.clone(), give_back.clone());
        under_way.spawn(async move {
            let mut one = Answers::default();
            question.put(&mut connection, &mut one).await?;
            one.delays.iter_mut().for_each(|delay| *delay += waited);
            // The run is over when nobody takes it any more.
            drop(give_back.send(connection).await);
            anyhow::Ok(one)
        });
        due += gap(per_second);
    }
    while let Some(one) = under_way.join_next().await {
        let one = one??;
        all.delays.extend(one.delays);
        all.bytes = one.bytes;
    }
    Ok(all)
}

/// A gap between two who know nothing of each other: exponential, `1 / per_second` on average.
fn gap(per_second: u32) -> Duration {
    let share = u32::try_from(draw() >> 32).unwrap_or(u32::MAX);
    let share = (f64::from(share) + 1.0) / (f64::from(u32::MAX) + 1.0);
    Duration::from_secs_f64(-share.ln() / f64::from(per_second.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_have_the_stated_mean_and_are_uneven() {
        let gaps: Vec<f64> = (0..20_000).map(|_| gap(100).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / 20_000.0;
        assert!((0.0095..0.0105).contains(&mean), "{mean}");
        let long = gaps.iter().filter(|gap| **gap > 0.02).count();
        // e^-2 of them are longer than twice the mean.
        assert!((2_400..3_000).contains(&long), "{long}");
    }
}
