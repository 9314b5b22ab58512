//! The machine: processors to pin to, descriptors, and what a process has used.

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// What the measurement runs on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    /// Processors of the servers and of the load; none where there is only one.
    processors: Option<(usize, usize)>,
    /// Descriptors a process may have.
    pub(crate) descriptors: usize,
}

/// Raises the descriptor limit to what is allowed and pins this thread to the load's processor.
pub(crate) fn prepare() -> anyhow::Result<Machine> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    )?;
    let allowed = sched_getaffinity(None)?;
    let mut allowed = (0..CpuSet::MAX_CPU).filter(|processor| allowed.is_set(*processor));
    let first = allowed.next();
    let machine = Machine {
        processors: first.zip(allowed.next()),
        descriptors: limit
            .maximum
            .map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)),
    };
    machine.pin_load()?;
    Ok(machine)
}

impl Machine {
    /// Pins this thread, and the processes it starts, to the servers' processor.
    pub(crate) fn pin_servers(&self) -> anyhow::Result<()> {
        self.processors.map_or(Ok(()), |(server, _)| pin(server))
    }

    /// Pins this thread to the load's processor.
    pub(crate) fn pin_load(&self) -> anyhow::Result<()> {
        self.processors.map_or(Ok(()), |(_, load)| pin(load))
    }
}

fn pin(processor: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(processor);
    sched_setaffinity(None, &set).context("failed to pin to one processor")
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = model.lines().find_map(|line| line.strip_prefix("model name"));
        let model = model.map_or("unknown processor", |model| model.trim_start_matches([' ', '\t', ':']));
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let pinned = match self.processors {
            Some((server, load)) => format!("servers on processor {server}, load on {load}"),
            None => "one processor for servers and load: figures are of little use".to_owned(),
        };
        let descriptors = self.descriptors;
        write!(
            formatter,
            "{model}, Linux {}, {pinned}, {descriptors} descriptors",
            kernel.trim()
        )
    }
}

/// Processor time that a process and its children alive have used (10 ms steps).
pub(crate) fn processor_time(process: u32) -> anyhow::Result<Duration> {
    let mut ticks = 0;
    for id in family(process) {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name in brackets may hold spaces: the fields are counted after it.
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
        for field in fields.split_whitespace().skip(11).take(2) {
            ticks += field.parse::<u64>()?;
        }
    }
    let seconds = Duration::from_secs(ticks);
    Ok(seconds / u32::try_from(rustix::param::clock_ticks_per_second())?)
}

/// Resident memory of a process and its children, in KiB.
pub(crate) fn resident_kib(process: u32) -> anyhow::Result<u64> {
    let mut kib = 0;
    for id in family(process) {
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        kib += line.context("VmRSS")?.trim().trim_end_matches(" kB").parse::<u64>()?;
    }
    Ok(kib)
}

fn family(process: u32) -> Vec<u32> {
    let children = Path::new("/proc").join(format!("{process}/task/{process}/children"));
    let children = std::fs::read_to_string(children).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|id| id.parse().ok());
    std::iter::once(process).chain(children).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_processor_time_and_memory_are_read() {
        let before = processor_time(std::process::id()).unwrap();
        let mut sum = 0_u64;
        while processor_time(std::process::id()).unwrap() == before {
            sum = std::hint::black_box((0..100_000).sum::<u64>() + sum % 7);
        }
        assert!(resident_kib(std::process::id()).unwrap() > 500);
    }
}
