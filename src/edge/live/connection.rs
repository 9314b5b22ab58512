//! One board's connection after its handshake: reads the client's frames (pongs, little else) and goes on with what waits
//! when the socket takes again. One small future on the thread that accepted it; nearly all frames are written by the hub.

use super::frames;
use super::hub::Attention;
use super::metrics::{DropReason, LiveMetrics};
use super::outbox::{Outbox, Sending};
use super::seats::Seat;
use crate::edge::listen::guard::Opcode;
use crate::edge::listen::{Connection, ConnectionHandle, FrameGuard, FrameLimits, FrameRefusal, Handover, Wire};
use actix_web::web::{Bytes, Payload};
use cabinet_domain::ids::AgendaKey;
use cabinet_proto::v1::close::CloseCode;
use futures_util::Stream;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A board sends nothing but control frames: any data frame is refused at its header.
pub(super) const LIMITS: FrameLimits = FrameLimits {
    frame_bytes_max: 64 * 1024,
    message_bytes_max: 64 * 1024,
};
/// Its close frame must have left within this time; then the connection is ended from outside.
const LAST_FLUSH: Duration = Duration::from_secs(2);
/// After its close frame the client may end its side for this long. What it still sends is thrown away: a socket closed over
/// unread bytes is reset, and the close frame may be lost with it.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Bytes read at once; a pong has six.
const READ_BYTES: usize = 2 * 1024;
/// Reads before others get their turn.
const READS_PER_TURN: usize = 32;

/// A board's place among the others, given up when this is dropped.
pub(super) struct Place {
    pub(super) outbox: Arc<Outbox>,
    pub(super) connection: Option<ConnectionHandle>,
    pub(super) metrics: LiveMetrics,
    pub(super) _seat: Seat,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.outbox.leave();
        self.metrics.boards_open.dec();
    }
}

/// Everything one open board holds on to.
pub(super) struct Board {
    pub(super) place: Place,
    pub(super) guard: FrameGuard,
    pub(super) topic: AgendaKey,
    pub(super) attention: Arc<Attention>,
}

impl Board {
    /// Serves the board until it has ended. The connection is named as open for as long.
    async fn run(mut self, wire: Wire, _connection: Connection) {
        self.place.outbox.attach(wire);
        if poll_fn(|cx| self.poll_open(cx)).await == Left::ByItself {
            return;
        }
        if let Some(connection) = &self.place.connection {
            connection.end_within(LAST_FLUSH);
        }
        poll_fn(|cx| self.poll_closing(cx)).await;
        self.place.outbox.end();
        // The client that does not end its side is not waited for.
        drop(timeout(LAST_WORDS, poll_fn(|cx| self.poll_silence(cx))).await);
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Left> {
        match self.poll_frames(cx) {
            Poll::Ready(Read::Ended) => return Poll::Ready(Left::ByItself),
            Poll::Ready(Read::Close(code)) => self.close(code),
            Poll::Pending => {}
        }
        if self.place.outbox.is_closing() {
            return Poll::Ready(Left::Told);
        }
        match self.place.outbox.poll_send(cx) {
            Sending::Ended => return Poll::Ready(Left::ByItself),
            Sending::WantsSnapshot => self.attention.drained(self.topic),
            Sending::Open => {}
        }
        Poll::Pending
    }

    /// Until the close frame has left, or nothing can any more.
    fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.place.outbox.poll_send(cx) {
            Sending::Ended => Poll::Ready(()),
            Sending::Open | Sending::WantsSnapshot => Poll::Pending,
        }
    }

    /// Until the client has ended its side.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.poll_bytes(cx, |_, _| None) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_frames(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        self.poll_bytes(cx, Self::take)
    }

    /// Reads what the client has sent, until `take` finds a reason to close.
    fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&mut Self, &[u8]) -> Option<CloseCode>,
    ) -> Poll<Read> {
        let mut buffer = [0; READ_BYTES];
        for _ in 0..READS_PER_TURN {
            let outbox = Arc::clone(&self.place.outbox);
            match outbox.poll_read(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Read::Ended),
                Poll::Ready(Ok(count)) => {
                    if let Some(code) = take(self, buffer.get(..count).unwrap_or_default()) {
                        return Poll::Ready(Read::Close(code));
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads frames; the code to close with, if the socket is to be closed.
    fn take(&mut self, mut bytes: &[u8]) -> Option<CloseCode> {
        loop {
            let piece = match self.guard.next_piece(&mut bytes) {
                Ok(Some(piece)) => piece,
                Ok(None) => return None,
                Err(refusal) => {
                    self.place.metrics.dropped(match refusal {
                        FrameRefusal::TooBig => DropReason::TooBig,
                        FrameRefusal::Malformed | FrameRefusal::NotText => DropReason::Protocol,
                    });
                    return Some(refusal.close_code());
                }
            };
            match piece.opcode {
                Opcode::Data => {
                    self.place.metrics.dropped(DropReason::Protocol);
                    return Some(CloseCode::Protocol);
                }
                Opcode::Pong if piece.last => self.place.outbox.pong_received(),
                Opcode::Ping if piece.last => {
                    let pong = frames::pong(self.guard.control());
                    self.place.outbox.control(pong, Instant::now());
                }
                Opcode::Close if piece.last => return Some(CloseCode::Normal),
                Opcode::Pong | Opcode::Ping | Opcode::Close => {}
            }
        }
    }

    fn close(&mut self, code: CloseCode) {
        self.place.outbox.close(frames::close(code), Instant::now());
    }
}

/// What reading has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    /// The client has gone.
    Ended,
    /// The socket is to be closed.
    Close(CloseCode),
}

/// How a board ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    ByItself,
    /// It is being told why.
    Told,
}

/// The body of the answer "switching protocols". It has no bytes: it stands until the head has left, and has the board go
/// on with the stream then.
pub(super) struct Threshold {
    payload: Payload,
    handover: Handover,
    /// None once it waits for the stream.
    board: Option<Board>,
}

impl Threshold {
    pub(super) fn new(payload: Payload, handover: Handover, board: Board) -> Self {
        Self {
            payload,
            handover,
            board: Some(board),
        }
    }

    /// Takes what the client sent without waiting for the answer. Some: there was something, or (false) the client has gone.
    fn poll_early(&mut self, cx: &mut Context<'_>) -> Option<bool> {
        let mut early = None;
        while let Some(board) = &mut self.board {
            match Pin::new(&mut self.payload).poll_next(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(bytes))) => {
                    early = Some(true);
                    if !board.place.outbox.is_closing()
                        && let Some(code) = board.take(&bytes)
                    {
                        board.close(code);
                    }
                }
                Poll::Ready(None | Some(Err(_))) => return Some(false),
            }
        }
        early
    }
}

impl Stream for Threshold {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.poll_early(cx) {
            Some(false) => return Poll::Ready(None),
            // The library may have kept back more than it gave: only when it gives nothing has it nothing.
            Some(true) => cx.waker().wake_by_ref(),
            None => {
                if let Some(board) = self.board.take() {
                    self.handover
                        .take_over(move |wire, connection| Box::pin(board.run(wire, connection)));
                }
            }
        }
        Poll::Pending
    }
}
