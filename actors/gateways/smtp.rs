//! Mails over SMTP (RFC 5321), to a submission server or relay: always over TLS with a verified certificate, either from the
//! first byte (RFC 8314) or after STARTTLS (RFC 3207), which is required and not just tried. There is no plain mode.
//!
//! Must not be here: when to try again.

use crate::mail::{Envelope, Post, PostError};
use futures_util::future::BoxFuture;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use parking_lot::Mutex;
use std::time::Duration;

/// One step of a conversation may take so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections that are kept open between mails.
const IDLE_CONNECTIONS_MAX: u32 = 1;

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// With the first byte; usually port 465.
    Tls,
    /// After STARTTLS, without which nothing is said; usually port 587.
    StartTls,
}

/// How a server is reached.
#[derive(Clone)]
pub struct SmtpOptions {
    /// Its name, which its certificate must bear.
    pub host: String,
    /// Port.
    pub port: u16,
    /// When TLS begins.
    pub security: Security,
    /// Name and password; none: it asks for none.
    pub credentials: Option<(String, String)>,
    /// Certificates in PEM that are trusted beside the usual ones; empty: none.
    pub roots_pem: Vec<u8>,
    /// Sender: `Cabinet <ne-pas-repondre@example.fr>`.
    pub from: String,
}

/// Why a server could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The sender is no address.
    #[error("{0:?} is not a sender such as \"Cabinet <ne-pas-repondre@example.fr>\"")]
    From(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up for mails")]
    Tls(#[source] Error),
}

/// A server that takes mails.
pub struct Smtp {
    /// None: closed. Its end needs the runtime, which is gone when the process tidies up.
    transport: Mutex<Option<AsyncSmtpTransport<Tokio1Executor>>>,
    from: Mailbox,
}

impl Smtp {
    /// Over a server, which is not spoken to yet.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub fn new(options: SmtpOptions) -> Result<Self, SmtpError> {
        let from = options.from.parse();
        let from: Mailbox = from.map_err(|_| SmtpError::From(options.from.clone()))?;
        let parameters = TlsParameters::builder(options.host.clone());
        // All that the file holds.
        let roots = Certificate::from_pem(&options.roots_pem).map_err(SmtpError::Tls)?;
        let parameters = parameters
            .add_root_certificate(roots)
            .build_rustls()
            .map_err(SmtpError::Tls)?;
        let tls = match options.security {
            Security::Tls => Tls::Wrapper(parameters),
            Security::StartTls => Tls::Required(parameters),
        };
        // "Dangerous" is what lettre calls a builder without TLS, which is set right below.
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(options.host)
            .port(options.port)
            .tls(tls)
            .timeout(Some(PATIENCE))
            .pool_config(PoolConfig::new().max_size(IDLE_CONNECTIONS_MAX));
        if let Some((name, password)) = options.credentials {
            builder = builder.credentials(Credentials::new(name, password));
        }
        Ok(Self {
            transport: Mutex::new(Some(builder.build())),
            from,
        })
    }

    fn message(&self, envelope: Envelope) -> Result<Message, PostError> {
        let refused = |what: String| PostError::Refused(what);
        let to = envelope
            .to
            .parse()
            .map_err(|error| refused(format!("not an address: {error}")))?;
        let header =
            |name: &'static str, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        let id = format!("<{}@{}>", envelope.id, self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(envelope.subject)
            .message_id(Some(id))
            .raw_header(header("Content-Language", envelope.language))
            // RFC 3834 section 5: nobody's holiday program answers this.
            .raw_header(header("Auto-Submitted", "auto-generated"));
        let text = SinglePart::plain(envelope.text);
        let both = envelope.html.map(|html| {
            let html = SinglePart::html(html);
            MultiPart::alternative().singlepart(text.clone()).singlepart(html)
        });
        let built = match (both, envelope.attachments.is_empty()) {
            (None, true) => message.singlepart(text),
            (Some(both), true) => message.multipart(both),
            (both, false) => {
                let mixed = MultiPart::mixed();
                let mut parts = match both {
                    Some(both) => mixed.multipart(both),
                    None => mixed.singlepart(text),
                };
                for attachment in envelope.attachments {
                    let kind = ContentType::parse(attachment.kind).unwrap_or(ContentType::TEXT_PLAIN);
                    parts = parts.singlepart(Attachment::new(attachment.name).body(attachment.text, kind));
                }
                message.multipart(parts)
            }
        };
        built.map_err(|error| refused(format!("not a mail: {error}")))
    }
}

/// What an answer that is no success means. The codes of signing in and of a server that is closing concern every mail.
fn judged(error: &Error) -> PostError {
    let why = error.to_string();
    let code = error.status().map(|code| code.to_string());
    match code.as_deref() {
        Some("421" | "432" | "454" | "530" | "534" | "535" | "538") | None => PostError::Down(why),
        Some(_) if error.is_permanent() => PostError::Refused(why),
        Some(_) => PostError::Later(why),
    }
}

impl Post for Smtp {
    fn send(&self, envelope: Envelope) -> BoxFuture<'_, Result<String, PostError>> {
        Box::pin(async move {
            let message = self.message(envelope)?;
            let transport = self.transport.lock().clone();
            let transport = transport.ok_or_else(|| PostError::Down("the server is stopping".to_owned()))?;
            let answer = transport.send(message).await;
            let answer = answer.map_err(|error| judged(&error))?;
            Ok(answer.message().collect::<Vec<_>>().join(" "))
        })
    }

    fn close(&self) {
        self.transport.lock().take();
    }
}
