//! What kind of world a seed makes: how large, and what goes wrong in it how often. Swarm testing (Groce and others 2012):
//! each world leaves some faults out, so that the others have room.

use cabinet_storage::dice::Dice;
use cabinet_storage::faulty::FaultPlan;

/// Commands that every world answers, at least.
pub const COMMANDS_MIN: u64 = 500;
/// Every so many seeds runs the real shells.
pub(crate) const SHELLS_EVERY: u64 = 25;
/// Within its round of [`SHELLS_EVERY`], which one does.
const SHELLS_AT: u64 = 13;

/// What kind of world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldKind {
    /// Cells over the simulated disk.
    Cells,
    /// The real actors on a paused runtime.
    Shells,
}

impl WorldKind {
    /// Of this seed.
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        if seed % SHELLS_EVERY == SHELLS_AT {
            Self::Shells
        } else {
            Self::Cells
        }
    }
}

/// See the head of this file. Shares are per thousand steps or appends.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Agendas in use.
    pub(crate) agendas: usize,
    /// Clients.
    pub(crate) clients: u64,
    /// Steps of a thousand in which something begins to go wrong with the disk or the process.
    pub(crate) disk_faults: u64,
    /// Steps of a thousand in which the civil clock is set.
    pub(crate) clock_jumps: u64,
    /// Images of the disk judged at each crash, beside the one that goes on.
    pub(crate) images: u64,
    /// Damaged images judged at each crash.
    pub(crate) damaged_images: u64,
    /// Appends of a thousand that are written after they were given up.
    pub(crate) late_appends: u64,
    /// Loads of a thousand that are lost.
    pub(crate) lost_loads: u64,
    /// What the journal does to appends.
    pub(crate) appends: FaultPlan,
    /// Events between two checkpoints.
    pub(crate) checkpoint_events: u64,
    /// Seconds of a hold.
    pub(crate) hold_ttl_seconds: u32,
    /// Syncs lie once all commands are answered; the world ends with the crash after it.
    pub(crate) lies: bool,
    /// Whether there is a second witness.
    pub(crate) second_witness: bool,
}

impl Plan {
    /// Of this seed.
    #[must_use]
    pub(crate) fn of(kind: WorldKind, dice: &mut Dice) -> Self {
        let mut often = |per_mille: u64, most: u64| {
            if dice.chance(per_mille) {
                dice.below(most) + 1
            } else {
                0
            }
        };
        let share = |count: u64| u16::try_from(count).unwrap_or(0);
        let appends = FaultPlan {
            unknown_written: share(often(400, 30)),
            unknown_not_written: share(often(400, 30)),
            fenced: share(often(200, 10)),
            busy: share(often(400, 30)),
            check_failed: share(often(300, 20)),
            storage_full: share(often(300, 20)),
            too_large: share(often(200, 10)),
            conflict: share(often(300, 20)),
            ..FaultPlan::default()
        };
        let (disk_faults, clock_jumps) = (often(850, 24), often(500, 8));
        let (late_appends, lost_loads) = (often(300, 30), often(300, 60));
        let (agendas, clients) = match kind {
            WorldKind::Cells => (3 + dice.index(2), 2 + dice.below(14)),
            WorldKind::Shells => (3, 2 + dice.below(10)),
        };
        Self {
            agendas,
            clients,
            disk_faults,
            clock_jumps,
            images: 1 + dice.below(3),
            damaged_images: 1,
            late_appends,
            lost_loads,
            appends: FaultPlan {
                seed: dice.roll(),
                ..appends
            },
            checkpoint_events: 10 + dice.below(60),
            hold_ttl_seconds: 60 + u32::try_from(dice.below(600)).unwrap_or(0),
            lies: kind == WorldKind::Cells && dice.chance(150),
            second_witness: dice.chance(500),
        }
    }
}
