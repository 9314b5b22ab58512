//! What is known to be durable, seen from between the agendas and their storage: every acknowledged commit, and those whose
//! outcome is not known. Whatever storage loads later is held against it.

use crate::coverage::Coverage;
use crate::failure::{Failure, Outcome, ensure, hold};
use crate::ledger::Done;
use cabinet_actors::order::Order;
use cabinet_domain::Event;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::Principal;
use cabinet_domain::event::Recorded;
use cabinet_domain::ids::{AgendaKey, BlobId, BookingId, CommandId, HistoryId, Seq};
use cabinet_domain::invariants::{Invariant, Violation, check, check_commit, check_replay};
use cabinet_domain::stream::{StreamEvent, StreamKey, StreamState};
use cabinet_domain::time::Span;
use cabinet_storage::{
    AppendError, Appended, BoxFuture, Commit, Loaded, Opened, PersonRecord, StoreError, StreamStore,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

type Events = Vec<Recorded<Event>>;

/// One agenda's part.
struct Line {
    /// Everything acknowledged or shown.
    events: Events,
    /// What it makes.
    state: Agenda,
    /// When each booking is, by the events' own words, with nothing of the product's apply.
    said: BTreeMap<BookingId, Span>,
    /// Commits that may or may not be there.
    doubts: Vec<Events>,
    /// Sequence of each accepted command's last event.
    accepted: BTreeMap<(Principal, CommandId), Seq>,
    /// The process has ended since the last load: what is not there then will never be.
    restarted: bool,
}

/// See the head of this file.
pub(crate) struct Truth {
    lines: BTreeMap<AgendaKey, Line>,
    /// What was reached.
    pub(crate) coverage: Coverage,
    /// The first thing that was wrong, seen where nobody could be told.
    pub(crate) failure: Option<Failure>,
    /// Loads that storage refused, with its words.
    pub(crate) load_errors: Vec<String>,
    /// Commits acknowledged.
    pub(crate) commits: u64,
}

impl Line {
    fn new(key: AgendaKey) -> Self {
        Self {
            events: Vec::new(),
            state: Agenda::new(key),
            said: BTreeMap::new(),
            doubts: Vec::new(),
            accepted: BTreeMap::new(),
            restarted: false,
        }
    }

    /// These are there.
    fn add(&mut self, events: Events, coverage: &mut Coverage) -> Outcome {
        hold(check_commit(&self.state, &events))?;
        for recorded in &events {
            self.state.apply(recorded);
            take_down(&mut self.said, &recorded.event);
            coverage.event(&recorded.event);
            let command = (recorded.principal, recorded.command_id);
            if recorded.last_of_command && recorded.principal != Principal::System {
                let former = self.accepted.insert(command, recorded.seq);
                ensure(former.is_none(), Invariant::OncePerCommandId, || {
                    format!("{} took effect at {former:?} and {}", recorded.command_id, recorded.seq)
                })?;
            }
        }
        self.events.extend(events);
        let next = self.state.seq + 1;
        self.doubts
            .retain(|doubt| doubt.first().is_some_and(|event| event.seq == next));
        hold(check(&self.state))?;
        let found: BTreeMap<BookingId, Span> = self
            .state
            .bookings
            .values()
            .map(|booking| (booking.id, booking.span))
            .collect();
        ensure(found == self.said, Invariant::ReplayEqualsState, || {
            format!("the events say {:?}, the state has {found:?}", self.said)
        })?;
        apart(&self.state)
    }

    fn with(&self, doubt: &Events) -> Agenda {
        let mut state = self.state.clone();
        for recorded in doubt {
            state.apply(recorded);
        }
        state
    }

    /// Which of the doubtful commits a state shows; none if it shows exactly what was known.
    fn shown(&self, agenda: &Agenda) -> Outcome<Option<usize>> {
        if *agenda == self.state {
            return Ok(None);
        }
        if let Some(found) = self.doubts.iter().position(|doubt| self.with(doubt) == *agenda) {
            return Ok(Some(found));
        }
        let known = self.state.seq;
        ensure(agenda.seq >= known, Invariant::AcknowledgedIsThere, || {
            format!("{known} events were acknowledged, {} are there", agenda.seq)
        })?;
        let inside = |doubt: &Events| {
            let last = doubt.last().map_or(0, |event| event.seq);
            known < agenda.seq && agenda.seq < last
        };
        ensure(!self.doubts.iter().any(inside), Invariant::WholeCommands, || {
            format!("a part of a commit is there: up to {}", agenda.seq)
        })?;
        Err(Violation::ReplayDiffers(agenda.key, agenda.seq).into())
    }
}

/// What an event says of the times of bookings.
fn take_down(said: &mut BTreeMap<BookingId, Span>, event: &Event) {
    match event {
        Event::SlotBooked { booking, .. } => drop(said.insert(booking.id, booking.span)),
        Event::BookingMoved { booking, span, .. } => drop(said.insert(*booking, *span)),
        Event::BookingCancelled { booking, .. } => drop(said.remove(booking)),
        Event::ProfileSet(_)
        | Event::TypeSet(_)
        | Event::TypeRetired(_)
        | Event::HoursOpened(_)
        | Event::HoursChanged(_)
        | Event::HoursClosed(_)
        | Event::ExceptionOpened(_)
        | Event::ExceptionClosed(_)
        | Event::AbsenceAdded(_)
        | Event::AbsenceRemoved(_)
        | Event::SlotHeld(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::SeriesJoined { .. }
        | Event::BookingMarked { .. }
        | Event::DelayAnnounced { .. } => {}
        Event::WaitingJoined(_)
        | Event::WaitingLeft { .. }
        | Event::WaitingPrioritised { .. }
        | Event::SlotOffered { .. } => {}
    }
}

/// I1 once more, with nothing of the product's own arithmetic.
fn apart(agenda: &Agenda) -> Outcome {
    let mut all: Vec<_> = agenda.bookings.values().collect();
    all.sort_unstable_by_key(|booking| booking.occupied.from.0);
    for (index, one) in all.iter().enumerate() {
        let after = all.iter().skip(index + 1);
        for other in after.take_while(|other| other.occupied.from.0 < one.occupied.until.0) {
            let deliberate = one.overbooks.contains(&other.id) || other.overbooks.contains(&one.id);
            ensure(deliberate, Invariant::NoOverlap, || {
                format!("{:?} and {:?} share a minute", one.id, other.id)
            })?;
        }
    }
    Ok(())
}

impl Truth {
    /// Nothing has happened in these agendas.
    pub(crate) fn new(agendas: &[AgendaKey]) -> Self {
        Self {
            lines: agendas.iter().map(|key| (*key, Line::new(*key))).collect(),
            coverage: Coverage::default(),
            failure: None,
            load_errors: Vec::new(),
            commits: 0,
        }
    }

    /// The durable state, as far as is known.
    #[must_use]
    pub(crate) fn state(&self, key: AgendaKey) -> Option<&Agenda> {
        self.lines.get(&key).map(|line| &line.state)
    }

    /// Where the order's command stands, if it was accepted.
    #[must_use]
    pub(crate) fn accepted(&self, order: &Order) -> Option<Seq> {
        let line = self.lines.get(&order.agenda)?;
        line.accepted.get(&(order.principal, order.command_id)).copied()
    }

    /// Whether the order's command has taken effect.
    #[must_use]
    pub(crate) fn knows(&self, order: &Order) -> bool {
        self.accepted(order).is_some()
    }

    /// Whether it has, or is in a commit of unknown outcome.
    #[must_use]
    pub(crate) fn may_know(&self, order: &Order) -> bool {
        let doubted = |line: &Line| {
            let mut events = line.doubts.iter().flatten();
            events.any(|event| event.principal == order.principal && event.command_id == order.command_id)
        };
        self.knows(order) || self.lines.get(&order.agenda).is_some_and(doubted)
    }

    /// The process has ended.
    pub(crate) fn restarted(&mut self) {
        for line in self.lines.values_mut() {
            line.restarted = true;
        }
    }

    /// Holds a state that was loaded against what is known, and takes over what it shows.
    fn loaded(&mut self, agenda: &Agenda) -> Outcome {
        let Some(line) = self.lines.get_mut(&agenda.key) else {
            return Err(Violation::OfAnother(agenda.key).into());
        };
        if let Some(found) = line.shown(agenda)? {
            let events = line.doubts.swap_remove(found);
            line.add(events, &mut self.coverage)?;
        }
        if std::mem::take(&mut line.restarted) {
            line.doubts.clear();
        }
        Ok(())
    }

    /// Holds the state of an image of the disk against what is known. Answers what was done in the agenda as it shows, and how
    /// much of that was acknowledged.
    ///
    /// # Errors
    /// What is missing, half there or different.
    pub(crate) fn done(&self, agenda: &Agenda) -> Outcome<(Vec<Done>, usize)> {
        let Some(line) = self.lines.get(&agenda.key) else {
            return Ok((Vec::new(), 0));
        };
        let mut done: Vec<Done> = line.events.iter().filter_map(Done::by).collect();
        let acknowledged = done.len();
        let doubt = line.shown(agenda)?.and_then(|doubt| line.doubts.get(doubt));
        done.extend(doubt.into_iter().flatten().filter_map(Done::by));
        Ok((done, acknowledged))
    }

    /// Whether a state is a part of what was known or doubted, from the beginning on, cut between commits.
    ///
    /// # Errors
    /// I10: something else is there.
    pub(crate) fn judge_prefix(&self, agenda: &Agenda) -> Outcome {
        let Some(line) = self.lines.get(&agenda.key) else {
            return Ok(());
        };
        if agenda.seq > line.state.seq {
            return line
                .shown(agenda)
                .map(|_| ())
                .map_err(|failure| Failure::new(Invariant::NeverWrong, failure.to_string()));
        }
        let part = usize::try_from(agenda.seq).unwrap_or(usize::MAX);
        let events = line.events.iter().take(part);
        hold(check_replay(agenda, events)).map_err(|failure| Failure::new(Invariant::NeverWrong, failure.to_string()))
    }

    fn note(&mut self, outcome: Outcome) {
        if let Err(failure) = outcome {
            self.failure.get_or_insert(failure);
        }
    }

    fn sent(&mut self, key: AgendaKey, events: Events) {
        if let Some(line) = self.lines.get_mut(&key) {
            line.doubts.push(events);
        }
    }

    fn outcome(&mut self, key: AgendaKey, events: &Events, result: &Result<Appended, AppendError>) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        let forget = |line: &mut Line| {
            if let Some(at) = line.doubts.iter().position(|doubt| doubt == events) {
                line.doubts.swap_remove(at);
            }
        };
        match result {
            Ok(_) => {
                forget(line);
                self.commits += 1;
                let added = line.add(events.clone(), &mut self.coverage);
                self.note(added);
            }
            Err(AppendError::Unknown) => {}
            Err(
                AppendError::Conflict { .. }
                | AppendError::CheckFailed
                | AppendError::Fenced { .. }
                | AppendError::TooLarge
                | AppendError::StorageFull
                | AppendError::NotSealed
                | AppendError::Busy,
            ) => forget(line),
        }
    }
}

/// A store of streams that tells the truth of what passes through it.
pub(crate) struct Watched {
    inner: Arc<dyn StreamStore>,
    truth: Arc<Mutex<Truth>>,
}

impl Watched {
    /// Around `inner`.
    pub(crate) fn new(inner: Arc<dyn StreamStore>, truth: Arc<Mutex<Truth>>) -> Self {
        Self { inner, truth }
    }
}

fn agenda_events(commit: &Commit) -> Events {
    let one = |recorded: &Recorded<StreamEvent>| match &recorded.event {
        StreamEvent::Agenda(event) => Some(recorded.with(event.clone())),
        StreamEvent::Practice(_) => None,
    };
    commit.events.iter().filter_map(one).collect()
}

impl StreamStore for Watched {
    fn load(&self, stream: StreamKey) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        self.inner.load(stream)
    }

    fn look(&self, stream: StreamKey) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        self.inner.look(stream)
    }

    fn open(&self, stream: StreamKey) -> BoxFuture<'_, Result<Opened, StoreError>> {
        Box::pin(async move {
            let loaded = self.inner.open(stream).await;
            let mut truth = self.truth.lock();
            match &loaded {
                Ok(loaded) => {
                    if let StreamState::Agenda(agenda) = &loaded.state {
                        let judged = truth.loaded(agenda);
                        truth.note(judged);
                    }
                }
                Err(error) => truth.load_errors.push(error.to_string()),
            }
            loaded
        })
    }

    fn append(&self, commit: Commit) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let StreamKey::Agenda(key) = commit.stream else {
                return self.inner.append(commit).await;
            };
            let events = agenda_events(&commit);
            self.truth.lock().sent(key, events.clone());
            let result = self.inner.append(commit).await;
            self.truth.lock().outcome(key, &events, &result);
            result
        })
    }

    fn put_checkpoint(
        &self,
        stream: StreamKey,
        state: StreamState,
        people: BTreeMap<BlobId, PersonRecord>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.put_checkpoint(stream, state, people)
    }

    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamKey>, StoreError>> {
        self.inner.streams()
    }

    fn history(&self) -> HistoryId {
        self.inner.history()
    }
}
