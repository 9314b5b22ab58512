//! The operators' page on the wire: the state of the installation, in figures, ids and words. No name of a practice, of a member
//! of one or of a patient is here.

use super::alerts::AlertAnswer;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Everything that the page shows. Sent whole whenever any of it has changed, at most once a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Overview {
    /// Of the server.
    pub version: String,
    /// Whether the store serves.
    pub ready: bool,
    /// About networks, the installation and the team, newest days first.
    pub alerts: Vec<InstallationAlert>,
    /// Alerts raised since the start, those in practices too, which their owners see.
    pub alert_counts: Vec<AlertCount>,
    /// Sessions that stand, the latest used first.
    pub sessions: Vec<StandingSession>,
    /// How many stand, shown or not.
    pub sessions_standing: u32,
    /// Accounts, devices and networks that are held back now.
    pub held: Vec<HeldFace>,
    /// The audit logs.
    pub audit: AuditHealth,
    /// Figures by name, as `/metrics` has them, labels added up.
    pub figures: Vec<Figure>,
    /// Mails; none: this installation sends none.
    pub mail: Option<MailHealth>,
    /// The platform's team.
    pub team: Vec<TeamMember>,
}

/// What the data protection officer sees of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Compliance {
    /// The audit logs.
    pub audit: AuditHealth,
    /// About networks, the installation and the team, newest days first.
    pub alerts: Vec<InstallationAlert>,
    /// Alerts raised since the start, those in practices too.
    pub alert_counts: Vec<AlertCount>,
    /// The platform's team.
    pub team: Vec<TeamMember>,
}

/// An alert about a network, the installation or one of the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InstallationAlert {
    /// Its id.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// `notice`, `warning` or `critical`.
    pub gravity: String,
    /// The network; empty where it is about none.
    pub detail: String,
    /// Who of the team; none: about nobody of it.
    pub member: Option<String>,
    /// First time on that day.
    #[ts(type = "number")]
    pub first_ms: i64,
    /// Last time.
    #[ts(type = "number")]
    pub last_ms: i64,
    /// How often.
    pub count: u32,
    /// What was said to it; none while it is open.
    pub answer: Option<AlertAnswer>,
}

/// How often a rule spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlertCount {
    /// The rule.
    pub rule: String,
    /// How grave.
    pub gravity: String,
    /// How often.
    #[ts(type = "number")]
    pub count: u64,
}

/// A session of somebody: whose, by ids alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StandingSession {
    /// Its id.
    pub id: String,
    /// Id of the practice; none: of the team.
    pub practice: Option<String>,
    /// Id of the member; of the team: their name.
    pub member: String,
    /// Browser and system.
    pub device: String,
    /// Network, in part.
    pub network: String,
    /// Signed in then.
    #[ts(type = "number")]
    pub since_ms: i64,
    /// Last use that was noted.
    #[ts(type = "number")]
    pub used_ms: i64,
}

/// Somebody who is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HeldFace {
    /// Names them, to let them go.
    pub subject: String,
    /// `account`, `device`, `network` or `blocked_network`.
    pub kind: String,
    /// The network; of an account the ids of practice and member; empty where nothing is known.
    pub detail: String,
    /// Failures of the last day.
    pub failures: u32,
    /// No attempt before then.
    #[ts(type = "number")]
    pub until_ms: i64,
}

/// How the audit logs stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditHealth {
    /// The last journal record whose leaves are in the logs.
    #[ts(type = "number")]
    pub position: u64,
    /// The last journal record.
    #[ts(type = "number")]
    pub journal_position: u64,
    /// Leaves added since the start.
    #[ts(type = "number")]
    pub leaves: u64,
    /// Checkpoints signed since the start.
    #[ts(type = "number")]
    pub checkpoints: u64,
    /// Times that the logs could not be read or written.
    #[ts(type = "number")]
    pub failures: u64,
    /// Times that the watch over them could not.
    #[ts(type = "number")]
    pub watch_failures: u64,
    /// Entries of the team's own log.
    #[ts(type = "number")]
    pub team_entries: u64,
    /// Those of them that the newest checkpoint covers.
    #[ts(type = "number")]
    pub team_covered: u64,
    /// The key that judges checkpoints.
    pub public_key: String,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Figure {
    /// As in `/metrics`.
    pub name: String,
    /// Now.
    pub value: f64,
}

/// How mails stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MailHealth {
    /// Mails that wait.
    #[ts(type = "number")]
    pub waiting: u64,
    /// Mails that were given up.
    #[ts(type = "number")]
    pub dead: u64,
    /// The oldest that waits was written down then.
    #[ts(type = "number | null")]
    pub oldest_ms: Option<i64>,
    /// Why nothing can be sent; none: it can.
    pub down: Option<String>,
    /// Dead letters, oldest first.
    pub letters: Vec<DeadLetter>,
}

/// A mail that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeadLetter {
    /// Names it, to have it tried again.
    pub id: String,
    /// Which kind of mail.
    pub kind: String,
    /// Written down then.
    #[ts(type = "number")]
    pub made_ms: i64,
    /// Times that it was tried.
    pub tries: u32,
    /// What was said to the last.
    pub why: String,
}

/// Somebody of the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TeamMember {
    /// Name.
    pub name: String,
    /// `ops`, `dpo` or `support`.
    pub role: String,
    /// `none`, `open` or `closed`.
    pub account: String,
}

/// Acknowledges an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// Why it is all right, or what was done: 1 to 300 bytes.
    pub reason: String,
}

/// Lets somebody go who is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LetGo {
    /// As [`HeldFace`] names them.
    pub subject: String,
}

/// Has dead letters be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TryAgain {
    /// As [`DeadLetter`] names it; none: all.
    pub id: Option<String>,
}
