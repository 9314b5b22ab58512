//! A patient: books over HTTP and watches a board, in the protocol's own types.

use anyhow::{Context as _, bail};
use cabinet_proto::v1::board::BoardFrame;
use cabinet_proto::v1::http::{
    CancelRequest, ConfirmAnswer, ConfirmRequest, HoldAnswer, HoldRequest, PublicSlots, ReleaseRequest,
};
use cabinet_proto::v1::model::Person;
use futures_util::StreamExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// The agenda under load: a server over plain HTTP on loopback, and two page addresses.
#[derive(Debug, Clone)]
pub struct Target {
    /// `127.0.0.1:port`.
    pub host: String,
    /// The practice's page address.
    pub practice: String,
    /// The practitioner's.
    pub practitioner: String,
}

/// 64 fresh bits.
#[must_use]
pub fn draw() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// 128 fresh bits as 32 hexadecimal digits.
#[must_use]
pub fn fresh() -> String {
    format!("{:016x}{:016x}", draw(), draw())
}

/// One patient's HTTP connection.
#[derive(Debug, Clone)]
pub struct Patient {
    http: reqwest::Client,
    base: String,
}

impl Patient {
    /// A patient of one practitioner.
    #[must_use]
    pub fn new(target: &Target) -> Self {
        let base = format!(
            "http://{}/api/v1/public/{}/{}",
            target.host, target.practice, target.practitioner
        );
        Self {
            http: reqwest::Client::new(),
            base,
        }
    }

    /// Free slots now.
    ///
    /// # Errors
    /// When the server does not answer as documented.
    pub async fn slots(&self) -> anyhow::Result<PublicSlots> {
        Ok(self
            .http
            .get(format!("{}/slots", self.base))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }

    /// Holds a slot; returns the hold and its secret.
    ///
    /// # Errors
    /// When it is refused or the server does not answer as documented.
    pub async fn hold(&self, kind: &str, start_ms: i64) -> anyhow::Result<(HoldAnswer, String)> {
        let token = fresh();
        let request = HoldRequest {
            command_id: fresh(),
            kind: kind.to_owned(),
            start_ms,
            token: token.clone(),
        };
        let answer = self
            .http
            .post(format!("{}/holds", self.base))
            .json(&request)
            .send()
            .await?
            .error_for_status()?;
        Ok((answer.json().await?, token))
    }

    /// Gives a hold back.
    ///
    /// # Errors
    /// As [`Self::hold`].
    pub async fn release(&self, hold: &str, token: &str) -> anyhow::Result<()> {
        let request = ReleaseRequest {
            command_id: fresh(),
            token: token.to_owned(),
        };
        self.http
            .post(format!("{}/holds/{hold}/release", self.base))
            .json(&request)
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }

    /// Confirms a hold.
    ///
    /// # Errors
    /// As [`Self::hold`].
    pub async fn confirm(&self, hold: &str, token: &str) -> anyhow::Result<ConfirmAnswer> {
        self.confirm_with(hold, token, &fresh()).await
    }

    /// Confirms a hold under a secret by which the booking can be cancelled.
    ///
    /// # Errors
    /// As [`Self::hold`].
    pub async fn confirm_with(&self, hold: &str, token: &str, manage: &str) -> anyhow::Result<ConfirmAnswer> {
        let person = Person {
            given_name: "Essai".to_owned(),
            family_name: "Charge".to_owned(),
            email: Some("essai@courriel.example".to_owned()),
            phone: None,
        };
        let request = ConfirmRequest {
            command_id: fresh(),
            token: token.to_owned(),
            person,
            notice_version: 1,
            manage: manage.to_owned(),
            locale: None,
        };
        let url = format!("{}/holds/{hold}/confirm", self.base);
        Ok(self
            .http
            .post(url)
            .json(&request)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }
}

impl Patient {
    /// Cancels a booking.
    ///
    /// # Errors
    /// As [`Self::hold`].
    pub async fn cancel(&self, booking: &str, manage: &str) -> anyhow::Result<()> {
        let request = CancelRequest {
            command_id: fresh(),
            manage: manage.to_owned(),
        };
        let url = format!("{}/bookings/{booking}/cancel", self.base);
        self.http.post(url).json(&request).send().await?.error_for_status()?;
        Ok(())
    }
}

/// An open board.
pub struct Board(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Board {
    /// Joins and reads past the first frame.
    ///
    /// # Errors
    /// When the server refuses or the first frame is no snapshot.
    pub async fn join(target: &Target) -> anyhow::Result<Self> {
        let Target {
            host,
            practice,
            practitioner,
        } = target;
        let address = format!("ws://{host}/live?practice={practice}&practitioner={practitioner}");
        let (socket, _) = tokio_tungstenite::connect_async(address)
            .await
            .context("failed to join the board")?;
        let mut board = Self(socket);
        match board.next().await? {
            BoardFrame::Snapshot { .. } => Ok(board),
            BoardFrame::Resumed { .. } | BoardFrame::Delta { .. } | BoardFrame::TypesChanged { .. } => {
                bail!("the first frame is no snapshot")
            }
        }
    }

    /// The next frame.
    ///
    /// # Errors
    /// When the socket ends or the frame is not one of the protocol's.
    pub async fn next(&mut self) -> anyhow::Result<BoardFrame> {
        loop {
            match self.0.next().await.context("the board was closed")?? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Close(frame) => bail!("the board was closed: {frame:?}"),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Waits until a start is no longer free.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn until_taken(&mut self, kind: &str, start_ms: i64) -> anyhow::Result<()> {
        loop {
            if let BoardFrame::Delta { types, .. } = self.next().await? {
                let mut mine = types.iter().filter(|changes| changes.kind == kind);
                if mine.any(|changes| changes.removed_ms.contains(&start_ms)) {
                    return Ok(());
                }
            }
        }
    }
}
