//! Sign-in records as bytes: a version byte, then fixed-width big-endian fields.

use crate::access::StaffSession;
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;

const VERSION: u8 = 1;

/// A link that has not been redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LinkRecord {
    pub(super) who: StaffSession,
    pub(super) issued: UtcMillis,
}

/// A session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionRecord {
    pub(super) who: StaffSession,
    pub(super) since: UtcMillis,
    /// Last use that was written down.
    pub(super) used: UtcMillis,
}

fn encode(who: StaffSession, times: &[UtcMillis]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(who.practice.0.to_be_bytes());
    bytes.extend(who.staff.0.to_be_bytes());
    for time in times {
        bytes.extend(time.0.to_be_bytes());
    }
    bytes
}

fn decode<const N: usize>(bytes: &[u8]) -> Option<(StaffSession, [UtcMillis; N])> {
    let (&VERSION, rest) = bytes.split_first()? else {
        return None;
    };
    let (practice, rest) = rest.split_first_chunk::<16>()?;
    let (staff, mut rest) = rest.split_first_chunk::<16>()?;
    let who = StaffSession {
        practice: PracticeId(u128::from_be_bytes(*practice)),
        staff: StaffId(u128::from_be_bytes(*staff)),
    };
    let mut times = [UtcMillis(0); N];
    for time in &mut times {
        let (bytes, more) = rest.split_first_chunk::<8>()?;
        *time = UtcMillis(i64::from_be_bytes(*bytes));
        rest = more;
    }
    rest.is_empty().then_some((who, times))
}

impl LinkRecord {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(self.who, &[self.issued])
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (who, [issued]) = decode(bytes)?;
        Some(Self { who, issued })
    }
}

impl SessionRecord {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(self.who, &[self.since, self.used])
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (who, [since, used]) = decode(bytes)?;
        Some(Self { who, since, used })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_round_trip_and_damaged_ones_are_none() {
        let who = StaffSession {
            practice: PracticeId(7),
            staff: StaffId(u128::MAX),
        };
        let link = LinkRecord {
            who,
            issued: UtcMillis(-5),
        };
        let session = SessionRecord {
            who,
            since: UtcMillis(1),
            used: UtcMillis(i64::MAX),
        };
        assert_eq!(LinkRecord::decode(&link.encode()), Some(link));
        assert_eq!(SessionRecord::decode(&session.encode()), Some(session));
        assert_eq!(SessionRecord::decode(&link.encode()), None, "too short");
        assert_eq!(LinkRecord::decode(&session.encode()), None, "too long");
        let mut newer = link.encode();
        newer[0] = VERSION + 1;
        assert_eq!(LinkRecord::decode(&newer), None, "newer version");
        assert_eq!(LinkRecord::decode(&[]), None);
    }
}
