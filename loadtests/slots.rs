//! Free slots over HTTP: each client asks for all public slots of a practitioner again and again, on a kept-open connection,
//! with a pause between an answer and the next question (0: as fast as it goes, which loads the machine to its end).
//! The reference of the same run is `/healthz` over the same connections: the server's answer to a question that costs nothing.

use crate::client::Target;
use crate::figures::{Measured, summary};
use crate::http::Connection;
use anyhow::ensure;
use cabinet_proto::v1::http::PublicSlots;
use futures_util::future::try_join_all;
use std::time::{Duration, Instant};

/// Runs `clients` for `seconds` on each of the two questions; prints the figures.
///
/// # Errors
/// When the server does not answer as documented.
#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
pub async fn run(target: &Target, clients: usize, seconds: u64, pause: Duration) -> anyhow::Result<()> {
    let path = format!("/api/v1/public/{}/{}/slots", target.practice, target.practitioner);
    let slots: PublicSlots = Connection::open(&target.host).await?.get(&path).await?.json()?;
    let count: usize = slots.types.iter().map(|kind| kind.slots.len()).sum();
    ensure!(count > 0, "no free slot");
    println!(
        "{clients} clients, each pausing {} ms; an answer has {count} slots of {} types",
        pause.as_millis(),
        slots.types.len()
    );
    for (name, path) in [("reference, /healthz", "/healthz"), ("slots", path.as_str())] {
        let span = Duration::from_secs(seconds);
        let runs = (0_u32..).take(clients).map(|number| {
            // Spread over the pause: clients who do not know each other do not ask at the same instant.
            let late = pause.saturating_mul(number) / u32::try_from(clients.max(1)).unwrap_or(u32::MAX);
            client(target, path, span, (late, pause))
        });
        let (mut all, mut bytes) = (Vec::new(), 0);
        for (durations, length) in try_join_all(runs).await? {
            all.extend(durations);
            bytes = length;
        }
        let rate = Measured::new(u64::try_from(all.len())?, Duration::from_secs(seconds));
        println!("{name}: {}; {rate}/s of {bytes} bytes", summary(&all));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measuring is this program's purpose")]
async fn client(
    target: &Target,
    path: &str,
    span: Duration,
    (late, pause): (Duration, Duration),
) -> anyhow::Result<(Vec<Duration>, usize)> {
    let mut connection = Connection::open(&target.host).await?;
    tokio::time::sleep(late).await;
    let (began, mut durations, mut bytes) = (Instant::now(), Vec::new(), 0);
    while began.elapsed() < span {
        let asked = Instant::now();
        let answer = connection.get(path).await?;
        ensure!(answer.status == 200, "status {}", answer.status);
        bytes = answer.body.len();
        durations.push(asked.elapsed());
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    Ok((durations, bytes))
}
