//! How much one network may ask for in a while, by class of route: so that one neighbour's script does not make everybody wait.
//! Guesses at passwords and codes have a ladder of their own (`cabinet_actors::accounts`), sockets a bound of their own (`live`).
//!
//! Behind a proxy on the same machine every request comes from loopback: there the proxy limits, and loopback is not counted.
//! Must not be here: who may do what.

use super::problem::{EdgeCode, Failure};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Networks that are remembered, of each class; beyond, those that have been quiet are forgotten.
pub const NETWORKS_MAX: usize = 50_000;
/// So many tenths of a minute's requests may come at once.
const BURST_TENTHS: u32 = 5;

/// A class of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Looking.
    Read,
    /// Changing something.
    Change,
    /// Signing in and up, links, codes.
    Account,
}

impl Class {
    /// Of a request; none: files and pages, which are cheap and cached.
    #[must_use]
    pub fn of(is_read: bool, path: &str) -> Option<Self> {
        let path = path.strip_prefix("/api/v1/")?;
        Some(if is_read {
            Self::Read
        } else if path.starts_with("account/") || path == "staff/sign-in" || is_visit(path) {
            Self::Account
        } else {
            Self::Change
        })
    }
}

/// Whether a request asks for a patient's code or tries one.
fn is_visit(path: &str) -> bool {
    path.starts_with("public/") && (path.ends_with("/visit") || path.ends_with("/visit/open"))
}

/// Requests of one network in a minute, by class; 0: as many as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PerMinute {
    /// Looking.
    pub read: u32,
    /// Changing.
    pub change: u32,
    /// Signing in and up, links, codes.
    pub account: u32,
    /// Whether requests from the machine itself count too.
    pub count_loopback: bool,
}

impl Default for PerMinute {
    /// A guess at what a practice behind one address never reaches; not measured.
    fn default() -> Self {
        Self {
            read: 3_000,
            change: 600,
            account: 120,
            count_loopback: false,
        }
    }
}

impl PerMinute {
    /// No bounds.
    #[must_use]
    pub const fn unbounded() -> Self {
        Self {
            read: 0,
            change: 0,
            account: 0,
            count_loopback: false,
        }
    }
}

type Limiter<C> = RateLimiter<String, DefaultKeyedStateStore<String>, C, NoOpMiddleware<<C as Clock>::Instant>>;

struct Inner<C: Clock> {
    clock: C,
    read: Option<Limiter<C>>,
    change: Option<Limiter<C>>,
    account: Option<Limiter<C>>,
    count_loopback: bool,
}

/// The limits. Cheap to clone.
pub struct Limits<C: Clock = DefaultClock>(Arc<Inner<C>>);

impl<C: Clock> Clone for Limits<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

fn limiter<C: Clock + Clone>(per_minute: u32, clock: &C) -> Option<Limiter<C>> {
    let rate = NonZeroU32::new(per_minute)?;
    let burst = NonZeroU32::new(per_minute.saturating_mul(BURST_TENTHS) / 10).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::per_minute(rate).allow_burst(burst);
    Some(RateLimiter::new(
        quota,
        DefaultKeyedStateStore::default(),
        clock.clone(),
    ))
}

impl Limits {
    /// As configured.
    #[must_use]
    pub fn new(per_minute: PerMinute) -> Self {
        Self::with_clock(per_minute, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limits<C> {
    fn with_clock(per_minute: PerMinute, clock: C) -> Self {
        Self(Arc::new(Inner {
            read: limiter(per_minute.read, &clock),
            change: limiter(per_minute.change, &clock),
            account: limiter(per_minute.account, &clock),
            count_loopback: per_minute.count_loopback,
            clock,
        }))
    }

    /// Counts a request of a network.
    ///
    /// # Errors
    /// `too_many_requests`, with how long to wait.
    pub fn ask(&self, class: Class, network: impl Into<String>, loopback: bool) -> Result<(), (Failure, Duration)> {
        let Inner { clock, .. } = &*self.0;
        let limiter = match class {
            Class::Read => &self.0.read,
            Class::Change => &self.0.change,
            Class::Account => &self.0.account,
        };
        let Some(limiter) = limiter.as_ref().filter(|_| !loopback || self.0.count_loopback) else {
            return Ok(());
        };
        if limiter.len() >= NETWORKS_MAX {
            limiter.retain_recent();
        }
        let outcome = limiter.check_key(&network.into());
        outcome.map_err(|not_until| {
            let wait = not_until.wait_time_from(clock.now());
            (EdgeCode::TooManyRequests.into(), wait)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn limits(clock: &FakeRelativeClock) -> Limits<FakeRelativeClock> {
        let per_minute = PerMinute {
            read: 0,
            change: 60,
            account: 20,
            count_loopback: false,
        };
        Limits::with_clock(per_minute, clock.clone())
    }

    #[test]
    fn a_network_may_ask_for_half_a_minutes_share_at_once_and_then_at_the_rate() {
        let clock = FakeRelativeClock::default();
        let limits = limits(&clock);
        for _ in 0..30 {
            assert!(limits.ask(Class::Change, "a", false).is_ok());
        }
        let (failure, wait) = limits.ask(Class::Change, "a", false).unwrap_err();
        assert_eq!((failure.row().code, failure.row().status), ("too_many_requests", 429));
        assert_eq!(wait, Duration::from_secs(1));
        assert!(limits.ask(Class::Change, "b", false).is_ok(), "another network");
        assert!(limits.ask(Class::Account, "a", false).is_ok(), "another class");
        assert!(limits.ask(Class::Read, "a", false).is_ok(), "unbounded");
        assert!(limits.ask(Class::Change, "a", true).is_ok(), "loopback is not counted");
        clock.advance(Duration::from_millis(999));
        assert!(limits.ask(Class::Change, "a", false).is_err());
        clock.advance(Duration::from_millis(1));
        assert!(limits.ask(Class::Change, "a", false).is_ok());
        assert!(limits.ask(Class::Change, "a", false).is_err());
    }

    #[test]
    fn networks_that_are_quiet_are_forgotten_at_the_bound() {
        let clock = FakeRelativeClock::default();
        let limits = limits(&clock);
        for number in 0..NETWORKS_MAX {
            assert!(limits.ask(Class::Change, number.to_string(), false).is_ok());
        }
        clock.advance(Duration::from_secs(60));
        assert!(limits.ask(Class::Change, "one more", false).is_ok());
        assert_eq!(limits.0.change.as_ref().unwrap().len(), 1);
    }

    #[test]
    fn classes_are_told_by_method_and_path() {
        assert_eq!(Class::of(true, "/api/v1/staff/me"), Some(Class::Read));
        assert_eq!(Class::of(false, "/api/v1/public/a/b/holds"), Some(Class::Change));
        assert_eq!(Class::of(false, "/api/v1/account/sign-in"), Some(Class::Account));
        assert_eq!(Class::of(false, "/api/v1/staff/sign-in"), Some(Class::Account));
        assert_eq!(Class::of(true, "/assets/index.js"), None);
    }
}
