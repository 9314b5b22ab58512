//! The kinds of faults, as data: which calls on which files, what happens to them, and what the server then does.

/// What the server does after the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It stops with the exit code of a failed store, and names this.
    Stops(&'static str),
    /// It is gone at once.
    Dies,
    /// It does not come up, and names this.
    StartFails(&'static str),
    /// Either of the two above, or it goes on: the fault meets what is needed, or what can be rebuilt. Never silence.
    StopsOrGoesOn,
    /// Nobody notices.
    GoesOn,
    /// Changes are refused as "storage full", reads are answered; changes are accepted again when there is room.
    RefusesWhileFull,
}

/// How the fault comes about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    /// strace gives it to the calls (`{n}`: the n-th of a thread).
    Injected(&'static str, &'static str),
    /// The system's limit on file sizes lies in the middle of what will be written: the write is cut short there, the
    /// next one fails (`EFBIG`).
    CutShort,
}

/// One kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) how: How,
    /// Only calls on these files of the store; none: on any file.
    pub(crate) files: &'static [&'static str],
    /// The n from here to there, without the last.
    pub(crate) nth: (u64, u64),
    pub(crate) then: Then,
}

const SEGMENT: &[&str] = &[super::stores::SEGMENT];
const SEGMENT_NAME: &str = "journal/0000000001.segment";
const WITNESS: &[&str] = &["witness"];
const KEYS: &[&str] = &[
    "keyring/a/practice-00cab1e7000000000000000000000001",
    "keyring/b/practice-00cab1e7000000000000000000000001",
];
const SECOND_KEYS: &[&str] = &["keyring/b/practice-00cab1e7000000000000000000000001"];
const READ_STORE: &[&str] = &["sled/db"];
/// Whatever changes files.
const CHANGES: &str = "openat,pwrite64,write,fsync,fdatasync,ftruncate,rename,unlink,mkdir";
/// A file system of 1,000 blocks of 4 KiB with none free (statfs(2): type, block size, blocks, free, available).
const NO_ROOM: &str =
    "poke_exit=@arg2=53ef0000000000000010000000000000e80300000000000000000000000000000000000000000000:when={n}..{n+30}";

const fn kind(
    name: &'static str,
    (calls, fault): (&'static str, &'static str),
    files: &'static [&'static str],
    nth: (u64, u64),
    then: Then,
) -> Kind {
    let how = How::Injected(calls, fault);
    Kind {
        name,
        how,
        files,
        nth,
        then,
    }
}

/// All kinds. The opening itself writes and syncs the segment and the witness once, from a thread of its own: from the
/// second on the calls are the writer's.
pub(crate) const KINDS: [Kind; 20] = [
    kind(
        "a sync of the journal fails",
        ("fdatasync", "error=EIO:when={n}"),
        SEGMENT,
        (2, 40),
        Then::Stops(SEGMENT_NAME),
    ),
    kind(
        "a write of the journal fails",
        ("pwrite64", "error=EIO:when={n}"),
        SEGMENT,
        (2, 40),
        Then::Stops(SEGMENT_NAME),
    ),
    kind(
        "a write of the journal finds the disk full",
        ("pwrite64", "error=ENOSPC:when={n}"),
        SEGMENT,
        (2, 40),
        Then::Stops(SEGMENT_NAME),
    ),
    kind(
        "a sync of the journal finds the disk full",
        ("fdatasync", "error=ENOSPC:when={n}"),
        SEGMENT,
        (2, 40),
        Then::Stops(SEGMENT_NAME),
    ),
    Kind {
        name: "a write of the journal is cut short",
        how: How::CutShort,
        files: SEGMENT,
        nth: (1, 60),
        then: Then::Stops(SEGMENT_NAME),
    },
    kind(
        "a write of the journal is interrupted",
        ("pwrite64", "error=EINTR:when={n}+5"),
        SEGMENT,
        (2, 10),
        Then::GoesOn,
    ),
    kind(
        "killed at a write of the journal",
        ("pwrite64", "signal=SIGKILL:when={n}"),
        SEGMENT,
        (2, 40),
        Then::Dies,
    ),
    kind(
        "killed at a sync of the journal",
        ("fdatasync", "signal=SIGKILL:when={n}"),
        SEGMENT,
        (2, 40),
        Then::Dies,
    ),
    kind(
        "the disk runs full",
        ("statfs", NO_ROOM),
        &[],
        (3, 20),
        Then::RefusesWhileFull,
    ),
    kind(
        "the witness cannot be written",
        ("pwrite64", "error=EIO:when={n}"),
        WITNESS,
        (2, 3),
        Then::Stops("witness"),
    ),
    kind(
        "the witness cannot be synced",
        ("fdatasync", "error=EIO:when={n}"),
        WITNESS,
        (2, 3),
        Then::Stops("witness"),
    ),
    kind(
        "killed at the keys of new patients",
        ("pwrite64,fdatasync", "signal=SIGKILL:when={n}"),
        KEYS,
        (1, 5),
        Then::Dies,
    ),
    kind(
        "the keys cannot be synced when they are read at the start",
        ("fdatasync", "error=EIO:when={n}"),
        KEYS,
        (1, 3),
        Then::StartFails("keyring"),
    ),
    kind(
        "the second copy of the keys cannot be written at the start",
        ("pwrite64", "error=ENOSPC:when={n}"),
        SECOND_KEYS,
        (1, 2),
        Then::StartFails("keyring"),
    ),
    kind(
        "the keys of new patients cannot be synced",
        ("fdatasync", "error=EIO:when={n}"),
        KEYS,
        (3, 5),
        Then::Stops("keyring"),
    ),
    kind(
        "the read store cannot be written",
        ("pwrite64,fsync", "error=EIO:when={n}"),
        READ_STORE,
        (1, 4),
        Then::GoesOn,
    ),
    kind(
        "killed at the read store",
        ("pwrite64,fsync", "signal=SIGKILL:when={n}"),
        READ_STORE,
        (1, 4),
        Then::Dies,
    ),
    kind(
        "a change of a file fails while starting",
        ("pwrite64,fsync,fdatasync,rename", "error=EIO:when={n}"),
        &[],
        (1, 14),
        Then::StopsOrGoesOn,
    ),
    kind(
        "the journal cannot be read while starting",
        ("pread64", "error=EIO:when={n}"),
        SEGMENT,
        (1, 4),
        Then::StartFails(SEGMENT_NAME),
    ),
    kind(
        "killed at any change of a file",
        (CHANGES, "signal=SIGKILL:when={n}"),
        &[],
        (1, 25),
        Then::Dies,
    ),
];
