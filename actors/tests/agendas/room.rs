//! One process of a test: agendas over a store in memory, under a clock set by hand.

use crate::fixtures::*;
use cabinet_actors::agendas::{Agendas, AgendasOptions};
use cabinet_actors::clock::Clock;
use cabinet_actors::metrics::Metrics;
use cabinet_actors::order::{Accepted, ExecuteError, Order};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::ids::AgendaKey;
use cabinet_domain::time::UtcMillis;
use std::sync::Arc;
use std::time::Duration;

/// The clock of these tests.
pub(crate) struct Hand(pub(crate) Arc<HandClock>);

impl Clock for Hand {
    fn now(&self) -> UtcMillis {
        self.0.now()
    }
}

/// A process with agendas.
pub(crate) struct Room {
    pub(crate) agendas: Agendas,
    pub(crate) store: Arc<TestStore>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) metrics: Arc<Metrics>,
}

pub(crate) fn quick() -> AgendasOptions {
    AgendasOptions {
        tick_milliseconds: 5,
        checkpoint_events: 20,
        ..AgendasOptions::default()
    }
}

pub(crate) fn knows(key: AgendaKey) -> bool {
    key.practice == KEY.practice
}

impl Room {
    pub(crate) fn over(store: Arc<TestStore>, clock: Arc<HandClock>, options: AgendasOptions) -> Self {
        let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
        let agendas = Agendas::start(
            options,
            store.clone(),
            Arc::new(Hand(clock.clone())),
            metrics.clone(),
            Arc::new(knows),
        );
        Self {
            agendas,
            store,
            clock,
            metrics,
        }
    }

    /// A process with a fresh store and an agenda open for business.
    pub(crate) async fn opened(options: AgendasOptions) -> Self {
        let room = Self::over(TestStore::new(), HandClock::new(), options);
        for order in opening() {
            room.execute(order).await.unwrap();
        }
        room
    }

    pub(crate) async fn execute(&self, order: Order) -> Result<Accepted, ExecuteError> {
        self.agendas.execute(order).await
    }

    pub(crate) async fn agenda(&self) -> Agenda {
        self.agendas.read(KEY, |read| read.agenda.clone()).await.unwrap()
    }
}

/// Waits until the condition holds; fails after ten seconds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(1));
    let found = tokio::time::timeout(Duration::from_secs(10), async {
        while !holds() {
            look.tick().await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("never happened: {what}"));
}
