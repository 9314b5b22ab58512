//! Command lines of strace, and what its log says of faults that were given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A command line that runs what follows it under strace: every thread, a line per call into `log`.
pub(crate) fn tracing(log: &Path) -> Vec<OsString> {
    let words = ["strace", "-f", "--seccomp-bpf", "-ttt", "-o"].map(OsString::from);
    words.into_iter().chain([log.into()]).collect()
}

/// Adds an injection into `calls`, counted by thread, where one is given; only calls on these files, if there are any.
pub(crate) fn injecting(log: &Path, calls: &str, fault: &str, files: &[PathBuf]) -> Vec<OsString> {
    let mut words = tracing(log);
    for file in files {
        words.extend(["-P".into(), file.into()]);
    }
    words.extend(["-e".into(), format!("trace={calls}").into()]);
    words.extend(["-e".into(), format!("inject={calls}:{fault}").into()]);
    words
}

/// Calls that failed because they were made to.
pub(crate) fn injected(log: &Path) -> usize {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().filter(|line| line.contains("(INJECTED)")).count()
}
