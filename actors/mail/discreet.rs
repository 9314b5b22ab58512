//! What a mail to a patient may call the practice: its name, unless that tells what it treats. A subject line is read over
//! shoulders.
//!
//! Must not be here: words of mails.

use cabinet_domain::practice::Practice;

/// Letters that two words must begin with alike to be taken for the same: "kinésithérapie" and "kinésithérapeute".
const STEM_CHARS: usize = 5;

/// How words begin that name what is treated, without accents: professions, specialities, organs, conditions.
const TELLING: &[&str] = &[
    "acupunct",
    "addict",
    "alcool",
    "allerg",
    "andrologu",
    "anesthes",
    "angiolog",
    "audiolog",
    "audioproth",
    "bariatr",
    "cancer",
    "cardio",
    "chirop",
    "chirurg",
    "dent",
    "dermat",
    "diabet",
    "dietet",
    "endocrin",
    "ergotherap",
    "fertilit",
    "gastro",
    "geriatr",
    "gerontol",
    "gyneco",
    "hemato",
    "haemato",
    "hepato",
    "hypno",
    "immuno",
    "infecti",
    "infirm",
    "ivg",
    "kine",
    "logoped",
    "massag",
    "masseu",
    "maternit",
    "midwi",
    "naturo",
    "nephro",
    "neuro",
    "nutrition",
    "obes",
    "obstetr",
    "oncolog",
    "ophtalm",
    "ophthalm",
    "orl",
    "ortho",
    "osteo",
    "pediatr",
    "paediatr",
    "pedicur",
    "perinat",
    "phleb",
    "physio",
    "pneumo",
    "podolog",
    "proct",
    "psy",
    "radio",
    "reeduc",
    "rheumat",
    "rhumat",
    "sexolog",
    "sommeil",
    "sophro",
    "stomat",
    "surg",
    "tabac",
    "therap",
    "traumat",
    "urolog",
    "vasculair",
    "venerol",
    "vih",
    "hiv",
];

/// The practice's name; none where it tells what is treated there, or is none.
pub(super) fn name_of(practice: &Practice) -> Option<&str> {
    let name = practice.face.as_ref()?.name.trim();
    let professions: Vec<String> = practice
        .practitioners
        .values()
        .flat_map(|one| words(&one.profession))
        .collect();
    let telling = words(name).any(|word| tells(&word) || professions.iter().any(|other| alike(&word, other)));
    (!telling && !name.is_empty()).then_some(name)
}

fn tells(word: &str) -> bool {
    TELLING.iter().any(|stem| word.starts_with(stem))
}

fn alike(one: &str, other: &str) -> bool {
    let common = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    common.count() >= STEM_CHARS
}

/// The words of a text in small letters, without accents.
fn words(text: &str) -> impl Iterator<Item = String> {
    let plain: String = text.chars().flat_map(char::to_lowercase).map(unaccented).collect();
    let words: Vec<String> = plain
        .split(|one: char| !one.is_alphanumeric())
        .map(str::to_owned)
        .collect();
    words.into_iter().filter(|word| !word.is_empty())
}

const fn unaccented(one: char) -> char {
    match one {
        'à' | 'â' | 'ä' | 'á' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' | 'í' => 'i',
        'ô' | 'ö' | 'ó' => 'o',
        'ù' | 'û' | 'ü' | 'ú' => 'u',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::ids::{AgendaId, PracticeId};
    use cabinet_domain::practice::{PracticeFace, Practitioner};

    fn practice(name: &str, profession: &str) -> Practice {
        let mut practice = Practice::new(PracticeId(1));
        practice.face = Some(PracticeFace {
            name: name.to_owned(),
            slug: "x".to_owned(),
            phone: String::new(),
            email: String::new(),
            legal: String::new(),
        });
        let practitioner = Practitioner {
            agenda: AgendaId(1),
            slug: "y".to_owned(),
            name: "Claire Morel".to_owned(),
            profession: profession.to_owned(),
            colour: 0,
        };
        practice.practitioners.insert(practitioner.agenda, practitioner);
        practice
    }

    #[test]
    fn a_name_that_tells_what_is_treated_is_left_out() {
        let shown = |name: &str, profession: &str| name_of(&practice(name, profession)).map(str::to_owned);
        for plain in ["Cabinet de la Gare", "Cabinet Morel & Roux", "Maison des Tilleuls"] {
            assert_eq!(shown(plain, "Masseuse-kinésithérapeute").as_deref(), Some(plain));
        }
        for telling in [
            "Cabinet de kinésithérapie de la Gare",
            "Centre de Psychiatrie",
            "GYNÉCOLOGIE du Port",
            "Cabinet dentaire",
            "Ostéo Lyon",
            "  ",
        ] {
            assert_eq!(shown(telling, ""), None, "{telling}");
        }
        assert_eq!(
            shown("Lumière du Zythologue", "Zythologie"),
            None,
            "as their own profession says"
        );
    }
}
