//! Patients who book and cancel at an even pace for as long as they are wanted: each holds a slot of its own, confirms it,
//! cancels the booking, and begins again. A lost or busy answer is followed by the same command under the same id, as the
//! protocol says, so that a restart of the server costs time and nothing else.

use crate::bookings::Own;
use crate::client::{draw, fresh};
use crate::http::Connection;
use anyhow::Context as _;
use cabinet_proto::v1::http::{Accepted, CancelRequest, ConfirmAnswer, ConfirmRequest, HoldAnswer, HoldRequest};
use cabinet_proto::v1::model::Person;
use cabinet_proto::v1::problem::Problem;
use serde::Serialize;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_LONGEST: Duration = Duration::from_secs(2);

/// What a patient asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Act {
    /// Hold the slot: boards see it go, staff see the hold.
    Hold,
    /// Confirm the hold: staff see a booking; boards see no change.
    Confirm,
    /// Cancel the booking: boards see the slot come, staff see the booking go.
    Cancel,
}

/// One command that was accepted.
#[derive(Debug, Clone)]
pub struct Done {
    /// Whose agenda, counted from 0.
    pub agenda: usize,
    /// What.
    pub act: Act,
    /// Id of the hold, or of the booking.
    pub thing: String,
    /// The slot's type.
    pub kind: String,
    /// The slot's start.
    pub start_ms: i64,
    /// The clock just before the command was sent for the first time.
    pub sent: Instant,
    /// The clock when its answer had been read.
    pub answered: Instant,
}

/// What all patients did.
#[derive(Debug, Default)]
pub struct Log {
    /// Accepted commands, in the order of their answers.
    pub done: Vec<Done>,
    /// Commands that were sent again, because no answer came or "busy" did.
    pub repeated: u64,
    /// Moments at which a command was due and every patient still waited for an answer.
    pub late: u64,
    /// Refusals by code. None is expected.
    pub refused: BTreeMap<String, u64>,
}

/// The patients.
pub struct Patients {
    log: Rc<RefCell<Log>>,
    leave: watch::Sender<bool>,
    pacer: JoinHandle<()>,
}

impl Patients {
    /// Sends patients, one for each of `owns`, to `host`; together they ask `per_second` times a second. Call it inside a
    /// `LocalSet`.
    #[must_use]
    pub fn send(host: &str, owns: Vec<Own>, per_second: u32) -> Self {
        let log = Rc::new(RefCell::new(Log::default()));
        let hands = owns.into_iter().map(|own| Hand {
            host: host.to_owned(),
            own,
            connection: None,
            state: State::Free,
            log: Rc::clone(&log),
        });
        let (leave, leaving) = watch::channel(false);
        let period = Duration::from_secs(1) / per_second.max(1);
        let pacer = tokio::task::spawn_local(pace(hands.collect(), period, leaving, Rc::clone(&log)));
        Self { log, leave, pacer }
    }

    /// How many commands have been accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.log.borrow().done.len()
    }

    /// Ends: waits until the last command is answered; gives the log.
    ///
    /// # Errors
    /// When a patient panicked.
    pub async fn leave(self) -> anyhow::Result<Log> {
        self.leave.send_replace(true);
        self.pacer.await?;
        Ok(self.log.take())
    }
}

async fn pace(mut idle: VecDeque<Hand>, period: Duration, mut leaving: watch::Receiver<bool>, log: Rc<RefCell<Log>>) {
    let all = idle.len();
    let (come_back, mut back) = mpsc::channel(all.max(1));
    let mut ticks = tokio::time::interval(period);
    // A command that this client could not send in time, because it had no processor, is sent as soon as it can be.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = leaving.changed() => break,
        }
        while let Ok(hand) = back.try_recv() {
            idle.push_back(hand);
        }
        let Some(mut hand) = idle.pop_front() else {
            log.borrow_mut().late += 1;
            continue;
        };
        let come_back = come_back.clone();
        tokio::task::spawn_local(async move {
            hand.act().await;
            // Nobody waits for a hand any more only when everything is over.
            drop(come_back.send(hand).await);
        });
    }
    while idle.len() < all {
        match back.recv().await {
            Some(hand) => idle.push_back(hand),
            None => return,
        }
    }
}

enum State {
    Free,
    Held { hold: String, token: String },
    Booked { booking: String, manage: String },
}

struct Hand {
    host: String,
    own: Own,
    connection: Option<Connection>,
    state: State,
    log: Rc<RefCell<Log>>,
}

impl Hand {
    /// The next command of this patient, until it has an answer.
    async fn act(&mut self) {
        let sent = Instant::now();
        let (act, outcome) = match std::mem::replace(&mut self.state, State::Free) {
            State::Free => (Act::Hold, self.hold().await),
            State::Held { hold, token } => (Act::Confirm, self.confirm(&hold, token).await),
            State::Booked { booking, manage } => (Act::Cancel, self.cancel(booking, manage).await),
        };
        let mut log = self.log.borrow_mut();
        match outcome {
            Ok((thing, next)) => {
                log.done.push(Done {
                    agenda: self.own.practitioner,
                    act,
                    thing,
                    kind: self.own.kind.clone(),
                    start_ms: self.own.start_ms,
                    sent,
                    answered: Instant::now(),
                });
                self.state = next;
            }
            Err(code) => *log.refused.entry(format!("{act:?}: {code}")).or_default() += 1,
        }
    }

    async fn hold(&mut self) -> Result<(String, State), String> {
        let token = fresh();
        let request = HoldRequest {
            command_id: fresh(),
            kind: self.own.kind.clone(),
            start_ms: self.own.start_ms,
            token: token.clone(),
        };
        let held: HoldAnswer = self.until_answered("/holds", &request).await?;
        let hold = held.hold;
        Ok((hold.clone(), State::Held { hold, token }))
    }

    async fn confirm(&mut self, hold: &str, token: String) -> Result<(String, State), String> {
        let manage = fresh();
        let request = ConfirmRequest {
            command_id: fresh(),
            token,
            person: Person {
                given_name: "Essai".to_owned(),
                family_name: "Charge".to_owned(),
                email: Some("essai@courriel.example".to_owned()),
                phone: None,
            },
            notice_version: self.own.notice_version,
            manage: manage.clone(),
            locale: None,
        };
        let path = format!("/holds/{hold}/confirm");
        let booked: ConfirmAnswer = self.until_answered(&path, &request).await?;
        let booking = booked.booking;
        Ok((booking.clone(), State::Booked { booking, manage }))
    }

    async fn cancel(&mut self, booking: String, manage: String) -> Result<(String, State), String> {
        let request = CancelRequest {
            command_id: fresh(),
            manage,
        };
        let path = format!("/bookings/{booking}/cancel");
        let _: Accepted = self.until_answered(&path, &request).await?;
        Ok((booking, State::Free))
    }

    /// Asks again and again, with the same command id, until there is an answer that is none of "busy" or "unknown"; a
    /// refusal is given by its code.
    async fn until_answered<T: serde::de::DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, String> {
        let mut pause = PAUSE_FIRST;
        loop {
            match self.ask(path, body).await {
                Ok(Asked::Accepted(answer)) => return Ok(answer),
                Ok(Asked::Refused(code)) => return Err(code),
                Ok(Asked::Later) => {}
                Err(_) => self.connection = None,
            }
            self.log.borrow_mut().repeated += 1;
            tokio::time::sleep(jitter(pause)).await;
            pause = (pause * 2).min(PAUSE_LONGEST);
        }
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<Asked<T>> {
        if self.connection.is_none() {
            self.connection = Some(Connection::open(&self.host).await?);
        }
        let connection = self.connection.as_mut().context("no connection")?;
        let answer = connection.post(&format!("{}{path}", self.own.base), body).await?;
        Ok(match answer.status {
            200..300 => Asked::Accepted(answer.json()?),
            503 => Asked::Later,
            status => {
                let problem = serde_json::from_slice::<Problem>(answer.body);
                Asked::Refused(problem.map_or_else(|_| status.to_string(), |problem| problem.code))
            }
        })
    }
}

enum Asked<T> {
    Accepted(T),
    Refused(String),
    Later,
}

/// Anything up to `most`: full jitter, as browsers do it.
#[must_use]
pub fn jitter(most: Duration) -> Duration {
    let share = u32::try_from(draw() >> 32).unwrap_or(u32::MAX);
    most.mul_f64(f64::from(share) / f64::from(u32::MAX))
}
