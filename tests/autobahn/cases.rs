//! The cases of groups 1 to 5 and 7, and what a case is. Group 6 is in `utf8`, groups 9 and 10 are in `limits`.
//!
//! Must not be here: sockets, verdicts.

use crate::utf8;

/// One frame of the client.
#[derive(Clone)]
pub(crate) struct Frame(Vec<u8>);

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame with these first four bits (fin and three reserved ones) and this opcode.
fn raw(bits: u8, opcode: u8, payload: &[u8]) -> Frame {
    let mut bytes = vec![bits << 4 | opcode];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | u8::try_from(short).expect("short")),
        medium @ 126..=65_535 => {
            bytes.push(0xfe);
            bytes.extend(u16::try_from(medium).expect("medium").to_be_bytes());
        }
        long => {
            bytes.push(0xff);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    // Eight bytes at a time: group 9 masks 150 MB in an unoptimised build.
    let key = u64::from_ne_bytes([MASK, MASK].concat().try_into().expect("eight bytes"));
    let (words, rest) = payload.as_chunks::<8>();
    for word in words {
        bytes.extend_from_slice(&(u64::from_ne_bytes(*word) ^ key).to_ne_bytes());
    }
    bytes.extend(rest.iter().zip(MASK.into_iter().cycle()).map(|(byte, key)| byte ^ key));
    Frame(bytes)
}

/// A whole frame.
pub(crate) fn whole(opcode: u8, payload: &[u8]) -> Frame {
    raw(8, opcode, payload)
}

/// A frame after which more of its message follows.
pub(crate) fn part(opcode: u8, payload: &[u8]) -> Frame {
    raw(0, opcode, payload)
}

/// A close frame with a code and a reason.
pub(crate) fn close(code: u16, reason: &[u8]) -> Frame {
    whole(8, &[&code.to_be_bytes()[..], reason].concat())
}

/// A message over frames of `bytes` each.
pub(crate) fn fragments(opcode: u8, payload: &[u8], bytes: usize) -> Vec<Frame> {
    let count = payload.len().div_ceil(bytes);
    let one = |(index, piece)| {
        let opcode = if index == 0 { opcode } else { 0 };
        raw(if index + 1 == count { 8 } else { 0 }, opcode, piece)
    };
    payload.chunks(bytes).enumerate().map(one).collect()
}

/// How frames are handed to the network.
#[derive(Clone, Copy)]
pub(crate) enum Chops {
    /// In one write.
    Together,
    /// One write each.
    Frames,
    /// So many bytes a write.
    Bytes(usize),
}

/// What the client does next.
pub(crate) enum Step {
    /// Writes this.
    Write(Vec<u8>),
    /// Waits until this many events have arrived in all.
    Await(usize),
    /// Waits a while; that the socket is still open then is an event.
    Linger,
}

pub(crate) fn write(chops: Chops, frames: &[Frame]) -> Vec<Step> {
    let all = || {
        frames
            .iter()
            .map(|frame| frame.0.as_slice())
            .collect::<Vec<_>>()
            .concat()
    };
    match chops {
        Chops::Together => vec![Step::Write(all())],
        Chops::Frames => frames.iter().map(|frame| Step::Write(frame.0.clone())).collect(),
        Chops::Bytes(bytes) => all().chunks(bytes).map(|chop| Step::Write(chop.to_vec())).collect(),
    }
}

/// What arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    /// The socket was still open after a while.
    Open,
    /// A frame that no server may send.
    Wrong(String),
}

/// Who is to close, and with which codes the server may.
#[derive(Clone)]
pub(crate) enum Closing {
    /// The client, normally; the server answers.
    Client,
    /// The client, with a close frame among the steps; the server answers with one of these, or (not `clean`) just ends.
    ByStep { codes: Vec<u16>, clean: bool },
    /// The server.
    Server(u16),
}

pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) steps: Vec<Step>,
    /// What must arrive.
    pub(crate) strict: Vec<Event>,
    /// What may arrive under a mark.
    pub(crate) non_strict: Option<Vec<Event>>,
    pub(crate) closing: Closing,
    pub(crate) informational: bool,
}

pub(crate) fn case(id: impl Into<String>, steps: Vec<Step>, strict: Vec<Event>, closing: Closing) -> Case {
    Case {
        id: id.into(),
        steps,
        strict,
        non_strict: None,
        closing,
        informational: false,
    }
}

impl Case {
    /// Nothing arriving is no failure, but is marked.
    pub(crate) fn or(mut self, non_strict: Vec<Event>) -> Self {
        self.non_strict = Some(non_strict);
        self
    }
}

pub(crate) fn text(payload: &[u8]) -> Event {
    Event::Text(payload.to_vec())
}

pub(crate) fn message(opcode: u8, payload: &[u8]) -> Event {
    match opcode {
        1 => text(payload),
        _ => Event::Binary(payload.to_vec()),
    }
}

const HELLO: &[u8] = b"Hello, world!";
const ODD: &[u8] = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff";
const PROTOCOL: Closing = Closing::Server(1002);

/// Groups 1 to 7, in the official order.
pub(crate) fn protocol() -> Vec<Case> {
    let mut cases = framing();
    cases.extend(pings());
    cases.extend(reserved());
    cases.extend(fragmentation());
    cases.extend(utf8::all());
    cases.extend(closes());
    cases
}

fn framing() -> Vec<Case> {
    use Chops::{Bytes, Together};
    let sizes = [
        (0, Together),
        (125, Together),
        (126, Together),
        (127, Together),
        (128, Together),
        (65_535, Together),
        (65_536, Together),
        (65_536, Bytes(997)),
    ];
    let mut cases = Vec::new();
    for (group, opcode, byte) in [(1, 1, b'*'), (2, 2, 0xfe)] {
        for (number, (bytes, chops)) in sizes.into_iter().enumerate() {
            let payload = vec![byte; bytes];
            let steps = write(chops, &[whole(opcode, &payload)]);
            let id = format!("1.{group}.{}", number + 1);
            cases.push(case(id, steps, vec![message(opcode, &payload)], Closing::Client));
        }
    }
    cases
}

fn pings() -> Vec<Case> {
    use Chops::{Bytes, Together};
    let ping = |id: &str, payload: &[u8], chops| {
        case(
            id,
            write(chops, &[whole(9, payload)]),
            vec![Event::Pong(payload.to_vec())],
            Closing::Client,
        )
    };
    let normal = || Closing::ByStep {
        codes: vec![1000],
        clean: true,
    };
    let unasked = |id: &str, payload: &[u8]| {
        case(
            id,
            write(Together, &[whole(10, payload), close(1000, b"")]),
            Vec::new(),
            normal(),
        )
    };
    let ten: Vec<Vec<u8>> = (0..10).map(|number| format!("payload-{number}").into_bytes()).collect();
    let many = |id: &str, chops| {
        let frames: Vec<Frame> = ten.iter().map(|payload| whole(9, payload)).collect();
        case(
            id,
            write(chops, &frames),
            ten.iter().cloned().map(Event::Pong).collect(),
            Closing::Client,
        )
    };
    vec![
        ping("2.1", b"", Together),
        ping("2.2", HELLO, Together),
        ping("2.3", ODD, Together),
        ping("2.4", &[0xfe; 125], Together),
        case("2.5", write(Together, &[whole(9, &[0xfe; 126])]), Vec::new(), PROTOCOL),
        ping("2.6", &[0xfe; 125], Bytes(1)),
        unasked("2.7", b""),
        unasked("2.8", b"unsolicited pong payload"),
        case(
            "2.9",
            write(
                Together,
                &[whole(10, b"unsolicited pong payload"), whole(9, b"ping payload")],
            ),
            vec![Event::Pong(b"ping payload".to_vec())],
            Closing::Client,
        ),
        many("2.10", Together),
        many("2.11", Bytes(1)),
    ]
}

/// Groups 3 and 4: a frame that is not allowed alone, or after a message that must be answered first.
fn reserved() -> Vec<Case> {
    use Chops::{Bytes, Frames, Together};
    let alone = |id: &str, bits, opcode, payload: &[u8]| {
        case(id, write(Together, &[raw(bits, opcode, payload)]), Vec::new(), PROTOCOL)
    };
    let after = |id: &str, chops, bits, opcode, payload: &[u8]| {
        let frames = [whole(1, HELLO), raw(bits, opcode, payload), whole(9, b"")];
        case(id, write(chops, &frames), vec![text(HELLO)], PROTOCOL).or(Vec::new())
    };
    vec![
        alone("3.1", 8 | 1, 1, HELLO),
        after("3.2", Together, 8 | 2, 1, HELLO),
        after("3.3", Frames, 8 | 3, 1, HELLO),
        after("3.4", Bytes(1), 8 | 4, 1, HELLO),
        alone("3.5", 8 | 5, 2, ODD),
        alone("3.6", 8 | 6, 2, HELLO),
        alone("3.7", 8 | 7, 8, b""),
        alone("4.1.1", 8, 3, b""),
        alone("4.1.2", 8, 4, b"reserved opcode payload"),
        after("4.1.3", Together, 8, 5, b""),
        after("4.1.4", Together, 8, 6, HELLO),
        after("4.1.5", Bytes(1), 8, 7, HELLO),
        alone("4.2.1", 8, 11, b""),
        alone("4.2.2", 8, 12, b"reserved opcode payload"),
        after("4.2.3", Together, 8, 13, b""),
        after("4.2.4", Together, 8, 14, HELLO),
        after("4.2.5", Bytes(1), 8, 15, HELLO),
    ]
}

fn fragmentation() -> Vec<Case> {
    use Chops::{Bytes, Frames, Together};
    let both: &[u8] = b"fragment1fragment2";
    let (one, two) = (b"fragment1", b"fragment2");
    let wrong = |id: &str, chops, frames: &[Frame]| case(id, write(chops, frames), Vec::new(), PROTOCOL);
    let plain = |id: &str, chops| {
        case(
            id,
            write(chops, &[part(1, one), whole(0, two)]),
            vec![text(both)],
            Closing::Client,
        )
    };
    let pinged = |id: &str, chops| {
        let frames = [part(1, one), whole(9, b"ping payload"), whole(0, two)];
        let events = vec![Event::Pong(b"ping payload".to_vec()), text(both)];
        case(id, write(chops, &frames), events, Closing::Client)
    };
    let lonely: &[u8] = b"non-continuation payload";
    let ended = [whole(0, lonely), whole(1, HELLO)];
    let open = [part(0, lonely), whole(1, HELLO)];
    let twice = |first: Frame| {
        let round = [first, part(1, two), whole(0, b"fragment3")];
        [round.clone(), round].concat()
    };
    let late = [
        part(1, one),
        whole(0, two),
        part(0, b"fragment3"),
        whole(1, b"fragment4"),
    ];
    vec![
        wrong("5.1", Together, &[part(9, one), whole(0, two)]),
        wrong("5.2", Together, &[part(10, one), whole(0, two)]),
        plain("5.3", Together),
        plain("5.4", Frames),
        plain("5.5", Bytes(1)),
        pinged("5.6", Together),
        pinged("5.7", Frames),
        pinged("5.8", Bytes(1)),
        wrong("5.9", Together, &ended),
        wrong("5.10", Frames, &ended),
        wrong("5.11", Bytes(1), &ended),
        wrong("5.12", Together, &open),
        wrong("5.13", Frames, &open),
        wrong("5.14", Bytes(1), &open),
        case("5.15", write(Together, &late), vec![text(both)], PROTOCOL).or(Vec::new()),
        wrong("5.16", Together, &twice(part(0, one))),
        wrong("5.17", Together, &twice(whole(0, one))),
        wrong("5.18", Together, &[part(1, one), whole(1, two)]),
        two_pings("5.19", Together),
        two_pings("5.20", Frames),
    ]
}

/// The first ping is to be answered before the rest of the message is sent.
fn two_pings(id: &str, chops: Chops) -> Case {
    let mut steps = write(
        chops,
        &[part(1, b"fragment1"), part(0, b"fragment2"), whole(9, b"pongme 1!")],
    );
    steps.push(Step::Await(1));
    let rest = [
        part(0, b"fragment3"),
        part(0, b"fragment4"),
        whole(9, b"pongme 2!"),
        whole(0, b"fragment5"),
    ];
    steps.extend(write(chops, &rest));
    let pong = |payload: &[u8]| Event::Pong(payload.to_vec());
    let whole = text(b"fragment1fragment2fragment3fragment4fragment5");
    case(
        id,
        steps,
        vec![pong(b"pongme 1!"), pong(b"pongme 2!"), whole],
        Closing::Client,
    )
}

/// Close codes that may be sent.
const SENT: [u16; 13] = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
];
/// Close codes that may not.
const NEVER_SENT: [u16; 9] = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];

fn closes() -> Vec<Case> {
    let stepped = |id: String, frames: &[Frame], codes: &[u16], clean| {
        let codes = codes.to_vec();
        case(
            id,
            write(Chops::Together, frames),
            Vec::new(),
            Closing::ByStep { codes, clean },
        )
    };
    let normal = |id: &str, frames: &[Frame]| stepped(id.to_owned(), frames, &[1000], true);
    let bad = |id: &str, frame: Frame, codes: &[u16]| stepped(id.to_owned(), &[frame], codes, false);
    let bye = || close(1000, b"");
    let long = b"BAsd7&jh23"
        .iter()
        .copied()
        .cycle()
        .take(256 * 1_024)
        .collect::<Vec<u8>>();
    let flood = [whole(1, &long), whole(1, HELLO), bye(), whole(9, b"")];
    let mut cases = vec![
        case(
            "7.1.1",
            write(Chops::Together, &[whole(1, HELLO)]),
            vec![text(HELLO)],
            Closing::Client,
        ),
        normal("7.1.2", &[bye(), whole(8, b"")]),
        normal("7.1.3", &[bye(), whole(9, b"")]),
        normal("7.1.4", &[bye(), whole(1, HELLO)]),
        normal("7.1.5", &[part(1, b"fragment1"), bye(), whole(0, b"fragment2")]),
        Case {
            informational: true,
            ..normal("7.1.6", &flood)
        },
        normal("7.3.1", &[whole(8, b"")]),
        bad("7.3.2", whole(8, b"a"), &[1002]),
        normal("7.3.3", &[bye()]),
        normal("7.3.4", &[close(1000, b"Hello World!")]),
        normal("7.3.5", &[close(1000, &[b'*'; 123])]),
        bad("7.3.6", close(1000, &[b'*'; 124]), &[1002]),
        bad("7.5.1", close(1000, utf8::SURROGATE_INSIDE), &[1002, 1007]),
    ];
    for (number, code) in SENT.into_iter().enumerate() {
        let id = format!("7.7.{}", number + 1);
        cases.push(stepped(id, &[close(code, b"")], &[1000, code], true));
    }
    for (number, code) in NEVER_SENT.into_iter().enumerate() {
        cases.push(stepped(
            format!("7.9.{}", number + 1),
            &[close(code, b"")],
            &[1002],
            false,
        ));
    }
    for (number, code) in [5_000, 65_535].into_iter().enumerate() {
        let id = format!("7.13.{}", number + 1);
        let undefined = stepped(id, &[close(code, b"")], &[1000, 1002, code], false);
        cases.push(Case {
            informational: true,
            ..undefined
        });
    }
    cases
}

impl Frame {
    /// The bytes on the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}
