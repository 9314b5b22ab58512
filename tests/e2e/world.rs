//! A server on a free port with a store in memory, a clock that tests move, and a small practice.

use crate::mails::{Postman, post_office};
use crate::wiring::{draws, log, open, patients, tell_through, visits, watch};
use cabinet::edge::documents::Library;
use cabinet::edge::limits::{self, PerMinute};
use cabinet::edge::listen::AllowedOrigins;
use cabinet::edge::ws::Presence;
use cabinet::edge::{EdgeMetrics, EdgeState};
use cabinet_actors::access::{Access, Lifetime};
use cabinet_actors::accounts::{Accounts, AccountsOptions, Cost, Door};
use cabinet_actors::agendas::{Agendas, AgendasOptions};
use cabinet_actors::anomaly::AnomalySupervisor;
use cabinet_actors::audit::Audit;
use cabinet_actors::clock::Clock;
use cabinet_actors::directory::{Directory, DirectoryError};
use cabinet_actors::feeds::Feeds;
use cabinet_actors::mail::{Envelope, MailSupervisor, Outbox};
use cabinet_actors::membership::Membership;
use cabinet_actors::metrics::Metrics;
use cabinet_actors::operators::Operators;
use cabinet_actors::order::Order;
use cabinet_domain::audit::{Actor, LeafOrigin};
use cabinet_domain::command::{Command, Principal};
use cabinet_domain::ids::{AgendaId, AgendaKey, CommandId, PlaceId, PracticeId, RuleId, StaffId, TypeId};
use cabinet_domain::practice::{Notice, Place, PracticeEvent, PracticeFace, Practitioner, Staff};
use cabinet_domain::schedule::*;
use cabinet_domain::time::{CivilDate, UtcMillis, Weekday, Zone};
use cabinet_storage::Storage;
use prometheus::Registry;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// Sunday 22 November 2026, noon UTC.
pub(crate) const START_MS: i64 = 1_795_348_800_000;
/// Monday 23 November 2026, 09:00 in Paris.
pub(crate) const MONDAY_MS: i64 = START_MS + 20 * 3_600_000;
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const AGENDA: AgendaKey = AgendaKey {
    practice: PracticeId(1),
    agenda: AgendaId(10),
};
/// Of another practice.
pub(crate) const FOREIGN: AgendaKey = AgendaKey {
    practice: PracticeId(2),
    agenda: AgendaId(20),
};
pub(crate) const KIND: TypeId = TypeId(30);
pub(crate) const PAGE: &str = "/api/v1/public/cabinet-essai/claire-morel";

pub(crate) struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct World {
    pub(crate) base: String,
    operators_base: String,
    /// Whether requests go to the operators' listener.
    at_operators: AtomicBool,
    pub(crate) operators: Operators,
    pub(crate) access: Access,
    pub(crate) agendas: Agendas,
    pub(crate) directory: Directory,
    pub(crate) clock: Arc<ManualClock>,
    http: reqwest::Client,
    drawn: AtomicU64,
    pub(crate) audit: Audit,
    pub(crate) anomalies: AnomalySupervisor,
    pub(crate) accounts: Accounts,
    pub(crate) mails: MailSupervisor,
    pub(crate) postman: Arc<Postman>,
    pub(crate) storage: Storage,
}

/// An answer: status and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let kind = headers
            .get("content-type")
            .map(|kind| kind.to_str().unwrap().to_owned());
        let text = response.text().await.unwrap();
        Self {
            status,
            kind: kind.unwrap_or_default(),
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    /// Fails unless it is this problem, in the shape of all problems.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        assert_eq!(self.kind, "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("urn:cabinet:problem:{code}"));
    }

    #[track_caller]
    pub(crate) fn fine(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(false).await
    }

    /// Where a link alone lets nobody in.
    pub(crate) async fn with_accounts() -> Self {
        Self::with(true).await
    }

    async fn with(accounts_required: bool) -> Self {
        Self::under(accounts_required, Library::default()).await
    }

    /// Where these documents are in force.
    pub(crate) async fn under(accounts_required: bool, documents: Library) -> Self {
        Self::made(accounts_required, documents, PerMinute::unbounded()).await
    }

    /// Where one network may ask for so much.
    pub(crate) async fn limited(limits: PerMinute) -> Self {
        Self::made(false, Library::default(), limits).await
    }

    async fn made(accounts_required: bool, documents: Library, limits: PerMinute) -> Self {
        let _already = rustls::crypto::ring::default_provider().install_default();
        let storage = Storage::memory(1).unwrap();
        let clock = Arc::new(ManualClock(AtomicI64::new(START_MS)));
        let shared: Arc<dyn Clock> = clock.clone();
        let registry = Registry::new();
        let directory = Directory::load(storage.streams(), shared.clone()).await.unwrap();
        let agendas = agendas(&storage, &directory, (&shared, &registry));
        let audit = log(&storage, &shared);
        let outbox = Outbox::new(shared.clone(), draws(1_000_000), Some("ops@example.org".to_owned()));
        tell_through(&outbox, (&directory, &agendas));
        let anomalies = watch(&storage, &audit, (&directory, &outbox), &shared);
        let (access, accounts, membership) = people(&storage, &directory, &shared, (&audit, &anomalies, &outbox));
        let postman = Arc::new(Postman::default());
        let looked_up = (&storage, &directory, (&accounts, &agendas), &audit, &anomalies);
        let visits = visits(&storage, (&agendas, &directory), (&outbox, &shared));
        let mails = post_office(outbox, looked_up, (&shared, &postman), documents.deadlines());
        let origins = AllowedOrigins::default();
        let state = EdgeState {
            agendas: agendas.clone(),
            directory: directory.clone(),
            access: access.clone(),
            accounts: accounts.clone(),
            accounts_required,
            sign_up_open: accounts_required,
            membership,
            visits,
            people: patients(&storage, &agendas, &shared),
            audit: audit.clone(),
            anomalies: anomalies.clone(),
            clock: shared,
            origins: origins.clone(),
            door: Door::Practices,
            secure: false,
            metrics: EdgeMetrics::new(&registry).unwrap(),
            presence: Presence::default(),
            slots: cabinet::edge::slot_answers::SlotAnswers::default(),
            ready: Arc::new(|| true),
            documents,
            feeds: Feeds::new(storage.records(), draws(4_000_000)),
            entropy: draws(5_000_000),
            limits: limits::Limits::new(limits),
        };
        let (operators, operators_base, base) = open(&registry, state, &mails);
        origins.add(base.clone());
        let world = Self {
            base,
            operators_base,
            at_operators: AtomicBool::new(false),
            operators,
            access,
            agendas,
            directory,
            clock,
            http: reqwest::Client::builder().build().unwrap(),
            drawn: AtomicU64::new(1),
            audit,
            anomalies,
            accounts,
            mails,
            postman,
            storage,
        };
        world.practice(AGENDA, "cabinet-essai", "claire-morel").await;
        world.practice(FOREIGN, "autre-cabinet", "paul-roux").await;
        world
    }

    /// Mails that were sent, newest first, once those that are due were.
    pub(crate) async fn mails(&self) -> Vec<Envelope> {
        self.mails.look().await;
        self.postman.page.mails()
    }

    async fn practice(&self, key: AgendaKey, slug: &str, practitioner: &str) {
        let events = practice_events(key, slug, practitioner);
        self.change(key.practice, events).await.unwrap();
        self.furnish(key).await;
    }

    /// Changes a practice.
    pub(crate) async fn change(&self, practice: PracticeId, events: Vec<PracticeEvent>) -> Result<(), DirectoryError> {
        let command_id = CommandId(self.draw().into());
        let changed = self.directory.change(practice, Principal::System, command_id, events);
        changed.await.map(|_| ())
    }

    /// Gives an agenda its settings, its type and its hours.
    pub(crate) async fn furnish(&self, key: AgendaKey) {
        for command in agenda_commands() {
            let order = Order {
                agenda: key,
                command,
                principal: Principal::Staff(StaffId(50)),
                command_id: CommandId(self.draw().into()),
                digest: [0; 16],
                personal: Vec::new(),
                origin: LeafOrigin::default(),
                locale: None,
            };
            self.agendas.execute(order).await.unwrap();
        }
    }

    pub(crate) fn draw(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::SeqCst)
    }

    /// A fresh id or secret in text.
    pub(crate) fn id(&self) -> String {
        format!("{:032x}", self.draw())
    }

    pub(crate) fn now(&self) -> UtcMillis {
        self.clock.now()
    }

    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    /// From now on, requests go to the operators' listener, or to everybody's.
    pub(crate) fn go_to_operators(&self, there: bool) {
        self.at_operators.store(there, Ordering::SeqCst);
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let base = if self.at_operators.load(Ordering::SeqCst) {
            &self.operators_base
        } else {
            &self.base
        };
        self.http.request(method, format!("{base}{path}"))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// The body that asks for a hold at `start_ms`.
    pub(crate) fn hold_request(&self, start_ms: i64) -> Value {
        json!({"command_id": self.id(), "kind": KIND.to_string(), "start_ms": start_ms, "token": self.id()})
    }

    /// Books at `start_ms`: the confirmation's answer and the manage secret.
    pub(crate) async fn book(&self, start_ms: i64) -> (Value, String) {
        let request = self.hold_request(start_ms);
        let hold = self.post(&format!("{PAGE}/holds"), &request).await.fine(201);
        let manage = self.id();
        let confirm = confirm_request(&self.id(), &request["token"], &manage);
        let path = format!("{PAGE}/holds/{}/confirm", hold["hold"].as_str().unwrap());
        (self.post(&path, &confirm).await.fine(201), manage)
    }

    /// Starts of the free slots now.
    pub(crate) async fn free(&self) -> Vec<i64> {
        let answer = self.get(&format!("{PAGE}/slots")).await.fine(200);
        let slots = answer["types"][0]["slots"].as_array().unwrap().clone();
        slots.iter().map(|slot| slot["start_ms"].as_i64().unwrap()).collect()
    }

    /// Signs in; the cookie to send.
    pub(crate) async fn sign_in(&self, practice: PracticeId, staff: u128) -> String {
        let link = self
            .access
            .issue_link(practice, StaffId(staff), by_server())
            .await
            .unwrap();
        let answer = self.post("/api/v1/staff/sign-in", &json!({ "link": link })).await;
        assert_eq!(answer.status, StatusCode::OK.as_u16(), "{}", answer.body);
        let cookie = answer.headers.get("set-cookie").unwrap().to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Has the watch look at all that happened.
    pub(crate) async fn look(&self) {
        self.anomalies.look(&self.accounts, &|_| {}).await;
    }

    /// The watch as a restart would make it.
    pub(crate) fn watch_anew(&self) -> AnomalySupervisor {
        let clock: Arc<dyn Clock> = self.clock.clone();
        watch(&self.storage, &self.audit, (&self.directory, &Outbox::closed()), &clock)
    }

    pub(crate) async fn staff_get(&self, cookie: &str, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header("cookie", cookie))
            .await
    }

    pub(crate) async fn staff_post(&self, cookie: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("cookie", cookie);
        self.send(request.header("x-cabinet", "1").json(body)).await
    }
}

pub(crate) fn confirm_request(command_id: &str, token: &Value, manage: &str) -> Value {
    json!({
        "command_id": command_id,
        "token": token,
        "person": {"given_name": "Léa", "family_name": "Petit", "email": "lea@example.org", "phone": null},
        "notice_version": 1,
        "manage": manage,
    })
}

/// Whoever makes links at the console.
pub(crate) fn by_server() -> (Actor, LeafOrigin) {
    (Actor::Server, LeafOrigin::default())
}

fn agendas(storage: &Storage, directory: &Directory, (clock, registry): (&Arc<dyn Clock>, &Registry)) -> Agendas {
    let known = directory.clone();
    Agendas::start(
        AgendasOptions::default(),
        storage.streams(),
        clock.clone(),
        Metrics::new(registry).unwrap(),
        Arc::new(move |key| known.agenda_exists(key)),
    )
}

/// Links, accounts and members over a store in memory; passwords cost next to nothing.
fn people(
    storage: &Storage,
    directory: &Directory,
    clock: &Arc<dyn Clock>,
    (audit, anomalies, outbox): (&Audit, &AnomalySupervisor, &Outbox),
) -> (Access, Accounts, Membership) {
    let entropy = draws(1);
    let (records, lifetime) = (storage.records(), Lifetime::default());
    let access = Access::new(records.clone(), clock.clone(), entropy.clone(), lifetime);
    let cost = Cost {
        memory_kib: 64,
        passes: 1,
    };
    let accounts = Accounts::new(
        records,
        access.clone(),
        directory.clone(),
        clock.clone(),
        entropy.clone(),
        (
            audit.clone(),
            anomalies.clone(),
            outbox.clone(),
            AccountsOptions { cost, unused_days: 90 },
        ),
    );
    (
        access,
        accounts,
        Membership::new(directory.clone(), entropy, outbox.clone()),
    )
}

fn practice_events(key: AgendaKey, slug: &str, practitioner: &str) -> Vec<PracticeEvent> {
    vec![
        PracticeEvent::FaceSet(PracticeFace {
            name: "Cabinet d'essai".to_owned(),
            slug: slug.to_owned(),
            phone: "+33100000000".to_owned(),
            email: "cabinet@example.org".to_owned(),
            legal: "EI".to_owned(),
        }),
        PracticeEvent::PlaceSet(Place {
            id: PlaceId(40),
            name: "Cabinet".to_owned(),
            address: "1 rue de la Gare".to_owned(),
            zone: Zone::paris(),
        }),
        PracticeEvent::PlaceSet(Place {
            id: PlaceId(41),
            name: "À domicile".to_owned(),
            address: String::new(),
            zone: Zone::paris(),
        }),
        PracticeEvent::PractitionerSet(Practitioner {
            agenda: key.agenda,
            slug: practitioner.to_owned(),
            name: "Claire Morel".to_owned(),
            profession: "Ostéopathe".to_owned(),
            colour: 0x00_33_66_99,
        }),
        PracticeEvent::StaffSet(Staff {
            id: StaffId(50),
            name: "Anne".to_owned(),
        }),
        PracticeEvent::StaffSet(Staff {
            id: StaffId(51),
            name: "Bruno".to_owned(),
        }),
        PracticeEvent::NoticePublished(Notice {
            version: 1,
            french: "Vos données".to_owned(),
            english: "Your data".to_owned(),
        }),
    ]
}

fn agenda_commands() -> [Command; 3] {
    let profile = Profile {
        zone: Zone::paris(),
        granularity_minutes: 30,
        hold_ttl_seconds: 300,
        holidays: HolidayRegion::Metropole,
        open_on_holidays: false,
        week_a_monday: CivilDate::new(2026, 11, 23).unwrap(),
    };
    let kind = AppointmentType {
        id: KIND,
        name: "Consultation".to_owned(),
        duration_minutes: 30,
        buffer_before_minutes: 0,
        buffer_after_minutes: 0,
        colour: 0x00_11_22_33,
        online: true,
        minimum_notice_minutes: 60,
        booking_window_days: 84,
        cancellation_cutoff_minutes: 60,
        daily_cap: None,
        opens: Opens::Rolling,
    };
    let rule = OpeningRule {
        id: RuleId(60),
        weekday: Weekday::Monday,
        from_minute_of_day: 9 * 60,
        until_minute_of_day: 12 * 60,
        types: TypeSelection::All,
        place: PlaceId(40),
        weeks: WeekCycle::Every,
        valid_from: CivilDate::new(2026, 1, 1).unwrap(),
        valid_until: None,
        release: Release::Always,
    };
    [
        Command::SetProfile(profile),
        Command::SetType(kind),
        Command::OpenHours(rule),
    ]
}
