//! The patient register: searched, read, written, merged. For members who see names in some agenda, and of the patients of
//! those agendas alone. Each search and each reading is noted before it is answered.

use super::members::allowed;
use crate::edge::EdgeState;
use crate::edge::guard::agenda::path_id;
use crate::edge::guard::body::Body;
use crate::edge::guard::staff::StaffOf;
use crate::edge::problem::{EdgeCode, Failure};
use crate::edge::secret::{self, Purpose};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use cabinet_actors::anomaly::reading_note;
use cabinet_actors::audit::AuditError;
use cabinet_actors::people::{Asker, File, Listed, Pair, Past, PeopleError};
use cabinet_domain::anomaly::Link;
use cabinet_domain::audience::Sight;
use cabinet_domain::audit::{Act, Leaf};
use cabinet_domain::ids::{CommandId, PatientId};
use cabinet_domain::people::{Query, Reason};
use cabinet_domain::rights::Action;
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::convert::{inward, outward, people};
use cabinet_proto::v1::http::StaffCommand;
use cabinet_proto::v1::people::{
    PatientBooking, PatientChange, PatientCreate, PatientFace, PatientFile, PatientMerge, PatientPair, PatientPairs,
    PatientSearch, PatientsFound,
};
use cabinet_proto::v1::problem::Problem;

impl From<PeopleError> for Failure {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::NotFound => EdgeCode::NotFound.into(),
            PeopleError::Stale => EdgeCode::CardChanged.into(),
            PeopleError::Refused(refusal) => refusal.into(),
            PeopleError::Agenda(error) => error.into(),
            PeopleError::Write(error) => AuditError::Write(error).into(),
            PeopleError::Read(error) => AuditError::Read(error).into(),
        }
    }
}

/// Who asks, with the agendas whose names they see now.
fn asker(staff: &StaffOf, now: UtcMillis) -> Asker {
    let sees = |agenda| {
        let level = staff.practice.effective_level(staff.staff, agenda, now);
        Sight::of(level).is_some_and(Sight::names)
    };
    let agendas = staff.practice.practitioners.keys().copied();
    Asker {
        practice: staff.practice.clone(),
        sees: agendas.filter(|agenda| sees(*agenda)).collect(),
    }
}

/// Refuses who may not do this, and has the log count it.
fn permitted(state: &EdgeState, staff: &StaffOf, action: Action) -> Result<Asker, Failure> {
    let now = state.clock.now();
    allowed(staff, action, now).inspect_err(|failure| staff.note_refusal(state, None, failure))?;
    Ok(asker(staff, now))
}

/// As [`permitted`], for what changes something.
fn permitted_to_write(state: &EdgeState, staff: &StaffOf) -> Result<Asker, Failure> {
    let asker = permitted(state, staff, Action::SetPatient)?;
    state.refuse_when_read_only(&staff.practice)?;
    Ok(asker)
}

fn leaf(state: &EdgeState, staff: &StaffOf, act: Act, patient: Option<PatientId>) -> Leaf {
    let now = state.clock.now();
    Leaf {
        patient,
        ..Leaf::done(now, staff.actor(), staff.origin(now), act)
    }
}

fn face(listed: &Listed) -> PatientFace {
    people::face(listed.patient, &listed.card)
}

fn booking(past: &Past) -> PatientBooking {
    PatientBooking {
        agenda: past.agenda.to_string(),
        booking: past.booking.to_string(),
        start_ms: outward::millis(past.span.from),
        end_ms: outward::millis(past.span.until),
        kind: past.kind_name.clone(),
        mark: past.mark.map(str::to_owned),
        online: past.online,
    }
}

fn file(state: &EdgeState, file: &File) -> PatientFile {
    PatientFile {
        patient: file.patient.to_string(),
        version: file.version,
        card: people::content(&file.card),
        relatives: file.relatives.iter().map(face).collect(),
        merged: file.merged.iter().map(face).collect(),
        history: file.history.iter().map(booking).collect(),
        now_ms: state.clock.now().0,
    }
}

/// As far as the practice's own records explain that somebody reads a card, for the watch over suspicious access: by the
/// appointments in agendas whose names they see, or a glass they broke.
fn why(staff: &StaffOf, found: &File, now: UtcMillis) -> String {
    let starts = || found.history.iter().map(|past| past.span.from.millis());
    let glasses = &staff.practice.break_glasses;
    let link = Link {
        last_appointment: starts().filter(|start| *start <= now).max(),
        next_appointment: starts().filter(|start| *start > now).min(),
        glass: glasses
            .values()
            .any(|glass| glass.staff == staff.staff && now < glass.expires_at),
        ..Link::default()
    };
    reading_note(&link, now)
}

/// A card as it is shown: noted first.
async fn shown(state: &EdgeState, staff: &StaffOf, asker: &Asker, patient: PatientId) -> Result<PatientFile, Failure> {
    let found = state.people.read(asker, patient).await?;
    let viewed = Leaf {
        note: why(staff, &found, state.clock.now()),
        ..leaf(state, staff, Act::PatientViewed, Some(found.patient))
    };
    state.audit.note(staff.practice.id, viewed).await?;
    Ok(file(state, &found))
}

/// Refuses a booking for a patient of the register whom the sender does not know.
///
/// # Errors
/// `not_found`, `busy`.
pub(crate) async fn admit(state: &EdgeState, staff_asker: Asker, patient: Option<PatientId>) -> Result<(), Failure> {
    match patient {
        Some(patient) => Ok(state.people.admit(&staff_asker, patient).await?),
        None => Ok(()),
    }
}

/// The patient of the register whom a command names, and who asks.
///
/// # Errors
/// `malformed`.
pub(crate) fn named(
    staff: &StaffOf,
    now: UtcMillis,
    command: &StaffCommand,
) -> Result<(Asker, Option<PatientId>), Failure> {
    Ok((asker(staff, now), inward::named_patient(command)?))
}

/// Patients by the beginnings of their names, their phone number, birth date or e-mail address.
#[utoipa::path(post, path = "/api/v1/staff/patients/search", tag = "patients", security(("session" = [])),
    request_body = PatientSearch, responses((status = 200, body = PatientsFound),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/patients/search")]
pub(crate) async fn post_patient_search(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<PatientSearch>,
) -> Result<Json<PatientsFound>, Failure> {
    let asker = permitted(&state, &staff, Action::SearchPatients)?;
    let Some(query) = Query::read(&body.0.query) else {
        return Ok(Json(PatientsFound {
            patients: Vec::new(),
            more: false,
        }));
    };
    let (listed, more) = state.people.search(&asker, &query).await?;
    let searched = leaf(&state, &staff, Act::PatientsSearched, None);
    state.audit.note(staff.practice.id, searched).await?;
    Ok(Json(PatientsFound {
        patients: listed.iter().map(face).collect(),
        more,
    }))
}

/// A patient's card with their appointments.
#[utoipa::path(get, path = "/api/v1/staff/patients/{patient}", tag = "patients", security(("session" = [])),
    params(("patient" = String, Path, description = "Id of the patient")),
    responses((status = 200, body = PatientFile),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/patients/{patient}")]
pub(crate) async fn get_patient(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
) -> Result<Json<PatientFile>, Failure> {
    let asker = permitted(&state, &staff, Action::SearchPatients)?;
    let patient = path_id::<PatientId>(&request, "patient")?;
    shown(&state, &staff, &asker, patient).await.map(Json)
}

/// Makes a card for a patient who has none.
#[utoipa::path(post, path = "/api/v1/staff/patients", tag = "patients", security(("session" = [])),
    request_body = PatientCreate, responses((status = 201, body = PatientFile),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/patients")]
pub(crate) async fn post_patient(
    state: Data<EdgeState>,
    staff: StaffOf,
    body: Body<PatientCreate>,
) -> Result<HttpResponse, Failure> {
    let asker = permitted_to_write(&state, &staff)?;
    let command_id: CommandId = inward::id("command_id", &body.0.command_id)?;
    let patient = PatientId(secret::new_id(Purpose::Card, &staff.principal(), command_id));
    let card = people::card(&body.0.card)?;
    let written = leaf(&state, &staff, Act::PatientSet, Some(patient));
    state.people.write(&asker, (patient, 0, true), card, written).await?;
    let made = state.people.read(&asker, patient).await?;
    Ok(HttpResponse::Created().json(file(&state, &made)))
}

/// Changes a card, as it was read.
#[utoipa::path(post, path = "/api/v1/staff/patients/{patient}/change", tag = "patients", security(("session" = [])),
    params(("patient" = String, Path, description = "Id of the patient")), request_body = PatientChange,
    responses((status = 200, body = PatientFile), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/patients/{patient}/change")]
pub(crate) async fn post_patient_change(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<PatientChange>,
) -> Result<Json<PatientFile>, Failure> {
    let asker = permitted_to_write(&state, &staff)?;
    let patient = path_id::<PatientId>(&request, "patient")?;
    let card = people::card(&body.0.card)?;
    let written = leaf(&state, &staff, Act::PatientSet, Some(patient));
    let which = (patient, body.0.version, false);
    state.people.write(&asker, which, card, written).await?;
    let changed = state.people.read(&asker, patient).await?;
    Ok(Json(file(&state, &changed)))
}

/// Pairs of cards that may be one patient.
#[utoipa::path(get, path = "/api/v1/staff/patients/duplicates", tag = "patients", security(("session" = [])),
    responses((status = 200, body = PatientPairs),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[get("/api/v1/staff/patients/duplicates")]
pub(crate) async fn get_patient_duplicates(
    state: Data<EdgeState>,
    staff: StaffOf,
) -> Result<Json<PatientPairs>, Failure> {
    let asker = permitted(&state, &staff, Action::SearchPatients)?;
    let pairs = state.people.duplicates(&asker).await?;
    let searched = leaf(&state, &staff, Act::PatientsSearched, None);
    state.audit.note(staff.practice.id, searched).await?;
    let pair = |pair: &Pair| PatientPair {
        one: face(&pair.one),
        other: face(&pair.other),
        reasons: pair
            .alike
            .reasons
            .iter()
            .copied()
            .map(Reason::name)
            .map(str::to_owned)
            .collect(),
    };
    Ok(Json(PatientPairs {
        pairs: pairs.iter().map(pair).collect(),
    }))
}

/// Has another card stand for this one; its appointments are the other's from now on.
#[utoipa::path(post, path = "/api/v1/staff/patients/{patient}/merge", tag = "patients", security(("session" = [])),
    params(("patient" = String, Path, description = "Id of the patient whose card goes")), request_body = PatientMerge,
    responses((status = 200, body = PatientFile), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/patients/{patient}/merge")]
pub(crate) async fn post_patient_merge(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    body: Body<PatientMerge>,
) -> Result<Json<PatientFile>, Failure> {
    let into: PatientId = inward::id("into", &body.0.into)?;
    merged(&state, &staff, &request, (Act::PatientsMerged, Some(into))).await
}

/// Undoes a merge: this card stands alone again.
#[utoipa::path(post, path = "/api/v1/staff/patients/{patient}/part", tag = "patients", security(("session" = [])),
    params(("patient" = String, Path, description = "Id of the patient whose card comes back")),
    responses((status = 200, body = PatientFile),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
#[post("/api/v1/staff/patients/{patient}/part")]
pub(crate) async fn post_patient_part(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
) -> Result<Json<PatientFile>, Failure> {
    merged(&state, &staff, &request, (Act::PatientsParted, None)).await
}

async fn merged(
    state: &EdgeState,
    staff: &StaffOf,
    request: &HttpRequest,
    (act, into): (Act, Option<PatientId>),
) -> Result<Json<PatientFile>, Failure> {
    let asker = permitted_to_write(state, staff)?;
    let patient = path_id::<PatientId>(request, "patient")?;
    let said = leaf(state, staff, act, Some(patient));
    state.people.merge(&asker, patient, into, said).await?;
    shown(state, staff, &asker, patient).await.map(Json)
}
