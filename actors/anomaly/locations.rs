//! Where networks lie: a table of addresses that the operator provides, as public providers publish them (DB-IP Lite,
//! IP2Location Lite): lines of `first address,last address,country,latitude,longitude[,roaming]`. Nothing is asked of anybody
//! over the network. Without a table the rules about places stay quiet.
//!
//! Must not be here: judging.

use cabinet_domain::anomaly::Location;
use std::net::IpAddr;
use std::path::Path;

/// Largest table that is read, in bytes.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// The table could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LocationsError {
    /// It could not be read.
    #[error("failed to read the table of networks {0:?}")]
    Read(std::path::PathBuf, #[source] std::io::Error),
    /// A line is not what it should be.
    #[error("line {0} of the table of networks is not `first,last,country,latitude,longitude[,roaming]`")]
    Line(usize),
}

#[derive(Debug, Clone, Copy)]
struct Range {
    first: u128,
    last: u128,
    location: Location,
}

/// The table, by first address.
#[derive(Debug, Default)]
pub struct Locations(Vec<Range>);

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn range(line: &str) -> Option<Range> {
    let mut fields = line.split(',').map(|field| field.trim().trim_matches('"'));
    let first = number(fields.next()?.parse().ok()?);
    let last = number(fields.next()?.parse().ok()?);
    let country = fields.next()?.as_bytes().try_into().ok()?;
    let latitude = fields.next()?.parse().ok()?;
    let longitude = fields.next()?.parse().ok()?;
    let roaming = match fields.next() {
        None | Some("") => false,
        Some("roaming") => true,
        Some(_) => return None,
    };
    let location = Location {
        country,
        latitude,
        longitude,
        roaming,
    };
    (first <= last).then_some(Range { first, last, location })
}

impl Locations {
    /// Reads a table. Empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// [`LocationsError`].
    pub fn in_file(path: &Path) -> Result<Self, LocationsError> {
        let read = || {
            if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
                return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
            }
            std::fs::read_to_string(path)
        };
        Self::parse(&read().map_err(|error| LocationsError::Read(path.to_path_buf(), error))?)
    }

    fn parse(text: &str) -> Result<Self, LocationsError> {
        let lines = (1..).zip(text.lines().map(str::trim));
        let meant = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let ranges = meant.map(|(at, line)| range(line).ok_or(LocationsError::Line(at)));
        let mut ranges = ranges.collect::<Result<Vec<Range>, _>>()?;
        ranges.sort_by_key(|range| range.first);
        Ok(Self(ranges))
    }

    /// Where a network lies, as attempts name networks: an IPv4 address, or the first half of an IPv6 one.
    #[must_use]
    pub fn find(&self, network: &str) -> Option<Location> {
        let address = network.parse().ok().or_else(|| format!("{network}::").parse().ok());
        let address = number(address?);
        let after = self.0.partition_point(|range| range.first <= address);
        let range = self.0.get(after.checked_sub(1)?)?;
        (address <= range.last).then_some(range.location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_found_up_to_their_bounds() {
        let table = "# ours\n\n198.51.100.0,198.51.100.255,FR,45.76,4.84\n\"203.0.113.0\",\"203.0.113.9\",JP,35.7,139.7,roaming\n2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,DE,52.5,13.4\n";
        let table = Locations::parse(table).unwrap();
        let country = |network| table.find(network).map(|location| (location.country, location.roaming));
        assert_eq!(country("198.51.100.0"), Some((*b"FR", false)));
        assert_eq!(country("198.51.100.255"), Some((*b"FR", false)));
        assert_eq!(country("198.51.101.0"), None);
        assert_eq!(country("203.0.113.9"), Some((*b"JP", true)));
        assert_eq!(country("203.0.113.10"), None);
        assert_eq!(country("2001:db8:0:1"), Some((*b"DE", false)));
        assert_eq!(country("198.51.0.0"), None);
        assert_eq!(country(""), None);
    }

    #[test]
    fn a_line_that_says_something_else_is_named() {
        for bad in [
            "198.51.100.0",
            "198.51.100.0,198.51.100.255,FRA,1,2",
            "198.51.100.9,198.51.100.0,FR,1,2",
            "198.51.100.0,198.51.100.9,FR,north,2",
            "198.51.100.0,198.51.100.9,FR,1,2,vpn",
        ] {
            let outcome = Locations::parse(&format!("# first\n{bad}\n"));
            assert!(matches!(outcome, Err(LocationsError::Line(2))), "{bad}");
        }
    }
}
