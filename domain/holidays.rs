//! Public holidays of France and its overseas parts, computed for any year.
//!
//! Sources: Code du travail L3133-1 (the eleven), L3134-13 (Alsace-Moselle), L3422-2 and decree 83-1003 (abolition
//! days), Code du travail de Nouvelle-Calédonie (citizenship day), loi du pays of French Polynesia of May 2025
//! (20 November follows 29 June). Must not be here: what a holiday does to openings (`openings`).

use crate::schedule::HolidayRegion;
use crate::time::CivilDate;

/// From this year on French Polynesia keeps Matari'i i ni'a (20 November) in place of 29 June.
const POLYNESIA_MATARII_YEAR: i16 = 2025;

/// Days from Easter Sunday to the feasts that move with it.
const GOOD_FRIDAY: i32 = -2;
const EASTER_MONDAY: i32 = 1;
const ASCENSION: i32 = 39;
const WHIT_MONDAY: i32 = 50;

/// Whether `date` is a public holiday in `region`. Known for the years 1970 to 2199; `false` elsewhere.
#[must_use]
pub fn is_public_holiday(region: HolidayRegion, date: CivilDate) -> bool {
    let (year, month, day) = parts(date);
    date.is_plausible() && (everywhere(month, day) || local(region, year, month, day) || moving(region, date, year))
}

fn parts(date: CivilDate) -> (i16, i8, i8) {
    let date = date.to_jiff();
    (date.year(), date.month(), date.day())
}

const fn everywhere(month: i8, day: i8) -> bool {
    matches!(
        (month, day),
        (1 | 5 | 11, 1) | (5, 8) | (7, 14) | (8, 15) | (11, 11) | (12, 25)
    )
}

const fn local(region: HolidayRegion, year: i16, month: i8, day: i8) -> bool {
    match region {
        HolidayRegion::Metropole | HolidayRegion::SaintPierreEtMiquelon => false,
        HolidayRegion::AlsaceMoselle => matches!((month, day), (12, 26)),
        HolidayRegion::Guadeloupe => matches!((month, day), (5, 27)),
        HolidayRegion::Martinique => matches!((month, day), (5, 22)),
        HolidayRegion::Guyane => matches!((month, day), (6, 10)),
        HolidayRegion::Reunion => matches!((month, day), (12, 20)),
        HolidayRegion::Mayotte => matches!((month, day), (4, 27)),
        HolidayRegion::SaintMartin => matches!((month, day), (5, 28)),
        HolidayRegion::SaintBarthelemy => matches!((month, day), (10, 9)),
        HolidayRegion::NouvelleCaledonie => matches!((month, day), (9, 24)),
        HolidayRegion::PolynesieFrancaise => match (month, day) {
            (3, 5) => true,
            (6, 29) => year < POLYNESIA_MATARII_YEAR,
            (11, 20) => year >= POLYNESIA_MATARII_YEAR,
            _ => false,
        },
    }
}

fn moving(region: HolidayRegion, date: CivilDate, year: i16) -> bool {
    let Some(easter) = easter_sunday(year) else {
        return false;
    };
    let good_friday = match region {
        HolidayRegion::AlsaceMoselle | HolidayRegion::PolynesieFrancaise => true,
        HolidayRegion::Metropole
        | HolidayRegion::Guadeloupe
        | HolidayRegion::Martinique
        | HolidayRegion::Guyane
        | HolidayRegion::Reunion
        | HolidayRegion::Mayotte
        | HolidayRegion::SaintMartin
        | HolidayRegion::SaintBarthelemy
        | HolidayRegion::SaintPierreEtMiquelon
        | HolidayRegion::NouvelleCaledonie => false,
    };
    match date.0.saturating_sub(easter.0) {
        EASTER_MONDAY | ASCENSION | WHIT_MONDAY => true,
        GOOD_FRIDAY => good_friday,
        _ => false,
    }
}

/// Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher); none outside 1900..=2199.
fn easter_sunday(year: i16) -> Option<CivilDate> {
    let y = i32::from(year);
    let a = y % 19;
    let (b, c) = (y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    let (month, day) = (i8::try_from(sum / 31).ok()?, i8::try_from(sum % 31 + 1).ok()?);
    CivilDate::new(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_year(region: HolidayRegion, year: i16) -> Vec<String> {
        let first = CivilDate::new(year, 1, 1).unwrap();
        (0..366)
            .map(|days| first.plus_days(days))
            .filter(|date| date.to_jiff().year() == year && is_public_holiday(region, *date))
            .map(|date| date.to_string().split_off(5))
            .collect()
    }

    #[test]
    fn the_eleven_of_three_years_are_those_of_the_reference() {
        let cases = [
            (
                2026,
                "01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25",
            ),
            (
                2027,
                "01-01 03-29 05-01 05-06 05-08 05-17 07-14 08-15 11-01 11-11 12-25",
            ),
            (
                2028,
                "01-01 04-17 05-01 05-08 05-25 06-05 07-14 08-15 11-01 11-11 12-25",
            ),
        ];
        for (year, expected) in cases {
            assert_eq!(of_year(HolidayRegion::Metropole, year).join(" "), expected);
        }
    }

    #[test]
    fn each_region_adds_its_own_days() {
        use HolidayRegion as R;
        let cases: [(R, &[&str]); 12] = [
            (R::Metropole, &[]),
            (R::AlsaceMoselle, &["03-26", "12-26"]),
            (R::Guadeloupe, &["05-27"]),
            (R::Martinique, &["05-22"]),
            (R::Guyane, &["06-10"]),
            (R::Reunion, &["12-20"]),
            (R::Mayotte, &["04-27"]),
            (R::SaintMartin, &["05-28"]),
            (R::SaintBarthelemy, &["10-09"]),
            (R::SaintPierreEtMiquelon, &[]),
            (R::NouvelleCaledonie, &["09-24"]),
            (R::PolynesieFrancaise, &["03-05", "03-26", "11-20"]),
        ];
        let base = of_year(R::Metropole, 2027);
        for (region, extra) in cases {
            let own: Vec<String> = of_year(region, 2027)
                .into_iter()
                .filter(|day| !base.contains(day))
                .collect();
            assert_eq!(own, extra, "{region:?}");
        }
        assert!(of_year(R::PolynesieFrancaise, 2024).contains(&"06-29".to_owned()));
        assert!(!of_year(R::PolynesieFrancaise, 2024).contains(&"11-20".to_owned()));
    }

    /// Gauss's rule with its two exceptions: another way to the same Sundays.
    fn easter_by_gauss(year: i64) -> i64 {
        let k = year / 100;
        let m = (15 - (13 + 8 * k) / 25 + k - k / 4) % 30;
        let n = (4 + k - k / 4) % 7;
        let d = (19 * (year % 19) + m) % 30;
        let e = (2 * (year % 4) + 4 * (year % 7) + 6 * d + n) % 7;
        match (d, e) {
            (29, 6) => 28,
            (28, 6) if (11 * m + 11) % 30 < 19 => 27,
            _ => d + e,
        }
    }

    #[test]
    fn easter_is_what_gauss_says_in_every_year() {
        for year in 1900_i16..2200 {
            let earliest = CivilDate::new(year, 3, 22).unwrap();
            let found = easter_sunday(year).unwrap();
            assert_eq!(i64::from(found.0 - earliest.0), easter_by_gauss(year.into()), "{year}");
        }
    }

    #[test]
    fn easter_is_right_at_its_extremes_and_dates_far_away_do_not_panic() {
        for (year, month, day) in [(2008, 3, 23), (2011, 4, 24), (2038, 4, 25), (2160, 3, 23)] {
            assert_eq!(easter_sunday(year), CivilDate::new(year, month, day).ok(), "{year}");
        }
        for date in [CivilDate(i32::MIN), CivilDate(i32::MAX)] {
            assert!(!is_public_holiday(HolidayRegion::AlsaceMoselle, date), "{date}");
        }
    }
}
