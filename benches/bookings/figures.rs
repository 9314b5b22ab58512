//! What a slice of time gave: operations, latencies, processor time; and how they are printed.

use super::Crowd;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// Clock ticks a second in `/proc` (`sysconf(_SC_CLK_TCK)` is 100 on every Linux of ours).
const TICKS_PER_SECOND: f64 = 100.0;

/// One system's share of a run.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    /// Durable commands.
    pub(crate) operations: u64,
    /// Commands answered "busy", and given again.
    pub(crate) busy: u64,
    /// How long it took, the work left behind included.
    pub(crate) took: Duration,
    /// Commands in the burst, and its length.
    pub(crate) burst: Option<(u64, Duration)>,
    /// Latencies in microseconds; none where a group is one operation.
    pub(crate) micros: Vec<u32>,
    /// Processor seconds by thread, or of all processes under one name.
    pub(crate) processor: BTreeMap<String, f64>,
    /// Groups that were synced, and their bytes.
    pub(crate) groups: u64,
    /// Bytes of all groups.
    pub(crate) bytes: u64,
}

impl Slice {
    /// Adds another slice of the same system.
    pub(crate) fn add(&mut self, mut other: Self) {
        self.operations += other.operations;
        self.busy += other.busy;
        self.took += other.took;
        self.burst = self.burst.or(other.burst);
        self.micros.append(&mut other.micros);
        for (thread, seconds) in other.processor {
            *self.processor.entry(thread).or_default() += seconds;
        }
        self.groups += other.groups;
        self.bytes += other.bytes;
    }

    /// Operations a second.
    pub(crate) fn rate(&self) -> f64 {
        per(count(self.operations), self.took.as_secs_f64())
    }

    fn percentile(&self, sorted: &[u32], percent: usize) -> f64 {
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        f64::from(sorted.get(rank).copied().unwrap_or_default()) / 1_000.0
    }

    /// Where the processor's time went, and how the groups came out.
    pub(crate) fn notes(&self) -> String {
        let micros = |seconds: f64| per(seconds * 1e6, count(self.operations));
        let mut threads: Vec<(&String, f64)> = self.processor.iter().map(|(name, s)| (name, micros(*s))).collect();
        threads.sort_by(|one, other| other.1.total_cmp(&one.1));
        let named: Vec<String> = threads
            .iter()
            .filter(|(_, micros)| *micros >= 0.05)
            .map(|(name, micros)| format!("{name} {micros:.1}"))
            .collect();
        format!(
            "  file: {:.1} operations and {:.0} bytes a group, {:.0} groups/s; processor us an operation: {}; busy {}",
            per(count(self.operations), count(self.groups)),
            per(count(self.bytes), count(self.groups)),
            per(count(self.groups), self.took.as_secs_f64()),
            named.join(", "),
            self.busy,
        )
    }
}

fn per(part: f64, of: f64) -> f64 {
    if of > 0.0 { part / of } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}

/// One line of the table.
pub(crate) struct Row<'a> {
    pub(crate) name: &'a str,
    pub(crate) crowd: Crowd,
    pub(crate) slice: &'a Slice,
    pub(crate) floor: f64,
}

impl Row<'_> {
    /// The table's head.
    pub(crate) fn head() -> &'static str {
        "| patients | system | burst/s | sustained/s | of raw | p50 ms | p99 ms | processor us each |\n\
         |---|---|---|---|---|---|---|---|"
    }
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slice = self.slice;
        let mut sorted = slice.micros.clone();
        sorted.sort_unstable();
        let burst = slice.burst.map_or_else(
            || "-".to_owned(),
            |(done, took)| format!("{:.0}", per(count(done), took.as_secs_f64())),
        );
        let processor: f64 = slice.processor.values().sum();
        write!(
            f,
            "| {}{} | {} | {burst} | {:.0} | {:.2} | {:.2} | {:.2} | {:.1} |",
            self.crowd.patients,
            if self.crowd.hot { ", one agenda" } else { "" },
            self.name,
            slice.rate(),
            per(slice.rate(), self.floor),
            slice.percentile(&sorted, 50),
            slice.percentile(&sorted, 99),
            per(processor * 1e6, count(slice.operations)),
        )
    }
}

/// Processor seconds of one line of `/proc/*/stat`: its own, and those of the children it has buried.
pub(crate) fn seconds_of_stat(stat: &str) -> (f64, f64) {
    // The name in parentheses may hold anything; the fields after it are counted from the state, the third.
    let fields: Vec<&str> = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (
        (ticks(11) + ticks(12)) / TICKS_PER_SECOND,
        (ticks(13) + ticks(14)) / TICKS_PER_SECOND,
    )
}

/// Processor seconds of this process so far, by thread name.
pub(crate) fn processor_by_thread() -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return found;
    };
    for task in tasks.flatten() {
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let name = name
            .trim()
            .trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == ':')
            .to_owned();
        *found.entry(name).or_default() += seconds_of_stat(&stat).0;
    }
    found
}

/// What grew between two readings.
pub(crate) fn grown(before: &BTreeMap<String, f64>, after: BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let since = |name: &String| before.get(name).copied().unwrap_or_default();
    after
        .into_iter()
        .map(|(name, seconds)| (name.clone(), (seconds - since(&name)).max(0.0)))
        .collect()
}

/// Processor, memory, file system: what a figure is worth nothing without.
pub(crate) fn machine(folder: &Path) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let said = |program: &str, arguments: &[&str]| {
        let output = std::process::Command::new(program).args(arguments).output();
        output
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
            .unwrap_or_default()
    };
    format!(
        "{}; {cores} cores ({}), {} of memory, {} on {}; load average {}",
        said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        field(&cpuinfo, "model name"),
        field(&read("/proc/meminfo"), "MemTotal"),
        said("stat", &["-f", "-c", "%T", &folder.to_string_lossy()]),
        said("uname", &["-sr"]),
        read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" "),
    )
}
