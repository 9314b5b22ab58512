//! What a patient's mail says: when and where, and what to call and open. Nothing here names a type, a profession or a person.
//!
//! Must not be here: what is told to whom, sending.

use super::compose::{Composer, ForPatient};
use super::discreet;
use super::post::Attachment;
use super::text::{Facts, Words};
use cabinet_domain::calendar_file::{self, CalendarEntry, Method};
use cabinet_domain::event::CancelledBy;
use cabinet_domain::ids::PlaceId;
use cabinet_domain::mail::{Appointment, Letter};
use cabinet_domain::practice::Practice;
use cabinet_domain::time::Zone;
use cabinet_domain::waiting::Left;

impl Composer<'_> {
    /// That of the place where the first appointment is; else the practice's.
    pub(super) fn zone_of(&self) -> Zone {
        let first = self.patient.and_then(|patient| patient.told.first());
        let practice = || self.practice.map_or_else(Zone::paris, Practice::zone);
        first.map_or_else(practice, |(appointment, _)| self.zone_at(appointment.place))
    }

    fn zone_at(&self, place: PlaceId) -> Zone {
        let place = self.practice.and_then(|practice| practice.places.get(&place));
        let practice = || self.practice.map_or_else(Zone::paris, Practice::zone);
        place.map_or_else(practice, |place| place.zone.clone())
    }

    pub(super) fn patient_facts(
        &self,
        facts: &mut Facts,
        (letter, patient): (&Letter, &ForPatient),
        words: &Words<'_>,
    ) {
        if let Letter::Cancelled { by, .. } = letter {
            let by = match by {
                CancelledBy::Patient => "cancelled.patient",
                CancelledBy::Practice => "cancelled.practice",
            };
            facts.insert("cancelled", words.section(by));
        }
        if let Letter::Offered { until, .. } = letter {
            facts.insert("until", words.hour(*until));
        }
        if let Letter::Delayed { minutes, .. } = letter {
            facts.insert("minutes", minutes.to_string());
        }
        if let Letter::WaitingEnded { why } = letter {
            let why = match why {
                Left::PassedTooMany => "waiting_ended.passed",
                Left::Over => "waiting_ended.over",
                Left::Practice | Left::Patient => "waiting_ended.practice",
            };
            facts.insert("ended", words.section(why));
        }
        let name = self.practice.and_then(discreet::name_of);
        facts.insert(
            "practice",
            name.map_or_else(|| words.section("practice.none"), str::to_owned),
        );
        let line = name.map(|_| words.filled("appointment.practice", facts));
        facts.insert("practice_line", line.unwrap_or_default());
        let face = self.practice.and_then(|practice| practice.face.as_ref());
        facts.insert("phone", face.map(|face| shown_phone(&face.phone)).unwrap_or_default());
        let phone = face.filter(|face| !face.phone.is_empty());
        let call = phone.map(|_| format!("\n\n{}", words.filled("call", facts)));
        facts.insert("call", call.unwrap_or_default());
        facts.insert("stop", patient.stop.clone());
        if let Some((first, manage)) = patient.told.first() {
            let start = first.span.from.millis();
            facts.insert("day", words.weekday_and_day(start));
            facts.insert("hour", words.hour(start));
            facts.insert("hour_note", hour_note(words));
            facts.insert("place", self.address_of(first.place, words));
            facts.insert("manage", manage.clone());
            let block = words.filled("appointment", facts);
            facts.insert("appointment", block.trim_end().to_owned());
            facts.insert("dates", self.dates(letter, patient, words));
            let one_place = patient.told.iter().all(|(one, _)| one.place == first.place);
            let block = if one_place {
                "appointments"
            } else {
                "appointments.places"
            };
            let block = words.filled(block, facts);
            facts.insert("appointments", block.trim().to_owned());
        }
    }

    /// Each date, with its place where there are several, and below it the link to it where it stands.
    fn dates(&self, letter: &Letter, patient: &ForPatient, words: &Words<'_>) -> String {
        let first = patient.told.first().map(|(appointment, _)| appointment.place);
        let one_place = patient.told.iter().all(|(one, _)| Some(one.place) == first);
        let each = |(appointment, manage): &(Appointment, String)| {
            let zone = self.zone_at(appointment.place);
            let there = Words {
                locale: words.locale,
                zone: &zone,
            };
            let start = appointment.span.from.millis();
            let mut date = Facts::from([
                ("base", self.base.to_owned()),
                ("manage", manage.clone()),
                ("day", there.weekday_and_day(start)),
                ("hour", there.hour(start)),
                ("hour_note", hour_note(&there)),
            ]);
            let place = (!one_place).then(|| format!(", {}", self.address_of(appointment.place, words)));
            date.insert("place", place.unwrap_or_default());
            let line = if letter.is_end() { "date" } else { "date.link" };
            words.filled(line, &date)
        };
        let dates: Vec<String> = patient.told.iter().map(each).collect();
        dates.join("\n\n")
    }

    /// The address alone: a place's name may tell what it is for.
    fn address_of(&self, place: PlaceId, words: &Words<'_>) -> String {
        let place = self.practice.and_then(|practice| practice.places.get(&place));
        let address = place.map(|place| place.address.clone()).unwrap_or_default();
        if address.is_empty() {
            words.section("place.none")
        } else {
            address
        }
    }

    /// For the patient's own calendar, which others see: no link and nothing that the mail does not say.
    pub(super) fn calendar(&self, method: Method, facts: &Facts, words: &Words<'_>) -> Vec<Attachment> {
        let Some(patient) = self.patient else {
            return Vec::new();
        };
        let fact = |name: &str| facts.get(name).cloned().unwrap_or_default();
        let host = self.base.split_once("://").map_or(self.base, |(_, host)| host);
        let host = host.split([':', '/']).next().unwrap_or_default();
        let entry = |(appointment, _): &(Appointment, String)| CalendarEntry {
            // As the booking page names it in the file that it offers.
            uid: format!("{}@cabinet-en-ligne", appointment.booking),
            sequence: appointment.version,
            stamp: patient.at,
            span: appointment.span,
            summary: words.section("calendar.summary"),
            location: self.address_of(appointment.place, words),
            description: format!("{}{}", fact("practice_line"), fact("call")).trim().to_owned(),
            organizer: Some((fact("practice"), format!("ne-pas-repondre@{host}"))),
        };
        let entries: Vec<CalendarEntry> = patient.told.iter().map(entry).collect();
        vec![Attachment {
            name: "rendez-vous.ics".to_owned(),
            text: calendar_file::written(method, &entries),
            kind: match method {
                Method::Publish => Attachment::CALENDAR,
                Method::Cancel => Attachment::CALENDAR_END,
            },
        }]
    }
}

/// Where the hour is another than in Paris, that it is the place's.
fn hour_note(words: &Words<'_>) -> String {
    let elsewhere = *words.zone != Zone::paris();
    let note = elsewhere.then(|| format!(" {}", words.section("hour_note")));
    note.unwrap_or_default()
}

/// A French number as it is read out; others as they are.
#[must_use]
pub fn shown_phone(number: &str) -> String {
    match number.strip_prefix("+33") {
        Some(rest) if rest.len() == 9 && rest.is_ascii() => {
            let digits: Vec<char> = format!("0{rest}").chars().collect();
            let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
            pairs.join("\u{a0}")
        }
        Some(_) | None => number.to_owned(),
    }
}
