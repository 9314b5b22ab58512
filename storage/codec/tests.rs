//! Golden bytes: each stored shape, byte for byte as its version writes it. A line that changes here is a store that today's
//! builds cannot read: add a version instead. `golden.txt` has one line per value: name, then hexadecimal digits.

use super::*;
use cabinet_domain::Principal;
use cabinet_domain::agenda::{Agenda, Booking, Hold, Remembered};
use cabinet_domain::anomaly::Rule;
use cabinet_domain::course::{Attendance, Course, Delay, Mark, SeriesPlace};
use cabinet_domain::event::{CancelledBy, Event};
use cabinet_domain::ids::*;
use cabinet_domain::practice::*;
use cabinet_domain::rights::{Level, Rights, Role};
use cabinet_domain::schedule::*;
use cabinet_domain::time::{CivilDate, Span, UtcMillis, UtcMinute, Weekday, Zone};
use std::collections::{BTreeMap, BTreeSet};

#[path = "practice_samples.rs"]
mod practice_samples;
#[path = "waiting_samples.rs"]
mod waiting_samples;
use practice_samples::{ending_events, membership_events, practice_events, review_events};
use waiting_samples::{entry, waiting_events};

fn span(from: i64) -> Span {
    Span::starting(UtcMinute(from), 30)
}

fn profile() -> Profile {
    Profile {
        zone: Zone::paris(),
        granularity_minutes: 15,
        hold_ttl_seconds: 300,
        holidays: HolidayRegion::AlsaceMoselle,
        open_on_holidays: true,
        week_a_monday: CivilDate(20_000),
    }
}

fn kind() -> AppointmentType {
    AppointmentType {
        id: TypeId(2),
        name: "Séance".to_owned(),
        duration_minutes: 30,
        buffer_before_minutes: 5,
        buffer_after_minutes: 10,
        colour: 0x33_66_99,
        online: true,
        minimum_notice_minutes: 120,
        booking_window_days: 84,
        cancellation_cutoff_minutes: 1_440,
        daily_cap: Some(4),
        opens: Opens::Weekly {
            weekday: Weekday::Monday,
            minute_of_day: 480,
            weeks_ahead: 2,
        },
    }
}

fn rule() -> OpeningRule {
    OpeningRule {
        id: RuleId(3),
        weekday: Weekday::Thursday,
        from_minute_of_day: 540,
        until_minute_of_day: 720,
        types: TypeSelection::Only(BTreeSet::from([TypeId(2)])),
        place: PlaceId(4),
        weeks: WeekCycle::B,
        valid_from: CivilDate(20_000),
        valid_until: Some(CivilDate(20_100)),
        release: Release::OnTheDay { minute_of_day: 450 },
    }
}

fn exception() -> ExceptionalOpening {
    ExceptionalOpening {
        id: ExceptionId(5),
        date: CivilDate(20_010),
        from_minute_of_day: 600,
        until_minute_of_day: 660,
        types: TypeSelection::All,
        place: PlaceId(4),
        release: Release::DaysBefore {
            days: 3,
            minute_of_day: 480,
        },
    }
}

fn absence() -> Absence {
    Absence {
        id: AbsenceId(6),
        span: span(1_000),
        label: "Congés".to_owned(),
    }
}

fn hold() -> Hold {
    Hold {
        id: HoldId(7),
        kind: TypeId(2),
        span: span(2_000),
        occupied: span(1_990),
        place: PlaceId(4),
        owner: [8; 32],
        expires_at: UtcMillis(123_456_789),
    }
}

fn booking() -> Booking {
    Booking {
        id: BookingId(9),
        kind: TypeId(2),
        span: span(2_000),
        occupied: span(1_990),
        place: PlaceId(4),
        patient: PatientId(10),
        details: BlobId(11),
        manage: Some([12; 32]),
        notice_version: Some(3),
        online: true,
        booked_at: UtcMillis(1_790_000_000_000),
        overbooks: BTreeSet::from([BookingId(13)]),
    }
}

fn events() -> Vec<Event> {
    vec![
        Event::ProfileSet(profile()),
        Event::TypeSet(kind()),
        Event::TypeRetired(TypeId(2)),
        Event::HoursOpened(rule()),
        Event::HoursChanged(rule()),
        Event::HoursClosed(RuleId(3)),
        Event::ExceptionOpened(exception()),
        Event::ExceptionClosed(ExceptionId(5)),
        Event::AbsenceAdded(absence()),
        Event::AbsenceRemoved(AbsenceId(6)),
        Event::SlotHeld(hold()),
        Event::HoldReleased(HoldId(7)),
        Event::HoldExpired(HoldId(7)),
        Event::SlotBooked {
            booking: booking(),
            from_hold: Some(HoldId(7)),
            outside_hours: false,
        },
        Event::BookingMoved {
            booking: BookingId(9),
            span: span(3_000),
            occupied: span(2_990),
            place: PlaceId(4),
            overbooks: BTreeSet::new(),
            outside_hours: true,
        },
        Event::BookingCancelled {
            booking: BookingId(9),
            by: CancelledBy::Practice,
        },
        Event::SeriesJoined {
            series: SeriesId(32),
            bookings: vec![BookingId(9), BookingId(13)],
        },
        Event::BookingMarked {
            booking: BookingId(9),
            mark: Some(Attendance::NoShow),
        },
        Event::DelayAnnounced { minutes: 25 },
    ]
}

/// The practice that the first five events make, and the one that all of them make.
fn practices() -> [Practice; 2] {
    let mut practice = Practice::new(PracticeId(17));
    let place = recorded(Principal::System, StreamEvent::Agenda(Event::TypeRetired(TypeId(2))));
    for (_, event) in practice_events() {
        practice.apply(&place.with(event));
    }
    let before = practice.clone();
    let all = membership_events().into_iter().chain(review_events());
    for (_, event) in all.chain(ending_events()) {
        practice.apply(&place.with(event));
    }
    [before, practice]
}

fn recorded(principal: Principal, event: StreamEvent) -> Recorded<StreamEvent> {
    Recorded {
        seq: 300,
        at: UtcMillis(1_790_000_000_000),
        principal,
        command_id: CommandId(15),
        digest: [16; 16],
        last_of_command: true,
        event,
    }
}

fn blob() -> StoredBlob {
    StoredBlob {
        blob: BlobId(11),
        patient: PatientId(10),
        sealed: Bytes::from_static(b"sealed"),
    }
}

fn agenda() -> Agenda {
    let key = AgendaKey {
        practice: PracticeId(17),
        agenda: AgendaId(1),
    };
    let remembered = Remembered {
        digest: [16; 16],
        seq: 300,
        at: UtcMillis(1_790_000_000_000),
    };
    let mut agenda = Agenda::new(key);
    agenda.seq = 300;
    agenda.profile = Some(profile());
    agenda.types = BTreeMap::from([(TypeId(2), kind())]);
    agenda.rules = BTreeMap::from([(RuleId(3), rule())]);
    agenda.exceptions = BTreeMap::from([(ExceptionId(5), exception())]);
    agenda.absences = BTreeMap::from([(AbsenceId(6), absence())]);
    agenda.holds = BTreeMap::from([(HoldId(7), hold())]);
    agenda.bookings = std::iter::once(booking()).collect();
    agenda.waiting = BTreeMap::from([(WaitingId(32), entry())]);
    agenda.remembered = std::iter::once(((Principal::Bearer([8; 32]), CommandId(15)), remembered)).collect();
    agenda.course = course();
    agenda
}

fn course() -> Course {
    let at = UtcMillis(1_790_000_000_000);
    let place = SeriesPlace {
        series: SeriesId(32),
        number: 1,
        of: 2,
    };
    let state = Attendance::Excused;
    Course {
        marks: BTreeMap::from([(BookingId(9), Mark { state, at })]),
        series: BTreeMap::from([(BookingId(9), place)]),
        delay: Some(Delay { minutes: 25, at }),
    }
}

/// Encodes, decodes, compares, and returns the line for the golden file.
fn line<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, kind: Kind, value: &T) -> String {
    let bytes = encode(kind, value).unwrap();
    assert_eq!(&decode::<T>(kind, &bytes).unwrap(), value, "{name}");
    assert!(
        decode::<T>(kind, &[bytes.as_slice(), &[0]].concat()).is_err(),
        "{name}: a trailing byte"
    );
    format!("{name} {}", hex::encode(bytes))
}

fn agenda_event_lines() -> Vec<String> {
    let mut lines = Vec::new();
    for event in events().into_iter().chain(waiting_events()) {
        let name = event.name();
        let record = EventRecord {
            recorded: recorded(Principal::Bearer([8; 32]), StreamEvent::Agenda(event)),
            blobs: if ["slot.booked", "waiting.joined"].contains(&name) {
                vec![blob()]
            } else {
                Vec::new()
            },
        };
        let refs: Vec<&StoredBlob> = record.blobs.iter().collect();
        let borrowed = encode_event(&record.recorded, &refs).unwrap();
        assert_eq!(
            borrowed,
            encode(EVENT, &record).unwrap(),
            "{name}: borrowed and owned differ"
        );
        lines.push(line(name, EVENT, &record));
        assert_eq!(decode_event(&borrowed).unwrap(), record, "{name}");
    }
    lines
}

fn lines() -> Vec<String> {
    let mut lines = agenda_event_lines();
    let all = practice_events()
        .into_iter()
        .chain(membership_events())
        .chain(review_events())
        .chain(ending_events());
    for (name, event) in all {
        let record = EventRecord {
            recorded: recorded(Principal::Staff(StaffId(14)), StreamEvent::Practice(event)),
            blobs: Vec::new(),
        };
        lines.push(line(name, EVENT, &record));
    }
    let [_, practice] = practices();
    for (name, state) in [
        ("checkpoint.agenda", StreamState::Agenda(Box::new(agenda()))),
        ("checkpoint.practice", StreamState::Practice(Box::new(practice))),
    ] {
        let record = CheckpointRecord {
            chain: [18; 32],
            state,
            blobs: vec![blob()],
        };
        let borrowed = encode_checkpoint(&record.chain, &record.state, &record.blobs).unwrap();
        assert_eq!(
            borrowed,
            encode(CHECKPOINT, &record).unwrap(),
            "{name}: borrowed and owned differ"
        );
        lines.push(format!("{name} {}", hex::encode(&borrowed)));
        assert_eq!(
            encode(CHECKPOINT, &decode_checkpoint(&borrowed).unwrap()).unwrap(),
            borrowed,
            "{name}"
        );
    }
    let person = cabinet_domain::person::Person {
        given_name: "Zoé".to_owned(),
        family_name: "Martin".to_owned(),
        email: Some("zoe@example.fr".to_owned()),
        phone: None,
    };
    lines.push(line("person", PERSON, &person));
    for (name, frame) in [
        ("key.installation", KeyFrame::Installation([1; 16])),
        ("key.practice_listed", KeyFrame::Practice(17)),
        ("key.practice", KeyFrame::PracticeKey([2; 8], [3; 32])),
        ("key.patients", KeyFrame::PatientKeys(vec![([4; 8], [5; 32])])),
        ("key.forgotten", KeyFrame::Forgotten(vec![[6; 8]])),
    ] {
        lines.push(line(name, KEY_FRAME, &frame));
    }
    lines
}

#[test]
fn every_stored_shape_is_byte_for_byte_as_pinned() {
    let golden: Vec<&str> = include_str!("golden.txt").lines().collect();
    let lines = lines();
    for (found, pinned) in lines.iter().zip(&golden) {
        assert_eq!(found, pinned);
    }
    assert_eq!(lines.len(), golden.len(), "{}", lines.join("\n"));
}

/// Lines of `golden_former.txt`: what was written before, and what it has to be read as.
#[test]
fn checkpoints_of_former_versions_are_read_as_the_states_they_are() {
    let former: BTreeMap<&str, &str> = include_str!("golden_former.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let read = |name: &str| decode_checkpoint(&hex::decode(former[name]).unwrap()).unwrap();
    let [before, practice] = practices();
    let third = before_releases();
    let mut untold = third.clone();
    untold.course = Course::default();
    untold.waiting.clear();
    let mut second = practice.clone();
    (second.reviewed, second.locks, second.past_accesses) = (None, BTreeMap::new(), Vec::new());
    let versions = [
        ("1", untold.clone(), before.clone()),
        ("2", untold, second),
        ("3", third, practice),
    ];
    for (version, agenda, practice) in versions {
        let of_agenda = read(&format!("checkpoint.{version}.agenda"));
        assert_eq!(of_agenda.state, StreamState::Agenda(Box::new(agenda)));
        let of_practice = read(&format!("checkpoint.{version}.practice"));
        assert_eq!(of_practice.state, StreamState::Practice(Box::new(practice)));
        for record in [of_agenda, of_practice] {
            assert_eq!((record.chain, record.blobs), ([18; 32], vec![blob()]));
        }
    }
    // Who was staff could do everything, and still can.
    let member = before.member_now(StaffId(14), UtcMillis(0)).unwrap();
    assert_eq!((member.role, member.name.as_str()), (Role::Owner, "Léa"));
    assert_eq!(
        before.effective_level(StaffId(14), AgendaId(1), UtcMillis(0)),
        Level::Manage
    );
    let cut = hex::decode(former["checkpoint.1.practice"]).unwrap();
    assert!(decode_checkpoint(&cut[..cut.len() - 1]).is_err());
}

/// The agenda when types had no caps and no calendars, and openings were not kept back.
fn before_releases() -> Agenda {
    let mut agenda = agenda();
    for kind in agenda.types.values_mut() {
        (kind.daily_cap, kind.opens) = (None, Opens::Rolling);
    }
    for rule in agenda.rules.values_mut() {
        rule.release = Release::Always;
    }
    for opening in agenda.exceptions.values_mut() {
        opening.release = Release::Always;
    }
    agenda
}

/// Every event of version 1 that has another shape now, and some that have not, of agendas and practices.
#[test]
fn events_of_the_former_version_are_read_as_what_they_say() {
    let [kind, rule, exception] = {
        let agenda = before_releases();
        [
            Event::TypeSet(agenda.types[&TypeId(2)].clone()),
            Event::HoursOpened(agenda.rules[&RuleId(3)].clone()),
            Event::ExceptionOpened(agenda.exceptions[&ExceptionId(5)].clone()),
        ]
    };
    let now = |name: &str| {
        let mut all = events().into_iter().chain(waiting_events()).map(StreamEvent::Agenda);
        let of_agenda = all.find(|event| matches!(event, StreamEvent::Agenda(event) if event.name() == name));
        let mut practice = membership_events().into_iter();
        of_agenda.or_else(|| practice.find_map(|(of, event)| (of == name).then_some(StreamEvent::Practice(event))))
    };
    let mut read = 0;
    for (name, bytes) in include_str!("golden_former.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
    {
        let Some(name) = name.strip_prefix("event.1.") else {
            continue;
        };
        let bytes = hex::decode(bytes).unwrap();
        let found = decode_event(&bytes).unwrap();
        let expected = match (name, rule.clone()) {
            ("type.set", _) => StreamEvent::Agenda(kind.clone()),
            ("hours.opened", rule) => StreamEvent::Agenda(rule),
            ("hours.changed", Event::HoursOpened(rule)) => StreamEvent::Agenda(Event::HoursChanged(rule)),
            ("exception.opened", _) => StreamEvent::Agenda(exception.clone()),
            _ => now(name).unwrap(),
        };
        assert_eq!(found.recorded.event, expected, "{name}");
        assert_eq!(
            (found.recorded.seq, found.recorded.last_of_command),
            (300, true),
            "{name}"
        );
        assert!(decode_event(&bytes[..bytes.len() - 1]).is_err(), "{name} cut short");
        read += 1;
    }
    assert_eq!(read, 11);
}

#[test]
fn newer_versions_and_damaged_lengths_are_refused() {
    let newer = decode::<KeyFrame>(KEY_FRAME, &[2, 0]);
    assert!(
        matches!(newer, Err(StoreError::NewerFormat { found: 2, known: 1, .. })),
        "{newer:?}"
    );
    // A length of four thousand million bytes is not believed.
    let huge = [&[1, 4, 252][..], &u32::MAX.to_le_bytes()].concat();
    assert!(matches!(
        decode::<KeyFrame>(KEY_FRAME, &huge),
        Err(StoreError::Codec { .. })
    ));
    assert!(decode::<KeyFrame>(KEY_FRAME, &[]).is_err());
    assert!(decode::<KeyFrame>(KEY_FRAME, &[0]).is_err());
}
