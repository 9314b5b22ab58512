//! What the machine's own operator is answered through the control socket.
//!
//! Must not be here: the socket (`control`), what any of it means (the actors).

use crate::control::{Ask, TeamChange, Told};
use crate::mails;
use anyhow::Context as _;
use cabinet_actors::access::Access;
use cabinet_actors::anomaly::{AlertRecord, AnomalySupervisor};
use cabinet_actors::directory::Directory;
use cabinet_actors::mail::MailSupervisor;
use cabinet_actors::operators::{Operator, Operators};
use cabinet_domain::audit::{Actor, LeafOrigin};
use cabinet_domain::rights::Role;

/// Lines that the operator is told at once.
const ALERT_LINES_MAX: usize = 100;

/// What answers are taken from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) access: Access,
    pub(crate) directory: Directory,
    pub(crate) anomalies: AnomalySupervisor,
    pub(crate) mails: Option<MailSupervisor>,
    pub(crate) operators: Operators,
    /// Address of the public pages.
    pub(crate) base_url: String,
    /// Address of the team's page; none: there is no page.
    pub(crate) team_url: Option<String>,
}

impl Asked {
    /// The answer.
    pub(crate) async fn answer(&self, ask: Ask) -> Told {
        let told = match ask {
            Ask::SignInLink { practice, staff } => {
                let link = sign_in_link(
                    &self.access,
                    &self.directory,
                    &self.base_url,
                    &practice,
                    staff.as_deref(),
                );
                link.await.map(Told::Link)
            }
            Ask::Alerts => alert_lines(&self.anomalies).await.map(Told::Lines),
            Ask::Mails { again, trial } => {
                let told = mails::told(self.mails.as_ref(), again, trial).await;
                told.map(Told::Lines)
            }
            Ask::Team { change } => self.team(change).await.map(Told::Lines),
        };
        told.unwrap_or_else(|error| Told::No(format!("{error:#}")))
    }

    /// Changes the team, and tells who is in it.
    async fn team(&self, change: Option<TeamChange>) -> anyhow::Result<Vec<String>> {
        let secret = match change {
            None => None,
            Some(TeamChange::Add { name, role }) => {
                let mut roles = Role::ALL.into_iter();
                let known = roles.find(|known| known.is_platform() && known.name() == role);
                let known = known.with_context(|| format!("{role:?} is no role of the team: ops, dpo or support"))?;
                Some(self.operators.add(&name, known).await?)
            }
            Some(TeamChange::Link { name }) => Some(self.operators.link(&name).await?),
            Some(TeamChange::Remove { name }) => {
                self.operators.remove(&name).await?;
                None
            }
        };
        let mut lines: Vec<String> = self.operators.list().await?.into_iter().map(line).collect();
        if let Some(secret) = secret {
            lines.insert(0, self.team_link(&secret)?);
        }
        Ok(lines)
    }

    /// Where a link of the team leads.
    fn team_link(&self, secret: &str) -> anyhow::Result<String> {
        let url = self.team_url.as_ref();
        let url =
            url.context("there is no team's page: it needs ops.bind on loopback, where an SSH tunnel reaches it")?;
        Ok(format!("{url}/#link={secret}"))
    }

    /// A link for the first of the team, who is made if there is nobody: for a demo.
    pub(crate) async fn demo_operator(&self, name: &str) -> anyhow::Result<String> {
        let secret = match self.operators.first() {
            Some(first) => self.operators.link(&first).await?,
            None => self.operators.add(name, Role::Operations).await?,
        };
        self.team_link(&secret)
    }
}

fn line(operator: Operator) -> String {
    let account = match operator.account {
        None => "no account yet",
        Some(false) => "has an account",
        Some(true) => "account closed: not used for too long",
    };
    format!("{} {} ({account})", operator.role.name(), operator.name)
}

/// Alerts about networks and the installation, a line each: when, how grave, which rule, what about.
async fn alert_lines(anomalies: &AnomalySupervisor) -> anyhow::Result<Vec<String>> {
    let alerts = anomalies.alerts_of_installation().await?;
    let line = |record: AlertRecord| {
        let AlertRecord { alert, detail, .. } = record;
        let (gravity, rule) = (alert.gravity.name(), alert.rule.name());
        let when = jiff::Timestamp::from_millisecond(alert.first.0).unwrap_or_default();
        format!("{when} {gravity} {rule} {detail}")
    };
    Ok(alerts.into_iter().take(ALERT_LINES_MAX).map(line).collect())
}

/// A sign-in link for a member of staff by name, or for the first one.
///
/// # Errors
/// When there is no such practice or person, or the link cannot be written.
pub(crate) async fn sign_in_link(
    access: &Access,
    directory: &Directory,
    base_url: &str,
    practice: &str,
    staff: Option<&str>,
) -> anyhow::Result<String> {
    let practice = directory
        .practice_by_slug(practice)
        .with_context(|| format!("there is no practice {practice:?}"))?;
    let mut people = practice.staff.values();
    let person = match staff {
        Some(name) => people
            .find(|person| person.name == name)
            .with_context(|| format!("there is no {name:?} in it"))?,
        None => people.next().context("the practice has no staff")?,
    };
    let by = (Actor::Server, LeafOrigin::default());
    let secret = access.issue_link(practice.id, person.id, by).await?;
    Ok(format!("{base_url}/agenda#link={secret}"))
}
