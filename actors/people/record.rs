//! A patient's card as it is stored: JSON, sealed by storage under that patient's own key. The row's key is the patient's id.

use cabinet_domain::ids::{PatientId, PracticeId};
use cabinet_domain::people::PatientCard;
use cabinet_storage::Table;
use cabinet_storage::journal::RecordKey;

/// Where a patient's card lies.
pub(super) fn key(practice: PracticeId, patient: PatientId) -> RecordKey {
    RecordKey {
        practice: practice.0,
        table: Table::Patient.number(),
        id: patient.0.to_be_bytes().to_vec(),
    }
}

pub(super) fn encode(card: &PatientCard) -> Vec<u8> {
    // Plain data with string keys: writing it cannot fail.
    serde_json::to_vec(card).unwrap_or_default()
}

/// A row read back; none for what is no card: then it is passed over, as a card of a newer build would be.
pub(super) fn decode(key: &RecordKey, value: &[u8]) -> Option<(PatientId, PatientCard)> {
    let id = key.id.as_slice().try_into().ok().map(u128::from_be_bytes)?;
    Some((PatientId(id), serde_json::from_slice(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::ids::AgendaId;
    use cabinet_domain::inventory::{INVENTORY, Sealing};
    use cabinet_domain::people::{AGENDAS_MAX, ALERT_BYTES_MAX, RELATIVES_MAX, Relation, Relative};
    use cabinet_domain::person::Person;
    use cabinet_domain::time::{CivilDate, UtcMillis};
    use cabinet_storage::records::VALUE_BYTES_MAX;
    use std::collections::BTreeSet;

    fn largest() -> PatientCard {
        let person = Person {
            given_name: "\"".repeat(120),
            family_name: "\\".repeat(120),
            email: Some("x".repeat(254)),
            phone: Some("+123456789012345".to_owned()),
        };
        let relative = Relative {
            patient: PatientId(u128::MAX),
            relation: Relation::Guardian,
            books: false,
        };
        PatientCard {
            birth_date: Some(CivilDate(-25_000)),
            alert: Some("\"".repeat(ALERT_BYTES_MAX)),
            relatives: vec![relative; RELATIVES_MAX],
            agendas: vec![AgendaId(u128::MAX); AGENDAS_MAX],
            merged_into: Some(PatientId(u128::MAX)),
            ..PatientCard::of(person, UtcMillis(i64::MAX))
        }
    }

    #[test]
    fn the_largest_card_fits_a_row_and_reads_back() {
        let card = largest();
        let bytes = encode(&card);
        assert!(bytes.len() + 100 < VALUE_BYTES_MAX, "{}", bytes.len());
        let key = key(PracticeId(1), PatientId(7));
        assert_eq!(decode(&key, &bytes), Some((PatientId(7), card)));
        assert_eq!(decode(&key, b"no card"), None);
    }

    /// Laws L9 and L12.
    #[test]
    fn every_stored_field_of_a_card_is_in_the_inventory_under_the_patients_key() {
        let object = serde_json::to_value(largest()).unwrap();
        let fields: BTreeSet<String> = object.as_object().unwrap().keys().cloned().collect();
        let entries: Vec<_> = INVENTORY.iter().filter(|entry| entry.record == "PatientCard").collect();
        let listed: BTreeSet<String> = entries.iter().map(|entry| entry.field.to_owned()).collect();
        assert_eq!(fields, listed);
        assert!(entries.iter().all(|entry| entry.sealing == Sealing::PatientKey));
    }
}
