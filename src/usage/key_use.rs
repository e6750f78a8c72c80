//! What was noted of one key, all of it: on its way from memory to the tables. Whatever happens to the database, it has at
//! most a few kilobytes.

use std::net::IpAddr;

use super::used::{Count, LastUse, hour_of};
use crate::clock::Moment;

/// Addresses kept of a key until the next flush, beside the latest.
const MOST_ADDRESSES: usize = 32;
/// Hours and outcomes told apart until the next flush: more than two days of a database that cannot be reached.
const MOST_COUNTS: usize = 128;

/// What was noted of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUse {
    /// How many, by hour and outcome, each pair once.
    pub counts: Vec<Count>,
    /// The last while it worked.
    pub last: Option<LastUse>,
    /// From where it was used, each address once, with the last hour in which it was.
    pub addresses: Vec<(IpAddr, Moment)>,
}

impl KeyUse {
    /// Adds requests. Where there is no room for one more pair, the hour is told less exactly.
    pub fn add(&mut self, more: Count) {
        let is_full = self.counts.len() >= MOST_COUNTS;
        let same = self.counts.iter().position(|known| known.outcome == more.outcome && known.hour == more.hour);
        let like = || self.counts.iter().rposition(|known| is_full && known.outcome == more.outcome);
        match same.or_else(like) {
            Some(at) => self.counts[at].uses += more.uses,
            None => self.counts.push(more),
        }
    }

    /// Adds an address.
    pub fn come_from(&mut self, address: IpAddr, hour: Moment) {
        if let Some((_, seen)) = self.addresses.iter_mut().find(|(known, _)| *known == address) {
            *seen = hour.max(*seen);
        } else if self.addresses.len() <= MOST_ADDRESSES {
            self.addresses.push((address, hour)); // else there are more than anybody is told of one by one
        }
    }

    /// Adds a use, which is the last one unless a later one is known.
    pub fn come_last(&mut self, last: LastUse) {
        if let Some(address) = last.address {
            self.come_from(address, hour_of(last.at));
        }
        self.is_last(last);
    }

    /// As [`come_last`](KeyUse::come_last), where the address is known.
    pub fn is_last(&mut self, last: LastUse) {
        if self.last.as_ref().is_none_or(|known| known.at <= last.at) {
            self.last = Some(last);
        }
    }

    /// Adds what was noted before.
    pub fn put_back(&mut self, before: KeyUse) {
        before.counts.into_iter().for_each(|count| self.add(count));
        before.addresses.into_iter().for_each(|(address, hour)| self.come_from(address, hour));
        if let Some(last) = before.last
            && self.last.as_ref().is_none_or(|known| known.at < last.at)
        {
            self.last = Some(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::verdict::Code;

    fn at(unix: i64) -> Moment {
        Moment::from_unix(unix).expect("in range")
    }

    fn last(second: i64, client: &str) -> LastUse {
        LastUse { at: at(second), address: None, client: Some(client.to_owned()) }
    }

    #[test]
    fn a_key_s_memory_is_bounded_and_no_count_is_lost_by_it() {
        let mut noted = KeyUse::default();
        for n in 0..1_000u32 {
            let outcome = Code::ALL[n as usize % 13];
            noted.add(Count { hour: at(i64::from(n) * 3_600), outcome, uses: 1 });
            noted.come_from(IpAddr::from(n.to_be_bytes()), at(0));
        }
        assert_eq!(noted.counts.iter().map(|count| count.uses).sum::<u64>(), 1_000);
        assert!(noted.counts.len() <= MOST_COUNTS + 1 && noted.addresses.len() <= MOST_ADDRESSES + 1);
        let mut pairs: Vec<_> = noted.counts.iter().map(|count| (count.hour, count.outcome)).collect();
        pairs.sort();
        pairs.dedup();
        assert_eq!(pairs.len(), noted.counts.len(), "each pair once");
    }

    #[test]
    fn the_last_use_stays_the_last_in_whatever_order_they_come() {
        let mut noted = KeyUse::default();
        noted.come_last(last(20, "late"));
        noted.come_last(last(10, "early"));
        noted.put_back(KeyUse { last: Some(last(20, "before")), ..KeyUse::default() });
        assert_eq!(noted.last, Some(last(20, "late")));
        noted.put_back(KeyUse { last: Some(last(30, "later")), ..KeyUse::default() });
        assert_eq!(noted.last, Some(last(30, "later")));
    }
}
