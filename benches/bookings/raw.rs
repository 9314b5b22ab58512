//! The raw floor: the bytes of the groups that the journal wrote, in groups of the same size, appended to a preallocated
//! file with one `fdatasync` each, and nothing else.

use super::figures::{Slice, grown, processor_by_thread};
use anyhow::Context as _;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// As large as a segment of the journal; begun again from the start when full, as segments are preallocated.
const FILE_BYTES: usize = 16 * 1024 * 1024;

/// The file.
pub(crate) struct Raw {
    file: File,
    at: usize,
}

impl Raw {
    pub(crate) fn new(folder: &Path) -> anyhow::Result<Self> {
        let file = File::create(folder.join("raw")).context("failed to make the raw file")?;
        file.write_all_at(&vec![0; FILE_BYTES], 0)?;
        file.sync_all()?;
        Ok(Self { file, at: 0 })
    }

    /// The operations and bytes of `like` as if they had come in so many groups of equal size, for so long.
    pub(crate) fn run(&mut self, like: &Slice, groups: u64, span: Duration) -> anyhow::Result<Slice> {
        let groups = groups.max(1);
        let bytes = usize::try_from(like.bytes / groups)?.clamp(1, FILE_BYTES);
        let group: Vec<u8> = (0..=250_u8).cycle().take(bytes).collect();
        let (before, began) = (processor_by_thread(), Instant::now());
        let mut written = 0_u64;
        while began.elapsed() < span {
            if self.at + bytes > FILE_BYTES {
                self.at = 0;
            }
            self.file.write_all_at(&group, u64::try_from(self.at)?)?;
            self.file.sync_data()?;
            self.at += bytes;
            written += 1;
        }
        Ok(Slice {
            operations: written.saturating_mul(like.operations) / groups,
            took: began.elapsed(),
            processor: grown(&before, processor_by_thread()),
            ..Slice::default()
        })
    }
}
