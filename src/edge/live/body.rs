//! The response body of one board: reads the client's frames (pongs, little else) and drains its outbox. Both in one poll
//! of the connection's own future: no task, no actor.

use super::frames;
use super::hub::Attention;
use super::metrics::{DropReason, LiveMetrics};
use super::outbox::{Drained, Outbox};
use super::seats::Seat;
use crate::edge::listen::guard::Opcode;
use crate::edge::listen::{ConnectionHandle, FrameGuard, FrameLimits, FrameRefusal};
use actix_web::web::{Bytes, Payload};
use cabinet_domain::ids::AgendaKey;
use cabinet_proto::v1::close::CloseCode;
use futures_util::Stream;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// A board sends nothing but control frames: any data frame is refused at its header.
pub(super) const LIMITS: FrameLimits = FrameLimits {
    frame_bytes_max: 64 * 1024,
    message_bytes_max: 64 * 1024,
};
/// After its close frame a connection may flush for this long; then it is ended from outside.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// Everything one open board holds on to.
pub(super) struct BoardBody {
    pub(super) payload: Option<Payload>,
    pub(super) guard: FrameGuard,
    pub(super) outbox: Arc<Outbox>,
    pub(super) topic: AgendaKey,
    pub(super) attention: Arc<Attention>,
    pub(super) connection: Option<ConnectionHandle>,
    pub(super) metrics: LiveMetrics,
    pub(super) _seat: Seat,
}

impl BoardBody {
    /// Reads what the client has sent. False once it has gone.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        while let Some(payload) = &mut self.payload {
            match Pin::new(payload).poll_next(cx) {
                Poll::Pending => return true,
                Poll::Ready(Some(Ok(bytes))) => {
                    if let Some(code) = self.take(&bytes) {
                        self.close(code);
                    }
                }
                Poll::Ready(None | Some(Err(_))) => return false,
            }
        }
        true
    }

    /// Reads frames; the code to close with, if the socket is to be closed.
    fn take(&mut self, mut bytes: &[u8]) -> Option<CloseCode> {
        loop {
            let piece = match self.guard.next_piece(&mut bytes) {
                Ok(Some(piece)) => piece,
                Ok(None) => return None,
                Err(refusal) => {
                    self.metrics.dropped(match refusal {
                        FrameRefusal::TooBig => DropReason::TooBig,
                        FrameRefusal::Malformed | FrameRefusal::NotText => DropReason::Protocol,
                    });
                    return Some(refusal.close_code());
                }
            };
            match piece.opcode {
                Opcode::Data => {
                    self.metrics.dropped(DropReason::Protocol);
                    return Some(CloseCode::Protocol);
                }
                Opcode::Pong if piece.last => self.outbox.pong_received(),
                Opcode::Ping if piece.last => {
                    self.outbox.control(frames::pong(self.guard.control()), Instant::now());
                }
                Opcode::Close if piece.last => return Some(CloseCode::Normal),
                Opcode::Pong | Opcode::Ping | Opcode::Close => {}
            }
        }
    }

    /// Says goodbye and stops listening.
    fn close(&mut self, code: CloseCode) {
        self.payload = None;
        self.outbox.close(frames::close(code), Instant::now());
    }
}

impl Stream for BoardBody {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.read(cx) {
            return Poll::Ready(None);
        }
        let (drained, wants_snapshot) = self.outbox.poll_drain(cx);
        if wants_snapshot {
            self.attention.drained(self.topic);
        }
        match drained {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Drained::Ended) => Poll::Ready(None),
            Poll::Ready(Drained::Bytes(bytes)) => {
                self.metrics.writes.inc();
                self.metrics.bytes_sent.inc_by(bytes.len() as u64);
                Poll::Ready(Some(Ok(bytes)))
            }
        }
    }
}

impl Drop for BoardBody {
    fn drop(&mut self) {
        self.outbox.leave();
        self.metrics.boards_open.dec();
        if let Some(connection) = &self.connection {
            connection.end_within(LAST_FLUSH);
        }
    }
}
