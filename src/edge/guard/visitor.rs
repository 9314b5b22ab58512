//! Who comes, as far as the request tells: the network that failed attempts are counted for, what the owner of an account is
//! shown of a sign-in, the device that an account knows.
//!
//! Must not be here: storing any of it.

use super::agenda::state;
use super::staff::{device, from_script};
use crate::edge::problem::Failure;
use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest};
use cabinet_actors::access::Origin;
use cabinet_actors::accounts::Visitor;
use std::future::{Ready, ready};
use std::net::IpAddr;

/// A visitor, whose changing request one of our scripts has sent.
pub struct Comes(pub Visitor);

impl FromRequest for Comes {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(from_script(request).and_then(|()| visitor(request)).map(Self))
    }
}

/// Who comes.
///
/// # Errors
/// `internal` outside the application.
pub fn visitor(request: &HttpRequest) -> Result<Visitor, Failure> {
    let state = state(request)?;
    let address = request.peer_addr().map(|address| address.ip());
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    Ok(Visitor {
        network: address.map(counted).unwrap_or_default(),
        origin: Origin {
            device: device_name(agent.unwrap_or_default()),
            network: address.map(shown).unwrap_or_default(),
        },
        device: device(request, state.jar()),
    })
}

/// The network that leaves of the audit log are kept with, as sessions are shown it; empty when the connection has none.
#[must_use]
pub fn network(request: &HttpRequest) -> String {
    let address = request.peer_addr().map(|address| address.ip());
    address.map(shown).unwrap_or_default()
}

/// The address that evidence is kept with; empty when the connection has none.
#[must_use]
pub fn address(request: &HttpRequest) -> String {
    let address = request.peer_addr().map(|address| address.ip().to_canonical());
    address.map(|address| address.to_string()).unwrap_or_default()
}

/// Longest name of a browser that is kept, in bytes.
const BROWSER_BYTES_MAX: usize = 512;

/// How the browser calls itself, as far as it is kept.
#[must_use]
pub fn browser(request: &HttpRequest) -> String {
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default().chars().take(BROWSER_BYTES_MAX).collect()
}

/// What attempts are counted for: an IPv4 address, an IPv6 network of 64 bits, which is one customer's.
pub(crate) fn counted(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

/// What the owner is shown: the first half of an IPv4 address, the first 48 bits of IPv6.
fn shown(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            format!("{a}.{b}.*")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:*")
        }
    }
}

/// Browsers by what they call themselves; the first that fits, as most also call themselves their ancestors.
const BROWSERS: [(&str, &str); 6] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
/// Systems, likewise.
const SYSTEMS: [(&str, &str); 6] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// A browser's and system's names; empty when it says neither.
fn device_name(agent: &str) -> String {
    let find = |table: &[(&str, &'static str)]| {
        let found = table.iter().find(|(sign, _)| agent.contains(sign));
        found.map(|(_, name)| *name)
    };
    let parts: Vec<&str> = [find(&BROWSERS), find(&SYSTEMS)].into_iter().flatten().collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names_that_their_owners_know() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0",
                "Firefox, Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Mobile Safari/537.36",
                "Chrome, Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1",
                "Safari, iPhone",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/128.0 Safari/537.36 Edg/128.0",
                "Edge, Linux",
            ),
            ("curl/8.0", ""),
            ("", ""),
        ] {
            assert_eq!(device_name(agent), name, "{agent}");
        }
    }

    #[test]
    fn networks_are_counted_whole_and_shown_in_part() {
        for (address, one, other) in [
            ("192.0.2.17", "192.0.2.17", "192.0.*"),
            ("::ffff:192.0.2.17", "192.0.2.17", "192.0.*"),
            ("2001:db8:1:2:3::4", "2001:db8:1:2", "2001:db8:1:*"),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!((counted(address).as_str(), shown(address).as_str()), (one, other));
        }
    }
}
