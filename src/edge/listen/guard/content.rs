//! What the guard says about payloads: text is UTF-8 as its bytes arrive, a close frame carries a code that may be sent.
//!
//! Must not be here: headers, lengths, the order of fragments.

use super::FrameRefusal;

/// Bytes unmasked at a time.
const BLOCK_BYTES: usize = 1_024;
/// Longest character of UTF-8.
const CHARACTER_BYTES_MAX: usize = 4;

/// Calls `take` with the payload that begins at `offset` of its frame, unmasked, block by block.
pub(super) fn unmasked(
    masked: &[u8],
    mut mask: [u8; 4],
    offset: u64,
    mut take: impl FnMut(&[u8]) -> Result<(), FrameRefusal>,
) -> Result<(), FrameRefusal> {
    mask.rotate_left(usize::try_from(offset % 4).unwrap_or(0));
    let mut block = [0; BLOCK_BYTES];
    for part in masked.chunks(BLOCK_BYTES) {
        let Some(block) = block.get_mut(..part.len()) else {
            break;
        };
        block.copy_from_slice(part);
        for four in block.chunks_mut(4) {
            for (byte, key) in four.iter_mut().zip(mask) {
                *byte ^= key;
            }
        }
        take(block)?;
    }
    Ok(())
}

/// UTF-8 read in pieces that may end inside a character. Wrong at the first byte that no character can have there.
#[derive(Debug, Default)]
pub(super) struct Utf8 {
    begun: [u8; CHARACTER_BYTES_MAX],
    begun_bytes: usize,
}

impl Utf8 {
    /// Takes the next piece.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<(), FrameRefusal> {
        while self.begun_bytes > 0
            && let Some((first, rest)) = bytes.split_first()
        {
            let begun = self.begun_bytes + 1;
            bytes = rest;
            if let Some(place) = self.begun.get_mut(self.begun_bytes) {
                *place = *first;
            }
            self.begun_bytes = match std::str::from_utf8(self.begun.get(..begun).unwrap_or_default()) {
                Ok(_) => 0,
                Err(wrong) if wrong.error_len().is_none() => begun,
                Err(_) => return Err(FrameRefusal::NotText),
            };
        }
        let Err(wrong) = std::str::from_utf8(bytes) else {
            return Ok(());
        };
        if wrong.error_len().is_some() {
            return Err(FrameRefusal::NotText);
        }
        let begun = bytes.get(wrong.valid_up_to()..).unwrap_or_default();
        for (place, byte) in self.begun.iter_mut().zip(begun) {
            *place = *byte;
        }
        self.begun_bytes = begun.len();
        Ok(())
    }

    /// The text ends here.
    pub(super) fn end(&self) -> Result<(), FrameRefusal> {
        if self.begun_bytes == 0 {
            Ok(())
        } else {
            Err(FrameRefusal::NotText)
        }
    }
}

/// A close frame's payload: nothing, or a code that may be sent (RFC 6455 section 7.4, and the registry's 1012 to 1014)
/// and a reason in UTF-8.
pub(super) fn judge_close(payload: &[u8]) -> Result<(), FrameRefusal> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() {
            Ok(())
        } else {
            Err(FrameRefusal::Malformed)
        };
    };
    match u16::from_be_bytes(*code) {
        1000..=1003 | 1007..=1014 | 3000..=4999 => {}
        _ => return Err(FrameRefusal::Malformed),
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(()),
        Err(_) => Err(FrameRefusal::NotText),
    }
}
