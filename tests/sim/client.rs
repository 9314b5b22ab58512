//! A client: asks one thing at a time, repeats it under the same number when it does not know what became of it, leaves
//! without waiting, and judges every answer against what is durable.

use crate::coverage::{Coverage, FaultKind};
use crate::failure::{Failure, Outcome, ensure, hold};
use crate::intent::{Look, draw};
use crate::truth::Truth;
use cabinet_actors::order::{Accepted, ExecuteError, Order};
use cabinet_domain::agenda::COMMAND_MEMORY_DAYS;
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::{Command, Principal};
use cabinet_domain::ids::{AgendaKey, CommandId, HoldId};
use cabinet_domain::invariants::{Invariant, check_acknowledged, check_told};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::dice::Dice;

/// After so many days a client no longer repeats a command: acceptances are remembered for seven.
const REPEAT_DAYS_MAX: i64 = COMMAND_MEMORY_DAYS - 2;

/// What a client is waiting for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The order; a repeat is the same one.
    pub(crate) order: Order,
    /// When it was first sent.
    pub(crate) first_at: UtcMillis,
    /// An earlier attempt may have been done.
    pub(crate) doubtful: bool,
    /// The order has the number of another one.
    pub(crate) reused: bool,
    /// Times it was sent.
    pub(crate) attempts: u32,
}

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Client {
    number: u128,
    own: Option<(AgendaKey, HoldId)>,
    /// What it waits for.
    pub(crate) asked: Option<Asked>,
    /// The last command that was accepted, to try its number on another.
    last: Option<Order>,
}

/// What a client does after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It has its final answer: accepted, or not.
    Done(bool),
    /// It will ask again.
    Repeat,
}

impl Client {
    /// A client that wants nothing yet.
    #[must_use]
    pub(crate) const fn new(number: u128) -> Self {
        Self {
            number,
            own: None,
            asked: None,
            last: None,
        }
    }

    /// Thinks of something new to ask of this agenda; nothing when it finds no way to.
    pub(crate) fn think(&mut self, key: AgendaKey, truth: &Truth, now: UtcMillis, dice: &mut Dice) -> Option<Order> {
        if self.asked.is_some() {
            return None;
        }
        let reused = self.last.clone().filter(|_| dice.chance(15));
        if let Some(mut order) = reused {
            let [first, ..] = &mut order.digest;
            *first = !*first;
            return Some(self.ask(order, now, true));
        }
        let own = self.own.take_if(|(agenda, _)| *agenda == key).map(|(_, hold)| hold);
        let command_id = CommandId(draw(dice));
        let mut look = Look {
            agenda: truth.state(key)?,
            client: self.number,
            own,
            now,
            dice,
        };
        let wish = look.wish()?;
        let order = Order {
            agenda: key,
            command: wish.command,
            principal: wish.principal,
            command_id,
            digest: command_id.0.to_be_bytes(),
            personal: wish.personal,
            origin: LeafOrigin::default(),
            locale: None,
        };
        Some(self.ask(order, now, false))
    }

    /// Asks this.
    pub(crate) fn ask(&mut self, order: Order, now: UtcMillis, reused: bool) -> Order {
        self.asked = Some(Asked {
            order: order.clone(),
            first_at: now,
            doubtful: false,
            reused,
            attempts: 1,
        });
        order
    }

    /// The same order once more, unless it has become too old to be repeated.
    pub(crate) fn repeat(&mut self, latest: UtcMillis, coverage: &mut Coverage) -> Option<Order> {
        let asked = self.asked.as_mut()?;
        if latest >= asked.first_at.plus_seconds(REPEAT_DAYS_MAX * 86_400) {
            self.asked = None;
            return None;
        }
        asked.attempts += 1;
        coverage.fault(FaultKind::ClientRepeats);
        Some(asked.order.clone())
    }

    /// It goes away without waiting for the answer, and will ask again or not.
    pub(crate) fn leave(&mut self, forever: bool) {
        if forever {
            self.asked = None;
        } else if let Some(asked) = &mut self.asked {
            asked.doubtful = true;
        }
    }

    /// Judges an answer.
    ///
    /// # Errors
    /// An acceptance of what is not durable, or a refusal of what is.
    pub(crate) fn answered(
        &mut self,
        outcome: &Result<Accepted, ExecuteError>,
        truth: &Truth,
        coverage: &mut Coverage,
    ) -> Outcome<Next> {
        let Some(asked) = self.asked.clone() else {
            return Ok(Next::Done(false));
        };
        match outcome {
            Ok(accepted) => {
                judge_acceptance(&asked, accepted, truth)?;
                if let (Command::HoldSlot { hold, .. }, Some(_)) = (&asked.order.command, &accepted.hold) {
                    self.own = Some((asked.order.agenda, *hold));
                }
                coverage.command(&asked.order.command, true);
                self.last = Some(asked.order);
                self.asked = None;
                Ok(Next::Done(true))
            }
            Err(ExecuteError::Refused(refusal)) => {
                // Its own earlier acceptance would have been repeated to it.
                let done = !asked.reused && truth.knows(&asked.order);
                ensure(!done, Invariant::OncePerCommandId, || {
                    format!("{} was done and is refused: {}", asked.order.command_id, refusal.code())
                })?;
                coverage.command(&asked.order.command, false);
                coverage.refusal(refusal);
                self.asked = None;
                Ok(Next::Done(false))
            }
            Err(error @ (ExecuteError::Busy | ExecuteError::StorageFull)) => {
                let touched = !asked.doubtful && !asked.reused && truth.may_know(&asked.order);
                ensure(!touched, Invariant::NothingBeforeDurable, || {
                    format!("{} may be written and is told {error}", asked.order.command_id)
                })?;
                Ok(Next::Repeat)
            }
            Err(ExecuteError::Unknown) => {
                self.leave(false);
                Ok(Next::Repeat)
            }
            Err(error @ (ExecuteError::Internal | ExecuteError::NoSuchAgenda)) => Err(Failure::new(
                Invariant::EverythingIsAnswered,
                format!("{}: {error}", asked.order.command.name()),
            )),
        }
    }
}

fn judge_acceptance(asked: &Asked, accepted: &Accepted, truth: &Truth) -> Outcome {
    let order = &asked.order;
    let durable = truth.state(order.agenda).map_or(0, |state| state.seq);
    hold(check_told(accepted.seq, durable))?;
    // The product's own commands are not remembered.
    if order.principal == Principal::System {
        return Ok(());
    }
    ensure(!asked.reused, Invariant::OncePerCommandId, || {
        format!("{} came with another body and was accepted", order.command_id)
    })?;
    let written = truth.accepted(order);
    ensure(written == Some(accepted.seq), Invariant::NothingBeforeDurable, || {
        format!("{} is told {}, written {written:?}", order.command_id, accepted.seq)
    })?;
    if let Some(state) = truth.state(order.agenda) {
        hold(check_acknowledged(
            state,
            (order.principal, order.command_id),
            accepted.seq,
        ))?;
    }
    ensure(
        asked.attempts > 1 || !accepted.repeated,
        Invariant::OncePerCommandId,
        || format!("{} was sent once and called a repeat", order.command_id),
    )
}
