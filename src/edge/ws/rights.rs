//! A session's rights: looked at again before every frame is read and every delta is told, whenever a practice has changed,
//! and every second for what ends by the clock. Who is nobody here any more is closed; a topic that is now seen otherwise is
//! joined anew, and refused if it is seen no more.
//!
//! Must not be here: what a right allows (`guard::rights`).

use super::frames::refused;
use super::session::{Context, Session, send};
use crate::edge::guard::rights::{AgendaPermit, CommandPermit, permit, permit_command};
use crate::edge::problem::{EdgeCode, Failure};
use crate::edge::routes::alerts::sees_all;
use actix::prelude::*;
use cabinet_domain::ids::{AgendaId, AgendaKey};
use cabinet_domain::rights::Action;
use cabinet_proto::v1::close::CloseCode;
use cabinet_proto::v1::convert::inward;
use cabinet_proto::v1::http::StaffCommand;
use cabinet_proto::v1::session::ServerFrame;
use std::collections::VecDeque;
use tokio::sync::watch::Receiver;

impl Session {
    /// The right to follow an agenda, asked anew for every frame.
    pub(super) fn permit(&self, topic: &str) -> Result<AgendaPermit, Failure> {
        let agenda: AgendaId = inward::id("topic", topic)?;
        permit(&self.staff, self.state.clock.now(), agenda, Action::SeeTimes)
            .inspect_err(|failure| self.staff.note_refusal(&self.state, Some(agenda), failure))
    }

    /// An agenda of one's own practice, for what needs no right: leaving it.
    pub(super) fn own_key(&self, topic: &str) -> Result<AgendaKey, Failure> {
        let agenda: AgendaId = inward::id("topic", topic)?;
        let practice = &self.staff.practice;
        let own = practice.practitioners.contains_key(&agenda).then_some(AgendaKey {
            practice: practice.id,
            agenda,
        });
        own.ok_or_else(|| EdgeCode::NotFound.into())
    }

    /// The right to ask this of an agenda.
    pub(super) fn permit_command<'a>(
        &self,
        topic: &str,
        command: &'a StaffCommand,
    ) -> Result<CommandPermit<'a>, Failure> {
        let agenda: AgendaId = inward::id("topic", topic)?;
        self.state.refuse_when_read_only(&self.staff.practice)?;
        permit_command(&self.staff, self.state.clock.now(), agenda, command)
            .inspect_err(|failure| self.staff.note_refusal(&self.state, Some(agenda), failure))
    }

    /// Looks again whenever a practice has changed.
    pub(super) fn watch_rights(&mut self, ctx: &mut Context, mut changes: Receiver<u64>) {
        let changed = async move { changes.changed().await.is_ok().then_some(changes) };
        ctx.spawn(changed.into_actor(self).map(|changes, session, ctx| {
            if let Some(changes) = changes
                && session.review(ctx)
            {
                session.watch_rights(ctx, changes);
            }
        }));
    }

    /// Tells whoever sees all alerts that there are others than before.
    pub(super) fn tell_alerts(&mut self, ctx: &mut Context) {
        let version = self.state.anomalies.version(self.staff.practice.id);
        let former = std::mem::replace(&mut self.alerts_told, version);
        let now = self.state.clock.now();
        if former != version && sees_all(&self.staff, now) {
            send(ctx, &ServerFrame::AlertsChanged { now_ms: now.0 });
        }
    }

    /// Looks at the rights as they are now. False: the session has ended.
    pub(super) fn review(&mut self, ctx: &mut Context) -> bool {
        let now = self.state.clock.now();
        let sign_in = self.state.presence.sign_in_of(self.id);
        let stands = sign_in.is_some_and(|id| !self.state.access.has_ended(&id, now));
        let practice = self.state.directory.practice(self.staff.practice.id).filter(|_| stands);
        let Some(practice) = practice.filter(|practice| practice.role_now(self.staff.staff, now).is_some()) else {
            for (key, topic) in std::mem::take(&mut self.topics) {
                self.forget(key, &topic);
            }
            self.end(ctx, CloseCode::SignedOut);
            return false;
        };
        let changed = practice.seq != self.staff.practice.seq;
        self.staff.practice = practice;
        if changed {
            send(ctx, &ServerFrame::PracticeChanged { now_ms: now.0 });
        }
        let same = |key: AgendaKey, sight| {
            let seen = permit(&self.staff, now, key.agenda, Action::SeeTimes);
            seen.ok().map(AgendaPermit::sight) == Some(sight)
        };
        let topics = self.topics.iter().filter(|(key, topic)| !same(**key, topic.sight()));
        let changed: Vec<AgendaKey> = topics.map(|(key, _)| *key).collect();
        let waiting = std::mem::take(&mut self.joins);
        let (kept, stale): (VecDeque<_>, VecDeque<_>) =
            waiting.into_iter().partition(|asked| same(asked.key, asked.sight));
        self.joins = kept;
        for asked in stale {
            self.under_way = self.under_way.saturating_sub(1);
            send(ctx, &refused(Some(asked.reference), &EdgeCode::Busy.into()));
        }
        for key in changed {
            self.resync(ctx, key);
        }
        true
    }
}
