//! What the operators' page shows, put together from the supervisors' own words: one picture a second, whoever looks.
//!
//! Must not be here: who may look, names of practices and of their members.

use crate::edge::Ready;
use crate::edge::problem::Failure;
use cabinet_actors::access::{Access, Standing};
use cabinet_actors::accounts::{Accounts, Held, HeldKind, Holder};
use cabinet_actors::anomaly::{AlertRecord, AnomalySupervisor, alert_id};
use cabinet_actors::audit::Audit;
use cabinet_actors::clock::Clock;
use cabinet_actors::directory::Directory;
use cabinet_actors::mail::MailSupervisor;
use cabinet_actors::operators::{Operator, Operators};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::alerts::AlertAnswer;
use cabinet_proto::v1::operators::{
    AlertCount, AuditHealth, Compliance, DeadLetter, Figure, HeldFace, InstallationAlert, MailHealth, Overview,
    StandingSession, TeamMember,
};
use parking_lot::Mutex;
use prometheus::Registry;
use std::sync::Arc;

/// Alerts that are shown.
const ALERTS_MAX: usize = 200;
/// Sessions that are shown.
const SESSIONS_MAX: usize = 200;
/// Sessions that are counted.
const SESSIONS_COUNTED_MAX: usize = 10_000;
/// Of those held back, so many are shown.
const HELD_MAX: usize = 200;
/// Dead letters that are shown.
const LETTERS_MAX: usize = 100;
/// A picture is shown for so many milliseconds before the next is made.
const PICTURE_MILLISECONDS: i64 = 900;

/// Figures of the page by their names in `/metrics`.
const FIGURES: [&str; 22] = [
    "cabinet_agendas_live",
    "cabinet_holds_live",
    "cabinet_boards_open",
    "cabinet_sessions_open",
    "cabinet_connections_open",
    "cabinet_commands_accepted_total",
    "cabinet_refusals_total",
    "cabinet_invariant_violations_total",
    "cabinet_agenda_mailbox_full_total",
    "cabinet_agenda_restarts_total",
    "cabinet_agenda_panics_caught_total",
    "cabinet_agenda_outcomes_unknown_total",
    "cabinet_journal_position",
    "cabinet_journal_bytes_total",
    "cabinet_journal_sync_last_seconds",
    "cabinet_journal_refused_full_total",
    "cabinet_journal_stopped",
    "cabinet_journal_damaged_files",
    "cabinet_read_store_lag_records",
    "cabinet_read_store_overlay_bytes",
    "cabinet_read_store_ready",
    "cabinet_keyring_repaired_copies",
];

/// Where the page's figures come from.
#[derive(Clone)]
pub struct Sources {
    /// Every metric.
    pub registry: Registry,
    /// Whether the store serves.
    pub ready: Ready,
    /// Sessions.
    pub access: Access,
    /// Who is held back.
    pub accounts: Accounts,
    /// Alerts.
    pub anomalies: AnomalySupervisor,
    /// The log.
    pub audit: Audit,
    /// Names of the team.
    pub directory: Directory,
    /// The team.
    pub operators: Operators,
    /// Mails; none: none are sent.
    pub mails: Option<MailSupervisor>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

struct Inner {
    sources: Sources,
    latest: Mutex<Option<(UtcMillis, Arc<Overview>)>>,
}

/// What the operators' page shows. Cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

impl Desk {
    /// Over these.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        Self(Arc::new(Inner {
            sources,
            latest: Mutex::default(),
        }))
    }

    /// What it is over.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.0.sources
    }

    /// The picture of this second.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn overview(&self) -> Result<Arc<Overview>, Failure> {
        let now = self.0.sources.clock.now();
        let latest = self.0.latest.lock().clone();
        if let Some((at, overview)) = latest
            && at <= now
            && now.0 < at.0.saturating_add(PICTURE_MILLISECONDS)
        {
            return Ok(overview);
        }
        let overview = Arc::new(self.look().await?);
        *self.0.latest.lock() = Some((now, Arc::clone(&overview)));
        Ok(overview)
    }

    /// The next picture is made anew: something was changed by whoever looks.
    pub fn forget(&self) {
        *self.0.latest.lock() = None;
    }

    async fn look(&self) -> Result<Overview, Failure> {
        let sources = &self.0.sources;
        let standing = sources.access.standing(SESSIONS_COUNTED_MAX).await?;
        let sessions_standing = u32::try_from(standing.len()).unwrap_or(u32::MAX);
        let sessions = standing.into_iter().take(SESSIONS_MAX);
        let held = sources.accounts.held(HELD_MAX).await?.into_iter().map(held_face);
        let blocked = sources
            .anomalies
            .blocked()
            .into_iter()
            .map(|(network, until)| HeldFace {
                subject: format!("blocked:{network}"),
                kind: "blocked_network".to_owned(),
                detail: network,
                failures: 0,
                until_ms: until.0,
            });
        let figures = self.figures();
        Ok(Overview {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ready: (sources.ready)(),
            alerts: self.alerts().await?,
            alert_counts: self.alert_counts(),
            sessions: sessions.map(|session| self.session(session)).collect(),
            sessions_standing,
            held: blocked.chain(held).take(HELD_MAX).collect(),
            audit: self.audit().await?,
            figures,
            mail: self.mail().await?,
            team: self.team().await?,
        })
    }

    /// What the data protection officer sees.
    ///
    /// # Errors
    /// When storage could not be read.
    pub async fn compliance(&self) -> Result<Compliance, Failure> {
        Ok(Compliance {
            audit: self.audit().await?,
            alerts: self.alerts().await?,
            alert_counts: self.alert_counts(),
            team: self.team().await?,
        })
    }

    fn name_of(&self, staff: StaffId) -> Option<String> {
        let team = self.0.sources.directory.practice(PracticeId::PLATFORM)?;
        team.members.get(&staff).map(|member| member.name.clone())
    }

    /// Alerts about networks, the installation and the team, newest days first.
    async fn alerts(&self) -> Result<Vec<InstallationAlert>, Failure> {
        let anomalies = &self.0.sources.anomalies;
        let mut all = anomalies.alerts_of_installation().await?;
        if self.0.sources.directory.practice(PracticeId::PLATFORM).is_some() {
            all.extend(anomalies.alerts(PracticeId::PLATFORM).await?);
        }
        all.sort_by_key(|record| std::cmp::Reverse(record.alert.last));
        Ok(all
            .into_iter()
            .take(ALERTS_MAX)
            .map(|record| self.alert(record))
            .collect())
    }

    /// An alert as it is shown.
    #[must_use]
    pub fn alert(&self, record: AlertRecord) -> InstallationAlert {
        let id = hex::encode(alert_id(&record.alert));
        let AlertRecord { alert, detail, answer } = record;
        InstallationAlert {
            id,
            rule: alert.rule.name().to_owned(),
            gravity: alert.gravity.name().to_owned(),
            detail,
            member: self.name_of(alert.staff),
            first_ms: alert.first.0,
            last_ms: alert.last.0,
            count: alert.count,
            answer: answer.map(|answer| AlertAnswer {
                by: self.name_of(answer.by),
                at_ms: answer.at.0,
                mine: answer.mine,
                reason: answer.reason,
            }),
        }
    }

    fn alert_counts(&self) -> Vec<AlertCount> {
        let counts = self.0.sources.anomalies.counts();
        let one = |(counted, count): (cabinet_actors::anomaly::Counted, u64)| AlertCount {
            rule: counted.rule.name().to_owned(),
            gravity: counted.gravity.name().to_owned(),
            count,
        };
        counts.into_iter().map(one).collect()
    }

    fn session(&self, session: Standing) -> StandingSession {
        let Standing {
            id,
            who,
            origin,
            since,
            used,
        } = session;
        let team = who.practice.is_platform();
        let name = self.name_of(who.staff).filter(|_| team);
        StandingSession {
            id: hex::encode(id),
            practice: (!team).then(|| who.practice.to_string()),
            member: name.unwrap_or_else(|| who.staff.to_string()),
            device: origin.device,
            network: origin.network,
            since_ms: since.0,
            used_ms: used.0,
        }
    }

    async fn audit(&self) -> Result<AuditHealth, Failure> {
        let Sources { audit, anomalies, .. } = &self.0.sources;
        let stats = audit.stats();
        let own = audit.state(PracticeId::PLATFORM).await?;
        Ok(AuditHealth {
            position: stats.position,
            journal_position: self.figure("cabinet_journal_position"),
            leaves: stats.leaves,
            checkpoints: stats.checkpoints,
            failures: audit.failures(),
            watch_failures: anomalies.failures(),
            team_entries: own.size,
            team_covered: own.covered.unwrap_or(0),
            public_key: audit.public_key(),
        })
    }

    async fn mail(&self) -> Result<Option<MailHealth>, Failure> {
        let Some(mails) = &self.0.sources.mails else {
            return Ok(None);
        };
        let stats = mails.stats();
        let letters = if stats.dead == 0 {
            Vec::new()
        } else {
            mails.listed(LETTERS_MAX, true).await?
        };
        let letter = |mail: cabinet_actors::mail::Listed| DeadLetter {
            id: mail.id,
            kind: mail.letter.to_owned(),
            made_ms: mail.made.0,
            tries: mail.tries,
            why: mail.why,
        };
        let number = |count| u64::try_from(count).unwrap_or(u64::MAX);
        Ok(Some(MailHealth {
            waiting: number(stats.waiting),
            dead: number(stats.dead),
            oldest_ms: stats.oldest.map(|at| at.0),
            down: stats.down,
            letters: letters.into_iter().map(letter).collect(),
        }))
    }

    async fn team(&self) -> Result<Vec<TeamMember>, Failure> {
        let one = |operator: Operator| TeamMember {
            name: operator.name,
            role: operator.role.name().to_owned(),
            account: match operator.account {
                None => "none",
                Some(false) => "open",
                Some(true) => "closed",
            }
            .to_owned(),
        };
        Ok(self.0.sources.operators.list().await?.into_iter().map(one).collect())
    }

    fn figures(&self) -> Vec<Figure> {
        let families = self.0.sources.registry.gather();
        let figure = |name: &&str| {
            let family = families.iter().find(|family| family.name() == *name)?;
            let of =
                |metric: &prometheus::proto::Metric| metric.get_gauge().get_value() + metric.get_counter().get_value();
            Some(Figure {
                name: (*name).to_owned(),
                value: family.get_metric().iter().map(of).sum(),
            })
        };
        FIGURES.iter().filter_map(figure).collect()
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count, far below 2^53 and never negative"
    )]
    fn figure(&self, name: &str) -> u64 {
        let figures = self.figures();
        figures
            .iter()
            .find(|figure| figure.name == name)
            .map_or(0, |figure| figure.value as u64)
    }
}

fn held_face(held: Held) -> HeldFace {
    let ids = |Holder { practice, staff }| format!("{practice}/{staff}");
    let (kind, detail) = match held.kind {
        HeldKind::Account(holder) => ("account", holder.map(ids).unwrap_or_default()),
        HeldKind::Device => ("device", String::new()),
        HeldKind::Network(network) => ("network", network),
    };
    HeldFace {
        subject: held.subject,
        kind: kind.to_owned(),
        detail,
        failures: held.failures,
        until_ms: held.until.0,
    }
}
