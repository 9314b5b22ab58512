//! What the pages without script say, French and English.
//!
//! Must not be here: markup.

use cabinet_domain::practice::Locale;

/// The words of one language; the French text of a field says what it is.
pub(super) struct Words {
    pub(super) locale: Locale,
    pub(super) lang: &'static str,
    pub(super) title: &'static str,
    pub(super) practice_lead: &'static str,
    pub(super) see_slots: &'static str,
    pub(super) kind: &'static str,
    pub(super) minutes: &'static str,
    pub(super) as_of: &'static str,
    pub(super) refresh: &'static str,
    pub(super) none: &'static str,
    pub(super) later: &'static str,
    pub(super) kept_until: &'static str,
    pub(super) given_name: &'static str,
    pub(super) family_name: &'static str,
    pub(super) email: &'static str,
    pub(super) phone: &'static str,
    pub(super) contact: &'static str,
    pub(super) notice: &'static str,
    pub(super) book: &'static str,
    pub(super) other: &'static str,
    pub(super) booked: &'static str,
    pub(super) mailed: &'static str,
    pub(super) keep: &'static str,
    pub(super) manage: &'static str,
    pub(super) cancel: &'static str,
    pub(super) cancelled: &'static str,
    pub(super) call: &'static str,
    pub(super) other_language: (&'static str, &'static str),
    mistakes: [(&'static str, &'static str); 5],
    problems: &'static [(&'static [&'static str], &'static str)],
    other_problem: &'static str,
}

/// What ends the hope for one slot, while others may be free.
const GONE: &[&str] = &[
    "slot_taken",
    "outside_hours",
    "absent",
    "off_grid",
    "in_the_past",
    "too_soon",
    "too_far_ahead",
    "type_unknown",
    "type_not_online",
];
const ENDED: &[&str] = &["hold_gone", "hold_expired"];
const BUSY: &[&str] = &["busy", "too_many_requests"];

static FRENCH: Words = Words {
    locale: Locale::French,
    lang: "fr",
    title: "Prendre rendez-vous",
    practice_lead: "Choisissez avec qui vous souhaitez prendre rendez-vous.",
    see_slots: "Voir les créneaux",
    kind: "Motif",
    minutes: "min",
    as_of: "Créneaux libres à",
    refresh: "Actualiser",
    none: "Aucun créneau n’est libre pour ce motif en ce moment. Appelez le cabinet, ou revenez plus tard.",
    later: "Jours suivants",
    kept_until: "Ce créneau vous est gardé jusqu’à",
    given_name: "Prénom",
    family_name: "Nom",
    email: "Adresse électronique",
    phone: "Téléphone",
    contact: "Une adresse électronique ou un numéro de téléphone suffit.",
    notice: "Ce que devient ce que vous écrivez ici",
    book: "Confirmer le rendez-vous",
    other: "Choisir un autre créneau",
    booked: "Votre rendez-vous est pris",
    mailed: "Si vous avez donné votre adresse électronique, une confirmation vous est envoyée.",
    keep: "Gardez cette page ouverte ou notez la date : sans JavaScript, elle est le moyen d’annuler en ligne.",
    manage: "La page de votre rendez-vous (avec JavaScript)",
    cancel: "Annuler ce rendez-vous",
    cancelled: "Votre rendez-vous est annulé",
    call: "Pour toute question :",
    other_language: ("en", "English"),
    mistakes: [
        ("given_name", "Écrivez votre prénom, 120 caractères au plus."),
        ("family_name", "Écrivez votre nom, 120 caractères au plus."),
        (
            "email",
            "Cette adresse électronique n’en est pas une : il y manque peut-être le @ ou le domaine.",
        ),
        ("phone", "Écrivez le numéro comme +33639981234 ou 06 39 98 12 34."),
        ("contact", "Donnez une adresse électronique ou un numéro de téléphone."),
    ],
    problems: &[
        (GONE, "Ce créneau n’est plus libre. Choisissez-en un autre ci-dessous."),
        (
            ENDED,
            "Le temps pendant lequel ce créneau vous était gardé est passé. Choisissez de nouveau un créneau.",
        ),
        (
            &["too_many"],
            "Trop de créneaux sont gardés en ce moment. Réessayez dans quelques minutes.",
        ),
        (
            &["too_late_to_cancel"],
            "Il est trop tard pour annuler en ligne. Appelez le cabinet.",
        ),
        (&["booking_unknown"], "Ce rendez-vous est déjà annulé ou n’existe plus."),
        (
            &["read_only"],
            "Ce cabinet ne prend pas de rendez-vous en ligne en ce moment. Appelez-le.",
        ),
        (
            BUSY,
            "Le serveur est très occupé. Rien n’a été fait ; réessayez dans un instant.",
        ),
        (
            &["malformed"],
            "Cette page n’a pas pu être lue. Rien n’a été fait ; choisissez de nouveau un créneau.",
        ),
    ],
    other_problem: "Cela n’a pas pu être fait. Choisissez de nouveau un créneau, ou appelez le cabinet.",
};

static ENGLISH: Words = Words {
    locale: Locale::English,
    lang: "en",
    title: "Book an appointment",
    practice_lead: "Choose whom you would like to see.",
    see_slots: "See free times",
    kind: "Reason",
    minutes: "min",
    as_of: "Free times at",
    refresh: "Refresh",
    none: "No time is free for this reason at the moment. Call the practice, or come back later.",
    later: "Following days",
    kept_until: "This time is kept for you until",
    given_name: "Given name",
    family_name: "Family name",
    email: "E-mail address",
    phone: "Phone",
    contact: "An e-mail address or a phone number is enough.",
    notice: "What becomes of what you write here",
    book: "Confirm the appointment",
    other: "Choose another time",
    booked: "Your appointment is booked",
    mailed: "If you gave your e-mail address, a confirmation is on its way.",
    keep: "Keep this page open or note the date: without JavaScript it is the way to cancel online.",
    manage: "The page of your appointment (with JavaScript)",
    cancel: "Cancel this appointment",
    cancelled: "Your appointment is cancelled",
    call: "For any question:",
    other_language: ("fr", "Français"),
    mistakes: [
        ("given_name", "Write your given name, 120 characters at most."),
        ("family_name", "Write your family name, 120 characters at most."),
        (
            "email",
            "This is no e-mail address: the @ or the domain may be missing.",
        ),
        ("phone", "Write the number like +33639981234 or 06 39 98 12 34."),
        ("contact", "Give an e-mail address or a phone number."),
    ],
    problems: &[
        (GONE, "This time is no longer free. Choose another below."),
        (
            ENDED,
            "The time for which it was kept for you has passed. Choose a time again.",
        ),
        (
            &["too_many"],
            "Too many times are being kept at the moment. Try again in a few minutes.",
        ),
        (
            &["too_late_to_cancel"],
            "It is too late to cancel online. Call the practice.",
        ),
        (
            &["booking_unknown"],
            "This appointment is cancelled already, or no longer there.",
        ),
        (
            &["read_only"],
            "This practice takes no appointments online at the moment. Call it.",
        ),
        (
            BUSY,
            "The server is very busy. Nothing was done; try again in a moment.",
        ),
        (
            &["malformed"],
            "This page could not be read. Nothing was done; choose a time again.",
        ),
    ],
    other_problem: "This could not be done. Choose a time again, or call the practice.",
};

impl Words {
    pub(super) fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::French => &FRENCH,
            Locale::English => &ENGLISH,
        }
    }

    /// What is wrong with a field, and what to write.
    pub(super) fn mistake(&self, field: &str) -> &'static str {
        let found = self.mistakes.iter().find(|(name, _)| *name == field);
        found.map_or(self.other_problem, |(_, text)| text)
    }

    /// What an error code means here, and what to do.
    pub(super) fn problem(&self, code: &str) -> &'static str {
        let found = self.problems.iter().find(|(codes, _)| codes.contains(&code));
        found.map_or(self.other_problem, |(_, text)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::problem::TABLE;

    #[test]
    fn codes_are_codes_and_both_languages_know_the_same() {
        let codes =
            |words: &Words| -> Vec<&str> { words.problems.iter().flat_map(|(codes, _)| *codes).copied().collect() };
        assert_eq!(codes(&FRENCH), codes(&ENGLISH));
        for code in codes(&FRENCH) {
            assert!(TABLE.iter().any(|row| row.code == code), "{code}");
        }
    }
}
