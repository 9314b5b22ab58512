//! One process with the real actors on a paused runtime, for stories that are told step by step.

use crate::clock::SimClock;
use crate::intent::secret;
use crate::practice::{AGENDAS, opening, personal, staff_order};
use crate::store::StoreSetup;
use crate::wait;
use cabinet_actors::agendas::{Agendas, AgendasOptions};
use cabinet_actors::clock::Clock as _;
use cabinet_actors::metrics::Metrics;
use cabinet_actors::order::Order;
use cabinet_domain::Command;
use cabinet_domain::agenda::Agenda;
use cabinet_domain::command::{Allowances, Principal};
use cabinet_domain::ids::{AgendaKey, BlobId, BookingId, CommandId, HoldId, PatientId, TypeId};
use cabinet_domain::time::{CivilDate, UtcMillis, UtcMinute};
use cabinet_storage::disk::simulated::SimDisk;
use cabinet_storage::faulty::{FaultPlan, FaultyJournal};
use std::sync::Arc;

/// The agenda of these stories.
pub(crate) const KEY: AgendaKey = AGENDAS[0];
/// How long holds last here.
pub(crate) const HOLD_SECONDS: u32 = 300;

/// Monday 11 May 2026, 08:00 in Paris.
fn morning() -> UtcMillis {
    let date = CivilDate::new(2026, 5, 11).unwrap();
    UtcMinute(i64::from(date.0) * 1_440 + 360).millis()
}

/// The quarter of an hour with this number after 09:00 of the next day in Paris.
pub(crate) fn quarter(number: i64) -> UtcMinute {
    morning().minute().plus(1_440 + 60 + 15 * number)
}

/// A process.
pub(crate) struct Room {
    pub(crate) agendas: Agendas,
    pub(crate) faulty: Arc<FaultyJournal>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) disk: SimDisk,
}

/// Runs a story on a paused runtime of its own.
pub(crate) fn story<F: Future<Output = ()>>(tell: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    actix_rt::System::with_tokio_rt(|| runtime).block_on(tell());
}

impl Room {
    /// A new practice, open for business.
    pub(crate) async fn opened(mailbox_messages_max: usize, waiting_orders_max: usize) -> Self {
        let room = Self::on(
            SimDisk::new(),
            SimClock::new(morning()),
            0,
            (mailbox_messages_max, waiting_orders_max),
        );
        for order in opening(KEY, HOLD_SECONDS) {
            room.agendas.execute(order).await.unwrap();
        }
        room
    }

    /// A process on this disk.
    pub(crate) fn on(disk: SimDisk, clock: Arc<SimClock>, boot: u64, (mailbox, waiting): (usize, usize)) -> Self {
        let setup = StoreSetup {
            seed: 1,
            second_witness: false,
        };
        let store = setup.open(&disk, &clock, boot).unwrap();
        let faulty = Arc::new(FaultyJournal::new(store.journal.clone(), FaultPlan::default()));
        let options = AgendasOptions {
            agenda_threads: 0,
            mailbox_messages_max: mailbox,
            waiting_orders_max: waiting,
            tick_milliseconds: 1_000,
            ..AgendasOptions::default()
        };
        let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
        let exists = Arc::new(|key| key == KEY);
        Self {
            agendas: Agendas::start(options, store.streams(faulty.clone()), clock.clone(), metrics, exists),
            faulty,
            clock,
            disk,
        }
    }

    /// Time passes, for actors and clocks alike.
    pub(crate) async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            wait::millis(1_000).await;
            self.clock.pass(1_000);
        }
    }

    /// The durable state.
    pub(crate) async fn agenda(&self) -> Agenda {
        self.agendas.read(KEY, |read| read.agenda.clone()).await.unwrap()
    }

    pub(crate) fn now(&self) -> UtcMillis {
        self.clock.now()
    }
}

/// Patient `n` asks to hold a start.
pub(crate) fn hold(n: u128, kind: TypeId, start: UtcMinute) -> Order {
    let command = Command::HoldSlot {
        hold: HoldId(n),
        kind,
        start,
        owner: secret(n),
    };
    Order {
        principal: Principal::Bearer(secret(n)),
        ..staff_order(KEY, CommandId(n), command)
    }
}

/// Patient `n` confirms that hold.
pub(crate) fn confirm(n: u128) -> Order {
    let command = Command::ConfirmHold {
        hold: HoldId(n),
        owner: secret(n),
        booking: BookingId(n),
        patient: PatientId(n),
        details: BlobId(n),
        notice_version: 1,
        manage: secret(n),
    };
    Order {
        principal: Principal::Bearer(secret(n)),
        personal: vec![personal(PatientId(n), BlobId(n))],
        ..staff_order(KEY, CommandId(n + (1 << 64)), command)
    }
}

/// Staff book for patient `n`.
pub(crate) fn book(n: u128, kind: TypeId, start: UtcMinute) -> Order {
    let command = Command::BookDirectly {
        booking: BookingId(n),
        kind,
        start,
        patient: PatientId(n),
        details: BlobId(n),
        allow: Allowances::default(),
    };
    Order {
        personal: vec![personal(PatientId(n), BlobId(n))],
        ..staff_order(KEY, CommandId(n), command)
    }
}
