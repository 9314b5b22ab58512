//! Disks that lie: what is read from a damaged image, or after syncs that did nothing, is a part of the truth no shorter than
//! any witness that survived, or a named stop. Never a wrong answer (I10).

use super::World;
use crate::coverage::FaultKind;
use crate::failure::{Failure, Outcome, ensure};
use crate::store::witnessed;
use cabinet_domain::invariants::Invariant;
use cabinet_storage::StoreError;
use cabinet_storage::disk::simulated::SimDisk;
use cabinet_storage::journal::Journal as _;

/// Most bits flipped in one image.
const FLIPS_MAX: u64 = 3;

/// Whether an error says what is wrong with the data, as a stop must.
const fn is_named(error: &StoreError) -> bool {
    match error {
        StoreError::Corrupt { .. }
        | StoreError::HistoryMissing { .. }
        | StoreError::NewerFormat { .. }
        | StoreError::WrongKey { .. }
        | StoreError::NoKey => true,
        StoreError::Io { .. }
        | StoreError::Locked { .. }
        | StoreError::Unwritable { .. }
        | StoreError::Codec { .. }
        | StoreError::Append(_) => false,
    }
}

impl World {
    /// Damages an image and judges what is read from it.
    pub(super) fn judge_damaged(&mut self, image: &SimDisk) -> Outcome {
        let files = image.files();
        let cut = self.dice.chance(200);
        let times = if cut { 1 } else { 1 + self.dice.below(FLIPS_MAX) };
        for _ in 0..times {
            let Some((path, bytes)) = files.iter().nth(self.dice.index(files.len())) else {
                return Ok(());
            };
            // Most of a segment is not written yet: aim at what is.
            let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let at = u64::try_from(self.dice.index(used.max(1))).unwrap_or(0);
            let done = if cut {
                image.truncate(path, at)
            } else {
                image.flip(path, at, 1 << self.dice.below(8))
            };
            let what = if cut { "cut" } else { "flipped" };
            self.trace.say(format!("{} {what} at {at}: {done}", path.display()));
        }
        self.fault(if cut { FaultKind::FileCut } else { FaultKind::BitFlips });
        self.judge_doubtful(image)
    }

    /// The power goes after syncs that did nothing: judged, and the world ends.
    pub(super) fn end_of_a_lie(&mut self) -> Outcome {
        for _ in 0..self.plan.images {
            let image = self.disk.crash(self.dice.below(1_000_000));
            self.judge_doubtful(&image)?;
        }
        self.over = true;
        Ok(())
    }

    fn judge_doubtful(&mut self, image: &SimDisk) -> Outcome {
        self.counts.images += 1;
        self.counts.damaged_images += 1;
        self.boots += 1;
        let witnessed = witnessed(image);
        let store = match self.setup.open(image, &self.clock, self.boots) {
            Ok(store) => store,
            Err(error) => return self.stops(&error),
        };
        // Opening has added the record that says so.
        let reached = store.journal.position().saturating_sub(1);
        ensure(reached >= witnessed, Invariant::NeverWrong, || {
            format!("a witness says {witnessed}, the journal ends at {reached}, and nothing was said")
        })?;
        for key in self.agendas() {
            match store.agenda(*key) {
                Ok(Some(agenda)) => self.truth.lock().judge_prefix(&agenda)?,
                Ok(None) => {}
                Err(error) => self.stops(&error)?,
            }
        }
        Ok(())
    }

    fn stops(&mut self, error: &StoreError) -> Outcome {
        self.counts.named_stops += 1;
        self.trace.say(format!("a named stop: {error}"));
        if is_named(error) {
            return Ok(());
        }
        Err(Failure::new(
            Invariant::NeverWrong,
            format!("a stop that does not name the damage: {error:?}"),
        ))
    }
}
