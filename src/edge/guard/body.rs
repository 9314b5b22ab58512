//! A JSON body: declared as such, within the limit, of the exact shape. What is wrong is said without repeating anything
//! that was sent.

use crate::edge::problem::{EdgeCode, Failure};
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest};
use cabinet_proto::v1::BODY_BYTES_MAX;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::pin::Pin;

/// A body of type `T`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let declared_json = is_json(request);
        let declared_bytes = request
            .headers()
            .get("content-length")
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let payload = payload.take();
        Box::pin(async move {
            if !declared_json {
                return Err(EdgeCode::UnsupportedMediaType.into());
            }
            if declared_bytes.is_some_and(|bytes| bytes > BODY_BYTES_MAX) {
                return Err(EdgeCode::PayloadTooLarge.into());
            }
            let bytes = collect(payload).await?;
            parse(&bytes).map(Self)
        })
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let declared = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = declared.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

async fn collect(mut payload: Payload) -> Result<BytesMut, Failure> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Failure::from(EdgeCode::Malformed).detail("the body could not be read"))?;
        if bytes.len().saturating_add(chunk.len()) > BODY_BYTES_MAX {
            return Err(EdgeCode::PayloadTooLarge.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Parses JSON of an exact shape; also for frames.
///
/// # Errors
/// `malformed`, with the place, and the name of a field that is missing.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        // The names of missing fields are ours; every other message may repeat a value that was sent.
        let missing = text
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next())
            .map(|field| format!("the field {field} is missing"));
        let place = format!(
            "not the JSON expected here, at line {} column {}",
            error.line(),
            error.column()
        );
        Failure::from(EdgeCode::Malformed).detail(missing.unwrap_or(place))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cabinet_proto::v1::http::ReleaseRequest;

    #[test]
    fn what_is_wrong_is_said_without_repeating_what_was_sent() {
        for (body, detail) in [
            (r#"{"command_id":"1"}"#, "the field token is missing"),
            (
                r#"{"command_id":"1","token":"2","secret-name":3}"#,
                "not the JSON expected here, at line 1 column 43",
            ),
            (
                r#"{"command_id":1,"token":"2"}"#,
                "not the JSON expected here, at line 1 column 15",
            ),
            ("[", "not the JSON expected here, at line 1 column 1"),
            ("", "not the JSON expected here, at line 1 column 0"),
        ] {
            let failure = parse::<ReleaseRequest>(body.as_bytes()).unwrap_err();
            assert_eq!(failure.problem().detail.as_deref(), Some(detail), "{body}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}
