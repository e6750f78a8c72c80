//! How failed sign-ins slow the next ones down (ASVS V6.3.1): an account by a few seconds, so that a
//! stranger cannot lock its owner out; an address that fails with many by minutes.

use std::net::IpAddr;

use data_encoding::HEXLOWER;

use crate::clock::Moment;
use crate::people::member::PersonId;
use crate::refusal::Refusal;

/// The window in which an address's failures are counted, and the longest it waits.
pub const ADDRESS_WINDOW_S: i64 = 300;
/// The longest wait of an account.
pub const ACCOUNT_LONGEST_S: i64 = 10;
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

/// What failures are counted under, and the rule by which they delay the next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Its name in the table of failures.
    pub subject: String,
    rule: Rule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// 1, 3, 5, then 10 seconds after each failure.
    Account,
    /// So many failures in a window, then a wait until its end.
    Address { limit: i64 },
}

impl Counter {
    /// Counts sign-ins to an account, whether it exists or not.
    pub fn of_account(email_folded: &str) -> Counter {
        Counter { subject: format!("email:{email_folded}"), rule: Rule::Account }
    }

    /// Counts the wrong passwords of a person who is signed in already. Strangers have no part in it, so that an
    /// attack on the account does not keep its owner from changing the password.
    pub fn of_person(person: &PersonId) -> Counter {
        Counter { subject: format!("person:{person}"), rule: Rule::Account }
    }

    /// Counts sign-ins on a known device, where its own count cannot be stored.
    pub fn of_device(digest: &[u8]) -> Counter {
        Counter { subject: format!("device:{}", HEXLOWER.encode(digest)), rule: Rule::Account }
    }

    /// Counts sign-ins from an IP address: an IPv6 network of one customer (/64) is one.
    pub fn of_address(address: IpAddr, limit: i64) -> Counter {
        let subject = match address.to_canonical() {
            IpAddr::V4(v4) => format!("address:{v4}"),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                format!("address:{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        };
        Counter { subject, rule: Rule::Address { limit } }
    }

    /// Seconds to wait at `now`; none if an attempt is allowed. Never longer than the longest wait of the rule: a
    /// longer one was recorded while the clock was ahead, and does not count.
    pub fn wait_s(&self, known: Option<Failures>, now: Moment) -> Option<i64> {
        let known = known?;
        let longest_s = match self.rule {
            Rule::Account => ACCOUNT_LONGEST_S,
            Rule::Address { limit } if known.count >= limit => ADDRESS_WINDOW_S,
            Rule::Address { .. } => 0,
        };
        let wait_s = known.wait_until.seconds_since(now);
        (1..=longest_s).contains(&wait_s).then_some(wait_s)
    }

    /// What is known after one more failure.
    pub fn after_failure(&self, known: Option<Failures>, now: Moment) -> Failures {
        match self.rule {
            Rule::Account => account_failure(known, now),
            Rule::Address { limit } => address_failure(known, limit, now),
        }
    }
}

/// Refuses an attempt that has to wait, by whichever counter makes it wait longest.
pub fn refuse_waiting(counters: &[(&Counter, Option<Failures>)], now: Moment) -> Result<(), Refusal> {
    let longest = counters.iter().filter_map(|(counter, known)| counter.wait_s(*known, now)).max();
    longest.map_or(Ok(()), |seconds| Err(Refusal::TooManyTries(seconds)))
}

impl Failures {
    /// Also when the clock was ahead as they were recorded, or is behind now.
    fn are_recent(&self, memory_s: i64, now: Moment) -> bool {
        now.seconds_since(self.since).abs() < memory_s
    }
}

fn account_failure(before: Option<Failures>, now: Moment) -> Failures {
    let recent = before.filter(|before| before.are_recent(ACCOUNT_MEMORY_S, now));
    let count = recent.map_or(1, |before| before.count.saturating_add(1));
    let wait_s = match count {
        ..=1 => 1,
        2 => 3,
        3 => 5,
        _ => ACCOUNT_LONGEST_S,
    };
    Failures { count, since: now, wait_until: now.plus_seconds(wait_s) }
}

fn address_failure(before: Option<Failures>, limit: i64, now: Moment) -> Failures {
    let recent = before.filter(|before| before.are_recent(ADDRESS_WINDOW_S, now));
    let since = recent.map_or(now, |before| before.since.min(now));
    let count = recent.map_or(1, |before| before.count.saturating_add(1));
    let wait_until = if count >= limit { since.plus_seconds(ADDRESS_WINDOW_S) } else { now };
    Failures { count, since, wait_until }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_unix(seconds).expect("in range")
    }

    fn account() -> Counter {
        Counter::of_account("olga@northwind.example")
    }

    fn address(limit: i64) -> Counter {
        Counter::of_address([192, 0, 2, 1].into(), limit)
    }

    #[test]
    fn an_account_waits_longer_with_each_failure_but_never_long() {
        let mut failures = None;
        let mut waits = Vec::new();
        for _ in 0..6 {
            failures = Some(account().after_failure(failures, at(100)));
            waits.push(account().wait_s(failures, at(100)).expect("a wait"));
        }
        assert_eq!(waits, [1, 3, 5, 10, 10, 10]);
    }

    #[test]
    fn an_account_forgets() {
        let many = Some(Failures { count: 50, since: at(0), wait_until: at(10) });
        assert_eq!(account().after_failure(many, at(ACCOUNT_MEMORY_S)).count, 1);
        assert_eq!(account().wait_s(many, at(10)), None);
    }

    #[test]
    fn an_address_waits_for_the_end_of_its_window() {
        let mut failures = None;
        for n in 0..20 {
            failures = Some(address(20).after_failure(failures, at(n)));
        }
        assert_eq!(address(20).wait_s(failures, at(19)), Some(281));
        assert_eq!(address(20).wait_s(failures, at(300)), None);
        assert_eq!(address(20).after_failure(failures, at(300)).count, 1);
    }

    #[test]
    fn a_network_of_one_customer_counts_as_one() {
        let subject = |text: &str| Counter::of_address(text.parse().expect("an IP address"), 20).subject;
        assert_eq!(subject("2001:db8::1"), subject("2001:db8::ffff:1"));
        assert_ne!(subject("2001:db8::1"), subject("2001:db8:0:1::1"));
        assert_eq!(subject("::ffff:192.0.2.1"), subject("192.0.2.1"));
    }

    #[test]
    fn the_longest_wait_counts() {
        let (account, address) = (account(), address(1));
        let failed = |counter: &Counter| Some(counter.after_failure(None, at(0)));
        let counters = [(&account, failed(&account)), (&address, failed(&address))];
        assert_eq!(refuse_waiting(&counters, at(0)), Err(Refusal::TooManyTries(300)));
        assert_eq!(refuse_waiting(&counters[..1], at(0)), Err(Refusal::TooManyTries(1)));
        assert_eq!(refuse_waiting(&counters, at(300)), Ok(()));
    }

    proptest! {
        /// Whatever is stored, and however the clock jumped: no wait is longer than its rule's longest, and an attempt
        /// after that wait is allowed.
        #[test]
        fn no_wait_is_longer_than_its_rule_gives(
            clock in prop::collection::vec(-200_000_i64..200_000, 1..40), now in -200_000_i64..200_000, limit in 1_i64..30
        ) {
            for (counter, longest_s) in [(account(), ACCOUNT_LONGEST_S), (address(limit), ADDRESS_WINDOW_S)] {
                let mut known = None;
                for &seconds in &clock {
                    known = Some(counter.after_failure(known, at(seconds)));
                    prop_assert!(counter.wait_s(known, at(seconds)).is_none_or(|wait_s| wait_s <= longest_s));
                }
                let wait_s = counter.wait_s(known, at(now)).unwrap_or(0);
                prop_assert!(wait_s <= longest_s);
                prop_assert_eq!(counter.wait_s(known, at(now + wait_s)), None);
            }
        }

        /// Guesses without a pause: of those that come within a wait none is allowed.
        #[test]
        fn guesses_without_a_pause_are_few(gaps in prop::collection::vec(0_i64..3, 1..2_000)) {
            let (counter, mut known, mut now, mut allowed) = (account(), None, 0, 0);
            for gap in gaps {
                now += gap;
                if counter.wait_s(known, at(now)).is_none() {
                    known = Some(counter.after_failure(known, at(now)));
                    allowed += 1;
                }
            }
            prop_assert!(allowed <= 4 + now / ACCOUNT_LONGEST_S, "{allowed} in {now} s");
        }
    }
}
