//! The one table of error codes, and the error every handler returns. Each code has one status and one title; screens
//! translate by code. `proto/README.md` prints the same table; a test holds them equal.
//!
//! Must not be here: deciding what is refused.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use cabinet_actors::audit::AuditError;
use cabinet_actors::order::ExecuteError;
use cabinet_domain::refusal::Refusal;
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::convert::Malformed;
use cabinet_proto::v1::problem::Problem;
use std::fmt;

/// Media type of every error body (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Seconds after which a client told "busy" should try again.
pub const RETRY_AFTER_SECONDS: u32 = 1;

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Stable code.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Short English title.
    pub title: &'static str,
}

const fn row(code: &'static str, status: u16, title: &'static str) -> Row {
    Row { code, status, title }
}

/// Every code, refusals first in the domain's order.
pub const TABLE: &[Row] = &[
    row("not_configured", 409, "The agenda has no settings yet"),
    row("invalid", 422, "A value is outside its bounds"),
    row("type_unknown", 422, "No such appointment type is offered"),
    row("type_not_online", 422, "This appointment type is booked by staff only"),
    row("already_exists", 409, "The id exists already"),
    row("not_found", 404, "Not found"),
    row("slot_taken", 409, "The time is taken"),
    row("outside_hours", 409, "Outside opening hours"),
    row("absent", 409, "The practitioner is absent"),
    row("off_grid", 422, "Not a possible start"),
    row("in_the_past", 422, "The time has passed"),
    row("too_soon", 422, "Closer than the minimum notice"),
    row("too_far_ahead", 422, "Beyond the booking window"),
    row("hold_gone", 409, "The hold has ended"),
    row("hold_expired", 409, "The hold has run out"),
    row("not_yours", 403, "Not yours"),
    row("booking_unknown", 404, "No such booking stands"),
    row("too_late_to_cancel", 409, "Past the cancellation limit"),
    row("command_id_reused", 422, "The command id was used with another body"),
    row("too_many", 409, "A limit on how many is reached"),
    row("not_expired_yet", 409, "The hold has not run out yet"),
    row(
        "one_of_several",
        409,
        "One of several bookings cannot be: none was changed",
    ),
    row("not_yet", 409, "This cannot be said before the appointment"),
    row("cap_reached", 409, "The daily cap of this appointment type is reached"),
    row("kept_back", 422, "Kept back from patients for now"),
    row("malformed", 400, "Not understood"),
    row("unauthorised", 401, "Sign in first"),
    row("wrong_credentials", 401, "The address or the password is wrong"),
    row("wrong_code", 401, "The code is wrong or was used before"),
    row("wrong_passkey", 401, "The passkey is not one of an account here"),
    row("challenge_gone", 401, "Begin again: the first step was too long ago"),
    row("link_gone", 401, "The link is unknown, used or too old"),
    row(
        "ticket_gone",
        401,
        "The socket's ticket is missing, unknown, used or too old",
    ),
    row("step_up_required", 401, "Show the second factor again first"),
    row("account_required", 403, "Signing in needs an account"),
    row("sign_up_closed", 403, "No new practice signs up here"),
    row("no_mail", 409, "This server sends no mail"),
    row(
        "documents_not_accepted",
        422,
        "The terms and the processing contract have to be accepted",
    ),
    row("no_passkeys", 409, "There are no passkeys here"),
    row("no_account", 409, "There is no account"),
    row("read_only", 403, "The practice is read-only for now"),
    row("account_disabled", 403, "The account was not used for too long"),
    row(
        "member_locked",
        403,
        "Locked after an alert: an owner gives access back",
    ),
    row(
        "lock_to_acknowledge",
        403,
        "Locked after an alert: say that you have seen it",
    ),
    row("email_taken", 409, "The address has an account"),
    row("password_too_short", 422, "The password is too short"),
    row("password_too_long", 422, "The password is too long"),
    row("password_common", 422, "The password is one of the commonest"),
    row("password_personal", 422, "The password contains a name or an address"),
    row("password_guessable", 422, "The password is soon guessed"),
    row("locked_out", 429, "Too many attempts have failed: wait"),
    row("last_owner", 409, "A practice keeps one owner at least"),
    row("invitation_expired", 409, "The invitation has run out"),
    row("forbidden", 403, "No right to this"),
    row("forbidden_origin", 403, "Not from this origin"),
    row("method_not_allowed", 405, "Method not allowed"),
    row("request_timeout", 408, "The request took too long to arrive"),
    row("payload_too_large", 413, "Too large"),
    row("unsupported_media_type", 415, "The body must be application/json"),
    row("websocket_required", 426, "This address speaks WebSocket"),
    row("too_many_sockets", 429, "Too many sockets open"),
    row("too_many_requests", 429, "Too many requests"),
    row("too_many_topics", 429, "Too many topics joined"),
    row("internal", 500, "Internal error; nothing was changed"),
    row("busy", 503, "Busy: try again in a moment"),
    row(
        "unknown_outcome",
        503,
        "Outcome unknown: repeat with the same command id",
    ),
    row("storage_full", 507, "Storage is full: changes are refused for now"),
    row("card_changed", 409, "The card was changed since it was read"),
];

/// Codes that no refusal of the domain gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table says what each means")]
pub enum EdgeCode {
    NotFound,
    Malformed,
    Unauthorised,
    WrongCredentials,
    WrongCode,
    WrongPasskey,
    BeginAgain,
    LinkGone,
    TicketGone,
    StepUpRequired,
    AccountRequired,
    SignUpClosed,
    NoMail,
    DocumentsNotAccepted,
    NoPasskeys,
    NoAccount,
    AccountDisabled,
    MemberLocked,
    LockToAcknowledge,
    ReadOnly,
    AddressTaken,
    HeldBack,
    Forbidden,
    ForbiddenOrigin,
    MethodNotAllowed,
    RequestTimeout,
    PayloadTooLarge,
    UnsupportedMediaType,
    WebsocketRequired,
    TooManySockets,
    TooManyRequests,
    TooManyTopics,
    Internal,
    Busy,
    UnknownOutcome,
    StorageFull,
    CardChanged,
}

impl EdgeCode {
    /// All of them.
    pub const ALL: [Self; 37] = [
        Self::NotFound,
        Self::Malformed,
        Self::Unauthorised,
        Self::WrongCredentials,
        Self::WrongCode,
        Self::WrongPasskey,
        Self::BeginAgain,
        Self::LinkGone,
        Self::TicketGone,
        Self::StepUpRequired,
        Self::AccountRequired,
        Self::SignUpClosed,
        Self::NoMail,
        Self::DocumentsNotAccepted,
        Self::NoPasskeys,
        Self::NoAccount,
        Self::AccountDisabled,
        Self::MemberLocked,
        Self::LockToAcknowledge,
        Self::ReadOnly,
        Self::AddressTaken,
        Self::HeldBack,
        Self::Forbidden,
        Self::ForbiddenOrigin,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::WebsocketRequired,
        Self::TooManySockets,
        Self::TooManyRequests,
        Self::TooManyTopics,
        Self::Internal,
        Self::Busy,
        Self::UnknownOutcome,
        Self::StorageFull,
        Self::CardChanged,
    ];

    /// The code in the table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Malformed => "malformed",
            Self::Unauthorised => "unauthorised",
            Self::WrongCredentials => "wrong_credentials",
            Self::WrongCode => "wrong_code",
            Self::WrongPasskey => "wrong_passkey",
            Self::BeginAgain => "challenge_gone",
            Self::LinkGone => "link_gone",
            Self::TicketGone => "ticket_gone",
            Self::StepUpRequired => "step_up_required",
            Self::AccountRequired => "account_required",
            Self::SignUpClosed => "sign_up_closed",
            Self::NoMail => "no_mail",
            Self::DocumentsNotAccepted => "documents_not_accepted",
            Self::NoPasskeys => "no_passkeys",
            Self::NoAccount => "no_account",
            Self::AccountDisabled => "account_disabled",
            Self::MemberLocked => "member_locked",
            Self::LockToAcknowledge => "lock_to_acknowledge",
            Self::ReadOnly => "read_only",
            Self::AddressTaken => "email_taken",
            Self::HeldBack => "locked_out",
            Self::Forbidden => "forbidden",
            Self::ForbiddenOrigin => "forbidden_origin",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::WebsocketRequired => "websocket_required",
            Self::TooManySockets => "too_many_sockets",
            Self::TooManyRequests => "too_many_requests",
            Self::TooManyTopics => "too_many_topics",
            Self::Internal => "internal",
            Self::Busy => "busy",
            Self::UnknownOutcome => "unknown_outcome",
            Self::StorageFull => "storage_full",
            Self::CardChanged => "card_changed",
        }
    }

    /// The code that says what a bare status says: for answers of the HTTP library itself.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorised,
            403 => Self::ForbiddenOrigin,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::RequestTimeout,
            413 => Self::PayloadTooLarge,
            415 => Self::UnsupportedMediaType,
            426 => Self::WebsocketRequired,
            429 => Self::TooManyRequests,
            503 => Self::Busy,
            400..=499 => Self::Malformed,
            _ => Self::Internal,
        }
    }
}

/// Why a request has no answer: a row of the table, what exactly, and a time that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    row: Row,
    detail: Option<String>,
    at_ms: Option<i64>,
}

impl Failure {
    /// The row `code` without detail. A code outside the table is a defect and reads as `internal`; a test looks up all.
    #[must_use]
    pub fn code(code: &str) -> Self {
        let found = TABLE.iter().find(|row| row.code == code).copied();
        Self {
            row: found.unwrap_or(row("internal", 500, "Internal error; nothing was changed")),
            detail: None,
            at_ms: None,
        }
    }

    /// The same with what exactly is wrong. Never personal data, never a value that was sent.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same with a time that belongs to it.
    #[must_use]
    pub const fn at(mut self, at: UtcMillis) -> Self {
        self.at_ms = Some(at.0);
        self
    }

    /// The row.
    #[must_use]
    pub const fn row(&self) -> Row {
        self.row
    }

    /// As the wire says it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        Problem {
            r#type: format!("urn:cabinet:problem:{}", self.row.code),
            code: self.row.code.to_owned(),
            title: self.row.title.to_owned(),
            status: self.row.status,
            detail: self.detail.clone(),
            at_ms: self.at_ms,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row.code)
    }
}

impl std::error::Error for Failure {}

impl From<EdgeCode> for Failure {
    fn from(code: EdgeCode) -> Self {
        Self::code(code.code())
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::from(EdgeCode::Malformed).detail(malformed.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let mut failure = Self::code(refusal.code());
        match refusal {
            Refusal::Invalid { field, must } => failure.detail = Some(format!("{field} must {must}")),
            Refusal::TooMany { what } => failure.detail = Some(format!("too many {what}")),
            Refusal::TooFarAhead { bookable_from } | Refusal::KeptBack { bookable_from } => {
                failure.at_ms = Some(bookable_from.0);
            }
            Refusal::CapReached { cap } => failure.detail = Some(format!("{cap} a day")),
            Refusal::TooLateToCancel { cutoff } => failure.at_ms = Some(cutoff.0),
            Refusal::OneOfSeveral { start, why } => {
                failure.at_ms = Some(start.millis().0);
                failure.detail = Some(why.into());
            }
            Refusal::NotYet { from } => failure.at_ms = Some(from.0),
            Refusal::NotConfigured
            | Refusal::TypeUnknown
            | Refusal::TypeNotOnline
            | Refusal::AlreadyExists
            | Refusal::NotFound
            | Refusal::SlotTaken
            | Refusal::OutsideHours
            | Refusal::Absent
            | Refusal::OffGrid
            | Refusal::InThePast
            | Refusal::TooSoon
            | Refusal::HoldGone
            | Refusal::HoldExpired
            | Refusal::NotYours
            | Refusal::BookingUnknown
            | Refusal::CommandIdReused
            | Refusal::NotExpiredYet => {}
        }
        failure
    }
}

impl Failure {
    /// Whether it says that somebody has no right to what they asked for; not found is one for ids of other practices.
    #[must_use]
    pub fn denies(&self) -> bool {
        matches!(self.row.code, "forbidden" | "not_found")
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the audit log refused");
        error.outcome().into()
    }
}

impl From<ExecuteError> for Failure {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Refused(refusal) => refusal.into(),
            ExecuteError::Busy => EdgeCode::Busy.into(),
            ExecuteError::StorageFull => EdgeCode::StorageFull.into(),
            ExecuteError::Unknown => EdgeCode::UnknownOutcome.into(),
            ExecuteError::NoSuchAgenda => EdgeCode::NotFound.into(),
            ExecuteError::Internal => EdgeCode::Internal.into(),
        }
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if self.row.status == 503 || self.row.code == EdgeCode::TooManyRequests.code() {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        if self.row.status == 401 {
            // RFC 9110 section 11.6.1 asks for a challenge; browsers show no dialogue for this one.
            response.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Cookie")));
        }
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        response.content_type(PROBLEM_JSON).body(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_domain::password::Weakness;
    use cabinet_domain::practice::MembershipRefusal;
    use std::collections::BTreeSet;

    #[test]
    fn every_refusal_and_every_code_of_the_edge_has_one_row_and_no_row_is_idle() {
        let codes: Vec<&str> = TABLE.iter().map(|row| row.code).collect();
        let refusals = Refusal::samples();
        let named: BTreeSet<&str> = refusals
            .iter()
            .map(Refusal::code)
            .chain(EdgeCode::ALL.iter().map(|code| code.code()))
            .chain(Weakness::ALL.iter().map(|weakness| weakness.code()))
            .chain([MembershipRefusal::LastOwner.code(), MembershipRefusal::Expired.code()])
            .collect();
        assert_eq!(codes.iter().copied().collect::<BTreeSet<_>>(), named);
        assert_eq!(codes.len(), named.len(), "a code stands twice");
        for refusal in refusals {
            assert_eq!(Failure::from(refusal.clone()).row().code, refusal.code());
        }
    }

    #[test]
    fn the_protocol_document_prints_the_table() {
        let document = include_str!("../../proto/README.md");
        for row in TABLE {
            let line = format!("| `{}` | {} | {} |", row.code, row.status, row.title);
            assert!(document.contains(&line), "proto/README.md lacks: {line}");
        }
    }

    #[test]
    fn times_and_bounds_travel_with_the_refusal() {
        use cabinet_domain::time::UtcMillis;
        let late = Failure::from(Refusal::TooLateToCancel { cutoff: UtcMillis(7) });
        assert_eq!(late.problem().at_ms, Some(7));
        let invalid = Failure::from(Refusal::Invalid {
            field: "name",
            must: "be short",
        });
        assert_eq!(invalid.problem().detail.as_deref(), Some("name must be short"));
        let busy = Failure::from(ExecuteError::Busy).error_response();
        assert_eq!(busy.headers().get(header::RETRY_AFTER).unwrap(), "1");
        assert_eq!(busy.headers().get(header::CONTENT_TYPE).unwrap(), PROBLEM_JSON);
    }
}
