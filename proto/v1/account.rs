//! Bodies of the HTTP API about accounts, under `/api/v1/account`: signing in with two factors, using a link that makes or
//! mends an account, one's own security.
//!
//! Anyone: `POST /account/sign-in` [`PasswordSignIn`] -> [`Challenge`]; `POST /account/second-factor` [`SecondFactor`] ->
//! `StaffMe` and the cookie. Whoever holds a link: `POST /account/link` [`LinkHolder`] -> [`LinkFace`];
//! `POST /account/activation` [`ActivationRequest`] -> [`Enrolment`]; `POST /account/activation/finish` [`ActivationCode`] ->
//! [`Activated`] and the cookie; `POST /account/reset` [`ResetRequest`] -> `StaffMe` and the cookie.
//!
//! Signed in: `GET /account` -> [`AccountFace`]; `POST /account/step-up` [`StepUpRequest`] -> [`SteppedUp`];
//! `POST /account/password` [`PasswordChange`]; `POST /account/recovery-codes` -> [`RecoveryCodes`];
//! `POST /account/application` -> [`Enrolment`]; `POST /account/application/finish` [`StepUpRequest`];
//! `POST /account/sessions/end` [`SessionEnd`]; `POST /account/email` [`EmailChange`] -> [`SteppedUp`], until when its code is good;
//! `POST /account/email/finish` [`EmailCode`].
//!
//! Passkeys. Anyone: `POST /account/passkey-sign-in` -> [`PasskeyChallenge`]; `POST /account/passkey-sign-in/finish`
//! [`PasskeySignIn`] -> `StaffMe` and the cookie. Signed in: `POST /account/passkeys` -> [`PasskeyCeremony`];
//! `POST /account/passkeys/finish` [`NewPasskey`] -> [`PasskeyFace`]; `POST /account/passkeys/remove` [`PasskeyRemoval`];
//! `POST /account/step-up/passkey` -> [`PasskeyCeremony`]; `POST /account/step-up/passkey/finish` [`ShownPasskey`] ->
//! [`SteppedUp`].
//!
//! A new practice, anyone: `GET /documents` -> [`Documents`]; `POST /account/sign-up` [`SignUpRequest`] -> [`SignUpBegun`];
//! `POST /account/sign-up/finish` [`SignUpCode`] -> [`Activated`] and the cookie.

use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;
use utoipa::ToSchema;

mod passkeys;

pub use passkeys::{
    NewPasskey, PasskeyCeremony, PasskeyChallenge, PasskeyFace, PasskeyRemoval, PasskeySignIn, ShownPasskey,
};

use super::http::StaffMe;

/// First step of signing in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordSignIn {
    /// E-mail address of the account.
    pub email: String,
    /// Password.
    pub password: String,
}

/// The password was right: the second factor is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Challenge {
    /// To be sent back with the code.
    pub challenge: String,
    /// Good until then.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// Second step of signing in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactor {
    /// Of the first step.
    pub challenge: String,
    /// Six digits of the application, or a recovery code.
    pub code: String,
    /// After `lock_to_acknowledge`: the only owner has seen why they are locked, and is released by signing in.
    #[serde(default)]
    #[ts(optional)]
    pub acknowledged: Option<bool>,
}

/// Asks for another address to sign in with: a code is mailed to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailChange {
    /// The new address.
    pub email: String,
}

/// Shows that somebody reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailCode {
    /// Eight digits.
    pub code: String,
}

/// What a practice is asked to accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ContractFace {
    /// Names of the documents: `terms`, `processing`.
    pub documents: Vec<String>,
    /// The practice is read-only from then on without it.
    #[ts(type = "number")]
    pub accept_by_ms: i64,
    /// It is.
    pub read_only: bool,
}

/// An owner accepts documents for the practice, in the versions in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractAcceptance {
    /// The sender's number for the command.
    pub command_id: String,
    /// In which language they were read: `fr` or `en`.
    pub locale: String,
    /// In what quality they sign for the practice.
    pub quality: String,
    /// Version of the terms.
    pub terms: Option<u32>,
    /// Version of the processing contract.
    pub processing: Option<u32>,
    /// Version of the policy.
    pub policy: Option<u32>,
}

/// Asks for a link by mail, for a password that was forgotten. The answer is the same whether there is such an account or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgottenRequest {
    /// Address of the account.
    pub email: String,
}

/// A link's secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkHolder {
    /// The secret.
    pub link: String,
}

/// What a link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// Become a member of the practice, with an account.
    Join,
    /// Make the account of a member who has none.
    Activate,
    /// Choose another password; the second factor is still asked for.
    Reset,
    /// Sign in at once: where the installation asks for no accounts.
    SignIn,
}

/// What a link gives, before it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct LinkFace {
    /// What it is good for.
    pub purpose: LinkPurpose,
    /// Name of the practice.
    pub practice: String,
    /// Name of the member; none for whoever is invited and has not said it yet.
    pub staff: Option<String>,
    /// Role that it gives.
    pub role: String,
}

/// Begins an account: the password is judged, a second factor is proposed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivationRequest {
    /// The link's secret.
    pub link: String,
    /// Name as colleagues will see it; for invitations.
    pub name: Option<String>,
    /// E-mail address to sign in with.
    pub email: String,
    /// Password.
    pub password: String,
}

/// A second factor to be put into an application (RFC 6238).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Enrolment {
    /// The secret in base 32, for typing.
    pub secret: String,
    /// The same as an address that applications open.
    pub uri: String,
    /// The address as a picture to be scanned (SVG document).
    pub picture: String,
    /// To be finished by then.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// Finishes an account with the application's first code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivationCode {
    /// The link's secret.
    pub link: String,
    /// Six digits.
    pub code: String,
}

/// The account stands, and its owner is signed in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Activated {
    /// Who.
    pub me: StaffMe,
    /// Codes for the day the telephone is lost; shown once.
    pub recovery_codes: Vec<String>,
}

/// Chooses another password with a link; the second factor is still asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// The link's secret.
    pub link: String,
    /// New password.
    pub password: String,
    /// Six digits of the application, or a recovery code.
    pub code: String,
}

/// One's own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AccountFace {
    /// E-mail address.
    pub email: String,
    /// Name.
    pub staff: String,
    /// Role in the practice.
    pub role: String,
    /// Recovery codes not used yet.
    pub recovery_codes_left: u32,
    /// The password was last changed then.
    #[ts(type = "number")]
    pub password_since_ms: i64,
    /// The second factor counts as recent until then; in the past: it has to be shown again first.
    #[ts(type = "number")]
    pub stepped_up_until_ms: i64,
    /// Whether passkeys are offered here.
    pub passkeys_offered: bool,
    /// Passkeys, the oldest first; at most ten.
    pub passkeys: Vec<PasskeyFace>,
    /// Sign-ins that stand, this one first, then the latest used.
    pub sessions: Vec<AccountSession>,
    /// The server's clock.
    #[ts(type = "number")]
    pub now_ms: i64,
}

/// A sign-in that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AccountSession {
    /// Its id; tells nothing of its token.
    pub id: String,
    /// Browser and system, as far as they say.
    pub device: String,
    /// Network it signed in from: the first half of the address.
    pub network: String,
    /// Signed in then.
    #[ts(type = "number")]
    pub since_ms: i64,
    /// Last use that was noted, to ten minutes.
    #[ts(type = "number")]
    pub used_ms: i64,
    /// This very one.
    pub current: bool,
}

/// Shows the second factor again, or for the first time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepUpRequest {
    /// Six digits of the application, or a recovery code where it says so.
    pub code: String,
}

/// The second factor was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SteppedUp {
    /// It counts as recent until then.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// Changes the password; every other sign-in ends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// Password until now.
    pub current: String,
    /// New password.
    pub password: String,
}

/// New recovery codes; the former are void. Shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct RecoveryCodes {
    /// The codes.
    pub codes: Vec<String>,
}

/// Ends sign-ins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionEnd {
    /// Which; none: all but this one.
    pub session: Option<String>,
}

/// A document that practices accept, in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DocumentFace {
    /// `terms`, `processing` (the contract of GDPR art. 28) or `policy`.
    pub name: String,
    /// Version, from 1.
    pub version: u32,
    /// French text: the title is its first line, paragraphs are separated by blank lines.
    pub french: String,
    /// English text.
    pub english: String,
    /// SHA-256 of the French text, in hexadecimal.
    pub french_sha256: String,
    /// SHA-256 of the English text.
    pub english_sha256: String,
}

/// The documents in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Documents {
    /// All of them.
    pub documents: Vec<DocumentFace>,
    /// Whether a new practice may sign up here.
    pub sign_up_open: bool,
}

/// Begins a practice.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUpRequest {
    /// Name of the practice.
    pub practice: String,
    /// Its address, on one line.
    pub address: String,
    /// Its phone, as shown.
    pub phone: String,
    /// Name of the owner.
    pub name: String,
    /// In what quality they sign for the practice.
    pub quality: String,
    /// Their profession, as shown.
    pub profession: String,
    /// RPPS, if given.
    pub rpps: Option<String>,
    /// ADELI, if given.
    pub adeli: Option<String>,
    /// SIREN, if given.
    pub siren: Option<String>,
    /// SIRET, if given.
    pub siret: Option<String>,
    /// E-mail address to sign in with.
    pub email: String,
    /// Password.
    pub password: String,
    /// `fr` or `en`: in which language the documents were shown.
    pub locale: String,
    /// Version of the terms that was accepted.
    pub terms: Option<u32>,
    /// Version of the processing contract that was accepted.
    pub processing: Option<u32>,
    /// Version of the privacy policy that was read.
    pub policy: Option<u32>,
}

/// What looks wrong with an identifier; it is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct IdentifierDoubt {
    /// `rpps`, `adeli`, `siren` or `siret`.
    pub identifier: String,
    /// `identifier_length`, `identifier_character` or `identifier_check_digit`.
    pub doubt: String,
}

/// A practice is begun: the second factor is proposed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct SignUpBegun {
    /// To be sent back with the code.
    pub sign_up: String,
    /// The second factor.
    pub enrolment: Enrolment,
    /// What looks wrong with the identifiers.
    pub doubts: Vec<IdentifierDoubt>,
}

/// Finishes a practice with the application's first code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUpCode {
    /// Of the first step.
    pub sign_up: String,
    /// Six digits.
    pub code: String,
}

macro_rules! secretive {
    ($($type:ident),+ $(,)?) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($type))
            }
        }
    )+};
}

// What carries a secret is never written out by accident.
secretive!(
    PasskeySignIn,
    NewPasskey,
    ShownPasskey,
    PasswordSignIn,
    SecondFactor,
    LinkHolder,
    ActivationRequest,
    Enrolment,
    ActivationCode,
    Activated,
    ResetRequest,
    StepUpRequest,
    PasswordChange,
    RecoveryCodes,
    SignUpRequest,
    SignUpBegun,
    SignUpCode
);
