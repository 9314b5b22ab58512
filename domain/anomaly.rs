//! Suspicious access: what is seen of members and networks goes in, alerts come out. Fifteen rules with what explains an
//! opening, what a member's habits are, and what has to come together before anybody is disturbed; ADR 0014.
//!
//! Pure and deterministic, as all of the domain: the same signals make the same alerts, in production, after a restart and in
//! the trial (`cabinet judge-alerts`). It judges access to patients' data and never how long anybody works.
//! Must not be here: where signals come from, keeping state, telling anybody, what is done about an alert (actors).

mod explain;
mod habits;
mod judge;
mod limits;
mod member;
mod network;
mod recent;
mod rule;
mod signal;
mod watch;

pub use explain::{APPOINTMENT_DAYS_AFTER, APPOINTMENT_DAYS_BEFORE, Explanation, HANDLED_HOURS, Link, explanation};
pub use limits::{BrokenBound, Limits};
pub use member::Member;
pub use network::{NetworkAlert, NetworkWatch};
pub use rule::{Effect, Family, Gravity, Rule};
pub use signal::{Attempt, Location, Observed, SecurityChange, Seen, Signal};
pub use watch::{ANSWER_BYTES_MAX, Alert, Allowance, Watch};

#[cfg(test)]
#[path = "anomaly/tests.rs"]
mod tests;
