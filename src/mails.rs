//! Wiring of mails: from the configuration to whoever takes them. The password is read here, once, and goes nowhere else.
//!
//! Must not be here: when mails are sent, what they say.

use crate::config::{Config, Mail, Provider, Security};
use crate::edge::EdgeState;
use crate::edge::documents::Library;
use anyhow::Context as _;
use cabinet_actors::access::Entropy;
use cabinet_actors::clock::Clock;
use cabinet_actors::gateways::page::Page;
use cabinet_actors::gateways::smtp::{Security as SmtpSecurity, Smtp, SmtpOptions};
use cabinet_actors::mail::{Documents, Listed, MailOptions, MailSupervisor, Outbox, Post, Sources};
use cabinet_storage::Storage;
use prometheus::Registry;
use std::path::Path;
use std::sync::Arc;

/// Who takes the mails of this installation.
pub(crate) enum Taker {
    /// Nobody.
    Nobody,
    /// A server.
    Server(Arc<Smtp>),
    /// The demo's page.
    Page(Page),
}

impl Taker {
    /// As configured. No server is spoken to yet.
    ///
    /// # Errors
    /// When a file cannot be read, or the sender is none.
    pub(crate) fn new(mail: &Mail) -> anyhow::Result<Self> {
        if mail.provider == Provider::Page {
            return Ok(Self::Page(Page::default()));
        }
        let Some((host, port, security)) = mail.server() else {
            tracing::warn!("no mail is sent: nobody is told of a new device, and no link is mailed (mail.provider)");
            return Ok(Self::Nobody);
        };
        let options = SmtpOptions {
            host: host.to_owned(),
            port,
            security: match security {
                Security::StartTls => SmtpSecurity::StartTls,
                Security::Tls => SmtpSecurity::Tls,
            },
            credentials: credentials(mail)?,
            roots_pem: read(&mail.roots_file)?.unwrap_or_default(),
            from: mail.from.clone(),
        };
        Ok(Self::Server(Arc::new(Smtp::new(options)?)))
    }

    /// Where mails are written down.
    pub(crate) fn outbox(&self, mail: &Mail, clock: &Arc<dyn Clock>, entropy: Entropy) -> Outbox {
        let operator = (!mail.operator.is_empty()).then(|| mail.operator.clone());
        match self {
            Self::Nobody => Outbox::closed(),
            Self::Server(_) | Self::Page(_) => Outbox::new(clock.clone(), entropy, operator),
        }
    }

    /// The demo's page.
    pub(crate) fn page(&self) -> Option<Page> {
        match self {
            Self::Page(page) => Some(page.clone()),
            Self::Nobody | Self::Server(_) => None,
        }
    }

    /// Has mails be sent from now on; none where none is sent.
    ///
    /// # Errors
    /// When a metric is there already.
    pub(crate) fn start(
        self,
        outbox: Outbox,
        (storage, state): (&Storage, &EdgeState),
        (config, base_url): (&Config, &str),
        registry: &Registry,
    ) -> anyhow::Result<Option<MailSupervisor>> {
        let post: Arc<dyn Post> = match self {
            Self::Nobody => return Ok(None),
            Self::Server(server) => server,
            Self::Page(page) => Arc::new(page),
        };
        let named = [Some(&config.mail.links), config.server.allowed_origins.first()];
        let named = named.into_iter().flatten().find(|address| !address.is_empty());
        let base = named.map_or_else(|| base_url.to_owned(), Clone::clone);
        let sources = Sources {
            records: storage.records(),
            directory: state.directory.clone(),
            accounts: state.accounts.clone(),
            agendas: state.agendas.clone(),
            audit: state.audit.clone(),
            anomalies: state.anomalies.clone(),
            links: state.visits.desk().links().clone(),
            documents: documents(state.documents.clone()),
            deadlines: state.documents.deadlines(),
        };
        let options = MailOptions {
            daily_hour: config.mail.daily_hour,
        };
        let mails = MailSupervisor::new(outbox, sources, state.clock.clone(), post, (base, options));
        crate::metrics::register_mails(registry, &mails, &state.clock)?;
        actix_rt::spawn(mails.clone().run());
        Ok(Some(mails))
    }
}

/// The documents that practices accept, as they were shown; none for a version that this build does not carry.
fn documents(library: Library) -> Documents {
    Arc::new(move |kind, version, locale| Some(library.find(kind, version)?.text(locale).to_owned()))
}

fn read(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    if path == Path::new("") {
        return Ok(None);
    }
    let bytes = std::fs::read(path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(Some(bytes))
}

fn credentials(mail: &Mail) -> anyhow::Result<Option<(String, String)>> {
    let Some(bytes) = read(&mail.password_file)? else {
        return Ok(None);
    };
    let password = String::from_utf8(bytes).context("mail.password_file is not text")?;
    let password = password.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!password.is_empty(), "mail.password_file is empty");
    Ok(Some((mail.user.clone(), password.to_owned())))
}

/// Lines that the operator is told at once.
const LINES_MAX: usize = 100;

fn line(mail: Listed) -> String {
    let Listed {
        id,
        made,
        dead,
        letter,
        tries,
        why,
    } = mail;
    let state = if dead { "dead" } else { "waiting" };
    let made = jiff::Timestamp::from_millisecond(made.0).unwrap_or_default();
    format!("{id} {made} {state} {letter} {tries} {why}")
}

/// Does what the operator asked of the outbox, and tells what is in it.
pub(crate) async fn told(
    mails: Option<&MailSupervisor>,
    again: Option<String>,
    trial: Option<String>,
) -> anyhow::Result<Vec<String>> {
    let mails = mails.context("this installation sends no mail (mail.provider)")?;
    if let Some(address) = trial {
        anyhow::ensure!(address.contains('@'), "{address:?} is not an address");
        mails.try_out(&address).await?;
    }
    if let Some(which) = again {
        let which = (which != "all").then_some(which);
        let revived = mails.send_again(which.as_deref()).await?;
        anyhow::ensure!(revived > 0, "there is no such dead letter");
    }
    let mails_listed = mails.listed(LINES_MAX, false).await?;
    let mut lines: Vec<String> = mails_listed.into_iter().map(line).collect();
    if let Some(why) = mails.stats().down {
        lines.insert(0, format!("no mail can be sent: {why}"));
    }
    Ok(lines)
}
