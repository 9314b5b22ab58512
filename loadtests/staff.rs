//! Staff: signed in by a one-time link, with a session (`/ws`) joined to one agenda.

use anyhow::{Context as _, bail};
use cabinet_proto::v1::http::{SignInRequest, SocketTicket};
use cabinet_proto::v1::session::{ClientFrame, ServerFrame};
use cabinet_proto::v1::{SESSION_PROTOCOL, TICKET_PREFIX};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Sessions of one sign-in at once; the server allows 20, and a socket that was left counts until the server has noticed.
pub const PER_SIGN_IN: usize = 10;
/// How far ahead a session looks: about what the agenda's screen asks for.
const STRETCH_MS: i64 = 60 * 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// Who may open sessions: a signed-in member of staff.
#[derive(Debug, Clone)]
pub struct Badge {
    host: String,
    /// `name=value`.
    cookie: String,
}

impl Badge {
    /// Signs in with a one-time link's secret.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn sign_in(host: &str, secret: &str) -> anyhow::Result<Self> {
        let request = SignInRequest {
            link: secret.to_owned(),
        };
        let url = format!("http://{host}/api/v1/staff/sign-in");
        let answer = reqwest::Client::new().post(url).json(&request).send().await?;
        let answer = answer.error_for_status()?;
        let cookie = answer.headers().get("set-cookie").context("no cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default();
        Ok(Self {
            host: host.to_owned(),
            cookie: cookie.to_owned(),
        })
    }

    /// The protocols of a handshake: ours, and a ticket for one socket.
    async fn protocols(&self) -> anyhow::Result<String> {
        let url = format!("http://{}/api/v1/staff/ticket", self.host);
        let ask = reqwest::Client::new().post(url).header("x-cabinet", "1");
        let answer = ask.header("cookie", &self.cookie).send().await?.error_for_status()?;
        let SocketTicket { ticket, .. } = answer.json().await?;
        Ok(format!("{SESSION_PROTOCOL}, {TICKET_PREFIX}{ticket}"))
    }
}

/// An open session.
pub struct Session {
    line: WebSocketStream<MaybeTlsStream<TcpStream>>,
    agenda: String,
    now_ms: i64,
}

impl Session {
    /// Opens a session for the agenda of this id, and reads the welcome.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn open(badge: &Badge, agenda: &str) -> anyhow::Result<Self> {
        let mut request = format!("ws://{}/ws", badge.host).into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("origin", format!("http://{}", badge.host).parse()?);
        headers.insert("cookie", badge.cookie.parse()?);
        headers.insert("sec-websocket-protocol", badge.protocols().await?.parse()?);
        let (line, _) = tokio_tungstenite::connect_async(request)
            .await
            .context("failed to open a session")?;
        let mut session = Self {
            line,
            agenda: agenda.to_owned(),
            now_ms: 0,
        };
        let first = session.text().await?;
        let ServerFrame::Welcome { now_ms, .. } = serde_json::from_str(&first)? else {
            bail!("the first frame is no welcome: {first}")
        };
        session.now_ms = now_ms - now_ms % MINUTE_MS;
        Ok(session)
    }

    /// Asks for the agenda without reading the answer.
    ///
    /// # Errors
    /// When the line is gone.
    pub async fn ask(&mut self) -> anyhow::Result<()> {
        let join = ClientFrame::Join {
            r#ref: 1,
            topic: self.agenda.clone(),
            history: None,
            seq: None,
            from_ms: self.now_ms,
            until_ms: self.now_ms + STRETCH_MS,
        };
        Ok(self.line.send(Message::text(serde_json::to_string(&join)?)).await?)
    }

    /// Asks for the agenda and reads until the whole stretch has been shown; answers with the position.
    ///
    /// # Errors
    /// When the line ends or the server refuses.
    pub async fn join(&mut self) -> anyhow::Result<u64> {
        self.ask().await?;
        let mut position = 0;
        loop {
            match serde_json::from_str(&self.text().await?)? {
                ServerFrame::Snapshot { seq, view, .. } => {
                    position = seq;
                    if view.complete_until_ms == view.covers_until_ms {
                        return Ok(position);
                    }
                }
                ServerFrame::Part { part, .. } if part.complete_until_ms >= self.now_ms + STRETCH_MS => {
                    return Ok(position);
                }
                ServerFrame::Delta { to, .. } => position = to,
                ServerFrame::Refused { problem, .. } => bail!("refused: {}", problem.code),
                ServerFrame::Resync { .. } => self.ask().await?,
                ServerFrame::Part { .. }
                | ServerFrame::Welcome { .. }
                | ServerFrame::Resumed { .. }
                | ServerFrame::Accepted { .. }
                | ServerFrame::Done { .. }
                | ServerFrame::PracticeChanged { .. }
                | ServerFrame::AlertsChanged { .. }
                | ServerFrame::Present { .. } => {}
            }
        }
    }

    /// The next frame's text.
    ///
    /// # Errors
    /// When the line ends.
    pub async fn text(&mut self) -> anyhow::Result<Utf8Bytes> {
        loop {
            match self.line.next().await.context("the session was closed")?? {
                Message::Text(text) => return Ok(text),
                Message::Close(frame) => bail!("the session was closed: {frame:?}"),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }
}
