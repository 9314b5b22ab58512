//! The outbox at its bounds: bytes, order, latest state wins, deadlines; without a socket, and over one on loopback.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

const DEADLINES: Deadlines = Deadlines {
    ping_period: Duration::from_secs(25),
    pong: Duration::from_secs(10),
    progress: Duration::from_secs(10),
};

fn outbox(bytes_max: usize) -> (Arc<Outbox>, Instant) {
    let now = Instant::now();
    let written = Written {
        writes: IntCounter::new("writes", "writes").unwrap(),
        bytes: IntCounter::new("bytes", "bytes").unwrap(),
    };
    (Outbox::new(bytes_max, now, now + DEADLINES.ping_period, written), now)
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// A socket, and the client's end of it.
async fn socket() -> (Wire, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    socket2::SockRef::from(&server).set_send_buffer_size(16 * 1024).unwrap();
    server.writable().await.unwrap();
    (Wire::Plain(server), client)
}

/// What the client gets if the outbox is given a socket now, and its end.
async fn sent(outbox: &Outbox) -> String {
    let (wire, mut client) = socket().await;
    outbox.attach(wire);
    outbox.leave();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl std::task::Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll(outbox: &Outbox) -> Sending {
    outbox.poll_send(&mut Context::from_waker(Waker::noop()))
}

#[actix_web::test]
async fn what_gathers_before_the_socket_is_there_goes_out_in_one_write_and_in_order() {
    let (outbox, now) = outbox(64);
    for text in ["one ", "two ", "three"] {
        assert_eq!(outbox.offer(&bytes(text), now, When::Now), Offered::Taken);
    }
    assert_eq!(sent(&outbox).await, "one two three");
    assert_eq!((outbox.written.writes.get(), outbox.written.bytes.get()), (1, 13));
}

#[actix_web::test]
async fn a_frame_is_written_by_whoever_has_it_and_wakes_nobody() {
    let (outbox, now) = outbox(64);
    let woken = Arc::new(Woken::default());
    let (wire, mut client) = socket().await;
    outbox.attach(wire);
    let waker = Waker::from(woken.clone());
    assert_eq!(outbox.poll_send(&mut Context::from_waker(&waker)), Sending::Open);
    for text in ["one ", "two"] {
        assert_eq!(outbox.offer(&bytes(text), now, When::Now), Offered::Taken);
    }
    let mut got = [0; 7];
    client.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"one two");
    assert_eq!((outbox.written.writes.get(), woken.0.load(Ordering::SeqCst)), (2, 0));
    assert!(outbox.inner.lock().is_empty());
}

#[actix_web::test]
async fn over_the_bound_the_backlog_goes_and_a_snapshot_is_wanted() {
    let (outbox, now) = outbox(10);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    assert_eq!(outbox.poll_send(&mut Context::from_waker(&waker)), Sending::Open);
    assert_eq!(outbox.offer(&bytes("12345"), now, When::Now), Offered::Taken);
    let at_the_bound = outbox.offer(&bytes("67890"), now, When::Now);
    assert_eq!(at_the_bound, Offered::Taken);
    assert_eq!(woken.0.load(Ordering::SeqCst), 0);
    assert_eq!(outbox.offer(&bytes("x"), now, When::Now), Offered::Overflowed);
    assert_eq!(outbox.offer(&bytes("y"), now, When::Now), Offered::Skipped);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert_eq!(poll(&outbox), Sending::WantsSnapshot);
    assert!(outbox.wants_snapshot());
    outbox.restart([bytes("snapshot").into()], now);
    assert!(!outbox.wants_snapshot());
    assert_eq!(outbox.offer(&bytes("z"), now, When::Now), Offered::Taken);
    assert_eq!(sent(&outbox).await, "snapshotz");
}

#[actix_web::test]
async fn a_frame_longer_than_the_bound_passes_alone() {
    let (outbox, now) = outbox(4);
    let longer = outbox.offer(&bytes("longer than four"), now, When::Now);
    assert_eq!(longer, Offered::Taken);
    assert_eq!(outbox.offer(&bytes("e"), now, When::Now), Offered::Overflowed);
}

/// Over a socket that takes no more: what has begun is finished, the backlog gives way to a snapshot, and the connection's own
/// future goes on as the client reads.
#[actix_web::test]
async fn what_a_full_socket_does_not_take_waits_for_the_connections_own_future() {
    let (outbox, now) = outbox(1_000);
    let (wire, mut client) = socket().await;
    outbox.attach(wire);
    let tail = Bytes::from(vec![b't'; 8 * 1024 * 1024]);
    let head = bytes("head");
    outbox.restart(
        [Frame {
            head,
            tail: tail.clone(),
        }],
        now,
    );
    assert_eq!(outbox.written.bytes.get(), 0, "left to the connection's own future");
    assert_eq!(poll(&outbox), Sending::Open);
    let taken = outbox.written.bytes.get();
    assert!(taken > 4 && outbox.inner.lock().own);
    assert_eq!(outbox.offer(&bytes("x"), now, When::Now), Offered::Taken);
    let more = Bytes::from(vec![b'x'; 1_000]);
    assert_eq!(outbox.offer(&more, now, When::Now), Offered::Overflowed);
    assert!(!outbox.wants_snapshot(), "the tail has not left yet");
    let writing = std::future::poll_fn(|cx| match outbox.poll_send(cx) {
        Sending::WantsSnapshot => Poll::Ready(()),
        Sending::Open => Poll::Pending,
        Sending::Ended => panic!("it has not ended"),
    });
    let mut got = vec![0; 4 + tail.len()];
    let (read, ()) = tokio::join!(client.read_exact(&mut got), writing);
    read.unwrap();
    assert!(got.starts_with(b"headt") && got.ends_with(b"tttt"));
    outbox.restart([bytes("new").into()], now);
    assert_eq!(poll(&outbox), Sending::Open);
    let mut got = [0; 3];
    client.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"new");
}

#[actix_web::test]
async fn pongs_go_first_and_do_not_pile_up() {
    let (outbox, now) = outbox(100);
    outbox.offer(&bytes("data"), now, When::Now);
    outbox.control(bytes("\x0aa"), now);
    outbox.control(Bytes::from_static(b"\x8a\x01a"), now);
    outbox.control(Bytes::from_static(b"\x8a\x01b"), now);
    let (wire, mut client) = socket().await;
    outbox.attach(wire);
    let mut got = [0; 9];
    client.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"\x8a\x01b\x0aadata");
}

#[actix_web::test]
async fn closing_drops_what_waits_and_ends_after_the_close_frame() {
    let (outbox, now) = outbox(100);
    outbox.offer(&bytes("data"), now, When::Now);
    outbox.close(bytes("close"), now);
    assert_eq!(outbox.offer(&bytes("late"), now, When::Now), Offered::Skipped);
    assert_eq!(poll(&outbox), Sending::Open, "it has not left");
    let (wire, mut client) = socket().await;
    outbox.attach(wire);
    assert_eq!(poll(&outbox), Sending::Ended);
    outbox.end();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "close");
}

#[actix_web::test]
async fn a_broken_socket_ends_it_and_its_own_future_is_told() {
    let (outbox, now) = outbox(100);
    let (wire, client) = socket().await;
    outbox.attach(wire);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    assert_eq!(outbox.poll_send(&mut Context::from_waker(&waker)), Sending::Open);
    client.set_zero_linger().unwrap();
    drop(client);
    while woken.0.load(Ordering::SeqCst) == 0 {
        outbox.offer(&bytes("x"), now, When::Now);
        tokio::task::yield_now().await;
    }
    assert_eq!(poll(&outbox), Sending::Ended);
    let read = std::future::poll_fn(|cx| outbox.poll_read(cx, &mut [0; 8])).await;
    assert!(matches!(read, Ok(0) | Err(_)));
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
    outbox.offer(&bytes("stuck"), at(51), When::Now);
    assert_eq!(outbox.health(at(60), &DEADLINES), Health::Fine);
    assert_eq!(
        outbox.health(at(61), &DEADLINES),
        Health::Jammed,
        "10 s after the bytes came"
    );
    outbox.leave();
    assert_eq!(outbox.health(at(61), &DEADLINES), Health::Gone);
}

#[actix_web::test]
async fn frames_for_later_wait_until_told_or_until_much_has_gathered() {
    let (outbox, now) = outbox(64 * 1024);
    let (wire, _client) = socket().await;
    outbox.attach(wire);
    let writes = || outbox.written.writes.get();
    outbox.offer(&bytes("a"), now, When::Later);
    outbox.offer(&bytes("b"), now, When::Later);
    assert_eq!(writes(), 0);
    outbox.send();
    outbox.send();
    assert_eq!((writes(), outbox.written.bytes.get()), (1, 2));
    let much = Bytes::from(vec![b'x'; GATHERED_BYTES_MAX - 1]);
    outbox.offer(&much, now, When::Later);
    assert_eq!(writes(), 1);
    outbox.offer(&bytes("c"), now, When::Later);
    assert_eq!(writes(), 2);
    outbox.offer(&bytes("d"), now, When::Later);
    outbox.offer(&bytes("e"), now, When::Now);
    assert_eq!((writes(), outbox.inner.lock().is_empty()), (3, true));
}
