//! The state of one agenda: what its events have made of it. Skeleton only: who a patient *is* stays in sealed blobs
//! that the state names by id.
//!
//! State changes only in [`Agenda::apply`], which is total. Deciding is `decide`; computing slots is `slots`.

pub(crate) mod acceptances;
pub(crate) mod bookings;
pub(crate) mod index;

pub use self::acceptances::Acceptances;
pub use self::bookings::Bookings;
use self::index::{Index, Taker};
use crate::course::{Course, Delay};
use crate::event::{Event, Recorded};
use crate::ids::{
    AbsenceId, AgendaKey, BlobId, BookingId, ExceptionId, HoldId, PatientId, PlaceId, RuleId, Seq, TypeId,
};
use crate::schedule::{
    Absence, AppointmentType, ExceptionalOpening, FormerOpening, FormerRule, FormerType, OCCUPIED_MINUTES_MAX,
    OpeningRule, Profile,
};
use crate::time::{Span, UtcMillis};
use crate::waiting::WaitingList;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Acceptances are remembered this many days (idempotence).
pub const COMMAND_MEMORY_DAYS: i64 = 7;
/// At most this many acceptances are remembered; beyond it the oldest go first. Forgetting one early is harmless: the
/// ids inside a repeated command exist already, so it is refused, never done twice.
pub const REMEMBERED_MAX: usize = 20_000;
/// Most live holds of one agenda at a time: patients who only claim cannot close an agenda.
pub const HOLDS_LIVE_MAX: usize = 100;
/// Most live holds of one owner at a time. Owner tokens are drawn per hold, so this is hygiene, not protection.
pub const HOLDS_PER_OWNER_MAX: usize = 1;
/// Most bookings that one agenda carries: some 40 years of full days.
pub const BOOKINGS_MAX: usize = 200_000;

/// SHA-256 of a secret that only its holder has (hold token, manage token). Secrets themselves are never stored.
pub type SecretHash = [u8; 32];

/// A patient's unconfirmed claim on a slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Appointment type it is for.
    pub kind: TypeId,
    /// The appointment itself, buffers excluded.
    pub span: Span,
    /// The appointment with its buffers: what collides.
    pub occupied: Span,
    /// Where.
    pub place: PlaceId,
    /// Hash of the token that owns it.
    pub owner: SecretHash,
    /// Free again from this instant on, whatever timers do.
    pub expires_at: UtcMillis,
}

impl Hold {
    /// Whether the hold still blocks at `now`.
    #[must_use]
    pub fn is_live(&self, now: UtcMillis) -> bool {
        now < self.expires_at
    }
}

/// A confirmed appointment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Booking {
    /// Its id.
    pub id: BookingId,
    /// Appointment type.
    pub kind: TypeId,
    /// The appointment itself, buffers excluded.
    pub span: Span,
    /// The appointment with its buffers: what collides.
    pub occupied: Span,
    /// Where.
    pub place: PlaceId,
    /// For whom.
    pub patient: PatientId,
    /// Sealed identity and contacts.
    pub details: BlobId,
    /// Hash of the secret in the patient's manage link; none for bookings by staff without a link.
    pub manage: Option<SecretHash>,
    /// Version of the privacy notice shown at the form; none when staff booked.
    pub notice_version: Option<u32>,
    /// Made online by a patient (`true`) or by staff.
    pub online: bool,
    /// When it was booked.
    pub booked_at: UtcMillis,
    /// Bookings it deliberately overlaps, as chosen by staff and recorded.
    pub overbooks: BTreeSet<BookingId>,
}

/// An acceptance that is remembered so that a repeated command is answered, not done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// Digest of the command's body: the same id with another body is an error.
    pub digest: [u8; 16],
    /// Sequence of the command's last event.
    pub seq: Seq,
    /// When it was accepted.
    pub at: UtcMillis,
}

/// One agenda. Ordered maps only, so that equal histories give equal bytes.
///
/// Decoding rebuilds what is derived, so that a decoded agenda never believes itself empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Agenda {
    /// Which one.
    pub key: AgendaKey,
    /// Sequence of the last applied event; 0 for a new agenda.
    pub seq: Seq,
    /// Settings; none until the first `ProfileSet`.
    pub profile: Option<Profile>,
    /// Appointment types, retired ones excluded.
    pub types: BTreeMap<TypeId, AppointmentType>,
    /// Types no longer offered; bookings and rules may still name them.
    pub retired_types: BTreeMap<TypeId, AppointmentType>,
    /// Weekly rules.
    pub rules: BTreeMap<RuleId, OpeningRule>,
    /// Openings on one date.
    pub exceptions: BTreeMap<ExceptionId, ExceptionalOpening>,
    /// Absences.
    pub absences: BTreeMap<AbsenceId, Absence>,
    /// Unconfirmed holds, expired ones included until their event arrives.
    pub holds: BTreeMap<HoldId, Hold>,
    /// Bookings that stand.
    pub bookings: Bookings,
    /// Acceptances of the last [`COMMAND_MEMORY_DAYS`] days.
    pub remembered: Acceptances,
    /// What has become of the bookings.
    pub course: Course,
    /// Who waits for a time that is freed.
    pub waiting: WaitingList,
    /// Derived, for speed.
    #[serde(skip)]
    pub(crate) index: Index,
}

/// A form in which [`Agenda`] is or was stored: the fields of the first one in the order of declaration, then those that came
/// `with` it; `without` names those that came later. `of` names the shapes of types, rules and exceptions. What is derived is
/// made anew: decoding lays the bookings out tightly.
macro_rules! stored {
    ($(#[$doc:meta])* $visible:vis struct $name:ident of $shape:ident, $rule:ident, $opening:ident
        with { $($later:ident: $kind:ty),* } without { $($missing:ident),* }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        $visible struct $name {
            key: AgendaKey,
            seq: Seq,
            profile: Option<Profile>,
            types: BTreeMap<TypeId, $shape>,
            retired_types: BTreeMap<TypeId, $shape>,
            rules: BTreeMap<RuleId, $rule>,
            exceptions: BTreeMap<ExceptionId, $opening>,
            absences: BTreeMap<AbsenceId, Absence>,
            holds: BTreeMap<HoldId, Hold>,
            bookings: Bookings,
            remembered: Acceptances,
            $($later: $kind),*
        }

        impl From<$name> for Agenda {
            fn from(stored: $name) -> Self {
                let mut agenda = Self {
                    key: stored.key,
                    seq: stored.seq,
                    profile: stored.profile,
                    types: converted(stored.types),
                    retired_types: converted(stored.retired_types),
                    rules: converted(stored.rules),
                    exceptions: converted(stored.exceptions),
                    absences: stored.absences,
                    holds: stored.holds,
                    bookings: stored.bookings,
                    remembered: stored.remembered,
                    $($later: stored.$later,)*
                    $($missing: Default::default(),)*
                    index: Index::default(),
                };
                agenda.rebuild_index();
                agenda
            }
        }
    };
}

stored! {
    /// As it is stored.
    struct Stored of AppointmentType, OpeningRule, ExceptionalOpening
        with { course: Course, waiting: WaitingList } without {}
}

stored! {
    /// [`Agenda`] as checkpoints of format 3 hold it: types had no caps and no calendars, openings were not kept back.
    pub struct AgendaBeforeReleases of FormerType, FormerRule, FormerOpening
        with { course: Course, waiting: WaitingList } without {}
}

stored! {
    /// [`Agenda`] as checkpoints of formats 1 and 2 hold it: nothing was said of how bookings went, nobody waited.
    pub struct FormerAgenda of FormerType, FormerRule, FormerOpening with {} without { course, waiting }
}

fn converted<K: Ord, F, V: From<F>>(former: BTreeMap<K, F>) -> BTreeMap<K, V> {
    former.into_iter().map(|(id, value)| (id, value.into())).collect()
}

impl Agenda {
    /// An agenda in which nothing has happened.
    #[must_use]
    pub fn new(key: AgendaKey) -> Self {
        Self {
            key,
            seq: 0,
            profile: None,
            types: BTreeMap::new(),
            retired_types: BTreeMap::new(),
            rules: BTreeMap::new(),
            exceptions: BTreeMap::new(),
            absences: BTreeMap::new(),
            holds: BTreeMap::new(),
            bookings: Bookings::default(),
            remembered: Acceptances::default(),
            course: Course::default(),
            waiting: WaitingList::new(),
            index: Index::default(),
        }
    }

    /// What deciding what follows from a command needs: of the bookings and holds those that can matter near these times, all
    /// without times. Nothing is remembered in it, and nobody waits.
    pub(crate) fn copy_around(&self, times: Option<&[Span]>) -> Self {
        let mut copy = Self {
            profile: self.profile.clone(),
            types: self.types.clone(),
            seq: self.seq,
            ..Self::new(self.key)
        };
        match times {
            None => {
                copy.rules.clone_from(&self.rules);
                copy.exceptions.clone_from(&self.exceptions);
                copy.absences.clone_from(&self.absences);
                copy.holds.clone_from(&self.holds);
                copy.bookings.clone_from(&self.bookings);
            }
            Some(times) => {
                for time in times {
                    // What touches the time may be as long as it may be, and so may a slot that does.
                    let reach = Span {
                        from: time.from.plus(-OCCUPIED_MINUTES_MAX),
                        until: time.until.plus(OCCUPIED_MINUTES_MAX),
                    };
                    for (_, taker) in self.takers(reach) {
                        match taker {
                            Taker::Booking(id) => {
                                if let Some(booking) = self.bookings.get(&id) {
                                    copy.bookings.insert(booking);
                                }
                            }
                            Taker::Hold(id) => {
                                copy.holds.extend(self.holds.get(&id).map(|hold| (id, hold.clone())));
                            }
                        }
                    }
                }
            }
        }
        copy.index = Index::sharing(&copy, self.index.plan.clone());
        copy
    }

    /// Lays everything out tightly: maps that grew entry by entry, as in decoding and in applying events, leave up to half
    /// of their room unused. To be called once on a state that will stay in memory.
    pub fn pack(&mut self) {
        self.bookings.pack();
        self.remembered.pack();
        self.rebuild_index();
    }

    /// Rebuilds what is derived from the public fields. Decoding does it by itself; needed only by who fills the fields
    /// by hand (tests).
    pub fn rebuild_index(&mut self) {
        self.index = Index::of(self);
    }

    /// Whether nothing has happened here yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.seq == 0
    }

    /// Holds that still block at `now`, in order of id.
    pub fn live_holds(&self, now: UtcMillis) -> impl Iterator<Item = &Hold> {
        self.holds.values().filter(move |hold| hold.is_live(now))
    }

    /// The hold that runs out first, live or not, and when: what the hold timer waits for.
    #[must_use]
    pub fn next_hold_expiry(&self) -> Option<(HoldId, UtcMillis)> {
        self.holds
            .values()
            .map(|hold| (hold.expires_at, hold.id))
            .min()
            .map(|(at, hold)| (hold, at))
    }

    /// Bookings whose appointment has part of `span`, in order of the start of their occupied time.
    pub fn bookings_between(&self, span: Span) -> impl Iterator<Item = Booking> {
        self.takers(span)
            .filter_map(|(_, taker)| match taker {
                Taker::Booking(id) => self.bookings.get(&id),
                Taker::Hold(_) => None,
            })
            .filter(move |booking| booking.span.overlaps(span))
    }

    /// How late the practitioner runs at `now`.
    #[must_use]
    pub fn delay_now(&self, now: UtcMillis) -> Option<Delay> {
        let plan = self.index.plan.as_ref()?;
        self.course.delay_now(&plan.zone, now)
    }

    /// How late the practitioner runs at `now` for whoever has this booking, in minutes; 0 when it is on another day or has
    /// begun.
    #[must_use]
    pub fn delay_of(&self, booking: &Booking, now: UtcMillis) -> u16 {
        let (Some(plan), Some(delay)) = (self.index.plan.as_ref(), self.delay_now(now)) else {
            return 0;
        };
        let today = plan.zone.date_of(booking.span.from) == plan.zone.date_of(now.minute());
        let concerned = today && now < booking.span.from.plus(i64::from(delay.minutes)).millis();
        if concerned { delay.minutes } else { 0 }
    }

    /// Every sealed blob that the state names.
    pub fn blobs(&self) -> impl Iterator<Item = BlobId> {
        let waiting = self.waiting.values().map(|entry| entry.details);
        self.bookings.values().map(|booking| booking.details).chain(waiting)
    }

    /// A type by id, offered or retired.
    #[must_use]
    pub fn kind(&self, id: TypeId) -> Option<&AppointmentType> {
        self.types.get(&id).or_else(|| self.retired_types.get(&id))
    }

    /// Applies one durable event. Total: an event that does not fit leaves the state as it was, but for `seq`.
    pub fn apply(&mut self, recorded: &Recorded<Event>) {
        crate::decide::apply(self, recorded);
    }
}
