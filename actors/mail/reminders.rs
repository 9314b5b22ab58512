//! Reminders: each lies in the store from the booking's own commit on, under its moment. Once that has come it leaves the store
//! in the commit that puts its mail into the outbox, so that it is mailed once whatever stops in between.
//!
//! Nothing here is remembered between two looks: a restart, and a clock that jumps, change only when the next look is. Must
//! not be here: when a reminder is due (the domain), sending.

use super::correspondence::{self, ReminderRow, reminder_at};
use super::kept::{Addressee, Writes};
use super::{MailError, MailSupervisor};
use crate::read::ReadError;
use cabinet_domain::ids::{AgendaKey, PracticeId};
use cabinet_domain::mail::{Due, Letter};
use cabinet_domain::practice::Practice;
use cabinet_domain::time::{UtcMillis, Zone};
use cabinet_storage::AppendError;
use cabinet_storage::journal::{Position, RecordKey};

/// Reminders of one practice that are looked at in a turn.
const SEEN_MAX: usize = 200;

/// What is written once a reminder was looked at.
enum Turn {
    /// It is mailed.
    Mail(Letter),
    /// It is looked at again then.
    Later(UtcMillis),
    /// It is of no use any more.
    Drop,
}

impl MailSupervisor {
    /// Has the reminders that are due be mailed, in all practices.
    pub(super) async fn write_reminders(&self) {
        let practices = self.0.directory.practices().into_iter();
        let mut oldest = None;
        for practice in practices.filter(|practice| !practice.id.is_platform()) {
            match self.write_reminders_of(&practice).await {
                Ok(due) => oldest = [oldest, due].into_iter().flatten().min(),
                Err(error) => self.tell(&error),
            }
        }
        *self.0.reminder_oldest.lock() = oldest;
        *self.0.reminders_looked.lock() = Some(self.0.clock.now());
    }

    /// Answers the moment of the oldest that is due and was not dealt with.
    async fn write_reminders_of(&self, practice: &Practice) -> Result<Option<UtcMillis>, MailError> {
        let records = self.0.records.as_ref();
        let now = self.0.clock.now();
        let rows = correspondence::reminders(records, practice.id, SEEN_MAX).await?;
        let mut left = None;
        for (key, row) in rows {
            let Some(at) = reminder_at(&key).filter(|at| *at <= now) else {
                break;
            };
            let due = row.as_ref().map_or(at, |row| row.due);
            match self.write_reminder(practice, key, row).await {
                Ok(()) => {}
                Err(error) => {
                    self.tell(&error);
                    left = Some(left.map_or(due, |left: UtcMillis| left.min(due)));
                }
            }
        }
        Ok(left)
    }

    async fn write_reminder(
        &self,
        practice: &Practice,
        key: RecordKey,
        row: Option<ReminderRow>,
    ) -> Result<(), MailError> {
        // What a newer build wrote is left to it.
        let Some(row) = row else { return Ok(()) };
        let records = self.0.records.as_ref();
        let Some((version, _)) = records.get(key.clone()).await? else {
            return Ok(());
        };
        let mut writes: Writes = vec![(key.clone(), None)];
        match self.turn_of(practice.id, &row).await? {
            Turn::Mail(letter) => {
                let to = Addressee::Patient {
                    agenda: row.appointment.agenda,
                    booking: row.appointment.booking,
                };
                writes.extend(self.0.outbox.put(practice.id, to, letter));
            }
            Turn::Later(at) => writes.push(correspondence::put_reminder(practice.id, at, &row)?),
            Turn::Drop => {}
        }
        self.commit_reminder((key, version), writes).await
    }

    /// If it is still there: its booking may just have been moved or cancelled.
    async fn commit_reminder(&self, check: (RecordKey, Position), writes: Writes) -> Result<(), MailError> {
        match self.0.records.commit(vec![check], writes).await {
            Ok(_) | Err(AppendError::CheckFailed) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn turn_of(&self, practice: PracticeId, row: &ReminderRow) -> Result<Turn, MailError> {
        let key = AgendaKey {
            practice,
            agenda: row.appointment.agenda,
        };
        let appointment = row.appointment.clone();
        let look = self.0.agendas.read(key, move |read| {
            let booking = read.agenda.bookings.get(&appointment.booking);
            let booking = booking.filter(|booking| booking.span == appointment.span)?;
            let zone = read
                .agenda
                .profile
                .as_ref()
                .map_or_else(Zone::paris, |profile| profile.zone.clone());
            Some((booking.kind, zone, read.now))
        });
        let found = match look.await {
            Err(ReadError::NoSuchAgenda) => None,
            found => found?,
        };
        let Some((kind, zone, now)) = found else {
            return Ok(Turn::Drop);
        };
        let records = self.0.records.as_ref();
        let switches = correspondence::read_switches(records, key).await?.1;
        if switches.is_off(kind, row.reminder) {
            return Ok(Turn::Drop);
        }
        let (_, kept) = correspondence::read(records, practice, row.appointment.booking).await?;
        if kept.reminders_off {
            return Ok(Turn::Drop);
        }
        Ok(match row.reminder.due(&zone, row.appointment.span.from, now) {
            Due::Now => Turn::Mail(Letter::Reminded {
                appointment: row.appointment.clone(),
                reminder: row.reminder,
            }),
            Due::At(at) => Turn::Later(at),
            Due::Never => Turn::Drop,
        })
    }
}
