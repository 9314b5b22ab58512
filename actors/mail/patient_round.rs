//! A mail to a patient on its way: what is looked up for it just before it is sent, and what is kept of it afterwards.
//!
//! Must not be here: words, SMTP, when a reminder is due.

use super::compose::ForPatient;
use super::correspondence::{self, Message};
use super::kept::{self, Addressee, MailId, MailRecord, Outcome, Writes};
use super::links::{LinkPurpose, Linked};
use super::{MailError, MailSupervisor};
use crate::read::ReadError;
use cabinet_domain::ids::{AgendaKey, HoldId, PracticeId, WaitingId};
use cabinet_domain::mail::{Appointment, DELAY_MINUTES_APART, Letter};
use cabinet_domain::time::{CivilDate, UtcMillis};
use cabinet_storage::journal::{Position, RecordKey};

/// A link is good until so many minutes after the appointment: who comes late still finds where it is.
const LINK_MINUTES_AFTER: i64 = 24 * 60;

impl MailSupervisor {
    /// Whom a mail goes to, and what it says beside what it holds; or what becomes of it instead.
    pub(super) async fn for_patient(
        &self,
        practice: PracticeId,
        record: &MailRecord,
    ) -> Result<Result<(String, ForPatient), Outcome>, MailError> {
        let now = self.0.clock.now();
        if let Letter::Offered { offer, hold, until } = &record.letter {
            return self.for_offer(practice, (offer, *hold, *until), record.made).await;
        }
        if let (Letter::WaitingEnded { .. }, Addressee::Address(address)) = (&record.letter, &record.to) {
            return Ok(Ok((address.clone(), ForPatient::plain(record.made))));
        }
        let mut told = record.letter.appointments();
        told.retain(|appointment| now < appointment.span.from.millis());
        let Some(first) = told.first() else {
            return Ok(Err(Outcome::Lapsed));
        };
        let (_, correspondence) = correspondence::read(self.0.records.as_ref(), practice, first.booking).await?;
        let reminder = matches!(record.letter, Letter::Reminded { .. });
        if reminder && correspondence.reminders_off {
            return Ok(Err(Outcome::Lapsed));
        }
        if let Letter::Delayed { appointment, minutes } = &record.letter
            && !self
                .is_news(practice, appointment, *minutes, correspondence.delay)
                .await?
        {
            return Ok(Err(Outcome::Lapsed));
        }
        let address = match &record.to {
            Addressee::Address(address) => address.clone(),
            Addressee::Patient { agenda, .. } => {
                let key = AgendaKey {
                    practice,
                    agenda: *agenda,
                };
                let (address, stand) = self.booked(key, told).await?;
                told = stand;
                if told.is_empty() {
                    return Ok(Err(Outcome::Lapsed));
                }
                match address {
                    Some(address) => address,
                    None => return Ok(Err(Outcome::NoAddress)),
                }
            }
            Addressee::Member(_) => return Ok(Err(Outcome::NoAddress)),
        };
        let mut found = ForPatient {
            locale: correspondence.locale,
            ..ForPatient::plain(record.made)
        };
        for appointment in told {
            if reminder {
                found.stop = self.link(practice, &appointment, LinkPurpose::Reminders).await?;
            }
            let manage = self.link(practice, &appointment, LinkPurpose::Manage).await?;
            found.told.push((appointment, manage));
        }
        Ok(Ok((address, found)))
    }

    /// Whether the practitioner still runs as late as a mail says, and other than the patient was mailed the same day.
    async fn is_news(
        &self,
        practice: PracticeId,
        appointment: &Appointment,
        minutes: u16,
        mailed: Option<(UtcMillis, u16)>,
    ) -> Result<bool, MailError> {
        let agenda = AgendaKey {
            practice,
            agenda: appointment.agenda,
        };
        let look = self.0.agendas.read(agenda, move |read| {
            let Some(profile) = &read.agenda.profile else {
                return false;
            };
            let day = |at| CivilDate::of(&profile.zone, at);
            let known = mailed.filter(|(at, _)| day(*at) == day(read.now));
            let apart = known.is_none_or(|(_, known)| known.abs_diff(minutes) >= DELAY_MINUTES_APART);
            let delay = read.agenda.delay_now(read.now);
            apart && delay.is_some_and(|delay| delay.minutes == minutes)
        });
        match look.await {
            Err(ReadError::NoSuchAgenda) => Ok(false),
            found => Ok(found?),
        }
    }

    /// To somebody who waits, while the offer stands.
    async fn for_offer(
        &self,
        practice: PracticeId,
        (offer, hold, until): (&Appointment, HoldId, UtcMillis),
        made: UtcMillis,
    ) -> Result<Result<(String, ForPatient), Outcome>, MailError> {
        let agenda = AgendaKey {
            practice,
            agenda: offer.agenda,
        };
        let booking = offer.booking;
        let look = self.0.agendas.read_named(agenda, move |read| {
            let entry = read.agenda.waiting.get(&WaitingId(booking.0));
            let entry = entry.filter(|entry| entry.offer == Some(hold) && read.now < until)?;
            Some(read.people.get(entry.details).and_then(|person| person.email.clone()))
        });
        let found = match look.await {
            Err(ReadError::NoSuchAgenda) => None,
            found => found?,
        };
        let address = match found {
            Some(Some(address)) => address,
            Some(None) => return Ok(Err(Outcome::NoAddress)),
            None => return Ok(Err(Outcome::Lapsed)),
        };
        // Links end at a whole minute: this one no sooner than the offer.
        let until = until.plus_seconds(59);
        let link = Linked { agenda, booking };
        let link = self.0.links.sign(link, LinkPurpose::Offer, until).await?;
        let found = ForPatient {
            told: vec![(offer.clone(), link)],
            ..ForPatient::plain(made)
        };
        Ok(Ok((address, found)))
    }

    async fn link(
        &self,
        practice: PracticeId,
        appointment: &Appointment,
        purpose: LinkPurpose,
    ) -> Result<String, MailError> {
        let agenda = AgendaKey {
            practice,
            agenda: appointment.agenda,
        };
        let booking = appointment.booking;
        let until = appointment.span.until.plus(LINK_MINUTES_AFTER).millis();
        Ok(self.0.links.sign(Linked { agenda, booking }, purpose, until).await?)
    }

    /// Those that stand as the mail says, with the address that is theirs.
    async fn booked(
        &self,
        agenda: AgendaKey,
        told: Vec<Appointment>,
    ) -> Result<(Option<String>, Vec<Appointment>), MailError> {
        let look = self.0.agendas.read_named(agenda, move |read| {
            let mut address = None;
            let mut stand = told;
            stand.retain(|appointment| {
                let booking = read.agenda.bookings.get(&appointment.booking);
                let Some(booking) = booking.filter(|booking| booking.span == appointment.span) else {
                    return false;
                };
                let person = read.people.get(booking.details);
                address = address.take().or_else(|| person?.email.clone());
                true
            });
            (address, stand)
        });
        match look.await {
            // A practitioner who is there no more.
            Err(ReadError::NoSuchAgenda) => Ok((None, Vec::new())),
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
        let mut checks = Vec::new();
        if matches!(record.letter, Letter::Offered { .. }) {
            // There is no booking to remember it with.
            return Ok((checks, writes));
        }
        for appointment in record.letter.appointments() {
            let booking = appointment.booking;
            if record.letter.is_end() {
                writes.push(correspondence::remove(practice, booking));
                continue;
            }
            if matches!(outcome, Outcome::NoAddress | Outcome::Lapsed) {
                continue;
            }
            let (version, mut correspondence) =
                correspondence::read(self.0.records.as_ref(), practice, booking).await?;
            if let (Letter::Delayed { minutes, .. }, Outcome::Sent) = (&record.letter, outcome) {
                correspondence.delay = Some((at, *minutes));
            }
            correspondence.add(Message {
                kind: record.letter.name().to_owned(),
                at,
                outcome,
            });
            writes.push(correspondence::write(practice, booking, &correspondence)?);
            checks.push(correspondence::check(practice, booking, version));
        }
        Ok((checks, writes))
    }
}
