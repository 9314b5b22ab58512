//! The session actor: one per socket of staff.
//!
//! The actor is polled only while the connection's write buffer has room; whoever stops reading is found by the reaper
//! from outside. Must not be here: parsing (`frames`), rules, what is shown (`view`).

use super::frames::{Rate, read, refused};
use super::presence::{Notice, Tell};
use super::socket::{self, Arrival, Received, Socket};
use super::topics::{Asked, Topic};
use crate::edge::EdgeState;
use crate::edge::guard::staff::StaffOf;
use crate::edge::listen::{Connection, ConnectionHandle, FrameLimits, ProgressWatch};
use crate::edge::problem::{EdgeCode, Failure};
use crate::edge::routes::people::{admit, named};
use crate::edge::routes::staff::order;
use actix::prelude::*;
use actix_web::http::header::{ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use actix_web::web::{Data, Payload};
use actix_web::{Error, HttpRequest, HttpResponse};
use cabinet_domain::ids::AgendaKey;
use cabinet_proto::v1::close::CloseCode;
use cabinet_proto::v1::http::StaffCommand;
use cabinet_proto::v1::session::{ClientFrame, ServerFrame};
use cabinet_proto::v1::{
    CLIENT_FRAME_BYTES_MAX, PING_PERIOD_SECONDS, PONG_DEADLINE_SECONDS, SESSION_PROTOCOL, TICKET_PREFIX, VERSION,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Messages that wait for one session; wakes and notices, never deltas themselves.
const MAILBOX_MESSAGES_MAX: usize = 128;
/// Commands and joins under way at once for one session.
const UNDER_WAY_MAX: usize = 64;
/// Sockets of one sign-in.
const SESSIONS_PER_SIGN_IN_MAX: usize = 20;
/// How often a session looks whether its sign-in still stands.
const SIGN_IN_CHECK: Duration = Duration::from_secs(60);
/// A closed socket whose peer does not read is ended after this.
const LINGER: Duration = Duration::from_secs(5);

/// The ticket that a handshake names beside the protocol: there it is in no address, so in nobody's log.
fn ticket(request: &HttpRequest) -> Option<String> {
    let named = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    let named = named.filter_map(|value| value.to_str().ok());
    let mut names = named.flat_map(|value| value.split(',')).map(str::trim);
    let ticket = names.find_map(|name| name.strip_prefix(TICKET_PREFIX))?;
    Some(ticket.to_owned())
}

/// Opens a session: signed in, from an allowed page, with a ticket. Browsers always name the page; whoever does not is refused.
pub(super) async fn open(
    state: Data<EdgeState>,
    staff: StaffOf,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    if !request.headers().contains_key(ORIGIN) || !state.origins.permits(&request) {
        return Err(Failure::from(EdgeCode::ForbiddenOrigin).into());
    }
    if state.presence.sessions_of(&staff.id()) >= SESSIONS_PER_SIGN_IN_MAX {
        return Err(Failure::from(EdgeCode::TooManySockets).into());
    }
    let ticket = ticket(&request).ok_or(Failure::from(EdgeCode::TicketGone))?;
    if !state.access.use_ticket(&ticket, staff.id()) {
        return Err(Failure::from(EdgeCode::TicketGone).into());
    }
    let bytes = u64::try_from(CLIENT_FRAME_BYTES_MAX).unwrap_or(u64::MAX);
    let limits = FrameLimits {
        frame_bytes_max: bytes,
        message_bytes_max: bytes,
    };
    let connection = request.conn_data::<Connection>().map(Connection::handle);
    socket::open(&request, payload, (limits, &[SESSION_PROTOCOL]), |socket| Session {
        watch: connection.as_ref().and_then(ConnectionHandle::watch),
        connection,
        socket,
        id: 0,
        state: EdgeState::clone(&state),
        alerts_told: state.anomalies.version(staff.practice.id),
        staff,
        topics: BTreeMap::new(),
        under_way: 0,
        joins: VecDeque::new(),
        joining: false,
        rate: Rate::new(Instant::now()),
        pinged: None,
    })
}

pub(super) struct Session {
    pub(super) id: u64,
    pub(super) state: EdgeState,
    pub(super) staff: StaffOf,
    pub(super) topics: BTreeMap<AgendaKey, Topic>,
    pub(super) under_way: usize,
    /// Joins that wait for the one under way.
    pub(super) joins: VecDeque<Asked>,
    pub(super) joining: bool,
    rate: Rate,
    /// Which state of the practice's alerts was told.
    pub(super) alerts_told: u64,
    pinged: Option<Instant>,
    pub(super) socket: Socket,
    connection: Option<ConnectionHandle>,
    watch: Option<Arc<ProgressWatch>>,
}

pub(super) type Context = socket::Context<Session>;

/// Something waits in the outbox of this topic.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Woken(pub(super) AgendaKey);

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Noticed(pub(super) Notice);

impl Actor for Session {
    type Context = Context;

    fn started(&mut self, ctx: &mut Context) {
        ctx.set_mailbox_capacity(MAILBOX_MESSAGES_MAX);
        let address = ctx.address();
        let connection = self.connection.clone();
        let tell: Tell = Arc::new(move |notice| {
            // A full mailbox: presence is looked at every second; a sign-out is not left to chance.
            let sent = address.try_send(Noticed(notice)).is_ok();
            if !sent
                && notice == Notice::SignedOut
                && let Some(connection) = &connection
            {
                connection.end_within(Duration::ZERO);
            }
        });
        self.id = self.state.presence.open(self.staff.id(), tell);
        self.state.metrics.sessions.inc();
        let changes = self.state.directory.changes();
        self.watch_rights(ctx, changes);
        ctx.run_interval(Duration::from_secs(1), |session, ctx| session.tick(ctx));
        ctx.run_interval(Duration::from_secs(PING_PERIOD_SECONDS), |session, ctx| {
            session.ping(ctx)
        });
        ctx.run_interval(SIGN_IN_CHECK, |session, ctx| session.check_sign_in(ctx));
        send(
            ctx,
            &ServerFrame::Welcome {
                version: VERSION,
                now_ms: self.state.clock.now().0,
                staff: self.staff.name(),
            },
        );
    }

    fn stopped(&mut self, _: &mut Context) {
        for (key, topic) in std::mem::take(&mut self.topics) {
            self.forget(key, &topic);
        }
        self.state.presence.close(self.id);
        self.state.metrics.sessions.dec();
        if let Some(connection) = &self.connection {
            connection.end_within(LINGER);
        }
    }
}

/// Says a frame; answers its length in bytes.
pub(super) fn send(ctx: &mut Context, frame: &ServerFrame) -> usize {
    // Every frame is plain data with string keys: writing it cannot fail.
    let Ok(text) = frame.to_json() else {
        return 0;
    };
    let bytes = text.len();
    ctx.text(text);
    bytes
}

impl Session {
    pub(super) fn end(&mut self, ctx: &mut Context, code: CloseCode) {
        if self.socket.end(ctx, code) {
            let closes = &self.state.metrics.session_closes;
            closes.with_label_values(&[code.reason()]).inc();
        }
    }

    fn tick(&mut self, ctx: &mut Context) {
        if let Some(watch) = &self.watch {
            watch.alive();
        }
        let deadline = Duration::from_secs(PONG_DEADLINE_SECONDS);
        if self.pinged.is_some_and(|at| at.elapsed() >= deadline) {
            self.end(ctx, CloseCode::NoPong);
            return;
        }
        // What ends by the clock: replacements, grants, broken glass.
        if !self.review(ctx) {
            return;
        }
        self.tell_alerts(ctx);
        let keys: Vec<AgendaKey> = self.topics.keys().copied().collect();
        for key in keys {
            self.flush(ctx, key);
            self.tell_presence(ctx, key);
        }
    }

    fn ping(&mut self, ctx: &mut Context) {
        ctx.ping(b"");
        self.pinged.get_or_insert_with(Instant::now);
        if let Some(watch) = &self.watch {
            watch.ping_sent();
        }
    }

    fn check_sign_in(&mut self, ctx: &mut Context) {
        let Some(id) = self.state.presence.sign_in_of(self.id) else {
            self.end(ctx, CloseCode::SignedOut);
            return;
        };
        let access = self.state.access.clone();
        let look = async move { access.session_by_id(id).await };
        ctx.spawn(look.into_actor(self).map(|outcome, session, ctx| {
            // A store that cannot be read ends nobody's session.
            if matches!(outcome, Ok(None)) {
                session.end(ctx, CloseCode::SignedOut);
            }
        }));
    }

    fn text(&mut self, ctx: &mut Context, text: &[u8]) {
        if !self.rate.admit(Instant::now()) {
            self.end(ctx, CloseCode::TooManyFrames);
            return;
        }
        match read(text) {
            Ok(frame) => {
                self.count("understood");
                if self.review(ctx) {
                    self.frame(ctx, frame);
                }
            }
            Err(answer) => {
                self.count("refused");
                send(ctx, &answer);
            }
        }
    }

    fn count(&self, outcome: &str) {
        self.state.metrics.session_frames.with_label_values(&[outcome]).inc();
    }

    fn frame(&mut self, ctx: &mut Context, frame: ClientFrame) {
        let (reference, done) = match frame {
            ClientFrame::Join {
                r#ref,
                topic,
                history,
                seq,
                from_ms,
                until_ms,
            } => (
                r#ref,
                self.join(ctx, r#ref, &topic, (history, seq), (from_ms, until_ms)),
            ),
            ClientFrame::Leave { r#ref, topic } => (r#ref, self.leave(ctx, r#ref, &topic)),
            ClientFrame::Command {
                r#ref,
                topic,
                command_id,
                command,
            } => (r#ref, self.command(ctx, r#ref, &topic, &command_id, &command)),
            ClientFrame::Presence { r#ref, topic } => (r#ref, self.presence(ctx, r#ref, &topic)),
        };
        if let Err(failure) = done {
            send(ctx, &refused(Some(reference), &failure));
        }
    }

    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        if self.under_way >= UNDER_WAY_MAX {
            return Err(EdgeCode::Busy.into());
        }
        self.under_way += 1;
        Ok(())
    }

    fn command(
        &mut self,
        ctx: &mut Context,
        reference: u32,
        topic: &str,
        command_id: &str,
        command: &StaffCommand,
    ) -> Result<(), Failure> {
        let permit = self.permit_command(topic, command)?;
        let now = self.state.clock.now();
        let order = order(&permit, (&self.staff, now), command_id)?;
        let (asker, patient) = named(&self.staff, now, permit.command())?;
        self.begin()?;
        let state = self.state.clone();
        let executing = async move {
            admit(&state, asker, patient).await?;
            Ok::<_, Failure>(state.agendas.execute(order).await?)
        };
        ctx.spawn(executing.into_actor(self).map(move |outcome, session, ctx| {
            session.under_way = session.under_way.saturating_sub(1);
            let frame = match outcome {
                Ok(accepted) => ServerFrame::Accepted {
                    r#ref: reference,
                    seq: accepted.seq,
                },
                Err(failure) => refused(Some(reference), &failure),
            };
            send(ctx, &frame);
        }));
        Ok(())
    }

    fn binary(&mut self, ctx: &mut Context) {
        if !self.rate.admit(Instant::now()) {
            self.end(ctx, CloseCode::TooManyFrames);
            return;
        }
        self.count("refused");
        let failure = Failure::from(EdgeCode::Malformed).detail("text frames only");
        send(ctx, &refused(None, &failure));
    }
}

impl Handler<Woken> for Session {
    type Result = ();
    fn handle(&mut self, message: Woken, ctx: &mut Context) {
        if self.review(ctx) {
            self.flush(ctx, message.0);
        }
    }
}

impl Handler<Noticed> for Session {
    type Result = ();
    fn handle(&mut self, message: Noticed, ctx: &mut Context) {
        match message.0 {
            Notice::Presence(key) => self.tell_presence(ctx, key),
            Notice::SignedOut => self.end(ctx, CloseCode::SignedOut),
        }
    }
}

impl StreamHandler<Arrival> for Session {
    fn handle(&mut self, arrival: Arrival, ctx: &mut Context) {
        match self.socket.receive(arrival) {
            Received::Text(text) => self.text(ctx, &text),
            Received::Binary(_) => self.binary(ctx),
            Received::Ping(payload) => ctx.pong(&payload),
            Received::Pong => {
                self.pinged = None;
                if let Some(watch) = &self.watch {
                    watch.pong_received();
                }
            }
            Received::End(code) => self.end(ctx, code),
            Received::Nothing => {}
        }
    }

    fn finished(&mut self, ctx: &mut Context) {
        match self.socket.finished() {
            Some(code) => self.end(ctx, code),
            None => ctx.stop(),
        }
    }
}
