//! The patient registers of practices: who its patients are, found again by name, phone or birth date.
//!
//! A card that somebody wrote is a record under its patient's own key. A patient who was only ever booked has the card that
//! their latest booking's details make; nothing is stored twice for them, and it goes with their bookings. A register is loaded
//! when its practice first asks, and brought up to date with the agendas before every answer: no message has to reach it.
//! Merging writes in one card which other stands for it; bookings keep the patient they were made for, so that a merge can be
//! undone to the letter.
//!
//! Must not be here: who may see which agenda (given by whoever asks), searching and likeness (`cabinet_domain::people`), HTTP.

mod record;
mod register;

use self::record::{decode, encode, key};
use self::register::{Booked, Register};
use crate::agendas::Agendas;
use crate::clock::Clock;
use crate::read::ReadError;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::audit::Leaf;
use cabinet_domain::ids::{AgendaId, AgendaKey, BookingId, PatientId, PracticeId, TypeId};
use cabinet_domain::people::{Alike, CARDS_MAX, Found, PatientCard, Query};
use cabinet_domain::practice::Practice;
use cabinet_domain::refusal::Refusal;
use cabinet_domain::time::{CivilDate, Span};
use cabinet_storage::journal::Position;
use cabinet_storage::{AppendError, RecordStore, StoreError, Table};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Registers kept in memory; the one that was asked longest ago goes first.
const REGISTERS_MAX: usize = 64;
/// Most appointments that one file lists, the latest first.
pub const HISTORY_MAX: usize = 200;

/// Why nothing was answered or changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// No such patient, for this asker.
    #[error("no such patient")]
    NotFound,
    /// The card was changed since it was read.
    #[error("the card was changed meanwhile")]
    Stale,
    /// What is to be written breaks a bound.
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    /// An agenda could not be looked at.
    #[error("failed to look at an agenda")]
    Agenda(#[from] ReadError),
    /// Nothing was written; or, on `Unknown`, that is not known.
    #[error("failed to write a patient's card")]
    Write(#[source] AppendError),
    /// Storage could not be read.
    #[error("failed to read patients' cards")]
    Read(#[from] StoreError),
}

impl From<AppendError> for PeopleError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::CheckFailed => Self::Stale,
            AppendError::TooLarge
            | AppendError::StorageFull
            | AppendError::NotSealed
            | AppendError::Busy
            | AppendError::Unknown
            | AppendError::Conflict { .. }
            | AppendError::Fenced { .. } => Self::Write(error),
        }
    }
}

/// Who asks: of which practice, and in which agendas they see names.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Their practice.
    pub practice: Arc<Practice>,
    /// Agendas of it whose patients they may know.
    pub sees: BTreeSet<AgendaId>,
}

impl Asker {
    fn today(&self, clock: &dyn Clock) -> CivilDate {
        CivilDate::of(&self.practice.zone(), clock.now())
    }
}

/// A patient as a list shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Who.
    pub patient: PatientId,
    /// Their card.
    pub card: PatientCard,
}

/// One appointment of a patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// In which agenda.
    pub agenda: AgendaId,
    /// Which.
    pub booking: BookingId,
    /// When.
    pub span: Span,
    /// Of which type.
    pub kind: TypeId,
    /// The type's name.
    pub kind_name: String,
    /// What was said of it last: the stable name of an attendance.
    pub mark: Option<&'static str>,
    /// Made by the patient.
    pub online: bool,
}

/// A patient's card with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Who: the card that stands, also where one that was merged into it was asked for.
    pub patient: PatientId,
    /// What it says.
    pub card: PatientCard,
    /// Its version; 0 while nobody has written it.
    pub version: Position,
    /// Linked cards that the asker may see.
    pub relatives: Vec<Listed>,
    /// Cards that were merged into this one.
    pub merged: Vec<Listed>,
    /// Their appointments in the agendas that the asker sees, the latest first, at most [`HISTORY_MAX`].
    pub history: Vec<Past>,
}

/// Two cards that may be one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// One.
    pub one: Listed,
    /// The other.
    pub other: Listed,
    /// How alike.
    pub alike: Alike,
}

type Shared = Arc<tokio::sync::Mutex<Option<Register>>>;

struct Inner {
    agendas: Agendas,
    records: Arc<dyn RecordStore>,
    clock: Arc<dyn Clock>,
    /// The one asked last stands last.
    registers: Mutex<Vec<(PracticeId, Shared)>>,
}

/// All registers. Cheap to clone.
#[derive(Clone)]
pub struct People(Arc<Inner>);

impl People {
    /// Over agendas and records.
    #[must_use]
    pub fn new(agendas: Agendas, records: Arc<dyn RecordStore>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            agendas,
            records,
            clock,
            registers: Mutex::default(),
        }))
    }

    /// Cards that fit, best first, and whether there are more. Noting the search is the asker's to do.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn search(&self, asker: &Asker, query: &Query) -> Result<(Vec<Listed>, bool), PeopleError> {
        let shared = self.shared(asker.practice.id);
        let mut held = shared.lock().await;
        let register = self.current(&mut held, asker).await?;
        let Found { patients, more } = register.search(query, &asker.sees);
        let listed = patients.into_iter().filter_map(|patient| register.listed(patient));
        Ok((listed.collect(), more))
    }

    /// A patient's card, relatives and appointments. Noting the reading is the asker's to do, before it is shown.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`] also for patients of agendas that the asker sees no names of.
    pub async fn read(&self, asker: &Asker, patient: PatientId) -> Result<File, PeopleError> {
        let shared = self.shared(asker.practice.id);
        let mut held = shared.lock().await;
        let register = self.current(&mut held, asker).await?;
        let patient = register.standing(patient, &asker.sees).ok_or(PeopleError::NotFound)?;
        let card = register.card(patient).ok_or(PeopleError::NotFound)?;
        let merged = register.merged_into(patient);
        let seen = |one: &PatientId| register.standing(*one, &asker.sees);
        let relatives = card.relatives.iter().map(|relative| relative.patient);
        let relatives = relatives.filter_map(|one| register.listed(seen(&one)?)).collect();
        let whose: BTreeSet<PatientId> = merged.iter().copied().chain([patient]).collect();
        let merged = merged.into_iter().filter_map(|one| register.listed(one)).collect();
        drop(held);
        let stored = self.0.records.get(key(asker.practice.id, patient)).await?;
        Ok(File {
            patient,
            card,
            version: stored.map_or(0, |(version, _)| version),
            relatives,
            merged,
            history: self.history(asker, &whose).await?,
        })
    }

    /// Whether a patient is known to the asker and their card stands: a booking may be theirs.
    ///
    /// # Errors
    /// [`PeopleError::NotFound`] when not.
    pub async fn admit(&self, asker: &Asker, patient: PatientId) -> Result<(), PeopleError> {
        let shared = self.shared(asker.practice.id);
        let mut held = shared.lock().await;
        let register = self.current(&mut held, asker).await?;
        let stands = register.standing(patient, &asker.sees) == Some(patient);
        stands.then_some(()).ok_or(PeopleError::NotFound)
    }

    /// Writes a card, with the leaf of that in the same commit. `version`: of the card as it was read; 0 for one that nobody has
    /// written, and `fresh` for one of a patient whom nobody knows yet: written again under the same id, it is there already.
    /// When and for which agendas a card was first written stays.
    ///
    /// # Errors
    /// [`PeopleError`]; `Stale` when it was changed meanwhile.
    pub async fn write(
        &self,
        asker: &Asker,
        (patient, version, fresh): (PatientId, Position, bool),
        card: PatientCard,
        leaf: Leaf,
    ) -> Result<(), PeopleError> {
        let now = self.0.clock.now();
        let card = card
            .validate(patient, asker.today(self.0.clock.as_ref()))
            .map_err(PeopleError::Refused)?;
        let shared = self.shared(asker.practice.id);
        let mut held = shared.lock().await;
        let register = self.current(&mut held, asker).await?;
        let known = register.card(patient);
        if fresh {
            if known.is_some() {
                return Ok(());
            }
            if register.len() >= CARDS_MAX {
                return Err(PeopleError::Refused(Refusal::TooMany { what: "patients" }));
            }
        } else if register.standing(patient, &asker.sees) != Some(patient) {
            return Err(PeopleError::NotFound);
        }
        let linked = |one: PatientId| register.standing(one, &asker.sees) == Some(one);
        let before: BTreeSet<PatientId> = known
            .iter()
            .flat_map(|card| &card.relatives)
            .map(|one| one.patient)
            .collect();
        let strange = |one: PatientId| !linked(one) && !before.contains(&one);
        if card.relatives.iter().any(|one| strange(one.patient)) {
            return Err(PeopleError::Refused(Refusal::Invalid {
                field: "relatives",
                must: "be patients of the practice",
            }));
        }
        let card = PatientCard {
            agendas: register.agendas_to_keep(patient),
            merged_into: None,
            created_at: known.map_or(now, |card| card.created_at),
            changed_at: now,
            ..card
        };
        self.commit(&mut held, asker, vec![(patient, version, card)], leaf)
            .await
    }

    /// Says that one card stands for another from now on, or (`into`: none) that the other stands alone again.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn merge(
        &self,
        asker: &Asker,
        patient: PatientId,
        into: Option<PatientId>,
        leaf: Leaf,
    ) -> Result<(), PeopleError> {
        let shared = self.shared(asker.practice.id);
        let mut held = shared.lock().await;
        let register = self.current(&mut held, asker).await?;
        if !register.may_see(patient, &asker.sees) {
            return Err(PeopleError::NotFound);
        }
        let stands = |one: PatientId| register.standing(one, &asker.sees) == Some(one);
        let into_stands = into.is_none_or(|into| stands(into) && into != patient);
        let mut card = register.card(patient).ok_or(PeopleError::NotFound)?;
        if !into_stands || (into.is_some() && card.merged_into.is_some()) {
            return Err(PeopleError::NotFound);
        }
        if card.merged_into == into {
            return Ok(());
        }
        card.merged_into = into;
        card.agendas = register.agendas_to_keep(patient);
        card.changed_at = self.0.clock.now();
        let stored = self.0.records.get(key(asker.practice.id, patient)).await?;
        let version = stored.map_or(0, |(version, _)| version);
        self.commit(&mut held, asker, vec![(patient, version, card)], leaf)
            .await
    }

    /// Pairs of cards that may be one person, likeliest first. Noting the reading is the asker's to do.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn duplicates(&self, asker: &Asker) -> Result<Vec<Pair>, PeopleError> {
        let shared = self.shared(asker.practice.id);
        let mut held = shared.lock().await;
        let register = self.current(&mut held, asker).await?;
        let pairs = register
            .pairs(&asker.sees)
            .into_iter()
            .filter_map(|(one, other, alike)| {
                Some(Pair {
                    one: register.listed(one)?,
                    other: register.listed(other)?,
                    alike,
                })
            });
        Ok(pairs.collect())
    }

    fn shared(&self, practice: PracticeId) -> Shared {
        let mut registers = self.0.registers.lock();
        let place = registers.iter().position(|(one, _)| *one == practice);
        let known = place.map(|place| registers.remove(place).1).unwrap_or_default();
        if registers.len() >= REGISTERS_MAX {
            registers.remove(0);
        }
        registers.push((practice, known.clone()));
        known
    }

    /// The register as the agendas are now; loaded first where it is not there.
    async fn current<'a>(
        &self,
        held: &'a mut Option<Register>,
        asker: &Asker,
    ) -> Result<&'a mut Register, PeopleError> {
        let practice = asker.practice.id;
        let register = match held {
            Some(register) => register,
            None => {
                let table = Table::Patient.number();
                let rows = self.0.records.scan(practice.0, table, CARDS_MAX * 2).await?;
                let cards = rows.iter().filter_map(|(key, value)| decode(key, value));
                held.insert(Register::of(cards))
            }
        };
        for agenda in asker.practice.practitioners.keys() {
            self.refresh(
                register,
                AgendaKey {
                    practice,
                    agenda: *agenda,
                },
            )
            .await?;
        }
        Ok(register)
    }

    async fn refresh(&self, register: &mut Register, key: AgendaKey) -> Result<(), PeopleError> {
        let now_at = self.0.agendas.read(key, |read| (read.history, read.staff_seq)).await?;
        if register.is_at(key.agenda, now_at) {
            return Ok(());
        }
        let known = register.blobs(key.agenda);
        let (at, booked) = self
            .0
            .agendas
            .read_named(key, move |read| {
                let mut booked: Vec<Booked> = read.agenda.bookings.values().map(|one| Booked::of(&one)).collect();
                booked.sort_unstable_by_key(|one| (one.patient, std::cmp::Reverse(one.at), one.details));
                booked.dedup_by_key(|one| one.patient);
                for one in &mut booked {
                    if !known.contains(&one.details) {
                        one.person = read.people.get(one.details).cloned().map(Arc::new);
                    }
                }
                ((read.history, read.staff_seq), booked)
            })
            .await?;
        register.take_in(key.agenda, at, booked);
        Ok(())
    }

    /// Writes cards and takes them into the register; what cannot be known is loaded anew at the next look.
    async fn commit(
        &self,
        held: &mut Option<Register>,
        asker: &Asker,
        cards: Vec<(PatientId, Position, PatientCard)>,
        leaf: Leaf,
    ) -> Result<(), PeopleError> {
        let practice = asker.practice.id;
        let checks = cards
            .iter()
            .map(|(patient, version, _)| (key(practice, *patient), *version));
        let writes = cards
            .iter()
            .map(|(patient, _, card)| (key(practice, *patient), Some(encode(card))));
        let (checks, writes) = (checks.collect(), writes.collect());
        let outcome = self.0.records.commit_acts(checks, writes, vec![(practice, leaf)]).await;
        if outcome.is_err() {
            *held = None;
        }
        outcome?;
        if let Some(register) = held {
            for (patient, _, card) in cards {
                register.write(patient, card);
            }
        }
        Ok(())
    }

    async fn history(&self, asker: &Asker, whose: &BTreeSet<PatientId>) -> Result<Vec<Past>, PeopleError> {
        let mut history = Vec::new();
        for agenda in &asker.sees {
            let key = AgendaKey {
                practice: asker.practice.id,
                agenda: *agenda,
            };
            let whose = whose.clone();
            let look = self.0.agendas.read(key, move |read| of_agenda(read.agenda, &whose));
            history.extend(look.await?);
        }
        history.sort_unstable_by_key(|past: &Past| (std::cmp::Reverse(past.span.from), past.booking));
        history.truncate(HISTORY_MAX);
        Ok(history)
    }
}

/// The patient's latest appointments in one agenda.
fn of_agenda(agenda: &Agenda, whose: &BTreeSet<PatientId>) -> Vec<Past> {
    let theirs = agenda
        .bookings
        .values()
        .filter(|booking| whose.contains(&booking.patient));
    let past = theirs.map(|booking| Past {
        agenda: agenda.key.agenda,
        booking: booking.id,
        span: booking.span,
        kind: booking.kind,
        kind_name: agenda
            .kind(booking.kind)
            .map(|kind| kind.name.clone())
            .unwrap_or_default(),
        mark: agenda.course.marks.get(&booking.id).map(|mark| mark.state.name()),
        online: booking.online,
    });
    let mut past: Vec<Past> = past.collect();
    // They lie in order of time.
    past.drain(..past.len().saturating_sub(HISTORY_MAX));
    past
}
