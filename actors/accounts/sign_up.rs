//! A new practice signs up: its owner with two factors, its first agenda, the evidence of what was accepted, all from one
//! form. Nothing is kept before the application's first code; then the account, the practice, the agenda, in this order, so
//! that an account without a practice opens nothing and its address stays free.
//!
//! Must not be here: the documents themselves, HTTP.

use super::ladder::Subject;
use super::record::AccountRecord;
use super::sign_in::Visitor;
use super::store::check_email;
use super::{AccountError, Accounts, Enrolment, Holder, SignedIn};
use crate::access::{leaf_origin, session_id};
use crate::agendas::Agendas;
use crate::directory::{Directory, DirectoryError, Sender};
use crate::order::Order;
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::{Command, Principal};
use cabinet_domain::identifiers::{Identifier, compact};
use cabinet_domain::ids::{AgendaId, AgendaKey, CommandId, PlaceId, PracticeId, StaffId, TypeId};
use cabinet_domain::mail::Letter;
use cabinet_domain::password;
use cabinet_domain::practice::{
    Acceptance, DocumentKind, Locale, Member, Notice, Place, PracticeEvent, PracticeFace, Practitioner, SLUG_BYTES_MAX,
};
use cabinet_domain::rights::{Level, Rights, Role};
use cabinet_domain::schedule::{AppointmentType, HolidayRegion, Opens, Profile};
use cabinet_domain::time::{CivilDate, UtcMillis, Zone};

/// Longest text of the form's fields, in bytes.
pub const FIELD_BYTES_MAX: usize = 120;
/// Practices with the same name that get an address of their own by a number.
const SAME_NAMES_MAX: u32 = 50;
/// Monday 2025-12-29 began an "A" week; practices change it in their settings.
const WEEK_A_MONDAY: CivilDate = CivilDate(20_451);

/// A document that was accepted, as it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Which.
    pub document: DocumentKind,
    /// Version.
    pub version: u32,
    /// SHA-256 of the text shown.
    pub sha256: [u8; 32],
}

/// The form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUp {
    /// Name of the practice.
    pub practice: String,
    /// Its address.
    pub address: String,
    /// Its phone, as shown.
    pub phone: String,
    /// Name of the owner.
    pub name: String,
    /// In what quality they sign for the practice.
    pub quality: String,
    /// Their profession, as shown.
    pub profession: String,
    /// Identifiers that were given.
    pub identifiers: Vec<(Identifier, String)>,
    /// What was accepted.
    pub accepted: Vec<Accepted>,
    /// In which language.
    pub locale: Locale,
    /// From which address.
    pub ip: String,
    /// With which browser, at most 512 bytes.
    pub user_agent: String,
}

/// A form that waits for the application's first code.
#[derive(Clone)]
pub(super) struct Form(SignUp);

impl Accounts {
    /// Begins a practice: judges the form and the password, draws a second factor. Answers the secret to finish with.
    ///
    /// # Errors
    /// [`AccountError::Invalid`], [`AccountError::Weak`], [`AccountError::AddressTaken`]; [`AccountError::HeldBack`] when the
    /// network has begun too many.
    pub async fn begin_sign_up(
        &self,
        form: SignUp,
        (email, password): (&str, &str),
        visitor: &Visitor,
    ) -> Result<(String, Enrolment), AccountError> {
        self.attempt(&[Subject::Network(visitor.network.clone())]).await?;
        let email = email.trim();
        check_email(email)?;
        check_form(&form)?;
        password::check(password, &[email, &form.name, &form.practice]).map_err(AccountError::Weak)?;
        let former = self.holder_of(&self.address_hash(email).await?).await?;
        if former.is_some_and(|former| self.belongs(former)) {
            return Err(AccountError::AddressTaken);
        }
        let hashed = self.0.hasher.hash(password).await?;
        let secret = hex::encode((self.0.entropy)());
        let key = session_id(&secret);
        let enrolment = self.propose(key, email, Some(hashed), None)?;
        let now = self.0.clock.now();
        self.0.forms.put(key, Form(form), (now, enrolment.until), u32::MAX)?;
        Ok((secret, enrolment))
    }

    /// Finishes a practice with the application's first code; its owner is signed in. Answers the recovery codes.
    ///
    /// # Errors
    /// [`AccountError::BeginAgain`], [`AccountError::WrongCode`], [`AccountError::AddressTaken`], [`AccountError::Invalid`].
    pub async fn finish_sign_up(
        &self,
        agendas: &Agendas,
        secret: &str,
        code: &str,
        visitor: &Visitor,
    ) -> Result<(SignedIn, Vec<String>), AccountError> {
        let key = session_id(secret);
        let (begun, last_step) = self.first_code(&key, code)?;
        let now = self.0.clock.now();
        let form = self.0.forms.try_once(&key, now).ok_or(AccountError::BeginAgain)?.0;
        let password = begun.password.ok_or(AccountError::BeginAgain)?;
        let holder = Holder {
            practice: PracticeId(self.draw()),
            staff: StaffId(self.draw()),
        };
        let (codes, recovery) = self.draw_recovery(holder).await?;
        let mut record = AccountRecord::begun(begun.email.clone(), password, (begun.secret, last_step), recovery, now);
        let (admitted, mut together) = self.admit(holder, &mut record, visitor);
        together.writes.extend(self.letter(holder, Letter::Welcome));
        let made = self.make(holder, &record, together).await;
        if matches!(made, Err(AccountError::LinkGone)) {
            // The ids are fresh: what was there before is the address.
            return Err(AccountError::AddressTaken);
        }
        made?;
        self.0.begun.remove(&key);
        let agenda = AgendaId(self.draw());
        if let Err(error) = found((&self.0.directory, visitor), holder, agenda, (&form, &begun.email)).await {
            self.delete(holder).await?;
            return Err(error);
        }
        self.0.forms.remove(&key);
        self.set_up(agendas, holder, agenda).await;
        Ok((self.admitted(admitted).await?, codes))
    }

    /// Gives a new agenda its first settings. The practice stands without them; its owner can give them later.
    async fn set_up(&self, agendas: &Agendas, holder: Holder, agenda: AgendaId) {
        let agenda = AgendaKey {
            practice: holder.practice,
            agenda,
        };
        for command in first_settings(TypeId(self.draw())) {
            let order = Order {
                agenda,
                command,
                principal: Principal::Staff(holder.staff),
                command_id: CommandId(self.draw()),
                digest: [0; 16],
                personal: Vec::new(),
                origin: LeafOrigin::default(),
                locale: None,
            };
            if let Err(error) = agendas.execute(order).await {
                tracing::warn!(?error, "a new agenda was not set up");
            }
        }
    }

    fn draw(&self) -> u128 {
        let drawn = (self.0.entropy)();
        u128::from_be_bytes(drawn.first_chunk().copied().unwrap_or_default())
    }
}

fn check_form(form: &SignUp) -> Result<(), AccountError> {
    let fields = [
        ("practice", &form.practice),
        ("address", &form.address),
        ("phone", &form.phone),
        ("name", &form.name),
        ("quality", &form.quality),
        ("profession", &form.profession),
    ];
    for (field, text) in fields {
        let plain = !text.chars().any(char::is_control) && text.trim().len() == text.len();
        if text.is_empty() || text.len() > FIELD_BYTES_MAX || !plain {
            return Err(AccountError::Invalid(field, "be 1 to 120 bytes on one line, trimmed"));
        }
    }
    if slug_of(&form.practice).is_empty() || slug_of(&form.name).is_empty() {
        return Err(AccountError::Invalid("practice and name", "have a letter or a digit"));
    }
    Ok(())
}

/// Makes the practice with its owner, their agenda and what they accepted, in one commit.
async fn found(
    (directory, visitor): (&Directory, &Visitor),
    holder: Holder,
    agenda: AgendaId,
    (form, email): (&SignUp, &str),
) -> Result<(), AccountError> {
    let name = slug_of(&form.practice);
    for number in 1..=SAME_NAMES_MAX {
        let slug = if number == 1 {
            name.clone()
        } else {
            format!("{name}-{number}")
        };
        let command_id = CommandId(holder.practice.0 ^ u128::from(number));
        let sender = Sender {
            principal: Principal::Staff(holder.staff),
            origin: leaf_origin(Some(Role::Owner), None, &visitor.origin.network),
        };
        let made = directory.decide(holder.practice, sender, command_id, |_, now| {
            Ok::<_, DirectoryError>(events((form, email), slug, (holder.staff, agenda), now))
        });
        match made.await {
            Ok(_) => return Ok(()),
            Err(DirectoryError::SlugTaken(_)) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a practice could not be made");
                return Err(AccountError::Busy);
            }
        }
    }
    Err(AccountError::Invalid("practice", "have a name of its own"))
}

fn events(
    (form, email): (&SignUp, &str),
    slug: String,
    (staff, agenda): (StaffId, AgendaId),
    now: UtcMillis,
) -> Vec<PracticeEvent> {
    let mut events = vec![
        PracticeEvent::FaceSet(PracticeFace {
            name: form.practice.clone(),
            slug,
            phone: form.phone.clone(),
            email: email.to_owned(),
            legal: legal(form),
        }),
        PracticeEvent::PlaceSet(Place {
            id: PlaceId(1),
            name: "Cabinet".to_owned(),
            address: form.address.clone(),
            zone: Zone::paris(),
        }),
        PracticeEvent::PractitionerSet(Practitioner {
            agenda,
            slug: slug_of(&form.name),
            name: form.name.clone(),
            profession: form.profession.clone(),
            colour: 0x00_0d_4f_47,
        }),
        PracticeEvent::MemberSet(Member {
            id: staff,
            name: form.name.clone(),
            role: Role::Owner,
            rights: Rights::everywhere(Level::Manage),
            agenda: Some(agenda),
            valid_from: now,
            valid_until: None,
        }),
        PracticeEvent::NoticePublished(notice(form, email)),
    ];
    events.extend(form.accepted.iter().map(|accepted| {
        PracticeEvent::DocumentAccepted(Acceptance {
            staff,
            document: accepted.document,
            version: accepted.version,
            sha256: accepted.sha256,
            locale: form.locale,
            accepted_at: now,
            ip: form.ip.clone(),
            user_agent: form.user_agent.clone(),
            signatory_name: form.name.clone(),
            signatory_quality: form.quality.clone(),
        })
    }));
    events
}

/// The legal notice of the public page (LCEN art. 6 III): who publishes it, with the identifiers that were given.
fn legal(form: &SignUp) -> String {
    let mut text = format!("{}, {}, {}.", form.practice, form.name, form.address);
    for (identifier, number) in &form.identifiers {
        let word = match identifier {
            Identifier::Rpps => "RPPS",
            Identifier::Adeli => "ADELI",
            Identifier::Siren => "SIREN",
            Identifier::Siret => "SIRET",
        };
        text.push_str(&format!(" {word} {}.", compact(number)));
    }
    text
}

/// The first privacy notice of a practice (GDPR art. 13); the practice may publish another.
fn notice(form: &SignUp, email: &str) -> Notice {
    let fill = |text: &str| {
        let text = text
            .replace("{practice}", &form.practice)
            .replace("{address}", &form.address);
        text.replace("{email}", email).replace("{phone}", &form.phone)
    };
    Notice {
        version: 1,
        french: fill(include_str!("notice.fr.txt")),
        english: fill(include_str!("notice.en.txt")),
    }
}

/// What an agenda needs before hours can be opened in it.
fn first_settings(kind: TypeId) -> [Command; 2] {
    [
        Command::SetProfile(Profile {
            zone: Zone::paris(),
            granularity_minutes: 15,
            hold_ttl_seconds: 600,
            holidays: HolidayRegion::Metropole,
            open_on_holidays: false,
            week_a_monday: WEEK_A_MONDAY,
        }),
        Command::SetType(AppointmentType {
            id: kind,
            name: "Consultation".to_owned(),
            duration_minutes: 30,
            buffer_before_minutes: 0,
            buffer_after_minutes: 0,
            colour: 0x00_2f_7d_6f,
            online: true,
            minimum_notice_minutes: 120,
            booking_window_days: 84,
            cancellation_cutoff_minutes: 24 * 60,
            daily_cap: None,
            opens: Opens::Rolling,
        }),
    ]
}

/// A name as an address: letters without their accents, digits, hyphens between words.
fn slug_of(name: &str) -> String {
    let plain = name.to_lowercase();
    let plain: String = plain.chars().map(plain_letter).collect();
    let words = plain.split(|character: char| !character.is_ascii_alphanumeric());
    let mut slug = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    // Room for a number behind it.
    slug.truncate(SLUG_BYTES_MAX - 4);
    slug.trim_end_matches('-').to_owned()
}

/// A letter without its accent, as French has them; ligatures by their first letter.
const fn plain_letter(letter: char) -> char {
    match letter {
        'à' | 'â' | 'ä' | 'á' | 'ã' | 'æ' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' | 'í' => 'i',
        'ñ' => 'n',
        'ô' | 'ö' | 'ó' | 'õ' | 'œ' => 'o',
        'ù' | 'û' | 'ü' | 'ú' => 'u',
        'ÿ' => 'y',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_addresses() {
        for (name, slug) in [
            ("Cabinet de l’Église", "cabinet-de-l-eglise"),
            ("  Dr. Zoé  Müller-Brûlé ", "dr-zoe-muller-brule"),
            ("Kiné 3", "kine-3"),
            ("針灸", ""),
        ] {
            assert_eq!(slug_of(name), slug);
        }
        assert!(slug_of(&"x y".repeat(60)).len() <= SLUG_BYTES_MAX - 4);
    }
}
