//! From the patient's click to everybody's screen: a hold is asked for, and the time runs until another patient's board says
//! that the slot is gone, and until the asker has the answer.

use crate::client::{Board, Patient, Target};
use crate::figures::summary;
use anyhow::Context as _;
use std::time::{Duration, Instant};

/// Measures `bookings` bookings one after the other; prints the figures.
///
/// # Errors
/// When the server does not answer as documented, or has too few free slots.
#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
#[expect(clippy::disallowed_methods, reason = "measuring is this program's purpose")]
pub async fn run(target: &Target, bookings: usize) -> anyhow::Result<()> {
    let patient = Patient::new(target);
    let mut board = Board::join(target).await?;
    let (mut to_board, mut to_answer, mut reference) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..bookings {
        let slots = patient.slots().await?;
        // The reference of the same run: a read over the same connection, which waits for no disk.
        let asked = Instant::now();
        patient.slots().await?;
        reference.push(asked.elapsed());
        let free = slots
            .types
            .iter()
            .flat_map(|kind| kind.slots.iter().map(move |slot| (&kind.kind, slot)));
        let open = free.filter(|(_, slot)| slot.from_ms <= slots.now_ms && slots.now_ms < slot.until_ms);
        let count = open.clone().count().max(1);
        let (kind, slot) = open
            .skip(number.wrapping_mul(7_919) % count)
            .take(1)
            .last()
            .context("no free slot")?;
        let asked = Instant::now();
        let (held, seen) = tokio::join!(
            async {
                patient
                    .hold(kind, slot.start_ms)
                    .await
                    .map(|held| (held, asked.elapsed()))
            },
            async { board.until_taken(kind, slot.start_ms).await.map(|()| asked.elapsed()) },
        );
        let ((hold, token), answered): (_, Duration) = held?;
        to_answer.push(answered);
        to_board.push(seen?);
        patient.confirm(&hold.hold, &token).await?;
    }
    println!("hold to another patient's board: {}", summary(&to_board));
    println!("hold to its own answer:          {}", summary(&to_answer));
    println!("reference, a read of all slots:  {}", summary(&reference));
    Ok(())
}
