//! What clients and subscribers of a world do next. Must not be here: how they judge what they are told.

use super::World;
use crate::client::Next;
use crate::coverage::FaultKind;
use crate::failure::Outcome;
use crate::subscriber::Snapshot;
use cabinet_actors::agenda::feed::Joining;
use cabinet_actors::clock::Clock as _;
use cabinet_actors::order::Order;
use cabinet_domain::ids::AgendaKey;

impl World {
    pub(super) fn client(&mut self) -> Outcome {
        let number = self.dice.index(self.clients.len());
        let Some(key) = self.some_agenda() else { return Ok(()) };
        let busy = self.senders.values().any(|sender| *sender == number);
        let asked = self.clients.get(number).is_some_and(|client| client.asked.is_some());
        match (asked, busy) {
            (false, _) => self.think(number, key),
            (true, false) => self.repeat(number),
            (true, true) if self.dice.chance(40) => {
                self.fault(FaultKind::ClientLeaves);
                self.senders.retain(|_, sender| *sender != number);
                let forever = self.dice.chance(300);
                if let Some(client) = self.clients.get_mut(number) {
                    client.leave(forever);
                }
                Ok(())
            }
            (true, true) => Ok(()),
        }
    }

    pub(super) fn think(&mut self, number: usize, key: AgendaKey) -> Outcome {
        let now = self.clock.now();
        let Some(client) = self.clients.get_mut(number) else {
            return Ok(());
        };
        let thought = client.think(key, &self.truth.lock(), now, &mut self.dice);
        let Some(order) = thought else { return Ok(()) };
        self.thought_of += 1;
        self.send(number, order)
    }

    pub(super) fn repeat(&mut self, number: usize) -> Outcome {
        let latest = self.clock.highest();
        let Some(client) = self.clients.get_mut(number) else {
            return Ok(());
        };
        let again = client.repeat(latest, &mut self.truth.lock().coverage);
        again.map_or(Ok(()), |order| self.send(number, order))
    }

    fn send(&mut self, number: usize, order: Order) -> Outcome {
        let line = format!(
            "client {number} asks agenda {}: {} {:x}",
            order.agenda.agenda.0,
            order.command.name(),
            order.command_id.0 >> 96
        );
        self.trace.say(line);
        let ticket = self.process.order(order)?;
        self.senders.insert(ticket, number);
        Ok(())
    }

    /// Hands out the answers that have come.
    pub(super) fn answers(&mut self) -> Outcome {
        let full = std::mem::take(&mut self.process.queue_full);
        if full > 0 {
            self.fault(FaultKind::QueueFull);
        }
        for (ticket, outcome) in std::mem::take(&mut self.process.replies) {
            let Some(number) = self.senders.remove(&ticket) else {
                continue;
            };
            let told = match &outcome {
                Ok(accepted) => format!("accepted, {}", accepted.seq),
                Err(error) => error.to_string(),
            };
            self.trace.say(format!("client {number} is told: {told}"));
            let Some(client) = self.clients.get_mut(number) else {
                continue;
            };
            let mut truth = self.truth.lock();
            let mut coverage = std::mem::take(&mut truth.coverage);
            let next = client.answered(&outcome, &truth, &mut coverage);
            truth.coverage = coverage;
            if let Next::Done(accepted) = next? {
                self.counts.answered += 1;
                self.counts.accepted += u64::from(accepted);
            }
        }
        Ok(())
    }

    pub(super) fn subscriber(&mut self) -> Outcome {
        let number = self.dice.index(self.subscribers.len());
        let Some(subscriber) = self.subscribers.get_mut(number) else {
            return Ok(());
        };
        if subscriber.listens() && self.dice.chance(100) {
            subscriber.leave();
            self.fault(FaultKind::SubscriberLeaves);
            return Ok(());
        }
        self.catch_up(number)
    }

    /// A subscriber listens, and connects first if it has to.
    pub(super) fn catch_up(&mut self, number: usize) -> Outcome {
        let now = self.clock.now();
        let Some(subscriber) = self.subscribers.get_mut(number) else {
            return Ok(());
        };
        subscriber.listen(now)?;
        if subscriber.listens() {
            return Ok(());
        }
        let (key, audience) = (subscriber.agenda, subscriber.audience);
        let (position, ear) = subscriber.connect(&self.truth);
        let mut resumed = false;
        match self.process.join(key, (audience, position), ear) {
            None => {
                subscriber.leave();
                self.process.wake(key)?;
            }
            Some((Joining::Snapshot { position }, agenda)) => {
                subscriber.starts_from(position, Snapshot::of(agenda, audience, now), now);
            }
            Some((Joining::Resumed { deltas, .. }, _)) => {
                resumed = true;
                subscriber.resumes(deltas, now)?;
            }
        }
        if resumed {
            self.fault(FaultKind::SubscriberResumes);
        }
        Ok(())
    }
}
