//! Reading a session's frames: shape, rate. Never panics, never drops silently.

use crate::edge::guard::body::parse;
use crate::edge::problem::{EdgeCode, Failure};
use cabinet_proto::v1::session::{ClientFrame, ServerFrame};
use cabinet_proto::v1::{CLIENT_FRAME_BYTES_MAX, SESSION_FRAMES_MAX, SESSION_FRAMES_WINDOW_SECONDS};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::Instant;

/// The one field looked for in a frame that is not understood.
#[derive(Deserialize)]
struct Reference {
    r#ref: Option<u32>,
}

/// A frame, or the answer that says why it is none.
///
/// # Errors
/// The `refused` frame to send, with the frame's `ref` where it could be read.
pub fn read(text: &[u8]) -> Result<ClientFrame, Box<ServerFrame>> {
    let parsed: Result<ClientFrame, Failure> = if text.len() > CLIENT_FRAME_BYTES_MAX {
        Err(EdgeCode::PayloadTooLarge.into())
    } else {
        parse(text)
    };
    parsed.map_err(|failure| {
        let reference = serde_json::from_slice::<Reference>(text).ok();
        Box::new(refused(reference.and_then(|known| known.r#ref), &failure))
    })
}

/// The frame that refuses.
#[must_use]
pub fn refused(reference: Option<u32>, failure: &Failure) -> ServerFrame {
    ServerFrame::Refused {
        r#ref: reference,
        problem: failure.problem(),
    }
}

/// Counts frames in windows of [`SESSION_FRAMES_WINDOW_SECONDS`].
#[derive(Debug)]
pub struct Rate {
    window_began: Instant,
    frames: u32,
}

impl Rate {
    /// From now on.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self {
            window_began: now,
            frames: 0,
        }
    }

    /// Counts one frame; false when it is one too many.
    pub fn admit(&mut self, now: Instant) -> bool {
        let window = Duration::from_secs(SESSION_FRAMES_WINDOW_SECONDS);
        if now.saturating_duration_since(self.window_began) >= window {
            *self = Self::new(now);
        }
        self.frames = self.frames.saturating_add(1);
        self.frames <= SESSION_FRAMES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_frame_is_refused_with_its_reference_where_there_is_one() {
        let topic = "0".repeat(32);
        for (text, reference, detail) in [
            ("".to_owned(), None, "not the JSON expected here, at line 1 column 0"),
            ("[1".to_owned(), None, "not the JSON expected here, at line 1 column 2"),
            (
                "null".to_owned(),
                None,
                "not the JSON expected here, at line 1 column 4",
            ),
            (r#"{"ref":7}"#.to_owned(), Some(7), "the field event is missing"),
            (
                r#"{"event":"leave","ref":7}"#.to_owned(),
                Some(7),
                "the field topic is missing",
            ),
            (
                r#"{"event":"shout","ref":7}"#.to_owned(),
                Some(7),
                "not the JSON expected here, at line 1 column 16",
            ),
            (
                format!(r#"{{"event":"leave","ref":7,"topic":"{topic}","more":1}}"#),
                Some(7),
                "",
            ),
            (format!(r#"{{"event":"leave","ref":-1,"topic":"{topic}"}}"#), None, ""),
        ] {
            let ServerFrame::Refused { r#ref, problem } = *read(text.as_bytes()).unwrap_err() else {
                panic!("{text}")
            };
            assert_eq!(r#ref, reference, "{text}");
            assert_eq!((problem.code.as_str(), problem.status), ("malformed", 400), "{text}");
            if !detail.is_empty() {
                assert_eq!(problem.detail.as_deref(), Some(detail), "{text}");
            }
        }
        let fine = format!(r#"{{"event":"leave","ref":7,"topic":"{topic}"}}"#);
        assert_eq!(read(fine.as_bytes()).unwrap(), ClientFrame::Leave { r#ref: 7, topic });
    }

    #[tokio::test]
    async fn the_frame_after_the_last_allowed_is_one_too_many_until_the_window_has_passed() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        for _ in 0..SESSION_FRAMES_MAX {
            assert!(rate.admit(start));
        }
        assert!(!rate.admit(start));
        assert!(rate.admit(start + Duration::from_secs(SESSION_FRAMES_WINDOW_SECONDS)));
    }
}
