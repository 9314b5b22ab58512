//! A letter made into a mail: whom it names, when, in whose language and zone.
//!
//! Must not be here: the words themselves, sending.

use super::html;
use super::post::{Attachment, Envelope};
use super::text::{Facts, Words};
use super::{Documents, kept::MailId};
use cabinet_domain::anomaly::Rule;
use cabinet_domain::calendar_file::Method;
use cabinet_domain::ids::StaffId;
use cabinet_domain::mail::{Appointment, Daily, Letter, MemberChange, Whence};
use cabinet_domain::practice::{Acceptance, Locale, Practice};
use cabinet_domain::rights::Role;
use cabinet_domain::time::UtcMillis;

/// What a letter is made into a mail with.
pub(super) struct Composer<'a> {
    /// None: of the installation.
    pub(super) practice: Option<&'a Practice>,
    /// The platform's team, whose support may have looked in.
    pub(super) team: Option<&'a Practice>,
    /// Address that links begin with.
    pub(super) base: &'a str,
    /// Key that checkpoints are judged by.
    pub(super) public_key: &'a str,
    /// The documents that practices accept.
    pub(super) documents: &'a Documents,
    /// What a patient's mail says beside what it holds; none for all others.
    pub(super) patient: Option<&'a ForPatient>,
}

/// What a patient's mail says beside what it holds.
pub(super) struct ForPatient {
    /// In which language.
    pub(super) locale: Locale,
    /// The appointments that it tells of, each with the link to see and cancel it.
    pub(super) told: Vec<(Appointment, String)>,
    /// Link to have no more reminders; empty where there is none.
    pub(super) stop: String,
    /// When the mail was written down.
    pub(super) at: UtcMillis,
}

impl ForPatient {
    /// In French, without any appointment.
    pub(super) const fn plain(at: UtcMillis) -> Self {
        Self {
            locale: Locale::French,
            told: Vec::new(),
            stop: String::new(),
            at,
        }
    }
}

/// The language in which the practice accepted its contract last; French before.
fn locale_of(practice: &Practice) -> Locale {
    let latest = practice.acceptances.iter().max_by_key(|one| one.accepted_at);
    latest.map_or(Locale::French, |one| one.locale)
}

impl Composer<'_> {
    /// The mail, for `to`, whose name is that of this member.
    pub(super) fn compose(&self, id: &MailId, (to, staff): (String, Option<StaffId>), letter: &Letter) -> Envelope {
        let zone = self.zone_of();
        let words = Words {
            locale: self.language_of(letter),
            zone: &zone,
        };
        let mut facts = self.facts_of(letter, &words);
        if let Some(patient) = self.patient {
            self.patient_facts(&mut facts, (letter, patient), &words);
        }
        facts.insert("name", staff.map(|staff| self.name_of(staff)).unwrap_or_default());
        let practice = self.practice.and_then(|practice| practice.face.as_ref());
        let practice = practice.map(|face| face.name.clone());
        let footer = if letter.is_to_patient() {
            "footer.patient"
        } else if practice.is_some() {
            "footer"
        } else {
            "footer.installation"
        };
        facts.entry("practice").or_insert(practice.unwrap_or_default());
        let (subject, text) = words.letter(letter.name(), &facts);
        let footer = words.filled(footer, &facts);
        Envelope {
            id: id.opaque(),
            to,
            html: letter
                .is_to_patient()
                .then(|| html::page((words.language(), &subject), &text, &footer)),
            subject,
            text: format!("{text}\n\n-- \n{footer}\n"),
            language: words.language(),
            attachments: self.attachments(letter, &facts, &words),
        }
    }

    /// A patient's own, where they chose one; else the practice's.
    fn language_of(&self, letter: &Letter) -> Locale {
        if let Letter::PatientCode { locale, .. } = letter {
            return *locale;
        }
        if let Some(patient) = self.patient {
            return patient.locale;
        }
        self.practice.map_or(Locale::French, locale_of)
    }

    fn name_of(&self, staff: StaffId) -> String {
        let mut known = self.practice.iter().chain(&self.team);
        let member = known.find_map(|practice| practice.staff.get(&staff));
        member.map_or_else(String::new, |member| member.name.clone())
    }

    fn facts_of(&self, letter: &Letter, words: &Words<'_>) -> Facts {
        let mut facts = Facts::from([("base", self.base.to_owned())]);
        gravity_fact(&mut facts, letter, words);
        match letter {
            Letter::Welcome => {
                facts.insert("documents", self.accepted(words));
            }
            Letter::NewDevice { .. }
            | Letter::PasswordChanged { .. }
            | Letter::FactorChanged { .. }
            | Letter::EmailChanged { .. }
            | Letter::RecoveryCodeUsed { .. }
            | Letter::ResetAsked { .. } => whence_facts(&mut facts, letter, words),
            Letter::PatientCode { code, locale: _ } | Letter::EmailCode { code } => {
                facts.insert("code", code.clone());
            }
            Letter::Invited {
                secret,
                by,
                role,
                until,
            } => {
                facts.insert("secret", secret.clone());
                facts.insert("by", self.name_of(*by));
                facts.insert("role", role_in(words, *role));
                facts.insert("until", words.moment(*until));
            }
            Letter::MembersChanged { name, change, role, at } => {
                facts.insert("at", words.moment(*at));
                member_facts(&mut facts, (name, *role), *change, words);
            }
            Letter::GlassBroken {
                by,
                practitioner,
                at,
                until,
            } => {
                facts.insert("practitioner", practitioner.clone());
                self.opened_facts(&mut facts, *by, (*at, *until), words);
            }
            Letter::SupportGranted { agent, by, at, until } => {
                facts.insert("agent", self.name_of(*agent));
                self.opened_facts(&mut facts, *by, (*at, *until), words);
            }
            Letter::Alert { rule, staff, at, .. } | Letter::MemberLocked { rule, staff, at } => {
                alert_facts(&mut facts, (*rule, *at), words);
                facts.insert("staff", self.name_of(*staff));
            }
            Letter::ContractAsked { by: at } | Letter::Unused { from: at } | Letter::ReviewDue { since: at } => {
                facts.insert("at", words.moment(*at));
            }
            Letter::OfficerAlert { about, rule, at } => {
                officer_facts(&mut facts, about.as_deref(), (*rule, *at), words);
            }
            Letter::InstallationAlert { rule, at } => alert_facts(&mut facts, (*rule, *at), words),
            Letter::Daily { daily } => self.daily_facts(&mut facts, daily, words),
            Letter::Booked { .. }
            | Letter::Moved { .. }
            | Letter::Cancelled { .. }
            | Letter::Reminded { .. }
            | Letter::SeriesBooked { .. }
            | Letter::SeveralMoved { .. }
            | Letter::SeveralCancelled { .. }
            | Letter::Offered { .. }
            | Letter::WaitingEnded { .. }
            | Letter::Delayed { .. }
            | Letter::Trial => {}
        }
        facts
    }

    /// Of what somebody opens for a while.
    fn opened_facts(&self, facts: &mut Facts, by: StaffId, (at, until): (UtcMillis, UtcMillis), words: &Words<'_>) {
        facts.insert("by", self.name_of(by));
        facts.insert("at", words.moment(at));
        facts.insert("until", words.moment(until));
    }

    fn daily_facts(&self, facts: &mut Facts, daily: &Daily, words: &Words<'_>) {
        facts.insert("day", words.day(daily.day));
        facts.insert("entries", daily.entries.to_string());
        facts.insert("covered", daily.covered.to_string());
        facts.insert("key", self.public_key.to_owned());
        let checkpoint = if daily.checkpoint.is_some() {
            "checkpoint.some"
        } else {
            "checkpoint.none"
        };
        let checkpoint = words.filled(checkpoint, facts);
        facts.insert("checkpoint", checkpoint);
        let line = |(rule, count): &(cabinet_domain::anomaly::Rule, u32)| {
            let rule = words.section(&format!("rule.{}", rule.name()));
            format!("- {rule} ({count})")
        };
        let lines: Vec<String> = daily.alerts.iter().map(line).collect();
        facts.insert("lines", lines.join("\n"));
        facts.insert("open", daily.open.to_string());
        let some = if lines.is_empty() { "alerts.none" } else { "alerts.some" };
        let mut alerts = words.filled(some, facts);
        if daily.open > 0 {
            alerts = format!("{alerts}\n\n{}", words.filled("alerts.open", facts));
        }
        facts.insert("alerts", alerts);
    }

    /// What was accepted, a line each.
    fn accepted(&self, words: &Words<'_>) -> String {
        let acceptances = self.practice.map(|practice| practice.acceptances.as_slice());
        let line = |one: &Acceptance| {
            let title = words.section(&format!("document.{}", one.document.name()));
            let moment = words.moment(one.accepted_at);
            format!(
                "- {title}, version {}, {moment}\n  {}",
                one.version,
                hex::encode(one.sha256)
            )
        };
        let lines: Vec<String> = acceptances.unwrap_or_default().iter().map(line).collect();
        lines.join("\n")
    }

    fn attachments(&self, letter: &Letter, facts: &Facts, words: &Words<'_>) -> Vec<Attachment> {
        match letter {
            Letter::Welcome => {
                let acceptances = self.practice.map(|practice| practice.acceptances.as_slice());
                let copy = |one: &Acceptance| {
                    let text = (self.documents)(one.document, one.version, one.locale)?;
                    let name = format!("{}-{}.txt", one.document.name(), one.version);
                    Some(Attachment {
                        name,
                        text,
                        kind: Attachment::TEXT,
                    })
                };
                acceptances.unwrap_or_default().iter().filter_map(copy).collect()
            }
            Letter::Daily { daily } => {
                let attachment = |checkpoint: &String| Attachment {
                    name: format!("checkpoint-{}.txt", daily.day.to_jiff()),
                    text: checkpoint.clone(),
                    kind: Attachment::TEXT,
                };
                daily.checkpoint.iter().map(attachment).collect()
            }
            Letter::NewDevice { .. }
            | Letter::PasswordChanged { .. }
            | Letter::FactorChanged { .. }
            | Letter::RecoveryCodeUsed { .. }
            | Letter::SupportGranted { .. }
            | Letter::ResetAsked { .. }
            | Letter::PatientCode { .. }
            | Letter::EmailCode { .. }
            | Letter::EmailChanged { .. }
            | Letter::Invited { .. }
            | Letter::MembersChanged { .. }
            | Letter::GlassBroken { .. }
            | Letter::Alert { .. }
            | Letter::InstallationAlert { .. }
            | Letter::Unused { .. }
            | Letter::ContractAsked { .. }
            | Letter::MemberLocked { .. }
            | Letter::ReviewDue { .. }
            | Letter::OfficerAlert { .. }
            | Letter::Reminded { .. }
            | Letter::Offered { .. }
            | Letter::WaitingEnded { .. }
            | Letter::Delayed { .. }
            | Letter::Trial => Vec::new(),
            Letter::Booked { .. }
            | Letter::Moved { .. }
            | Letter::SeriesBooked { .. }
            | Letter::SeveralMoved { .. } => self.calendar(Method::Publish, facts, words),
            Letter::Cancelled { .. } | Letter::SeveralCancelled { .. } => self.calendar(Method::Cancel, facts, words),
        }
    }
}

/// How grave an alert is.
fn gravity_fact(facts: &mut Facts, letter: &Letter, words: &Words<'_>) {
    if let Letter::Alert { gravity, .. } = letter {
        facts.insert("gravity", words.section(&format!("gravity.{}", gravity.name())));
    }
}

/// Of an alert about a practice, by name, or about the installation.
fn officer_facts(facts: &mut Facts, practice: Option<&str>, what: (Rule, UtcMillis), words: &Words<'_>) {
    alert_facts(facts, what, words);
    let about = practice.map_or_else(|| words.section("about.installation"), str::to_owned);
    facts.insert("about", about);
}

/// From where somebody did something with their account, and what else is said of it.
fn whence_facts(facts: &mut Facts, letter: &Letter, words: &Words<'_>) {
    if let Letter::NewDevice { whence }
    | Letter::PasswordChanged { whence }
    | Letter::FactorChanged { whence }
    | Letter::EmailChanged { whence }
    | Letter::RecoveryCodeUsed { whence, .. }
    | Letter::ResetAsked { whence, .. } = letter
    {
        facts.insert("whence", whence_in(words, whence));
    }
    if let Letter::RecoveryCodeUsed { left, .. } = letter {
        facts.insert("left", left.to_string());
    }
    if let Letter::ResetAsked { secret, .. } = letter {
        facts.insert("secret", secret.clone());
    }
}

fn alert_facts(facts: &mut Facts, (rule, at): (Rule, UtcMillis), words: &Words<'_>) {
    facts.insert("rule", words.section(&format!("rule.{}", rule.name())));
    facts.insert("at", words.moment(at));
}

fn member_facts(facts: &mut Facts, (name, role): (&str, Option<Role>), change: MemberChange, words: &Words<'_>) {
    facts.insert("member", name.to_owned());
    facts.insert("role", role.map(|role| role_in(words, role)).unwrap_or_default());
    let change = match change {
        MemberChange::Joined => "joined",
        MemberChange::Changed => "changed",
        MemberChange::Removed => "removed",
    };
    let long = words.filled(&format!("change.{change}"), facts);
    facts.insert("change", long);
    facts.insert("change_short", words.section(&format!("change_short.{change}")));
}

fn role_in(words: &Words<'_>, role: Role) -> String {
    words.section(&format!("role.{}", role.name()))
}

fn whence_in(words: &Words<'_>, whence: &Whence) -> String {
    let known = |text: &str| {
        if text.is_empty() {
            words.section("unknown")
        } else {
            text.to_owned()
        }
    };
    let at: UtcMillis = whence.at;
    let facts = Facts::from([
        ("at", words.moment(at)),
        ("device", known(&whence.device)),
        ("network", known(&whence.network)),
    ]);
    words.filled("whence", &facts)
}
