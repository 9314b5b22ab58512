//! Who is held back now, for operators: seen, and let go before its time.
//!
//! Must not be here: holding back (`ladder`), who may let go.

use super::ladder::{HeldSubject, Subject};
use super::{AccountError, Accounts, Holder};
use cabinet_domain::time::UtcMillis;

/// Somebody who has failed too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Names them, for [`Accounts::let_go`].
    pub subject: String,
    /// What they are.
    pub kind: HeldKind,
    /// Failures of the last day.
    pub failures: u32,
    /// No attempt before then.
    pub until: UtcMillis,
}

/// What is held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldKind {
    /// An account, from devices that it does not know; none: an address that nobody has.
    Account(Option<Holder>),
    /// One device of an account.
    Device,
    /// A network.
    Network(String),
}

fn name(subject: &Subject) -> String {
    match subject {
        Subject::Account(hash) => format!("account:{}", hex::encode(hash)),
        Subject::Device(hash) => format!("device:{}", hex::encode(hash)),
        Subject::Network(network) => format!("network:{network}"),
    }
}

fn named(text: &str) -> Option<Subject> {
    let (kind, rest) = text.split_once(':')?;
    let hash = || <[u8; 32]>::try_from(hex::decode(rest).ok()?).ok();
    match kind {
        "account" => hash().map(Subject::Account),
        "device" => hash().map(Subject::Device),
        "network" => Some(Subject::Network(rest.to_owned())),
        _ => None,
    }
}

impl Accounts {
    /// Who is held back now, the longest first; at most `most`. Those of before a restart are known from their next attempt on.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn held(&self, most: usize) -> Result<Vec<Held>, AccountError> {
        let now = self.0.clock.now();
        let held: Vec<HeldSubject> = self.0.ladder.lock().held(now, most);
        let mut all = Vec::new();
        for (subject, failures) in held {
            let kind = match &subject {
                Subject::Account(hash) => HeldKind::Account(self.holder_of(hash).await?),
                Subject::Device(_) => HeldKind::Device,
                Subject::Network(network) => HeldKind::Network(network.clone()),
            };
            all.push(Held {
                subject: name(&subject),
                kind,
                failures: failures.count,
                until: failures.until,
            });
        }
        Ok(all)
    }

    /// Lets somebody go, as if they had never failed. Answers whether the name is one; that nobody is held back is fine.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn let_go(&self, subject: &str) -> Result<bool, AccountError> {
        let Some(subject) = named(subject) else {
            return Ok(false);
        };
        self.0.ladder.lock().forget(&subject);
        self.forget_failures(&[subject]).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_name_whom_they_came_from_and_nobody_else() {
        for subject in [
            Subject::Account([1; 32]),
            Subject::Device([2; 32]),
            Subject::Network("2001:db8:1:2".to_owned()),
        ] {
            assert_eq!(named(&name(&subject)), Some(subject));
        }
        for bad in ["", "account", "account:12", "device:zz", "other:1"] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }
}
