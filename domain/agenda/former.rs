//! An agenda as checkpoints of formats 1 and 2 hold it: without a waiting list. Read only, and turned into today's agenda.
//!
//! Must not be here: writing it.

use super::{Acceptances, Agenda, Bookings, Hold, Stored};
use crate::ids::{AbsenceId, AgendaKey, ExceptionId, HoldId, RuleId, Seq, TypeId};
use crate::schedule::{Absence, AppointmentType, ExceptionalOpening, OpeningRule, Profile};
use crate::waiting::WaitingList;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The former layout. The order of its fields is the format.
#[derive(Debug, Deserialize)]
pub struct FormerAgenda {
    key: AgendaKey,
    seq: Seq,
    profile: Option<Profile>,
    types: BTreeMap<TypeId, AppointmentType>,
    retired_types: BTreeMap<TypeId, AppointmentType>,
    rules: BTreeMap<RuleId, OpeningRule>,
    exceptions: BTreeMap<ExceptionId, ExceptionalOpening>,
    absences: BTreeMap<AbsenceId, Absence>,
    holds: BTreeMap<HoldId, Hold>,
    bookings: Bookings,
    remembered: Acceptances,
}

impl From<FormerAgenda> for Agenda {
    /// The same agenda; nobody waited.
    fn from(former: FormerAgenda) -> Self {
        Stored {
            key: former.key,
            seq: former.seq,
            profile: former.profile,
            types: former.types,
            retired_types: former.retired_types,
            rules: former.rules,
            exceptions: former.exceptions,
            absences: former.absences,
            holds: former.holds,
            bookings: former.bookings,
            remembered: former.remembered,
            waiting: WaitingList::new(),
        }
        .into()
    }
}
