//! Passkeys (W3C Web Authentication, level 2): a key in a telephone, a computer or a stick that also asks for a finger, a face or
//! a PIN, so that it is both factors in one, and is good at this site's own address alone. An account may have several beside
//! its password and application, which stay.
//!
//! Must not be here: how keys are judged (`webauthn_rs`), HTTP.

use super::passkey_rows::{Passkey, PasskeyRow, place};
use super::record::AccountRecord;
use super::sign_in::Visitor;
use super::store::Together;
use super::{AccountError, Accounts, CHALLENGE_SECONDS, Door, Holder, SignedIn};
use crate::access::{SessionId, Strength, session_id};
use cabinet_domain::audit::Act;
use cabinet_domain::time::UtcMillis;
use std::sync::Arc;
use webauthn_rs::Webauthn;
use webauthn_rs::WebauthnBuilder;
use webauthn_rs::prelude::{
    AuthenticationResult, CreationChallengeResponse, DiscoverableAuthentication, DiscoverableKey,
    PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid,
    WebauthnError,
};

/// Passkeys of one account.
pub const PASSKEYS_MAX: usize = 10;
/// Longest name of one, in bytes.
pub const PASSKEY_NAME_BYTES_MAX: usize = 60;
/// What a browser's window says the key is for.
const SITE_NAME: &str = "Cabinet en Ligne";

/// A ceremony that a browser carries out.
#[derive(Debug, Clone, PartialEq)]
pub struct Ceremony {
    /// To be sent back where nobody is signed in yet; none elsewhere.
    pub challenge: Option<String>,
    /// Options as browsers read them (`PublicKeyCredentialCreationOptionsJSON`, `PublicKeyCredentialRequestOptionsJSON`).
    pub options: serde_json::Value,
    /// To be finished by then.
    pub until: UtcMillis,
}

/// A passkey, as its owner is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyFace {
    /// Its id: of the key's own id a hash.
    pub id: [u8; 32],
    /// As its owner calls it.
    pub name: String,
    /// Since when.
    pub made: UtcMillis,
    /// Last used then; none: never yet.
    pub used: Option<UtcMillis>,
}

/// The site that keys are made for: its name is an address's host and stays theirs for ever.
#[derive(Clone)]
pub(super) struct Site(Arc<Webauthn>);

impl Site {
    /// The site of the first of these origins whose host is a name (an address of numbers has no keys), at every one with the
    /// same host; none where there is no such.
    fn of(origins: &[String]) -> Option<Self> {
        let origins: Vec<Url> = origins.iter().filter_map(|origin| Url::parse(origin).ok()).collect();
        let first = origins.iter().find(|origin| origin.domain().is_some())?;
        let host = first.domain()?;
        let mut builder = WebauthnBuilder::new(host, first).ok()?.rp_name(SITE_NAME);
        for origin in origins.iter().filter(|origin| origin.domain() == Some(host)) {
            builder = builder.append_allowed_origin(origin);
        }
        Some(Self(Arc::new(builder.build().ok()?)))
    }
}

/// What waits for a browser's answer.
#[derive(Clone)]
pub(super) enum Asked {
    Registration(Box<PasskeyRegistration>),
    SignIn(Box<DiscoverableAuthentication>),
    StepUp(Box<PasskeyAuthentication>),
}

fn refused(error: &WebauthnError) -> AccountError {
    tracing::debug!(%error, "a passkey was refused");
    AccountError::WrongPasskey
}

fn parsed<T: serde::de::DeserializeOwned>(credential: &serde_json::Value) -> Result<T, AccountError> {
    serde_json::from_value(credential.clone()).map_err(|_| AccountError::WrongPasskey)
}

fn options_of(answer: &impl serde::Serialize) -> Result<serde_json::Value, AccountError> {
    serde_json::to_value(answer).map_err(|_| AccountError::Busy)
}

/// Keys have to be found without an address being typed first.
fn discoverable(mut options: CreationChallengeResponse) -> Result<serde_json::Value, AccountError> {
    if let Some(selection) = &mut options.public_key.authenticator_selection {
        selection.require_resident_key = true;
    }
    let mut options = options_of(&options.public_key)?;
    if let Some(selection) = options
        .get_mut("authenticatorSelection")
        .and_then(|one| one.as_object_mut())
    {
        selection.insert("residentKey".to_owned(), "required".into());
    }
    Ok(options)
}

impl Accounts {
    /// Offers passkeys for the site that these origins are.
    pub fn offer_passkeys(&self, origins: &[String]) {
        *self.0.site.lock() = Site::of(origins);
    }

    /// Whether passkeys are offered.
    #[must_use]
    pub fn offers_passkeys(&self) -> bool {
        self.1 == Door::Practices && self.0.site.lock().is_some()
    }

    fn site(&self) -> Result<Site, AccountError> {
        self.0.site.lock().clone().ok_or(AccountError::NoPasskeys)
    }

    /// Lets an answer be awaited under `key`: a newer request takes the place of the former.
    fn await_answer(
        &self,
        key: [u8; 32],
        asked: Asked,
        options: serde_json::Value,
        challenge: Option<String>,
    ) -> Result<Ceremony, AccountError> {
        let now = self.0.clock.now();
        let until = now.plus_seconds(CHALLENGE_SECONDS);
        self.0.ceremonies.put_over_the_oldest(key, asked, (now, until), 1);
        Ok(Ceremony {
            challenge,
            options,
            until,
        })
    }

    /// What waited under `key`, once.
    fn asked(&self, key: &[u8; 32]) -> Result<Asked, AccountError> {
        let asked = self.0.ceremonies.try_once(key, self.0.clock.now());
        self.0.ceremonies.remove(key);
        asked.ok_or(AccountError::BeginAgain)
    }

    /// By what a key names its owner: tells nobody who that is.
    async fn handle(&self, holder: Holder) -> Result<Uuid, AccountError> {
        let of = format!("{:032x}{:032x}", holder.practice.0, holder.staff.0);
        let hash = self.keyed(b"passkey holder", &of).await?;
        Ok(Uuid::from_bytes(hash.first_chunk().copied().unwrap_or_default()))
    }

    /// Begins another passkey of the signed-in account.
    ///
    /// # Errors
    /// [`AccountError::NoPasskeys`] where none are offered; [`AccountError::Invalid`] when there are [`PASSKEYS_MAX`].
    pub async fn begin_passkey(&self, token: &str, name: &str) -> Result<Ceremony, AccountError> {
        let site = self.site()?;
        let (holder, _) = self.owner(token).await?;
        let known = self.find(holder).await?.ok_or(AccountError::NoAccount)?.record;
        if known.passkeys.len() >= PASSKEYS_MAX {
            return Err(AccountError::Invalid("passkeys", "be 10 at most: remove one first"));
        }
        let mut credentials = Vec::new();
        for passkey in &known.passkeys {
            let (row, _) = self.passkey_row(&passkey.id).await?;
            credentials.push(row.credential.cred_id().clone());
        }
        let begun = site.0.start_passkey_registration(
            self.handle(holder).await?,
            &known.email,
            name,
            Some(credentials).filter(|credentials| !credentials.is_empty()),
        );
        let (options, state) = begun.map_err(|error| refused(&error))?;
        let asked = Asked::Registration(Box::new(state));
        self.await_answer(session_id(token), asked, discoverable(options)?, None)
    }

    /// Adds the passkey that a browser has made; every other session ends. Answers it, and the sessions that ended.
    ///
    /// # Errors
    /// [`AccountError::BeginAgain`]; [`AccountError::WrongPasskey`]; [`AccountError::Invalid`] for its name.
    pub async fn finish_passkey(
        &self,
        token: &str,
        name: &str,
        credential: &serde_json::Value,
    ) -> Result<(PasskeyFace, Vec<SessionId>), AccountError> {
        let site = self.site()?;
        let name = checked_name(name)?;
        let (holder, _) = self.owner(token).await?;
        let (own, origin) = (session_id(token), self.origin_of(token).await?);
        let Asked::Registration(state) = self.asked(&own)? else {
            return Err(AccountError::BeginAgain);
        };
        let answer: RegisterPublicKeyCredential = parsed(credential)?;
        let made = site.0.finish_passkey_registration(&answer, &state);
        let made = made.map_err(|error| refused(&error))?;
        let passkey = Passkey {
            id: Passkey::id_of(made.cred_id()),
            name: name.to_owned(),
            made: self.0.clock.now(),
            used: None,
        };
        let place = place(&passkey.id);
        let row = PasskeyRow {
            holder,
            credential: made,
        };
        let row = row.encode()?;
        let changed = self.change(holder, async |record| {
            if record.passkeys.len() >= PASSKEYS_MAX {
                return Err(AccountError::WrongPasskey);
            }
            record.passkeys.push(passkey.clone());
            let mut together = self.end_others(holder, record, (&own, &origin));
            // Of two accounts that come with the same key the second is refused.
            together.1.checks.push((place.clone(), 0));
            together.1.writes.push((place.clone(), Some(row.clone())));
            Ok(together)
        });
        let ended = changed.await?;
        self.0.access.drop_cached(&ended);
        Ok((passkey.face(), ended))
    }

    /// Removes a passkey; every other session ends. Answers those; that there is no such passkey is fine.
    ///
    /// # Errors
    /// [`AccountError::NoAccount`], or storage's.
    pub async fn remove_passkey(&self, token: &str, id: [u8; 32]) -> Result<Vec<SessionId>, AccountError> {
        let (holder, _) = self.owner(token).await?;
        let (own, origin) = (session_id(token), self.origin_of(token).await?);
        let changed = self.change(holder, async |record| {
            let before = record.passkeys.len();
            record.passkeys.retain(|passkey| passkey.id != id);
            if record.passkeys.len() == before {
                return Ok((Vec::new(), Together::default()));
            }
            let mut together = self.end_others(holder, record, (&own, &origin));
            together.1.writes.push((place(&id), None));
            Ok(together)
        });
        let ended = changed.await?;
        self.0.access.drop_cached(&ended);
        Ok(ended)
    }

    /// Begins a sign-in with whichever passkey of this site the visitor has.
    ///
    /// # Errors
    /// [`AccountError::NoPasskeys`] where none are offered.
    pub fn begin_passkey_sign_in(&self) -> Result<Ceremony, AccountError> {
        let begun = self.site()?.0.start_discoverable_authentication();
        let (options, state) = begun.map_err(|error| refused(&error))?;
        let challenge = hex::encode((self.0.entropy)());
        let key = session_id(&challenge);
        let options = options_of(&options.public_key)?;
        self.await_answer(key, Asked::SignIn(Box::new(state)), options, Some(challenge))
    }

    /// Signs in with a passkey: it is both factors.
    ///
    /// # Errors
    /// [`AccountError::BeginAgain`]; [`AccountError::WrongPasskey`] for one that is unknown, removed, or of somebody who belongs to
    /// no practice, all alike; [`AccountError::Disabled`]; [`AccountError::Locked`], [`AccountError::LockToAcknowledge`].
    pub async fn finish_passkey_sign_in(
        &self,
        challenge: &str,
        credential: &serde_json::Value,
        visitor: &Visitor,
    ) -> Result<SignedIn, AccountError> {
        let site = self.site()?;
        let Asked::SignIn(state) = self.asked(&session_id(challenge))? else {
            return Err(AccountError::BeginAgain);
        };
        let answer: PublicKeyCredential = parsed(credential)?;
        let identified = site.0.identify_discoverable_authentication(&answer);
        let (handle, credential_id) = identified.map_err(|error| refused(&error))?;
        let id = Passkey::id_of(credential_id);
        let (PasskeyRow { holder, credential }, _) = self.passkey_row(&id).await?;
        if !self.1.admits(holder.practice) || !self.belongs(holder) {
            return Err(AccountError::WrongPasskey);
        }
        if self.handle(holder).await? != handle {
            return Err(AccountError::WrongPasskey);
        }
        let key = DiscoverableKey::from(credential);
        let shown = site.0.finish_discoverable_authentication_v2(&answer, *state, &key);
        let changed = match shown {
            Ok(shown) => {
                let changed = self.change(holder, async |record| {
                    let noted = self.passkey_shown(record, &shown).await?;
                    if self.is_disabled(record) {
                        return Err(AccountError::Disabled);
                    }
                    self.judge_lock(holder, false)?;
                    let (admitted, together) = self.admit(holder, record, visitor);
                    Ok((admitted, together.with(noted)))
                });
                changed.await
            }
            Err(error) => Err(refused(&error)),
        };
        if matches!(
            changed,
            Err(AccountError::WrongPasskey | AccountError::Disabled | AccountError::Locked)
        ) {
            self.denied(holder, visitor);
        }
        self.admitted(changed?).await
    }

    /// Begins showing a passkey as the second factor again.
    ///
    /// # Errors
    /// [`AccountError::NoPasskeys`] where none are offered, or the account has none.
    pub async fn begin_passkey_step_up(&self, token: &str) -> Result<Ceremony, AccountError> {
        let site = self.site()?;
        let (holder, _) = self.owner(token).await?;
        let known = self.find(holder).await?.ok_or(AccountError::NoAccount)?.record;
        let mut keys = Vec::new();
        for passkey in &known.passkeys {
            keys.push(self.passkey_row(&passkey.id).await?.0.credential);
        }
        if keys.is_empty() {
            return Err(AccountError::NoPasskeys);
        }
        let begun = site.0.start_passkey_authentication(&keys);
        let (options, state) = begun.map_err(|error| refused(&error))?;
        let options = options_of(&options.public_key)?;
        self.await_answer(session_id(token), Asked::StepUp(Box::new(state)), options, None)
    }

    /// Shows a passkey as the second factor again. The session gets a new token; the former is dead.
    ///
    /// # Errors
    /// [`AccountError::BeginAgain`], [`AccountError::WrongPasskey`], [`AccountError::NoAccount`].
    pub async fn finish_passkey_step_up(
        &self,
        token: &str,
        credential: &serde_json::Value,
    ) -> Result<SignedIn, AccountError> {
        let site = self.site()?;
        let (holder, _) = self.owner(token).await?;
        let Asked::StepUp(state) = self.asked(&session_id(token))? else {
            return Err(AccountError::BeginAgain);
        };
        let answer: PublicKeyCredential = parsed(credential)?;
        let shown = site.0.finish_passkey_authentication(&answer, &state);
        let shown = shown.map_err(|error| refused(&error))?;
        let strength = Strength::TwoFactors {
            shown: self.0.clock.now(),
        };
        let changed = self.change(holder, async |record| {
            // One that was removed meanwhile shows nothing any more.
            let noted = self.passkey_shown(record, &shown).await?;
            let (opened, writes) = self.renew(token, record, strength).await?;
            let acts = vec![self.act_of(holder, Act::SteppedUp, Some((&opened.id, &opened.record.origin)))];
            let checks = Vec::new();
            Ok((opened, Together { checks, writes, acts }.with(noted)))
        });
        self.renewed(token, changed.await?, Vec::new()).await
    }

    /// Notes a use, in an account's change: a key whose counter goes back is a copy, which the judge has refused.
    async fn passkey_shown(
        &self,
        record: &mut AccountRecord,
        shown: &AuthenticationResult,
    ) -> Result<Together, AccountError> {
        let id = Passkey::id_of(shown.cred_id());
        record.passkey(&id)?.used = Some(self.0.clock.now());
        let (mut row, version) = self.passkey_row(&id).await?;
        row.credential.update_credential(shown);
        Ok(Together {
            checks: vec![(place(&id), version)],
            writes: vec![(place(&id), Some(row.encode()?))],
            ..Together::default()
        })
    }
}

fn checked_name(name: &str) -> Result<&str, AccountError> {
    let name = name.trim();
    if name.is_empty() || name.len() > PASSKEY_NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(AccountError::Invalid("name", "be 1 to 60 bytes"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_a_host_with_a_name() {
        let of = |origins: &[&str]| {
            let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
            let site = Site::of(&origins)?;
            Some(
                site.0
                    .get_allowed_origins()
                    .iter()
                    .map(Url::to_string)
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["https://127.0.0.1:8443", "https://[::1]", "no address"]), None);
        let demo = of(&["https://127.0.0.1:8443", "https://localhost:8443"]);
        assert!(demo.is_some_and(|origins| origins.contains(&"https://localhost:8443/".to_owned())));
        let two = of(&[
            "https://rdv.example",
            "https://other.example",
            "https://rdv.example:444",
        ])
        .unwrap_or_default();
        assert!(two.iter().any(|origin| origin.contains(":444")), "{two:?}");
        assert!(!two.iter().any(|origin| origin.contains("other")), "{two:?}");
    }

    #[test]
    fn names_are_checked() {
        assert!(matches!(checked_name(" Mon téléphone "), Ok("Mon téléphone")));
        assert!(
            checked_name(&"x".repeat(PASSKEY_NAME_BYTES_MAX)).is_ok(),
            "at the bound"
        );
        for bad in ["", "  ", "a\nb", &"x".repeat(PASSKEY_NAME_BYTES_MAX + 1)] {
            assert!(checked_name(bad).is_err(), "{bad:?}");
        }
    }
}
