//! Group 6: text that is UTF-8 and text that is not, whole, in fragments, and cut where the first wrong byte arrives. The
//! sequences of 6.5 to 6.23 are those of Markus Kuhn's decoder stress test.
//!
//! Must not be here: sockets, verdicts.

use crate::cases::{Case, Chops, Closing, Event, Step, case, fragments, part, text, whole, write};

/// Greek, then a lone surrogate, then ASCII: wrong at its thirteenth byte.
pub(crate) const SURROGATE_INSIDE: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";
/// Greek, then beyond the last code point, then ASCII: wrong at its thirteenth byte.
const BEYOND_INSIDE: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited";
const GREEK: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
const NOT_TEXT: Closing = Closing::Server(1007);

fn judged(id: String, valid: bool, payload: &[u8]) -> Case {
    let steps = write(Chops::Together, &[whole(1, payload)]);
    if valid {
        case(id, steps, vec![text(payload)], Closing::Client)
    } else {
        case(id, steps, Vec::new(), NOT_TEXT)
    }
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = composed();
    for (group, sequences) in (5..).zip(sequences()) {
        for (number, (valid, payload)) in (1..).zip(sequences) {
            cases.push(judged(format!("6.{group}.{number}"), valid, &payload));
        }
    }
    cases
}

fn composed() -> Vec<Case> {
    use Chops::Together;
    let fine = |id: &str, frames: &[_], payload: &[u8]| {
        case(id, write(Together, frames), vec![text(payload)], Closing::Client)
    };
    let mixed = "Hello-µ@ßöäüàá-UTF-8!!".as_bytes();
    let (first, second) = ("Hello-µ@ßöä".as_bytes(), "üàá-UTF-8!!".as_bytes());
    let middle: &[u8] = b"middle frame payload";
    vec![
        fine("6.1.1", &[whole(1, b"")], b""),
        fine("6.1.2", &[part(1, b""), part(0, b""), whole(0, b"")], b""),
        fine("6.1.3", &[part(1, b""), part(0, middle), whole(0, b"")], middle),
        fine("6.2.1", &[whole(1, mixed)], mixed),
        fine("6.2.2", &[part(1, first), whole(0, second)], mixed),
        fine("6.2.3", &fragments(1, mixed, 1), mixed),
        fine("6.2.4", &fragments(1, GREEK, 1), GREEK),
        judged("6.3.1".to_owned(), false, SURROGATE_INSIDE),
        case(
            "6.3.2",
            write(Together, &fragments(1, SURROGATE_INSIDE, 1)),
            Vec::new(),
            NOT_TEXT,
        ),
        early("6.4.1", [11, 15], true),
        early("6.4.2", [12, 13], true),
        early("6.4.3", [11, 15], false),
        early("6.4.4", [12, 13], false),
    ]
}

/// Three parts, cut at `cuts`; the second one makes it wrong and must end it, before the third. Frames of one message, or
/// chops of one frame.
fn early(id: &str, cuts: [usize; 2], framed: bool) -> Case {
    let [a, b] = cuts;
    let parts = [&BEYOND_INSIDE[..a], &BEYOND_INSIDE[a..b], &BEYOND_INSIDE[b..]];
    let written: Vec<Vec<Step>> = if framed {
        let frames = [part(1, parts[0]), part(0, parts[1]), whole(0, parts[2])];
        frames
            .into_iter()
            .map(|frame| write(Chops::Together, &[frame]))
            .collect()
    } else {
        let frame = whole(1, BEYOND_INSIDE).bytes();
        let head = frame.len() - BEYOND_INSIDE.len();
        [0..head + a, head + a..head + b, head + b..frame.len()]
            .into_iter()
            .map(|range| vec![Step::Write(frame[range].to_vec())])
            .collect()
    };
    let mut steps = Vec::new();
    for (index, part) in written.into_iter().enumerate() {
        if index > 0 {
            steps.push(Step::Linger);
        }
        steps.extend(part);
    }
    case(id, steps, vec![Event::Open], NOT_TEXT).or(vec![Event::Open, Event::Open])
}

type Sequence = (bool, Vec<u8>);

fn of(valid: bool, payloads: &[&[u8]]) -> Vec<Sequence> {
    payloads.iter().map(|payload| (valid, payload.to_vec())).collect()
}

/// A character of each length inside ASCII, and one text without.
const PLAIN: [&[u8]; 5] = [
    b"hello\x24world",
    b"hello\xc2\xa2world",
    b"hello\xe2\x82\xacworld",
    b"hello\xf0\xa4\xad\xa2world",
    GREEK,
];
/// Characters whose last byte is missing.
const CUT: [&[u8]; 10] = [
    b"\xc0",
    b"\xe0\x80",
    b"\xf0\x80\x80",
    b"\xf8\x80\x80\x80",
    b"\xfc\x80\x80\x80\x80",
    b"\xdf",
    b"\xef\xbf",
    b"\xf7\xbf\xbf",
    b"\xfb\xbf\xbf\xbf",
    b"\xfd\xbf\xbf\xbf\xbf",
];

/// Subgroups 5 to 23, in order.
fn sequences() -> Vec<Vec<Sequence>> {
    let mut boundaries = of(
        true,
        &[b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"],
    );
    boundaries.extend(of(false, &[b"\xf4\x90\x80\x80"]));
    vec![
        of(true, &PLAIN),
        (1..=GREEK.len())
            .map(|bytes| ([2, 5, 7, 9, 11].contains(&bytes), GREEK[..bytes].to_vec()))
            .collect(),
        of(true, &[b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]),
        of(false, &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
        of(true, &[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]),
        of(
            false,
            &[
                b"\xf7\xbf\xbf\xbf",
                b"\xfb\xbf\xbf\xbf\xbf",
                b"\xfd\xbf\xbf\xbf\xbf\xbf",
            ],
        ),
        boundaries,
        continuations(),
        lonely_starts(),
        of(false, &CUT),
        vec![(false, CUT.concat())],
        of(false, &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
        of(
            false,
            &[
                b"\xc0\xaf",
                b"\xe0\x80\xaf",
                b"\xf0\x80\x80\xaf",
                b"\xf8\x80\x80\x80\xaf",
                b"\xfc\x80\x80\x80\x80\xaf",
            ],
        ),
        of(
            false,
            &[
                b"\xc1\xbf",
                b"\xe0\x9f\xbf",
                b"\xf0\x8f\xbf\xbf",
                b"\xf8\x87\xbf\xbf\xbf",
                b"\xfc\x83\xbf\xbf\xbf\xbf",
            ],
        ),
        of(
            false,
            &[
                b"\xc0\x80",
                b"\xe0\x80\x80",
                b"\xf0\x80\x80\x80",
                b"\xf8\x80\x80\x80\x80",
                b"\xfc\x80\x80\x80\x80\x80",
            ],
        ),
        surrogates(&[0xd800, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdfff], &[]),
        surrogates(&[0xd800, 0xdb7f, 0xdb80, 0xdbff], &[0xdc00, 0xdfff]),
        characters(&non_characters()),
        characters(&[0xfff9, 0xfffa, 0xfffb, 0xfffc, 0xfffd, 0xfffe, 0xffff]),
    ]
}

/// Bytes that only continue a character, alone and in rows.
fn continuations() -> Vec<Sequence> {
    let row = b"\x80\xbf\x80\xbf\x80\xbf";
    let mut found = of(false, &[b"\x80", b"\xbf"]);
    found.extend((2..=row.len()).map(|bytes| (false, row[..bytes].to_vec())));
    found.push((false, (0x80..0xbf).collect()));
    found
}

fn lonely_starts() -> Vec<Sequence> {
    [(0xc0, 0xdf), (0xe0, 0xef), (0xf0, 0xf7), (0xf8, 0xfb), (0xfc, 0xfd)]
        .into_iter()
        .map(|(from, until): (u8, u8)| (false, (from..until).flat_map(|start| [start, b' ']).collect()))
        .collect()
}

/// The three bytes that would stand for a surrogate.
fn surrogate(code: u16) -> [u8; 3] {
    let six = |shift: u16| 0x80 | u8::try_from(code >> shift & 0x3f).expect("six bits");
    [0xe0 | u8::try_from(code >> 12).expect("four bits"), six(6), six(0)]
}

/// Each of `first`, or each with each of `second`.
fn surrogates(first: &[u16], second: &[u16]) -> Vec<Sequence> {
    let one = |code: &u16| surrogate(*code).to_vec();
    if second.is_empty() {
        return first.iter().map(|code| (false, one(code))).collect();
    }
    let pair = |a: &u16| {
        second
            .iter()
            .map(|b| (false, [one(a), one(b)].concat()))
            .collect::<Vec<_>>()
    };
    first.iter().flat_map(pair).collect()
}

fn characters(codes: &[u32]) -> Vec<Sequence> {
    let encode = |code: &u32| char::from_u32(*code).expect("a character").to_string().into_bytes();
    codes.iter().map(|code| (true, encode(code))).collect()
}

/// The last two code points of every plane.
fn non_characters() -> Vec<u32> {
    (0..=16)
        .flat_map(|plane| [plane << 16 | 0xfffe, plane << 16 | 0xffff])
        .collect()
}
