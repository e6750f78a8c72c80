//! Time: what a moment is, and the only place that asks what time it is.
//!
//! Everything else takes a [`Moment`]. Tests hold a clock that they set by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};

/// A whole second of UTC, as seconds since 1970-01-01T00:00:00Z.
///
/// Between the years 1 and 9999, so that it always has a date and always prints as RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    const FIRST: i64 = -62_135_596_800; // 0001-01-01T00:00:00Z
    const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z

    /// The moment that many seconds after 1970, if it lies in the years 1 to 9999.
    pub fn from_unix(seconds: i64) -> Option<Moment> {
        (Moment::FIRST..=Moment::LAST).contains(&seconds).then_some(Moment(seconds))
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// As a calendar date and time in UTC.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).expect("the years 1 to 9999 are within chrono's range")
    }

    /// `2026-11-04T09:12:00Z` (RFC 3339).
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Seconds from `earlier` to this moment; negative if it lies before.
    pub fn seconds_since(self, earlier: Moment) -> i64 {
        self.0 - earlier.0
    }

    /// This moment and so many seconds; held at the ends of the range.
    pub fn plus_seconds(self, seconds: i64) -> Moment {
        Moment(self.0.saturating_add(seconds).clamp(Moment::FIRST, Moment::LAST))
    }
}

/// Tells the time: the system's, or one that a test sets.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The wall clock of this machine.
    System,
    /// Stands still until it is set.
    ByHand(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start`.
    pub fn by_hand(start: Moment) -> Clock {
        Clock::ByHand(Arc::new(AtomicI64::new(start.0)))
    }

    /// What time it is.
    pub fn now(&self) -> Moment {
        let seconds = match self {
            Clock::System => Utc::now().timestamp(),
            Clock::ByHand(seconds) => seconds.load(Ordering::SeqCst),
        };
        Moment(seconds.clamp(Moment::FIRST, Moment::LAST))
    }

    /// Moves a clock that is set by hand; the system's cannot be moved.
    pub fn advance(&self, seconds: i64) {
        if let Clock::ByHand(held) = self {
            held.fetch_add(seconds, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_as_rfc_3339() {
        let moment = Moment::from_unix(1_793_783_520).expect("in range");
        assert_eq!(moment.rfc3339(), "2026-11-04T09:12:00Z");
    }

    #[test]
    fn moments_end_with_the_year_9999() {
        assert!(Moment::from_unix(Moment::LAST).is_some());
        assert!(Moment::from_unix(Moment::LAST + 1).is_none());
        assert_eq!(Moment(Moment::LAST).plus_seconds(i64::MAX), Moment(Moment::LAST));
    }

    #[test]
    fn a_clock_set_by_hand_moves_only_when_told() {
        let clock = Clock::by_hand(Moment(100));
        assert_eq!(clock.now(), Moment(100));
        clock.advance(7);
        assert_eq!(clock.now(), Moment(107));
    }
}
