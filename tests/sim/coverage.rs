//! What was reached: every kind of command, event, refusal and fault, counted. The lists are made by exhaustive matches, so
//! that a new kind does not compile before it stands here, and a run that never reaches it fails.

use cabinet_domain::{Command, Event, Refusal};
use std::collections::BTreeMap;

/// One list makes the match and the table.
macro_rules! kinds {
    ($(#[$doc:meta])* $all:ident, $of:ident($type:ty) { $($pattern:pat => $name:literal,)+ }) => {
        $(#[$doc])*
        pub const $all: &[&str] = &[$($name),+];
        const fn $of(value: &$type) -> &'static str {
            match value { $($pattern => $name),+ }
        }
    };
}

kinds! {
    /// Every kind of command.
    COMMANDS, command(Command) {
        Command::SetProfile(_) => "set_profile",
        Command::SetType(_) => "set_type",
        Command::RetireType(_) => "retire_type",
        Command::OpenHours(_) => "open_hours",
        Command::ChangeHours(_) => "change_hours",
        Command::CloseHours(_) => "close_hours",
        Command::OpenExceptionally(_) => "open_exceptionally",
        Command::CloseException(_) => "close_exception",
        Command::AddAbsence(_) => "add_absence",
        Command::RemoveAbsence(_) => "remove_absence",
        Command::HoldSlot { .. } => "hold_slot",
        Command::ReleaseHold { .. } => "release_hold",
        Command::ConfirmHold { .. } => "confirm_hold",
        Command::BookDirectly { .. } => "book_directly",
        Command::MoveBooking { .. } => "move_booking",
        Command::CancelBooking { .. } => "cancel_booking",
        Command::ExpireHold(_) => "expire_hold",
        Command::BookSeries { .. } => "book_series",
        Command::MoveBookings { .. } => "move_bookings",
        Command::CancelBookings { .. } => "cancel_bookings",
        Command::MarkBooking { .. } => "mark_booking",
        Command::AnnounceDelay { .. } => "announce_delay",
        Command::JoinWaitingList { .. } => "join_waiting_list",
        Command::LeaveWaitingList { .. } => "leave_waiting_list",
        Command::SetWaitingPriority { .. } => "set_waiting_priority",
        Command::AcceptOffer { .. } => "accept_offer",
        Command::DeclineOffer { .. } => "decline_offer",
    }
}

kinds! {
    /// Every kind of event.
    EVENTS, event(Event) {
        Event::ProfileSet(_) => "profile.set",
        Event::TypeSet(_) => "type.set",
        Event::TypeRetired(_) => "type.retired",
        Event::HoursOpened(_) => "hours.opened",
        Event::HoursChanged(_) => "hours.changed",
        Event::HoursClosed(_) => "hours.closed",
        Event::ExceptionOpened(_) => "exception.opened",
        Event::ExceptionClosed(_) => "exception.closed",
        Event::AbsenceAdded(_) => "absence.added",
        Event::AbsenceRemoved(_) => "absence.removed",
        Event::SlotHeld(_) => "slot.held",
        Event::HoldReleased(_) => "hold.released",
        Event::HoldExpired(_) => "hold.expired",
        Event::SlotBooked { .. } => "slot.booked",
        Event::BookingMoved { .. } => "booking.moved",
        Event::BookingCancelled { .. } => "booking.cancelled",
        Event::SeriesJoined { .. } => "series.joined",
        Event::BookingMarked { .. } => "booking.marked",
        Event::DelayAnnounced { .. } => "delay.announced",
        Event::WaitingJoined(_) => "waiting.joined",
        Event::WaitingLeft { .. } => "waiting.left",
        Event::WaitingPrioritised { .. } => "waiting.prioritised",
        Event::SlotOffered { .. } => "slot.offered",
    }
}

kinds! {
    /// Every kind of refusal.
    REFUSALS, refusal(Refusal) {
        Refusal::NotConfigured => "not_configured",
        Refusal::Invalid { .. } => "invalid",
        Refusal::TypeUnknown => "type_unknown",
        Refusal::TypeNotOnline => "type_not_online",
        Refusal::AlreadyExists => "already_exists",
        Refusal::NotFound => "not_found",
        Refusal::SlotTaken => "slot_taken",
        Refusal::OutsideHours => "outside_hours",
        Refusal::Absent => "absent",
        Refusal::OffGrid => "off_grid",
        Refusal::InThePast => "in_the_past",
        Refusal::TooSoon => "too_soon",
        Refusal::TooFarAhead { .. } => "too_far_ahead",
        Refusal::HoldGone => "hold_gone",
        Refusal::HoldExpired => "hold_expired",
        Refusal::NotYours => "not_yours",
        Refusal::BookingUnknown => "booking_unknown",
        Refusal::TooLateToCancel { .. } => "too_late_to_cancel",
        Refusal::CommandIdReused => "command_id_reused",
        Refusal::TooMany { .. } => "too_many",
        Refusal::NotExpiredYet => "not_expired_yet",
        Refusal::OneOfSeveral { .. } => "one_of_several",
        Refusal::NotYet { .. } => "not_yet",
        Refusal::CapReached { .. } => "cap_reached",
        Refusal::KeptBack { .. } => "kept_back",
    }
}

/// What can go wrong in a world, storage first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words in the table below say it")]
pub enum FaultKind {
    PowerCut,
    PowerCutInOperation,
    PowerCutInRecovery,
    PowerCutInItsRecovery,
    Kill,
    SyncFails,
    WriteBreaksOff,
    DiskFull,
    DiskFullInOperation,
    ReadsFail,
    SyncLies,
    BitFlips,
    FileCut,
    AnswerLost,
    AppendUnknown,
    AppendLate,
    AppendRefused,
    AppendDelayed,
    LoadFails,
    ClockForward,
    ClockBack,
    ClockChangeDay,
    ClientRepeats,
    ClientLeaves,
    SubscriberLeaves,
    SubscriberResumes,
    AgendaRests,
    QueueFull,
}

kinds! {
    /// Every kind of fault.
    FAULTS, fault(FaultKind) {
        FaultKind::PowerCut => "power cut between operations",
        FaultKind::PowerCutInOperation => "power cut in an operation of the disk",
        FaultKind::PowerCutInRecovery => "power cut in the recovery",
        FaultKind::PowerCutInItsRecovery => "power cut in the recovery of a recovery",
        FaultKind::Kill => "process killed, page cache stays",
        FaultKind::SyncFails => "sync fails, pages marked clean",
        FaultKind::WriteBreaksOff => "write breaks off",
        FaultKind::DiskFull => "disk nearly full",
        FaultKind::DiskFullInOperation => "disk full in an operation",
        FaultKind::ReadsFail => "reads fail for a while",
        FaultKind::SyncLies => "sync lies, then the power goes",
        FaultKind::BitFlips => "bits flip at rest",
        FaultKind::FileCut => "file cut at rest",
        FaultKind::AnswerLost => "append written, its answer lost",
        FaultKind::AppendUnknown => "append not written, its outcome unknown",
        FaultKind::AppendLate => "append written after its sender gave it up",
        FaultKind::AppendRefused => "append refused by storage",
        FaultKind::AppendDelayed => "append delayed",
        FaultKind::LoadFails => "agenda does not load",
        FaultKind::ClockForward => "clock set forward",
        FaultKind::ClockBack => "clock set back",
        FaultKind::ClockChangeDay => "clock-change days of Europe/Paris",
        FaultKind::ClientRepeats => "client repeats a command",
        FaultKind::ClientLeaves => "client leaves before its answer",
        FaultKind::SubscriberLeaves => "subscriber loses its connection",
        FaultKind::SubscriberResumes => "subscriber resumes from its position",
        FaultKind::AgendaRests => "agenda leaves memory",
        FaultKind::QueueFull => "queue of an agenda is full",
    }
}

/// Counts per kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    commands: BTreeMap<&'static str, u64>,
    accepted: BTreeMap<&'static str, u64>,
    events: BTreeMap<&'static str, u64>,
    refusals: BTreeMap<&'static str, u64>,
    faults: BTreeMap<&'static str, u64>,
}

fn add(to: &mut BTreeMap<&'static str, u64>, kind: &'static str, count: u64) {
    *to.entry(kind).or_default() += count;
}

impl Coverage {
    /// A command has its final answer.
    pub fn command(&mut self, of: &Command, accepted: bool) {
        add(&mut self.commands, command(of), 1);
        if accepted {
            add(&mut self.accepted, command(of), 1);
        }
    }

    /// An event is durable.
    pub fn event(&mut self, of: &Event) {
        add(&mut self.events, event(of), 1);
    }

    /// A command was refused.
    pub fn refusal(&mut self, of: &Refusal) {
        add(&mut self.refusals, refusal(of), 1);
    }

    /// A fault has happened.
    pub fn fault(&mut self, kind: FaultKind) {
        add(&mut self.faults, fault(&kind), 1);
    }

    /// How often a fault has happened.
    #[must_use]
    pub fn faults_of(&self, kind: FaultKind) -> u64 {
        self.faults.get(fault(&kind)).copied().unwrap_or(0)
    }

    /// Adds another world's counts.
    pub fn merge(&mut self, other: &Self) {
        let parts = [
            (&mut self.commands, &other.commands),
            (&mut self.accepted, &other.accepted),
            (&mut self.events, &other.events),
            (&mut self.refusals, &other.refusals),
            (&mut self.faults, &other.faults),
        ];
        for (to, from) in parts {
            for (kind, count) in from {
                add(to, kind, *count);
            }
        }
    }

    fn tables(&self) -> [(&'static str, &'static [&'static str], &BTreeMap<&'static str, u64>); 5] {
        [
            ("command", COMMANDS, &self.commands),
            ("accepted command", COMMANDS, &self.accepted),
            ("event", EVENTS, &self.events),
            ("refusal", REFUSALS, &self.refusals),
            ("fault", FAULTS, &self.faults),
        ]
    }

    /// Kinds that were never reached.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let tables = self.tables().into_iter();
        let never = tables.flat_map(|(what, all, seen)| {
            let never = all.iter().filter(|kind| !seen.contains_key(*kind));
            never.map(move |kind| format!("{what} {kind}"))
        });
        never.collect()
    }

    /// All counts as text.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        for (what, all, seen) in self.tables() {
            text.push_str(&format!("  {what}\n"));
            for kind in all {
                let count = seen.get(kind).copied().unwrap_or(0);
                text.push_str(&format!("    {count:>10}  {kind}\n"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_metrics_and_protocol() {
        for sample in Refusal::samples() {
            assert_eq!(refusal(&sample), sample.code());
        }
        let expire = Command::ExpireHold(cabinet_domain::ids::HoldId(1));
        assert_eq!(command(&expire), expire.name());
    }

    #[test]
    fn what_was_never_reached_is_named() {
        let mut coverage = Coverage::default();
        assert_eq!(
            coverage.missing().len(),
            2 * COMMANDS.len() + EVENTS.len() + REFUSALS.len() + FAULTS.len()
        );
        coverage.fault(FaultKind::Kill);
        assert!(
            !coverage
                .missing()
                .contains(&format!("fault {}", fault(&FaultKind::Kill)))
        );
    }
}
