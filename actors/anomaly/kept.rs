//! What the watch keeps, as sealed records: alerts, and of each practice how far its log was followed, what was learnt of its
//! members and which alerts were answered "that was me". All changes of one turn go into one commit, so that a restart goes on
//! from exactly there.
//!
//! JSON, in pieces that fit a record: few, small, and newer builds may add fields. Must not be here: judging.

pub(super) use crate::mail::Writes;

use cabinet_domain::anomaly::{Alert, Allowance, Member};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::RecordStore;
use cabinet_storage::StoreError;
use cabinet_storage::journal::RecordKey;
use cabinet_storage::records::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bytes of one piece of a member: a record's bound less its seal.
const PIECE_BYTES: usize = 3_000;
/// Pieces of a member; more does not come about under the bounds of the watch.
const PIECES_MAX: u8 = 6;
/// Alerts that are looked through, of one practice.
pub(super) const ALERTS_MAX: usize = 2_000;
/// Members whose habits are read.
const ROWS_MAX: usize = 10_000;
/// Alerts are kept so many days.
pub(super) const ALERT_DAYS: i32 = 365;
/// Id of the record of a practice as a whole. Members' ids are longer.
const PRACTICE_ROW: &[u8] = b"practice";

/// What somebody said to an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who.
    pub by: StaffId,
    /// When.
    pub at: UtcMillis,
    /// "That was me", by the member it is about; else: looked into.
    pub mine: bool,
    /// Why it is all right, or what was done; at most [`cabinet_domain::anomaly::ANSWER_BYTES_MAX`].
    pub reason: String,
}

/// An alert as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// The alert.
    pub alert: Alert,
    /// What it is about beside a member: a network, a file. Empty for most.
    #[serde(default)]
    pub detail: String,
    /// What was said to it; none while it is open.
    #[serde(default)]
    pub answer: Option<Answer>,
}

/// The id of an alert: newest days first.
pub type AlertId = [u8; 22];

/// Where an alert is kept.
#[must_use]
pub fn alert_id(alert: &Alert) -> AlertId {
    let mut id = [0; 22];
    let day = u32::MAX - alert.day.0.unsigned_abs();
    let bytes = day.to_be_bytes().into_iter();
    let bytes = bytes.chain(alert.staff.0.to_be_bytes());
    let bytes = bytes.chain(alert.rule.number().to_be_bytes());
    for (slot, byte) in id.iter_mut().zip(bytes) {
        *slot = byte;
    }
    id
}

/// What is kept of a practice as a whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct PracticeRecord {
    /// The first leaf of its log that was not judged.
    pub(super) next: u64,
    pub(super) allowances: Vec<Allowance>,
}

fn key(practice: PracticeId, table: Table, id: Vec<u8>) -> RecordKey {
    RecordKey {
        practice: practice.0,
        table: table.number(),
        id,
    }
}

pub(super) fn alert_key(practice: PracticeId, id: &AlertId) -> RecordKey {
    key(practice, Table::Alert, id.to_vec())
}

fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|_| StoreError::Codec { what: "an alert" })
}

pub(super) fn write_alert(
    practice: PracticeId,
    record: &AlertRecord,
) -> Result<(RecordKey, Option<Vec<u8>>), StoreError> {
    Ok((alert_key(practice, &alert_id(&record.alert)), Some(to_bytes(record)?)))
}

pub(super) fn write_practice(
    practice: PracticeId,
    record: &PracticeRecord,
) -> Result<(RecordKey, Option<Vec<u8>>), StoreError> {
    let key = key(practice, Table::Watch, PRACTICE_ROW.to_vec());
    Ok((key, Some(to_bytes(record)?)))
}

fn piece_id(staff: StaffId, piece: u8) -> Vec<u8> {
    let mut id = staff.0.to_be_bytes().to_vec();
    id.push(piece);
    id
}

/// The pieces of a member; those that a shorter text no longer has are deleted.
pub(super) fn write_member(practice: PracticeId, staff: StaffId, member: &Member) -> Result<Writes, StoreError> {
    let bytes = to_bytes(member)?;
    let mut pieces = bytes.chunks(PIECE_BYTES);
    let write = |piece| {
        let key = key(practice, Table::Watch, piece_id(staff, piece));
        (key, pieces.next().map(<[u8]>::to_vec))
    };
    Ok((0..PIECES_MAX).map(write).collect())
}

/// Deletes what was learnt of a member who has left.
pub(super) fn forget_member(practice: PracticeId, staff: StaffId) -> Writes {
    (0..PIECES_MAX)
        .map(|piece| (key(practice, Table::Watch, piece_id(staff, piece)), None))
        .collect()
}

/// What is kept of a practice, as it was last written.
pub(super) struct Kept {
    pub(super) practice: PracticeRecord,
    pub(super) members: Vec<(StaffId, Member)>,
}

/// Reads it. What does not read is as if it were not there: habits are learnt anew.
pub(super) async fn read(records: &dyn RecordStore, practice: PracticeId) -> Result<Kept, StoreError> {
    let rows = records.scan(practice.0, Table::Watch.number(), ROWS_MAX).await?;
    let mut whole = PracticeRecord::default();
    let mut pieces: BTreeMap<[u8; 16], Vec<u8>> = BTreeMap::new();
    for (key, value) in rows {
        if key.id == PRACTICE_ROW {
            whole = serde_json::from_slice(&value).unwrap_or_default();
        } else if let Some((staff, _)) = key.id.split_first_chunk::<16>() {
            // Ascending by id: in the order of the pieces.
            pieces.entry(*staff).or_default().extend(value);
        }
    }
    let member = |(staff, bytes): ([u8; 16], Vec<u8>)| {
        let member = serde_json::from_slice(&bytes).ok()?;
        Some((StaffId(u128::from_be_bytes(staff)), member))
    };
    Ok(Kept {
        practice: whole,
        members: pieces.into_iter().filter_map(member).collect(),
    })
}

/// Alerts of a practice, newest days first.
pub(super) async fn read_alerts(
    records: &dyn RecordStore,
    practice: PracticeId,
    most: usize,
) -> Result<Vec<AlertRecord>, StoreError> {
    let rows = records.scan(practice.0, Table::Alert.number(), most).await?;
    let alerts = rows.iter().filter_map(|(_, value)| serde_json::from_slice(value).ok());
    Ok(alerts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::anomaly::{ANSWER_BYTES_MAX, Gravity, Rule};
    use cabinet_domain::time::CivilDate;

    fn listed(record: &str) -> Vec<&'static str> {
        let entries = cabinet_domain::inventory::INVENTORY.iter();
        entries
            .filter(|entry| entry.record == record)
            .map(|entry| entry.field)
            .collect()
    }

    fn fields<T: Serialize>(value: &T) -> Vec<String> {
        let object = serde_json::to_value(value).unwrap();
        object.as_object().unwrap().keys().cloned().collect()
    }

    fn record(day: i32) -> AlertRecord {
        AlertRecord {
            alert: Alert {
                rule: Rule::Scan,
                staff: StaffId(7),
                day: CivilDate(day),
                gravity: Gravity::Warning,
                first: UtcMillis(1),
                last: UtcMillis(2),
                count: 3,
                session: [4; 8],
                supported_by: Rule::ALL.to_vec(),
            },
            detail: "x".repeat(50),
            answer: Some(Answer {
                by: StaffId(u128::MAX),
                at: UtcMillis(i64::MAX),
                mine: true,
                reason: "é".repeat(ANSWER_BYTES_MAX / 2),
            }),
        }
    }

    /// Law L12: every stored field is in the inventory.
    #[test]
    fn every_stored_field_is_in_the_inventory() {
        assert_eq!(fields(&record(1)), listed("AlertRecord"));
        assert_eq!(fields(&Member::default()), listed("WatchRecord"));
    }

    #[test]
    fn the_largest_alert_fits_a_record_and_newest_days_come_first() {
        let (_, bytes) = write_alert(PracticeId(1), &record(20_000)).unwrap();
        assert!(bytes.unwrap().len() < PIECE_BYTES);
        assert!(alert_id(&record(20_001).alert) < alert_id(&record(20_000).alert));
    }
}
