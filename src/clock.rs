//! Time: what a moment is, and the only place that asks what time it is.
//!
//! Everything else takes a [`Moment`]. Tests hold a clock that they set by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, Timelike, Utc};

/// How far the wall clocks of two instances may be apart, in seconds. A stored moment that lies further ahead was written
/// by a clock that was wrong.
pub const CLOCK_SKEW_S: i64 = 60;

/// A whole second of UTC, as seconds since 1970-01-01T00:00:00Z.
///
/// Between the years 1 and 9999, so that it always has a date and always prints as RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    const FIRST: i64 = -62_135_596_800; // 0001-01-01T00:00:00Z
    const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z

    /// The last of them: no key is given an end so late (9998 is the last year), so that it can stand for none.
    pub const END: Moment = Moment(Moment::LAST);

    /// The first of all.
    pub const EARLIEST: Moment = Moment(Moment::FIRST);

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
        let mut text = String::with_capacity(20);
        self.push_rfc3339(&mut text);
        text
    }

    /// Writes [`rfc3339`](Moment::rfc3339) behind what stands in `out`: by hand, since the gate tells two moments in
    /// every answer and chrono's formatter takes as long as all the rest of it.
    pub fn push_rfc3339(self, out: &mut String) {
        let utc = self.utc().naive_utc();
        let year = utc.year().unsigned_abs();
        let mut text = *b"0000-00-00T00:00:00Z";
        let first = [(0, year / 100), (2, year % 100), (5, utc.month()), (8, utc.day())];
        for (at, number) in first.into_iter().chain([(11, utc.hour()), (14, utc.minute()), (17, utc.second())]) {
            text[at] += (number / 10) as u8;
            text[at + 1] += (number % 10) as u8;
        }
        out.push_str(std::str::from_utf8(&text).expect("digits are ASCII"));
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

/// How long this machine has been up, its sleep included (CLOCK_BOOTTIME): for measuring spans. No step of the wall
/// clock moves it, and `std::time::Instant` stands still while a machine is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uptime(Duration);

impl Uptime {
    /// As of now.
    pub fn now() -> Uptime {
        #[cfg(target_os = "linux")]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = rustix::time::ClockId::Monotonic;
        let told = rustix::time::clock_gettime(clock);
        Uptime(Duration::new(told.tv_sec.unsigned_abs(), u32::try_from(told.tv_nsec).unwrap_or(0)))
    }

    /// So long after the machine was started.
    pub fn at(since_boot: Duration) -> Uptime {
        Uptime(since_boot)
    }

    /// As a clock tells it that counts so many seconds in a second.
    pub fn at_rate(self, rate: f64) -> Uptime {
        if rate == 1.0 { self } else { Uptime(self.0.mul_f64(rate)) }
    }

    /// The time since the machine was started.
    pub fn since_boot(self) -> Duration {
        self.0
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
            Clock::System => seconds_since_1970(),
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

/// Not by chrono, which makes a date of it first: every request asks.
fn seconds_since_1970() -> i64 {
    let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    SystemTime::now().duration_since(UNIX_EPOCH).map_or_else(|before| -seconds(before.duration()), seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_as_rfc_3339() {
        let moment = Moment::from_unix(1_793_783_520).expect("in range");
        assert_eq!(moment.rfc3339(), "2026-11-04T09:12:00Z");
    }

    proptest::proptest! {
        #[test]
        fn every_moment_prints_as_chrono_prints_it(seconds in Moment::FIRST..=Moment::LAST) {
            let moment = Moment(seconds);
            let theirs = moment.utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            proptest::prop_assert_eq!(moment.rfc3339(), theirs);
        }
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
