//! The boards' side: thousands of sockets, one thread, one epoll. Frames are counted by their headers; each delivery's time is
//! taken from the change that it is, by count, on its socket. One delivery in a thousand is read as JSON.

use super::frames::{Found, Walk, put_masked};
use anyhow::{Context as _, ensure};
use cabinet_proto::v1::board::BoardFrame;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;
use tokio::time::Instant;

/// One delivery in so many is read.
const SAMPLE: u64 = 1_000;
const EVENTS_MAX: usize = 512;
const READ_BYTES: usize = 64 * 1024;
const PONG: u8 = 0xa;
/// Nothing arrives for this long: what is missing will not come.
const PATIENCE: Duration = Duration::from_secs(5);
/// Nothing arrives for this long: what belongs together has come.
const SILENCE: Duration = Duration::from_millis(100);

/// One topic.
#[derive(Debug, Default)]
struct Topic {
    readers: u32,
    /// Each change since the last reset, and deliveries of it still to come.
    sent: Vec<(Instant, u32)>,
}

struct Reader {
    stream: TcpStream,
    /// None: what it reads is thrown away.
    topic: Option<usize>,
    walk: Walk,
    /// Data frames since the last reset.
    frames: usize,
    open: bool,
}

/// The boards of one server.
pub(crate) struct Crowd {
    epoll: OwnedFd,
    readers: Vec<Reader>,
    topics: Vec<Topic>,
    buffer: Vec<u8>,
    events: Vec<Event>,
    /// What has been counted since the last reset.
    pub(crate) counted: Counted,
    /// Whether frames are those of `cabinet_proto`.
    pub(crate) read_samples: bool,
    seen: u64,
}

/// What arrived.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) deliveries: u64,
    /// Changes that have reached all their readers.
    pub(crate) complete: u64,
    /// From the command to the socket, in microseconds.
    pub(crate) micros: Vec<u32>,
    pub(crate) bytes: u64,
    /// Sockets that ended.
    pub(crate) closed: u64,
    /// Data frames that stand for no change sent since the reset.
    pub(crate) strays: u64,
}

impl Crowd {
    /// Nobody yet, with room for topics.
    pub(crate) fn new(topics: usize) -> anyhow::Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            readers: Vec::new(),
            topics: std::iter::repeat_with(Topic::default).take(topics).collect(),
            buffer: vec![0; READ_BYTES],
            events: Vec::with_capacity(EVENTS_MAX),
            counted: Counted::default(),
            read_samples: false,
            seen: 0,
        })
    }

    /// Takes a socket in, with the bytes that were read from it already.
    pub(crate) fn add(&mut self, stream: TcpStream, rest: &[u8], topic: Option<usize>) -> anyhow::Result<()> {
        stream.set_nonblocking(true)?;
        let number = self.readers.len();
        // Edges cost half: a level would be asked for again after each read.
        let flags = EventFlags::IN | EventFlags::ET;
        epoll::add(&self.epoll, &stream, EventData::new_u64(number as u64), flags)?;
        if let Some(topic) = topic.and_then(|topic| self.topics.get_mut(topic)) {
            topic.readers += 1;
        }
        self.readers.push(Reader {
            stream,
            topic,
            walk: Walk::default(),
            frames: 0,
            open: true,
        });
        self.take(number, rest, Instant::now());
        Ok(())
    }

    /// Notes that one change of a topic is being asked for now.
    pub(crate) fn sending(&mut self, topic: usize) {
        if let Some(topic) = self.topics.get_mut(topic) {
            topic.sent.push((Instant::now(), topic.readers));
        }
    }

    /// Forgets what was counted. Everything sent must have arrived.
    pub(crate) fn reset(&mut self) {
        self.readers.iter_mut().for_each(|reader| reader.frames = 0);
        self.topics.iter_mut().for_each(|topic| topic.sent.clear());
        self.counted = Counted::default();
    }

    /// Reads whatever has arrived, without waiting.
    pub(crate) fn turn(&mut self) -> anyhow::Result<()> {
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&at_once))?;
        for event in &events {
            let data = event.data;
            self.readable(usize::try_from(data.u64())?)?;
        }
        self.events = events;
        Ok(())
    }

    /// Turns until `done` says so.
    pub(crate) fn turn_until(&mut self, what: &str, done: impl Fn(&Counted) -> bool) -> anyhow::Result<()> {
        let mut last = (Instant::now(), self.counted.bytes);
        while !done(&self.counted) {
            self.turn()?;
            if self.counted.bytes != last.1 {
                last = (Instant::now(), self.counted.bytes);
            }
            ensure!(
                last.0.elapsed() < PATIENCE,
                "waited in vain for {what}: {:?}",
                self.counted.summary()
            );
        }
        Ok(())
    }

    /// Turns until the boards have got at least so many first frames, and nothing more follows: a board that is given an older
    /// snapshot gets the changes since then after it.
    pub(crate) fn settle(&mut self, first_frames: u64) -> anyhow::Result<()> {
        self.turn_until("the first frames", |counted| counted.strays >= first_frames)?;
        let mut last = (Instant::now(), self.counted.bytes);
        while last.0.elapsed() < SILENCE {
            self.turn()?;
            if self.counted.bytes != last.1 {
                last = (Instant::now(), self.counted.bytes);
            }
        }
        Ok(())
    }

    /// Reads all there is: a read that does not fill the buffer has taken it all.
    fn readable(&mut self, number: usize) -> anyhow::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        loop {
            let reader = self.readers.get_mut(number).context("an unknown socket")?;
            match reader.stream.read(&mut buffer) {
                Ok(0) => self.end(number)?,
                Ok(bytes) => {
                    self.take(number, buffer.get(..bytes).unwrap_or_default(), Instant::now());
                    if bytes == buffer.len() {
                        continue;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.end(number)?,
            }
            break;
        }
        self.buffer = buffer;
        Ok(())
    }

    fn end(&mut self, number: usize) -> anyhow::Result<()> {
        if let Some(reader) = self.readers.get_mut(number)
            && std::mem::take(&mut reader.open)
        {
            epoll::delete(&self.epoll, &reader.stream)?;
            self.counted.closed += 1;
        }
        Ok(())
    }

    fn take(&mut self, number: usize, mut bytes: &[u8], now: Instant) {
        self.counted.bytes += bytes.len() as u64;
        let Some(reader) = self.readers.get_mut(number) else {
            return;
        };
        let Some(topic) = reader.topic.and_then(|topic| self.topics.get_mut(topic)) else {
            return;
        };
        while let Some(found) = reader.walk.next(&mut bytes) {
            match found {
                Found::Text(payload) => {
                    self.seen += 1;
                    let change = topic.sent.get_mut(reader.frames);
                    reader.frames += 1;
                    let Some((sent_at, left)) = change else {
                        self.counted.strays += 1;
                        continue;
                    };
                    *left = left.saturating_sub(1);
                    self.counted.complete += u64::from(*left == 0);
                    self.counted.deliveries += 1;
                    let micros = now.saturating_duration_since(*sent_at).as_micros();
                    self.counted.micros.push(u32::try_from(micros).unwrap_or(u32::MAX));
                    if self.read_samples && self.seen.is_multiple_of(SAMPLE) && !payload.is_none_or(is_delta) {
                        self.counted.strays += 1;
                    }
                }
                Found::Ping => {
                    let mut pong = Vec::new();
                    put_masked(&mut pong, PONG, &[]);
                    // A pong that finds no room is lost; the server will say so by closing.
                    if reader.stream.write_all(&pong).is_err() {
                        return;
                    }
                }
                Found::Close | Found::Other => {}
            }
        }
    }
}

impl Counted {
    /// Without the times.
    pub(crate) fn summary(&self) -> String {
        let Self {
            deliveries,
            complete,
            bytes,
            closed,
            strays,
            ..
        } = self;
        format!("{deliveries} deliveries, {complete} complete changes, {bytes} bytes, {closed} closed, {strays} strays")
    }
}

fn is_delta(payload: &[u8]) -> bool {
    matches!(serde_json::from_slice(payload), Ok(BoardFrame::Delta { .. }))
}
