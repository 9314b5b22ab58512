//! Frames in the order in which one socket gets them. A frame of which a part has left is finished; the others can still be
//! thrown away.
//!
//! Must not be here: bounds, sockets, time.

use bytes::Bytes;
use std::collections::VecDeque;
use std::io::{self, IoSlice};

/// Parts handed to one write.
const PARTS_MAX: usize = 32;

/// One frame. A long part that many sockets share stands in `tail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// Frame header and beginning.
    pub(super) head: Bytes,
    /// The rest; may be empty. Not counted against bounds: it is shared, and only one waits per socket.
    pub(super) tail: Bytes,
}

impl From<Bytes> for Frame {
    fn from(head: Bytes) -> Self {
        Self {
            head,
            tail: Bytes::new(),
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// What is left of the frame already begun: never dropped, or the peer would read garbage.
    begun: [Bytes; 2],
    waiting: VecDeque<Frame>,
    /// Bytes of `waiting`, tails excluded.
    waiting_bytes: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.begun.iter().all(Bytes::is_empty)
    }

    /// Bytes of the frames of which nothing has left, tails excluded.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    pub(super) fn push(&mut self, frame: Frame) {
        self.waiting_bytes += frame.head.len();
        self.waiting.push_back(frame);
    }

    /// Puts a frame before those of which nothing has left.
    pub(super) fn push_first(&mut self, frame: Frame) {
        self.waiting_bytes += frame.head.len();
        self.waiting.push_front(frame);
    }

    /// Puts what is left of a frame that another way has begun before everything else. Nothing may be begun.
    pub(super) fn begin(&mut self, rest: Bytes) {
        self.begun = [rest, Bytes::new()];
    }

    /// Takes off the first frame of which nothing has left, if it is like that.
    pub(super) fn drop_first_if(&mut self, is_so: impl FnOnce(&Frame) -> bool) {
        if self.waiting.front().is_some_and(is_so)
            && let Some(frame) = self.waiting.pop_front()
        {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(frame.head.len());
        }
    }

    /// Throws away every frame of which nothing has left.
    pub(super) fn drop_waiting(&mut self) {
        self.waiting = VecDeque::new();
        self.waiting_bytes = 0;
    }

    /// Gives the room of frames that have left back to the allocator.
    pub(super) fn shrink(&mut self) {
        if self.waiting.is_empty() && self.waiting.capacity() > 0 {
            self.waiting = VecDeque::new();
        }
    }

    /// Hands what comes next to `write`, in parts that are not copied, and takes off what it says it took.
    ///
    /// # Errors
    /// Those of `write`.
    pub(super) fn write(&mut self, write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>) -> io::Result<usize> {
        let mut parts = [IoSlice::new(&[]); PARTS_MAX];
        let waiting = self.waiting.iter().flat_map(|frame| [&frame.head, &frame.tail]);
        let all = self.begun.iter().chain(waiting).filter(|part| !part.is_empty());
        let mut count = 0;
        for (place, part) in parts.iter_mut().zip(all) {
            *place = IoSlice::new(part);
            count += 1;
        }
        let written = write(parts.get(..count).unwrap_or_default())?;
        self.take_off(written);
        Ok(written)
    }

    fn take_off(&mut self, mut bytes: usize) {
        while bytes > 0 {
            if self.begun.iter().all(Bytes::is_empty) {
                let Some(frame) = self.waiting.pop_front() else { return };
                self.waiting_bytes = self.waiting_bytes.saturating_sub(frame.head.len());
                self.begun = [frame.head, frame.tail];
            }
            for part in &mut self.begun {
                let left = part.split_to(part.len().min(bytes));
                bytes -= left.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(head: &'static str, tail: &'static str) -> Frame {
        Frame {
            head: Bytes::from_static(head.as_bytes()),
            tail: Bytes::from_static(tail.as_bytes()),
        }
    }

    /// Writes at most so many bytes; what was written.
    fn written(queue: &mut Queue, bytes_max: usize) -> String {
        let mut all = Vec::new();
        let write = |parts: &[IoSlice<'_>]| {
            all = parts
                .iter()
                .flat_map(|part| part.iter().copied())
                .take(bytes_max)
                .collect();
            Ok(all.len())
        };
        queue.write(write).unwrap();
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn everything_is_written_in_order_however_little_is_taken_at_once() {
        for bytes_max in 1..=20 {
            let mut queue = Queue::default();
            for (head, tail) in [("one ", ""), ("two ", "TWO "), ("", ""), ("three", "")] {
                queue.push(frame(head, tail));
            }
            assert_eq!(queue.waiting_bytes(), 13);
            let mut all = String::new();
            while !queue.is_empty() {
                all += &written(&mut queue, bytes_max);
            }
            assert_eq!(all, "one two TWO three", "{bytes_max}");
            assert_eq!(queue.waiting_bytes(), 0);
        }
    }

    #[test]
    fn a_frame_that_has_begun_is_finished_and_the_others_can_be_dropped() {
        let mut queue = Queue::default();
        queue.push(frame("head", "tail"));
        queue.push(frame("gone", ""));
        assert_eq!(written(&mut queue, 5), "headt");
        queue.push_first(frame("ping", ""));
        queue.drop_first_if(|first| first.head == "gone");
        assert_eq!(queue.waiting_bytes(), 8);
        queue.drop_first_if(|first| first.head == "ping");
        queue.drop_waiting();
        assert!(!queue.is_empty());
        assert_eq!(queue.waiting_bytes(), 0);
        assert_eq!(written(&mut queue, 9), "ail");
        assert!(queue.is_empty());
        queue.begin(Bytes::from_static(b"rest"));
        queue.drop_waiting();
        assert_eq!(written(&mut queue, 9), "rest");
    }

    #[test]
    fn parts_are_shared_and_more_of_them_than_one_write_takes_wait_for_the_next() {
        let mut queue = Queue::default();
        let shared = Bytes::from(vec![b'x'; 10]);
        for _ in 0..PARTS_MAX + 1 {
            queue.push(shared.clone().into());
        }
        let whole = queue.write(|parts| {
            assert!(parts.iter().all(|part| part.as_ptr() == shared.as_ptr()));
            Ok(parts.iter().map(|part| part.len()).sum())
        });
        assert_eq!(whole.unwrap(), 10 * PARTS_MAX);
        assert_eq!(written(&mut queue, 100), "x".repeat(10));
        queue.shrink();
        assert_eq!(queue.waiting.capacity(), 0);
    }

    #[test]
    fn a_failed_write_takes_nothing_off() {
        let mut queue = Queue::default();
        queue.push(frame("abc", ""));
        let failed = queue.write(|_| Err(io::ErrorKind::WouldBlock.into()));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(written(&mut queue, 9), "abc");
    }
}
