//! What a key was used for over the last 90 days, day by day in the viewer's zone, and how high that makes the bars of
//! a chart.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use crate::calendar::Zone;
use crate::clock::Moment;
use crate::gate::verdict::Code;
use crate::usage::used::Count;

/// Days that are shown, today included.
pub const DAYS: u64 = 90;
/// How high the chart is, in the units of its drawing.
pub const CHART_HEIGHT: u64 = 96;
/// Of a day so much, the gap behind it included.
pub const DAY_WIDTH: u64 = 6;
/// What is there at all is seen.
const LEAST_HEIGHT: u64 = 2;

/// How many requests ended how.
pub type Ended = BTreeMap<Code, u64>;

/// One day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Which.
    pub date: NaiveDate,
    /// What was asked on it.
    pub ended: Ended,
}

/// All of the days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// From the first to today, also those without use.
    pub days: Vec<Day>,
    /// What was asked on all of them.
    pub ended: Ended,
}

/// A day in the chart: two parts of a bar, one on the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Where it begins.
    pub x: u64,
    /// How high the part is that stands for what was accepted.
    pub accepted: u64,
    /// How high the part is that stands for what was refused.
    pub refused: u64,
}

impl History {
    /// Counts that lie outside of the days are left out.
    pub fn of(counts: &[Count], now: Moment, zone: Zone) -> History {
        let today = zone.date(now);
        let date = |n| today.checked_sub_days(Days::new(n));
        let mut days: Vec<Day> =
            (0..DAYS).rev().filter_map(date).map(|date| Day { date, ended: Ended::new() }).collect();
        let mut ended = Ended::new();
        for count in counts {
            let Ok(at) = days.binary_search_by_key(&zone.date(count.hour), |day| day.date) else { continue };
            *days[at].ended.entry(count.outcome).or_default() += count.uses;
            *ended.entry(count.outcome).or_default() += count.uses;
        }
        History { days, ended }
    }

    /// Whether nothing was asked on any of them.
    pub fn is_empty(&self) -> bool {
        self.ended.is_empty()
    }

    /// How much was asked on the day with the most of it.
    pub fn most(&self) -> u64 {
        self.days.iter().map(Day::total).max().unwrap_or(0)
    }

    /// A bar a day.
    pub fn bars(&self) -> Vec<Bar> {
        let most = self.most().max(1);
        let room = CHART_HEIGHT - 2 * LEAST_HEIGHT;
        let height = |requests: u64| match requests {
            0 => 0,
            some => (some.saturating_mul(room) / most).max(LEAST_HEIGHT),
        };
        let bar = |(x, day): (u64, &Day)| Bar {
            x: x * DAY_WIDTH,
            accepted: height(day.accepted()),
            refused: height(day.refused()),
        };
        (0..).zip(&self.days).map(bar).collect()
    }
}

impl Day {
    /// What the key opened.
    pub fn accepted(&self) -> u64 {
        self.ended.get(&Code::Valid).copied().unwrap_or(0)
    }

    /// What it did not open.
    pub fn refused(&self) -> u64 {
        self.total() - self.accepted()
    }

    /// All that was asked.
    pub fn total(&self) -> u64 {
        self.ended.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(unix: i64) -> Moment {
        Moment::from_unix(unix).expect("in range")
    }

    fn count(hour: i64, outcome: Code, uses: u64) -> Count {
        Count { hour: at(hour), outcome, uses }
    }

    /// Saturday, 21 November 2026, noon in UTC.
    const NOON: i64 = 1_795_262_400;
    const DAY_S: i64 = 86_400;

    #[test]
    fn there_are_ninety_days_and_the_last_is_the_viewers_today() {
        let tokyo = Zone::parse("Asia/Tokyo").expect("a zone");
        let history = History::of(&[count(NOON + 4 * 3_600, Code::Valid, 3)], at(NOON + 5 * 3_600), tokyo);
        let (first, last) = (&history.days[0], &history.days[89]);
        assert_eq!((first.date.to_string().as_str(), last.date.to_string().as_str()), ("2026-08-25", "2026-11-22"));
        assert_eq!((history.days.len(), last.accepted()), (90, 3));
        let in_utc = History::of(&[count(NOON + 4 * 3_600, Code::Valid, 3)], at(NOON + 5 * 3_600), Zone::UTC);
        assert_eq!(in_utc.days[89].date.to_string(), "2026-11-21");
    }

    #[test]
    fn what_lies_before_them_is_left_out() {
        let history = History::of(&[count(NOON - 90 * DAY_S, Code::Valid, 3)], at(NOON), Zone::UTC);
        assert!(history.is_empty() && history.most() == 0);
        assert!(history.bars().iter().all(|bar| bar.accepted + bar.refused == 0));
    }

    #[test]
    fn bars_keep_the_proportions_and_nothing_is_too_low_to_be_seen() {
        let counts = [
            count(NOON, Code::Valid, 100_000),
            count(NOON, Code::Revoked, 1),
            count(NOON - DAY_S, Code::Valid, 50_000),
            count(NOON - DAY_S, Code::InsufficientPermissions, 50_000),
        ];
        let bars = History::of(&counts, at(NOON), Zone::UTC).bars();
        assert_eq!(bars[89], Bar { x: 89 * DAY_WIDTH, accepted: 91, refused: LEAST_HEIGHT });
        assert_eq!((bars[88].accepted, bars[88].refused), (45, 45));
        assert!(bars.iter().all(|bar| bar.accepted + bar.refused <= CHART_HEIGHT));
    }
}
