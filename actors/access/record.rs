//! Sign-in records as bytes: a version byte, then the fields. Version 1 sessions had neither strength nor device, version 1
//! links no end of their own.

use crate::access::bytes::{Reader, Writer};
use crate::access::{LINK_SECONDS, Origin, StaffSession, Strength};
use cabinet_domain::ids::{PracticeId, StaffId};
use cabinet_domain::time::UtcMillis;

const FORMER_VERSION: u8 = 1;
const LINK_VERSION: u8 = 2;
const SESSION_VERSION: u8 = 2;

/// A link that has not been redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LinkRecord {
    pub(super) practice: PracticeId,
    pub(super) staff: StaffId,
    pub(super) issued: UtcMillis,
    /// From then on it opens nothing.
    pub(super) until: UtcMillis,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionRecord {
    pub(crate) who: StaffSession,
    pub(crate) since: UtcMillis,
    /// Last use that was written down.
    pub(crate) used: UtcMillis,
    pub(crate) origin: Origin,
}

fn read_who(reader: &mut Reader<'_>) -> Option<(PracticeId, StaffId)> {
    let practice = PracticeId(u128::from_be_bytes(reader.number()?));
    Some((practice, StaffId(u128::from_be_bytes(reader.number()?))))
}

fn read_time(reader: &mut Reader<'_>) -> Option<UtcMillis> {
    reader.number().map(|bytes| UtcMillis(i64::from_be_bytes(bytes)))
}

impl LinkRecord {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::of_version(LINK_VERSION);
        writer
            .number(self.practice.0.to_be_bytes())
            .number(self.staff.0.to_be_bytes())
            .number(self.issued.0.to_be_bytes());
        writer.number(self.until.0.to_be_bytes()).finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, mut reader) = Reader::open(bytes)?;
        let (practice, staff) = read_who(&mut reader)?;
        let issued = read_time(&mut reader)?;
        let until = match version {
            FORMER_VERSION => issued.plus_seconds(LINK_SECONDS),
            LINK_VERSION => read_time(&mut reader)?,
            _ => return None,
        };
        reader.end(Self {
            practice,
            staff,
            issued,
            until,
        })
    }
}

impl SessionRecord {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::of_version(SESSION_VERSION);
        writer
            .number(self.who.practice.0.to_be_bytes())
            .number(self.who.staff.0.to_be_bytes())
            .number(self.since.0.to_be_bytes())
            .number(self.used.0.to_be_bytes());
        let shown = match self.who.strength {
            Strength::Link => None,
            Strength::TwoFactors { shown } => Some(shown.0.to_be_bytes()),
        };
        writer.list(shown.as_slice());
        writer.bytes(self.origin.device.as_bytes());
        writer.bytes(self.origin.network.as_bytes()).finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, mut reader) = Reader::open(bytes)?;
        let (practice, staff) = read_who(&mut reader)?;
        let since = read_time(&mut reader)?;
        let used = read_time(&mut reader)?;
        let (strength, origin) = match version {
            FORMER_VERSION => (Strength::Link, Origin::default()),
            SESSION_VERSION => {
                let strength = match reader.list::<8>()?.as_slice() {
                    [] => Strength::Link,
                    [shown] => Strength::TwoFactors {
                        shown: UtcMillis(i64::from_be_bytes(*shown)),
                    },
                    _ => return None,
                };
                let device = reader.text()?;
                let network = reader.text()?;
                (strength, Origin { device, network })
            }
            _ => return None,
        };
        reader.end(Self {
            who: StaffSession {
                practice,
                staff,
                strength,
            },
            since,
            used,
            origin,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(strength: Strength) -> SessionRecord {
        SessionRecord {
            who: StaffSession {
                practice: PracticeId(7),
                staff: StaffId(u128::MAX),
                strength,
            },
            since: UtcMillis(1),
            used: UtcMillis(i64::MAX),
            origin: Origin {
                device: "Firefox, Windows".to_owned(),
                network: "192.0".to_owned(),
            },
        }
    }

    /// Law L12, as for accounts.
    #[test]
    fn every_stored_field_of_links_and_sessions_is_in_the_inventory() {
        let SessionRecord {
            who: _,
            since: _,
            used: _,
            origin: _,
        } = session(Strength::Link);
        let LinkRecord {
            practice: _,
            staff: _,
            issued: _,
            until: _,
        } = LinkRecord {
            practice: PracticeId(1),
            staff: StaffId(1),
            issued: UtcMillis(0),
            until: UtcMillis(0),
        };
        let listed = |record| {
            let entries = cabinet_domain::inventory::INVENTORY.iter();
            let entries = entries.filter(|entry| entry.record == record);
            entries.map(|entry| entry.field).collect::<Vec<_>>()
        };
        assert_eq!(listed("SessionRecord"), ["who", "since", "used", "origin"]);
        assert_eq!(listed("LinkRecord"), ["practice", "staff", "issued", "until"]);
    }

    #[test]
    fn records_round_trip_and_damaged_ones_are_none() {
        let link = LinkRecord {
            practice: PracticeId(7),
            staff: StaffId(u128::MAX),
            issued: UtcMillis(-5),
            until: UtcMillis(5),
        };
        assert_eq!(LinkRecord::decode(&link.encode()), Some(link));
        for strength in [Strength::Link, Strength::TwoFactors { shown: UtcMillis(9) }] {
            let session = session(strength);
            let bytes = session.encode();
            assert_eq!(SessionRecord::decode(&bytes), Some(session));
            for length in 0..bytes.len() {
                assert_eq!(SessionRecord::decode(&bytes[..length]), None, "cut at {length}");
            }
            assert_eq!(LinkRecord::decode(&bytes), None, "of another kind");
        }
        assert_eq!(SessionRecord::decode(&link.encode()), None, "too short");
        let mut newer = link.encode();
        newer[0] = SESSION_VERSION + 1;
        assert_eq!(LinkRecord::decode(&newer), None, "newer version");
        assert_eq!(LinkRecord::decode(&[]), None);
    }

    #[test]
    fn links_of_the_former_version_are_good_for_a_day() {
        let link = LinkRecord {
            practice: PracticeId(7),
            staff: StaffId(8),
            issued: UtcMillis(5),
            until: UtcMillis(5).plus_seconds(LINK_SECONDS),
        };
        let mut former = link.encode();
        former[0] = FORMER_VERSION;
        former.truncate(former.len() - 8);
        assert_eq!(LinkRecord::decode(&former), Some(link));
    }

    #[test]
    fn sessions_of_the_former_version_are_read() {
        let mut former = vec![FORMER_VERSION];
        former.extend(7_u128.to_be_bytes());
        former.extend(8_u128.to_be_bytes());
        former.extend(1_i64.to_be_bytes());
        former.extend(2_i64.to_be_bytes());
        let read = SessionRecord::decode(&former).unwrap();
        assert_eq!((read.who.strength, read.used), (Strength::Link, UtcMillis(2)));
        former.push(0);
        assert_eq!(SessionRecord::decode(&former), None);
    }
}
