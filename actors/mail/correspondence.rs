//! What is kept of the mails about a booking: the language they are in, whether reminders are wanted, what was sent; and the
//! reminders to come. The patient's address is not among it: it stays under the patient's own key (law L9).
//!
//! JSON, as mails are. Must not be here: when a reminder is due, sending.

use super::kept::{Outcome, Write, from_bytes, key, to_bytes};
use cabinet_domain::ids::{AgendaKey, BookingId, PracticeId, TypeId};
use cabinet_domain::mail::{Appointment, Reminder};
use cabinet_domain::practice::Locale;
use cabinet_domain::time::UtcMillis;
use cabinet_storage::journal::{Position, RecordKey};
use cabinet_storage::{RecordStore, StoreError, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Messages of one booking that are remembered; the oldest go first.
pub const MESSAGES_MAX: usize = 20;

/// A mail about a booking that is done with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its kind.
    pub kind: String,
    /// Done with then.
    pub at: UtcMillis,
    /// What became of it.
    pub outcome: Outcome,
}

/// What is known of the mails about one booking. None is kept of a booking of which all is as usual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Correspondence {
    /// The language in which the patient booked.
    pub(crate) locale: Locale,
    /// The patient wants no reminder.
    pub(crate) reminders_off: bool,
    /// What was sent, the oldest first.
    pub(crate) messages: Vec<Message>,
    /// The last delay that was mailed: when, and how many minutes.
    pub(crate) delay: Option<(UtcMillis, u16)>,
}

impl Default for Correspondence {
    fn default() -> Self {
        Self::in_language(Locale::French)
    }
}

impl Correspondence {
    /// Of a booking that was made in this language.
    pub(crate) const fn in_language(locale: Locale) -> Self {
        Self {
            locale,
            reminders_off: false,
            messages: Vec::new(),
            delay: None,
        }
    }

    pub(super) fn add(&mut self, message: Message) {
        self.messages.push(message);
        let over = self.messages.len().saturating_sub(MESSAGES_MAX);
        self.messages.drain(..over);
    }
}

/// Reminders that a practice has switched off, type by type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Switches {
    /// Which of which type.
    pub(super) off: BTreeSet<(TypeId, Reminder)>,
}

impl Switches {
    pub(super) fn is_off(&self, kind: TypeId, reminder: Reminder) -> bool {
        self.off.contains(&(kind, reminder))
    }
}

/// Longer than a booking's.
fn switches_place(agenda: AgendaKey) -> RecordKey {
    let id = [b"reminders".as_slice(), &agenda.agenda.0.to_be_bytes()].concat();
    key(agenda.practice, Table::Correspondence, id)
}

/// What an agenda's practice has switched off, with the version for the next check.
pub(super) async fn read_switches(
    records: &dyn RecordStore,
    agenda: AgendaKey,
) -> Result<(Position, Switches), StoreError> {
    let stored = records.get(switches_place(agenda)).await?;
    let known = |(version, bytes): (Position, Vec<u8>)| (version, from_bytes(&bytes).unwrap_or_default());
    Ok(stored.map_or_else(|| (0, Switches::default()), known))
}

/// The write of it with its check.
pub(super) fn write_switches(
    agenda: AgendaKey,
    version: Position,
    switches: &Switches,
) -> Result<((RecordKey, Position), Write), StoreError> {
    let place = switches_place(agenda);
    Ok(((place.clone(), version), (place, Some(to_bytes(switches)?))))
}

fn place(practice: PracticeId, booking: BookingId) -> RecordKey {
    key(practice, Table::Correspondence, booking.0.to_be_bytes().to_vec())
}

/// The correspondence about a booking, with the version for the next check.
pub(crate) async fn read(
    records: &dyn RecordStore,
    practice: PracticeId,
    booking: BookingId,
) -> Result<(Position, Correspondence), StoreError> {
    let stored = records.get(place(practice, booking)).await?;
    let known = |(version, bytes): (Position, Vec<u8>)| (version, from_bytes(&bytes).unwrap_or_default());
    Ok(stored.map_or_else(|| (0, Correspondence::default()), known))
}

/// The write of it.
pub(crate) fn write(
    practice: PracticeId,
    booking: BookingId,
    correspondence: &Correspondence,
) -> Result<Write, StoreError> {
    Ok((place(practice, booking), Some(to_bytes(correspondence)?)))
}

/// The write of it, if nobody else has written it since.
pub(crate) fn check(practice: PracticeId, booking: BookingId, version: Position) -> (RecordKey, Position) {
    (place(practice, booking), version)
}

/// The end of it.
pub(super) fn remove(practice: PracticeId, booking: BookingId) -> Write {
    (place(practice, booking), None)
}

/// A reminder to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReminderRow {
    /// Of what.
    pub(super) appointment: Appointment,
    /// Which.
    pub(super) reminder: Reminder,
    /// Its moment, which it keeps when it has to wait for a decent hour.
    pub(super) due: UtcMillis,
}

/// Where a reminder lies: those that are due first come first.
pub(super) fn reminder_key(
    practice: PracticeId,
    at: UtcMillis,
    (booking, reminder): (BookingId, Reminder),
) -> RecordKey {
    let mut id = at.0.max(0).unsigned_abs().to_be_bytes().to_vec();
    id.extend(booking.0.to_be_bytes());
    id.push(reminder.number());
    key(practice, Table::Reminder, id)
}

/// When a reminder is to be looked at.
pub(super) fn reminder_at(key: &RecordKey) -> Option<UtcMillis> {
    let at = u64::from_be_bytes(*key.id.first_chunk()?);
    i64::try_from(at).ok().map(UtcMillis)
}

/// The write of a reminder that is to be looked at then.
pub(super) fn put_reminder(practice: PracticeId, at: UtcMillis, row: &ReminderRow) -> Result<Write, StoreError> {
    let key = reminder_key(practice, at, (row.appointment.booking, row.reminder));
    Ok((key, Some(to_bytes(row)?)))
}

/// The first reminders of a practice; none in the place of one of a newer build.
pub(super) async fn reminders(
    records: &dyn RecordStore,
    practice: PracticeId,
    most: usize,
) -> Result<Vec<(RecordKey, Option<ReminderRow>)>, StoreError> {
    let rows = records.scan(practice.0, Table::Reminder.number(), most).await?;
    Ok(rows.into_iter().map(|(key, bytes)| (key, from_bytes(&bytes))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::ids::{AgendaId, PlaceId};
    use cabinet_domain::inventory::INVENTORY;
    use cabinet_domain::time::{Span, UtcMinute};

    fn fields(record: &impl Serialize) -> BTreeSet<String> {
        let object = serde_json::to_value(record).unwrap();
        object.as_object().unwrap().keys().cloned().collect()
    }

    fn listed(record: &str) -> BTreeSet<String> {
        let entries = INVENTORY.iter().filter(|entry| entry.record == record);
        entries.map(|entry| entry.field.to_owned()).collect()
    }

    fn row() -> ReminderRow {
        ReminderRow {
            appointment: Appointment {
                agenda: AgendaId(1),
                booking: BookingId(2),
                span: Span::starting(UtcMinute(30_000_000), 30),
                place: PlaceId(3),
                version: 4,
            },
            reminder: Reminder::Day,
            due: UtcMillis(5),
        }
    }

    /// Law L12.
    #[test]
    fn every_stored_field_of_a_correspondence_is_in_the_inventory() {
        assert_eq!(fields(&Correspondence::default()), listed("Correspondence"));
        assert_eq!(fields(&row()), listed("ReminderRow"));
    }

    #[test]
    fn reminders_lie_in_the_order_of_their_moments() {
        let at = |moment| reminder_key(PracticeId(1), UtcMillis(moment), (BookingId(9), Reminder::Week));
        assert!(at(1).id < at(2).id && at(2).id < at(300).id);
        assert_eq!(reminder_at(&at(300)), Some(UtcMillis(300)));
        let (key, bytes) = put_reminder(PracticeId(1), UtcMillis(7), &row()).unwrap();
        assert_eq!(reminder_at(&key), Some(UtcMillis(7)));
        assert_eq!(from_bytes::<ReminderRow>(&bytes.unwrap()), Some(row()));
    }

    #[test]
    fn only_the_last_messages_are_remembered() {
        let mut kept = Correspondence::in_language(Locale::English);
        for at in 0..30 {
            kept.add(Message {
                kind: "moved".to_owned(),
                at: UtcMillis(at),
                outcome: Outcome::Sent,
            });
        }
        assert_eq!(kept.messages.len(), MESSAGES_MAX);
        assert_eq!(kept.messages[0].at, UtcMillis(10));
    }
}
