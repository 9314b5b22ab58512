//! A forgotten password: a link by mail, which asks for the second factor before it changes anything. Whether an address has an
//! account shows neither in the answer nor in its time: all work is done after it.
//!
//! Must not be here: using the link (`enrol`), the mail's words.

use super::ladder::Subject;
use super::letters::whence;
use super::sign_in::Visitor;
use super::{AccountError, Accounts, Holder};
use crate::access::leaf_origin;
use cabinet_domain::audit::Actor;
use cabinet_domain::mail::{Letter, RESET_LINK_SECONDS};
use cabinet_domain::time::UtcMillis;
use std::collections::BTreeMap;

/// One account is mailed a link at most once in so many seconds, whoever asks.
pub const ASKED_SECONDS: i64 = 600;
/// Accounts of which it is remembered when one was asked for; beyond, nobody is mailed one until some are old.
pub const ASKED_MAX: usize = 10_000;

/// When links were asked for.
#[derive(Default)]
pub(super) struct Asked(BTreeMap<Holder, UtcMillis>);

impl Asked {
    /// Whether one may be sent now; notes it.
    fn may(&mut self, holder: Holder, now: UtcMillis) -> bool {
        self.0
            .retain(|_, at| *at <= now && now < at.plus_seconds(ASKED_SECONDS));
        if self.0.contains_key(&holder) || self.0.len() >= ASKED_MAX {
            return false;
        }
        self.0.insert(holder, now);
        true
    }
}

impl Accounts {
    /// Has a link be mailed to the holder of an address, if there is one. Answers before that is known.
    ///
    /// # Errors
    /// [`AccountError::HeldBack`] when the network has asked too often.
    pub async fn forgotten(&self, email: &str, visitor: &Visitor) -> Result<(), AccountError> {
        self.attempt(&[Subject::Network(visitor.network.clone())]).await?;
        let (accounts, email, visitor) = (self.clone(), email.to_owned(), visitor.clone());
        tokio::spawn(async move {
            if let Err(error) = accounts.mail_link(&email, &visitor).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a link was not mailed");
            }
        });
        Ok(())
    }

    async fn mail_link(&self, email: &str, visitor: &Visitor) -> Result<(), AccountError> {
        let address = self.address_hash(email).await?;
        let holder = self.visitor_with(&address).await?;
        let Some(holder) = holder else { return Ok(()) };
        let known = self.find(holder).await?;
        if known.is_none_or(|known| !self.may_be_mailed_a_link(holder, &known.record)) {
            return Ok(());
        }
        let now = self.0.clock.now();
        if !self.0.asked.lock().may(holder, now) {
            return Ok(());
        }
        let by = (Actor::Server, leaf_origin(None, None, &visitor.origin.network));
        let whence = whence(&visitor.origin, now);
        let mail = |secret: &str| {
            let secret = secret.to_owned();
            let letter = Letter::ResetAsked { secret, whence };
            self.letter(holder, letter)
        };
        let issued = self
            .0
            .access
            .issue_link_together((holder.practice, holder.staff), RESET_LINK_SECONDS, by, mail);
        issued.await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::ids::{PracticeId, StaffId};

    fn holder(number: u128) -> Holder {
        Holder {
            practice: PracticeId(1),
            staff: StaffId(number),
        }
    }

    #[test]
    fn an_account_is_mailed_one_link_in_ten_minutes_and_a_crowd_waits() {
        let mut asked = Asked::default();
        let start = UtcMillis(0);
        assert!(asked.may(holder(1), start));
        assert!(!asked.may(holder(1), start.plus_seconds(ASKED_SECONDS - 1)));
        assert!(asked.may(holder(1), start.plus_seconds(ASKED_SECONDS)));
        // A clock set back holds nobody back for longer.
        assert!(asked.may(holder(1), start));
        for number in 2..=u128::try_from(ASKED_MAX).unwrap() {
            assert!(asked.may(holder(number), start));
        }
        assert!(!asked.may(holder(0), start), "one too many");
        assert!(asked.may(holder(0), start.plus_seconds(ASKED_SECONDS)));
    }
}
