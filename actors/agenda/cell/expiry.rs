//! Ending holds on time: the cell's own orders and its timer. The timer only informs screens; the rules treat a hold as free
//! from its end on, whatever happens here.

use super::batch::Waiting;
use super::effect::Effect;
use super::{Cell, Phase};
use crate::order::Order;
use cabinet_domain::agenda::Hold;
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::{Command, Principal, Stamp};
use cabinet_domain::ids::{AgendaKey, CommandId};
use cabinet_domain::time::UtcMillis;
use std::sync::Arc;

/// Seconds before the end of a hold is ordered again after a failure.
const EXPIRY_RETRY_SECONDS: i64 = 1;

impl Cell {
    /// The order to end a hold has an outcome. One that did not succeed is not given again at once.
    pub(super) fn expiry_answered(&mut self, waiting: &Waiting, done: bool) {
        if let Command::ExpireHold(hold) = &waiting.order.command {
            self.expiring.remove(hold);
            if !done {
                self.not_before = waiting.stamp.now.plus_seconds(EXPIRY_RETRY_SECONDS);
            }
        }
    }

    /// Orders the end of every hold that has run out.
    pub(super) fn end_due_holds(&mut self, now: UtcMillis) {
        let Some(served) = &self.served else { return };
        if now < self.not_before || self.phase != Phase::Serving {
            return;
        }
        for hold in served.live.holds.values() {
            if hold.expires_at <= now && self.expiring.insert(hold.id) {
                self.waiting.push_back(expiry_of(self.key, hold, now));
            }
        }
    }

    /// Asks for a call at the earliest end of a hold.
    pub(super) fn arm(&mut self, now: UtcMillis) {
        let Some(served) = &self.served else { return };
        let holds = served.live.holds.values();
        let earliest = holds
            .filter(|hold| !self.expiring.contains(&hold.id))
            .map(|hold| hold.expires_at)
            .min();
        let Some(at) = earliest.map(|at| at.max(self.not_before).max(now)) else {
            self.armed = None;
            return;
        };
        if self.armed != Some(at) && self.phase == Phase::Serving {
            self.armed = Some(at);
            self.effects.push(Effect::SetTimer(at));
        }
    }
}

/// The cell's own order to end a hold. Its number comes from the hold's id and end: ordering it twice is a repeat.
fn expiry_of(agenda: AgendaKey, hold: &Hold, now: UtcMillis) -> Waiting {
    let ends = u128::from(hold.expires_at.0.unsigned_abs());
    let order = Order {
        agenda,
        command: Command::ExpireHold(hold.id),
        principal: Principal::System,
        command_id: CommandId(hold.id.0 ^ ends),
        digest: [0; 16],
        personal: Vec::new(),
        origin: LeafOrigin::default(),
        locale: None,
    };
    let stamp = Stamp {
        now,
        principal: order.principal,
        command_id: order.command_id,
        digest: order.digest,
    };
    Waiting {
        ticket: None,
        order: Arc::new(order),
        stamp,
        sent: false,
    }
}
