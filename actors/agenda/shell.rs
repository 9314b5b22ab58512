//! The actix actor that feeds one agenda's cell and carries out its effects. No rule and no decision of its own.

use crate::agenda::cell::{Cell, Effect, Ended, Notice, Ticket};
use crate::agenda::feed::{Feed, Joining, SubscriptionId};
use crate::agenda::publication::Publication;
use crate::delta::{Sink, TopicPosition};
use crate::lifecycle::{Ending, Parts};
use crate::metrics::GaugeShare;
use crate::order::{Accepted, ExecuteError, Order};
use crate::read::{AgendaRead, People, ReadError};
use actix::prelude::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle, WrapFuture,
};
use cabinet_domain::audience::Audience;
use cabinet_domain::ids::{AgendaKey, HistoryId};
use cabinet_domain::stream::{StreamKey, StreamState};
use cabinet_domain::time::UtcMillis;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Carry out an order.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Execute {
    pub(crate) order: Arc<Order>,
    pub(crate) reply: oneshot::Sender<Result<Accepted, ExecuteError>>,
}

/// What a reader's closure gets.
pub(crate) type ReadAnswer<'a> = Result<AgendaRead<'a>, ReadError>;

/// Look at the durable state; the closure answers its asker itself.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Read {
    /// Whether it wants to see who is who.
    pub(crate) named: bool,
    pub(crate) answer: Box<dyn FnOnce(ReadAnswer<'_>) + Send>,
}

/// What a subscriber's closure gets.
pub(crate) type JoinAnswer<'a> = Result<(Joining, AgendaRead<'a>), ReadError>;

/// Listen, and look at the state in the same turn.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Subscribe {
    pub(crate) id: SubscriptionId,
    pub(crate) audience: Audience,
    pub(crate) position: Option<TopicPosition>,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) answer: Box<dyn FnOnce(JoinAnswer<'_>) + Send>,
}

/// Listen no more.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Unsubscribe(pub(crate) SubscriptionId);

/// Take no more orders, finish, end; dropped once that is done.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Retire(pub(crate) oneshot::Sender<()>);

enum Look {
    Read(Read),
    Subscribe(Subscribe),
}

/// Where publications go.
enum Outlet {
    /// Nobody attends: there are none.
    Shut,
    /// What came before is being looked up; these follow it.
    Opening(Vec<Publication>),
    Open(Feed),
}

/// Milliseconds after the last listener or look at people until an agenda is left alone: longer than a screen takes to come
/// back, so that it finds the rings.
const ATTENDED_MILLISECONDS: i64 = 60_000;

/// Commands that may become durable while the past is looked up. More: whoever waits for it is told Busy and comes again.
const OPENING_PUBLICATIONS_MAX: usize = 4_096;

/// See the head of this file.
pub(crate) struct AgendaActor {
    key: AgendaKey,
    parts: Arc<Parts>,
    cell: Cell,
    first: Vec<Effect>,
    outlet: Outlet,
    /// The store's history; zero until loaded.
    history: HistoryId,
    /// Last time that somebody attended.
    attended: UtcMillis,
    senders: HashMap<Ticket, oneshot::Sender<Result<Accepted, ExecuteError>>>,
    tickets: u64,
    /// Looks that came while loading.
    looks: Vec<Look>,
    timer: Option<SpawnHandle>,
    holds: GaugeShare,
    _live: GaugeShare,
    ending: Arc<Ending>,
    retirers: Vec<oneshot::Sender<()>>,
}

impl AgendaActor {
    pub(crate) fn new(key: AgendaKey, parts: Arc<Parts>, ending: Arc<Ending>) -> Self {
        let (cell, first) = Cell::start(key, parts.options.cell(), parts.clock.now());
        let holds = GaugeShare::new(parts.metrics.holds_live.clone());
        let mut live = GaugeShare::new(parts.metrics.agendas_live.clone());
        live.set(1);
        Self {
            key,
            parts,
            cell,
            first,
            outlet: Outlet::Shut,
            history: HistoryId(0),
            attended: UtcMillis(0),
            senders: HashMap::new(),
            tickets: 0,
            looks: Vec::new(),
            timer: None,
            holds,
            _live: live,
            ending,
            retirers: Vec::new(),
        }
    }

    fn now(&self) -> UtcMillis {
        self.parts.clock.now()
    }

    fn carry_out(&mut self, effects: Vec<Effect>, ctx: &mut Context<Self>) {
        self.holds
            .set(self.cell.agenda().map_or(0, |agenda| agenda.holds.len()));
        for effect in effects {
            match effect {
                Effect::Load => self.load(ctx),
                Effect::Opened { history } => {
                    self.history = history;
                    self.look_all(ctx);
                }
                Effect::LookBack => self.look_back(ctx),
                Effect::Attended { base, mut replay, here } => {
                    if let Outlet::Opening(since) = std::mem::replace(&mut self.outlet, Outlet::Shut) {
                        replay.extend(since);
                    }
                    self.outlet = Outlet::Open(Feed::open(self.key, self.history, base, replay, here));
                    self.look_all(ctx);
                }
                Effect::NotAttended => self.shut_for(ReadError::Unavailable),
                Effect::Append(commit) => {
                    let before = self.cell.agenda().map(|agenda| (agenda, self.cell.people()));
                    let append = self.parts.append(commit, before).into_actor(self);
                    ctx.spawn(append.map(|result, actor, ctx| {
                        let effects = actor.cell.on_append_result(result, actor.now());
                        actor.carry_out(effects, ctx);
                    }));
                }
                Effect::Reply {
                    ticket,
                    command,
                    outcome,
                } => self.reply(ticket, command, *outcome),
                Effect::Publish(publications) => self.publish(publications),
                Effect::SetTimer(at) => self.set_timer(at, ctx),
                Effect::Checkpoint(checkpoint) => {
                    let state = StreamState::Agenda(Box::new(checkpoint.agenda));
                    let stream = StreamKey::Agenda(self.key);
                    self.parts.put_checkpoint(stream, state, checkpoint.people);
                }
                Effect::Notice(notice) => self.parts.count(notice),
                Effect::End(why) => self.end(why, ctx),
            }
        }
        self.holds
            .set(self.cell.agenda().map_or(0, |agenda| agenda.holds.len()));
    }

    fn load(&mut self, ctx: &mut Context<Self>) {
        // Dropping the feed sends its subscribers to subscribe again.
        self.outlet = Outlet::Shut;
        let load = self.parts.load(self.key).into_actor(self);
        ctx.spawn(load.map(|loaded, actor, ctx| {
            let effects = actor.cell.on_loaded(loaded, actor.now());
            actor.carry_out(effects, ctx);
        }));
    }

    fn look_back(&mut self, ctx: &mut Context<Self>) {
        self.outlet = Outlet::Opening(Vec::new());
        let look = self.parts.look_back(self.key).into_actor(self);
        ctx.spawn(look.map(|loaded, actor, ctx| {
            let effects = actor.cell.on_looked_back(loaded);
            actor.carry_out(effects, ctx);
        }));
    }

    fn reply(&mut self, ticket: Option<Ticket>, command: &'static str, outcome: Result<Accepted, ExecuteError>) {
        self.parts.count_outcome(command, &outcome, ticket.is_some());
        if let Some(sender) = ticket.and_then(|ticket| self.senders.remove(&ticket)) {
            // The asker may have gone; the command stands all the same.
            drop(sender.send(outcome));
        }
    }

    fn publish(&mut self, publications: Vec<Publication>) {
        match &mut self.outlet {
            Outlet::Shut => {}
            Outlet::Opening(since) if since.len() + publications.len() > OPENING_PUBLICATIONS_MAX => {
                self.cell.leave_alone();
                self.shut_for(ReadError::Busy);
            }
            Outlet::Opening(since) => since.extend(publications),
            Outlet::Open(feed) => {
                let (staff, board) = feed.publish(publications);
                let deltas = &self.parts.metrics.feed_deltas;
                deltas.with_label_values(&["staff"]).inc_by(staff);
                deltas.with_label_values(&["board"]).inc_by(board);
            }
        }
    }

    /// Nobody can attend now, and who wanted to is told why.
    fn shut_for(&mut self, error: ReadError) {
        self.outlet = Outlet::Shut;
        for look in std::mem::take(&mut self.looks) {
            refuse(look, error);
        }
    }

    fn set_timer(&mut self, at: UtcMillis, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        let wait = at.0.saturating_sub(self.now().0);
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
        self.timer = Some(ctx.run_later(wait, |actor, ctx| {
            let effects = actor.cell.on_timer(actor.now());
            actor.carry_out(effects, ctx);
        }));
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        let now = self.now();
        let effects = self.cell.on_timer(now);
        self.carry_out(effects, ctx);
        let listened = matches!(&self.outlet, Outlet::Open(feed) if feed.sinks() > 0);
        if listened {
            self.attended = now;
        } else if matches!(&self.outlet, Outlet::Open(_))
            && now.0.abs_diff(self.attended.0) >= ATTENDED_MILLISECONDS.unsigned_abs()
        {
            self.outlet = Outlet::Shut;
            self.cell.leave_alone();
        }
        let idle = self.cell.idle_since().filter(|_| !listened);
        if idle.is_some_and(|since| now >= since.plus_seconds(self.parts.options.idle_seconds)) {
            let effects = self.cell.retire(now);
            self.carry_out(effects, ctx);
        }
    }

    fn end(&mut self, why: Ended, ctx: &mut Context<Self>) {
        match why {
            Ended::Retired => self.ending.orderly(),
            Ended::NotLoaded => self.ending.not_loaded(self.now()),
            Ended::Fenced => {
                tracing::warn!(agenda = %self.key.agenda, "a newer writer serves this agenda");
                self.ending.orderly();
            }
        }
        self.shut_for(ReadError::Unavailable);
        ctx.stop();
    }

    fn look_all(&mut self, ctx: &mut Context<Self>) {
        for look in std::mem::take(&mut self.looks) {
            self.look(look, ctx);
        }
    }

    /// Lets the look wait for a load.
    fn wait(&mut self, look: Look) {
        if self.ending.is_over() || self.looks.len() >= self.parts.options.mailbox_messages_max {
            refuse(look, ReadError::Busy);
        } else {
            self.looks.push(look);
        }
    }

    fn look(&mut self, look: Look, ctx: &mut Context<Self>) {
        let now = self.now();
        self.cell.used(now);
        let attends = matches!(look, Look::Subscribe(_) | Look::Read(Read { named: true, .. }));
        if attends {
            self.attended = now;
            if !matches!(self.outlet, Outlet::Open(_)) {
                self.wait(look);
                let effects = self.cell.attend();
                self.carry_out(effects, ctx);
                return;
            }
        }
        let Some(agenda) = self.cell.agenda() else {
            return self.wait(look);
        };
        let mut feed = match &mut self.outlet {
            Outlet::Open(feed) => Some(feed),
            Outlet::Shut | Outlet::Opening(_) => None,
        };
        let joining = match (&look, &mut feed) {
            (Look::Subscribe(wish), Some(feed)) => {
                Some(feed.join(wish.id, wish.audience, wish.position, wish.sink.clone()))
            }
            (Look::Read(_) | Look::Subscribe(_), _) => None,
        };
        // What nobody was told of may have been visible to either audience.
        let told = |audience| feed.as_ref().map_or(agenda.seq, |feed| feed.position(audience));
        let read = AgendaRead {
            agenda,
            people: People(self.cell.people()),
            history: self.history,
            staff_seq: told(Audience::Staff),
            board_seq: told(Audience::Board),
            now,
        };
        match (look, joining) {
            (Look::Read(Read { answer, .. }), _) => answer(Ok(read)),
            (Look::Subscribe(wish), Some(joining)) => (wish.answer)(Ok((joining, read))),
            (Look::Subscribe(wish), None) => (wish.answer)(Err(ReadError::Internal)),
        }
    }
}

fn refuse(look: Look, error: ReadError) {
    match look {
        Look::Read(Read { answer, .. }) => answer(Err(error)),
        Look::Subscribe(wish) => (wish.answer)(Err(error)),
    }
}

impl Drop for AgendaActor {
    fn drop(&mut self) {
        // Before the fields go: whoever waits for an answer must find a new incarnation when told that there is none.
        self.ending.dropped();
    }
}

impl Actor for AgendaActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let first = std::mem::take(&mut self.first);
        self.carry_out(first, ctx);
        let period = Duration::from_millis(self.parts.options.tick_milliseconds.max(1));
        ctx.run_interval(period, Self::tick);
    }
}

impl Handler<Execute> for AgendaActor {
    type Result = ();
    fn handle(&mut self, Execute { order, reply }: Execute, ctx: &mut Self::Context) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.senders.insert(ticket, reply);
        let effects = self.cell.on_order(ticket, order, self.now());
        self.carry_out(effects, ctx);
    }
}

impl Handler<Read> for AgendaActor {
    type Result = ();
    fn handle(&mut self, read: Read, ctx: &mut Self::Context) {
        self.look(Look::Read(read), ctx);
    }
}

impl Handler<Subscribe> for AgendaActor {
    type Result = ();
    fn handle(&mut self, subscribe: Subscribe, ctx: &mut Self::Context) {
        self.look(Look::Subscribe(subscribe), ctx);
    }
}

impl Handler<Unsubscribe> for AgendaActor {
    type Result = ();
    fn handle(&mut self, Unsubscribe(id): Unsubscribe, _: &mut Self::Context) {
        if let Outlet::Open(feed) = &mut self.outlet {
            feed.leave(id);
        }
        self.looks
            .retain(|look| !matches!(look, Look::Subscribe(wish) if wish.id == id));
    }
}

impl Handler<Retire> for AgendaActor {
    type Result = ();
    fn handle(&mut self, Retire(done): Retire, ctx: &mut Self::Context) {
        self.retirers.push(done);
        let effects = self.cell.retire(self.now());
        self.carry_out(effects, ctx);
    }
}

impl Parts {
    fn count(&self, notice: Notice) {
        let metrics = &self.metrics;
        match notice {
            Notice::PanicCaught => metrics.panics_caught.inc(),
            Notice::Violation(id) => metrics.invariant_violations.with_label_values(&[id]).inc(),
            Notice::OutcomeUnknown => metrics.outcomes_unknown.inc(),
            Notice::QueueFull => metrics.mailbox_full.inc(),
        }
    }

    fn count_outcome(&self, command: &'static str, outcome: &Result<Accepted, ExecuteError>, asked: bool) {
        match outcome {
            Ok(accepted) if !accepted.repeated => self.metrics.commands_accepted.with_label_values(&[command]).inc(),
            // The cell's own orders may come late; that is nobody's refusal.
            Err(ExecuteError::Refused(refusal)) if asked => {
                self.metrics.refusals.with_label_values(&[refusal.code()]).inc()
            }
            Ok(_)
            | Err(
                ExecuteError::Refused(_)
                | ExecuteError::Busy
                | ExecuteError::StorageFull
                | ExecuteError::Unknown
                | ExecuteError::NoSuchAgenda
                | ExecuteError::Internal,
            ) => {}
        }
    }
}
