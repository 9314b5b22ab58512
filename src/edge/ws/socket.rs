//! The socket under a session: opens it behind the guard, makes messages out of frames, closes it once. The only file that
//! names the socket library (`docs/adr/0003`). The conformance tests run against the same functions.
//!
//! Must not be here: what messages mean, who may open a socket.

use super::body::{SaidBytes, Sliced};
use crate::edge::listen::{FrameLimits, GuardVerdict, GuardedPayload};
use actix::{Actor, ActorContext as _, StreamHandler};
use actix_http::ws::{Codec, Item};
use actix_web::web::{Bytes, BytesMut, Payload};
use actix_web::{Error, HttpRequest, HttpResponse};
use actix_web_actors::ws::{self, WebsocketContext};
use cabinet_proto::v1::close::CloseCode;

/// The context of a socket's actor.
pub type Context<A> = WebsocketContext<A>;

/// What the socket's stream hands to its actor.
pub type Arrival = Result<ws::Message, ws::ProtocolError>;

/// What arrived, as far as it concerns the actor.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// A whole text message; UTF-8, as the guard has seen to it.
    Text(Bytes),
    /// A whole binary message.
    Binary(Bytes),
    /// To be answered with a pong of the same payload.
    Ping(Bytes),
    /// The answer to a ping, or unasked for.
    Pong,
    /// A part of a message, or something after the end.
    Nothing,
    /// The socket is to be ended with this code.
    End(CloseCode),
}

/// A fragmented message so far; the guard bounds it.
#[derive(Debug)]
struct Fragments {
    text: bool,
    bytes: BytesMut,
}

/// One socket's state.
#[derive(Debug)]
pub struct Socket {
    verdict: GuardVerdict,
    fragments: Option<Fragments>,
    ended: bool,
    said: SaidBytes,
}

/// Answers the handshake, naming the first of `protocols` that the client names, and starts the actor that `make` returns.
///
/// # Errors
/// When the request is no WebSocket handshake.
pub fn open<A>(
    request: &HttpRequest,
    payload: Payload,
    (limits, protocols): (FrameLimits, &[&str]),
    make: impl FnOnce(Socket) -> A,
) -> Result<HttpResponse, Error>
where
    A: Actor<Context = Context<A>> + StreamHandler<Arrival>,
{
    let payload = GuardedPayload::new(payload, limits);
    let said = SaidBytes::default();
    let actor = make(Socket {
        verdict: payload.verdict(),
        fragments: None,
        ended: false,
        said: said.clone(),
    });
    let mut response = ws::handshake_with_protocols(request, protocols)?;
    let codec = Codec::new().max_size(usize::try_from(limits.frame_bytes_max).unwrap_or(usize::MAX));
    let frames = WebsocketContext::with_codec(actor, payload, codec);
    Ok(response.streaming(Sliced::new(frames, said)))
}

impl Socket {
    /// Takes in what the stream handed over.
    pub fn receive(&mut self, arrival: Arrival) -> Received {
        if self.ended {
            return Received::Nothing;
        }
        match arrival {
            Ok(ws::Message::Text(text)) => Received::Text(text.into_bytes()),
            Ok(ws::Message::Binary(bytes)) => Received::Binary(bytes),
            Ok(ws::Message::Continuation(item)) => self.fragment(item),
            Ok(ws::Message::Ping(bytes)) => Received::Ping(bytes),
            Ok(ws::Message::Pong(_)) => Received::Pong,
            Ok(ws::Message::Close(_)) => Received::End(CloseCode::Normal),
            Ok(ws::Message::Nop) => Received::Nothing,
            Err(ws::ProtocolError::Overflow) => Received::End(CloseCode::TooBig),
            Err(_) => Received::End(CloseCode::Protocol),
        }
    }

    /// Bytes counted by [`Socket::has_said`] since the actor was last asked for more.
    #[must_use]
    pub fn said_bytes(&self) -> usize {
        self.said.get()
    }

    /// Counts what the actor has said.
    pub fn has_said(&self, bytes: usize) {
        self.said.set(self.said.get().saturating_add(bytes));
    }

    /// What to end with when the stream has ended: a code if the guard ended it, none if the client has gone.
    #[must_use]
    pub fn finished(&self) -> Option<CloseCode> {
        self.verdict.refusal().map(|refusal| refusal.close_code())
    }

    /// Says goodbye, and nothing more is received or sent. False when that was done before.
    pub fn end<A>(&mut self, context: &mut Context<A>, code: CloseCode) -> bool
    where
        A: Actor<Context = Context<A>>,
    {
        if std::mem::replace(&mut self.ended, true) {
            return false;
        }
        context.close(Some(ws::CloseReason {
            code: ws::CloseCode::from(code.number()),
            description: Some(code.reason().to_owned()),
        }));
        context.stop();
        true
    }

    fn fragment(&mut self, item: Item) -> Received {
        let (bytes, last) = match item {
            Item::FirstText(bytes) => return self.begin(true, &bytes),
            Item::FirstBinary(bytes) => return self.begin(false, &bytes),
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        // The guard lets no fragment pass that continues nothing.
        let Some(mut fragments) = self.fragments.take() else {
            return Received::End(CloseCode::Protocol);
        };
        fragments.bytes.extend_from_slice(&bytes);
        if !last {
            self.fragments = Some(fragments);
            return Received::Nothing;
        }
        let whole = fragments.bytes.freeze();
        if fragments.text {
            Received::Text(whole)
        } else {
            Received::Binary(whole)
        }
    }

    fn begin(&mut self, text: bool, bytes: &[u8]) -> Received {
        let bytes = BytesMut::from(bytes);
        self.fragments = Some(Fragments { text, bytes });
        Received::Nothing
    }
}
