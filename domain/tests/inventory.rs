//! Law L12: every stored field is either in the data inventory or named as impersonal. Adding a field, an event or a
//! record fails here until someone has said which it is.
#![cfg(test)]

use cabinet_domain::agenda::{Agenda, Booking, Hold, Remembered};
use cabinet_domain::command::Principal;
use cabinet_domain::course::{Attendance, Course, Delay, Mark, SeriesPlace};
use cabinet_domain::event::{CancelledBy, Event, Recorded};
use cabinet_domain::ids::*;
use cabinet_domain::inventory::{IMPERSONAL, INVENTORY, OF_THE_SERVER, Sealing};
use cabinet_domain::person::{Person, PersonalPart};
use cabinet_domain::practice::*;
use cabinet_domain::rights::{Level, Rights, Role};
use cabinet_domain::schedule::*;
use cabinet_domain::time::{CivilDate, Span, UtcMillis, UtcMinute, Weekday, Zone};
use cabinet_domain::waiting::{Left, Priority, WaitingEntry, Wishes};
use serde_json::Value;
use std::collections::BTreeSet;

fn text() -> String {
    "x".to_owned()
}

fn span() -> Span {
    Span::starting(UtcMinute(0), 30)
}

fn hold() -> Hold {
    Hold {
        id: HoldId(1),
        kind: TypeId(1),
        span: span(),
        occupied: span(),
        place: PlaceId(1),
        owner: [0; 32],
        expires_at: UtcMillis(0),
    }
}

fn booking() -> Booking {
    Booking {
        id: BookingId(1),
        kind: TypeId(1),
        span: span(),
        occupied: span(),
        place: PlaceId(1),
        patient: PatientId(1),
        details: BlobId(1),
        manage: None,
        notice_version: None,
        online: true,
        booked_at: UtcMillis(0),
        overbooks: BTreeSet::new(),
    }
}

fn entry() -> WaitingEntry {
    WaitingEntry {
        id: WaitingId(1),
        kind: TypeId(1),
        patient: PatientId(1),
        details: BlobId(1),
        owner: [0; 32],
        notice_version: 1,
        wishes: Wishes {
            weekdays: BTreeSet::new(),
            from_minute_of_day: 0,
            until_minute_of_day: 1,
            first_day: CivilDate(0),
            last_day: CivilDate(0),
            notice_minutes: 0,
            place: None,
        },
        priority: Priority::Normal,
        joined_at: UtcMillis(0),
        passed: BTreeSet::new(),
        offer: None,
    }
}

fn person() -> Person {
    Person {
        given_name: text(),
        family_name: text(),
        email: None,
        phone: None,
    }
}

/// One of every stored record of persons and agendas, by name.
fn records() -> Vec<(&'static str, Value)> {
    let json = |record: &dyn erased::Json| record.json();
    vec![
        ("Person", json(&person())),
        (
            "PersonalPart",
            json(&PersonalPart {
                patient: PatientId(1),
                blob: BlobId(1),
                person: person(),
            }),
        ),
        ("Booking", json(&booking())),
        ("Hold", json(&hold())),
        ("WaitingEntry", json(&entry())),
        ("Wishes", json(&entry().wishes)),
        (
            "Remembered",
            json(&Remembered {
                digest: [0; 16],
                seq: 1,
                at: UtcMillis(0),
            }),
        ),
        (
            "Agenda",
            json(&Agenda::new(AgendaKey {
                practice: PracticeId(1),
                agenda: AgendaId(1),
            })),
        ),
        (
            "Recorded",
            json(&Recorded {
                seq: 1,
                at: UtcMillis(0),
                principal: Principal::System,
                command_id: CommandId(1),
                digest: [0; 16],
                last_of_command: true,
                event: CancelledBy::Patient,
            }),
        ),
        (
            "Absence",
            json(&Absence {
                id: AbsenceId(1),
                span: span(),
                label: text(),
            }),
        ),
    ]
}

/// One of every stored record of practices.
fn practices() -> Vec<(&'static str, Value)> {
    let json = |record: &dyn erased::Json| record.json();
    vec![
        (
            "Staff",
            json(&Staff {
                id: StaffId(1),
                name: text(),
            }),
        ),
        (
            "Notice",
            json(&Notice {
                version: 1,
                french: text(),
                english: text(),
            }),
        ),
        ("Practice", json(&Practice::new(PracticeId(1)))),
        (
            "Place",
            json(&Place {
                id: PlaceId(1),
                name: text(),
                address: text(),
                zone: Zone::paris(),
            }),
        ),
        (
            "Practitioner",
            json(&Practitioner {
                agenda: AgendaId(1),
                slug: text(),
                name: text(),
                profession: text(),
                colour: 0,
            }),
        ),
        (
            "PracticeFace",
            json(&PracticeFace {
                name: text(),
                slug: text(),
                phone: text(),
                email: text(),
                legal: text(),
            }),
        ),
    ]
}

/// One of every stored record of members.
fn members() -> Vec<(&'static str, Value)> {
    let rights = Rights::everywhere(Level::None);
    let at = UtcMillis(0);
    let member = Member {
        id: StaffId(1),
        name: text(),
        role: Role::Owner,
        rights: rights.clone(),
        agenda: None,
        valid_from: at,
        valid_until: None,
    };
    let invitation = Invitation {
        id: InvitationId(1),
        link_hash: [0; 32],
        role: Role::Owner,
        rights: rights.clone(),
        agenda: None,
        member_from: at,
        member_until: None,
        invited_by: StaffId(1),
        expires_at: at,
    };
    let acceptance = Acceptance {
        staff: StaffId(1),
        document: DocumentKind::Terms,
        version: 1,
        sha256: [0; 32],
        locale: Locale::French,
        accepted_at: at,
        ip: text(),
        user_agent: text(),
        signatory_name: text(),
        signatory_quality: text(),
    };
    let grant = SupportGrant {
        id: SupportGrantId(1),
        agent: StaffId(1),
        level: Level::Times,
        reason: text(),
        granted_by: StaffId(1),
        granted_at: at,
        expires_at: at,
    };
    let json = |record: &dyn erased::Json| record.json();
    vec![
        ("Rights", json(&rights)),
        ("Member", json(&member)),
        ("Invitation", json(&invitation)),
        ("Acceptance", json(&acceptance)),
        ("SupportGrant", json(&grant)),
        ("BreakGlass", json(&glass())),
    ]
}

/// One of every stored record of reviews and locks.
fn reviews() -> Vec<(&'static str, Value)> {
    let at = UtcMillis(0);
    let json = |record: &dyn erased::Json| record.json();
    vec![
        ("AccessReview", json(&AccessReview { by: StaffId(1), at })),
        (
            "Lock",
            json(&Lock {
                staff: StaffId(1),
                rule: cabinet_domain::anomaly::Rule::Abuse,
                at,
            }),
        ),
        (
            "PastAccess",
            json(&PastAccess {
                access: Exceptional::Glass(glass()),
                ended_at: at,
            }),
        ),
    ]
}

fn glass() -> BreakGlass {
    BreakGlass {
        id: BreakGlassId(1),
        staff: StaffId(1),
        agenda: AgendaId(1),
        reason: text(),
        opened_at: UtcMillis(0),
        expires_at: UtcMillis(0),
    }
}

/// One of every stored record of schedules.
fn schedules() -> Vec<(&'static str, Value)> {
    let date = CivilDate(0);
    let profile = Profile {
        zone: Zone::paris(),
        granularity_minutes: 5,
        hold_ttl_seconds: 30,
        holidays: HolidayRegion::Metropole,
        open_on_holidays: false,
        week_a_monday: date,
    };
    let kind = AppointmentType {
        id: TypeId(1),
        name: text(),
        duration_minutes: 5,
        buffer_before_minutes: 0,
        buffer_after_minutes: 0,
        colour: 0,
        online: true,
        minimum_notice_minutes: 0,
        booking_window_days: 1,
        cancellation_cutoff_minutes: 0,
        daily_cap: None,
        opens: Opens::Rolling,
    };
    let rule = OpeningRule {
        id: RuleId(1),
        weekday: Weekday::Monday,
        from_minute_of_day: 0,
        until_minute_of_day: 1,
        types: TypeSelection::All,
        place: PlaceId(1),
        weeks: WeekCycle::Every,
        valid_from: date,
        valid_until: None,
        release: Release::Always,
    };
    let exception = ExceptionalOpening {
        id: ExceptionId(1),
        date,
        from_minute_of_day: 0,
        until_minute_of_day: 1,
        types: TypeSelection::All,
        place: PlaceId(1),
        release: Release::Always,
    };
    let place = SeriesPlace {
        series: SeriesId(1),
        number: 1,
        of: 2,
    };
    let (minutes, at, state) = (5, UtcMillis(0), Attendance::Seen);
    let mark = Mark { state, at };
    let delay = Delay { minutes, at };
    vec![
        ("Mark", serde_json::to_value(mark).unwrap()),
        ("SeriesPlace", serde_json::to_value(place).unwrap()),
        ("Delay", serde_json::to_value(delay).unwrap()),
        ("Course", serde_json::to_value(Course::default()).unwrap()),
        ("Profile", serde_json::to_value(profile).unwrap()),
        ("AppointmentType", serde_json::to_value(kind).unwrap()),
        ("OpeningRule", serde_json::to_value(rule).unwrap()),
        ("ExceptionalOpening", serde_json::to_value(exception).unwrap()),
    ]
}

mod erased {
    /// Any record as JSON.
    pub(crate) trait Json {
        fn json(&self) -> serde_json::Value;
    }
    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> serde_json::Value {
            serde_json::to_value(self).unwrap()
        }
    }
}

fn listed() -> Vec<(&'static str, &'static str)> {
    let impersonal = IMPERSONAL
        .iter()
        .flat_map(|(record, fields)| fields.iter().map(move |field| (*record, *field)));
    let personal = INVENTORY.iter().map(|entry| (entry.record, entry.field));
    personal.chain(impersonal).collect()
}

#[test]
fn every_stored_field_is_listed_once_and_every_listed_field_is_stored() {
    let mut stored = BTreeSet::new();
    for (record, value) in records()
        .into_iter()
        .chain(practices())
        .chain(members())
        .chain(reviews())
        .chain(schedules())
    {
        let Value::Object(fields) = value else {
            panic!("{record} is no record");
        };
        stored.extend(fields.into_iter().map(|(field, _)| (record.to_owned(), field)));
    }
    let listed = listed();
    let unique: BTreeSet<_> = listed
        .iter()
        .map(|(record, field)| ((*record).to_owned(), (*field).to_owned()))
        .collect();
    assert_eq!(unique.len(), listed.len(), "a field is listed twice");
    let unlisted: Vec<_> = stored.difference(&unique).collect();
    let unknown = unique.difference(&stored);
    let unknown: Vec<_> = unknown
        .filter(|(record, _)| !OF_THE_SERVER.contains(&record.as_str()))
        .collect();
    assert!(
        unlisted.is_empty() && unknown.is_empty(),
        "unlisted {unlisted:?}, unknown {unknown:?}"
    );
}

/// The records an event stores. Exhaustive on purpose, fields included: a new event or field has to be thought about.
const fn records_of(event: &Event) -> &'static [&'static str] {
    match event {
        Event::ProfileSet(_) => &["Profile"],
        Event::TypeSet(_) => &["AppointmentType"],
        Event::HoursOpened(_) | Event::HoursChanged(_) => &["OpeningRule"],
        Event::ExceptionOpened(_) => &["ExceptionalOpening"],
        Event::AbsenceAdded(_) => &["Absence"],
        Event::SlotHeld(_) => &["Hold"],
        Event::SlotBooked {
            booking: _,
            from_hold: _,
            outside_hours: _,
        } => &["Booking", "Hold"],
        Event::BookingMoved {
            booking: _,
            span: _,
            occupied: _,
            place: _,
            overbooks: _,
            outside_hours: _,
        }
        | Event::BookingCancelled {
            booking: _,
            by: CancelledBy::Patient | CancelledBy::Practice,
        } => &["Booking"],
        Event::WaitingJoined(_)
        | Event::WaitingPrioritised {
            entry: _,
            priority: Priority::Normal | Priority::Urgent,
        } => &["WaitingEntry", "Wishes"],
        Event::WaitingLeft {
            entry: _,
            why: Left::Patient | Left::Practice | Left::PassedTooMany | Left::Over,
        } => &["WaitingEntry"],
        Event::SlotOffered { entry: _, hold: _ } => &["WaitingEntry", "Hold"],
        Event::TypeRetired(_)
        | Event::HoursClosed(_)
        | Event::ExceptionClosed(_)
        | Event::AbsenceRemoved(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_) => &[],
        Event::SeriesJoined { series: _, bookings: _ } => &["SeriesPlace"],
        Event::BookingMarked { booking: _, mark: _ } => &["Mark"],
        Event::DelayAnnounced { minutes: _ } => &["Delay"],
    }
}

const fn record_of(event: &PracticeEvent) -> &'static str {
    match event {
        PracticeEvent::FaceSet(_) => "PracticeFace",
        PracticeEvent::PlaceSet(_) => "Place",
        PracticeEvent::PractitionerSet(_) => "Practitioner",
        PracticeEvent::StaffSet(_) => "Staff",
        PracticeEvent::NoticePublished(_) => "Notice",
        PracticeEvent::MemberSet(_) => "Member",
        PracticeEvent::InvitationMade(_) => "Invitation",
        PracticeEvent::DocumentAccepted(_) => "Acceptance",
        PracticeEvent::SupportGranted(_) => "SupportGrant",
        PracticeEvent::BreakGlassOpened(_) => "BreakGlass",
        // An id that ends what is listed.
        PracticeEvent::MemberRemoved(_) => "Member",
        PracticeEvent::InvitationUsed(_) | PracticeEvent::InvitationWithdrawn(_) => "Invitation",
        PracticeEvent::SupportEnded(_) => "SupportGrant",
        PracticeEvent::BreakGlassEnded(_) => "BreakGlass",
        PracticeEvent::AccessReviewed(_) => "AccessReview",
        PracticeEvent::MemberLocked(_) | PracticeEvent::MemberReleased(_) => "Lock",
    }
}

#[test]
fn what_events_store_is_listed() {
    let known: BTreeSet<&str> = listed().into_iter().map(|(record, _)| record).collect();
    let booked = Event::SlotBooked {
        booking: booking(),
        from_hold: None,
        outside_hours: false,
    };
    let staff = PracticeEvent::StaffSet(Staff {
        id: StaffId(1),
        name: text(),
    });
    for record in records_of(&booked).iter().chain(records_of(&Event::SlotHeld(hold()))) {
        assert!(known.contains(record), "{record}");
    }
    assert!(known.contains(record_of(&staff)));
}

#[test]
fn who_a_patient_is_lies_under_the_patients_own_key() {
    for entry in INVENTORY.iter().filter(|entry| entry.record == "Person") {
        assert_eq!(entry.sealing, Sealing::PatientKey, "{}", entry.field);
    }
    assert!(INVENTORY.iter().all(|entry| !entry.audience.is_empty()));
}
