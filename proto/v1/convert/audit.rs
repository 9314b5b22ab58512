//! Leaves of the audit log between the wire and the domain.

use super::Malformed;
use super::inward::id;
use crate::v1::audit::{AuditLeaf, AuditQuery, AuditSaid};
use cabinet_domain::audit::{Act, Actor, Leaf, Outcome, Shown, Subject};
use cabinet_domain::ids::{AgendaId, BookingId, StaffId};
use cabinet_domain::practice::Practice;
use cabinet_domain::rights::Role;
use cabinet_domain::time::UtcMillis;

/// Which leaves somebody wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    act: Option<Act>,
    member: Option<StaffId>,
    agenda: Option<AgendaId>,
    booking: Option<(BookingId, Option<UtcMillis>)>,
    from: Option<UtcMillis>,
    until: Option<UtcMillis>,
    /// All that they may see.
    within: Option<AgendaId>,
}

/// Reads a query.
///
/// # Errors
/// The first value that is of no known shape.
pub fn wanted(query: &AuditQuery) -> Result<Filter, Malformed> {
    let act = query.act.as_deref().map(|name| {
        let found = Act::ALL.iter().copied().find(|act| act.name() == name);
        found.ok_or(Malformed {
            field: "act",
            must: "be the name of an act",
        })
    });
    // The document gives numbers as signed ones of 64 bits.
    if query.before.is_some_and(|before| i64::try_from(before).is_err()) {
        return Err(Malformed {
            field: "before",
            must: "be at most 9223372036854775807",
        });
    }
    let booking = query.booking.as_deref().map(|text| id("booking", text)).transpose()?;
    Ok(Filter {
        act: act.transpose()?,
        member: query.member.as_deref().map(|text| id("member", text)).transpose()?,
        agenda: query.agenda.as_deref().map(|text| id("agenda", text)).transpose()?,
        booking: booking.map(|booking| (booking, query.at_ms.map(UtcMillis))),
        from: query.from_ms.map(UtcMillis),
        until: query.until_ms.map(UtcMillis),
        within: None,
    })
}

impl Filter {
    /// The agenda that was asked about.
    #[must_use]
    pub const fn agenda(&self) -> Option<AgendaId> {
        self.agenda
    }

    /// The same among the leaves of one agenda alone, if one is given.
    #[must_use]
    pub const fn within(self, agenda: Option<AgendaId>) -> Self {
        Self { within: agenda, ..self }
    }

    /// Whether it fits. Of leaves that say nothing any more only who wants and may see all is told.
    #[must_use]
    pub fn fits(&self, shown: &Shown) -> bool {
        let Shown::Whole { leaf, .. } = shown else {
            return *self == Self::default();
        };
        let is = |wanted: Option<AgendaId>| wanted.is_none_or(|agenda| leaf.agenda == Some(agenda));
        self.act.is_none_or(|act| leaf.act == act)
            && self.member.is_none_or(|member| leaf.actor == Actor::Staff(member))
            && is(self.agenda)
            && is(self.within)
            && self.booking.is_none_or(|(booking, at)| concerns(leaf, booking, at))
            && self.from.is_none_or(|from| leaf.at >= from)
            && self.until.is_none_or(|until| leaf.at < until)
    }
}

/// Whether a leaf concerns a booking: something was done to it, or the stretch of the agenda in which it begins was opened with names.
fn concerns(leaf: &Leaf, booking: BookingId, at: Option<UtcMillis>) -> bool {
    let opened = leaf.act == Act::AgendaOpened && leaf.note == cabinet_domain::audience::Sight::Everything.name();
    let covers = |at| leaf.span.is_some_and(|(from, until)| from <= at && at < until);
    leaf.subject == Subject::Booking(booking) || (opened && at.is_some_and(covers))
}

/// A leaf's salt and canonical bytes, in hexadecimal digits.
#[must_use]
pub fn bytes(shown: &Shown) -> Option<(String, String)> {
    match shown {
        Shown::Whole { leaf, salt } => Some((digits(salt), digits(&leaf.encode()))),
        Shown::Newer | Shown::Expired => None,
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A leaf as it is shown, with the names of those who belong to the practice, and of who of the platform's `team` looked in as its
/// support.
#[must_use]
pub fn leaf(number: u64, shown: &Shown, (practice, team): (&Practice, Option<&Practice>)) -> AuditLeaf {
    let (state, said) = match shown {
        Shown::Whole { leaf, .. } => ("whole", Some(said(leaf, practice, team))),
        Shown::Newer => ("newer", None),
        Shown::Expired => ("expired", None),
    };
    AuditLeaf {
        number,
        state: state.to_owned(),
        said,
    }
}

fn said(leaf: &Leaf, practice: &Practice, team: Option<&Practice>) -> AuditSaid {
    let supports = leaf.origin.role == Some(Role::Support);
    let names = if supports { team } else { Some(practice) };
    let (actor, member) = match leaf.actor {
        Actor::Server => ("server", None),
        Actor::Staff(staff) => ("staff", Some(staff)),
        Actor::Bearer => ("bearer", None),
    };
    let subject = match leaf.subject {
        Subject::None => None,
        Subject::Booking(id) => Some(("booking", id.to_string())),
        Subject::Member(id) => Some(("member", id.to_string())),
        Subject::Invitation(id) => Some(("invitation", id.to_string())),
        Subject::Grant(id) => Some(("grant", id.to_string())),
        Subject::Glass(id) => Some(("glass", id.to_string())),
        Subject::Waiting(id) => Some(("waiting", id.to_string())),
    };
    let (subject_kind, subject) = subject.map(|(kind, id)| (kind.to_owned(), id)).unzip();
    let session = leaf.origin.session;
    AuditSaid {
        at_ms: leaf.at.0,
        actor: actor.to_owned(),
        member: member.map(|member| member.to_string()),
        name: member.and_then(|member| Some(names?.staff.get(&member)?.name.clone())),
        role: leaf.origin.role.map(|role| role.name().to_owned()),
        act: leaf.act.name().to_owned(),
        denied: leaf.outcome == Outcome::Denied,
        count: leaf.count,
        agenda: leaf.agenda.map(|agenda| agenda.to_string()),
        subject_kind,
        subject,
        patient: leaf.patient.map(|patient| patient.to_string()),
        from_ms: leaf.span.map(|(from, _)| from.0),
        until_ms: leaf.span.map(|(_, until)| until.0),
        session: (session != [0; 8]).then(|| digits(&session)),
        network: leaf.origin.network.clone(),
        note: leaf.note.clone(),
    }
}
