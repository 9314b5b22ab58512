//! The client: sends exact bytes, keeps what arrives and how the socket ends.
//!
//! Must not be here: what is right or wrong.

use crate::cases::{Case, Closing, Event, Step, close, whole};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tokio::time::Instant;

/// What must happen has this long.
const PATIENCE: Duration = Duration::from_secs(30);
/// What must not happen has this long.
const WHILE: Duration = Duration::from_millis(300);

/// What became of a case.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) events: Vec<Event>,
    /// The code in the server's close frame.
    pub(crate) code: Option<u16>,
    /// A close frame of the server arrived.
    pub(crate) told: bool,
    /// The client's close frame left before the server's arrived.
    pub(crate) closed_by_client: bool,
    /// The server ended the connection by itself.
    pub(crate) dropped_by_server: bool,
    pub(crate) milliseconds: u128,
}

struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
    record: Record,
    gone: bool,
}

/// Plays one case to its end.
pub(crate) fn run(address: SocketAddr, case: &Case) -> Record {
    let began = Instant::now();
    let mut client = Client::open(address);
    let by_step = matches!(case.closing, Closing::ByStep { .. });
    client.record.closed_by_client = by_step;
    for step in &case.steps {
        if client.gone || client.record.told {
            break;
        }
        match step {
            Step::Write(bytes) => client.write(bytes),
            Step::Await(count) => client.read_until(PATIENCE, |client| client.record.events.len() >= *count),
            Step::Linger => {
                client.read_until(WHILE, |client| client.record.told);
                if !client.gone && !client.record.told {
                    client.record.events.push(Event::Open);
                }
            }
        }
    }
    if matches!(case.closing, Closing::Client) {
        let wanted = case.strict.len();
        client.read_until(PATIENCE, |client| {
            client.record.told || client.record.events.len() >= wanted
        });
        if !client.gone && !client.record.told {
            client.record.closed_by_client = true;
            client.write(&close(1000, b"").bytes());
        }
    }
    client.read_until(PATIENCE, |_| false);
    client.record.dropped_by_server = client.gone;
    client.record.milliseconds = began.elapsed().as_millis();
    client.record
}

impl Client {
    fn open(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).expect("connect");
        stream.set_nodelay(true).expect("nodelay");
        let request = format!(
            "GET / HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("ask");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 101"), "{head}");
        assert!(head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        assert!(!head.contains("sec-websocket-extensions"), "{head}");
        Self {
            stream,
            unread: Vec::new(),
            record: Record::default(),
            gone: false,
        }
    }

    /// A server that has ended does not take the rest; what it said before is still read.
    fn write(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes));
    }

    fn read_until(&mut self, patience: Duration, enough: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + patience;
        let mut buffer = vec![0; 64 * 1_024];
        while !self.gone && !enough(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            self.stream.set_read_timeout(Some(left)).expect("timeout");
            match self.stream.read(&mut buffer) {
                Ok(0) => self.gone = true,
                Ok(count) => {
                    self.unread.extend_from_slice(&buffer[..count]);
                    self.frames();
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return,
                Err(_) => self.gone = true,
            }
        }
    }

    fn frames(&mut self) {
        let mut at = 0;
        while let Some((opcode, head, bytes)) = header(&self.unread[at..]) {
            let Some(payload) = self.unread.get(at + head..at + head + bytes).map(<[u8]>::to_vec) else {
                break;
            };
            at += head + bytes;
            self.frame(opcode, payload);
        }
        self.unread.drain(..at);
    }

    fn frame(&mut self, first: u8, payload: Vec<u8>) {
        let event = match first {
            0x81 if std::str::from_utf8(&payload).is_ok() => Event::Text(payload),
            0x82 => Event::Binary(payload),
            0x8a => Event::Pong(payload),
            0x88 if !self.record.told => {
                self.record.told = true;
                self.record.code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                if !self.record.closed_by_client {
                    self.write(&whole(8, payload.get(..2).unwrap_or_default()).bytes());
                }
                return;
            }
            other => Event::Wrong(format!("{other:#04x} with {} bytes", payload.len())),
        };
        self.record.events.push(event);
    }
}

/// First byte, length of the header, length of the payload, once the header is whole. A masked frame is never whole.
fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    match second {
        0..=125 => Some((first, 2, usize::from(second))),
        126 => Some((
            first,
            4,
            usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
        )),
        127 => {
            let long = u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
            Some((first, 10, usize::try_from(long).expect("fits")))
        }
        128..=255 => panic!("a server masks nothing"),
    }
}
