//! The tasks of one process: clients and subscribers, each with draws of its own, and the hand that sets the clock.

use super::Shared;
use crate::client::Next;
use crate::coverage::FaultKind;
use crate::failure::{Failure, Outcome, ensure};
use crate::practice::opening;
use crate::subscriber::Snapshot;
use crate::wait;
use cabinet_actors::agendas::Agendas;
use cabinet_actors::clock::Clock as _;
use cabinet_actors::order::{Accepted, ExecuteError, Order};
use cabinet_actors::read::{AgendaRead, Joined, ReadError};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::ids::AgendaKey;
use cabinet_domain::invariants::Invariant;
use cabinet_storage::dice::Dice;
use std::rc::Rc;
use std::time::Duration;

/// Most milliseconds between two thoughts of a client.
const PAUSE_MILLIS: u64 = 3_000;

/// Opens every agenda, whatever the journal does meanwhile.
pub(super) async fn open_for_business(shared: &Shared, agendas: &Agendas) -> Outcome {
    for key in &shared.agendas {
        for order in opening(*key, shared.plan.hold_ttl_seconds) {
            let mut attempts = 0;
            while let Err(error) = agendas.execute(order.clone()).await {
                attempts += 1;
                if attempts > 100 {
                    let what = format!("{} is never done: {error}", order.command.name());
                    return Err(Failure::new(Invariant::EverythingIsAnswered, what));
                }
                wait::millis(2_000).await;
                shared.clock.pass(2_000);
            }
        }
    }
    Ok(())
}

/// Starts all tasks of a process; they end with its runtime.
pub(super) fn start(shared: &Rc<Shared>, agendas: &Agendas, dice: &mut Dice) {
    let (clients, subscribers) = (shared.clients.borrow().len(), shared.subscribers.borrow().len());
    for number in 0..clients {
        let (shared, agendas, dice) = (shared.clone(), agendas.clone(), Dice::new(dice.roll()));
        drop(actix_rt::spawn(client(shared, agendas, dice, number)));
    }
    for number in 0..subscribers {
        let (shared, agendas, dice) = (shared.clone(), agendas.clone(), Dice::new(dice.roll()));
        drop(actix_rt::spawn(subscriber(shared, agendas, dice, number)));
    }
    if shared.plan.clock_jumps > 0 && !*shared.closing.borrow() {
        drop(actix_rt::spawn(hand(shared.clone(), Dice::new(dice.roll()))));
    }
}

/// Sets the civil clock forward and back.
async fn hand(shared: Rc<Shared>, mut dice: Dice) {
    loop {
        wait::millis(10_000 + dice.below(60_000)).await;
        let millis = i64::try_from(dice.below(2 * 3_600_000)).unwrap_or(0);
        if dice.chance(500) {
            shared.fault(FaultKind::ClockForward);
            shared.clock.jump(millis);
        } else {
            shared.fault(FaultKind::ClockBack);
            shared.clock.jump(-millis);
        }
        let now = shared.clock.now();
        for subscriber in shared.subscribers.borrow_mut().iter_mut() {
            subscriber.saw(now);
        }
    }
}

fn next_order(shared: &Shared, dice: &mut Dice, number: usize) -> Option<Order> {
    let mut clients = shared.clients.borrow_mut();
    let client = clients.get_mut(number)?;
    let mut truth = shared.truth.lock();
    if client.asked.is_some() {
        return client.repeat(shared.clock.highest(), &mut truth.coverage);
    }
    if *shared.closing.borrow() {
        return None;
    }
    let key = shared.agendas.get(dice.index(shared.agendas.len()))?;
    client.think(*key, &truth, shared.clock.now(), dice)
}

async fn client(shared: Rc<Shared>, agendas: Agendas, mut dice: Dice, number: usize) {
    loop {
        wait::millis(dice.below(PAUSE_MILLIS)).await;
        let Some(order) = next_order(&shared, &mut dice, number) else {
            continue;
        };
        let (name, agenda) = (order.command.name(), order.agenda.agenda.0);
        shared.say(format!("client {number} asks agenda {agenda}: {name}"));
        let patience = if dice.chance(30) { dice.below(300) } else { 3_600_000 };
        let answer = tokio::time::timeout(Duration::from_millis(patience), agendas.execute(order)).await;
        let Ok(outcome) = answer else {
            shared.fault(FaultKind::ClientLeaves);
            if let Some(client) = shared.clients.borrow_mut().get_mut(number) {
                client.leave(false);
            }
            continue;
        };
        let told = match &outcome {
            Ok(accepted) => format!("accepted, {}", accepted.seq),
            Err(error) => error.to_string(),
        };
        shared.say(format!("client {number} is told: {told}"));
        judge(&shared, number, &outcome);
    }
}

type Told = Result<Accepted, ExecuteError>;

fn judge(shared: &Shared, number: usize, outcome: &Told) {
    let mut clients = shared.clients.borrow_mut();
    let Some(client) = clients.get_mut(number) else { return };
    let mut truth = shared.truth.lock();
    let mut coverage = std::mem::take(&mut truth.coverage);
    let next = client.answered(outcome, &truth, &mut coverage);
    truth.coverage = coverage;
    drop(truth);
    match next {
        Ok(Next::Done(accepted)) => {
            let mut counts = shared.counts.borrow_mut();
            counts.answered += 1;
            counts.accepted += u64::from(accepted);
        }
        Ok(Next::Repeat) => {}
        Err(failure) => shared.note(Err(failure)),
    }
}

async fn subscriber(shared: Rc<Shared>, agendas: Agendas, mut dice: Dice, number: usize) {
    loop {
        wait::millis(dice.below(8_000)).await;
        if dice.chance(60) {
            shared.fault(FaultKind::SubscriberLeaves);
            if let Some(subscriber) = shared.subscribers.borrow_mut().get_mut(number) {
                subscriber.leave();
            }
        }
        let outcome = catch_up(&shared, &agendas, number).await;
        shared.note(outcome);
    }
}

/// Listens, and connects first if need be.
async fn catch_up(shared: &Shared, agendas: &Agendas, number: usize) -> Outcome {
    let now = shared.clock.now();
    let (key, audience, position, ear) = {
        let mut subscribers = shared.subscribers.borrow_mut();
        let Some(subscriber) = subscribers.get_mut(number) else {
            return Ok(());
        };
        subscriber.listen(now)?;
        if subscriber.listens() {
            return Ok(());
        }
        let (position, ear) = subscriber.connect(&shared.truth);
        (subscriber.agenda, subscriber.audience, position, ear)
    };
    let render = move |read: AgendaRead<'_>| (Snapshot::of(read.agenda, audience, read.now), read.now);
    let joined = agendas.subscribe(key, audience, position, ear, render).await;
    let mut subscribers = shared.subscribers.borrow_mut();
    let Some(subscriber) = subscribers.get_mut(number) else {
        return Ok(());
    };
    match joined {
        Ok((_, Joined::Snapshot { position, value })) => {
            let (snapshot, at) = value;
            subscriber.starts_from(position, snapshot, at);
            Ok(())
        }
        Ok((_, Joined::Resumed { deltas, .. })) => {
            shared.fault(FaultKind::SubscriberResumes);
            subscriber.resumes(deltas, now)
        }
        Err(ReadError::Busy | ReadError::Unavailable) => {
            subscriber.leave();
            Ok(())
        }
        Err(error @ (ReadError::NoSuchAgenda | ReadError::Internal)) => {
            Err(Failure::new(Invariant::EverythingIsAnswered, error.to_string()))
        }
    }
}

async fn agenda_of(agendas: &Agendas, key: AgendaKey) -> Outcome<Agenda> {
    let read = agendas.read(key, |read| read.agenda.clone()).await;
    read.map_err(|error| {
        Failure::new(
            Invariant::EverythingIsAnswered,
            format!("an agenda is not read: {error}"),
        )
    })
}

/// After everything has come to rest, a subscriber sees what is, and no hold stands.
pub(super) async fn judge_subscriber(shared: &Shared, agendas: &Agendas, number: usize) -> Outcome {
    // A board that is told of other types reads the topic again.
    for _ in 0..3 {
        catch_up(shared, agendas, number).await?;
    }
    let Some(key) = shared
        .subscribers
        .borrow()
        .get(number)
        .map(|subscriber| subscriber.agenda)
    else {
        return Ok(());
    };
    let agenda = agenda_of(agendas, key).await?;
    // What has run out may be offered to who waits, and stands anew.
    let now = shared.clock.now();
    let over = agenda.holds.values().filter(|hold| !hold.is_live(now)).count();
    ensure(over == 0, Invariant::EverythingIsAnswered, || {
        format!("{over} holds stand after their end")
    })?;
    let subscribers = shared.subscribers.borrow();
    let Some(subscriber) = subscribers.get(number) else {
        return Ok(());
    };
    subscriber.judge_position(&agenda)?;
    subscriber.judge(&agenda)
}
