//! How failed sign-ins slow the next ones down (ASVS V6.3.1): an account by a few seconds, so that a
//! stranger cannot lock its owner out; an address that fails with many by minutes.

use std::net::IpAddr;

use crate::clock::Moment;

/// The window in which an address's failures are counted, and the longest it waits.
pub const ADDRESS_WINDOW_S: i64 = 300;
/// After so long without a failure, an account starts anew.
pub const ACCOUNT_MEMORY_S: i64 = 900;

/// What is known of failed sign-ins of one account or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// An account: when the last was. An address: when the window began.
    pub since: Moment,
    /// No try counts before.
    pub wait_until: Moment,
}

impl Failures {
    /// Seconds to wait at `now`; none if one may try.
    pub fn wait_s(&self, now: Moment) -> Option<i64> {
        Some(self.wait_until.seconds_since(now)).filter(|&seconds| seconds > 0)
    }

    /// An account after one more failure: it waits 1, 3, 5, then 10 seconds.
    pub fn of_account(before: Option<Failures>, now: Moment) -> Failures {
        let fresh = before.filter(|before| now.seconds_since(before.since) < ACCOUNT_MEMORY_S);
        let count = fresh.map_or(1, |before| before.count.saturating_add(1));
        let wait_s = match count {
            ..=1 => 1,
            2 => 3,
            3 => 5,
            _ => 10,
        };
        Failures { count, since: now, wait_until: now.plus_seconds(wait_s) }
    }

    /// An address after one more failure: with the last that `limit` allows, it waits for the end
    /// of its window.
    pub fn of_address(before: Option<Failures>, limit: i64, now: Moment) -> Failures {
        let fresh = before.filter(|before| now.seconds_since(before.since) < ADDRESS_WINDOW_S);
        let since = fresh.map_or(now, |before| before.since);
        let count = fresh.map_or(1, |before| before.count.saturating_add(1));
        let wait_until = if count >= limit { since.plus_seconds(ADDRESS_WINDOW_S) } else { now };
        Failures { count, since, wait_until }
    }
}

/// The name under which an account's failures are counted, whether it exists or not.
pub fn account_subject(email_folded: &str) -> String {
    format!("email:{email_folded}")
}

/// The name under which an address's failures are counted: an IPv6 network of one customer (/64) is one.
pub fn address_subject(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("address:{v4}"),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("address:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_unix(seconds).expect("in range")
    }

    #[test]
    fn an_account_waits_longer_with_each_failure_but_never_long() {
        let mut failures = None;
        let mut waits = Vec::new();
        for _ in 0..6 {
            let next = Failures::of_account(failures, at(100));
            waits.push(next.wait_s(at(100)).expect("a wait"));
            failures = Some(next);
        }
        assert_eq!(waits, [1, 3, 5, 10, 10, 10]);
    }

    #[test]
    fn an_account_forgets() {
        let many = Failures { count: 50, since: at(0), wait_until: at(10) };
        assert_eq!(Failures::of_account(Some(many), at(ACCOUNT_MEMORY_S)).count, 1);
        assert_eq!(many.wait_s(at(10)), None);
    }

    #[test]
    fn an_address_waits_for_the_end_of_its_window() {
        let mut failures = None;
        for n in 0..20 {
            failures = Some(Failures::of_address(failures, 20, at(n)));
        }
        let failures = failures.expect("counted");
        assert_eq!(failures.wait_s(at(19)), Some(281));
        assert_eq!(failures.wait_s(at(300)), None);
        assert_eq!(Failures::of_address(Some(failures), 20, at(300)).count, 1);
    }

    #[test]
    fn a_network_of_one_customer_counts_as_one() {
        let subject = |text: &str| address_subject(text.parse().expect("an address"));
        assert_eq!(subject("2001:db8::1"), subject("2001:db8::ffff:1"));
        assert_ne!(subject("2001:db8::1"), subject("2001:db8:0:1::1"));
        assert_eq!(subject("::ffff:192.0.2.1"), subject("192.0.2.1"));
    }
}
