//! One leaf and its canonical bytes: the same leaf is always the same bytes, so that its hash can be computed by anyone who
//! is shown it. Layout of version 1, all numbers big-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version: 1 |
//! | 8 | time, milliseconds since 1970 UTC, signed |
//! | 1 + 16 | actor: 0 nobody (the server), 1 member of staff, 2 bearer of a booking's or hold's secret; the member's id, else zeros |
//! | 1 | role: 0 none, else 1 + its place in `Role::ALL` |
//! | 2 | act |
//! | 1 | outcome: 0 done, 1 denied |
//! | 16 | agenda, or zeros |
//! | 1 + 16 | subject: its kind, its id or zeros |
//! | 16 | patient, or zeros |
//! | 8 + 8 | span of time it covers, milliseconds, from and until; equal when there is none |
//! | 8 | session: first bytes of its id, or zeros |
//! | 16 | command id, or zeros |
//! | 4 | how often: 1, or the number of denials in a batch |
//! | 1 + n | network: its length, at most 40, then UTF-8 |
//! | 2 + n | note: its length, at most 300, then UTF-8 |

use super::Act;
use crate::ids::{
    AgendaId, BookingId, BreakGlassId, CommandId, InvitationId, PatientId, StaffId, SupportGrantId, WaitingId,
};
use crate::rights::Role;
use crate::time::UtcMillis;

/// Bytes of a leaf's salt.
pub const SALT_BYTES: usize = 16;
/// Longest network in a leaf, in bytes.
pub const NETWORK_BYTES_MAX: usize = 40;
/// Longest note in a leaf, in bytes.
pub const NOTE_BYTES_MAX: usize = 300;

const VERSION: u8 = 1;

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The server itself.
    Server,
    /// A member of staff, or of the platform's.
    Staff(StaffId),
    /// Whoever holds a booking's or a hold's secret: the patient, as far as anyone can tell.
    Bearer,
}

/// What an act was done to, beside an agenda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Subject {
    None,
    Booking(BookingId),
    Member(StaffId),
    Invitation(InvitationId),
    Grant(SupportGrantId),
    Glass(BreakGlassId),
    Waiting(WaitingId),
}

/// How an act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Outcome {
    Done,
    Denied,
}

/// From where somebody acts. The default: nobody's session, from nowhere known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LeafOrigin {
    /// Their role, when they acted.
    pub role: Option<Role>,
    /// First bytes of the session's id; zeros without one.
    pub session: [u8; 8],
    /// First half of the address, as sessions show it; at most [`NETWORK_BYTES_MAX`], cut there.
    pub network: String,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// When.
    pub at: UtcMillis,
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: LeafOrigin,
    /// What.
    pub act: Act,
    /// How it ended.
    pub outcome: Outcome,
    /// In which agenda.
    pub agenda: Option<AgendaId>,
    /// To what.
    pub subject: Subject,
    /// Whose data, where the act names a patient.
    pub patient: Option<PatientId>,
    /// Which stretch of the agenda.
    pub span: Option<(UtcMillis, UtcMillis)>,
    /// The command; zero for what is none.
    pub command: CommandId,
    /// 1, or how many denials this leaf stands for.
    pub count: u32,
    /// A reason given, a device named; at most [`NOTE_BYTES_MAX`], cut there. Never a patient's.
    pub note: String,
}

/// What a leaf's copy in the log still says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    Whole {
        /// The leaf.
        leaf: Box<Leaf>,
        /// What is hashed before its bytes: with both, anyone can compute its hash.
        salt: [u8; SALT_BYTES],
    },
    /// A newer build wrote it.
    Newer,
    /// Its term is over: only its hash is left.
    Expired,
}

impl Leaf {
    /// Something done, about nothing in particular yet.
    #[must_use]
    pub const fn done(at: UtcMillis, actor: Actor, origin: LeafOrigin, act: Act) -> Self {
        Self {
            at,
            actor,
            origin,
            act,
            outcome: Outcome::Done,
            agenda: None,
            subject: Subject::None,
            patient: None,
            span: None,
            command: CommandId(0),
            count: 1,
            note: String::new(),
        }
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128 + self.origin.network.len() + self.note.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.at.0.to_be_bytes());
        let (actor, id) = match self.actor {
            Actor::Server => (0, 0),
            Actor::Staff(staff) => (1, staff.0),
            Actor::Bearer => (2, 0),
        };
        bytes.push(actor);
        bytes.extend_from_slice(&id.to_be_bytes());
        let role = self
            .origin
            .role
            .and_then(|role| Role::ALL.iter().position(|one| *one == role));
        bytes.push(role.map_or(0, |place| u8::try_from(place + 1).unwrap_or(0)));
        bytes.extend_from_slice(&self.act.number().to_be_bytes());
        bytes.push(u8::from(self.outcome == Outcome::Denied));
        bytes.extend_from_slice(&self.agenda.map_or(0, |agenda| agenda.0).to_be_bytes());
        let (kind, id) = match self.subject {
            Subject::None => (0, 0),
            Subject::Booking(booking) => (1, booking.0),
            Subject::Member(staff) => (2, staff.0),
            Subject::Invitation(invitation) => (3, invitation.0),
            Subject::Grant(grant) => (4, grant.0),
            Subject::Glass(glass) => (5, glass.0),
            Subject::Waiting(entry) => (6, entry.0),
        };
        bytes.push(kind);
        bytes.extend_from_slice(&id.to_be_bytes());
        bytes.extend_from_slice(&self.patient.map_or(0, |patient| patient.0).to_be_bytes());
        let (from, until) = self.span.unwrap_or((UtcMillis(0), UtcMillis(0)));
        bytes.extend_from_slice(&from.0.to_be_bytes());
        bytes.extend_from_slice(&until.0.to_be_bytes());
        bytes.extend_from_slice(&self.origin.session);
        bytes.extend_from_slice(&self.command.0.to_be_bytes());
        bytes.extend_from_slice(&self.count.to_be_bytes());
        let network = cut(&self.origin.network, NETWORK_BYTES_MAX);
        bytes.push(u8::try_from(network.len()).unwrap_or(0));
        bytes.extend_from_slice(network.as_bytes());
        let note = cut(&self.note, NOTE_BYTES_MAX);
        bytes.extend_from_slice(&u16::try_from(note.len()).unwrap_or(0).to_be_bytes());
        bytes.extend_from_slice(note.as_bytes());
        bytes
    }

    /// Reads [`Self::encode`] back; none for anything else, acts of newer builds included.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.u8()? != VERSION {
            return None;
        }
        let at = reader.time()?;
        let actor = match (reader.u8()?, reader.u128()?) {
            (0, 0) => Actor::Server,
            (1, id) => Actor::Staff(StaffId(id)),
            (2, 0) => Actor::Bearer,
            _ => return None,
        };
        let role = match reader.u8()? {
            0 => None,
            place => Some(*Role::ALL.get(usize::from(place) - 1)?),
        };
        let act = Act::from_number(u16::from_be_bytes(reader.array()?))?;
        let outcome = match reader.u8()? {
            0 => Outcome::Done,
            1 => Outcome::Denied,
            _ => return None,
        };
        let agenda = Some(reader.u128()?).filter(|id| *id != 0).map(AgendaId);
        let subject = match (reader.u8()?, reader.u128()?) {
            (0, 0) => Subject::None,
            (1, id) => Subject::Booking(BookingId(id)),
            (2, id) => Subject::Member(StaffId(id)),
            (3, id) => Subject::Invitation(InvitationId(id)),
            (4, id) => Subject::Grant(SupportGrantId(id)),
            (5, id) => Subject::Glass(BreakGlassId(id)),
            (6, id) => Subject::Waiting(WaitingId(id)),
            _ => return None,
        };
        let patient = Some(reader.u128()?).filter(|id| *id != 0).map(PatientId);
        let (from, until) = (reader.time()?, reader.time()?);
        let session = reader.array()?;
        let command = CommandId(reader.u128()?);
        let count = u32::from_be_bytes(reader.array()?);
        let network = reader.u8()?;
        let network = reader.text(usize::from(network), NETWORK_BYTES_MAX)?;
        let note = u16::from_be_bytes(reader.array()?);
        let note = reader.text(usize::from(note), NOTE_BYTES_MAX)?;
        reader.0.is_empty().then_some(Self {
            at,
            actor,
            origin: LeafOrigin { role, session, network },
            act,
            outcome,
            agenda,
            subject,
            patient,
            span: (from != until).then_some((from, until)),
            command,
            count,
            note,
        })
    }
}

/// The longest beginning of a text within a bound that is whole characters.
fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u128(&mut self) -> Option<u128> {
        self.array().map(u128::from_be_bytes)
    }

    fn time(&mut self) -> Option<UtcMillis> {
        self.array().map(|bytes| UtcMillis(i64::from_be_bytes(bytes)))
    }

    fn text(&mut self, len: usize, bytes_max: usize) -> Option<String> {
        let (taken, rest) = self.0.split_at_checked(len).filter(|_| len <= bytes_max)?;
        self.0 = rest;
        String::from_utf8(taken.to_vec()).ok()
    }
}

#[cfg(test)]
#[path = "leaf_tests.rs"]
mod tests;
