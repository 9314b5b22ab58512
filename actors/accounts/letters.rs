//! Accounts and mails: whether any are sent, where they go, the write of one for the commit of what it tells of.
//!
//! Must not be here: which change is told of (where it is made), a mail's words.

use super::store::check_email;
use super::{AccountError, Accounts, Holder};
use crate::access::Origin;
use crate::mail::{Addressee, Writes};
use cabinet_domain::mail::{Letter, Whence};
use cabinet_domain::time::UtcMillis;

impl Accounts {
    /// Whether mails are sent at all.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        self.0.outbox.is_open()
    }

    /// Checks that a mail may be written to an address.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] for what is none; [`AccountError::NoMail`] where none is sent.
    pub fn mailable(&self, address: &str) -> Result<(), AccountError> {
        if !self.sends_mail() {
            return Err(AccountError::NoMail);
        }
        check_email(address)
    }

    /// Where mails to an account go; none: there is no account.
    pub(crate) async fn address(&self, holder: Holder) -> Result<Option<String>, AccountError> {
        Ok(self.find(holder).await?.map(|known| known.record.email))
    }

    /// The write of a mail to an account's holder, for the commit of what it tells of.
    pub(super) fn letter(&self, holder: Holder, letter: Letter) -> Writes {
        if holder.practice.is_platform() {
            // The team is told by its page and its log: letters speak of practices, and link to their door.
            return Writes::new();
        }
        self.0
            .outbox
            .put(holder.practice, Addressee::Member(holder.staff), letter)
    }
}

/// From where, as a mail says it.
pub(super) fn whence(origin: &Origin, at: UtcMillis) -> Whence {
    Whence {
        at,
        device: origin.device.clone(),
        network: origin.network.clone(),
    }
}
