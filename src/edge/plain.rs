//! Pages without script: who has none sees which slots are free and books one. Each step is a page of its own, and the forms
//! take the same way as the requests of the live page. What is shown is of the moment it was asked for, and says so.
//!
//! The page draws one secret per visit and sends it along in its forms. The hold's and the booking's own secrets and the command
//! ids follow from it, so that a page sent twice does one thing.
//!
//! Must not be here: rules, anything live, staff.

mod page;
mod words;

use self::page::{Booked, Form, List};
use self::words::Words;
use super::guard::agenda::{PublicAgenda, PublicPractice};
use super::guard::visitor::network;
use super::problem::Failure;
use super::routes::{manage, public, public_face};
use super::{EdgeState, secret, view};
use actix_web::http::StatusCode;
use actix_web::http::header::REFERRER_POLICY;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse};
use cabinet_domain::ids::{BookingId, HoldId, TypeId};
use cabinet_domain::practice::Locale;
use cabinet_domain::refusal::Refusal;
use cabinet_domain::slots::Slot;
use cabinet_domain::time::Zone;
use cabinet_proto::v1::convert::inward;
use cabinet_proto::v1::http::{CancelRequest, ConfirmRequest, HoldRequest, PublicPractice as Face};
use cabinet_proto::v1::model::{AppointmentType, Person};
use serde::Deserialize;

/// Bytes of a form at most: a person's four fields and ids fit many times.
const FORM_BYTES_MAX: usize = 8 * 1024;
const STYLE: &str = include_str!("plain/plain.css");

/// Adds the pages.
pub(super) fn configure(config: &mut ServiceConfig) {
    let limit = || web::FormConfig::default().limit(FORM_BYTES_MAX);
    config
        .route("/plain.css", web::get().to(style))
        .route("/simple/{practice}", web::get().to(practice))
        .route("/simple/{practice}/{practitioner}", web::get().to(list))
        .service(
            web::scope("/simple/{practice}/{practitioner}")
                .app_data(limit())
                .route("/hold", web::post().to(hold))
                .route("/book", web::post().to(book))
                .route("/cancel", web::post().to(cancel)),
        );
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(STYLE)
}

/// What the address says beside the path.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// `en`; else French.
    lang: Option<String>,
    /// The type whose slots to list; none: the first.
    kind: Option<String>,
    /// Slots from then on.
    from_ms: Option<i64>,
}

/// A slot's form.
#[derive(Debug, Deserialize)]
struct HoldForm {
    lang: String,
    token: String,
    kind: String,
    start_ms: i64,
}

/// The form about oneself.
#[derive(Debug, Deserialize)]
struct BookForm {
    lang: String,
    token: String,
    kind: String,
    start_ms: i64,
    hold: String,
    expires_ms: i64,
    notice_version: u32,
    given_name: String,
    family_name: String,
    email: String,
    phone: String,
}

/// The form on the page of a booking just made.
#[derive(Debug, Deserialize)]
struct CancelForm {
    lang: String,
    manage: String,
    booking: String,
}

fn locale(lang: Option<&str>) -> Locale {
    if lang == Some("en") {
        Locale::English
    } else {
        Locale::French
    }
}

fn answer(status: StatusCode, page: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((REFERRER_POLICY, "same-origin"))
        .body(page)
}

async fn practice(
    state: Data<EdgeState>,
    practice: PublicPractice,
    asked: Option<web::Query<Asked>>,
) -> Result<HttpResponse, Failure> {
    let face = public_face(&state, &practice.0).await?;
    let lang = asked.and_then(|asked| asked.into_inner().lang);
    Ok(answer(
        StatusCode::OK,
        page::practice(Words::of(locale(lang.as_deref())), &face),
    ))
}

async fn list(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    asked: Option<web::Query<Asked>>,
) -> Result<HttpResponse, Failure> {
    let asked = asked.map(web::Query::into_inner).unwrap_or_default();
    let desk = Desk::at(&state, &agenda, locale(asked.lang.as_deref())).await?;
    desk.list((StatusCode::OK, None), &asked).await
}

async fn hold(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    form: Result<web::Form<HoldForm>, Error>,
) -> Result<HttpResponse, Failure> {
    let Ok(form) = form.map(web::Form::into_inner) else {
        return misread(&state, &agenda).await;
    };
    let desk = Desk::at(&state, &agenda, locale(Some(&form.lang))).await?;
    let order = HoldRequest {
        command_id: command(&["hold", &form.token, &form.kind, &form.start_ms.to_string()]),
        kind: form.kind.clone(),
        start_ms: form.start_ms,
        token: form.token.clone(),
    };
    match public::hold(&state, &agenda, network(&request), order).await {
        Ok(held) => Ok(desk.form(
            StatusCode::OK,
            &Form {
                token: &form.token,
                kind: &form.kind,
                hold: &held.hold,
                start_ms: held.start_ms,
                expires_ms: held.expires_ms,
                person: &nobody(),
                mistake: None,
            },
        )),
        Err(failure) => desk.refused(&failure, &form.kind).await,
    }
}

async fn book(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    form: Result<web::Form<BookForm>, Error>,
) -> Result<HttpResponse, Failure> {
    let Ok(form) = form.map(web::Form::into_inner) else {
        return misread(&state, &agenda).await;
    };
    let locale = locale(Some(&form.lang));
    let desk = Desk::at(&state, &agenda, locale).await?;
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let person = Person {
        given_name: form.given_name.clone(),
        family_name: form.family_name.clone(),
        email: given(&form.email),
        phone: given(&form.phone),
    };
    if let Err(Refusal::Invalid { field, .. }) = inward::person(&person).validate(true) {
        return Ok(desk.form(
            StatusCode::UNPROCESSABLE_ENTITY,
            &Form {
                token: &form.token,
                kind: &form.kind,
                hold: &form.hold,
                start_ms: form.start_ms,
                expires_ms: form.expires_ms,
                person: &person,
                mistake: Some(field),
            },
        ));
    }
    let hold: HoldId = inward::id("hold", &form.hold)?;
    let secret_of_manage = secret::derived(&["manage", &form.token]);
    let said = [&form.given_name, &form.family_name, &form.email, &form.phone].map(String::as_str);
    let order = ConfirmRequest {
        command_id: command(&[&["book", &form.token, &form.hold][..], &said[..]].concat()),
        token: form.token.clone(),
        person,
        notice_version: form.notice_version,
        manage: secret_of_manage.clone(),
        locale: Some(desk.words.lang.to_owned()),
    };
    match public::confirm(&state, &agenda, network(&request), (hold, order)).await {
        Ok(booked) => Ok(answer(
            StatusCode::OK,
            page::booked(
                &desk.around(),
                &Booked {
                    start_ms: form.start_ms,
                    booking: &booked.booking,
                    manage_path: &booked.manage_path,
                    manage: &secret_of_manage,
                },
            ),
        )),
        Err(failure) => desk.refused(&failure, &form.kind).await,
    }
}

async fn cancel(
    state: Data<EdgeState>,
    agenda: PublicAgenda,
    request: HttpRequest,
    form: Result<web::Form<CancelForm>, Error>,
) -> Result<HttpResponse, Failure> {
    let Ok(form) = form.map(web::Form::into_inner) else {
        return misread(&state, &agenda).await;
    };
    let desk = Desk::at(&state, &agenda, locale(Some(&form.lang))).await?;
    let booking: BookingId = inward::id("booking", &form.booking)?;
    let order = CancelRequest {
        command_id: command(&["cancel", &form.manage, &form.booking]),
        manage: form.manage,
    };
    match manage::cancel(&state, &agenda, network(&request), (booking, order)).await {
        Ok(_) => Ok(answer(StatusCode::OK, page::cancelled(&desk.around()))),
        Err(failure) => desk.refused(&failure, "").await,
    }
}

/// A form that is not one of ours: back to the slots, which says what to do.
async fn misread(state: &Data<EdgeState>, agenda: &PublicAgenda) -> Result<HttpResponse, Failure> {
    let desk = Desk::at(state, agenda, Locale::French).await?;
    let said = (StatusCode::BAD_REQUEST, Some(desk.words.problem("malformed")));
    desk.list(said, &Asked::default()).await
}

/// The number of a command: the same parts, the same command.
fn command(parts: &[&str]) -> String {
    let mut derived = secret::derived(parts);
    derived.truncate(32);
    derived
}

const fn nobody() -> Person {
    Person {
        given_name: String::new(),
        family_name: String::new(),
        email: None,
        phone: None,
    }
}

/// What every page of one practitioner is made of.
struct Desk<'a> {
    state: &'a EdgeState,
    agenda: &'a PublicAgenda,
    words: &'static Words,
    face: Face,
    zone: Zone,
    types: Vec<AppointmentType>,
    now_ms: i64,
}

impl<'a> Desk<'a> {
    async fn at(state: &'a EdgeState, agenda: &'a PublicAgenda, locale: Locale) -> Result<Self, Failure> {
        let face = public_face(state, &agenda.practice).await?;
        let look = state.agendas.read(agenda.key, |read| {
            let zone = read.agenda.profile.as_ref().map(|profile| profile.zone.clone());
            (zone, view::online_types(read.agenda), read.now)
        });
        let (zone, types, now) = look.await?;
        Ok(Self {
            state,
            agenda,
            words: Words::of(locale),
            face,
            zone: zone.unwrap_or_else(Zone::paris),
            types,
            now_ms: now.0,
        })
    }

    const fn around(&self) -> page::Around<'_> {
        page::Around {
            words: self.words,
            face: &self.face,
            practitioner: &self.agenda.practitioner,
            zone: &self.zone,
        }
    }

    /// The slots, under what there is to say.
    async fn list(
        &self,
        (status, said): (StatusCode, Option<&'static str>),
        asked: &Asked,
    ) -> Result<HttpResponse, Failure> {
        let named = self
            .types
            .iter()
            .find(|kind| Some(kind.id.as_str()) == asked.kind.as_deref());
        let kind = named.or_else(|| self.types.first());
        let mut slots: Vec<Slot> = Vec::new();
        if let Some(kind) = kind {
            let only: TypeId = inward::id("kind", &kind.id)?;
            let look = self.state.agendas.read(self.agenda.key, move |read| {
                let now = read.now;
                let mut slots = view::free_slots(read, Some(only))
                    .pop()
                    .map_or_else(Vec::new, |(_, slots)| slots);
                slots.retain(|slot| slot.bookable_from <= now && now <= slot.bookable_until);
                slots
            });
            slots = look.await?;
        }
        let from_ms = asked.from_ms.unwrap_or(0);
        slots.retain(|slot| slot.start.millis().0 >= from_ms);
        let list = List {
            types: &self.types,
            kind,
            slots: &slots,
            token: &hex::encode((self.state.entropy)()),
            now_ms: self.now_ms,
            said,
        };
        Ok(answer(status, page::list(&self.around(), &list)))
    }

    fn form(&self, status: StatusCode, form: &Form<'_>) -> HttpResponse {
        answer(status, page::form(&self.around(), form))
    }

    /// Why it was not done, above the slots that are free now.
    async fn refused(&self, failure: &Failure, kind: &str) -> Result<HttpResponse, Failure> {
        let row = failure.row();
        let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::CONFLICT);
        let asked = Asked {
            kind: Some(kind.to_owned()),
            ..Asked::default()
        };
        self.list((status, Some(self.words.problem(row.code))), &asked).await
    }
}
