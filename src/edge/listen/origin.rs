//! The exact Origin check of both sockets. A browser names the page's origin when it opens a socket and cannot be talked
//! out of it; programs that are no browsers send none and carry no cookies of a victim.

use actix_web::HttpRequest;
use actix_web::http::header::ORIGIN;
use parking_lot::RwLock;
use std::sync::Arc;

/// The origins whose pages may open sockets. Shared; origins can be added once the port is known.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins(Arc<RwLock<Vec<String>>>);

impl AllowedOrigins {
    /// Allows `origins`, each `scheme://host[:port]` exactly as browsers write it.
    #[must_use]
    pub fn new(origins: Vec<String>) -> Self {
        Self(Arc::new(RwLock::new(origins)))
    }

    /// Allows one more.
    pub fn add(&self, origin: impl Into<String>) {
        self.0.write().push(origin.into());
    }

    /// All of them, those of the configuration first.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.0.read().clone()
    }

    /// Whether the request has no Origin or exactly one that is allowed. `null` and anything like an allowed one is not.
    #[must_use]
    pub fn permits(&self, request: &HttpRequest) -> bool {
        let mut named = request.headers().get_all(ORIGIN);
        match (named.next(), named.next()) {
            (None, _) => true,
            (Some(origin), None) => self
                .0
                .read()
                .iter()
                .any(|allowed| origin.as_bytes() == allowed.as_bytes()),
            (Some(_), Some(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_the_exact_origin_or_none_is_permitted() {
        let allowed = AllowedOrigins::default();
        allowed.add("https://rdv.example");
        for (origin, permitted) in [
            ("https://rdv.example", true),
            ("http://rdv.example", false),
            ("https://rdv.example:443", false),
            ("https://rdv.example.evil.example", false),
            ("https://evil.example", false),
            ("https://RDV.example", false),
            ("https://rdv.example/", false),
            ("null", false),
            ("", false),
        ] {
            let request = TestRequest::default().insert_header((ORIGIN, origin)).to_http_request();
            assert_eq!(allowed.permits(&request), permitted, "{origin:?}");
        }
        assert!(allowed.permits(&TestRequest::default().to_http_request()));
        let twice = TestRequest::default()
            .append_header((ORIGIN, "https://rdv.example"))
            .append_header((ORIGIN, "https://evil.example"));
        assert!(!allowed.permits(&twice.to_http_request()));
    }
}
