//! Which mails and reminders an agenda's events bring about, for the commit of those events: a patient is told of what is durable
//! and of nothing else (laws L2, L4). What one command does to several bookings of one patient is one mail.
//!
//! Of a booking the address is looked up when the mail is sent. A cancelled booking names nobody any more, so its mail holds the
//! address until it is sent; where nobody attends to the agenda the address has to be read first. Must not be here: sending.

use super::correspondence::{self, Correspondence, ReminderRow, put_reminder, reminder_key};
use super::gathered::{Gathered, What};
use super::kept::Write;
use super::{Addressee, Outbox, Writes};
use cabinet_domain::agenda::{Agenda, Booking, Hold};
use cabinet_domain::event::{CancelledBy, Event, Recorded};
use cabinet_domain::ids::{BlobId, BookingId, PlaceId, PracticeId, Seq, WaitingId};
use cabinet_domain::mail::{Appointment, DELAY_MINUTES_MAILED, Letter, Reminder};
use cabinet_domain::person::PersonalPart;
use cabinet_domain::practice::Locale;
use cabinet_domain::stream::StreamEvent;
use cabinet_domain::time::{CivilDate, Span, UtcMillis, Zone};
use cabinet_domain::waiting::Left;
use cabinet_storage::{Commit, PersonRecord, StoreError};
use std::collections::BTreeMap;

/// No civil day has more: that on which clocks go back has 25 hours.
const DAY_MINUTES_MAX: i64 = 25 * 60;

/// What a commit tells patients.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Writes that go with it.
    writes: Writes,
    /// Mails whose addresses have to be looked up before it.
    cancelled: Vec<(BlobId, Letter)>,
}

/// What of a booking is told.
#[derive(Debug, Clone, Copy)]
struct Known {
    span: Span,
    place: PlaceId,
    details: BlobId,
}

impl Known {
    const fn of(booking: &Booking) -> Self {
        Self {
            span: booking.span,
            place: booking.place,
            details: booking.details,
        }
    }
}

struct Teller<'a> {
    outbox: &'a Outbox,
    before: &'a Agenda,
    personal: &'a [PersonalPart],
    zone: Zone,
    /// Bookings as the events before in the same commit have made them.
    changed: BTreeMap<BookingId, Known>,
    /// What the command at hand has done so far.
    gathered: Gathered,
    told: Told,
}

/// What a commit tells patients, on the agenda as it was before.
pub(crate) fn of_commit(outbox: &Outbox, commit: &Commit, before: &Agenda) -> Told {
    let Some(profile) = before.profile.as_ref().filter(|_| outbox.is_open()) else {
        return Told::default();
    };
    let mut teller = Teller {
        outbox,
        before,
        personal: &commit.personal,
        zone: profile.zone.clone(),
        changed: BTreeMap::new(),
        gathered: Gathered::default(),
        told: Told::default(),
    };
    for recorded in &commit.events {
        if let StreamEvent::Agenda(event) = &recorded.event
            && let Err(error) = teller.tell(recorded, event)
        {
            // Only a value that JSON cannot hold, which none of these has.
            tracing::error!(%error, "a patient's mail could not be written down");
        }
        if recorded.last_of_command {
            teller.command_over();
        }
    }
    teller.command_over();
    teller.told
}

impl Told {
    /// Whether no address has to be looked up.
    pub(crate) fn is_complete(&self) -> bool {
        self.cancelled.is_empty()
    }

    /// The writes, with the addresses that `people` have.
    pub(crate) fn writes(
        self,
        outbox: &Outbox,
        practice: PracticeId,
        people: &BTreeMap<BlobId, PersonRecord>,
    ) -> Writes {
        let mut writes = self.writes;
        for (details, letter) in self.cancelled {
            let person = people.get(&details).and_then(|record| record.person.as_ref());
            if let Some(address) = person.and_then(|person| person.email.clone()) {
                writes.extend(outbox.put(practice, Addressee::Address(address), letter));
            }
        }
        writes
    }
}

impl Teller<'_> {
    fn practice(&self) -> PracticeId {
        self.before.key.practice
    }

    fn known(&self, booking: BookingId) -> Option<Known> {
        let changed = self.changed.get(&booking).copied();
        changed.or_else(|| Some(Known::of(&self.before.bookings.get(&booking)?)))
    }

    fn appointment(&self, booking: BookingId, known: Known, version: Seq) -> Appointment {
        Appointment {
            agenda: self.before.key.agenda,
            booking,
            span: known.span,
            place: known.place,
            version,
        }
    }

    fn tell(&mut self, recorded: &Recorded<StreamEvent>, event: &Event) -> Result<(), StoreError> {
        let (at, version) = (recorded.at, recorded.seq);
        match event {
            Event::SlotBooked { booking, .. } => {
                let part = self.personal.iter().find(|part| part.blob == booking.details);
                let known = Known::of(booking);
                self.changed.insert(booking.id, known);
                // Who was on the waiting list was written down when they joined it: their address is looked up when it is sent.
                let nowhere = part.is_some_and(|part| part.person.email.is_none());
                if nowhere || booking.span.from.millis() <= at {
                    return Ok(());
                }
                let appointment = self.appointment(booking.id, known, version);
                self.gathered.add(What::Booked, known.details, appointment.clone());
                self.remind(&appointment, at)
            }
            Event::BookingMoved {
                booking, span, place, ..
            } => {
                let changed = (*span, *place);
                self.moved(*booking, changed, (at, version))
            }
            Event::BookingCancelled { booking, by } => {
                if let Some(former) = self.known(*booking) {
                    self.forget_reminders(*booking, former);
                    self.cancelled(*booking, former, (*by, at, version));
                }
                Ok(())
            }
            Event::DelayAnnounced { minutes } => {
                self.delayed(*minutes, at, version);
                Ok(())
            }
            Event::SlotOffered { entry, hold } => {
                self.offered(*entry, hold, version);
                Ok(())
            }
            Event::WaitingLeft { entry, why } => {
                self.left(*entry, *why);
                Ok(())
            }
            Event::ProfileSet(profile) => {
                self.zone = profile.zone.clone();
                Ok(())
            }
            Event::TypeSet(_)
            | Event::TypeRetired(_)
            | Event::HoursOpened(_)
            | Event::HoursChanged(_)
            | Event::HoursClosed(_)
            | Event::ExceptionOpened(_)
            | Event::ExceptionClosed(_)
            | Event::AbsenceAdded(_)
            | Event::AbsenceRemoved(_)
            | Event::SlotHeld(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::SeriesJoined { .. }
            | Event::BookingMarked { .. }
            | Event::WaitingJoined(_)
            | Event::WaitingPrioritised { .. } => Ok(()),
        }
    }

    fn moved(
        &mut self,
        booking: BookingId,
        (span, place): (Span, PlaceId),
        (at, version): (UtcMillis, Seq),
    ) -> Result<(), StoreError> {
        let Some(former) = self.known(booking) else {
            return Ok(());
        };
        let known = Known { span, place, ..former };
        self.changed.insert(booking, known);
        self.forget_reminders(booking, former);
        if span.from.millis() <= at {
            return Ok(());
        }
        let appointment = self.appointment(booking, known, version);
        if former.span != known.span || former.place != known.place {
            self.gathered.add(What::Moved, known.details, appointment.clone());
        }
        self.remind(&appointment, at)
    }

    /// Who leaves by themselves knows it.
    fn left(&mut self, entry: WaitingId, why: Left) {
        let entry = self.before.waiting.get(&entry);
        if let Some(entry) = entry.filter(|_| why != Left::Patient) {
            self.mail_end(entry.details, Letter::WaitingEnded { why });
        }
    }

    /// Writes down the mails about what the command has done.
    fn command_over(&mut self) {
        for (details, letter) in std::mem::take(&mut self.gathered).letters() {
            if letter.is_end() {
                self.mail_end(details, letter);
            } else if let Some(Appointment { agenda, booking, .. }) = letter.appointments().into_iter().next() {
                let to = Addressee::Patient { agenda, booking };
                let writes = self.outbox.put(self.practice(), to, letter);
                self.told.writes.extend(writes);
            }
        }
    }

    /// To those who are still to come today; of whom something was said already is there, or does not come.
    fn delayed(&mut self, minutes: u16, at: UtcMillis, version: Seq) {
        if minutes < DELAY_MINUTES_MAILED {
            return;
        }
        let today = CivilDate::of(&self.zone, at);
        let ahead = Span::starting(at.minute(), DAY_MINUTES_MAX);
        for booking in self.before.bookings_between(ahead) {
            let start = booking.span.from.millis();
            let marked = self.before.course.marks.contains_key(&booking.id);
            if start <= at || CivilDate::of(&self.zone, start) != today || marked {
                continue;
            }
            let appointment = self.appointment(booking.id, Known::of(&booking), version);
            let (agenda, booking) = (appointment.agenda, appointment.booking);
            let to = Addressee::Patient { agenda, booking };
            let letter = Letter::Delayed { appointment, minutes };
            let writes = self.outbox.put(self.practice(), to, letter);
            self.told.writes.extend(writes);
        }
    }

    fn offered(&mut self, entry: WaitingId, hold: &Hold, version: Seq) {
        let (agenda, booking) = (self.before.key.agenda, BookingId(entry.0));
        let letter = Letter::Offered {
            offer: Appointment {
                agenda,
                booking,
                span: hold.span,
                place: hold.place,
                version,
            },
            hold: hold.id,
            until: hold.expires_at,
        };
        let to = Addressee::Patient { agenda, booking };
        let writes = self.outbox.put(self.practice(), to, letter);
        self.told.writes.extend(writes);
    }

    /// To whoever a blob is about that may be named nowhere any more.
    fn mail_end(&mut self, details: BlobId, letter: Letter) {
        let part = self.personal.iter().find(|part| part.blob == details);
        match part {
            // Booked in the same commit.
            Some(part) => {
                let address = part.person.email.clone().map(Addressee::Address);
                let writes = address.map(|address| self.outbox.put(self.practice(), address, letter));
                self.told.writes.extend(writes.unwrap_or_default());
            }
            None => self.told.cancelled.push((details, letter)),
        }
    }

    /// What is over is not told of: staff tidy up.
    fn cancelled(&mut self, booking: BookingId, former: Known, (by, at, version): (CancelledBy, UtcMillis, Seq)) {
        if at < former.span.from.millis() {
            let appointment = self.appointment(booking, former, version);
            self.gathered.add(What::Cancelled(by), former.details, appointment);
        } else {
            self.told.writes.push(correspondence::remove(self.practice(), booking));
        }
    }

    /// One that waits for a decent hour lies elsewhere: it is dropped when its turn comes, because the booking is another.
    fn forget_reminders(&mut self, booking: BookingId, former: Known) {
        for reminder in Reminder::ALL {
            let at = reminder.moment(&self.zone, former.span.from);
            let key = reminder_key(self.practice(), at, (booking, reminder));
            self.told.writes.retain(|(known, _)| *known != key);
            self.told.writes.push((key, None));
        }
    }

    fn remind(&mut self, appointment: &Appointment, at: UtcMillis) -> Result<(), StoreError> {
        for (reminder, due) in Reminder::ahead(&self.zone, appointment.span.from, at) {
            let row = ReminderRow {
                appointment: appointment.clone(),
                reminder,
                due,
            };
            let write = put_reminder(self.practice(), due, &row)?;
            self.told.writes.retain(|(known, _)| *known != write.0);
            self.told.writes.push(write);
        }
        Ok(())
    }
}

/// The write that keeps the language in which a patient books; none for French, which is taken where none is kept.
pub(crate) fn language(practice: PracticeId, booking: BookingId, locale: Locale) -> Option<Write> {
    let kept = match locale {
        Locale::French => return None,
        Locale::English => Correspondence::in_language(locale),
    };
    correspondence::write(practice, booking, &kept).ok()
}
