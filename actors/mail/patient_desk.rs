//! What patients and staff ask of the mails about bookings: what a link opens, whether reminders are wanted, what was sent.
//!
//! Must not be here: HTTP, who may ask, sending.

use super::correspondence::{self, Message};
use super::kept::{self, Outcome};
use super::links::{LinkError, LinkPurpose, Links};
use crate::access::Entropy;
use crate::clock::Clock;
use cabinet_domain::audit::Leaf;
use cabinet_domain::ids::{AgendaKey, BookingId, PracticeId, TypeId};
use cabinet_domain::mail::Reminder;
use cabinet_domain::time::UtcMillis;
use cabinet_storage::{AppendError, RecordStore, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A reminder that was due so many seconds ago and still lies there is late.
pub const REMINDER_LATE_SECONDS: i64 = 3_600;
/// Late reminders of one practice that are counted.
pub const LATE_COUNTED_MAX: usize = 500;

/// Why a question about mails has no answer.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// What is kept could not be read.
    #[error("failed to read what is kept of mails")]
    Read(#[from] StoreError),
    /// What is kept could not be written.
    #[error("failed to write what is kept of mails")]
    Write(#[from] AppendError),
}

/// The messages about a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// Those that are done with, the oldest first.
    pub done: Vec<Message>,
    /// Kinds of those that wait, with when they were written down.
    pub waiting: Vec<(&'static str, UtcMillis)>,
    /// Whether the patient wants reminders.
    pub reminders_wanted: bool,
}

struct Inner {
    records: Arc<dyn RecordStore>,
    clock: Arc<dyn Clock>,
    links: Links,
}

/// See the head of this file. Cheap to clone.
#[derive(Clone)]
pub struct PatientDesk(Arc<Inner>);

impl PatientDesk {
    /// Over what is kept.
    #[must_use]
    pub fn new(records: Arc<dyn RecordStore>, clock: Arc<dyn Clock>, entropy: Entropy) -> Self {
        let links = Links::new(Arc::clone(&records), entropy);
        Self(Arc::new(Inner { records, clock, links }))
    }

    /// Links that patients find in mails.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// Ends the reminders of the booking that a link was signed for, or has them again: those that are still to come.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn want_reminders(&self, link: &str, wanted: bool) -> Result<(), LinkError> {
        let (linked, purpose, _) = self.0.links.open(link, self.0.clock.now()).await?;
        if purpose != LinkPurpose::Reminders {
            return Err(LinkError::Gone);
        }
        let (practice, booking) = (linked.agenda.practice, linked.booking);
        let records = self.0.records.as_ref();
        let (version, mut kept) = correspondence::read(records, practice, booking).await?;
        if kept.reminders_off == wanted {
            kept.reminders_off = !wanted;
            let write = correspondence::write(practice, booking, &kept)?;
            let check = correspondence::check(practice, booking, version);
            // Where a mail was noted in between, whoever asked asks again.
            records.commit(vec![check], vec![write]).await?;
        }
        Ok(())
    }

    /// What was sent about a booking, and what waits.
    ///
    /// # Errors
    /// [`DeskError::Read`].
    pub async fn messages(&self, practice: PracticeId, booking: BookingId) -> Result<Messages, DeskError> {
        let records = self.0.records.as_ref();
        let (_, kept) = correspondence::read(records, practice, booking).await?;
        let waiting = kept::read(records, practice).await?.into_iter();
        let waiting = waiting.filter(|(_, record)| {
            let appointments = record.letter.appointments();
            appointments.iter().any(|appointment| appointment.booking == booking)
        });
        Ok(Messages {
            done: kept.messages,
            waiting: waiting.map(|(_, record)| (record.letter.name(), record.made)).collect(),
            reminders_wanted: !kept.reminders_off,
        })
    }

    /// Reminders that the practice has switched off, type by type.
    ///
    /// # Errors
    /// [`DeskError::Read`].
    pub async fn switches(&self, agenda: AgendaKey) -> Result<BTreeSet<(TypeId, Reminder)>, DeskError> {
        let (_, switches) = correspondence::read_switches(self.0.records.as_ref(), agenda).await?;
        Ok(switches.off)
    }

    /// Switches the reminders of one type; `leaf` says so in the audit log.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn switch(
        &self,
        agenda: AgendaKey,
        (kind, on): (TypeId, &BTreeSet<Reminder>),
        leaf: Leaf,
    ) -> Result<(), DeskError> {
        let records = self.0.records.as_ref();
        let (version, mut switches) = correspondence::read_switches(records, agenda).await?;
        switches.off.retain(|(other, _)| *other != kind);
        let off = Reminder::ALL.into_iter().filter(|reminder| !on.contains(reminder));
        switches.off.extend(off.map(|reminder| (kind, reminder)));
        let (check, write) = correspondence::write_switches(agenda, version, &switches)?;
        let acts = vec![(agenda.practice, leaf)];
        records.commit_acts(vec![check], vec![write], acts).await?;
        Ok(())
    }

    /// Reminders of a practice that ought to have been sent, and were not: for somebody to look at.
    ///
    /// # Errors
    /// [`DeskError::Read`].
    pub async fn late_reminders(&self, practice: PracticeId) -> Result<usize, DeskError> {
        let records = self.0.records.as_ref();
        let before = self.0.clock.now().plus_seconds(-REMINDER_LATE_SECONDS);
        let rows = correspondence::reminders(records, practice, LATE_COUNTED_MAX).await?;
        let at = |key| correspondence::reminder_at(key).is_some_and(|at| at <= before);
        let due = rows.iter().filter(|(key, _)| at(key)).count();
        let mails = kept::read(records, practice).await?;
        let waiting = mails.iter().filter(|(_, record)| {
            matches!(record.letter, cabinet_domain::mail::Letter::Reminded { .. }) && record.made <= before
        });
        Ok(due + waiting.count())
    }
}

impl Message {
    /// Whether it arrived at the patient's server.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        self.outcome == Outcome::Sent
    }
}
