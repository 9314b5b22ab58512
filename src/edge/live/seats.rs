//! Who may open a board: bounds over all hubs and per network address.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSeat {
    /// All are taken.
    Full,
    /// This address has its share.
    AddressFull,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The seats.
#[derive(Debug)]
pub(super) struct Seats {
    taken: Mutex<Taken>,
    seats_max: usize,
    per_address_max: usize,
}

impl Seats {
    pub(super) fn new(seats_max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: Mutex::default(),
            seats_max,
            per_address_max,
        })
    }

    /// Takes one, given back when the result is dropped.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Seat, NoSeat> {
        let network = network(address);
        let mut taken = self.taken.lock();
        if taken.all >= self.seats_max {
            return Err(NoSeat::Full);
        }
        let of_address = taken.by_address.entry(network).or_insert(0);
        if *of_address >= self.per_address_max {
            return Err(NoSeat::AddressFull);
        }
        *of_address += 1;
        taken.all += 1;
        Ok(Seat {
            seats: Arc::clone(self),
            network,
        })
    }
}

/// One seat.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    network: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(of_address) = taken.by_address.get_mut(&self.network) {
            *of_address = of_address.saturating_sub(1);
            if *of_address == 0 {
                taken.by_address.remove(&self.network);
            }
        }
    }
}

/// One subscriber usually holds a whole IPv6 /64: it counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_bounded_per_address_and_in_all_and_come_back() {
        let seats = Seats::new(3, 2);
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = seats.take(at("192.0.2.1")).unwrap();
        let second = seats.take(at("::ffff:192.0.2.1")).unwrap();
        assert_eq!(seats.take(at("192.0.2.1")).unwrap_err(), NoSeat::AddressFull);
        let third = seats.take(at("2001:db8::1")).unwrap();
        assert_eq!(seats.take(at("2001:db8:1::1")).unwrap_err(), NoSeat::Full);
        drop((first, second));
        let same_network = seats.take(at("2001:db8::2")).unwrap();
        assert_eq!(seats.take(at("2001:db8::3")).unwrap_err(), NoSeat::AddressFull);
        drop((third, same_network));
        assert!(seats.taken.lock().by_address.is_empty());
    }
}
