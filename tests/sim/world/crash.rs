//! What goes wrong with the disk and the process, and how the process comes back: crashes at any point, during the recovery,
//! and during the recovery of that recovery.

use super::World;
use crate::coverage::FaultKind;
use crate::failure::{Failure, Outcome};
use crate::process::Process;
use cabinet_domain::invariants::Invariant;
use cabinet_storage::disk::Space;
use cabinet_storage::disk::simulated::{Faults, SimDisk};
use std::collections::BTreeMap;

/// Crashes of one recovery before it is let through.
const CRASHES_IN_RECOVERY_MAX: u64 = 3;
/// One image in so many has its audit log judged too, which opens every leaf; so has each world's last.
const LEDGER_EVERY: u64 = 32;
/// Operations of the disk within which an armed fault strikes.
const ARMED_WITHIN: u64 = 14;

impl World {
    /// Something goes wrong with the disk or the process, now or soon.
    pub(super) fn something_goes_wrong(&mut self) -> Outcome {
        let soon = Some(self.disk.operations() + 1 + self.dice.below(ARMED_WITHIN));
        match self.dice.below(14) {
            0 | 1 => {
                self.fault(FaultKind::PowerCut);
                self.comes_back(true)
            }
            2 | 3 => {
                self.fault(FaultKind::Kill);
                self.comes_back(false)
            }
            4..7 => {
                self.fault(FaultKind::PowerCutInOperation);
                self.arm(|faults| faults.power_cut_at = soon);
                Ok(())
            }
            7 | 8 => {
                self.fault(FaultKind::SyncFails);
                self.arm(|faults| faults.sync_failure_at = soon);
                Ok(())
            }
            9 => {
                self.fault(FaultKind::WriteBreaksOff);
                self.arm(|faults| faults.short_write_at = soon);
                Ok(())
            }
            10 => {
                self.fault(FaultKind::DiskFullInOperation);
                self.arm(|faults| faults.full_from = soon);
                Ok(())
            }
            11 => {
                self.fault(FaultKind::DiskFull);
                self.disk.set_space(Space { free: 4, total: 100 });
                Ok(())
            }
            12 => {
                self.fault(FaultKind::ReadsFail);
                self.arm(|faults| faults.reads_fail = true);
                Ok(())
            }
            _ => {
                self.end_trouble();
                Ok(())
            }
        }
    }

    fn arm(&mut self, change: impl FnOnce(&mut Faults)) {
        self.trouble = true;
        let mut faults = Faults {
            lying_syncs_from: self.lying.then_some(0),
            ..Faults::default()
        };
        change(&mut faults);
        self.disk.set_faults(faults);
    }

    /// The disk is well again.
    pub(super) fn end_trouble(&mut self) {
        self.arm(|_| {});
        self.trouble = false;
        self.make_room();
    }

    /// From now on syncs say done and do nothing.
    pub(super) fn begin_to_lie(&mut self) {
        self.fault(FaultKind::SyncLies);
        self.lying = true;
        self.end_trouble();
    }

    /// The process must end because a write or sync failed, or the power is gone.
    pub(super) fn dies(&mut self) -> Outcome {
        self.trace.say("the process ends".to_owned());
        let power_gone = !self.disk.powered();
        let cut = power_gone || self.dice.chance(300);
        self.comes_back(cut)
    }

    /// The image that a crash leaves.
    fn image(&mut self, power_cut: bool) -> SimDisk {
        if power_cut {
            self.disk.crash(self.dice.below(12))
        } else {
            self.disk.snapshot_live()
        }
    }

    /// The process is gone; several images of what may be left are judged, and it starts again on one of them.
    fn comes_back(&mut self, power_cut: bool) -> Outcome {
        self.senders.clear();
        for client in &mut self.clients {
            client.leave(false);
        }
        for subscriber in &mut self.subscribers {
            subscriber.leave();
        }
        self.truth.lock().restarted();
        if self.lying {
            return self.end_of_a_lie();
        }
        for _ in 0..self.plan.images {
            let seed = self.dice.below(1_000_000);
            let image = self.disk.crash(seed);
            let whole = (self.counts.images + 1).is_multiple_of(LEDGER_EVERY);
            self.judge_image(&image, whole)?;
        }
        for _ in 0..self.plan.damaged_images {
            let image = self.image(power_cut);
            self.judge_damaged(&image)?;
        }
        let image = self.image(power_cut);
        self.recover(image)
    }

    fn recover(&mut self, image: SimDisk) -> Outcome {
        self.disk = image;
        let mut crashes = 0;
        loop {
            self.counts.images += 1;
            let cut = crashes < CRASHES_IN_RECOVERY_MAX && self.dice.chance(350);
            self.disk.set_faults(Faults {
                power_cut_at: cut.then(|| 1 + self.dice.below(10)),
                ..Faults::default()
            });
            self.make_room();
            self.boots += 1;
            let plan = (self.plan.appends, self.plan.checkpoint_events);
            let boot = (&self.setup, self.boots);
            let started = Process::start(boot, &self.disk, (&self.clock, &self.truth), plan);
            if !self.disk.powered() {
                crashes += 1;
                self.fault(if crashes == 1 {
                    FaultKind::PowerCutInRecovery
                } else {
                    FaultKind::PowerCutInItsRecovery
                });
                self.disk = self.image(true);
                continue;
            }
            self.end_trouble();
            self.process = started.map_err(|error| {
                let what = format!("the store does not open after a crash: {error}");
                Failure::new(Invariant::AcknowledgedIsThere, what)
            })?;
            self.trace.say(format!("process {} has started", self.boots));
            return Ok(());
        }
    }

    /// Opens an honest image and holds every agenda in it against the truth.
    pub(super) fn judge_image(&mut self, image: &SimDisk, log_too: bool) -> Outcome {
        self.counts.images += 1;
        self.boots += 1;
        let store = self.setup.open(image, &self.clock, self.boots).map_err(|error| {
            let what = format!("an image of the disk does not open: {error}");
            Failure::new(Invariant::AcknowledgedIsThere, what)
        })?;
        let mut done = BTreeMap::new();
        for key in self.agendas() {
            let agenda = store.agenda(*key).map_err(|error| {
                let what = format!("agenda {} does not load from an image: {error}", key.agenda.0);
                Failure::new(Invariant::AcknowledgedIsThere, what)
            })?;
            if let Some(agenda) = agenda {
                done.insert(*key, self.truth.lock().done(&agenda)?);
            }
        }
        if !log_too {
            return Ok(());
        }
        self.counts.ledgers += 1;
        self.known.judge((&store, image), &done)
    }
}
