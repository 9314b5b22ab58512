//! Reading a log's entries back, file by file, from the newest.
//!
//! Must not be here: opening what is sealed.

use super::leaves::Sealed;
use super::log::{ENTRIES_BYTES_MAX, LogHead, entries_path};
use super::tree::Hash;
use crate::StoreError;
use crate::disk::{Disk, read_file};
use crate::keyring::io_error;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

/// The entries of one log.
pub struct Entries<'a> {
    disk: &'a dyn Disk,
    folder: &'a Path,
    head: LogHead,
}

/// Where a file's jobs lie in it, each behind the number of its first leaf.
pub type Jobs = Vec<(u64, Range<usize>)>;

/// Offered a job: the number of its first leaf, and itself. Answers where to stop, if it has had enough.
pub type Offer<'a> = dyn FnMut(u64, &Sealed<'_>) -> Result<Option<u64>, StoreError> + 'a;

impl<'a> Entries<'a> {
    /// Of a log with this head.
    #[must_use]
    pub const fn new(disk: &'a dyn Disk, folder: &'a Path, head: LogHead) -> Self {
        Self { disk, folder, head }
    }

    /// Of a log whose head nobody asks.
    #[must_use]
    pub fn everything(disk: &'a dyn Disk, folder: &'a Path) -> Self {
        let head = LogHead {
            entries_from: u64::MAX,
            entries_bytes: u64::MAX,
            ..LogHead::default()
        };
        Self::new(disk, folder, head)
    }

    /// A leaf's hash, as its entry has it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn hash(&self, number: u64) -> Result<Option<Hash>, StoreError> {
        let mut found = None;
        self.look_back(number.saturating_add(1), &mut |first, sealed| {
            let place = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
            found = sealed.hashes().nth(place);
            Ok(Some(first))
        })?;
        Ok(found)
    }

    /// The numbers of first leaves of the files that count, ascending.
    ///
    /// # Errors
    /// What the disk says.
    pub fn files(&self) -> Result<Vec<u64>, StoreError> {
        let folder = self.folder.join("entries");
        let names = match self.disk.list(&folder) {
            Ok(names) => names,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error("list", &folder)(error)),
        };
        let numbers = names.iter().filter_map(|name| name.parse().ok());
        let mut files: Vec<u64> = numbers.filter(|from| *from <= self.head.entries_from).collect();
        files.sort_unstable();
        Ok(files)
    }

    /// The jobs of one file: where each lies in `bytes`, and the number of its first leaf.
    ///
    /// # Errors
    /// What the disk says; `Corrupt` when it is no file of entries.
    pub fn read(&self, from: u64) -> Result<(Vec<u8>, Jobs), StoreError> {
        let path = entries_path(self.folder, from);
        let mut bytes = read_file(self.disk, &path, ENTRIES_BYTES_MAX).map_err(io_error("read", &path))?;
        if from == self.head.entries_from {
            bytes.truncate(usize::try_from(self.head.entries_bytes).unwrap_or(usize::MAX));
        }
        let (mut at, mut number, mut jobs) = (0, from, Vec::new());
        while at < bytes.len() {
            let length = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
            let body = length.and_then(|length| {
                let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
                let range = at + 4..(at + 4).checked_add(length)?;
                let count = Sealed::read(bytes.get(range.clone())?)?.count();
                Some((range, count as u64))
            });
            let Some((range, count)) = body else {
                return Err(StoreError::Corrupt {
                    path,
                    offset: at as u64,
                    what: "not an entry of a log".to_owned(),
                });
            };
            at = range.end;
            jobs.push((number, range));
            number += count;
        }
        Ok((bytes, jobs))
    }

    /// Offers the jobs with leaves below `before`, newest first. Answers where `offer` stopped; 0 at the beginning.
    ///
    /// # Errors
    /// As [`Self::read`], and what `offer` says.
    pub fn look_back(&self, before: u64, offer: &mut Offer<'_>) -> Result<u64, StoreError> {
        for from in self.files()?.into_iter().rev().filter(|from| *from < before) {
            let (bytes, jobs) = self.read(from)?;
            for (number, range) in jobs.into_iter().rev().filter(|(number, _)| *number < before) {
                let Some(sealed) = bytes.get(range).and_then(Sealed::read) else {
                    continue;
                };
                if let Some(stopped) = offer(number, &sealed)? {
                    return Ok(stopped);
                }
            }
        }
        Ok(0)
    }
}
