//! What hands a mail over to the outside, as the supervisor sees it.
//!
//! Must not be here: SMTP (`gateways`), when to try again.

use futures_util::future::BoxFuture;

/// A file that goes with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// What it is, as in RFC 2045.
    pub kind: &'static str,
}

impl Attachment {
    /// Media type of texts.
    pub const TEXT: &'static str = "text/plain; charset=utf-8";
    /// Media type of calendar files that add something, or bring it up to date.
    pub const CALENDAR: &'static str = "text/calendar; charset=utf-8; method=PUBLISH";
    /// Media type of calendar files that take something away.
    pub const CALENDAR_END: &'static str = "text/calendar; charset=utf-8; method=CANCEL";
}

/// A mail, ready to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The same at every try: what arrives twice is known by it.
    pub id: String,
    /// Address.
    pub to: String,
    /// Subject, one line.
    pub subject: String,
    /// Text.
    pub text: String,
    /// The same as HTML; none: there is only text.
    pub html: Option<String>,
    /// Language of the text, as in RFC 3282.
    pub language: &'static str,
    /// Files that go with it.
    pub attachments: Vec<Attachment>,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// This mail, for good.
    #[error("refused for good: {0}")]
    Refused(String),
    /// This mail, for now.
    #[error("refused for now: {0}")]
    Later(String),
    /// Any mail: nobody answers, the connection is not safe, or we are not let in.
    #[error("no mail can be sent: {0}")]
    Down(String),
}

impl PostError {
    /// Stable name: metrics label.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Later(_) => "later",
            Self::Down(_) => "down",
        }
    }
}

/// Hands mails over.
pub trait Post: Send + Sync + 'static {
    /// Hands one over. Answers what the other side said when it took it.
    fn send(&self, envelope: Envelope) -> BoxFuture<'_, Result<String, PostError>>;

    /// Lets go of what it keeps open; nothing is sent after it.
    fn close(&self) {}
}
