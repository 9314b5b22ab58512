//! Patients' mails as they are written: nothing in them tells what somebody comes for, whatever practices are called; and what
//! they look like stays as the samples in `tests/mail/samples`, which other programs read (`tests/mail/test_calendar.py`).

use super::compose::{Composer, ForPatient};
use super::kept::MailId;
use super::post::Envelope;
use super::{Documents, discreet};
use cabinet_domain::event::CancelledBy;
use cabinet_domain::ids::{AgendaId, BookingId, HoldId, PlaceId, PracticeId};
use cabinet_domain::mail::{Appointment, Letter, Reminder, Several};
use cabinet_domain::practice::{Locale, Place, Practice, PracticeFace, Practitioner};
use cabinet_domain::time::{Span, UtcMillis, UtcMinute, Zone};
use cabinet_domain::waiting::Left;
use std::path::PathBuf;
use std::sync::Arc;

/// Words of types, specialities, notes and names: none belongs into a mail.
const TELLTALES: &[&str] = &[
    "Psychiatrie",
    "psychiatre",
    "Gynécologie",
    "gynécologue",
    "Kinésithérapie",
    "masseuse-kinésithérapeute",
    "IVG",
    "Dépistage VIH",
    "vasectomie",
    "Addictologie",
    "addictologue",
    "fertilité",
    "sevrage",
    "dépression",
    "Oncologie",
    "oncologue",
    "Ostéopathie",
    "ostéopathe",
    "Sage-femme",
    "sage-femme",
    "Urologie",
    "urologue",
    "Dentaire",
    "dentiste",
    "Consultation de suivi",
    "Première consultation",
    "Claire Morel",
    "Morel",
    "Léa",
    "Petit",
    "claire-morel",
];
const BASE: &str = "https://agenda.example.org";

/// Numbers that follow from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    fn telltale(&mut self) -> &'static str {
        TELLTALES[self.below(TELLTALES.len())]
    }

    fn practice(&mut self) -> Practice {
        let speciality = self.below(22);
        let name = match self.below(4) {
            0 => "Cabinet de la Gare".to_owned(),
            1 => "Maison des Tilleuls & Co".to_owned(),
            2 => format!("Cabinet de {}", TELLTALES[speciality].to_lowercase()),
            _ => format!("Centre {}", TELLTALES[speciality].to_uppercase()),
        };
        let mut practice = Practice::new(PracticeId(1));
        practice.face = Some(PracticeFace {
            name,
            slug: format!("cabinet-{}", self.telltale()),
            phone: "+33199001234".to_owned(),
            email: format!("{}@example.org", self.telltale()),
            legal: self.telltale().to_owned(),
        });
        let zones = ["Europe/Paris", "Indian/Reunion", "America/Martinique", "Pacific/Tahiti"];
        let place = Place {
            id: PlaceId(2),
            name: format!("Salle {}", self.telltale()),
            address: ["", "1, rue de la Gare; 69003 Lyon", "12 quai <du> Port"][self.below(3)].to_owned(),
            zone: Zone::new(zones[self.below(4)]).unwrap(),
        };
        practice.places.insert(place.id, place);
        let practitioner = Practitioner {
            agenda: AgendaId(3),
            slug: "claire-morel".to_owned(),
            name: "Claire Morel".to_owned(),
            profession: TELLTALES[speciality].to_owned(),
            colour: 0,
        };
        practice.practitioners.insert(practitioner.agenda, practitioner);
        practice
    }

    fn appointment(&mut self) -> Appointment {
        let start = 29_900_000 + i64::try_from(self.below(2_000_000)).unwrap();
        Appointment {
            agenda: AgendaId(3),
            booking: BookingId(u128::from(self.0)),
            span: Span::starting(UtcMinute(start), 30),
            place: PlaceId(2),
            version: self.0 % 1_000,
        }
    }
}

fn letters(appointment: &Appointment) -> Vec<Letter> {
    let cancelled = |by| Letter::Cancelled {
        appointment: appointment.clone(),
        by,
    };
    let next = |days: i64| Appointment {
        span: Span::starting(appointment.span.from.plus(days * 24 * 60), 30),
        booking: BookingId(appointment.booking.0 + 1),
        place: PlaceId(if days > 7 { 4 } else { 2 }),
        ..appointment.clone()
    };
    let several = |days| {
        let [several] = Several::gather(&[appointment.clone(), next(days)]).try_into().unwrap();
        several
    };
    let ended = |why| Letter::WaitingEnded { why };
    vec![
        Letter::Offered {
            offer: appointment.clone(),
            hold: HoldId(1),
            until: UtcMillis(1_795_348_800_000),
        },
        Letter::Delayed {
            appointment: appointment.clone(),
            minutes: 40,
        },
        ended(Left::Practice),
        ended(Left::PassedTooMany),
        ended(Left::Over),
        Letter::SeriesBooked { several: several(7) },
        Letter::SeveralMoved { several: several(14) },
        Letter::SeveralCancelled { several: several(14) },
        Letter::Booked {
            appointment: appointment.clone(),
        },
        Letter::Moved {
            appointment: appointment.clone(),
        },
        cancelled(CancelledBy::Patient),
        cancelled(CancelledBy::Practice),
        Letter::Reminded {
            appointment: appointment.clone(),
            reminder: Reminder::Day,
        },
    ]
}

fn written(practice: &Practice, letter: &Letter, locale: Locale) -> Envelope {
    let documents: Documents = Arc::new(|_, _, _| None);
    let patient = ForPatient {
        locale,
        told: letter
            .appointments()
            .into_iter()
            .map(|appointment| (appointment, "bGllbg".to_owned()))
            .collect(),
        stop: "YXJyZXQ".to_owned(),
        at: UtcMillis(1_795_348_800_000),
    };
    let composer = Composer {
        practice: Some(practice),
        team: None,
        base: BASE,
        public_key: "",
        documents: &documents,
        patient: Some(&patient),
    };
    let id = MailId::new(UtcMillis(1), 2, &[3; 32]);
    composer.compose(&id, ("patient@example.org".to_owned(), None), letter)
}

/// Everything that a patient's program and whoever looks over a shoulder can read, folded lines put together.
fn all_of(mail: &Envelope) -> String {
    let attached: String = mail
        .attachments
        .iter()
        .map(|one| format!("{} {} {}\n", one.name, one.kind, one.text.replace("\r\n ", "")))
        .collect();
    let html = mail.html.clone().unwrap_or_default();
    format!("{}\n{}\n{html}\n{attached}", mail.subject, mail.text).to_lowercase()
}

fn telling(text: &str) -> Vec<&'static str> {
    let found = TELLTALES.iter().filter(|word| text.contains(&word.to_lowercase()));
    found.copied().collect()
}

#[test]
fn no_mail_to_a_patient_tells_what_they_come_for() {
    let mut dice = Dice(20_261_130);
    let mut named = 0;
    for _ in 0..100 {
        let (practice, appointment) = (dice.practice(), dice.appointment());
        named += usize::from(discreet::name_of(&practice).is_some());
        for letter in letters(&appointment) {
            for locale in [Locale::French, Locale::English] {
                let mail = written(&practice, &letter, locale);
                let text = all_of(&mail);
                assert_eq!(telling(&text), [] as [&str; 0], "{mail:?}");
                assert!(!text.contains('{') || !text.contains("{day}"), "a place is not filled");
                assert!(mail.html.is_some());
                let links = text.matches(&format!("{BASE}/rdv#bgllbg")).count();
                assert_eq!(links > 0, !letter.is_end());
                assert_eq!(text.contains("#yxjyzxq"), matches!(letter, Letter::Reminded { .. }));
            }
        }
    }
    assert!((20..80).contains(&named), "both kinds of practices were there: {named}");
}

/// That the search finds what is there: in the text, in the HTML and in a calendar file's folded line.
#[test]
fn a_telltale_that_is_planted_is_found() {
    let mut dice = Dice(7);
    let mut practice = dice.practice();
    let place = practice.places.get_mut(&PlaceId(2)).unwrap();
    place.address = format!("{} hôpital de jour, service d’addictologie", "rue ".repeat(14));
    let appointment = dice.appointment();
    let booked = &Letter::Booked { appointment };
    let mail = written(&practice, booked, Locale::French);
    assert_eq!(telling(&all_of(&mail)), ["Addictologie"]);
    for part in [
        mail.text.clone(),
        mail.html.clone().unwrap(),
        mail.attachments[0].text.replace("\r\n ", ""),
    ] {
        assert_eq!(telling(&part.to_lowercase()), ["Addictologie"]);
    }
}

fn sample_practice() -> Practice {
    let mut practice = Practice::new(PracticeId(1));
    practice.face = Some(PracticeFace {
        name: "Cabinet \"de la\" Gare; étage 2, porte B".to_owned(),
        slug: "x".to_owned(),
        phone: "+33199001234".to_owned(),
        email: String::new(),
        legal: String::new(),
    });
    let place = Place {
        id: PlaceId(2),
        name: "Cabinet".to_owned(),
        address: "Résidence « Les Tilleuls », bâtiment B; 12, avenue de la République, 69003 Lyon".to_owned(),
        zone: Zone::paris(),
    };
    practice.places.insert(place.id, place);
    practice
}

/// With `UPDATE=1` the samples are written anew.
#[test]
fn the_samples_are_what_is_sent() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/mail/samples");
    let appointment = Appointment {
        agenda: AgendaId(3),
        booking: BookingId(0x1f),
        span: Span::starting(UtcMinute(29_923_680), 30),
        place: PlaceId(2),
        version: 41,
    };
    let moved = Appointment {
        span: Span::starting(UtcMinute(29_923_740), 30),
        version: 42,
        ..appointment.clone()
    };
    let end = Letter::Cancelled {
        appointment: Appointment {
            version: 43,
            ..moved.clone()
        },
        by: CancelledBy::Practice,
    };
    let letters = [
        ("booked", Letter::Booked { appointment }),
        ("moved", Letter::Moved { appointment: moved }),
        ("cancelled", end),
    ];
    for (name, letter) in letters {
        let mail = written(&sample_practice(), &letter, Locale::French);
        let file = folder.join(format!("{name}.ics"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, &mail.attachments[0].text).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            mail.attachments[0].text,
            "{name}"
        );
    }
}
