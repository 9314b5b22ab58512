//! A cell with everything a shell would keep for it, played by hand.

use crate::agenda::cell::*;
use crate::agenda::feed::Feed;
use crate::fixtures::*;
use cabinet_domain::decide::decide;
use cabinet_domain::stream::StreamKey;
use cabinet_storage::Commit;

pub(super) const STREAM: StreamKey = StreamKey::Agenda(KEY);

pub(super) type Outcome = Result<Accepted, ExecuteError>;

/// A cell, its shell's bookkeeping, and a store.
pub(super) struct Bench {
    pub(super) cell: Cell,
    pub(super) store: Arc<TestStore>,
    pub(super) now: UtcMillis,
    pub(super) tickets: u64,
    /// The append under way.
    pub(super) append: Option<Commit>,
    pub(super) batches: Vec<usize>,
    pub(super) replies: Vec<(Option<u64>, Outcome)>,
    pub(super) published: usize,
    pub(super) timer: Option<UtcMillis>,
    pub(super) checkpoints: Vec<Checkpoint>,
    pub(super) notices: Vec<Notice>,
    pub(super) feed: Option<Feed>,
    pub(super) history: cabinet_domain::ids::HistoryId,
    pub(super) loading: bool,
    pub(super) ended: Option<Ended>,
}

pub(super) fn options() -> CellOptions {
    CellOptions {
        waiting_orders_max: 8,
        checkpoint_events: 20,
        decide,
    }
}

impl Bench {
    pub(super) fn new(store: Arc<TestStore>, options: CellOptions) -> Self {
        let (cell, effects) = Cell::start(KEY, options, monday());
        let mut bench = Self {
            cell,
            store,
            now: monday(),
            tickets: 0,
            append: None,
            batches: Vec::new(),
            replies: Vec::new(),
            published: 0,
            timer: None,
            checkpoints: Vec::new(),
            notices: Vec::new(),
            feed: None,
            history: cabinet_domain::ids::HistoryId(0),
            loading: false,
            ended: None,
        };
        bench.take(effects);
        bench
    }

    /// Loaded, open for business, nothing recorded yet.
    pub(super) fn opened() -> Self {
        let mut bench = Self::new(TestStore::new(), options());
        bench.load();
        for order in opening() {
            bench.order(order);
            bench.finish();
        }
        bench.forget();
        bench
    }

    pub(super) fn forget(&mut self) {
        self.batches.clear();
        self.replies.clear();
        self.notices.clear();
        self.published = 0;
    }

    pub(super) fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Load => {
                    self.loading = true;
                    self.feed = None;
                }
                Effect::Opened { history } => {
                    self.history = history;
                    let effects = self.cell.attend();
                    self.take(effects);
                }
                Effect::LookBack => {
                    let effects = self.cell.on_looked_back(Some(self.store.look_now(STREAM)));
                    self.take(effects);
                }
                Effect::Attended { base, replay, here } => {
                    self.feed = Some(Feed::open(KEY, self.history, base, replay, here));
                }
                Effect::NotAttended => self.feed = None,
                Effect::Append(commit) => {
                    assert!(self.append.is_none(), "one append in flight");
                    self.batches
                        .push(commit.events.iter().filter(|event| event.last_of_command).count());
                    self.append = Some(commit);
                }
                Effect::Reply { ticket, outcome, .. } => {
                    self.replies.push((ticket.map(|ticket| ticket.0), *outcome));
                }
                Effect::Publish(publications) => {
                    self.published += publications.len();
                    self.feed.as_mut().unwrap().publish(publications);
                }
                Effect::SetTimer(at) => self.timer = Some(at),
                Effect::Checkpoint(checkpoint) => self.checkpoints.push(*checkpoint),
                Effect::Notice(notice) => self.notices.push(notice),
                Effect::End(why) => self.ended = Some(why),
            }
        }
    }

    pub(super) fn order(&mut self, order: Order) -> u64 {
        self.tickets += 1;
        let effects = self.cell.on_order(Ticket(self.tickets), Arc::new(order), self.now);
        self.take(effects);
        self.tickets
    }

    pub(super) fn load(&mut self) {
        assert!(std::mem::take(&mut self.loading), "asked to load");
        let effects = self.cell.on_loaded(Some(self.store.open_now(STREAM)), self.now);
        self.take(effects);
    }

    /// Lets the append under way come to its fate.
    pub(super) fn append(&mut self) {
        let commit = self.append.take().expect("an append is under way");
        let effects = self.cell.on_append_result(self.store.append_now(commit), self.now);
        self.take(effects);
    }

    pub(super) fn finish(&mut self) {
        while self.append.is_some() {
            self.append();
        }
    }

    pub(super) fn timer(&mut self) {
        self.timer = None;
        let effects = self.cell.on_timer(self.now);
        self.take(effects);
    }

    pub(super) fn pass(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
    }

    pub(super) fn reply(&self, ticket: u64) -> Option<&Outcome> {
        let mut found = self.replies.iter().filter(|(to, _)| *to == Some(ticket));
        let reply = found.next().map(|(_, outcome)| outcome);
        assert!(found.next().is_none(), "one reply per order");
        reply
    }

    pub(super) fn agenda(&self) -> &Agenda {
        self.cell.agenda().unwrap()
    }
}

pub(super) fn refused(outcome: Option<&Outcome>, expected: &Refusal) -> bool {
    matches!(outcome, Some(Err(ExecuteError::Refused(refusal))) if refusal == expected)
}

pub(super) fn accepted_first(outcome: Option<&Outcome>) -> bool {
    matches!(outcome, Some(Ok(accepted)) if !accepted.repeated)
}
