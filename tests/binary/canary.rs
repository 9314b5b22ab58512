//! Canaries: after a full workload with names, phones, addresses, notes and secrets that are like nothing else, none of them
//! is in any file, nor in the log at its most talkative, in any of six families of encodings.
//!
//! Must not be here: what is planted (`people`, `bookings`), how it is looked for (`encodings`, `hunt`).

mod bookings;
mod door;
mod encodings;
mod hunt;
mod people;
mod planted;
mod strangers;
mod words;

use self::bookings::Booked;
use self::hunt::{Found, Hunter, Tally};
use self::people::{Person, membership};
use self::words::Words;
use crate::server::{Server, data_dir, verify};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::time::Instant;

const LOG: &str = "log";
/// What a store consists of: a search that did not come by one of these would say little.
const PARTS: [&str; 7] = [
    "data/journal",
    "data/checkpoints",
    "data/keyring",
    "data/audit",
    "data/sled/db",
    "data/witness",
    LOG,
];

/// So many places are shown of those where a word should not be.
const SHOWN: usize = 5;
/// With two events each enough for a clean stop to keep a checkpoint, which it does after a quarter of `agendas.checkpoint_events`.
const HESITATIONS: usize = 65;
/// What may be in clear, and why: kind of word, beginning of the file's name, reason. Nothing is.
const IN_CLEAR: [(words::Kind, &str, &str); 0] = [];

/// The demo with accounts, on `folder/data`, with everything that may be logged in `folder/log`. Its standard output is one line.
fn start(folder: &Path) -> Server {
    let log = OpenOptions::new().append(true).create(true).open(folder.join(LOG));
    let script = "RUST_LOG=trace RUST_BACKTRACE=1 exec \"$@\" --accounts";
    let before = ["sh", "-c", script, "sh"].map(OsString::from);
    let said = Stdio::from(log.expect("a log"));
    Server::start_under(&before, &folder.join("data"), said).unwrap_or_else(|ended| panic!("the server ended: {ended}"))
}

/// What lies in a folder.
fn names(folder: &Path) -> BTreeSet<OsString> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name()).collect()
}

/// Who does the work, and what there is so far.
struct House {
    words: Words,
    owner: Person,
    colleague: Person,
    agendas: Vec<String>,
    booked: Vec<Booked>,
    by_staff: Vec<String>,
}

impl House {
    /// Accounts, another practice, bookings.
    async fn moved_in(server: &Server) -> Self {
        let mut words = Words::default();
        let link = door::link_in(&server.staff_link);
        let mut owner = Person::with_link(&mut words, &server.host, &link, None).await;
        let agendas = owner.agendas().await;
        let gives = membership("practitioner", "none", Some(&agendas[1]));
        let colleague = owner.colleague(&mut words, server, gives).await;
        people::sign_up(&mut words, server).await;
        let booked = bookings::by_patients(&mut words, server, 12).await;
        let by_staff = bookings::by_staff(&mut words, server, (&mut owner.door, &agendas[0], false), 4).await;
        people::absences(&mut words, &mut owner, &agendas[0], 3).await;
        bookings::seen(&mut words, &mut owner.door, &agendas).await;
        Self {
            words,
            owner,
            colleague,
            agendas,
            booked,
            by_staff,
        }
    }

    /// More bookings; some are moved, some cancelled.
    async fn worked_on(&mut self, server: &Server) {
        let (words, door, agenda) = (&mut self.words, &mut self.owner.door, &self.agendas[0]);
        door.moved_to(&server.host);
        self.booked.extend(bookings::by_patients(words, server, 10).await);
        let added = bookings::by_staff(words, server, (door, agenda, true), 4).await;
        self.by_staff.extend(added);
        bookings::seen(words, door, &self.agendas).await;
        bookings::moved(server, door, agenda, &self.by_staff).await;
        bookings::cancelled_by_patients(server, &self.booked).await;
        strangers::refused(words, server, door, agenda).await;
        people::absences(words, &mut self.owner, &self.agendas[1], 2).await;
    }

    /// What is rare: an emergency, a forgotten password, the platform's team, an attack.
    async fn got_through(&mut self, server: &Server, data: &Path) {
        let Self {
            words,
            owner,
            colleague,
            agendas,
            ..
        } = self;
        owner.sign_in(&server.host).await;
        colleague.door.moved_to(&server.host);
        people::break_glass(words, server, (owner, colleague), &agendas[0]).await;
        bookings::seen(words, &mut colleague.door, &agendas[..1]).await;
        let exported = owner.door.get("/api/v1/staff/audit/export").await;
        assert_eq!(exported.status, 200, "{}", exported.text);
        let mut operator = people::operator(words, server, data).await;
        colleague.forget(words, server).await;
        people::failed_sign_ins(words, server, &mut operator).await;
    }
}

/// Looks for all words below a folder; panics with the first of what is not meant to be there.
fn searched(words: &Words, folder: &Path) {
    let began = Instant::now();
    let sought = words.all().iter().flat_map(|one| &one.sought);
    let kinds: Vec<_> = words
        .all()
        .iter()
        .flat_map(|one| one.sought.iter().map(|_| one.kind))
        .collect();
    let hunter = Hunter::of(sought.map(String::as_str));
    let Tally {
        files,
        bytes,
        streams,
        found,
    } = hunter.search(folder);
    println!(
        "canaries: {} planted, {} patterns, {files} files, {bytes} bytes, {streams} compressed streams opened, {:.1} s",
        words.all().len(),
        hunter.patterns,
        began.elapsed().as_secs_f64()
    );
    let meant = |found: &&Found| {
        let name = found.file.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        IN_CLEAR
            .iter()
            .any(|(kind, beginning, _)| *kind == kinds[found.word] && name.starts_with(beginning))
    };
    let wrong: Vec<_> = found.iter().filter(|found| !meant(found)).collect();
    let mut places = BTreeMap::new();
    for found in &wrong {
        let below = found.file.strip_prefix(folder).unwrap_or(&found.file);
        let part: PathBuf = below.iter().take(2).collect();
        *places.entry((part, kinds[found.word], found.encoding)).or_insert(0) += 1;
    }
    let first: Vec<_> = wrong.iter().take(SHOWN).collect();
    assert!(wrong.is_empty(), "in clear: {places:#?}\nthe first: {first:#?}");
}

#[tokio::test]
async fn no_planted_word_is_in_any_file_or_in_the_log_at_its_most_talkative() {
    let (guard, data) = data_dir();
    let folder = guard.path();
    let mut server = start(folder);
    let mut house = House::moved_in(&server).await;
    bookings::hesitations(&server, HESITATIONS).await;
    let before = names(&data.join("checkpoints"));
    server.terminate();
    let after = names(&data.join("checkpoints"));
    assert!(!after.is_subset(&before), "the stop keeps a checkpoint: {after:?}");
    let mut server = start(folder);
    house.worked_on(&server).await;
    server.kill();
    searched(&house.words, folder);
    let mut server = start(folder);
    house.got_through(&server, &data).await;
    server.terminate();
    verify(&data);
    house.words.assert_taken();
    for part in PARTS {
        let found = std::fs::metadata(folder.join(part));
        assert!(found.is_ok_and(|found| found.is_dir() || found.len() > 0), "{part}");
    }
    searched(&house.words, folder);
}
