//! A session's topics: joining part by part, resuming, flushing what waits, presence.
//!
//! Must not be here: the socket library (`session` alone names it), commands.

use super::frames::refused;
use super::outbox::Outbox;
use super::presence::Tell;
use super::session::{Context, Noticed, Session, Woken, send};
use crate::edge::problem::{EdgeCode, Failure};
use crate::edge::routes::staff::{note_viewing, viewing};
use crate::edge::view;
use actix::prelude::*;
use cabinet_actors::agenda::feed::SubscriptionId;
use cabinet_actors::audit::Viewing;
use cabinet_actors::delta::{Delta, StaffDelta, TopicPosition};
use cabinet_actors::read::{AgendaRead, Joined};
use cabinet_domain::audience::{Audience, Sight};
use cabinet_domain::ids::{AgendaKey, Seq};
use cabinet_domain::time::{Span, UtcMillis, UtcMinute};
use cabinet_proto::v1::SESSION_TOPICS_MAX;
use cabinet_proto::v1::convert::changes::staff_changes;
use cabinet_proto::v1::convert::inward;
use cabinet_proto::v1::model::{StaffPart, StaffView};
use cabinet_proto::v1::session::ServerFrame;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of deltas that a session says in one turn of its actor; those of one topic more may follow.
const SAID_BYTES_MAX: usize = 32 * 1024;
/// How long what is left waits.
const SAID_PAUSE: Duration = Duration::from_millis(5);

/// A topic that the session has joined or is joining.
pub(super) struct Topic {
    outbox: Arc<Outbox>,
    /// What is told of it is made for this sight.
    sight: Sight,
    /// What the audit log has been told.
    viewing: Option<Viewing>,
    /// None while the join is under way.
    subscription: Option<SubscriptionId>,
    /// What the view still lacks; deltas wait in the outbox meanwhile, so that they and the parts go out in order.
    lacks: Option<Span>,
    presence_told: u64,
}

impl Topic {
    pub(super) const fn sight(&self) -> Sight {
        self.sight
    }
}

type JoinOutcome = Result<(SubscriptionId, Joined<StaffView>), Failure>;

/// What a join asks for.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) reference: u32,
    pub(super) key: AgendaKey,
    pub(super) sight: Sight,
    position: Option<TopicPosition>,
    covers: Span,
}

impl Session {
    pub(super) fn forget(&self, key: AgendaKey, topic: &Topic) {
        self.let_go(key, topic);
        self.state.presence.leave(key, self.id);
    }

    /// Ends what a topic holds outside this session.
    fn let_go(&self, key: AgendaKey, topic: &Topic) {
        if let Some(subscription) = topic.subscription {
            self.state.agendas.unsubscribe(key, subscription);
        }
        if let Some(viewing) = &topic.viewing {
            self.state.audit.close(viewing);
        }
    }

    pub(super) fn join(
        &mut self,
        ctx: &mut Context,
        reference: u32,
        topic: &str,
        (history, seq): (Option<String>, Option<u64>),
        (from_ms, until_ms): (i64, i64),
    ) -> Result<(), Failure> {
        let permit = self.permit(topic)?;
        let (key, sight) = (permit.key(), permit.sight());
        let covers = inward::view_span(from_ms, until_ms)?;
        let history = history.map(|text| inward::id("history", &text)).transpose()?;
        let position = history.zip(seq).map(|(history, seq)| TopicPosition {
            history: sight.history(history),
            seq,
        });
        let known = self.topics.contains_key(&key);
        if !known && self.topics.len().saturating_add(self.joins.len()) >= SESSION_TOPICS_MAX {
            return Err(EdgeCode::TooManyTopics.into());
        }
        self.begin()?;
        self.joins.push_back(Asked {
            reference,
            key,
            sight,
            position,
            covers,
        });
        self.next_join(ctx);
        Ok(())
    }

    /// Joins go one after the other: of a reader that stops, at most one snapshot lies in memory.
    fn next_join(&mut self, ctx: &mut Context) {
        if !self.joining
            && let Some(asked) = self.joins.pop_front()
        {
            self.joining = true;
            self.subscribe(ctx, asked);
        }
    }

    fn join_ended(&mut self, ctx: &mut Context) {
        self.under_way = self.under_way.saturating_sub(1);
        self.joining = false;
        self.next_join(ctx);
    }

    fn subscribe(&mut self, ctx: &mut Context, asked: Asked) {
        let key = asked.key;
        let address = ctx.address();
        let wake = Box::new(move || match address.try_send(Woken(key)) {
            Ok(()) | Err(actix::dev::SendError::Full(_)) => true,
            Err(actix::dev::SendError::Closed(_)) => false,
        });
        let outbox = Arc::new(Outbox::new(wake, self.state.metrics.session_deltas_dropped.clone()));
        let topic = Topic {
            outbox: outbox.clone(),
            sight: asked.sight,
            viewing: None,
            subscription: None,
            lacks: None,
            presence_told: 0,
        };
        if let Some(former) = self.topics.insert(key, topic) {
            self.let_go(key, &former);
        }
        let (agendas, audit) = (self.state.agendas.clone(), self.state.audit.clone());
        let anomalies = self.state.anomalies.clone();
        let viewing = viewing(&self.staff, self.state.clock.now(), (key, asked.sight), asked.covers);
        let sink = outbox.clone();
        let subscribing = async move {
            let Asked { covers, sight, .. } = asked;
            // Noted before anything is read: what cannot be noted is not shown.
            if let Err(failure) = note_viewing(&audit, &anomalies, &viewing).await {
                return (None, Err(failure));
            }
            let render = move |read: AgendaRead<'_>| view::staff_view_begun(read, sight, covers);
            let joined = agendas.subscribe(key, Audience::Staff, asked.position, sink, render);
            (Some(viewing), joined.await.map_err(Failure::from))
        };
        ctx.spawn(subscribing.into_actor(self).map(move |outcome, session, ctx| {
            session.joined(ctx, asked, &outbox, outcome);
        }));
    }

    fn joined(
        &mut self,
        ctx: &mut Context,
        asked: Asked,
        outbox: &Arc<Outbox>,
        (viewing, outcome): (Option<Viewing>, JoinOutcome),
    ) {
        let Asked { reference, key, .. } = asked;
        self.review(ctx);
        match (self.current(key, outbox), viewing) {
            (Some(topic), viewing) => topic.viewing = viewing,
            (None, Some(viewing)) => self.state.audit.close(&viewing),
            (None, None) => {}
        }
        let (subscription, joined) = match (outcome, self.current(key, outbox)) {
            (Ok((subscription, joined)), Some(topic)) => {
                topic.subscription = Some(subscription);
                (subscription, joined)
            }
            (outcome, current) => {
                // Left or joined again meanwhile, or refused.
                let stale = current.is_none();
                let failure = match outcome {
                    Ok((subscription, _)) => {
                        self.state.agendas.unsubscribe(key, subscription);
                        EdgeCode::Busy.into()
                    }
                    Err(failure) => failure,
                };
                if !stale && let Some(topic) = self.topics.remove(&key) {
                    self.forget(key, &topic);
                }
                send(ctx, &refused(Some(reference), &failure));
                self.join_ended(ctx);
                return;
            }
        };
        let complete_until = match &joined {
            Joined::Snapshot { value, .. } => UtcMillis(value.complete_until_ms).minute(),
            Joined::Resumed { .. } => asked.covers.until,
        };
        if let Some(frames) = self.first_frames(asked, joined) {
            for frame in &frames {
                send(ctx, frame);
            }
            let tell = self.tell(ctx);
            self.state.presence.join(key, self.id, &self.staff.name(), tell);
            self.complete(ctx, asked, outbox, complete_until);
        } else {
            // What was missed holds something that deltas do not carry: from the whole state instead.
            self.state.agendas.unsubscribe(key, subscription);
            self.subscribe(
                ctx,
                Asked {
                    position: None,
                    ..asked
                },
            );
        }
    }

    /// Goes on with the next part of the view, or ends the join. Each part is read once the one before has been encoded,
    /// and this actor runs only while the connection's write buffer has room: a reader that stops is owed one part.
    fn complete(&mut self, ctx: &mut Context, asked: Asked, outbox: &Arc<Outbox>, complete_until: UtcMinute) {
        let key = asked.key;
        let rest = Span {
            from: complete_until,
            until: asked.covers.until,
        };
        let lacks = (rest.from < rest.until).then_some(rest);
        let Some(topic) = self.current(key, outbox) else {
            return self.join_ended(ctx);
        };
        topic.lacks = lacks;
        if lacks.is_none() {
            self.flush(ctx, key);
            self.tell_presence(ctx, key);
            return self.join_ended(ctx);
        }
        let (agendas, outbox) = (self.state.agendas.clone(), outbox.clone());
        let sight = asked.sight;
        let look = move |read: AgendaRead<'_>| (read.staff_seq, view::staff_part(read, sight, rest));
        let reading = async move { agendas.read_named(key, look).await };
        ctx.spawn(reading.into_actor(self).map(move |outcome, session, ctx| {
            session.part(ctx, asked, &outbox, outcome.ok());
        }));
    }

    fn part(&mut self, ctx: &mut Context, asked: Asked, outbox: &Arc<Outbox>, read: Option<(Seq, StaffPart)>) {
        let key = asked.key;
        self.review(ctx);
        if self.current(key, outbox).is_none() {
            return self.join_ended(ctx);
        }
        let Some((seq, part)) = read else {
            self.resync(ctx, key);
            return self.join_ended(ctx);
        };
        self.flush_until(ctx, key, seq);
        if self.current(key, outbox).is_some() {
            let complete_until = UtcMillis(part.complete_until_ms).minute();
            let topic = key.agenda.to_string();
            send(ctx, &ServerFrame::Part { topic, seq, part });
            self.complete(ctx, asked, outbox, complete_until);
        } else {
            self.join_ended(ctx);
        }
    }

    /// The topic, unless it has been left or joined again meanwhile.
    fn current(&mut self, key: AgendaKey, outbox: &Arc<Outbox>) -> Option<&mut Topic> {
        let topic = self.topics.get_mut(&key)?;
        Arc::ptr_eq(&topic.outbox, outbox).then_some(topic)
    }

    fn tell(&self, ctx: &mut Context) -> Tell {
        let address = ctx.address();
        Arc::new(move |notice| {
            // Full: the session looks by itself every second.
            let _looks_later = address.try_send(Noticed(notice));
        })
    }

    /// The answer to a join; none when it cannot be told by deltas.
    fn first_frames(&self, asked: Asked, joined: Joined<StaffView>) -> Option<Vec<ServerFrame>> {
        let now_ms = self.state.clock.now().0;
        let topic = asked.key.agenda.to_string();
        match joined {
            Joined::Snapshot { position, value } => Some(vec![ServerFrame::Snapshot {
                r#ref: asked.reference,
                topic,
                history: asked.sight.history(position.history).to_string(),
                seq: position.seq,
                now_ms,
                view: Box::new(value),
            }]),
            Joined::Resumed { position, deltas } => {
                let mut frames = vec![ServerFrame::Resumed {
                    r#ref: asked.reference,
                    topic,
                    history: asked.sight.history(position.history).to_string(),
                    seq: asked.position.map_or(position.seq, |asked| asked.seq),
                    now_ms,
                }];
                for delta in deltas {
                    let Delta::Staff(delta) = delta else { continue };
                    frames.push(delta_frame(&delta, asked.sight, now_ms)?);
                }
                Some(frames)
            }
        }
    }

    pub(super) fn leave(&mut self, ctx: &mut Context, reference: u32, topic: &str) -> Result<(), Failure> {
        let key = self.own_key(topic)?;
        if let Some(topic) = self.topics.remove(&key) {
            self.forget(key, &topic);
        }
        let (left, kept): (VecDeque<_>, VecDeque<_>) = self.joins.drain(..).partition(|asked| asked.key == key);
        self.joins = kept;
        for asked in left {
            self.under_way = self.under_way.saturating_sub(1);
            send(ctx, &refused(Some(asked.reference), &EdgeCode::Busy.into()));
        }
        send(ctx, &ServerFrame::Done { r#ref: reference });
        Ok(())
    }

    pub(super) fn presence(&mut self, ctx: &mut Context, reference: u32, topic: &str) -> Result<(), Failure> {
        let key = self.permit(topic)?.key();
        if !self.state.presence.look(key, self.id) {
            return Err(Failure::from(EdgeCode::NotFound).detail("join the topic first"));
        }
        send(ctx, &ServerFrame::Done { r#ref: reference });
        self.tell_presence(ctx, key);
        Ok(())
    }

    pub(super) fn tell_presence(&mut self, ctx: &mut Context, key: AgendaKey) {
        let Some(topic) = self.topics.get_mut(&key) else { return };
        let (version, staff) = self.state.presence.looking(key);
        if topic.presence_told != version {
            topic.presence_told = version;
            let topic = key.agenda.to_string();
            send(ctx, &ServerFrame::Present { topic, staff });
        }
    }

    /// Sends what waits for a topic, once its join has been answered in full.
    pub(super) fn flush(&mut self, ctx: &mut Context, key: AgendaKey) {
        if self.topics.get(&key).is_none_or(|topic| topic.lacks.is_some()) {
            return;
        }
        if self.socket.said_bytes() >= SAID_BYTES_MAX {
            // The rest once the connection has taken this; a wake that finds the mailbox full is made good every second.
            ctx.notify_later(Woken(key), SAID_PAUSE);
            return;
        }
        self.flush_until(ctx, key, Seq::MAX);
    }

    fn flush_until(&mut self, ctx: &mut Context, key: AgendaKey, until: Seq) {
        let Some(topic) = self.topics.get(&key).filter(|topic| topic.subscription.is_some()) else {
            return;
        };
        let (taken, sight) = (topic.outbox.take(until), topic.sight);
        let now_ms = self.state.clock.now().0;
        let mut lost = taken.lost;
        for delta in taken.deltas {
            if let Some(frame) = delta_frame(&delta, sight, now_ms) {
                self.socket.has_said(send(ctx, &frame));
            } else {
                lost = true;
                break;
            }
        }
        if lost {
            self.resync(ctx, key);
        }
    }

    pub(super) fn resync(&mut self, ctx: &mut Context, key: AgendaKey) {
        if let Some(topic) = self.topics.remove(&key) {
            self.forget(key, &topic);
            let topic = key.agenda.to_string();
            send(ctx, &ServerFrame::Resync { topic });
        }
    }
}

fn delta_frame(delta: &StaffDelta, sight: Sight, now_ms: i64) -> Option<ServerFrame> {
    Some(ServerFrame::Delta {
        topic: delta.agenda.agenda.to_string(),
        from: delta.from,
        to: delta.to,
        now_ms,
        changes: staff_changes(&delta.events, sight, |blob| delta.people.get(blob))?,
    })
}
