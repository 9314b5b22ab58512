//! The bytes of one answer: a head made for it and a long part that all share, plain or as one gzip member.
//!
//! A gzip member is a row of deflate blocks and a check sum over what they hold. The head goes in as a stored block, the
//! shared part as the blocks that were made once; the check sum of both follows from the check sums of each. Must not be
//! here: what an answer says.

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::convert::Infallible;
use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Of a reader that stops, no more than a few of these lie in memory; a copy of the whole never does.
const SLICE_BYTES_MAX: usize = 16 * 1024;
/// RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// Lists of slots repeat themselves so much that the quickest level finds nearly all there is to find.
const LEVEL: u32 = 1;

/// Deflate blocks that may follow others, the last of their member; and what they hold.
pub(super) struct Deflated {
    blocks: Bytes,
    sum: Crc,
}

impl Deflated {
    /// Deflates what the parts are together.
    pub(super) fn of(parts: &[&[u8]]) -> std::io::Result<Self> {
        let mut sum = Crc::new();
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(LEVEL));
        for part in parts {
            sum.update(part);
            encoder.write_all(part)?;
        }
        Ok(Self {
            blocks: encoder.finish()?.into_boxed_slice().into(),
            sum,
        })
    }

    /// Bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }
}

impl std::fmt::Debug for Deflated {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Deflated({} of {} bytes)", self.blocks.len(), self.sum.amount())
    }
}

/// A response body: three pieces, the long one shared, handed out in slices.
#[derive(Debug)]
pub struct SlotBody([Bytes; 3]);

impl SlotBody {
    /// The pieces as they are.
    pub(super) const fn plain(head: Bytes, shared: Bytes, end: Bytes) -> Self {
        Self([head, shared, end])
    }

    /// One gzip member of `head` and what `deflated` holds.
    ///
    /// # Errors
    /// When the head is longer than a stored block may be, 65,535 bytes.
    pub(super) fn gzip(head: &[u8], deflated: &Deflated) -> Result<Self, std::num::TryFromIntError> {
        let length = u16::try_from(head.len())?;
        let mut begin = Vec::with_capacity(GZIP_HEADER.len() + 5 + head.len());
        begin.extend_from_slice(&GZIP_HEADER);
        // RFC 1951: not the last block, stored; its length, and the same inverted.
        begin.push(0);
        begin.extend_from_slice(&length.to_le_bytes());
        begin.extend_from_slice(&(!length).to_le_bytes());
        begin.extend_from_slice(head);
        let mut sum = Crc::new();
        sum.update(head);
        sum.combine(&deflated.sum);
        let mut end = Vec::with_capacity(8);
        end.extend_from_slice(&sum.sum().to_le_bytes());
        end.extend_from_slice(&sum.amount().to_le_bytes());
        Ok(Self([begin.into(), deflated.blocks.clone(), end.into()]))
    }
}

impl MessageBody for SlotBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.iter().map(|piece| piece.len() as u64).sum())
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let next = self.0.iter_mut().find(|piece| !piece.is_empty());
        Poll::Ready(next.map(|piece| Ok(piece.split_to(piece.len().min(SLICE_BYTES_MAX)))))
    }
}

#[cfg(test)]
impl SlotBody {
    /// All of it, as it is sent.
    pub(super) fn bytes(mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut context = Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(Some(Ok(slice))) = Pin::new(&mut self).poll_next(&mut context) {
            assert!(slice.len() <= SLICE_BYTES_MAX);
            all.extend_from_slice(&slice);
        }
        all
    }
}
