//! The work whose instructions are counted under callgrind by `make instructions` and held against `tests/instructions.tsv`.
//! Each counted function does its work once, on what was prepared before.
//!
//! Must not be here: anything that varies from run to run (clocks, the system's random bytes, hash maps with random keys).
#![expect(clippy::unwrap_used, reason = "a measurement that cannot start must say so")]

#[path = "../domain/benches/full_agenda/mod.rs"]
mod full_agenda;

use cabinet_domain::agenda::{Agenda, Booking, SecretHash};
use cabinet_domain::audience::Sight;
use cabinet_domain::command::{Canceller, Command, Stamp};
use cabinet_domain::decide::{decide, record};
use cabinet_domain::event::{Event, Recorded};
use cabinet_domain::ids::{BlobId, BookingId, HoldId, PatientId, RuleId, Seq, TypeId};
use cabinet_domain::person::Person;
use cabinet_domain::slots::{SlotChanges, horizon, slot_changes, slots};
use cabinet_domain::time::Span;
use cabinet_proto::v1::convert::changes::staff_changes;
use cabinet_proto::v1::convert::outward::slot_changes_json;
use cabinet_proto::v1::session::ServerFrame;
use cabinet_storage::seal::{Place, SealKey, SeededEntropy, seal};
use full_agenda::{BOOKINGS, FullAgenda, now, stamp};
use std::hint::black_box;

const TYPE: TypeId = TypeId(1);
const HOLD: HoldId = HoldId(1);
const BOOKING: BookingId = BookingId(9_000);
const OWNER: SecretHash = [1; 32];
/// About what a booking's event has, encoded.
const RECORD_BYTES: usize = 256;

/// What one command did.
struct Done {
    before: Agenda,
    after: Agenda,
    event: Event,
}

impl Done {
    fn of(before: &Agenda, command: &Command) -> Self {
        let mut full = FullAgenda {
            agenda: before.clone(),
            history: Vec::new(),
        };
        let event = full.run(command, now()).unwrap();
        Self {
            before: before.clone(),
            after: full.agenda,
            event,
        }
    }

    fn changes(&self, horizon: Span) -> Vec<SlotChanges> {
        slot_changes(&self.before, &self.after, &self.event, horizon)
    }
}

#[inline(never)]
fn counted_slots_full(agenda: &Agenda, horizon: Span) {
    black_box(slots(agenda, TYPE, horizon));
}

#[inline(never)]
fn counted_delta_hold(done: &Done, horizon: Span) {
    black_box(done.changes(horizon));
}

#[inline(never)]
fn counted_delta_cancel(done: &Done, horizon: Span) {
    black_box(done.changes(horizon));
}

#[inline(never)]
fn counted_delta_rule(done: &Done, horizon: Span) {
    black_box(done.changes(horizon));
}

/// Decides, numbers and applies a command: what every order costs the rules.
fn carry_out(agenda: &mut Agenda, command: &Command, stamp: &Stamp) -> Vec<Recorded<Event>> {
    let recorded = record(decide(agenda, command, stamp).unwrap(), stamp, agenda.seq);
    for one in &recorded {
        agenda.apply(one);
    }
    recorded
}

#[inline(never)]
fn counted_hold(agenda: &mut Agenda, command: &Command, stamp: &Stamp) {
    black_box(carry_out(agenda, command, stamp));
}

#[inline(never)]
fn counted_confirm(agenda: &mut Agenda, command: &Command, stamp: &Stamp) -> Vec<Recorded<Event>> {
    black_box(carry_out(agenda, command, stamp))
}

#[inline(never)]
fn counted_cancel(agenda: &mut Agenda, command: &Command, stamp: &Stamp) {
    black_box(carry_out(agenda, command, stamp));
}

#[inline(never)]
fn counted_seal_record(key: &SealKey, entropy: &SeededEntropy, place: &Place, plain: &[u8]) {
    black_box(seal(key, entropy, place, plain).unwrap());
}

#[inline(never)]
fn counted_board_frame(changes: &[SlotChanges]) {
    black_box(slot_changes_json(changes).unwrap());
}

#[inline(never)]
fn counted_session_frame(events: &[Recorded<Event>], person: &Person, to: Seq) {
    let frame = ServerFrame::Delta {
        topic: String::from("00000000000000000000000000000001"),
        from: to - 1,
        to,
        now_ms: now().0,
        changes: staff_changes(events, Sight::Everything, |_| Some(person)).unwrap(),
    };
    black_box(frame.to_json().unwrap());
}

fn seal_twice() {
    let (key, entropy) = (SealKey::new([7; 8], [9; 32]), SeededEntropy::new(1));
    let place = Place::of("event").with(&[0; 32]).with(&[0; 8]);
    let plain = [5; RECORD_BYTES];
    // The first one in a process also finds out what the processor can do.
    seal(&key, &entropy, &place, &plain).unwrap();
    counted_seal_record(&key, &entropy, &place, &plain);
}

fn main() {
    let mut agenda = FullAgenda::with(BOOKINGS).agenda;
    let horizon = horizon(&agenda, now()).unwrap();
    let free = slots(&agenda, TYPE, horizon);
    let start = free.get(free.len() / 2).unwrap().start;
    let hold = Command::HoldSlot {
        hold: HOLD,
        kind: TYPE,
        start,
        owner: OWNER,
    };
    let confirm = Command::ConfirmHold {
        hold: HOLD,
        owner: OWNER,
        booking: BOOKING,
        patient: PatientId(1),
        details: BlobId(9_000),
        manage: [2; 32],
        notice_version: 1,
    };
    let cancel = Command::CancelBooking {
        booking: BOOKING,
        by: Canceller::Practice,
    };
    let first: Booking = agenda.bookings.values().next().unwrap();
    let cancelled = Command::CancelBooking {
        booking: first.id,
        by: Canceller::Practice,
    };
    let person = Person {
        given_name: "Marie-Françoise".to_owned(),
        family_name: "Delacroix".to_owned(),
        email: Some("marie.delacroix@example.fr".to_owned()),
        phone: Some("+33639981234".to_owned()),
    };
    counted_slots_full(&agenda, horizon);
    let held = Done::of(&agenda, &hold);
    counted_delta_hold(&held, horizon);
    counted_board_frame(&held.changes(horizon));
    counted_delta_cancel(&Done::of(&agenda, &cancelled), horizon);
    counted_delta_rule(&Done::of(&agenda, &Command::CloseHours(RuleId(0))), horizon);
    // The allocator puts in order what has been freed when it is next asked for much: now, not while it is counted.
    black_box(Vec::<u8>::with_capacity(64 * 1024));
    counted_hold(&mut agenda, &hold, &stamp(9_001, now()));
    let booked = counted_confirm(&mut agenda, &confirm, &stamp(9_002, now()));
    counted_session_frame(&booked, &person, agenda.seq);
    counted_cancel(&mut agenda, &cancel, &stamp(9_003, now()));
    seal_twice();
}
