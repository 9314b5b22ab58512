//! Who has access, as a file that a spreadsheet opens: values behind semicolons (RFC 4180 but for those), UTF-8 with its mark.
//! What a person typed cannot become a formula.
//!
//! Must not be here: who may have it (`routes::review`).

use cabinet_domain::practice::{Locale, Practice};
use cabinet_proto::v1::members::MembershipFace;
use cabinet_proto::v1::review::{AccessReview, AccessState, ExceptionalAccess, ReviewedMember};

/// Words by what they stand for: French, English.
const WORDS: &[(&str, [&str; 2])] = &[
    ("kind", ["Nature", "Kind"]),
    ("name", ["Nom", "Name"]),
    ("role", ["Rôle", "Role"]),
    ("rights", ["Droits sur les agendas", "Rights on agendas"]),
    ("since", ["Depuis", "Since"]),
    ("until", ["Jusqu’à", "Until"]),
    ("last", ["Dernière connexion", "Last sign-in"]),
    ("factors", ["Deuxième facteur", "Second factor"]),
    ("state", ["État", "State"]),
    ("why", ["Par qui et pourquoi", "By whom and why"]),
    ("member", ["membre", "member"]),
    ("invitation", ["invitation", "invitation"]),
    ("support", ["assistance", "support"]),
    ("glass", ["accès d’urgence", "emergency access"]),
    ("owner", ["titulaire", "owner"]),
    ("practitioner", ["praticien", "practitioner"]),
    ("replacement", ["remplaçant", "replacement"]),
    ("secretary", ["secrétaire", "secretary"]),
    ("accountant", ["comptable", "accountant"]),
    ("none", ["rien", "nothing"]),
    ("times", ["heures", "times"]),
    ("types", ["heures et motifs", "times and types"]),
    ("full", ["tout, avec les noms", "everything, with names"]),
    ("manage", ["tout, et les réglages", "everything, and settings"]),
    ("elsewhere", ["tous", "all"]),
    ("others", ["les autres", "the others"]),
    ("active", ["actif", "active"]),
    ("disabled", ["fermé faute d’usage", "closed for want of use"]),
    ("no_account", ["sans compte", "no account"]),
    ("locked", ["suspendu", "suspended"]),
    ("later", ["commence plus tard", "begins later"]),
    ("ended", ["terminé", "ended"]),
    ("invited", ["invité", "invited"]),
    ("never", ["jamais", "never"]),
    ("application", ["application", "application"]),
    ("passkey", ["clé d’accès", "passkey"]),
];
const COLUMNS: [&str; 10] = [
    "kind", "name", "role", "rights", "since", "until", "last", "factors", "state", "why",
];

/// What the file is called.
#[must_use]
pub const fn name(locale: Locale) -> &'static str {
    match locale {
        Locale::French => "revue-des-acces.csv",
        Locale::English => "access-review.csv",
    }
}

struct Writer<'a> {
    locale: Locale,
    practice: &'a Practice,
    zone: jiff::tz::TimeZone,
}

impl Writer<'_> {
    fn word(&self, key: &str) -> String {
        let place = match self.locale {
            Locale::French => 0,
            Locale::English => 1,
        };
        let known = WORDS.iter().find(|(word, _)| *word == key);
        let word = known.and_then(|(_, words)| words.get(place)).copied();
        word.unwrap_or(key).to_owned()
    }

    /// Minutes in the practice's zone, as spreadsheets read them; nothing for the beginning of time.
    fn moment(&self, millis: Option<i64>) -> String {
        let instant = millis.filter(|millis| *millis > 0);
        let instant = instant.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
        let civil = instant.map(|instant| instant.to_zoned(self.zone.clone()));
        civil.map_or_else(String::new, |civil| civil.strftime("%Y-%m-%d %H:%M").to_string())
    }

    fn agenda(&self, id: &str) -> String {
        let all = self.practice.practitioners.values();
        let known = all.into_iter().find(|one| one.agenda.to_string() == id);
        known.map_or_else(|| id.to_owned(), |one| one.name.clone())
    }

    fn rights(&self, membership: &MembershipFace) -> String {
        let named = &membership.levels.agendas;
        let others = if named.is_empty() { "elsewhere" } else { "others" };
        let elsewhere = format!("{} : {}", self.word(others), self.word(&membership.levels.elsewhere));
        let named = named
            .iter()
            .map(|one| format!("{} : {}", self.agenda(&one.agenda), self.word(&one.level)));
        named.chain([elsewhere]).collect::<Vec<_>>().join(", ")
    }

    fn member(&self, member: &ReviewedMember) -> [String; 10] {
        let factors: Vec<String> = member.factors.iter().map(|kind| self.word(kind)).collect();
        let state = match member.state {
            AccessState::Active => "active",
            AccessState::Disabled => "disabled",
            AccessState::NoAccount => "no_account",
            AccessState::Locked => "locked",
            AccessState::Later => "later",
            AccessState::Ended => "ended",
        };
        [
            self.word("member"),
            member.name.clone(),
            self.word(&member.membership.role),
            self.rights(&member.membership),
            self.moment(member.membership.from_ms),
            self.moment(member.membership.until_ms),
            member
                .last_sign_in_ms
                .map_or_else(|| self.word("never"), |at| self.moment(Some(at))),
            factors.join(", "),
            self.word(state),
            String::new(),
        ]
    }

    fn exceptional(&self, access: &ExceptionalAccess) -> [String; 10] {
        let agenda = access.agenda.as_deref();
        let agenda = agenda.map_or_else(|| self.word("elsewhere"), |agenda| self.agenda(agenda));
        let by = access.granted_by.iter().cloned();
        let why: Vec<String> = by.chain([access.reason.clone()]).collect();
        [
            self.word(&access.kind),
            access.who.clone(),
            String::new(),
            format!("{agenda} : {}", self.word(&access.level)),
            self.moment(Some(access.from_ms)),
            self.moment(Some(access.until_ms)),
            String::new(),
            String::new(),
            String::new(),
            why.join(", "),
        ]
    }
}

/// A value in quotes; what a spreadsheet would compute stays text (OWASP ASVS 5.0, 1.2.10).
fn quoted(value: &str) -> String {
    let computes = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if computes { "'" } else { "" };
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}

/// The file.
#[must_use]
pub fn text(review: &AccessReview, practice: &Practice, locale: Locale) -> String {
    let writer = Writer {
        locale,
        practice,
        zone: practice.zone().rules(),
    };
    let invitation = |one: &cabinet_proto::v1::members::InvitationFace| {
        [
            writer.word("invitation"),
            String::new(),
            writer.word(&one.membership.role),
            writer.rights(&one.membership),
            writer.moment(one.membership.from_ms),
            writer.moment(one.membership.until_ms),
            writer.word("never"),
            String::new(),
            writer.word("invited"),
            one.invited_by.clone(),
        ]
    };
    let rows = std::iter::once(COLUMNS.map(|column| writer.word(column)))
        .chain(review.members.iter().map(|member| writer.member(member)))
        .chain(review.invitations.iter().map(invitation))
        .chain(review.exceptional.iter().map(|access| writer.exceptional(access)));
    let line = |row: [String; 10]| row.map(|value| quoted(&value)).join(";") + "\r\n";
    std::iter::once("\u{feff}".to_owned()).chain(rows.map(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_somebody_typed_is_text_whatever_it_looks_like() {
        assert_eq!(quoted("Léa \"Petit\"; kiné"), "\"Léa \"\"Petit\"\"; kiné\"");
        for formula in ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(quoted(formula), format!("\"'{formula}\""));
        }
    }

    #[test]
    fn every_role_level_and_column_has_its_word_once() {
        let words: BTreeSet<&str> = WORDS.iter().map(|(word, _)| *word).collect();
        assert_eq!(words.len(), WORDS.len());
        let roles = cabinet_domain::rights::Role::ALL
            .into_iter()
            .filter(|role| !role.is_platform());
        let levels = cabinet_domain::rights::Level::ALL.into_iter().map(|level| level.name());
        for word in roles.map(|role| role.name()).chain(levels).chain(COLUMNS) {
            assert!(words.contains(word), "{word}");
        }
    }
}
