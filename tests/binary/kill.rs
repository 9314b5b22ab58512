//! SIGKILL at random moments under 64 concurrent patients: after each restart every acknowledged booking is there, nothing is
//! there twice, and the store verifies clean.

use crate::http::{Answer, Connection};
use crate::server::{Server, data_dir, fresh, verify};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

const ROUNDS: usize = 20;
const CLIENTS: usize = 64;

/// What clients were told: booking id -> (practitioner, manage secret, start, whether its cancellation was acknowledged or may
/// have happened).
#[derive(Debug, Clone)]
struct Told {
    practitioner: usize,
    manage: String,
    start_ms: i64,
    cancel: Cancel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cancel {
    No,
    Asked,
    Acknowledged,
}

type Ledger = Arc<Mutex<BTreeMap<String, Told>>>;

/// Holds asked for whose end nobody has been told: by token, the practitioner and the body as it was sent.
type Loose = Arc<Mutex<BTreeMap<String, (usize, Value)>>>;

struct Client {
    connection: Connection,
    base: String,
    practitioner: usize,
    ledger: Ledger,
    loose: Loose,
    number: usize,
}

fn person(number: usize) -> Value {
    json!({ "given_name": "Essai", "family_name": format!("Numéro {number}"), "email": "essai@courriel.example", "phone": null })
}

impl Client {
    /// Books and sometimes cancels until the connection breaks.
    async fn run(mut self) -> std::io::Result<()> {
        for turn in 0_usize.. {
            let slots = self.connection.get(&format!("{}/slots", self.base)).await?;
            let Some((kind, start_ms)) = choose(&slots, self.number.wrapping_mul(31).wrapping_add(turn)) else {
                return Ok(());
            };
            self.book(&kind, start_ms, turn).await?;
        }
        Ok(())
    }

    async fn book(&mut self, kind: &str, start_ms: i64, turn: usize) -> std::io::Result<()> {
        let token = fresh();
        let hold = json!({ "command_id": fresh(), "kind": kind, "start_ms": start_ms, "token": token });
        self.loose
            .lock()
            .await
            .insert(token.clone(), (self.practitioner, hold.clone()));
        let held = self.connection.post(&format!("{}/holds", self.base), &hold).await?;
        if held.status != 201 {
            self.loose.lock().await.remove(&token);
            return clean(&held);
        }
        let id = held.body["hold"].as_str().expect("hold").to_owned();
        let manage = fresh();
        let confirm = json!({ "command_id": fresh(), "token": token, "person": person(self.number),
                              "notice_version": 1, "manage": manage });
        let confirmed = self
            .connection
            .post(&format!("{}/holds/{id}/confirm", self.base), &confirm)
            .await?;
        if confirmed.status == 201 {
            self.loose.lock().await.remove(&token);
        }
        if confirmed.status != 201 {
            return clean(&confirmed);
        }
        let booking = confirmed.body["booking"].as_str().expect("booking").to_owned();
        let told = Told {
            practitioner: self.practitioner,
            manage: manage.clone(),
            start_ms,
            cancel: Cancel::No,
        };
        self.ledger.lock().await.insert(booking.clone(), told);
        if turn % 2 == 1 {
            self.note(&booking, Cancel::Asked).await;
            let cancel = json!({ "command_id": fresh(), "manage": manage });
            let answer = self
                .connection
                .post(&format!("{}/bookings/{booking}/cancel", self.base), &cancel)
                .await?;
            let outcome = if answer.status == 200 {
                Cancel::Acknowledged
            } else {
                Cancel::No
            };
            self.note(&booking, outcome).await;
        }
        Ok(())
    }

    async fn note(&self, booking: &str, cancel: Cancel) {
        if let Some(told) = self.ledger.lock().await.get_mut(booking) {
            told.cancel = cancel;
        }
    }
}

/// A refusal must be a clean one.
fn clean(answer: &Answer) -> std::io::Result<()> {
    assert!(matches!(answer.status, 409 | 422 | 503), "unexpected {answer:?}");
    Ok(())
}

/// A bookable slot, spread over what is free.
fn choose(slots: &Answer, salt: usize) -> Option<(String, i64)> {
    let now = slots.body["now_ms"].as_i64()?;
    let mut free = Vec::new();
    for kind in slots.body["types"].as_array()? {
        for slot in kind["slots"].as_array()? {
            let open = slot["from_ms"].as_i64()? <= now && now < slot["until_ms"].as_i64()?;
            // At least two days ahead, so that the cut-off for cancelling never interferes.
            if open && slot["start_ms"].as_i64()? > now + 2 * 86_400_000 {
                free.push((kind["kind"].as_str()?.to_owned(), slot["start_ms"].as_i64()?));
            }
        }
    }
    let index = salt.wrapping_mul(2_654_435_761) % free.len().max(1);
    free.into_iter().nth(index)
}

/// Every acknowledged booking answers with its own time; every acknowledged cancellation is gone.
async fn check(server: &Server, ledger: &Ledger) {
    let mut connection = server.connect().await;
    for (booking, told) in ledger.lock().await.iter_mut() {
        let path = format!("{}/bookings/{booking}/view", server.public(told.practitioner));
        let seen = connection
            .post(&path, &json!({ "manage": told.manage }))
            .await
            .expect("view");
        let stands = seen.status == 200;
        match told.cancel {
            Cancel::No => assert!(stands, "acknowledged booking {booking} is gone: {seen:?}"),
            Cancel::Acknowledged => assert!(!stands, "acknowledged cancellation of {booking} is undone"),
            Cancel::Asked => told.cancel = if stands { Cancel::No } else { Cancel::Acknowledged },
        }
        if stands {
            assert_eq!(
                seen.body["start_ms"].as_i64(),
                Some(told.start_ms),
                "booking {booking} has another time"
            );
        }
    }
}

/// Asks again for every hold whose end the kill has hidden, with the same command id, and gives it back: retries are harmless,
/// and held slots do not pile up.
async fn let_go(server: &Server, loose: &Loose) {
    let mut connection = server.connect().await;
    for (token, (practitioner, body)) in std::mem::take(&mut *loose.lock().await) {
        let holds = format!("{}/holds", server.public(practitioner));
        let held = connection.post(&holds, &body).await.expect("the same hold again");
        if held.status == 201 {
            let id = held.body["hold"].as_str().expect("hold");
            let release = json!({ "command_id": fresh(), "token": token });
            let released = connection
                .post(&format!("{holds}/{id}/release"), &release)
                .await
                .expect("release");
            assert!(released.status == 200 || clean(&released).is_ok(), "{released:?}");
        } else {
            clean(&held).expect("a clean refusal");
        }
    }
}

#[tokio::test]
async fn killed_at_random_moments_it_loses_nothing_and_sells_nothing_twice() {
    let (_guard, data) = data_dir();
    let ledger = Ledger::default();
    let loose = Loose::default();
    for round in 0..ROUNDS {
        let mut server = Server::start(&data);
        check(&server, &ledger).await;
        let_go(&server, &loose).await;
        let mut clients = tokio::task::JoinSet::new();
        for number in 0..CLIENTS {
            let practitioner = number % server.practitioners.len();
            let client = Client {
                connection: server.connect().await,
                base: server.public(practitioner),
                practitioner,
                ledger: Arc::clone(&ledger),
                loose: Arc::clone(&loose),
                number: round * CLIENTS + number,
            };
            clients.spawn(client.run());
        }
        // The moment of the kill is a number of acknowledgements, drawn by the round: a condition, not a time.
        let target = ledger.lock().await.len() + 3 + (round * 7) % 40;
        let enough = async {
            while ledger.lock().await.len() < target && !clients.is_empty() {
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
    check(&server, &ledger).await;
    let standing = ledger
        .lock()
        .await
        .values()
        .filter(|told| told.cancel == Cancel::No)
        .count();
    assert!(standing > ROUNDS, "the storm booked something: {standing}");
}
