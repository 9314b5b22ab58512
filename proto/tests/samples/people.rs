//! Samples of the bodies about the patient register.

use super::parts::{END, NOW, START, id, person};
use super::{Samples, one};
use cabinet_proto::v1::people::{
    CardContent, PatientBooking, PatientChange, PatientCreate, PatientFace, PatientFile, PatientMerge, PatientPair,
    PatientPairs, PatientRelative, PatientSearch, PatientsFound,
};

fn text(text: &str) -> String {
    text.to_owned()
}

fn card() -> CardContent {
    CardContent {
        person: person(),
        birth_date: Some(text("1984-05-12")),
        alert: Some(text("Appeler sur le portable")),
        relatives: vec![PatientRelative {
            patient: id(91),
            relation: text("parent"),
            books: true,
        }],
    }
}

fn face(patient: u8) -> PatientFace {
    PatientFace {
        patient: id(patient),
        person: person(),
        birth_date: None,
        alert: None,
    }
}

one!(
    PatientSearch,
    "patient_search",
    PatientSearch {
        query: text("martin 06 39")
    }
);

one!(
    PatientsFound,
    "patients_found",
    PatientsFound {
        patients: vec![face(90)],
        more: true,
    }
);

one!(
    PatientCreate,
    "patient_create",
    PatientCreate {
        command_id: id(70),
        card: card(),
    }
);

one!(
    PatientChange,
    "patient_change",
    PatientChange {
        version: 17,
        card: card(),
    }
);

one!(
    PatientFile,
    "patient_file",
    PatientFile {
        patient: id(90),
        version: 17,
        card: card(),
        relatives: vec![face(91)],
        merged: vec![face(92)],
        history: vec![PatientBooking {
            agenda: id(10),
            booking: id(4),
            start_ms: START,
            end_ms: END,
            kind: text("Bilan"),
            mark: Some(text("seen")),
            online: true,
        }],
        now_ms: NOW,
    }
);

one!(PatientMerge, "patient_merge", PatientMerge { into: id(90) });

one!(
    PatientPairs,
    "patient_pairs",
    PatientPairs {
        pairs: vec![PatientPair {
            one: face(90),
            other: face(92),
            reasons: vec![text("birth_date"), text("phone")],
        }],
    }
);
