//! What frames and bodies are made of: one of each.

use cabinet_proto::v1::http::{Notice, PublicPractice, StaffMe};
use cabinet_proto::v1::members::{AgendaLevel, GlassFace, Levels, MembershipFace};
use cabinet_proto::v1::model::{
    AppointmentType, ExceptionalOpening, OpeningRule, Person, Place, Practitioner, Release, SeriesPlace, Slot,
    StaffAbsence, StaffBooking, StaffHold, StaffOpening, StaffPart, StaffView, TypeSlots, WeeklyOpening,
};
use cabinet_proto::v1::review::LockFace;
use cabinet_proto::v1::support::SupportFace;

pub(super) const NOW: i64 = 1_795_348_800_000;
pub(super) const START: i64 = 1_795_420_800_000;
pub(super) const END: i64 = 1_795_422_600_000;

pub(super) fn id(number: u8) -> String {
    format!("{number:032x}")
}

pub(super) fn kind() -> AppointmentType {
    AppointmentType {
        id: id(1),
        name: "Consultation".to_owned(),
        duration_minutes: 30,
        buffer_before_minutes: 0,
        buffer_after_minutes: 5,
        colour: "#336699".to_owned(),
        online: true,
        minimum_notice_minutes: 120,
        booking_window_days: 84,
        cancellation_cutoff_minutes: 1_440,
        daily_cap: Some(4),
        opens: Some(WeeklyOpening {
            weekday: "monday".to_owned(),
            at: "08:00".to_owned(),
            weeks_ahead: 2,
        }),
    }
}

pub(super) fn slot() -> Slot {
    Slot {
        start_ms: START,
        place: id(2),
        from_ms: NOW,
        until_ms: START,
    }
}

pub(super) fn type_slots() -> TypeSlots {
    TypeSlots {
        kind: id(1),
        slots: vec![slot()],
    }
}

pub(super) fn person() -> Person {
    Person {
        given_name: "Léa".to_owned(),
        family_name: "Petit".to_owned(),
        email: Some("lea@example.org".to_owned()),
        phone: None,
    }
}

pub(super) fn place() -> Place {
    Place {
        id: id(2),
        name: "Cabinet".to_owned(),
        address: "1 rue de la Gare".to_owned(),
    }
}

pub(super) fn practitioner() -> Practitioner {
    Practitioner {
        agenda: id(3),
        slug: "claire-morel".to_owned(),
        name: "Claire Morel".to_owned(),
        profession: "Ostéopathe".to_owned(),
        colour: "#112233".to_owned(),
        zone: "Europe/Paris".to_owned(),
    }
}

pub(super) fn practice() -> PublicPractice {
    PublicPractice {
        slug: "cabinet-essai".to_owned(),
        name: "Cabinet d'essai".to_owned(),
        phone: "+33100000000".to_owned(),
        email: "cabinet@example.org".to_owned(),
        legal: "EI".to_owned(),
        practitioners: vec![practitioner()],
        places: vec![place()],
        notice: Some(Notice {
            version: 1,
            french: "Vos données".to_owned(),
            english: "Your data".to_owned(),
        }),
    }
}

pub(super) fn booking(who: Option<Person>) -> StaffBooking {
    StaffBooking {
        id: id(4),
        kind: id(1),
        start_ms: START,
        end_ms: END,
        place: id(2),
        person: who,
        online: true,
        overbooked: false,
        series: Some(SeriesPlace {
            series: id(12),
            number: 2,
            of: 10,
        }),
        mark: Some("arrived".to_owned()),
    }
}

pub(super) fn hold() -> StaffHold {
    StaffHold {
        id: id(5),
        kind: id(1),
        start_ms: START,
        end_ms: END,
        expires_ms: NOW + 300_000,
    }
}

pub(super) fn absence() -> StaffAbsence {
    StaffAbsence {
        id: id(6),
        start_ms: START,
        end_ms: END,
        label: "Formation".to_owned(),
    }
}

pub(super) fn rule() -> OpeningRule {
    OpeningRule {
        id: id(7),
        weekday: "monday".to_owned(),
        from: "09:00".to_owned(),
        until: "24:00".to_owned(),
        types: Some(vec![id(1)]),
        place: id(2),
        weeks: "a".to_owned(),
        valid_from: "2026-01-01".to_owned(),
        valid_until: None,
        release: Some(Release {
            days_before: 0,
            at: "07:30".to_owned(),
        }),
    }
}

pub(super) fn exception() -> ExceptionalOpening {
    ExceptionalOpening {
        id: id(8),
        date: "2026-11-28".to_owned(),
        from: "09:00".to_owned(),
        until: "12:00".to_owned(),
        types: None,
        place: id(2),
        release: None,
    }
}

pub(super) fn view() -> StaffView {
    StaffView {
        agenda: id(3),
        zone: "Europe/Paris".to_owned(),
        granularity_minutes: 15,
        types: vec![kind()],
        bookings: vec![booking(Some(person())), booking(None)],
        holds: vec![hold()],
        absences: vec![absence()],
        rules: vec![rule()],
        exceptions: vec![exception()],
        openings: vec![StaffOpening {
            start_ms: START,
            end_ms: END,
            place: id(2),
            types: None,
        }],
        covers_from_ms: START,
        covers_until_ms: END,
        complete_until_ms: END,
        delay_minutes: 25,
        waiting: vec![super::waiting::entry()],
    }
}

pub(super) fn part() -> StaffPart {
    let StaffView { bookings, openings, .. } = view();
    StaffPart {
        bookings,
        openings,
        complete_until_ms: END,
    }
}

pub(super) fn grant() -> SupportFace {
    SupportFace {
        id: id(70),
        support: "Sam Oury".to_owned(),
        level: "times".to_owned(),
        reason: "L'agenda reste vide".to_owned(),
        granted_by: "Anne".to_owned(),
        from_ms: NOW,
        until_ms: END,
    }
}

pub(super) fn me() -> StaffMe {
    StaffMe {
        staff: "Anne".to_owned(),
        role: "owner".to_owned(),
        account: true,
        levels: vec![AgendaLevel {
            agenda: id(3),
            level: "manage".to_owned(),
        }],
        glasses: vec![GlassFace {
            id: id(60),
            agenda: id(2),
            staff: "Anne Roux".to_owned(),
            yours: false,
            reason: "Malaise en salle d'attente".to_owned(),
            until_ms: END,
        }],
        supports: vec![grant()],
        locks: vec![LockFace {
            member: id(52),
            name: "Bruno".to_owned(),
            rule: "bulk_viewing".to_owned(),
            since_ms: NOW,
        }],
        contract: None,
        practice: practice(),
        now_ms: NOW,
    }
}

pub(super) fn membership() -> MembershipFace {
    MembershipFace {
        role: str::to_owned("replacement"),
        levels: Levels {
            elsewhere: str::to_owned("times"),
            agendas: vec![AgendaLevel {
                agenda: id(3),
                level: str::to_owned("full"),
            }],
        },
        agenda: Some(id(3)),
        from_ms: None,
        until_ms: Some(NOW),
    }
}
