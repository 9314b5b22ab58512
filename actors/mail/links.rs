//! Links that a patient finds in a mail: signed, so that no secret has to be kept for them, and each good for one purpose, one
//! booking and a while. They are signed with a key of the practice's own, drawn once and kept sealed under the practice's key:
//! once that is forgotten, no link of it opens any more.
//!
//! A link is what stands behind the `#`: practice, agenda, booking and [`Pass`], so that neither an address nor a log says
//! where it leads. Must not be here: HTTP, what a link lets its holder do.

use super::kept::key;
use crate::access::Entropy;
use cabinet_domain::ids::{AgendaId, AgendaKey, BookingId, PracticeId};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::{AppendError, RecordStore, StoreError, Table};
use data_encoding::BASE64URL_NOPAD;
use parking_lot::Mutex;
use ring::hmac;
use std::collections::HashMap;
use std::sync::Arc;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Seeing one's booking and cancelling it.
    Manage,
    /// Having no more reminders of it, or having them again.
    Reminders,
    /// Seeing one's entry on the waiting list, and taking or leaving what is offered. The booking named is the one that would
    /// come of it, which has the entry's number.
    Offer,
}

impl LinkPurpose {
    const fn number(self) -> u8 {
        match self {
            Self::Manage => 1,
            Self::Reminders => 2,
            Self::Offer => 3,
        }
    }

    const fn numbered(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Manage),
            2 => Some(Self::Reminders),
            3 => Some(Self::Offer),
            _ => None,
        }
    }
}

/// A booking, as links name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linked {
    /// In which agenda.
    pub agenda: AgendaKey,
    /// Which.
    pub booking: BookingId,
}

/// Why a link does not open.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It was not signed here, not for this, or is too old.
    #[error("the link was not signed for this, or is too old")]
    Gone,
    /// The key could not be read or drawn.
    #[error("failed to read the key of links")]
    Read(#[from] StoreError),
    /// The key could not be written.
    #[error("failed to write the key of links")]
    Write(#[from] AppendError),
}

/// Purpose, minutes since 1970 at which it ends, signature.
const PASS_BYTES: usize = 1 + 4 + TAG_BYTES;
const TAG_BYTES: usize = 24;
const ID_BYTES: usize = 16;
/// Id of the key's record; bookings' are longer.
const KEY_ROW: &[u8] = b"link-key";
/// Keys that are kept in memory; beyond it all are read again.
const KEYS_MAX: usize = 10_000;

struct Inner {
    records: Arc<dyn RecordStore>,
    entropy: Entropy,
    keys: Mutex<HashMap<PracticeId, hmac::Key>>,
}

/// Signs and opens links. Cheap to clone.
#[derive(Clone)]
pub struct Links(Arc<Inner>);

impl Links {
    /// With the keys that are kept in `records`, or drawn.
    #[must_use]
    pub fn new(records: Arc<dyn RecordStore>, entropy: Entropy) -> Self {
        Self(Arc::new(Inner {
            records,
            entropy,
            keys: Mutex::default(),
        }))
    }

    /// The key of a practice. It is drawn for signing alone: whoever invents a link makes no key.
    async fn key(&self, practice: PracticeId, drawn: bool) -> Result<hmac::Key, LinkError> {
        if let Some(key) = self.0.keys.lock().get(&practice) {
            return Ok(key.clone());
        }
        let place = key(practice, Table::Correspondence, KEY_ROW.to_vec());
        let kept = self.0.records.get(place.clone()).await?;
        let bytes = match kept {
            Some((_, bytes)) => bytes,
            None if !drawn => return Err(LinkError::Gone),
            None => {
                let drawn = (self.0.entropy)().to_vec();
                let write = vec![(place.clone(), Some(drawn.clone()))];
                match self.0.records.commit(vec![(place.clone(), 0)], write).await {
                    Ok(_) => drawn,
                    // Somebody else has just drawn it.
                    Err(AppendError::CheckFailed) => {
                        let kept = self.0.records.get(place).await?;
                        kept.ok_or(LinkError::Write(AppendError::Busy))?.1
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let mut keys = self.0.keys.lock();
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(practice, key.clone());
        Ok(key)
    }

    /// A link to a booking, good until then.
    ///
    /// # Errors
    /// [`LinkError`], but for `Gone`.
    pub async fn sign(&self, linked: Linked, purpose: LinkPurpose, until: UtcMillis) -> Result<String, LinkError> {
        let key = self.key(linked.agenda.practice, true).await?;
        let until = u32::try_from(until.minute().0).unwrap_or(u32::MAX);
        let mut bytes = named(linked).to_vec();
        bytes.push(purpose.number());
        bytes.extend(until.to_be_bytes());
        let tag = hmac::sign(&key, &signed(&bytes));
        bytes.extend(tag.as_ref().iter().take(TAG_BYTES));
        Ok(BASE64URL_NOPAD.encode(&bytes))
    }

    /// What a link opens, if it was signed here for one of these purposes and is not too old; with its pass.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn open(&self, link: &str, now: UtcMillis) -> Result<(Linked, LinkPurpose, String), LinkError> {
        let bytes = BASE64URL_NOPAD.decode(link.as_bytes()).map_err(|_| LinkError::Gone)?;
        let (linked, pass) = split(&bytes).ok_or(LinkError::Gone)?;
        let pass = hex::encode(pass);
        let purpose = self.check(linked, &pass, now).await?;
        Ok((linked, purpose, pass))
    }

    /// What the pass of a link is for, if it is this booking's and not too old.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn check(&self, linked: Linked, pass: &str, now: UtcMillis) -> Result<LinkPurpose, LinkError> {
        let pass = hex::decode(pass).map_err(|_| LinkError::Gone)?;
        let pass: [u8; PASS_BYTES] = pass.try_into().map_err(|_| LinkError::Gone)?;
        let (claim, tag) = pass.split_at(PASS_BYTES - TAG_BYTES);
        let key = self.key(linked.agenda.practice, false).await?;
        let mut bytes = named(linked).to_vec();
        bytes.extend(claim);
        let right = hmac::sign(&key, &signed(&bytes));
        let right = right.as_ref().iter().take(TAG_BYTES);
        let difference = right.zip(tag).fold(0, |found, (one, other)| found | (one ^ other));
        let ends = claim.last_chunk().map_or(0, |ends| u32::from_be_bytes(*ends));
        let in_time = now.minute().0 < i64::from(ends);
        let purpose = claim.first().copied().and_then(LinkPurpose::numbered);
        match purpose {
            Some(purpose) if std::hint::black_box(difference) == 0 && in_time => Ok(purpose),
            Some(_) | None => Err(LinkError::Gone),
        }
    }
}

/// What is signed is said to be a link, so that the key's other uses, should there be any, give none.
fn signed(bytes: &[u8]) -> Vec<u8> {
    [b"cabinet link 1".as_slice(), bytes].concat()
}

fn named(linked: Linked) -> [u8; 3 * ID_BYTES] {
    let Linked { agenda, booking } = linked;
    let ids = [agenda.practice.0, agenda.agenda.0, booking.0].map(u128::to_be_bytes);
    let mut bytes = [0; 3 * ID_BYTES];
    for (slot, byte) in bytes.iter_mut().zip(ids.as_flattened()) {
        *slot = *byte;
    }
    bytes
}

fn split(bytes: &[u8]) -> Option<(Linked, &[u8])> {
    let (ids, pass) = bytes.split_at_checked(3 * ID_BYTES)?;
    let mut ids = ids
        .chunks_exact(ID_BYTES)
        .filter_map(|id| Some(u128::from_be_bytes(id.try_into().ok()?)));
    let agenda = AgendaKey {
        practice: PracticeId(ids.next()?),
        agenda: AgendaId(ids.next()?),
    };
    let booking = BookingId(ids.next()?);
    (pass.len() == PASS_BYTES).then_some((Linked { agenda, booking }, pass))
}
