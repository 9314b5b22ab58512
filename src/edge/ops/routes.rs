//! The operators' page's routes: signing in as everybody does, at a door of its own; the picture; what operators may mend.
//!
//! Must not be here: metrics and health, which ask for no account.

use super::desk::Desk;
use super::{live, support};
use crate::edge::EdgeState;
use crate::edge::guard::agenda::path_id;
use crate::edge::guard::body::Body;
use crate::edge::guard::operator::{OperatorWith, SeeCompliance, SeeOperations};
use crate::edge::problem::{EdgeCode, Failure};
use crate::edge::routes::alerts::PathId;
use crate::edge::routes::{Policy, Route, account, routes, security, staff};
use actix_web::web::{self, Data, Json};
use actix_web::{HttpRequest, HttpResponse, get, post};
use cabinet_actors::access::SessionId;
use cabinet_actors::anomaly::AnomalyError;
use cabinet_actors::mail::MailError;
use cabinet_actors::operators::OperatorError;
use cabinet_domain::anomaly::ANSWER_BYTES_MAX;
use cabinet_domain::audit::{Act, Leaf};
use cabinet_domain::ids::PracticeId;
use cabinet_domain::refusal::Refusal;
use cabinet_domain::rights::Action;
use cabinet_proto::v1::operators::{Acknowledgement, Compliance, InstallationAlert, LetGo, TryAgain};

routes! {
    "POST" "/api/v1/staff/sign-in" staff::post_sign_in Policy::Anyone;
    "POST" "/api/v1/staff/sign-out" staff::post_sign_out Policy::SignedIn;
    "GET" "/api/v1/staff/me" staff::get_me Policy::SignedIn;
    "POST" "/api/v1/account/sign-in" account::post_password Policy::Anyone;
    "POST" "/api/v1/account/second-factor" account::post_second_factor Policy::Bearer;
    "POST" "/api/v1/account/link" account::post_link Policy::Bearer;
    "POST" "/api/v1/account/activation" account::post_activation Policy::Bearer;
    "POST" "/api/v1/account/activation/finish" account::post_activation_finish Policy::Bearer;
    "POST" "/api/v1/account/reset" account::post_reset Policy::Bearer;
    "GET" "/api/v1/account" security::get_account Policy::SignedIn;
    "POST" "/api/v1/account/step-up" security::post_step_up Policy::SignedIn;
    "POST" "/api/v1/account/password" security::post_new_password Policy::SignedIn;
    "POST" "/api/v1/account/recovery-codes" security::post_recovery_codes Policy::SignedIn;
    "POST" "/api/v1/account/application" security::post_application Policy::SignedIn;
    "POST" "/api/v1/account/application/finish" security::post_application_finish Policy::SignedIn;
    "POST" "/api/v1/account/sessions/end" security::post_session_end Policy::SignedIn;
    "GET" "/api/v1/ops/overview" own::get_overview Policy::Platform(Action::SeeOperations);
    "GET" "/api/v1/ops/live" live::get_live Policy::Platform(Action::SeeOperations);
    "GET" "/api/v1/ops/compliance" own::get_compliance Policy::Platform(Action::SeeCompliance);
    "POST" "/api/v1/ops/alerts/{alert}/acknowledge" own::post_acknowledgement Policy::Platform(Action::SeeOperations);
    "POST" "/api/v1/ops/sessions/{session}/end" own::post_end Policy::Platform(Action::SeeOperations);
    "POST" "/api/v1/ops/held/let-go" own::post_let_go Policy::Platform(Action::SeeOperations);
    "POST" "/api/v1/ops/mails/again" own::post_again Policy::Platform(Action::SeeOperations);
    "GET" "/api/v1/team/support" support::get_support Policy::Support;
    "GET" "/api/v1/team/support/{practice}/agendas/{agenda}" support::get_agenda Policy::Support;
}

/// The handlers of this page alone.
mod own {
    use super::*;

    impl From<OperatorError> for Failure {
        fn from(error: OperatorError) -> Self {
            tracing::error!(error = &error as &dyn std::error::Error, "the team could not be read");
            EdgeCode::Busy.into()
        }
    }

    impl From<MailError> for Failure {
        fn from(error: MailError) -> Self {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "mails could not be read or written"
            );
            EdgeCode::Busy.into()
        }
    }

    /// The platform's state.
    #[get("/api/v1/ops/overview")]
    pub(crate) async fn get_overview(
        desk: Data<Desk>,
        _operator: OperatorWith<SeeOperations>,
    ) -> Result<HttpResponse, Failure> {
        Ok(HttpResponse::Ok().json(desk.overview().await?.as_ref()))
    }

    /// What the data protection officer sees of it.
    #[get("/api/v1/ops/compliance")]
    pub(crate) async fn get_compliance(
        desk: Data<Desk>,
        _officer: OperatorWith<SeeCompliance>,
    ) -> Result<Json<Compliance>, Failure> {
        desk.compliance().await.map(Json)
    }

    /// Acknowledges an alert with its reason.
    #[post("/api/v1/ops/alerts/{alert}/acknowledge")]
    pub(crate) async fn post_acknowledgement(
        state: Data<EdgeState>,
        desk: Data<Desk>,
        operator: OperatorWith<SeeOperations>,
        request: HttpRequest,
        body: Body<Acknowledgement>,
    ) -> Result<Json<InstallationAlert>, Failure> {
        let PathId(alert) = path_id(&request, "alert")?;
        let reason = body.0.reason.trim().to_owned();
        if reason.is_empty() || reason.len() > ANSWER_BYTES_MAX {
            let must = "have 1 to 300 bytes";
            return Err(Refusal::Invalid { field: "reason", must }.into());
        }
        let who = (operator.id(), operator.staff.origin(state.clock.now()));
        let said = state.anomalies.acknowledge(alert, who.clone(), reason.clone()).await;
        let record = match said {
            // Not about the installation: about one of the team.
            Err(AnomalyError::NotFound) => {
                let team = PracticeId::PLATFORM;
                state.anomalies.answer(team, alert, who, (false, reason)).await?
            }
            said => said?,
        };
        desk.forget();
        Ok(Json(desk.alert(record)))
    }

    /// Ends somebody's session, with its sockets.
    #[post("/api/v1/ops/sessions/{session}/end")]
    pub(crate) async fn post_end(
        state: Data<EdgeState>,
        desk: Data<Desk>,
        operator: OperatorWith<SeeOperations>,
        request: HttpRequest,
    ) -> Result<HttpResponse, Failure> {
        let text = request.match_info().query("session");
        let id = hex::decode(text).ok().and_then(|bytes| SessionId::try_from(bytes).ok());
        let id = id.ok_or(EdgeCode::NotFound)?;
        let by = operator.who(state.clock.now());
        let whose = state.access.end_for(&id, by).await?;
        whose.ok_or(EdgeCode::NotFound)?;
        state.presence.sign_out(&id);
        desk.forget();
        Ok(HttpResponse::NoContent().finish())
    }

    /// Lets somebody go who is held back.
    #[post("/api/v1/ops/held/let-go")]
    pub(crate) async fn post_let_go(
        state: Data<EdgeState>,
        desk: Data<Desk>,
        operator: OperatorWith<SeeOperations>,
        body: Body<LetGo>,
    ) -> Result<HttpResponse, Failure> {
        let subject = body.0.subject.as_str();
        let known = match subject.strip_prefix("blocked:") {
            Some(network) => state.anomalies.unblock(network),
            None => state.accounts.let_go(subject).await?,
        };
        if !known {
            return Err(EdgeCode::NotFound.into());
        }
        note(
            &state,
            &operator,
            Act::LetGo,
            subject.split(':').next().unwrap_or_default(),
        )
        .await?;
        desk.forget();
        Ok(HttpResponse::NoContent().finish())
    }

    /// Has dead letters be tried again.
    #[post("/api/v1/ops/mails/again")]
    pub(crate) async fn post_again(
        state: Data<EdgeState>,
        desk: Data<Desk>,
        operator: OperatorWith<SeeOperations>,
        body: Body<TryAgain>,
    ) -> Result<HttpResponse, Failure> {
        let mails = desk.sources().mails.as_ref().ok_or(EdgeCode::NoMail)?;
        note(&state, &operator, Act::MailsRevived, "").await?;
        if mails.send_again(body.0.id.as_deref()).await? == 0 {
            return Err(EdgeCode::NotFound.into());
        }
        desk.forget();
        Ok(HttpResponse::NoContent().finish())
    }

    async fn note(
        state: &EdgeState,
        operator: &OperatorWith<SeeOperations>,
        act: Act,
        what: &str,
    ) -> Result<(), Failure> {
        let now = state.clock.now();
        let (actor, origin) = operator.who(now);
        let leaf = Leaf {
            note: what.to_owned(),
            ..Leaf::done(now, actor, origin, act)
        };
        Ok(state.audit.note(PracticeId::PLATFORM, leaf).await?)
    }
}
