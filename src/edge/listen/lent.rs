//! A connection's stream, lent to the HTTP library and taken back by a handler that goes on with it by itself.
//!
//! The library keeps two buffers and a dispatcher for as long as a response is open, which for a socket is hours. So a
//! handler that has answered "switching protocols" may take the stream over: once the answer's head has left, the library's
//! part of the connection is dropped, and what the handler named goes on with the stream as the same connection, with its
//! place in the limits and in a graceful stop. Every check before that (the library's parser, the application's guards) has
//! happened as for any request, on whichever request of the connection.
//!
//! Must not be here: what a stream is taken over for.

use super::reaper::Connection;
use super::wire::Wire;
use futures_util::future::LocalBoxFuture;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

type Successor = Box<dyn FnOnce(Wire, Connection) -> LocalBoxFuture<'static, ()>>;

#[derive(Default)]
enum Stage {
    /// The library has the stream.
    #[default]
    Lent,
    /// It writes what it has; then the stream is taken.
    Wanted(Successor),
    /// It has written.
    Taken(Wire, Successor),
    /// The successor has it.
    Gone,
}

/// Asks for the stream of one connection. Handlers find it as `request.conn_data::<Handover>()`.
#[derive(Clone, Default)]
pub struct Handover(Rc<RefCell<Stage>>);

impl Handover {
    /// Has `successor` called with the stream as soon as everything that was written is with the kernel; nothing more is
    /// read before. To be called by the body of the answer, when it is first asked for bytes: then the head has been
    /// written. That body is dropped when the stream is taken, and `successor` uncalled if the connection ends before.
    pub fn take_over(&self, successor: impl FnOnce(Wire, Connection) -> LocalBoxFuture<'static, ()> + 'static) {
        let mut stage = self.0.borrow_mut();
        if matches!(*stage, Stage::Lent) {
            *stage = Stage::Wanted(Box::new(successor));
        }
    }

    fn is_wanted(&self) -> bool {
        !matches!(*self.0.borrow(), Stage::Lent)
    }

    /// The stream, to the successor that wants it.
    fn give(&self, wire: &mut Option<Wire>) {
        let mut stage = self.0.borrow_mut();
        *stage = match (std::mem::replace(&mut *stage, Stage::Gone), wire.take()) {
            (Stage::Wanted(successor), Some(wire)) => Stage::Taken(wire, successor),
            (other, kept) => {
                *wire = kept;
                other
            }
        };
    }

    fn taken(&self) -> Option<(Wire, Successor)> {
        let mut stage = self.0.borrow_mut();
        match std::mem::replace(&mut *stage, Stage::Gone) {
            Stage::Taken(wire, successor) => Some((wire, successor)),
            other @ (Stage::Lent | Stage::Wanted(_) | Stage::Gone) => {
                *stage = other;
                None
            }
        }
    }
}

/// The stream as the HTTP library sees it.
pub struct Lent {
    /// None once it has been taken.
    wire: Option<Wire>,
    handover: Handover,
    connection: Connection,
}

impl Lent {
    pub(super) fn new(wire: Wire, connection: Connection) -> Self {
        Self {
            wire: Some(wire),
            handover: Handover::default(),
            connection,
        }
    }

    pub(super) fn handover(&self) -> Handover {
        self.handover.clone()
    }

    pub(super) fn connection(&self) -> Connection {
        self.connection.clone()
    }

    fn wire(&mut self) -> io::Result<Pin<&mut Wire>> {
        let wire = self.wire.as_mut().map(Pin::new);
        wire.ok_or_else(|| ErrorKind::NotConnected.into())
    }
}

/// Lets the library serve the connection until it ends, or until its stream is taken; then lets the successor go on.
pub(super) async fn serve(library: Pin<Box<impl Future>>, handover: Handover, connection: Connection) {
    if let Some((wire, successor)) = until_taken(library, &handover).await {
        drop(handover);
        successor(wire, connection).await;
    }
}

/// The library's part, with all it keeps, is dropped at the end of this.
async fn until_taken(mut library: Pin<Box<impl Future>>, handover: &Handover) -> Option<(Wire, Successor)> {
    poll_fn(|cx| {
        let ended = library.as_mut().poll(cx).is_ready();
        let taken = handover.taken();
        if ended || taken.is_some() {
            return Poll::Ready(taken);
        }
        Poll::Pending
    })
    .await
}

impl AsyncRead for Lent {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.handover.is_wanted() {
            // What arrives from now on is the successor's. Its readiness is asked for again by whoever reads it.
            return Poll::Pending;
        }
        this.wire()?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lent {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().wire()?.poll_write(cx, bytes)
    }

    /// The library flushes when the stream has taken all it had to write.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(wire) = &mut this.wire else {
            return Poll::Ready(Ok(()));
        };
        ready!(Pin::new(wire).poll_flush(cx))?;
        this.handover.give(&mut this.wire);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Some(wire) => Pin::new(wire).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
