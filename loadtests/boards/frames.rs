//! WebSocket framing, as little of it as load needs: headers of the server's frames are walked, payloads are skipped.

/// What the walk found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A text frame has ended; its payload, if all of it lay in these bytes.
    Text(Option<&'a [u8]>),
    /// A ping has ended.
    Ping,
    /// A close frame has begun.
    Close,
    /// Another control frame has ended.
    Other,
}

/// Where one connection's stream stands.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    header: [u8; 10],
    header_bytes: usize,
    /// Bytes of the present payload still to come.
    left: usize,
    inside: bool,
}

impl Walk {
    /// Takes from the front of `bytes` up to the end of one frame; none when they end before it.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Found<'a>> {
        let fresh = !self.inside;
        while !self.inside {
            let (first, rest) = bytes.split_first()?;
            *bytes = rest;
            if let Some(place) = self.header.get_mut(self.header_bytes) {
                *place = *first;
            }
            self.header_bytes += 1;
            if let Some(length) = self.length() {
                self.left = length;
                self.inside = true;
            }
        }
        let present: &'a [u8] = bytes;
        let whole = present.get(..self.left).filter(|_| fresh);
        let taken = self.left.min(present.len());
        *bytes = present.get(taken..).unwrap_or_default();
        self.left -= taken;
        let [first, ..] = self.header;
        if self.left > 0 {
            return None;
        }
        (self.inside, self.header_bytes) = (false, 0);
        Some(match first & 0x0f {
            0x1 => Found::Text(whole),
            0x8 => Found::Close,
            0x9 => Found::Ping,
            _ => Found::Other,
        })
    }

    /// The payload's length, once the header is complete.
    fn length(&self) -> Option<usize> {
        let [_, length, a, b, c, d, e, f, g, h] = self.header;
        match (length & 0x7f, self.header_bytes) {
            (126, 4) => Some(usize::from(u16::from_be_bytes([a, b]))),
            (127, 10) => usize::try_from(u64::from_be_bytes([a, b, c, d, e, f, g, h])).ok(),
            (short @ 0..=125, 2) => Some(usize::from(short)),
            _ => None,
        }
    }
}

/// Appends a client's frame, masked with zeros, which every server accepts and nobody has to compute.
pub(crate) fn put_masked(target: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    put_header(target, opcode, 0x80, payload.len());
    target.extend_from_slice(&[0; 4]);
    target.extend_from_slice(payload);
}

/// Appends a header; `mask` is 0x80 for a client's frame.
pub(crate) fn put_header(target: &mut Vec<u8>, opcode: u8, mask: u8, bytes: usize) {
    target.push(0x80 | opcode);
    match (u8::try_from(bytes), u16::try_from(bytes)) {
        (Ok(short @ 0..=125), _) => target.push(mask | short),
        (_, Ok(medium)) => {
            target.push(mask | 126);
            target.extend_from_slice(&medium.to_be_bytes());
        }
        (_, Err(_)) => {
            target.push(mask | 127);
            target.extend_from_slice(&(bytes as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_however_the_stream_is_cut() {
        let mut stream = Vec::new();
        let payloads = [5, 125, 126, 70_000];
        for bytes in payloads {
            put_header(&mut stream, 0x1, 0, bytes);
            stream.extend(std::iter::repeat_n(b'x', bytes));
            put_header(&mut stream, 0x9, 0, 0);
        }
        for cut in [1, 2, 3, 7, 130, 65_000, stream.len()] {
            let mut walk = Walk::default();
            let (mut texts, mut pings) = (0, 0);
            for mut piece in stream.chunks(cut) {
                while let Some(found) = walk.next(&mut piece) {
                    match found {
                        Found::Text(whole) => {
                            assert!(whole.is_none_or(|whole| whole.len() == payloads[texts]), "cut {cut}");
                            texts += 1;
                        }
                        Found::Ping => pings += 1,
                        other @ (Found::Close | Found::Other) => panic!("{other:?}"),
                    }
                }
            }
            assert_eq!((texts, pings), (4, 4), "cut {cut}");
        }
    }

    #[test]
    fn a_whole_payload_is_handed_out() {
        let mut stream = Vec::new();
        put_header(&mut stream, 0x1, 0, 3);
        stream.extend_from_slice(b"abc");
        let mut bytes = stream.as_slice();
        assert_eq!(Walk::default().next(&mut bytes), Some(Found::Text(Some(b"abc"))));
        assert!(bytes.is_empty());
    }
}
