//! Reads WebSocket frames as bytes arrive and refuses one at the first byte that is not allowed: at its header, before its
//! payload is buffered, where the header says it. The codec of either socket would only do so once the payload is there,
//! and lets some of it through.
//!
//! Checked: declared length, length of a fragmented message, mask, reserved bits, opcodes, the rules of control frames, the
//! order of fragments; and by `content`, that text is UTF-8 and a close frame well formed. Must not be here: what frames
//! mean.

mod content;

use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use cabinet_proto::v1::close::CloseCode;
use content::{Utf8, judge_close, unmasked};
use futures_util::Stream;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// Longest payload of a control frame, by RFC 6455 section 5.5.
pub const CONTROL_BYTES_MAX: u64 = 125;
/// Longest header of a client's frame: 2 bytes, 8 of length, 4 of mask.
const HEADER_BYTES_MAX: usize = 14;

/// What a client may declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimits {
    /// Payload of one data frame, in bytes.
    pub frame_bytes_max: u64,
    /// Payload of one message over all its fragments, in bytes.
    pub message_bytes_max: u64,
}

/// Why a frame was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameRefusal {
    /// It declares more than the limit.
    #[error("the frame or message is larger than allowed")]
    TooBig,
    /// It breaks RFC 6455.
    #[error("the frame breaks the protocol")]
    Malformed,
    /// Its text, or the reason of its close frame, is not UTF-8.
    #[error("the text is not UTF-8")]
    NotText,
}

impl FrameRefusal {
    /// The close code that tells it.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::TooBig => CloseCode::TooBig,
            Self::Malformed => CloseCode::Protocol,
            Self::NotText => CloseCode::NotText,
        }
    }
}

/// The kinds of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// Text, binary, or a further fragment of one.
    Data,
    /// Close.
    Close,
    /// Ping.
    Ping,
    /// Pong.
    Pong,
}

/// A part of one frame's payload. It may be empty: an empty frame makes one piece, and so does a header whose payload is
/// still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Of which kind of frame.
    pub opcode: Opcode,
    /// Bytes of the part.
    pub bytes: usize,
    /// The frame ends here.
    pub last: bool,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    mask: [u8; 4],
    bytes: u64,
    seen: u64,
}

/// The message that the last data frame belongs to.
#[derive(Debug, Clone, Copy, Default)]
struct Message {
    bytes: u64,
    text: bool,
    /// More fragments follow.
    open: bool,
}

/// The incremental reader of one connection's frames. Holds at most one header, one control frame and a part of one
/// character.
#[derive(Debug)]
pub struct FrameGuard {
    limits: FrameLimits,
    header: [u8; HEADER_BYTES_MAX],
    header_bytes: usize,
    frame: Option<Frame>,
    message: Message,
    text: Utf8,
    control: Vec<u8>,
}

impl FrameGuard {
    /// A guard at the start of a connection.
    #[must_use]
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            limits,
            header: [0; HEADER_BYTES_MAX],
            header_bytes: 0,
            frame: None,
            message: Message::default(),
            text: Utf8::default(),
            control: Vec::new(),
        }
    }

    /// The payload, so far, of the last control frame.
    #[must_use]
    pub fn control(&self) -> &[u8] {
        &self.control
    }

    /// Takes the next piece off the front of `bytes`. None when `bytes` is used up.
    ///
    /// # Errors
    /// [`FrameRefusal`] at what is not allowed; the connection must then be closed.
    pub fn next_piece(&mut self, bytes: &mut &[u8]) -> Result<Option<Piece>, FrameRefusal> {
        if self.frame.is_some() && bytes.is_empty() {
            return Ok(None);
        }
        let mut frame = match self.frame.take() {
            Some(frame) => frame,
            None => match self.header(bytes)? {
                Some(frame) => frame,
                None => return Ok(None),
            },
        };
        let wanted = frame.bytes.saturating_sub(frame.seen);
        let taken = usize::try_from(wanted).unwrap_or(usize::MAX).min(bytes.len());
        let (masked, rest) = bytes.split_at(taken);
        *bytes = rest;
        self.look_inside(&frame, masked)?;
        frame.seen = frame.seen.saturating_add(masked.len() as u64);
        let last = frame.seen == frame.bytes;
        if last {
            self.look_back(&frame)?;
        } else {
            self.frame = Some(frame);
        }
        Ok(Some(Piece {
            opcode: frame.opcode,
            bytes: masked.len(),
            last,
        }))
    }

    fn look_inside(&mut self, frame: &Frame, masked: &[u8]) -> Result<(), FrameRefusal> {
        if frame.opcode != Opcode::Data {
            if frame.seen == 0 {
                self.control.clear();
            }
            return unmasked(masked, frame.mask, frame.seen, |block| {
                self.control.extend_from_slice(block);
                Ok(())
            });
        }
        if !self.message.text {
            return Ok(());
        }
        unmasked(masked, frame.mask, frame.seen, |block| self.text.take(block))
    }

    fn look_back(&self, frame: &Frame) -> Result<(), FrameRefusal> {
        match frame.opcode {
            Opcode::Data if self.message.text && !self.message.open => self.text.end(),
            Opcode::Close => judge_close(&self.control),
            Opcode::Data | Opcode::Ping | Opcode::Pong => Ok(()),
        }
    }

    /// Reads a header, byte by byte until it is whole. Its first two bytes are judged as soon as they are there.
    fn header(&mut self, bytes: &mut &[u8]) -> Result<Option<Frame>, FrameRefusal> {
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            if let Some(place) = self.header.get_mut(self.header_bytes) {
                *place = byte;
            }
            self.header_bytes += 1;
            if self.header_bytes < 2 {
                continue;
            }
            let [first, second, ..] = self.header;
            let (opcode, fin) = judge_start(first, second)?;
            let length_bytes = match second & 0x7f {
                126 => 2,
                127 => 8,
                _ => 0,
            };
            let declared = self.header.get(2..2 + length_bytes).unwrap_or_default();
            let declared = declared.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
            let declared = if length_bytes == 0 {
                u64::from(second & 0x7f)
            } else {
                declared
            };
            if self.header_bytes == 2 + length_bytes {
                self.judge_length(first & 0x0f, opcode, fin, declared)?;
            }
            if self.header_bytes == 2 + length_bytes + 4 {
                let mut mask = [0; 4];
                mask.copy_from_slice(
                    self.header
                        .get(2 + length_bytes..)
                        .and_then(|h| h.get(..4))
                        .unwrap_or(&[0; 4]),
                );
                self.header_bytes = 0;
                return Ok(Some(Frame {
                    opcode,
                    mask,
                    bytes: declared,
                    seen: 0,
                }));
            }
        }
        Ok(None)
    }

    /// Length limits and the order of fragments.
    fn judge_length(&mut self, code: u8, opcode: Opcode, fin: bool, declared: u64) -> Result<(), FrameRefusal> {
        if opcode != Opcode::Data {
            return if declared <= CONTROL_BYTES_MAX {
                Ok(())
            } else {
                Err(FrameRefusal::Malformed)
            };
        }
        let continues = code == 0;
        if continues != self.message.open {
            return Err(FrameRefusal::Malformed);
        }
        let before = if continues { self.message.bytes } else { 0 };
        let bytes = before.saturating_add(declared);
        if declared > self.limits.frame_bytes_max || bytes > self.limits.message_bytes_max {
            return Err(FrameRefusal::TooBig);
        }
        self.message = Message {
            bytes,
            text: code == 1 || (continues && self.message.text),
            open: !fin,
        };
        Ok(())
    }
}

fn judge_start(first: u8, second: u8) -> Result<(Opcode, bool), FrameRefusal> {
    let fin = first & 0x80 != 0;
    let (reserved, masked) = (first & 0x70 != 0, second & 0x80 != 0);
    let opcode = match first & 0x0f {
        0..=2 => Opcode::Data,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        _ => return Err(FrameRefusal::Malformed),
    };
    if reserved || !masked || (opcode != Opcode::Data && !fin) {
        return Err(FrameRefusal::Malformed);
    }
    Ok((opcode, fin))
}

/// Where a [`GuardedPayload`] leaves its reason, for the code that must choose a close code.
#[derive(Debug, Clone, Default)]
pub struct GuardVerdict(Rc<Cell<Option<FrameRefusal>>>);

impl GuardVerdict {
    /// The refusal, once there was one.
    #[must_use]
    pub fn refusal(&self) -> Option<FrameRefusal> {
        self.0.get()
    }
}

/// A request payload with a [`FrameGuard`] in front of whatever decodes it. It ends before what is refused, and after a
/// close frame; what came before is passed on, so that it is answered first.
pub struct GuardedPayload<S> {
    stream: S,
    guard: FrameGuard,
    verdict: GuardVerdict,
    ended: bool,
}

impl<S> GuardedPayload<S> {
    /// Puts a guard in front of `stream`.
    pub fn new(stream: S, limits: FrameLimits) -> Self {
        Self {
            stream,
            guard: FrameGuard::new(limits),
            verdict: GuardVerdict::default(),
            ended: false,
        }
    }

    /// Tells, after the end, what was refused.
    #[must_use]
    pub fn verdict(&self) -> GuardVerdict {
        self.verdict.clone()
    }

    /// How much of `chunk` may be passed on.
    fn passed(&mut self, chunk: &[u8]) -> usize {
        let mut rest = chunk;
        loop {
            let before = chunk.len() - rest.len();
            match self.guard.next_piece(&mut rest) {
                Ok(Some(piece)) => {
                    self.ended = piece.opcode == Opcode::Close && piece.last;
                    if self.ended {
                        return chunk.len() - rest.len();
                    }
                }
                Ok(None) => return chunk.len(),
                Err(refusal) => {
                    self.verdict.0.set(Some(refusal));
                    self.ended = true;
                    return before;
                }
            }
        }
    }
}

impl<S> Stream for GuardedPayload<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let next = ready!(Pin::new(&mut self.stream).poll_next(cx));
        Poll::Ready(next.map(|chunk| {
            chunk.map(|mut chunk| {
                let passed = self.passed(&chunk);
                chunk.truncate(passed);
                chunk
            })
        }))
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
