//! A mail to a patient on its way: what is looked up for it just before it is sent, and what is kept of it afterwards.
//!
//! Must not be here: words, SMTP, when a reminder is due.

use super::compose::ForPatient;
use super::correspondence::{self, Message};
use super::kept::{self, Addressee, MailId, MailRecord, Outcome, Writes};
use super::links::{LinkPurpose, Linked};
use super::{MailError, MailSupervisor};
use crate::read::ReadError;
use cabinet_domain::ids::{AgendaKey, PracticeId};
use cabinet_domain::mail::{Appointment, Letter};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::journal::{Position, RecordKey};

/// A link is good until so many minutes after the appointment: who comes late still finds where it is.
const LINK_MINUTES_AFTER: i64 = 24 * 60;

impl MailSupervisor {
    /// Whom a mail goes to, and what it says beside what it holds; or what becomes of it instead.
    pub(super) async fn for_patient(
        &self,
        practice: PracticeId,
        record: &MailRecord,
        appointment: &Appointment,
    ) -> Result<Result<(String, ForPatient), Outcome>, MailError> {
        if appointment.span.from.millis() <= self.0.clock.now() {
            return Ok(Err(Outcome::Lapsed));
        }
        let (_, correspondence) = correspondence::read(self.0.records.as_ref(), practice, appointment.booking).await?;
        let reminder = matches!(record.letter, Letter::Reminded { .. });
        if reminder && correspondence.reminders_off {
            return Ok(Err(Outcome::Lapsed));
        }
        let address = match &record.to {
            Addressee::Address(address) => address.clone(),
            Addressee::Patient { .. } | Addressee::Member(_) => match self.booked(practice, appointment).await? {
                Ok(Some(address)) => address,
                Ok(None) => return Ok(Err(Outcome::NoAddress)),
                Err(Changed) => return Ok(Err(Outcome::Lapsed)),
            },
        };
        let linked = Linked {
            agenda: AgendaKey {
                practice,
                agenda: appointment.agenda,
            },
            booking: appointment.booking,
        };
        let until = appointment.span.until.plus(LINK_MINUTES_AFTER).millis();
        let links = &self.0.links;
        let mut found = ForPatient {
            locale: correspondence.locale,
            manage: links.sign(linked, LinkPurpose::Manage, until).await?,
            stop: String::new(),
            at: record.made,
        };
        if reminder {
            found.stop = links.sign(linked, LinkPurpose::Reminders, until).await?;
        }
        Ok(Ok((address, found)))
    }

    /// The address of a booking that stands as the mail says.
    async fn booked(
        &self,
        practice: PracticeId,
        appointment: &Appointment,
    ) -> Result<Result<Option<String>, Changed>, MailError> {
        let key = AgendaKey {
            practice,
            agenda: appointment.agenda,
        };
        let appointment = appointment.clone();
        let look = self.0.agendas.read_named(key, move |read| {
            let booking = read.agenda.bookings.get(&appointment.booking);
            let booking = booking
                .filter(|booking| booking.span == appointment.span)
                .ok_or(Changed)?;
            Ok(read.people.get(booking.details).and_then(|person| person.email.clone()))
        });
        match look.await {
            // A practitioner who is there no more.
            Err(ReadError::NoSuchAgenda) => Ok(Err(Changed)),
            found => Ok(found?),
        }
    }

    /// What is written once a mail to a patient is done with: it goes, and it is remembered with the booking. Nothing is
    /// remembered of a booking that stands no more, and nothing of a mail that there was nobody to send to.
    pub(super) async fn patient_done(
        &self,
        (practice, id): (PracticeId, &MailId),
        record: &MailRecord,
        (at, outcome): (UtcMillis, Outcome),
    ) -> Result<(Vec<(RecordKey, Position)>, Writes), MailError> {
        let mut writes = vec![kept::remove(practice, id)];
        let Some(appointment) = record.letter.appointment() else {
            return Ok((Vec::new(), writes));
        };
        let booking = appointment.booking;
        if matches!(record.letter, Letter::Cancelled { .. }) {
            writes.push(correspondence::remove(practice, booking));
            return Ok((Vec::new(), writes));
        }
        if matches!(outcome, Outcome::NoAddress | Outcome::Lapsed) {
            return Ok((Vec::new(), writes));
        }
        let (version, mut correspondence) = correspondence::read(self.0.records.as_ref(), practice, booking).await?;
        correspondence.add(Message {
            kind: record.letter.name().to_owned(),
            at,
            outcome,
        });
        writes.push(correspondence::write(practice, booking, &correspondence)?);
        Ok((vec![correspondence::check(practice, booking, version)], writes))
    }
}

/// The booking does not stand as the mail says.
struct Changed;
