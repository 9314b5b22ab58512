//! The machine that a scenario runs on: how many sockets it allows, and what it is, for the head of a result.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;

/// Raises this process's limit of descriptors, and that of the processes it starts, to what the system allows; answers
/// with how many that are.
///
/// # Errors
/// When the system refuses.
pub fn raise_descriptors() -> anyhow::Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    )?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

/// One line: date, processor, system, how busy it was.
#[must_use]
pub fn in_one_line() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let names = processors.lines().filter_map(|line| line.strip_prefix("model name"));
    let name = names.clone().next().unwrap_or("unknown processor");
    let load = read("/proc/loadavg");
    format!(
        "{}; {} x {}, Linux {}; load average over the last minute at the end: {}",
        today(),
        names.count(),
        name.trim_start_matches([' ', '\t', ':']),
        read("/proc/sys/kernel/osrelease").trim(),
        load.split(' ').next().unwrap_or_default(),
    )
}

/// Processor time that a process and all its living descendants have used (in steps of 10 ms); zero for one that is gone.
#[must_use]
pub fn processor_time(process: u32) -> Duration {
    let ticks: u64 = family(process).into_iter().map(own_ticks).sum();
    let per_second = u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100);
    Duration::from_secs(ticks) / per_second.max(1)
}

fn own_ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name in brackets may hold spaces: the fields are counted after it.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn family(process: u32) -> Vec<u32> {
    let mut all = vec![process];
    let mut known = 0;
    while let Some(one) = all.get(known).copied() {
        known += 1;
        let threads = std::fs::read_dir(format!("/proc/{one}/task"))
            .into_iter()
            .flatten()
            .flatten();
        for thread in threads {
            let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
    }
    all
}

/// `2026-11-25`, in UTC.
#[expect(clippy::disallowed_methods, reason = "a result names its day")]
fn today() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let days = since.map_or(0, |since| since.as_secs() / 86_400);
    civil(days)
}

/// A date from days since 1970 (Gregorian, by eras of 400 years).
fn civil(days: u64) -> String {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (days, date) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (19_782, "2024-02-29"),
            (20_782, "2026-11-25"),
        ] {
            assert_eq!(civil(days), date);
        }
    }
}
