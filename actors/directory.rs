//! The practices of this installation, all in memory: small, read on every page, rarely written.
//!
//! Must not be here: agendas' states, patients.

use crate::clock::Clock;
use crate::mail::{Outbox, Writes, of_practice_event};
use crate::order::ExecuteError;
use cabinet_domain::audit::LeafOrigin;
use cabinet_domain::command::{Principal, Stamp};
use cabinet_domain::decide::record;
use cabinet_domain::ids::{AgendaKey, CommandId, PracticeId, Seq};
use cabinet_domain::practice::{
    MembershipRefusal, PRACTITIONERS_MAX, Practice, PracticeEvent, Practitioner, SLUG_BYTES_MAX,
};
use cabinet_domain::stream::{StreamEvent, StreamKey, StreamState};
use cabinet_domain::time::UtcMillis;
use cabinet_storage::{AppendError, Commit, StoreError, StreamStore};
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Who changes a practice, and from where, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Who.
    pub principal: Principal,
    /// From where.
    pub origin: LeafOrigin,
}

impl From<Principal> for Sender {
    fn from(principal: Principal) -> Self {
        Self {
            principal,
            origin: LeafOrigin::default(),
        }
    }
}

/// Why a practice was not changed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The address of a public page is not 1..=60 lower-case letters, digits and single hyphens inside.
    #[error("{0:?} is not a page address: 1 to 60 lower-case letters, digits and single hyphens inside")]
    BadSlug(String),
    /// Another practice, or another practitioner of the practice, has this address.
    #[error("the page address {0:?} is taken")]
    SlugTaken(String),
    /// A practice has at most 200 practitioners.
    #[error("a practice has at most {PRACTITIONERS_MAX} practitioners")]
    TooManyPractitioners,
    /// A notice's version is one above the newest.
    #[error("the next notice has version {expected}")]
    NoticeVersion {
        /// The version it must have.
        expected: u32,
    },
    /// What is to be stored of members, evidence or grants is refused.
    #[error("membership refused: {}", .0.code())]
    Membership(MembershipRefusal),
    /// The stream of a practice does not hold a practice.
    #[error("the stream of practice {0} does not hold a practice")]
    NotAPractice(PracticeId),
    /// Storage refused. `Unknown` in it: the change may or may not be durable; the directory has loaded what is.
    #[error("failed to append to the practice's stream")]
    Append(#[from] AppendError),
    /// Storage could not load.
    #[error("failed to load a practice's stream")]
    Load(#[from] StoreError),
}

/// A consistent view of all practices.
#[derive(Debug, Default)]
struct View {
    practices: BTreeMap<PracticeId, Arc<Practice>>,
    slugs: BTreeMap<String, PracticeId>,
}

impl View {
    fn with(&self, practice: Practice) -> Self {
        let mut practices = self.practices.clone();
        practices.insert(practice.id, Arc::new(practice));
        let slugs = practices
            .values()
            .filter_map(|practice| Some((practice.face.as_ref()?.slug.clone(), practice.id)))
            .collect();
        Self { practices, slugs }
    }
}

struct Inner {
    store: Arc<dyn StreamStore>,
    clock: Arc<dyn Clock>,
    view: RwLock<Arc<View>>,
    /// Changes are made one at a time over all practices: page addresses are unique across them.
    changing: tokio::sync::Mutex<()>,
    changes: tokio::sync::watch::Sender<u64>,
    /// Where mails about changes are written down; none: nowhere.
    outbox: OnceLock<Outbox>,
}

/// The directory of practices. Cheap to clone; reads never wait for writes.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

impl DirectoryError {
    /// What whoever asked for the change is told, where it was not refused for what it is.
    #[must_use]
    pub const fn outcome(&self) -> ExecuteError {
        match self {
            Self::Append(AppendError::Busy) => ExecuteError::Busy,
            Self::Append(AppendError::StorageFull) => ExecuteError::StorageFull,
            Self::Append(AppendError::Unknown) => ExecuteError::Unknown,
            Self::Append(_)
            | Self::Load(_)
            | Self::BadSlug(_)
            | Self::SlugTaken(_)
            | Self::TooManyPractitioners
            | Self::NoticeVersion { .. }
            | Self::NotAPractice(_)
            | Self::Membership(_) => ExecuteError::Internal,
        }
    }
}

impl Directory {
    /// Loads every practice.
    ///
    /// # Errors
    /// When storage cannot list or load the practices' streams.
    pub async fn load(store: Arc<dyn StreamStore>, clock: Arc<dyn Clock>) -> Result<Self, DirectoryError> {
        let mut view = View::default();
        for stream in store.streams().await? {
            if let StreamKey::Practice(id) = stream {
                view = view.with(load_practice(store.as_ref(), id).await?);
            }
        }
        Ok(Self(Arc::new(Inner {
            store,
            clock,
            view: RwLock::new(Arc::new(view)),
            changing: tokio::sync::Mutex::new(()),
            changes: tokio::sync::watch::Sender::new(0),
            outbox: OnceLock::new(),
        })))
    }

    /// From now on, owners are told of changes by mail. Once; further outboxes are not used.
    pub fn tell_through(&self, outbox: Outbox) {
        let _first = self.0.outbox.set(outbox);
    }

    fn view(&self) -> Arc<View> {
        self.0.view.read().clone()
    }

    /// Wakes after each change of any practice, once it is durable and visible here: open sockets look at rights again.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Every practice, by id.
    #[must_use]
    pub fn practices(&self) -> Vec<Arc<Practice>> {
        self.view().practices.values().cloned().collect()
    }

    /// One practice.
    #[must_use]
    pub fn practice(&self, id: PracticeId) -> Option<Arc<Practice>> {
        self.view().practices.get(&id).cloned()
    }

    /// The practice with this public address.
    #[must_use]
    pub fn practice_by_slug(&self, slug: &str) -> Option<Arc<Practice>> {
        let view = self.view();
        view.practices.get(view.slugs.get(slug)?).cloned()
    }

    /// The practitioner with this public address inside the practice's.
    #[must_use]
    pub fn practitioner(&self, practice_slug: &str, slug: &str) -> Option<(PracticeId, Practitioner)> {
        let practice = self.practice_by_slug(practice_slug)?;
        let practitioner = practice.by_slug(slug)?.clone();
        Some((practice.id, practitioner))
    }

    /// Whether some practice has this agenda.
    #[must_use]
    pub fn agenda_exists(&self, key: AgendaKey) -> bool {
        let view = self.view();
        let practice = view.practices.get(&key.practice);
        practice.is_some_and(|practice| practice.practitioners.contains_key(&key.agenda))
    }

    /// Makes a practice's events durable and applies them: all or none. The first change of an unknown id makes the practice.
    /// Every event sets a whole value, so repeating a change does no harm.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn change(
        &self,
        practice: PracticeId,
        sender: impl Into<Sender>,
        command_id: CommandId,
        events: Vec<PracticeEvent>,
    ) -> Result<Seq, DirectoryError> {
        self.decide(practice, sender, command_id, |_, _| Ok(events)).await
    }

    /// As [`Directory::change`], with events that are decided on the practice as it is, at the time of the command: nothing
    /// comes between the looking and the writing.
    ///
    /// # Errors
    /// What `decide` refuses with, and [`DirectoryError`].
    pub async fn decide<E: From<DirectoryError>>(
        &self,
        practice: PracticeId,
        sender: impl Into<Sender>,
        command_id: CommandId,
        decide: impl FnOnce(&Practice, UtcMillis) -> Result<Vec<PracticeEvent>, E>,
    ) -> Result<Seq, E> {
        let decided = |practice: &Practice, now| Ok((decide(practice, now)?, Writes::new()));
        self.decide_together(practice, sender, command_id, decided).await
    }

    /// As [`Directory::decide`], with records in the same commit.
    pub(crate) async fn decide_together<E: From<DirectoryError>>(
        &self,
        practice: PracticeId,
        sender: impl Into<Sender>,
        command_id: CommandId,
        decide: impl FnOnce(&Practice, UtcMillis) -> Result<(Vec<PracticeEvent>, Writes), E>,
    ) -> Result<Seq, E> {
        let Sender { principal, origin } = sender.into();
        let _turn = self.0.changing.lock().await;
        let view = self.view();
        let known = view.practices.get(&practice);
        let before = if let Some(known) = known {
            Practice::clone(known)
        } else {
            // Claims the new stream for this process.
            load_practice(self.0.store.as_ref(), practice).await?
        };
        let stamp = Stamp {
            now: self.0.clock.now(),
            principal,
            command_id,
            digest: [0; 16],
        };
        let (events, writes) = decide(&before, stamp.now)?;
        if events.is_empty() {
            return Ok(before.seq);
        }
        Ok(self.append((&view, before), (&stamp, origin), (events, writes)).await?)
    }

    /// Checks, writes and shows events that follow `before`. The caller has the turn.
    async fn append(
        &self,
        (view, before): (&View, Practice),
        (stamp, origin): (&Stamp, LeafOrigin),
        (events, mut writes): (Vec<PracticeEvent>, Writes),
    ) -> Result<Seq, DirectoryError> {
        let (practice, expected) = (before.id, before.seq);
        let events = record(events, stamp, expected);
        let mut after = before;
        for event in &events {
            check(view, &after, &event.event)?;
            after
                .admits(&event.event, stamp.now)
                .map_err(DirectoryError::Membership)?;
            writes.extend(self.mails(&after, &event.event, stamp.now));
            after.apply(event);
        }
        let commit = Commit {
            stream: StreamKey::Practice(practice),
            expected,
            events: events
                .iter()
                .map(|event| event.with(StreamEvent::Practice(event.event.clone())))
                .collect(),
            personal: Vec::new(),
            writes,
            origins: vec![(stamp.command_id, origin)],
        };
        let outcome = self.0.store.append(commit).await;
        let certainly_not_written = matches!(
            outcome,
            Err(AppendError::CheckFailed
                | AppendError::TooLarge
                | AppendError::StorageFull
                | AppendError::NotSealed
                | AppendError::Busy)
        );
        if outcome.is_err() && !certainly_not_written {
            after = load_practice(self.0.store.as_ref(), practice).await?;
        }
        let seq = after.seq;
        if !certainly_not_written {
            *self.0.view.write() = Arc::new(view.with(after));
            self.0.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
        }
        outcome?;
        Ok(seq)
    }
}

impl Directory {
    /// The mails that an event brings about.
    fn mails(&self, before: &Practice, event: &PracticeEvent, now: UtcMillis) -> Writes {
        let Some(outbox) = self.0.outbox.get() else {
            return Writes::new();
        };
        let told = of_practice_event(before, event, now);
        told.map_or_else(Writes::new, |(to, letter)| outbox.put_all(before.id, to, &letter))
    }
}

async fn load_practice(store: &dyn StreamStore, id: PracticeId) -> Result<Practice, DirectoryError> {
    match store.load(StreamKey::Practice(id)).await?.state {
        StreamState::Practice(practice) => Ok(*practice),
        StreamState::Agenda(_) => Err(DirectoryError::NotAPractice(id)),
    }
}

fn check(view: &View, practice: &Practice, event: &PracticeEvent) -> Result<(), DirectoryError> {
    match event {
        PracticeEvent::FaceSet(face) => {
            check_slug(&face.slug)?;
            let taken = view.slugs.get(&face.slug).is_some_and(|owner| *owner != practice.id);
            if taken {
                return Err(DirectoryError::SlugTaken(face.slug.clone()));
            }
        }
        PracticeEvent::PractitionerSet(new) => {
            check_slug(&new.slug)?;
            if practice
                .by_slug(&new.slug)
                .is_some_and(|known| known.agenda != new.agenda)
            {
                return Err(DirectoryError::SlugTaken(new.slug.clone()));
            }
            let known = practice.practitioners.contains_key(&new.agenda);
            if !known && practice.practitioners.len() >= PRACTITIONERS_MAX {
                return Err(DirectoryError::TooManyPractitioners);
            }
        }
        PracticeEvent::NoticePublished(notice) => {
            let expected = practice
                .current_notice()
                .map_or(1, |newest| newest.version.saturating_add(1));
            if notice.version != expected {
                return Err(DirectoryError::NoticeVersion { expected });
            }
        }
        PracticeEvent::PlaceSet(_)
        | PracticeEvent::StaffSet(_)
        // The domain checks these (`Practice::admits`).
        | PracticeEvent::MemberSet(_)
        | PracticeEvent::MemberRemoved(_)
        | PracticeEvent::InvitationMade(_)
        | PracticeEvent::InvitationUsed(_)
        | PracticeEvent::InvitationWithdrawn(_)
        | PracticeEvent::DocumentAccepted(_)
        | PracticeEvent::SupportGranted(_)
        | PracticeEvent::SupportEnded(_)
        | PracticeEvent::BreakGlassOpened(_)
        | PracticeEvent::BreakGlassEnded(_)
        | PracticeEvent::AccessReviewed(_)
        | PracticeEvent::MemberLocked(_)
        | PracticeEvent::MemberReleased(_) => {}
    }
    Ok(())
}

fn check_slug(slug: &str) -> Result<(), DirectoryError> {
    let words = slug.split('-').all(|word| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        !word.is_empty() && word.bytes().all(plain)
    });
    if words && slug.len() <= SLUG_BYTES_MAX {
        Ok(())
    } else {
        Err(DirectoryError::BadSlug(slug.to_owned()))
    }
}
