//! Until when this instance may judge by its index. Afterwards it has to ask the database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Uptime;

/// How long a change waits for instances that do not answer.
pub const LEASE: Duration = Duration::from_secs(3);
/// The part of it that an instance itself counts on: clocks of two machines may differ in rate by the rest.
const COUNTED_ON: f64 = 0.9;

/// A deadline that many threads read and one moves. Begins as over.
#[derive(Debug, Default)]
pub struct Lease {
    /// Nanoseconds since boot.
    end: AtomicU64,
    renewed: AtomicU64,
}

impl Lease {
    /// Whether it still holds. The time is asked only where it has an end.
    pub fn holds(&self, now: impl FnOnce() -> Uptime) -> bool {
        match self.end.load(Ordering::Acquire) {
            u64::MAX => true,
            end => nanos(now().since_boot()) < end,
        }
    }

    /// Renews it: `asked` is the time *before* the renewal was sent, since what was granted then may be counted on
    /// from then only.
    pub fn renew(&self, asked: Uptime) {
        self.renew_for(asked, LEASE.mul_f64(COUNTED_ON));
    }

    /// Renews it for a span of one's own.
    pub(super) fn renew_for(&self, asked: Uptime, span: Duration) {
        self.renewed.store(nanos(asked.since_boot()), Ordering::Relaxed);
        self.end.store(nanos(asked.since_boot() + span), Ordering::Release);
    }

    /// For good, or until it is dropped: where this process alone owns the database.
    pub fn hold(&self) {
        self.end.store(u64::MAX, Ordering::Release);
    }

    /// Ends it now.
    pub fn drop_it(&self) {
        self.end.store(0, Ordering::Release);
    }

    /// The time since it was renewed; nothing where it has no end.
    pub fn age(&self, now: Uptime) -> Duration {
        match self.end.load(Ordering::Acquire) {
            u64::MAX => Duration::ZERO,
            _ => Duration::from_nanos(nanos(now.since_boot()).saturating_sub(self.renewed.load(Ordering::Relaxed))),
        }
    }
}

/// Enough for five centuries of uptime.
fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `later` after another moment.
    fn after(asked: Uptime, later: Duration) -> Uptime {
        Uptime::at(asked.since_boot() + later)
    }

    #[test]
    fn a_lease_begins_as_over_and_can_be_held_and_dropped() {
        let lease = Lease::default();
        assert!(!lease.holds(Uptime::now));
        lease.hold();
        assert!(lease.holds(|| panic!("nobody asks for the time")));
        assert_eq!(lease.age(Uptime::now()), Duration::ZERO);
        lease.drop_it();
        assert!(!lease.holds(Uptime::now));
    }

    #[test]
    fn it_ends_before_the_others_stop_waiting() {
        let (lease, asked) = (Lease::default(), Uptime::now());
        lease.renew(asked);
        let end = LEASE.mul_f64(0.9);
        assert!(lease.holds(|| after(asked, end - Duration::from_nanos(1))));
        assert!(!lease.holds(|| after(asked, end)));
        assert_eq!(lease.age(after(asked, LEASE)), LEASE);
    }
}
