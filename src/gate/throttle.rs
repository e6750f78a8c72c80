//! How texts that cannot be keys slow down whoever sends them: so many a minute from one address, then none is looked
//! at. Keys that are well formed are never counted, so that nobody can be locked out by others behind their address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use crate::clock::Moment;
use crate::lock::locked;

/// So many malformed keys of one address are told what is wrong with them within a window.
pub const MALFORMED_KEYS: u32 = 100;
/// The window.
pub const WINDOW_S: i64 = 60;
/// Addresses that are remembered at once: under 1 MiB. Beyond them all start anew, which gives away no more than a few
/// more answers of 401 that cost no look-up.
const ADDRESSES: usize = 10_000;

/// Counts malformed keys. One an instance.
#[derive(Debug, Default)]
pub struct Throttle {
    counts: Mutex<HashMap<u64, Count>>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Moment,
    keys: u32,
}

impl Throttle {
    /// Counts one more malformed key from an address; whether it is one too many.
    pub fn is_too_many(&self, address: IpAddr, now: Moment) -> bool {
        let mut counts = locked(&self.counts);
        let subject = subject(address);
        // A clock that was set back begins a new window too.
        let is_over = |count: &Count| !(0..WINDOW_S).contains(&now.seconds_since(count.since));
        if counts.len() >= ADDRESSES && !counts.contains_key(&subject) {
            counts.retain(|_, count| !is_over(count));
            if counts.len() >= ADDRESSES {
                counts.clear();
            }
        }
        let count = counts.entry(subject).or_insert(Count { since: now, keys: 0 });
        if is_over(count) {
            *count = Count { since: now, keys: 0 };
        }
        count.keys = count.keys.saturating_add(1);
        count.keys > MALFORMED_KEYS
    }
}

/// What counts as one address: an IPv6 network of one customer (/64) does. No such network is an IPv4 address: those
/// lie in `::/96`, which nobody has.
fn subject(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u64::from(u32::from(v4)),
        IpAddr::V6(v6) => (u128::from(v6) >> 64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Moment {
        Moment::from_unix(second).expect("in range")
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// How many keys are looked at before one is too many.
    fn looked_at(throttle: &Throttle, from: &str, now: Moment) -> u32 {
        (0..1_000).take_while(|_| !throttle.is_too_many(address(from), now)).count() as u32
    }

    #[test]
    fn a_hundred_are_looked_at_in_a_minute() {
        let throttle = Throttle::default();
        assert_eq!(looked_at(&throttle, "192.0.2.1", at(1_000)), 100);
        assert_eq!(looked_at(&throttle, "192.0.2.1", at(1_059)), 0);
        assert_eq!(looked_at(&throttle, "192.0.2.2", at(1_059)), 100, "of each address");
        assert_eq!(looked_at(&throttle, "192.0.2.1", at(1_060)), 100, "then anew");
        assert_eq!(looked_at(&throttle, "192.0.2.1", at(10)), 100, "also when the clock was set back");
    }

    #[test]
    fn a_network_of_one_customer_counts_as_one() {
        let throttle = Throttle::default();
        assert_eq!(looked_at(&throttle, "2001:db8::1", at(0)), 100);
        assert_eq!(looked_at(&throttle, "2001:db8::ffff:1", at(0)), 0);
        assert_eq!(looked_at(&throttle, "2001:db8:0:1::1", at(0)), 100);
        assert_eq!(looked_at(&throttle, "::ffff:192.0.2.1", at(0)), 100);
        assert_eq!(looked_at(&throttle, "192.0.2.1", at(0)), 0);
    }

    #[test]
    fn memory_is_bounded_whoever_comes() {
        let throttle = Throttle::default();
        for n in 0..(3 * ADDRESSES as u128) {
            throttle.is_too_many(IpAddr::from(std::net::Ipv6Addr::from((0x2001 << 112) | (n << 64))), at(0));
        }
        assert!(throttle.counts.lock().expect("no panic").len() <= ADDRESSES);
        // Those whose window is over go first.
        let throttle = Throttle::default();
        (0..ADDRESSES as u32 - 1).for_each(|n| {
            throttle.is_too_many(IpAddr::from(std::net::Ipv4Addr::from(n)), at(0));
        });
        assert_eq!(looked_at(&throttle, "192.0.2.1", at(59)), 100);
        throttle.is_too_many(address("192.0.2.2"), at(60));
        assert_eq!(looked_at(&throttle, "192.0.2.1", at(60)), 0, "still remembered");
        assert_eq!(throttle.counts.lock().expect("no panic").len(), 2);
    }
}
