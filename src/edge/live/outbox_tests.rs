//! The outbox at its bounds: bytes, order, latest state wins, deadlines.

use super::*;
use std::task::Waker;

const DEADLINES: Deadlines = Deadlines {
    ping_period: Duration::from_secs(25),
    pong: Duration::from_secs(10),
    progress: Duration::from_secs(10),
};

fn outbox(bytes_max: usize) -> (Arc<Outbox>, Instant) {
    let now = Instant::now();
    (Outbox::new(bytes_max, now, now + DEADLINES.ping_period), now)
}

fn frame(text: &'static str) -> Frame {
    Bytes::from_static(text.as_bytes()).into()
}

fn drain(outbox: &Outbox) -> (Poll<Drained>, bool) {
    outbox.poll_drain(&mut Context::from_waker(Waker::noop()))
}

fn sent(outbox: &Outbox) -> String {
    let mut all = Vec::new();
    while let (Poll::Ready(Drained::Bytes(bytes)), _) = drain(outbox) {
        assert!(bytes.len() <= CHUNK_BYTES_MAX);
        all.extend_from_slice(&bytes);
    }
    String::from_utf8(all).unwrap()
}

#[test]
fn what_waits_goes_out_in_one_write_and_in_order() {
    let (outbox, now) = outbox(64);
    for text in ["one ", "two ", "three"] {
        assert_eq!(outbox.offer(frame(text), now, Wake::Now), Offered::Queued);
    }
    assert_eq!(
        drain(&outbox).0,
        Poll::Ready(Drained::Bytes(Bytes::from("one two three")))
    );
    assert_eq!(drain(&outbox), (Poll::Pending, false));
}

#[test]
fn one_frame_alone_is_handed_on_without_a_copy() {
    let (outbox, now) = outbox(64);
    let shared = Bytes::from(vec![7; 40]);
    outbox.offer(shared.clone().into(), now, Wake::Now);
    let (Poll::Ready(Drained::Bytes(sent)), _) = drain(&outbox) else {
        panic!("nothing sent")
    };
    assert_eq!(sent.as_ptr(), shared.as_ptr());
}

#[test]
fn over_the_bound_the_backlog_goes_and_a_snapshot_is_wanted_once_the_rest_has_moved() {
    let (outbox, now) = outbox(10);
    assert_eq!(outbox.offer(frame("12345"), now, Wake::Now), Offered::Queued);
    assert_eq!(
        outbox.offer(frame("67890"), now, Wake::Now),
        Offered::Queued,
        "exactly at the bound"
    );
    assert_eq!(outbox.offer(frame("x"), now, Wake::Now), Offered::Overflowed);
    assert_eq!(outbox.offer(frame("y"), now, Wake::Now), Offered::Skipped);
    assert_eq!(drain(&outbox), (Poll::Pending, true));
    assert!(outbox.wants_snapshot());
    outbox.restart([frame("snapshot")], now);
    assert!(!outbox.wants_snapshot());
    assert_eq!(outbox.offer(frame("z"), now, Wake::Now), Offered::Queued);
    assert_eq!(sent(&outbox), "snapshotz");
}

#[test]
fn a_frame_longer_than_the_bound_passes_alone_and_an_overflow_wakes_the_reader() {
    struct Count(std::sync::atomic::AtomicUsize);
    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }
    let count = Arc::new(Count(std::sync::atomic::AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let (outbox, now) = outbox(4);
    assert!(outbox.poll_drain(&mut Context::from_waker(&waker)).0.is_pending());
    assert_eq!(outbox.offer(frame("longer than four"), now, Wake::Now), Offered::Queued);
    assert_eq!(sent(&outbox), "longer than four");
    outbox.offer(frame("abcd"), now, Wake::Now);
    assert_eq!(outbox.offer(frame("e"), now, Wake::Now), Offered::Overflowed);
    assert_eq!(count.0.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(outbox.wants_snapshot(), "and the wheel would find it as well");
}

#[test]
fn a_frame_that_has_begun_is_finished_even_when_the_backlog_is_dropped() {
    let (outbox, now) = outbox(1_000);
    let tail = Bytes::from(vec![b't'; 2 * CHUNK_BYTES_MAX]);
    outbox.restart(
        [Frame {
            head: Bytes::from_static(b"head"),
            tail: tail.clone(),
        }],
        now,
    );
    let (Poll::Ready(Drained::Bytes(first)), _) = drain(&outbox) else {
        panic!("nothing sent")
    };
    assert_eq!(first.len(), CHUNK_BYTES_MAX);
    assert_eq!(outbox.offer(frame("x"), now, Wake::Now), Offered::Queued);
    assert_eq!(
        outbox.offer(Bytes::from(vec![b'x'; 1_000]).into(), now, Wake::Now),
        Offered::Overflowed
    );
    assert!(!outbox.wants_snapshot(), "the tail has not left yet");
    outbox.restart([frame("new")], now);
    let rest = sent(&outbox);
    assert_eq!(first.len() + rest.len(), 4 + tail.len() + 3);
    assert!(rest.ends_with("tnew"));
}

#[test]
fn pongs_go_first_and_do_not_pile_up() {
    let (outbox, now) = outbox(100);
    outbox.offer(frame("data"), now, Wake::Now);
    outbox.control(Bytes::from_static(b"\x8a\x01a"), now);
    outbox.control(Bytes::from_static(b"\x8a\x01b"), now);
    let (Poll::Ready(Drained::Bytes(bytes)), _) = drain(&outbox) else {
        panic!("nothing sent")
    };
    assert_eq!(&bytes[..], b"\x8a\x01bdata");
}

#[test]
fn closing_drops_what_waits_and_ends_after_the_close_frame() {
    let (outbox, now) = outbox(100);
    outbox.offer(frame("data"), now, Wake::Now);
    outbox.close(Bytes::from_static(b"close"), now);
    assert_eq!(outbox.offer(frame("late"), now, Wake::Now), Offered::Skipped);
    assert_eq!(sent(&outbox), "close");
    assert_eq!(drain(&outbox).0, Poll::Ready(Drained::Ended));
}

#[test]
fn health_is_judged_by_progress_while_bytes_wait_and_by_pongs_otherwise() {
    let (outbox, now) = outbox(100);
    let at = |seconds: u64| now + Duration::from_secs(seconds);
    assert_eq!(outbox.health(at(24), &DEADLINES), Health::Fine);
    assert_eq!(outbox.health(at(25), &DEADLINES), Health::PingDue);
    assert_eq!(outbox.health(at(34), &DEADLINES), Health::Fine);
    assert_eq!(outbox.health(at(35), &DEADLINES), Health::Silent);
    outbox.pong_received();
    assert_eq!(outbox.health(at(35), &DEADLINES), Health::Fine);
    assert_eq!(
        outbox.health(at(50), &DEADLINES),
        Health::PingDue,
        "one period after the last"
    );
    outbox.offer(frame("stuck"), at(51), Wake::Now);
    assert_eq!(outbox.health(at(60), &DEADLINES), Health::Fine);
    assert_eq!(
        outbox.health(at(61), &DEADLINES),
        Health::Jammed,
        "10 s after the bytes came"
    );
    outbox.leave();
    assert_eq!(outbox.health(at(61), &DEADLINES), Health::Gone);
}

#[derive(Default)]
struct Woken(std::sync::atomic::AtomicUsize);

impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

#[test]
fn a_frame_for_later_wakes_nobody_until_told_or_until_a_chunk_has_gathered() {
    let (outbox, now) = outbox(64 * 1024);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let park = || {
        sent(&outbox);
        assert!(outbox.poll_drain(&mut Context::from_waker(&waker)).0.is_pending());
    };
    let times = || woken.0.load(std::sync::atomic::Ordering::SeqCst);
    park();
    outbox.offer(frame("a"), now, Wake::Later);
    outbox.offer(frame("b"), now, Wake::Later);
    assert_eq!(times(), 0);
    outbox.wake();
    outbox.wake();
    assert_eq!(times(), 1);
    park();
    outbox.offer(Bytes::from(vec![b'x'; CHUNK_BYTES_MAX - 1]).into(), now, Wake::Later);
    assert_eq!(times(), 1);
    outbox.offer(frame("c"), now, Wake::Later);
    assert_eq!(times(), 2);
    park();
    outbox.offer(frame("d"), now, Wake::Now);
    assert_eq!(times(), 3);
}
