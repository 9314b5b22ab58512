//! A patient's look at their own bookings of one practice: a code by e-mail opens it for half an hour, an account is not needed.
//! Only what was booked with that very address in that very practice is shown; the same address in two practices is two
//! people (policy clause 2).
//!
//! Whether an address has bookings shows neither in an answer nor in its time: all work is done after it. Codes and visits are in
//! memory alone; a restart asks for another code. Must not be here: HTTP, the mail's words, whether a booking may be cancelled.

use crate::access::{Entropy, session_id};
use crate::accounts::folded;
use crate::agendas::Agendas;
use crate::clock::Clock;
use crate::code;
use crate::directory::Directory;
use crate::mail::{Addressee, Outbox, PatientDesk};
use crate::read::{AgendaRead, ReadError};
use crate::waiting::Waiting;
use cabinet_domain::agenda::{Booking, SecretHash};
use cabinet_domain::ids::{AgendaId, AgendaKey, BookingId, PracticeId};
use cabinet_domain::mail::{Letter, PATIENT_CODE_SECONDS};
use cabinet_domain::practice::Locale;
use cabinet_domain::schedule::AppointmentType;
use cabinet_domain::time::{UtcMillis, UtcMinute};
use cabinet_storage::RecordStore;
use ring::digest::{SHA256, digest};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Codes that may be tried against one that was mailed.
pub const CODE_TRIES: u32 = 5;
/// One address of a practice is mailed a code at most once in so many seconds, whoever asks.
pub const CODE_EVERY_SECONDS: i64 = 300;
/// A visit lasts so many seconds.
pub const VISIT_SECONDS: i64 = 30 * 60;
/// Bookings that a visit shows: those to come first.
pub const SHOWN_MAX: usize = 50;
/// Practices that are looked through at once for an address; and requests that may wait for it, beyond which none is.
const LOOKED_THROUGH_AT_ONCE: usize = 2;
const LOOKS_WAITING_MAX: usize = 64;

/// Why a visit was not begun or goes on no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VisitError {
    /// The code is wrong, was used, or is too old; or there is none.
    #[error("the code is wrong or was used before")]
    WrongCode,
    /// The visit is over.
    #[error("the visit is over")]
    Over,
    /// No mail is sent.
    #[error("no mail is sent")]
    NoMail,
    /// An agenda could not be read.
    #[error("an agenda could not be read")]
    Read(#[from] ReadError),
}

/// A booking of the visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visited {
    /// In which agenda.
    pub agenda: AgendaId,
    /// The booking.
    pub booking: Booking,
    /// Its type.
    pub kind: AppointmentType,
    /// Zone of the agenda.
    pub zone: String,
    /// Not to be cancelled from then on.
    pub cancel_until: UtcMinute,
}

#[derive(Clone)]
struct Visit {
    practice: PracticeId,
    email: String,
    until: UtcMillis,
}

struct Inner {
    agendas: Agendas,
    directory: Directory,
    records: Arc<dyn RecordStore>,
    outbox: Outbox,
    desk: PatientDesk,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    /// Hashes of codes, by practice and address.
    codes: Waiting<[u8; 32]>,
    asked: Waiting<()>,
    visits: Waiting<Visit>,
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

/// All visits. Cheap to clone.
#[derive(Clone)]
pub struct Visits(Arc<Inner>);

/// What codes of a practice's address are known by.
fn place(practice: PracticeId, email: &str) -> [u8; 32] {
    hash(&[&practice.0.to_be_bytes(), email.as_bytes()].concat())
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes)
        .as_ref()
        .first_chunk()
        .copied()
        .unwrap_or_default()
}

impl Visits {
    /// Over agendas. Codes are mailed through `outbox`.
    #[must_use]
    pub fn new(
        agendas: Agendas,
        directory: Directory,
        records: Arc<dyn RecordStore>,
        outbox: Outbox,
        (clock, entropy): (Arc<dyn Clock>, Entropy),
    ) -> Self {
        Self(Arc::new(Inner {
            agendas,
            directory,
            desk: PatientDesk::new(Arc::clone(&records), Arc::clone(&clock), Arc::clone(&entropy)),
            records,
            outbox,
            clock,
            entropy,
            codes: Waiting::new(),
            asked: Waiting::new(),
            visits: Waiting::new(),
            turns: Arc::new(Semaphore::new(LOOKED_THROUGH_AT_ONCE)),
            queue: Arc::new(Semaphore::new(LOOKS_WAITING_MAX)),
        }))
    }

    /// What is asked of the mails about bookings.
    #[must_use]
    pub fn desk(&self) -> &PatientDesk {
        &self.0.desk
    }

    /// Has a code be mailed to an address that has bookings in a practice. Answers before that is known.
    ///
    /// # Errors
    /// [`VisitError::NoMail`] where none is sent.
    pub fn ask(&self, practice: PracticeId, email: &str, locale: Locale) -> Result<(), VisitError> {
        if !self.0.outbox.is_open() {
            return Err(VisitError::NoMail);
        }
        let Ok(queued) = Arc::clone(&self.0.queue).try_acquire_owned() else {
            tracing::warn!("so many ask for codes that one is not mailed");
            return Ok(());
        };
        let (visits, email) = (self.clone(), folded(email));
        tokio::spawn(async move {
            let _queued = queued;
            let _turn = visits.0.turns.acquire().await;
            if let Err(error) = visits.mail_code(practice, &email, locale).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a patient's code was not mailed"
                );
            }
        });
        Ok(())
    }

    async fn mail_code(&self, practice: PracticeId, email: &str, locale: Locale) -> Result<(), VisitError> {
        let (key, now) = (place(practice, email), self.0.clock.now());
        if self.0.asked.stands(&key, now) {
            return Ok(());
        }
        let bookings = self.bookings_with(practice, email).await?;
        let Some(newest) = bookings.first() else { return Ok(()) };
        let code = code::draw(&(self.0.entropy)());
        let to = Addressee::Patient {
            agenda: newest.agenda,
            booking: newest.booking.id,
        };
        let letter = Letter::PatientCode {
            code: code.clone(),
            locale,
        };
        let until = now.plus_seconds(PATIENT_CODE_SECONDS);
        let asked_until = now.plus_seconds(CODE_EVERY_SECONDS);
        self.0.asked.put_over_the_oldest(key, (), (now, asked_until), 1);
        self.0
            .codes
            .put_over_the_oldest(key, code::hash(&code), (now, until), CODE_TRIES);
        let writes = self.0.outbox.put(practice, to, letter);
        if let Err(error) = self.0.records.commit(Vec::new(), writes).await {
            self.0.codes.remove(&key);
            self.0.asked.remove(&key);
            tracing::warn!(%error, "a patient's code was not written down");
        }
        Ok(())
    }

    /// Begins a visit with the code that was mailed. Answers what to name it by.
    ///
    /// # Errors
    /// [`VisitError::WrongCode`], also for an address that none was mailed to.
    pub fn open(&self, practice: PracticeId, email: &str, code: &str) -> Result<String, VisitError> {
        let email = folded(email);
        let (key, now) = (place(practice, &email), self.0.clock.now());
        let right = self.0.codes.try_once(&key, now).ok_or(VisitError::WrongCode)?;
        if right != code::hash(code) {
            return Err(VisitError::WrongCode);
        }
        self.0.codes.remove(&key);
        let token = hex::encode((self.0.entropy)());
        let until = now.plus_seconds(VISIT_SECONDS);
        let visit = Visit { practice, email, until };
        self.0
            .visits
            .put_over_the_oldest(session_id(&token), visit, (now, until), u32::MAX);
        Ok(token)
    }

    fn visit(&self, practice: PracticeId, token: &str) -> Result<Visit, VisitError> {
        let visit = self.0.visits.try_once(&session_id(token), self.0.clock.now());
        visit.filter(|visit| visit.practice == practice).ok_or(VisitError::Over)
    }

    /// What the visitor has booked, and until when the visit lasts: what is to come first, the nearest first, then what is past; at most [`SHOWN_MAX`].
    ///
    /// # Errors
    /// [`VisitError::Over`], or that an agenda could not be read.
    pub async fn bookings(&self, practice: PracticeId, token: &str) -> Result<(Vec<Visited>, UtcMillis), VisitError> {
        let visit = self.visit(practice, token)?;
        Ok((self.bookings_with(practice, &visit.email).await?, visit.until))
    }

    /// By what secret a booking of the visitor is cancelled: of its link. None: it has no link, as when staff booked it.
    ///
    /// # Errors
    /// [`VisitError::Over`]; or that the agenda could not be read. Somebody else's booking has no secret either.
    pub async fn secret_of(
        &self,
        practice: PracticeId,
        token: &str,
        (agenda, booking): (AgendaId, BookingId),
    ) -> Result<Option<SecretHash>, VisitError> {
        let email = self.visit(practice, token)?.email;
        let key = AgendaKey { practice, agenda };
        let look = move |read: AgendaRead<'_>| {
            let booking = read.agenda.bookings.get(&booking)?;
            is_of(&read, &booking, &email).then_some(booking.manage).flatten()
        };
        Ok(self.0.agendas.read_named(key, look).await?)
    }

    async fn bookings_with(&self, practice: PracticeId, email: &str) -> Result<Vec<Visited>, VisitError> {
        let known = self.0.directory.practice(practice);
        let agendas = known.map(|practice| practice.practitioners.keys().copied().collect::<Vec<_>>());
        let mut found = Vec::new();
        for agenda in agendas.unwrap_or_default() {
            let email = email.to_owned();
            let key = AgendaKey { practice, agenda };
            let look = self.0.agendas.read_named(key, move |read| visited(&read, &email));
            found.extend(look.await?);
        }
        let now = self.0.clock.now().minute();
        found.sort_by_key(|visited| {
            let from = visited.booking.span.from;
            let past = from < now;
            // What is past counts from its end backwards.
            (past, if past { -from.0 } else { from.0 })
        });
        found.truncate(SHOWN_MAX);
        Ok(found)
    }
}

fn is_of(read: &AgendaRead<'_>, booking: &Booking, email: &str) -> bool {
    let person = read.people.get(booking.details);
    let address = person.and_then(|person| person.email.as_deref());
    address.is_some_and(|address| folded(address) == email)
}

fn visited(read: &AgendaRead<'_>, email: &str) -> Vec<Visited> {
    let bookings = read.agenda.bookings.values();
    let zone = read.agenda.profile.as_ref();
    let zone = zone.map(|profile| profile.zone.name().to_owned()).unwrap_or_default();
    let own = bookings.filter(|booking| is_of(read, booking, email));
    own.filter_map(|booking| {
        let kind = read.agenda.kind(booking.kind)?;
        let cutoff = i64::from(kind.cancellation_cutoff_minutes);
        Some(Visited {
            agenda: read.agenda.key.agenda,
            booking: booking.clone(),
            kind: kind.clone(),
            zone: zone.clone(),
            cancel_until: booking.span.from.plus(-cutoff),
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_another_place_in_another_practice() {
        let (one, other) = (PracticeId(1), PracticeId(2));
        assert_eq!(place(one, &folded(" Zoé@Exemple.fr ")), place(one, "zoé@exemple.fr"));
        assert_ne!(place(one, "zoe@exemple.fr"), place(other, "zoe@exemple.fr"));
    }
}
