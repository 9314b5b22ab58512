//! Patients who book and cancel over HTTP and remember what they were told, so that after a crash every promise can be held
//! against the server: acknowledged bookings and holds are there, acknowledged cancellations are not, repeated commands
//! are harmless.

use crate::faults::answers::{Asked, Left};
use crate::http::{Answer, Connection};
use crate::server::{Server, fresh};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Answers that refuse in so many words: taken, not allowed, busy or unknown, storage full.
pub(crate) const REFUSALS: [u16; 4] = [409, 422, 503, 507];
const PATIENCE: usize = 1_000;

/// What one patient was told of one booking.
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

/// A booking on its way whose end nobody has been told.
#[derive(Debug, Clone)]
struct Loose {
    practitioner: usize,
    start_ms: i64,
    hold: Value,
    /// The hold's id once it was acknowledged, and then the confirmation as it was sent.
    held: Option<(String, Value)>,
}

/// What all patients together were told.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    bookings: Mutex<BTreeMap<String, Told>>,
    loose: Mutex<BTreeMap<String, Loose>>,
    statuses: Mutex<BTreeMap<u16, usize>>,
}

/// One patient at one practitioner's agenda.
struct Patient {
    connection: Connection,
    base: String,
    practitioner: usize,
    ledger: Arc<Ledger>,
    number: usize,
}

/// What each patient's work ended with.
pub(crate) type Patients = tokio::task::JoinSet<std::io::Result<()>>;

fn person(number: usize) -> Value {
    json!({ "given_name": "Essai", "family_name": format!("Numéro {number}"), "email": "essai@courriel.example", "phone": null })
}

/// Sends `count` patients who book and cancel until the connection breaks, `turns` are done or it is enough.
pub(crate) async fn send(server: &Server, ledger: &Arc<Ledger>, count: usize, turns: usize, salt: usize) -> Patients {
    let mut patients = Patients::new();
    for number in 0..count {
        let practitioner = number % server.practitioners.len();
        // Connections that break here are a fault that came early.
        let Ok(connection) = server.try_connect().await else {
            continue;
        };
        let patient = Patient {
            connection,
            base: server.public(practitioner),
            practitioner,
            ledger: Arc::clone(ledger),
            number: salt.wrapping_mul(count).wrapping_add(number),
        };
        patients.spawn(patient.run(turns));
    }
    patients
}

impl Patient {
    async fn run(mut self, turns: usize) -> std::io::Result<()> {
        for turn in 0..turns {
            let slots = self.connection.get(&format!("{}/slots", self.base)).await?;
            if slots.status == 503 {
                continue;
            }
            let Some((kind, start_ms)) = choose(&slots, self.number.wrapping_mul(31).wrapping_add(turn)) else {
                break;
            };
            self.book(&kind, start_ms, turn).await?;
        }
        Ok(())
    }

    async fn post(&mut self, path: &str, body: &Value) -> std::io::Result<Answer> {
        let answer = self.connection.post(&format!("{}/{path}", self.base), body).await?;
        *self.ledger.statuses.lock().await.entry(answer.status).or_default() += 1;
        Ok(answer)
    }

    async fn book(&mut self, kind: &str, start_ms: i64, turn: usize) -> std::io::Result<()> {
        let token = fresh();
        let hold = json!({ "command_id": fresh(), "kind": kind, "start_ms": start_ms, "token": token });
        let loose = Loose {
            practitioner: self.practitioner,
            start_ms,
            hold: hold.clone(),
            held: None,
        };
        self.ledger.loose.lock().await.insert(token.clone(), loose);
        let held = self.post("holds", &hold).await?;
        if held.status != 201 {
            return self.refused(&token, &held).await;
        }
        let id = held.body["hold"].as_str().expect("hold").to_owned();
        let manage = fresh();
        let confirm = json!({ "command_id": fresh(), "token": token, "person": person(self.number),
                              "notice_version": 1, "manage": manage });
        if let Some(loose) = self.ledger.loose.lock().await.get_mut(&token) {
            loose.held = Some((id.clone(), confirm.clone()));
        }
        let confirmed = self.post(&format!("holds/{id}/confirm"), &confirm).await?;
        if confirmed.status != 201 {
            return self.refused(&token, &confirmed).await;
        }
        let booking = confirmed.body["booking"].as_str().expect("booking").to_owned();
        let told = Told {
            practitioner: self.practitioner,
            manage: manage.clone(),
            start_ms,
            cancel: Cancel::No,
        };
        self.ledger.bookings.lock().await.insert(booking.clone(), told);
        self.ledger.loose.lock().await.remove(&token);
        if turn % 2 == 1 {
            self.cancel(&booking, &manage).await?;
        }
        Ok(())
    }

    async fn cancel(&mut self, booking: &str, manage: &str) -> std::io::Result<()> {
        self.note(booking, Cancel::Asked).await;
        let cancel = json!({ "command_id": fresh(), "manage": manage });
        let answer = self.post(&format!("bookings/{booking}/cancel"), &cancel).await?;
        match answer.status {
            200 => self.note(booking, Cancel::Acknowledged).await,
            // 503 may mean that the outcome is unknown.
            503 => {}
            _ => self.note(booking, Cancel::No).await,
        }
        Ok(())
    }

    /// A refusal must be a clean one; "busy or unknown" leaves the booking loose.
    async fn refused(&self, token: &str, answer: &Answer) -> std::io::Result<()> {
        assert!(REFUSALS.contains(&answer.status), "unexpected {answer:?}");
        if answer.status != 503 {
            self.ledger.loose.lock().await.remove(token);
        }
        Ok(())
    }

    async fn note(&self, booking: &str, cancel: Cancel) {
        if let Some(told) = self.ledger.bookings.lock().await.get_mut(booking) {
            told.cancel = cancel;
        }
    }
}

/// A bookable slot, spread over what is free.
pub(crate) fn choose(slots: &Answer, salt: usize) -> Option<(String, i64)> {
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

impl Ledger {
    /// Bookings that were acknowledged, cancelled ones included.
    pub(crate) async fn acknowledged(&self) -> usize {
        self.bookings.lock().await.len()
    }

    /// Bookings that must stand.
    pub(crate) async fn standing(&self) -> usize {
        let bookings = self.bookings.lock().await;
        bookings.values().filter(|told| told.cancel == Cancel::No).count()
    }

    /// How often commands were answered with this status.
    pub(crate) async fn answered(&self, status: u16) -> usize {
        self.statuses.lock().await.get(&status).copied().unwrap_or(0)
    }

    /// What had been promised when the line `cut` of a record of system calls came: confirmations whose sending had begun,
    /// and of those the cancellations that had been asked for, or acknowledged as well.
    pub(crate) async fn as_of(&self, cut: usize, left: &[Left], asked: &Asked) -> Self {
        let sent = left.iter().filter(|one| one.began < cut && one.status < 300);
        let confirmed: BTreeSet<&str> = sent.clone().filter_map(|one| one.body["booking"].as_str()).collect();
        let acknowledged: BTreeSet<&str> = sent.map(|one| one.path.as_str()).collect();
        let asked: BTreeSet<&str> = asked
            .iter()
            .filter(|(at, _)| *at < cut)
            .map(|(_, path)| path.as_str())
            .collect();
        let mut bookings = BTreeMap::new();
        for (booking, told) in self.bookings.lock().await.iter() {
            let end = format!("/bookings/{booking}/cancel");
            let is = |paths: &BTreeSet<&str>| paths.iter().any(|path| path.ends_with(&end));
            let cancel = match (is(&acknowledged), is(&asked)) {
                (true, _) => Cancel::Acknowledged,
                (false, true) => Cancel::Asked,
                (false, false) => Cancel::No,
            };
            if confirmed.contains(booking.as_str()) {
                bookings.insert(booking.clone(), Told { cancel, ..told.clone() });
            }
        }
        Self {
            bookings: Mutex::new(bookings),
            ..Self::default()
        }
    }

    /// A server that has started again holds every promise: acknowledged bookings answer with their own time,
    /// acknowledged cancellations are gone, and what was on its way is settled by the same commands again.
    pub(crate) async fn hold_against(&self, server: &Server) {
        let mut connection = server.connect().await;
        for (booking, told) in self.bookings.lock().await.iter_mut() {
            check(&mut connection, server, booking, told).await;
        }
        for loose in std::mem::take(&mut *self.loose.lock().await).into_values() {
            if let Some((booking, mut told)) = settle(&mut connection, server, &loose).await {
                check(&mut connection, server, &booking, &mut told).await;
                self.bookings.lock().await.insert(booking, told);
            }
        }
    }
}

async fn check(connection: &mut Connection, server: &Server, booking: &str, told: &mut Told) {
    let path = format!("{}/bookings/{booking}/view", server.public(told.practitioner));
    let seen = patient_post(connection, &path, &json!({ "manage": told.manage })).await;
    let stands = seen.status == 200;
    match told.cancel {
        Cancel::No => assert!(stands, "acknowledged booking {booking} is gone: {seen:?}"),
        Cancel::Acknowledged => assert!(!stands, "acknowledged cancellation of {booking} is undone"),
        Cancel::Asked => told.cancel = if stands { Cancel::No } else { Cancel::Acknowledged },
    }
    if stands {
        let start_ms = seen.body["start_ms"].as_i64();
        assert_eq!(start_ms, Some(told.start_ms), "booking {booking} has another time");
    }
}

/// Repeats while the server says "busy", which a start may do for a moment.
async fn patient_post(connection: &mut Connection, path: &str, body: &Value) -> Answer {
    for _ in 0..PATIENCE {
        let answer = connection.post(path, body).await.expect("an answer");
        if answer.status != 503 {
            return answer;
        }
    }
    panic!("{path} stays busy");
}

/// Asks again, with the same command ids, for what has no known end: an acknowledged hold can be confirmed now as then, and
/// any other is given back, so that held slots do not pile up. Returns the booking if it came to one.
async fn settle(connection: &mut Connection, server: &Server, loose: &Loose) -> Option<(String, Told)> {
    let holds = format!("{}/holds", server.public(loose.practitioner));
    if let Some((id, confirm)) = &loose.held {
        let confirmed = patient_post(connection, &format!("{holds}/{id}/confirm"), confirm).await;
        assert_eq!(confirmed.status, 201, "acknowledged hold {id} is lost: {confirmed:?}");
        let told = Told {
            practitioner: loose.practitioner,
            manage: confirm["manage"].as_str().expect("manage").to_owned(),
            start_ms: loose.start_ms,
            cancel: Cancel::No,
        };
        return Some((confirmed.body["booking"].as_str().expect("booking").to_owned(), told));
    }
    let held = patient_post(connection, &holds, &loose.hold).await;
    if held.status == 201 {
        let id = held.body["hold"].as_str().expect("hold");
        let release = json!({ "command_id": fresh(), "token": loose.hold["token"] });
        let released = patient_post(connection, &format!("{holds}/{id}/release"), &release).await;
        assert_eq!(released.status, 200, "{released:?}");
    } else {
        assert!(REFUSALS.contains(&held.status), "unexpected {held:?}");
    }
    None
}
