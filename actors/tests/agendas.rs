//! The actors as the server uses them: through `Agendas`, `Directory` and `Access`, on a real actix system.

#[path = "agendas/directory_and_access.rs"]
mod directory_and_access;
#[path = "agendas/fixtures.rs"]
mod fixtures;
#[path = "agendas/lives.rs"]
mod lives;
#[path = "agendas/races.rs"]
mod races;
#[path = "agendas/topics.rs"]
mod topics;

// The fixtures serve the crate's own tests as well.
use cabinet_actors::order;

use cabinet_actors::agendas::{Agendas, AgendasOptions};
use cabinet_actors::clock::Clock;
use cabinet_actors::metrics::Metrics;
use cabinet_actors::order::{Accepted, ExecuteError, Order};
use cabinet_domain::agenda::Agenda;
use cabinet_domain::ids::AgendaKey;
use cabinet_domain::time::UtcMillis;
use fixtures::*;
use std::sync::Arc;
use std::time::Duration;

/// The clock of these tests.
struct Hand(Arc<HandClock>);

impl Clock for Hand {
    fn now(&self) -> UtcMillis {
        self.0.now()
    }
}

/// A process with agendas.
struct Room {
    agendas: Agendas,
    store: Arc<TestStore>,
    clock: Arc<HandClock>,
    metrics: Arc<Metrics>,
}

fn quick() -> AgendasOptions {
    AgendasOptions {
        tick_milliseconds: 5,
        checkpoint_events: 20,
        ..AgendasOptions::default()
    }
}

fn knows(key: AgendaKey) -> bool {
    key.practice == KEY.practice
}

impl Room {
    fn over(store: Arc<TestStore>, clock: Arc<HandClock>, options: AgendasOptions) -> Self {
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
    async fn opened(options: AgendasOptions) -> Self {
        let room = Self::over(TestStore::new(), HandClock::new(), options);
        for order in opening() {
            room.execute(order).await.unwrap();
        }
        room
    }

    async fn execute(&self, order: Order) -> Result<Accepted, ExecuteError> {
        self.agendas.execute(order).await
    }

    async fn agenda(&self) -> Agenda {
        self.agendas.read(KEY, |read| read.agenda.clone()).await.unwrap()
    }
}

/// Waits until the condition holds; fails after ten seconds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(1));
    let found = tokio::time::timeout(Duration::from_secs(10), async {
        while !holds() {
            look.tick().await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("never happened: {what}"));
}
