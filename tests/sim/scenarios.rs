//! Named scenarios: what has gone wrong in comparable systems, told with the real actors and the real journal.

mod room;

use crate::practice::{BUFFERED, PLAIN, staff_order};
use crate::wait;
use cabinet_actors::order::{Accepted, ExecuteError, Order};
use cabinet_domain::Command;
use cabinet_domain::Refusal;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::ids::{AbsenceId, BookingId, CommandId, HoldId, RuleId};
use cabinet_domain::invariants;
use cabinet_domain::schedule::Absence;
use cabinet_domain::slots::{horizon, slots};
use cabinet_domain::time::{Span, UtcMinute};
use cabinet_storage::disk::simulated::Faults;
use cabinet_storage::faulty::Fault;
use room::{HOLD_SECONDS, KEY, Room, book, confirm, hold, quarter, story};
use std::time::Duration;

type Told = Result<Accepted, ExecuteError>;

/// All at once; the outcomes in the order of the orders.
async fn all_at_once(room: &Room, orders: Vec<Order>) -> Vec<Told> {
    let hands: Vec<_> = orders
        .into_iter()
        .map(|order| {
            let agendas = room.agendas.clone();
            actix_rt::spawn(async move { agendas.execute(order).await })
        })
        .collect();
    let mut told = Vec::new();
    for hand in hands {
        told.push(hand.await.unwrap());
    }
    told
}

/// Repeats under the same number until there is an answer that is final.
async fn until_answered(room: &Room, order: Order) -> Told {
    loop {
        match room.agendas.execute(order.clone()).await {
            Err(ExecuteError::Busy | ExecuteError::Unknown | ExecuteError::StorageFull) => wait::millis(50).await,
            told => return told,
        }
    }
}

fn offers(agenda: &Agenda, start: UtcMinute, room: &Room) -> bool {
    let span = horizon(agenda, room.now()).unwrap();
    slots(agenda, PLAIN, span).iter().any(|slot| slot.start == start)
}

fn taken(told: &Told) -> bool {
    matches!(told, Err(ExecuteError::Refused(Refusal::SlotTaken)))
}

/// Where a slot is a row with a unique start, a longer appointment of another type that begins a quarter earlier is sold
/// across it: twice the same practitioner.
#[test]
fn overlapping_starts_of_two_types_have_one_winner() {
    story(|| async {
        let room = Room::opened(64, 64).await;
        for round in 0..6_i64 {
            // 45 minutes with buffers and 30 minutes, a quarter apart, by patients and by staff.
            let (first, number) = (quarter(round * 6), u128::try_from(100 + round * 10).unwrap());
            let mut orders = vec![
                hold(number, BUFFERED, first),
                hold(number + 1, PLAIN, first.plus(15)),
                book(number + 2, BUFFERED, first.plus(15)),
                book(number + 3, PLAIN, first.plus(30)),
            ];
            let shift = usize::try_from(round).unwrap() % orders.len();
            orders.rotate_left(shift);
            let told = all_at_once(&room, orders).await;
            assert_eq!(told.iter().filter(|told| told.is_ok()).count(), 1, "{told:?}");
            assert_eq!(told.iter().filter(|told| taken(told)).count(), 3, "{told:?}");
        }
        assert_eq!(invariants::check(&room.agenda().await), []);
    });
}

/// Where a check for conflicts that runs into its time limit counts as "no conflict found", a slow disk sells every slot
/// twice.
#[test]
fn a_check_that_cannot_be_made_in_time_is_not_taken_for_free() {
    story(|| async {
        let room = Room::opened(64, 64).await;
        let slow = Some(Fault::Delay(Duration::from_secs(30)));
        room.faulty.order(slow);
        let agendas = room.agendas.clone();
        let first = actix_rt::spawn(async move { agendas.execute(book(1_000, PLAIN, quarter(0))).await });
        wait::millis(10).await;
        // The answer rests on an append that takes half a minute: the second one waits, and its client gives up.
        let second = tokio::time::timeout(
            Duration::from_secs(2),
            room.agendas.execute(hold(1_001, PLAIN, quarter(1))),
        )
        .await;
        assert!(second.is_err(), "{second:?}");
        assert!(first.await.unwrap().is_ok());
        let again = room.agendas.execute(hold(1_001, PLAIN, quarter(1))).await;
        assert!(taken(&again), "{again:?}");
        room.agendas.shutdown().await;

        // What is stored cannot be read: nobody is told "free", nobody gets the slot.
        let next = Room::on(room.disk.snapshot_live(), room.clock.clone(), 1, (64, 64));
        next.disk.set_faults(Faults {
            reads_fail: true,
            ..Faults::default()
        });
        for n in 1_002..1_005 {
            let told = next.agendas.execute(hold(n, PLAIN, quarter(1))).await;
            assert_eq!(told, Err(ExecuteError::Busy));
            assert!(next.agendas.read(KEY, |_| ()).await.is_err());
        }
        next.disk.set_faults(Faults::default());
        next.pass(2).await;
        let told = next.agendas.execute(hold(1_002, PLAIN, quarter(1))).await;
        assert!(taken(&told), "{told:?}");
    });
}

/// Where opening hours are looked at only when slots are shown, who has the page open books into the holiday that was
/// entered a minute ago.
#[test]
fn hours_are_looked_at_when_the_booking_arrives() {
    story(|| async {
        let room = Room::opened(64, 64).await;
        assert!(offers(&room.agenda().await, quarter(0), &room));
        let kept = room.agendas.execute(hold(1_000, PLAIN, quarter(4))).await;
        assert!(kept.is_ok(), "{kept:?}");
        let morning = Absence {
            id: AbsenceId(1),
            span: Span::starting(quarter(0), 120),
            label: "Congés".to_owned(),
        };
        // All in the mailbox at once: the absence first, then those who still see the morning as free.
        let told = all_at_once(
            &room,
            vec![
                staff_order(KEY, CommandId(900), Command::AddAbsence(morning)),
                hold(1_001, PLAIN, quarter(0)),
                book(1_002, PLAIN, quarter(2)),
                staff_order(KEY, CommandId(901), Command::CloseHours(RuleId(101))),
                hold(1_003, PLAIN, quarter(12)),
                confirm(1_000),
            ],
        )
        .await;
        let refused: Vec<_> = told.iter().map(|told| told.as_ref().err().cloned()).collect();
        let because = |refusal| Some(ExecuteError::Refused(refusal));
        assert_eq!(
            refused,
            [
                None,
                because(Refusal::Absent),
                because(Refusal::Absent),
                None,
                because(Refusal::OutsideHours),
                // Who already held a slot keeps it.
                None,
            ]
        );
        assert!(!offers(&room.agenda().await, quarter(12), &room));
    });
}

/// Where simultaneous bookings outnumber the pool behind them, those that find no worker are lost, or answered as if they had
/// been done.
#[test]
fn more_bookings_at_once_than_mailbox_and_queue_hold() {
    story(|| async {
        let room = Room::opened(4, 3).await;
        let hands: Vec<_> = (0..400_u128)
            .map(|n| {
                let start = quarter(i64::try_from(n % 20).unwrap() * 2);
                (1_000 + n, hold(1_000 + n, PLAIN, start))
            })
            .collect();
        let told = all_at_once(&room, hands.iter().map(|(_, order)| order.clone()).collect()).await;
        let busy = told.iter().filter(|told| **told == Err(ExecuteError::Busy)).count();
        assert!(busy > 300, "{busy}: the point is to find the queues full");
        let agenda = room.agenda().await;
        for ((n, _), told) in hands.iter().zip(&told) {
            assert_eq!(told.is_ok(), agenda.holds.contains_key(&HoldId(*n)), "{n}: {told:?}");
        }
        let mut winners = 0;
        for (_, order) in hands {
            winners += usize::from(until_answered(&room, order).await.is_ok());
        }
        let agenda = room.agenda().await;
        assert_eq!(
            (winners, agenda.holds.len()),
            (20, 20),
            "each slot once, each asker answered"
        );
        assert_eq!(invariants::check(&agenda), []);
    });
}

/// Where a hold is freed by a job that its own server runs, a crash of that server, or a patient who closes the page, takes the
/// slot out of the agenda for good.
#[test]
fn a_hold_does_not_outlive_its_time_whatever_becomes_of_its_owner() {
    story(|| async {
        let room = Room::opened(64, 64).await;
        let owner = tokio::time::timeout(Duration::ZERO, room.agendas.execute(hold(1_000, PLAIN, quarter(0)))).await;
        assert!(owner.is_err(), "the page is closed before the answer");
        room.pass(1).await;
        assert!(
            room.agenda().await.holds.contains_key(&HoldId(1_000)),
            "the hold stands all the same"
        );

        // The server dies with its timer. While nothing runs, the hold ends.
        let next = Room::on(room.disk.crash(0), room.clock.clone(), 1, (64, 64));
        next.clock.pass(u64::from(HOLD_SECONDS) * 1_000);
        let told = next.agendas.execute(book(1_001, PLAIN, quarter(0))).await;
        assert!(told.is_ok(), "{told:?}");
        let late = next.agendas.execute(confirm(1_000)).await;
        assert!(
            matches!(
                late,
                Err(ExecuteError::Refused(Refusal::HoldGone | Refusal::HoldExpired))
            ),
            "{late:?}"
        );
        assert!(next.agenda().await.bookings.contains_key(&BookingId(1_001)));

        // And screens hear of one that nobody wants: its end is an event.
        let told = next.agendas.execute(hold(1_002, PLAIN, quarter(8))).await;
        assert!(told.is_ok(), "{told:?}");
        assert!(!offers(&next.agenda().await, quarter(8), &next));
        next.pass(u64::from(HOLD_SECONDS) + 3).await;
        assert!(next.agenda().await.holds.is_empty());
        assert!(offers(&next.agenda().await, quarter(8), &next));
    });
}
