//! A small practice's agenda to try commands on, and commands in few words.

use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Allowances, Canceller, Command, Principal, Stamp};
use cabinet_domain::decide::{decide, record};
use cabinet_domain::ids::*;
use cabinet_domain::schedule::*;
use cabinet_domain::time::{CivilDate, Span, UtcMillis, UtcMinute, Weekday, Zone};
use cabinet_domain::{Event, Refusal, invariants};

pub(crate) const ONLINE: TypeId = TypeId(1);
pub(crate) const STAFF_ONLY: TypeId = TypeId(2);
pub(crate) const NONE: Allowances = Allowances {
    overlap: false,
    outside_hours: false,
    over_cap: false,
};
pub(crate) const OVERLAP: Allowances = Allowances {
    overlap: true,
    outside_hours: false,
    over_cap: false,
};
pub(crate) const OUTSIDE: Allowances = Allowances {
    overlap: false,
    outside_hours: true,
    over_cap: false,
};

pub(crate) fn at(text: &str) -> UtcMinute {
    UtcMinute(text.parse::<jiff::Timestamp>().unwrap().as_second() / 60)
}

/// Monday 1 June 2026, 08:00 in Paris.
pub(crate) fn now() -> UtcMillis {
    at("2026-06-01T06:00Z").millis()
}

pub(crate) fn kind(id: TypeId, online: bool) -> AppointmentType {
    AppointmentType {
        id,
        name: "Séance".to_owned(),
        duration_minutes: 30,
        buffer_before_minutes: 5,
        buffer_after_minutes: 10,
        colour: 0x11_22_33,
        online,
        minimum_notice_minutes: 120,
        booking_window_days: 14,
        cancellation_cutoff_minutes: 1440,
        daily_cap: None,
        opens: Opens::Rolling,
    }
}

pub(crate) fn rule(id: u128) -> OpeningRule {
    OpeningRule {
        id: RuleId(id),
        weekday: Weekday::Monday,
        from_minute_of_day: 9 * 60,
        until_minute_of_day: 12 * 60,
        types: TypeSelection::All,
        place: PlaceId(1),
        weeks: WeekCycle::Every,
        valid_from: CivilDate::new(2026, 1, 1).unwrap(),
        valid_until: None,
        release: Release::Always,
    }
}

pub(crate) fn profile() -> Profile {
    Profile {
        zone: Zone::paris(),
        granularity_minutes: 15,
        hold_ttl_seconds: 300,
        holidays: HolidayRegion::Metropole,
        open_on_holidays: false,
        week_a_monday: CivilDate::new(2026, 1, 5).unwrap(),
    }
}

pub(crate) struct Desk {
    pub(crate) agenda: Agenda,
    pub(crate) now: UtcMillis,
}

impl Desk {
    pub(crate) fn empty() -> Self {
        let key = AgendaKey {
            practice: PracticeId(1),
            agenda: AgendaId(1),
        };
        Self {
            agenda: Agenda::new(key),
            now: now(),
        }
    }

    /// Open on Monday mornings, 09:00 to 12:00 in Paris; absent on Monday 8 June from 11:00.
    pub(crate) fn open() -> Self {
        let mut desk = Self::empty();
        let absence = Absence {
            id: AbsenceId(1),
            span: Span::starting(at("2026-06-08T09:00Z"), 60),
            label: "Formation".to_owned(),
        };
        for command in [
            Command::SetProfile(profile()),
            Command::SetType(kind(ONLINE, true)),
            Command::SetType(kind(STAFF_ONLY, false)),
            Command::OpenHours(rule(1)),
            Command::AddAbsence(absence),
        ] {
            desk.accept(&command);
        }
        desk
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            now: self.now,
            principal: Principal::Staff(StaffId(1)),
            command_id: CommandId(u128::from(self.agenda.seq) + 1),
            digest: [1; 16],
        }
    }

    pub(crate) fn accept(&mut self, command: &Command) -> Vec<Event> {
        let stamp = self.stamp();
        let events = decide(&self.agenda, command, &stamp).unwrap();
        for recorded in record(events.clone(), &stamp, self.agenda.seq) {
            self.agenda.apply(&recorded);
        }
        assert_eq!(invariants::check(&self.agenda), []);
        events
    }

    pub(crate) fn refuse(&self, command: &Command) -> Refusal {
        decide(&self.agenda, command, &self.stamp()).unwrap_err()
    }

    pub(crate) fn code(&self, command: &Command) -> &'static str {
        decide(&self.agenda, command, &self.stamp()).map_or_else(|refusal| refusal.code(), |_| "accepted")
    }
}

pub(crate) fn hold_of(id: u8, kind: TypeId, start: &str) -> Command {
    Command::HoldSlot {
        hold: HoldId(u128::from(id)),
        kind,
        start: at(start),
        owner: [id; 32],
    }
}

pub(crate) fn hold(id: u8, start: &str) -> Command {
    hold_of(id, ONLINE, start)
}

pub(crate) fn confirm(hold: u8, owner: u8, booking: u128) -> Command {
    Command::ConfirmHold {
        hold: HoldId(u128::from(hold)),
        owner: [owner; 32],
        booking: BookingId(booking),
        patient: PatientId(1),
        details: BlobId(1),
        notice_version: 1,
        manage: [77; 32],
    }
}

pub(crate) fn book_of(id: u128, kind: TypeId, start: &str, allow: Allowances) -> Command {
    Command::BookDirectly {
        booking: BookingId(id),
        kind,
        start: at(start),
        patient: PatientId(1),
        details: BlobId(1),
        allow,
    }
}

pub(crate) fn book(id: u128, start: &str, allow: Allowances) -> Command {
    book_of(id, STAFF_ONLY, start, allow)
}

pub(crate) fn shift(id: u128, start: &str, allow: Allowances) -> Command {
    Command::MoveBooking {
        booking: BookingId(id),
        start: at(start),
        allow,
    }
}

pub(crate) fn cancel(id: u128, by: Canceller) -> Command {
    Command::CancelBooking {
        booking: BookingId(id),
        by,
    }
}

pub(crate) fn release(hold: u8, owner: u8) -> Command {
    Command::ReleaseHold {
        hold: HoldId(u128::from(hold)),
        owner: [owner; 32],
    }
}
