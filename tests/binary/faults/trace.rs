//! Reads a record of system calls (`strace -f -xx`) back: one value per call, with when it began and ended in the order of
//! all calls. What the calls mean for files or promises is elsewhere.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

/// One call that returned.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// Arguments that are no strings, in order, as written; strings are left out.
    pub(crate) words: Vec<String>,
    /// Arguments that are strings: paths, data.
    pub(crate) texts: Vec<Vec<u8>>,
    /// What it returned: -1 for an error.
    pub(crate) returned: i64,
    /// Line of its beginning: calls of lower lines began before.
    pub(crate) began: usize,
    /// Line of its end.
    pub(crate) ended: usize,
}

impl Call {
    /// The first argument as a file descriptor.
    pub(crate) fn descriptor(&self) -> i64 {
        self.number(0)
    }

    /// The n-th argument among those that are no strings, as a number; -1 when it is none.
    pub(crate) fn number(&self, index: usize) -> i64 {
        self.words.get(index).and_then(|word| word.parse().ok()).unwrap_or(-1)
    }

    /// All data, in order.
    pub(crate) fn data(&self) -> Vec<u8> {
        self.texts.concat()
    }

    /// The n-th string as a path.
    pub(crate) fn path(&self, index: usize) -> String {
        let bytes = self.texts.get(index).map_or(&[][..], Vec::as_slice);
        String::from_utf8_lossy(bytes).into_owned()
    }
}

/// Reads a log. Lines are counted from `first`, so that several logs follow each other.
pub(crate) fn read(log: &Path, first: usize) -> Vec<Call> {
    let file = BufReader::with_capacity(1 << 20, std::fs::File::open(log).expect("the log"));
    let mut open: HashMap<String, (String, usize)> = HashMap::new();
    let mut calls = Vec::new();
    for (number, line) in file.lines().enumerate() {
        let (line, at) = (line.expect("a line"), first + number);
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            open.insert(thread.to_owned(), (begun.to_owned(), at));
        } else if rest.starts_with("<... ") {
            let Some((begun, began)) = open.remove(thread) else {
                continue;
            };
            let end = rest.split_once(" resumed>").map_or("", |(_, end)| end);
            calls.extend(parse(&format!("{begun}{end}"), began, at));
        } else {
            calls.extend(parse(rest, at, at));
        }
    }
    // A number is free for the next file as soon as its closing begins.
    calls.sort_by_key(|call| if call.name == "close" { call.began } else { call.ended });
    calls
}

/// None for signals, ends of threads and calls that never returned.
fn parse(text: &str, began: usize, ended: usize) -> Option<Call> {
    let (call, returned) = text.rsplit_once(" = ")?;
    let (name, arguments) = call.split_once('(')?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    let returned = returned.split(' ').next()?;
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    {
        return None;
    }
    let (mut words, mut texts) = (Vec::new(), Vec::new());
    // With everything in hexadecimal a quotation mark only begins or ends a string.
    for (index, part) in arguments.split('"').enumerate() {
        if index % 2 == 1 {
            texts.push(unhex(part));
        } else {
            let found = part.split(',').map(str::trim).filter(|word| !word.is_empty());
            words.extend(found.map(str::to_owned));
        }
    }
    Some(Call {
        name: name.to_owned(),
        words,
        texts,
        returned: returned.parse().ok()?,
        began,
        ended,
    })
}

/// `\x41\x42`.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |part: &[u8]| Some(digit(*part.get(2)?)? * 16 + digit(*part.get(3)?)?);
    text.as_bytes()
        .chunks(4)
        .map(|part| byte(part).unwrap_or_else(|| panic!("not hexadecimal: {text:.40}")))
        .collect()
}
