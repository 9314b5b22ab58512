//! The browser applications, embedded: one page for every address of theirs, and its assets, whose names change with their
//! content. A page of something that does not exist is the same page with status 404.
//!
//! Must not be here: anything personal.

use super::EdgeState;
use super::guard::agenda::{PublicAgenda, PublicPractice};
use super::openapi::methods_of;
use super::problem::{EdgeCode, Failure};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, ETAG, IF_NONE_MATCH, LOCATION};
use actix_web::middleware::Compress;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "dashboards/web/dist"]
#[allow_missing = true]
#[exclude = "*.map"]
struct Web;

const PAGE: &str = "index.html";
/// Page of the operators' door.
const OPERATORS_PAGE: &str = "operators.html";
/// Hashed names never change their content: a year.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Ask again every time; the ETag makes the answer short.
const ASK_AGAIN: &str = "no-cache";

/// Adds the pages, the assets, and the answer to every other path. Assets alone are compressed: a page is small, and nothing that
/// is sent under somebody's cookies gives its length away (BREACH).
pub fn configure(config: &mut ServiceConfig) {
    for path in [
        "/",
        "/agenda",
        "/agenda/reglages",
        "/agenda/equipe",
        "/agenda/securite",
        "/agenda/journal",
        "/agenda/alertes",
        "/agenda/patients",
        "/inscription",
        "/documents/terms",
        "/documents/processing",
        "/documents/policy",
        "/mentions-legales",
        "/rdv",
    ] {
        config.service(web::resource(path).route(web::get().to(page)));
    }
    config
        .service(web::resource(["/p/{practice}", "/mes-rendez-vous/{practice}"]).route(web::get().to(practice_page)))
        .service(
            web::resource([
                "/p/{practice}/{practitioner}",
                "/p/{practice}/{practitioner}/rdv/{booking}",
                "/p/{practice}/{practitioner}/attente/{entry}",
            ])
            .route(web::get().to(practitioner_page)),
        )
        .service(
            web::resource("/assets/{name:.*}")
                .wrap(Compress::default())
                .route(web::get().to(asset)),
        )
        .default_service(web::route().to(nothing));
}

/// Adds the team's page at the operators' door, and its assets.
pub fn configure_operators(config: &mut ServiceConfig) {
    for path in ["/", "/equipe/securite"] {
        config.service(
            web::resource(path)
                .wrap(Compress::default())
                .route(web::get().to(operators_page)),
        );
    }
    config.service(
        web::resource("/assets/{name:.*}")
            .wrap(Compress::default())
            .route(web::get().to(asset)),
    );
}

async fn operators_page(request: HttpRequest) -> HttpResponse {
    serve(&request, OPERATORS_PAGE, StatusCode::OK)
}

async fn page(request: HttpRequest) -> HttpResponse {
    serve(&request, PAGE, StatusCode::OK)
}

async fn practice_page(request: HttpRequest, found: Result<PublicPractice, Failure>) -> HttpResponse {
    if let Some(plain) = plain(&request, found.is_ok()) {
        return plain;
    }
    serve(&request, PAGE, status(found.is_ok()))
}

/// Who has no script asks for the pages without by `?simple`, the one link that a page for every address can carry.
fn plain(request: &HttpRequest, found: bool) -> Option<HttpResponse> {
    let names: Vec<&str> = request.match_info().iter().map(|(_, name)| name).collect();
    let asked = found && request.query_string() == "simple" && request.path() == format!("/p/{}", names.join("/"));
    asked.then(|| {
        HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("/simple/{}", names.join("/"))))
            .finish()
    })
}

async fn practitioner_page(request: HttpRequest, found: Result<PublicAgenda, Failure>) -> HttpResponse {
    if let Some(plain) = plain(&request, found.is_ok()) {
        return plain;
    }
    serve(&request, PAGE, status(found.is_ok()))
}

const fn status(found: bool) -> StatusCode {
    if found { StatusCode::OK } else { StatusCode::NOT_FOUND }
}

async fn asset(request: HttpRequest) -> HttpResponse {
    let path = request.path().trim_start_matches('/').to_owned();
    if Web::get(&path).is_some() {
        serve(&request, &path, StatusCode::OK)
    } else {
        Failure::from(EdgeCode::NotFound).error_response()
    }
}

/// Anything else: a page for browsers that follow a link, a problem for programs.
async fn nothing(request: HttpRequest, _state: web::Data<EdgeState>) -> HttpResponse {
    // A documented address that came here was asked with another method (RFC 9110 section 15.5.6).
    if let Some(methods) = methods_of(request.path()) {
        let mut refused = Failure::from(EdgeCode::MethodNotAllowed).error_response();
        refused.headers_mut().insert(ALLOW, methods);
        return refused;
    }
    let accept = request.headers().get(ACCEPT).and_then(|kinds| kinds.to_str().ok());
    let browser = accept.is_some_and(|kinds| kinds.contains("text/html"));
    if browser && request.method().is_safe() && !request.path().starts_with("/api/") {
        serve(&request, PAGE, StatusCode::NOT_FOUND)
    } else {
        Failure::from(EdgeCode::NotFound).error_response()
    }
}

fn serve(request: &HttpRequest, path: &str, status: StatusCode) -> HttpResponse {
    let Some(file) = Web::get(path) else {
        // A server built without its applications still serves the API; the page says so instead of being empty.
        return HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .body(
                "<!doctype html><title>Cabinet en Ligne</title><p>This server was built without its web application.",
            );
    };
    // Weak, because the same content may travel compressed.
    let tag = format!("W/\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let caching = if path.starts_with("assets/") && hashed(path) {
        FOREVER
    } else {
        ASK_AGAIN
    };
    if status == StatusCode::OK && known.is_some_and(|tags| tags.split(',').any(|one| one.trim() == tag)) {
        return HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .insert_header((CACHE_CONTROL, caching))
            .finish();
    }
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = if kind.type_() == mime_guess::mime::TEXT || kind.subtype() == mime_guess::mime::JAVASCRIPT {
        format!("{}; charset=utf-8", kind.essence_str())
    } else {
        kind.essence_str().to_owned()
    };
    let mut response = HttpResponse::build(status);
    response.content_type(kind).insert_header((CACHE_CONTROL, caching));
    if status == StatusCode::OK {
        response.insert_header((ETAG, tag));
    }
    response.body(file.data.into_owned())
}

/// `name-1a2B3c4D.js`: a hash of at least 8 characters stands before the ending.
fn hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let hash = stem.get(stem.len().saturating_sub(9)..).unwrap_or_default();
    let Some(hash) = hash.strip_prefix('-') else {
        return false;
    };
    hash.len() == 8
        && hash
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::hashed;

    #[test]
    fn only_names_with_a_hash_are_kept_forever() {
        for (path, forever) in [
            ("assets/index-Bq3_xY9z.js", true),
            ("assets/favicon.svg", false),
            ("assets/logo-dark.svg", false),
            ("assets/a", false),
        ] {
            assert_eq!(hashed(path), forever, "{path}");
        }
    }
}
