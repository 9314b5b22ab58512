//! Mails in words: the texts' sections with their places filled in.
//!
//! Must not be here: looking anything up, sending.

use cabinet_domain::practice::Locale;
use cabinet_domain::time::{CivilDate, UtcMillis, Zone};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const FRENCH: &str = include_str!("letters.fr.txt");
const ENGLISH: &str = include_str!("letters.en.txt");
/// What begins a section.
const MARK: &str = "== ";

type Sections = BTreeMap<&'static str, &'static str>;

static SECTIONS: LazyLock<(Sections, Sections)> = LazyLock::new(|| (sections(FRENCH), sections(ENGLISH)));

fn sections(text: &'static str) -> Sections {
    let section = |part: &'static str| {
        let (name, body) = part.split_once('\n')?;
        Some((name, body.trim()))
    };
    let parts = text.strip_prefix(MARK).unwrap_or(text).split("\n== ");
    parts.filter_map(section).collect()
}

/// What is put into places.
pub(super) type Facts = BTreeMap<&'static str, String>;

/// The words of one language, in one zone.
pub(super) struct Words<'a> {
    pub(super) locale: Locale,
    pub(super) zone: &'a Zone,
}

impl Words<'_> {
    /// A section as it is; its name when there is none, which a test keeps from happening.
    pub(super) fn section(&self, name: &str) -> String {
        let (french, english) = &*SECTIONS;
        let sections = match self.locale {
            Locale::French => french,
            Locale::English => english,
        };
        sections.get(name).map_or(name, |text| *text).to_owned()
    }

    /// A section with its places filled in. Facts are put in once and never read for places themselves.
    pub(super) fn filled(&self, name: &str, facts: &Facts) -> String {
        fill(&self.section(name), facts)
    }

    /// Subject and text of a mail.
    pub(super) fn letter(&self, name: &str, facts: &Facts) -> (String, String) {
        let section = self.section(name);
        let (subject, body) = section.split_once('\n').unwrap_or((section.as_str(), ""));
        (fill(subject, facts), fill(body, facts))
    }

    /// A moment, in the zone's time.
    pub(super) fn moment(&self, at: UtcMillis) -> String {
        let civil = self.civil(at);
        let (hour, minute) = (civil.hour(), civil.minute());
        let day = self.day(CivilDate::from_jiff(civil.date()));
        match self.locale {
            Locale::French => format!("{day} à {hour:02} h {minute:02}"),
            Locale::English => format!("{day} at {hour:02}:{minute:02}"),
        }
    }

    /// A day.
    pub(super) fn day(&self, day: CivilDate) -> String {
        let date = day.to_jiff();
        let (day, year) = (date.day(), date.year());
        let month = usize::try_from(date.month() - 1).unwrap_or_default();
        let name = match self.locale {
            Locale::French => FRENCH_MONTHS.get(month),
            Locale::English => ENGLISH_MONTHS.get(month),
        };
        let name = name.copied().unwrap_or_default();
        match self.locale {
            Locale::French if day == 1 => format!("1er {name} {year}"),
            Locale::French | Locale::English => format!("{day} {name} {year}"),
        }
    }

    /// An appointment's day, with its weekday.
    pub(super) fn weekday_and_day(&self, at: UtcMillis) -> String {
        let date = self.civil(at).date();
        let place = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
        let names = match self.locale {
            Locale::French => &FRENCH_WEEKDAYS,
            Locale::English => &ENGLISH_WEEKDAYS,
        };
        let weekday = names.get(place).copied().unwrap_or_default();
        format!("{weekday} {}", self.day(CivilDate::from_jiff(date)))
    }

    /// An appointment's hour.
    pub(super) fn hour(&self, at: UtcMillis) -> String {
        let civil = self.civil(at);
        let (hour, minute) = (civil.hour(), civil.minute());
        match self.locale {
            Locale::French => format!("{hour} h {minute:02}"),
            Locale::English => format!("{hour:02}:{minute:02}"),
        }
    }

    fn civil(&self, at: UtcMillis) -> jiff::civil::DateTime {
        let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        instant.to_zoned(self.zone.rules()).datetime()
    }

    /// The language, as headers name it.
    pub(super) const fn language(&self) -> &'static str {
        match self.locale {
            Locale::French => "fr",
            Locale::English => "en",
        }
    }
}

/// Day and hour of a moment as mails say them, for pages that say them too.
#[must_use]
pub fn day_and_hour(locale: Locale, zone: &Zone, at: UtcMillis) -> (String, String) {
    let words = Words { locale, zone };
    (words.weekday_and_day(at), words.hour(at))
}

const FRENCH_WEEKDAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
const ENGLISH_WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const FRENCH_MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Fills places. A fact that looks like a place stays as it is: names come from people.
fn fill(text: &str, facts: &Facts) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let place = after.split_once('}');
        let fact = place.and_then(|(name, after)| Some((facts.get(name)?, after)));
        if let Some((fact, after)) = fact {
            filled.push_str(fact);
            rest = after;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::anomaly::{Gravity, Rule};
    use cabinet_domain::mail::Letter;

    fn words(locale: Locale, zone: &Zone) -> Words<'_> {
        Words { locale, zone }
    }

    #[test]
    fn both_languages_have_the_same_sections_with_the_same_places() {
        let (french, english) = &*SECTIONS;
        let names: Vec<_> = french.keys().collect();
        assert_eq!(names, english.keys().collect::<Vec<_>>());
        let places = |text: &str| {
            let mut places: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|part| part.split_once('}'))
                .map(|(place, _)| place.to_owned())
                .collect();
            places.sort();
            places.dedup();
            places
        };
        for (name, text) in french {
            assert_eq!(places(text), places(english[name]), "{name}");
        }
    }

    #[test]
    fn every_letter_rule_and_gravity_has_words() {
        let (french, _) = &*SECTIONS;
        for name in Letter::NAMES {
            assert!(french.contains_key(name), "{name}");
        }
        for rule in Rule::ALL {
            assert!(french.contains_key(format!("rule.{}", rule.name()).as_str()));
        }
        for gravity in Gravity::ALL {
            assert!(french.contains_key(format!("gravity.{}", gravity.name()).as_str()));
        }
    }

    #[test]
    fn places_are_filled_once_and_a_name_is_no_place() {
        let facts = Facts::from([("name", "{secret} {".to_owned()), ("secret", "x".to_owned())]);
        assert_eq!(
            fill("a {name} b {secret} {other} c", &facts),
            "a {secret} { b x {other} c"
        );
    }

    #[test]
    fn moments_are_said_in_the_zones_time() {
        let zone = Zone::paris();
        let at = UtcMillis(1_795_348_800_000); // 22 November 2026, noon UTC
        assert_eq!(words(Locale::French, &zone).moment(at), "22 novembre 2026 à 13 h 00");
        assert_eq!(words(Locale::English, &zone).moment(at), "22 November 2026 at 13:00");
        let first = CivilDate::new(2026, 2, 1).unwrap();
        assert_eq!(words(Locale::French, &zone).day(first), "1er février 2026");
    }
}
