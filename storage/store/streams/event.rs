//! How one event, blob and checkpoint are sealed: places, the chain, and which blobs belong where.

use crate::StoreError;
use crate::codec::{self, EventRecord, StoredBlob};
use crate::journal::Fence;
use crate::keyring::{KeyState, Keyring};
use crate::seal::{self, Entropy, Place, SealKey, sha256};
use crate::store::PersonRecord;
use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::{BlobId, PatientId, Seq};
use cabinet_domain::stream::{StreamEvent, StreamKey, StreamState};
use std::collections::BTreeSet;
use std::sync::Arc;

/// First byte of a stored event; then the writer's fence in eight bytes, then the envelope.
const EVENT_LAYOUT: u8 = 1;

/// Where an event lies: its stream, its sequence, and all events before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventPlace {
    pub(crate) stream: StreamKey,
    pub(crate) seq: Seq,
    /// Chain value of the event before it; zeros for the first.
    pub(crate) chain: [u8; 32],
}

impl EventPlace {
    fn of(&self, fence: Fence) -> Place {
        Place::of("event")
            .with(&self.stream.bytes())
            .with(&self.seq.to_be_bytes())
            .with(&fence.to_be_bytes())
            .with(&self.chain)
    }
}

/// Chain value after an event: SHA-256 over the one before and the event as stored.
pub(crate) fn chained(before: &[u8; 32], stored: &[u8]) -> [u8; 32] {
    sha256(&[before, stored])
}

/// Place of a personal blob: the same in events and checkpoints, so that it moves unchanged.
pub(crate) fn person_place(practice: u128, patient: PatientId, blob: BlobId) -> Place {
    Place::of("person")
        .with(&practice.to_be_bytes())
        .with(&patient.0.to_be_bytes())
        .with(&blob.0.to_be_bytes())
}

/// Place of a checkpoint.
pub(crate) fn checkpoint_place(stream: StreamKey, seq: Seq) -> Place {
    Place::of("checkpoint").with(&stream.bytes()).with(&seq.to_be_bytes())
}

/// The blob an event names, if it names one.
pub(crate) const fn named_blob(event: &StreamEvent) -> Option<BlobId> {
    match event {
        StreamEvent::Agenda(Event::SlotBooked { booking, .. }) => Some(booking.details),
        StreamEvent::Agenda(Event::WaitingJoined(entry)) => Some(entry.details),
        StreamEvent::Agenda(
            Event::ProfileSet(_)
            | Event::TypeSet(_)
            | Event::TypeRetired(_)
            | Event::HoursOpened(_)
            | Event::HoursChanged(_)
            | Event::HoursClosed(_)
            | Event::ExceptionOpened(_)
            | Event::ExceptionClosed(_)
            | Event::AbsenceAdded(_)
            | Event::AbsenceRemoved(_)
            | Event::SlotHeld(_)
            | Event::HoldReleased(_)
            | Event::HoldExpired(_)
            | Event::BookingMoved { .. }
            | Event::BookingCancelled { .. }
            | Event::SeriesJoined { .. }
            | Event::BookingMarked { .. }
            | Event::DelayAnnounced { .. }
            | Event::WaitingLeft { .. }
            | Event::WaitingPrioritised { .. }
            | Event::SlotOffered { .. },
        )
        | StreamEvent::Practice(_) => None,
    }
}

/// Every blob a state names.
pub(super) fn state_blobs(state: &StreamState) -> BTreeSet<BlobId> {
    match state {
        StreamState::Agenda(agenda) => agenda.blobs().collect(),
        StreamState::Practice(_) => BTreeSet::new(),
    }
}

/// Sequence of a state.
pub(crate) const fn state_seq(state: &StreamState) -> Seq {
    match state {
        StreamState::Agenda(agenda) => agenda.seq,
        StreamState::Practice(practice) => practice.seq,
    }
}

/// One event as it is stored.
pub(super) fn seal_event(
    own: &SealKey,
    entropy: &dyn Entropy,
    place: &EventPlace,
    fence: Fence,
    recorded: &Recorded<StreamEvent>,
    blobs: &[&StoredBlob],
) -> Result<Vec<u8>, StoreError> {
    let plain = codec::encode_event(recorded, blobs)?;
    let mut head = [EVENT_LAYOUT; 9];
    for (slot, byte) in head.iter_mut().skip(1).zip(fence.to_be_bytes()) {
        *slot = byte;
    }
    seal::seal_after(&head, own, entropy, &place.of(fence), &plain)
}

/// Opens a stored event. The error says what is wrong with it.
pub(crate) fn open_event(own: &SealKey, place: &EventPlace, stored: &[u8]) -> Result<EventRecord, String> {
    let parts = stored.split_first().and_then(|(layout, rest)| {
        let (fence, envelope) = rest.split_at_checked(8)?;
        let fence = Fence::from_be_bytes(fence.try_into().ok()?);
        (*layout == EVENT_LAYOUT).then_some((fence, envelope))
    });
    let (fence, envelope) = parts.ok_or("not a stored event of a known layout")?;
    let plain = seal::open(own, &place.of(fence), envelope).map_err(|why| why.to_string())?;
    let record: EventRecord = codec::decode_event(&plain).map_err(|why| why.to_string())?;
    let of_kind = matches!(
        (&place.stream, &record.recorded.event),
        (StreamKey::Agenda(_), StreamEvent::Agenda(_)) | (StreamKey::Practice(_), StreamEvent::Practice(_))
    );
    if !of_kind || record.recorded.seq != place.seq {
        return Err("the event belongs to another stream or sequence".to_owned());
    }
    Ok(record)
}

/// Opens a blob if its key still exists. A forgotten key gives a record without a person.
pub(crate) fn open_blob(keyring: &Keyring, practice: u128, stored: StoredBlob) -> Result<PersonRecord, StoreError> {
    let wrong = |what: String| StoreError::Corrupt {
        path: format!("blob {}", stored.blob).into(),
        offset: 0,
        what,
    };
    let id = seal::key_id(&stored.sealed).ok_or_else(|| wrong("not an envelope".to_owned()))?;
    let person = match keyring.key(practice, id)? {
        KeyState::Forgotten => None,
        KeyState::Missing => return Err(wrong("its key is missing from the keyring".to_owned())),
        KeyState::Known(key) => {
            let place = person_place(practice, stored.patient, stored.blob);
            let plain = seal::open(&key, &place, &stored.sealed).map_err(|why| wrong(why.to_string()))?;
            keyring.recorded(practice, stored.patient.0, id);
            Some(Arc::new(codec::decode(codec::PERSON, &plain)?))
        }
    };
    Ok(PersonRecord {
        patient: stored.patient,
        sealed: stored.sealed,
        person,
    })
}

/// Checks that a blob's key is known or was forgotten on purpose, without opening the blob.
pub(super) fn check_blob(keyring: &Keyring, practice: u128, stored: &StoredBlob) -> Result<(), StoreError> {
    let wrong = |what: &str| StoreError::Corrupt {
        path: format!("blob {}", stored.blob).into(),
        offset: 0,
        what: what.to_owned(),
    };
    let id = seal::key_id(&stored.sealed).ok_or_else(|| wrong("not an envelope"))?;
    match keyring.key(practice, id)? {
        KeyState::Forgotten => {}
        KeyState::Missing => return Err(wrong("its key is missing from the keyring")),
        KeyState::Known(_) => keyring.recorded(practice, stored.patient.0, id),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::{SealKey, SeededEntropy, Unsealable};

    #[test]
    fn a_blob_opens_in_its_own_place_alone() {
        let key = SealKey::self_named([7; 32]);
        let place = |practice, patient, blob| person_place(practice, PatientId(patient), BlobId(blob));
        let sealed = crate::seal::seal(&key, &SeededEntropy::new(1), &place(1, 2, 3), b"who").unwrap();
        assert!(crate::seal::open(&key, &place(1, 2, 3), &sealed).is_ok());
        for other in [place(9, 2, 3), place(1, 9, 3), place(1, 2, 9)] {
            assert_eq!(crate::seal::open(&key, &other, &sealed), Err(Unsealable::Tag));
        }
    }
}
