//! The mails' own rules.

use super::*;
use std::collections::BTreeSet;

#[test]
fn a_refused_mail_is_tried_for_days_and_then_no_more() {
    assert_eq!(retry_after(0), None, "it was not refused");
    assert_eq!(retry_after(1), Some(60));
    assert_eq!(retry_after(9), Some(24 * 3_600));
    assert_eq!(retry_after(10), None);
    let all: i64 = RETRY_SECONDS.iter().sum();
    assert!((2 * 24 * 3_600..GIVE_UP_SECONDS).contains(&all), "{all}");
}

#[test]
fn the_days_mail_is_due_once_a_day_from_its_hour_on_also_where_clocks_change() {
    let paris = Zone::paris();
    let at = |text: &str| UtcMillis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let day = |year, month, day| CivilDate::new(year, month, day).unwrap();
    let last = Some(day(2026, 11, 25));
    assert_eq!(daily_due(&paris, at("2026-11-27T05:59:59Z"), 7, last), None);
    assert_eq!(
        daily_due(&paris, at("2026-11-27T06:00:00Z"), 7, last),
        Some(day(2026, 11, 26))
    );
    let sent = Some(day(2026, 11, 26));
    assert_eq!(daily_due(&paris, at("2026-11-27T22:59:59Z"), 7, sent), None);
    assert_eq!(daily_due(&paris, at("2026-11-28T05:00:00Z"), 7, sent), None);
    assert_eq!(
        daily_due(&paris, at("2026-11-28T06:00:00Z"), 7, sent),
        Some(day(2026, 11, 27))
    );
    // A clock set back brings no day a second time.
    assert_eq!(daily_due(&paris, at("2026-11-26T12:00:00Z"), 7, sent), None);
    // The night of 24 to 25 October 2026 has 25 hours.
    assert_eq!(
        daily_due(&paris, at("2026-10-25T06:00:00Z"), 7, None),
        Some(day(2026, 10, 24))
    );
}

#[test]
fn names_are_one_to_one_and_letters_round_trip() {
    let names: BTreeSet<&str> = Letter::NAMES.iter().copied().collect();
    assert_eq!(names.len(), Letter::NAMES.len());
    let letter = Letter::Alert {
        rule: Rule::BulkViewing,
        gravity: Gravity::Critical,
        staff: StaffId(7),
        at: UtcMillis(8),
    };
    let text = serde_json::to_string(&letter).unwrap();
    assert_eq!(serde_json::from_str::<Letter>(&text).unwrap(), letter);
    assert_eq!(letter.name(), "alert");
}
