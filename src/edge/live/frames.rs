//! Encoding: WebSocket headers of the server's frames, and the JSON of `cabinet_proto::v1::board`.
//!
//! The long part of a frame (`types`) is encoded once and shared; the short part before it carries the server's clock and
//! is written per send, because the same change may be sent again, later, to a board that resumes.

use super::queue::Frame;
use bytes::{BufMut, Bytes, BytesMut};
use cabinet_actors::delta::{BoardDelta, TopicPosition};
use cabinet_domain::ids::Seq;
use cabinet_domain::time::UtcMillis;
use cabinet_proto::v1::close::CloseCode;
use cabinet_proto::v1::{VERSION, convert, model};

const FIN: u8 = 0x80;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// Header of an unmasked, unfragmented frame whose payload has `bytes` bytes.
fn put_header(target: &mut BytesMut, opcode: u8, bytes: usize) {
    target.put_u8(FIN | opcode);
    match (u8::try_from(bytes), u16::try_from(bytes)) {
        (Ok(short @ 0..=125), _) => target.put_u8(short),
        (_, Ok(medium)) => {
            target.put_u8(126);
            target.put_u16(medium);
        }
        (_, Err(_)) => {
            target.put_u8(127);
            target.put_u64(bytes as u64);
        }
    }
}

/// A text frame of `start` and the shared `tail`.
fn text(start: &str, tail: &Bytes) -> Frame {
    let mut head = BytesMut::with_capacity(start.len() + 10);
    put_header(&mut head, TEXT, start.len() + tail.len());
    head.extend_from_slice(start.as_bytes());
    Frame {
        head: head.freeze(),
        tail: tail.clone(),
    }
}

fn control(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(payload.len() + 2);
    put_header(&mut frame, opcode, payload.len());
    frame.extend_from_slice(payload);
    frame.freeze()
}

/// An empty ping.
pub(super) fn ping() -> Bytes {
    control(PING, &[])
}

/// The answer to a ping. `payload` is at most 125 bytes.
pub(super) fn pong(payload: &[u8]) -> Bytes {
    control(PONG, payload)
}

/// A close frame.
pub(super) fn close(code: CloseCode) -> Bytes {
    let mut payload = BytesMut::with_capacity(2 + code.reason().len());
    payload.put_u16(code.number());
    payload.extend_from_slice(code.reason().as_bytes());
    control(CLOSE, &payload)
}

/// Free slots of every online type, encoded once per position, and the end of its frame.
pub(super) fn snapshot_tail(types: &[model::TypeSlots]) -> Result<Bytes, serde_json::Error> {
    closing(serde_json::to_vec(types)?)
}

fn closing(mut json: Vec<u8>) -> Result<Bytes, serde_json::Error> {
    json.push(b'}');
    Ok(json.into())
}

/// `snapshot`.
pub(super) fn snapshot(position: TopicPosition, now: UtcMillis, tail: &Bytes) -> Frame {
    let TopicPosition { history, seq } = position;
    let now = now.0;
    let start = format!(
        r#"{{"event":"snapshot","version":{VERSION},"history":"{history}","seq":{seq},"now_ms":{now},"types":"#
    );
    text(&start, tail)
}

/// `resumed`.
pub(super) fn resumed(position: TopicPosition, now: UtcMillis) -> Frame {
    let TopicPosition { history, seq } = position;
    let now = now.0;
    let frame =
        format!(r#"{{"event":"resumed","version":{VERSION},"history":"{history}","seq":{seq},"now_ms":{now}}}"#);
    text(&frame, &Bytes::new())
}

/// One change of a topic, encoded once; kept in the ring.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// Position before.
    pub(super) from: Seq,
    /// Position after.
    pub(super) to: Seq,
    slots: Option<Bytes>,
    types_changed: bool,
}

impl Change {
    /// Encodes a delta.
    pub(super) fn encode(delta: &BoardDelta) -> Result<Self, serde_json::Error> {
        let slots = if delta.changes.is_empty() && delta.types_changed {
            None
        } else {
            Some(closing(convert::outward::slot_changes_json(&delta.changes)?)?)
        };
        Ok(Self {
            from: delta.from,
            to: delta.to,
            slots,
            types_changed: delta.types_changed,
        })
    }

    /// The bytes of its frames, headers included, as sent at `now`: shared by every socket.
    pub(super) fn frames(&self, now: UtcMillis) -> Bytes {
        let Self { from, to, .. } = self;
        let now = now.0;
        let mut bytes = BytesMut::new();
        let mut put = |frame: Frame| {
            bytes.extend_from_slice(&frame.head);
            bytes.extend_from_slice(&frame.tail);
        };
        // With both, the second frame stands at the position that the first has reached.
        let mut before = *from;
        if let Some(tail) = &self.slots {
            let start = format!(r#"{{"event":"delta","from":{from},"to":{to},"now_ms":{now},"types":"#);
            put(text(&start, tail));
            before = *to;
        }
        if self.types_changed {
            let frame = format!(r#"{{"event":"types_changed","from":{before},"to":{to}}}"#);
            put(text(&frame, &Bytes::new()));
        }
        bytes.freeze()
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
