//! Conversions at their bounds: what is well-formed comes back as it was, what is not names its field.

use cabinet_domain::audience::Sight;
use cabinet_domain::ids::{BlobId, PatientId, TypeId};
use cabinet_domain::time::UtcMinute;
use cabinet_proto::v1::convert::{Malformed, inward, outward};
use cabinet_proto::v1::http::StaffCommand;
use cabinet_proto::v1::model::{
    AppointmentType, ExceptionalOpening, OpeningRule, Person, Release, StaffAbsence, WeeklyOpening,
};

fn id(number: u8) -> String {
    format!("{number:032x}")
}

fn rule() -> OpeningRule {
    OpeningRule {
        id: id(1),
        weekday: "sunday".to_owned(),
        from: "00:00".to_owned(),
        until: "24:00".to_owned(),
        types: Some(vec![id(2), id(3)]),
        place: id(4),
        weeks: "b".to_owned(),
        valid_from: "2026-01-01".to_owned(),
        valid_until: Some("2026-12-31".to_owned()),
        release: Some(Release {
            days_before: 0,
            at: "07:30".to_owned(),
        }),
    }
}

fn inward(command: &StaffCommand) -> Result<cabinet_domain::Command, Malformed> {
    inward::staff_command(command, PatientId(1), BlobId(2)).map(|(command, _)| command)
}

#[test]
fn rules_openings_types_and_absences_survive_the_way_in_and_out() {
    use cabinet_domain::Command;
    let Ok(Command::OpenHours(there)) = inward(&StaffCommand::OpenHours { rule: rule() }) else {
        panic!()
    };
    assert_eq!(outward::rule(&there), rule());
    let opening = ExceptionalOpening {
        id: id(1),
        date: "2026-02-28".to_owned(),
        from: "09:05".to_owned(),
        until: "23:59".to_owned(),
        types: None,
        place: id(4),
        release: Some(Release {
            days_before: 3,
            at: "23:59".to_owned(),
        }),
    };
    let command = StaffCommand::OpenExceptionally {
        opening: opening.clone(),
    };
    let Ok(Command::OpenExceptionally(there)) = inward(&command) else {
        panic!()
    };
    assert_eq!(outward::exception(&there), opening);
    let absence = StaffAbsence {
        id: id(1),
        start_ms: -60_000,
        end_ms: 60_000,
        label: "Congés".to_owned(),
    };
    let command = StaffCommand::AddAbsence {
        absence: absence.clone(),
    };
    let Ok(Command::AddAbsence(there)) = inward(&command) else {
        panic!()
    };
    assert_eq!(outward::absence(&there, Sight::Everything), absence);
    let kind = AppointmentType {
        id: id(1),
        name: "Suivi".to_owned(),
        duration_minutes: 45,
        buffer_before_minutes: 5,
        buffer_after_minutes: 10,
        colour: "#00ff7f".to_owned(),
        online: false,
        minimum_notice_minutes: 1,
        booking_window_days: 2,
        cancellation_cutoff_minutes: 3,
        daily_cap: Some(4),
        opens: Some(WeeklyOpening {
            weekday: "monday".to_owned(),
            at: "08:00".to_owned(),
            weeks_ahead: 2,
        }),
    };
    let Ok(Command::SetType(there)) = inward(&StaffCommand::SetType { kind: kind.clone() }) else {
        panic!()
    };
    assert_eq!(outward::appointment_type(&there), kind);
}

#[test]
fn a_rule_with_one_wrong_part_names_that_part() {
    type Spoil = fn(&mut OpeningRule);
    let table: [(&str, Spoil); 10] = [
        ("rule.id", |rule| rule.id = "1".to_owned()),
        ("weekday", |rule| rule.weekday = "lundi".to_owned()),
        ("rule.from", |rule| rule.from = "9:00".to_owned()),
        ("rule.until", |rule| rule.until = "24:01".to_owned()),
        ("types", |rule| rule.types = Some(vec!["x".to_owned()])),
        ("rule.place", |rule| rule.place = String::new()),
        ("weeks", |rule| rule.weeks = "A".to_owned()),
        ("rule.valid_from", |rule| rule.valid_from = "2026-02-30".to_owned()),
        ("rule.valid_until", |rule| {
            rule.valid_until = Some("2026-1-1".to_owned())
        }),
        ("release.at", |rule| {
            rule.release = Some(Release {
                days_before: 0,
                at: "7:30".to_owned(),
            })
        }),
    ];
    for (field, spoil) in table {
        let mut rule = rule();
        spoil(&mut rule);
        let wrong = inward(&StaffCommand::ChangeHours { rule }).unwrap_err();
        assert_eq!(wrong.field, field);
    }
}

#[test]
fn scalars_at_their_bounds() {
    for (text, minute) in [("00:00", Some(0)), ("23:59", Some(1_439)), ("24:00", Some(1_440))] {
        assert_eq!(inward::time_of_day("t", text).ok(), minute, "{text}");
    }
    for text in [
        "", ":", "24:01", "23:60", "+1:00", "1:00", "001:00", "12:0", "12-00", "１2:00",
    ] {
        assert!(inward::time_of_day("t", text).is_err(), "{text}");
    }
    for (text, colour) in [
        ("#000000", Some(0)),
        ("#FFffFF", Some(0x00ff_ffff)),
        ("#fff", None),
        ("000000", None),
        ("#+00000", None),
    ] {
        assert_eq!(inward::colour("c", text).ok(), colour, "{text}");
    }
    for (length, fine) in [(31, false), (32, true), (64, true), (65, false)] {
        assert_eq!(inward::secret("s", &"a".repeat(length)).is_ok(), fine, "{length}");
    }
    assert!(inward::secret("s", &"A".repeat(32)).is_err());
    // The first minute of 1900, the last of 2199, and one beyond each.
    for (minute, fine) in [
        (-36_816_480, true),
        (-36_816_481, false),
        (120_968_639, true),
        (120_968_640, false),
        (i64::MAX / 60_000, false),
    ] {
        let millis: i64 = minute * 60_000;
        assert_eq!(
            inward::minute("m", millis).ok(),
            fine.then_some(UtcMinute(minute)),
            "{minute}"
        );
        assert!(inward::minute("m", millis + 1).is_err());
    }
    let day = 86_400_000;
    assert!(inward::view_span(0, 400 * day).is_ok());
    assert!(inward::view_span(0, 400 * day + 60_000).is_err());
    assert!(inward::view_span(60_000, 60_000).is_err());
    assert!(inward::id::<TypeId>("i", &"f".repeat(32)).is_ok());
    assert!(inward::id::<TypeId>("i", &"F".repeat(32)).is_err());
}

#[test]
fn a_persons_blank_contacts_are_none_and_names_are_trimmed() {
    let given = Person {
        given_name: " Léa ".to_owned(),
        family_name: "Petit".to_owned(),
        email: Some("  ".to_owned()),
        phone: Some(" +33639980001 ".to_owned()),
    };
    let person = inward::person(&given);
    assert_eq!(person.given_name, "Léa");
    assert_eq!((person.email, person.phone.as_deref()), (None, Some("+33639980001")));
}
