//! SIGKILL at random moments under 64 concurrent patients: after each restart every acknowledged booking is there, nothing is
//! there twice, and the store verifies clean.

use crate::patients::{self, Ledger};
use crate::server::{Server, data_dir, verify};
use std::sync::Arc;
use std::time::Duration;

const ROUNDS: usize = 20;
const CLIENTS: usize = 64;

#[tokio::test]
async fn killed_at_random_moments_it_loses_nothing_and_sells_nothing_twice() {
    let (_guard, data) = data_dir();
    let ledger = Arc::new(Ledger::default());
    for round in 0..ROUNDS {
        let mut server = Server::start(&data);
        ledger.hold_against(&server).await;
        let mut clients = patients::send(&server, &ledger, CLIENTS, usize::MAX, round).await;
        // The moment of the kill is a number of acknowledgements, drawn by the round: a condition, not a time.
        let target = ledger.acknowledged().await + 3 + (round * 7) % 40;
        let enough = async {
            while ledger.acknowledged().await < target && !clients.is_empty() {
                tokio::task::yield_now().await;
                if let Ok(Some(ended)) = tokio::time::timeout(Duration::from_millis(1), clients.join_next()).await {
                    ended
                        .expect("client does not panic")
                        .expect("the server answers until it is killed");
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), enough)
            .await
            .expect("bookings are acknowledged");
        server.kill();
        while let Some(ended) = clients.join_next().await {
            // Broken connections are what a kill looks like from outside; only panics are failures.
            drop(ended.expect("client does not panic"));
        }
        verify(&data);
    }
    let server = Server::start(&data);
    ledger.hold_against(&server).await;
    assert_eq!(ledger.answered(507).await, 0, "there was room all along");
    let standing = ledger.standing().await;
    assert!(standing > ROUNDS, "the storm booked something: {standing}");
}
