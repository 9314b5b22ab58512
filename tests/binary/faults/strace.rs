//! Command lines of strace, and what its log says of faults that were given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A command line that runs what follows it under strace: every thread, a line per call into `log`. Not with
/// `--seccomp-bpf`: strace 6.1 then injects no signals.
fn following(log: &Path) -> Vec<OsString> {
    let words = ["strace", "-f", "-o"].map(OsString::from);
    words.into_iter().chain([log.into()]).collect()
}

/// Everything that changes files or leaves by a socket, whole and in hexadecimal, for [`super::trace::read`]; with a fault
/// on top, if one is given.
pub(crate) fn recording(log: &Path, fault: Option<&str>) -> Vec<OsString> {
    let mut words = following(log);
    words.extend(["-xx", "-s", "20000000", "-e", RECORDED].map(OsString::from));
    if let Some(fault) = fault {
        words.extend(["-e".into(), format!("inject={fault}").into()]);
    }
    words
}

const RECORDED: &str = "trace=openat,open,creat,close,dup,dup2,dup3,read,recvfrom,write,writev,sendto,sendmsg,pwrite64,\
    pwritev,lseek,ftruncate,fallocate,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,\
    copy_file_range,sendfile,fsync,fdatasync,accept4";

/// An injection into `calls`, counted by thread and call; only calls on these files, if there are any.
pub(crate) fn injecting(log: &Path, calls: &str, fault: &str, files: &[PathBuf]) -> Vec<OsString> {
    let mut words = following(log);
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
