//! How moments are shown to people: in their zone, as days, as time left, exactly on hover.
//!
//! Also where a calendar day ends in a zone. It never asks what time it is.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;

use crate::clock::Moment;

/// A time zone of the IANA database, as browsers name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// What is shown when nobody told the viewer's zone.
    pub const UTC: Zone = Zone(Tz::UTC);

    /// Reads an IANA name such as `Europe/Paris`, in exactly that case; none if it is unknown.
    pub fn parse(name: &str) -> Option<Zone> {
        name.parse().ok().map(Zone)
    }

    /// The IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The calendar day on which `moment` falls here.
    pub fn date(self, moment: Moment) -> NaiveDate {
        self.local(moment).date_naive()
    }

    fn local(self, moment: Moment) -> DateTime<Tz> {
        moment.utc().with_timezone(&self.0)
    }
}

/// `4 Nov 2026`.
pub fn day(moment: Moment, zone: Zone) -> String {
    zone.local(moment).format("%-d %b %Y").to_string()
}

/// `Today` if both fall on one calendar day in the zone, else [`day`].
pub fn day_or_today(moment: Moment, now: Moment, zone: Zone) -> String {
    if zone.date(moment) == zone.date(now) { "Today".to_owned() } else { day(moment, zone) }
}

/// How long ago a moment was, as far as that says more than its date: `just now`, `12 s ago`, `5 min ago`, `3 h ago`,
/// `yesterday` and `4 days ago` by the viewer's calendar, else [`day`].
pub fn ago(moment: Moment, now: Moment, zone: Zone) -> String {
    let days = zone.date(now).signed_duration_since(zone.date(moment)).num_days();
    match now.seconds_since(moment) {
        ..1 => "just now".to_owned(),
        seconds @ 1..MINUTE => format!("{seconds} s ago"),
        seconds @ MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("{} h ago", seconds / HOUR),
        DAY.. if days == 1 => "yesterday".to_owned(),
        DAY.. if days < 7 => format!("{days} days ago"),
        DAY.. => day(moment, zone),
    }
}

/// `21 February 2027`.
pub fn long_day(moment: Moment, zone: Zone) -> String {
    zone.local(moment).format("%-d %B %Y").to_string()
}

/// `4 Nov 2026, 09:12:00 UTC`: the second and the zone's abbreviation of that season.
pub fn exact(moment: Moment, zone: Zone) -> String {
    zone.local(moment).format("%-d %b %Y, %H:%M:%S %Z").to_string()
}

/// How loudly an expiry is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// More than 14 days away, past, or never.
    None,
    /// At most 14 days away: amber.
    Soon,
    /// At most 3 days away: red.
    VerySoon,
}

/// What the Expiration column says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiryText {
    /// `Never`, `4 Feb 2027`, `in 9 days`, `in 5 hours`, `in 3 min`.
    pub text: String,
    /// Its colour.
    pub urgency: Urgency,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The expiry as it stands at `now`: in the last 14 days (of 24 h) the calendar days to it in the viewer's zone, in the
/// last of them hours or minutes; else the date.
pub fn expiry(expires_at: Option<Moment>, now: Moment, zone: Zone) -> ExpiryText {
    let Some(at) = expires_at else {
        return ExpiryText { text: "Never".to_owned(), urgency: Urgency::None };
    };
    let left = at.seconds_since(now);
    if left <= 0 || left > 14 * DAY {
        return ExpiryText { text: day(at, zone), urgency: Urgency::None };
    }
    let urgency = if left <= 3 * DAY { Urgency::VerySoon } else { Urgency::Soon };
    let days = zone.date(at).signed_duration_since(zone.date(now)).num_days();
    ExpiryText { text: time_left(left, days), urgency }
}

/// Hours and minutes are rounded down, so that they never promise more than there is.
fn time_left(seconds: i64, days: i64) -> String {
    match seconds {
        ..MINUTE => "in under a minute".to_owned(),
        MINUTE..HOUR => format!("in {} min", seconds / MINUTE),
        HOUR..DAY => counted(seconds / HOUR, "hour"),
        DAY.. => counted(days, "day"),
    }
}

fn counted(number: i64, unit: &str) -> String {
    format!("in {number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// The last whole second of a calendar day in a zone; none if the zone skipped that day, or it lies outside the years
/// of a [`Moment`].
pub fn end_of_day(date: NaiveDate, zone: Zone) -> Option<Moment> {
    // Clocks may jump over 23:59:59 or pass it twice: it is the last second that exists, the second time it is shown.
    let last = (0..86_400).rev().find_map(|second| {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0)?;
        zone.0.from_local_datetime(&date.and_time(time)).latest()
    })?;
    Moment::from_unix(last.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Moment {
        let parsed = DateTime::parse_from_rfc3339(text).expect("a test's own date");
        Moment::from_unix(parsed.timestamp()).expect("in range")
    }

    fn zone(name: &str) -> Zone {
        Zone::parse(name).expect("a known zone")
    }

    fn end(date: &str, name: &str) -> Option<String> {
        end_of_day(date.parse().expect("a test's own date"), zone(name)).map(Moment::rfc3339)
    }

    #[test]
    fn only_iana_names_are_zones() {
        assert_eq!(zone("Europe/Paris").name(), "Europe/Paris");
        for bad in ["", "Europe/Atlantis", "europe/paris", "+02:00", "Europe/Paris "] {
            assert_eq!(Zone::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn moments_are_shown_in_the_viewers_zone() {
        let late = at("2026-11-04T23:12:00Z");
        assert_eq!(day(late, Zone::UTC), "4 Nov 2026");
        assert_eq!(day(late, zone("Asia/Tokyo")), "5 Nov 2026");
        assert_eq!(long_day(at("2027-02-21T00:00:00Z"), Zone::UTC), "21 February 2027");
        assert_eq!(exact(at("2026-11-04T09:12:00Z"), Zone::UTC), "4 Nov 2026, 09:12:00 UTC");
        assert_eq!(exact(late, zone("Europe/Paris")), "5 Nov 2026, 00:12:00 CET");
    }

    #[test]
    fn today_is_the_viewers_calendar_day() {
        let (evening, night) = (at("2026-11-20T23:30:00Z"), at("2026-11-21T00:30:00Z"));
        assert_eq!(day_or_today(evening, night, Zone::UTC), "20 Nov 2026");
        assert_eq!(day_or_today(evening, night, zone("Asia/Tokyo")), "Today");
    }

    #[test]
    fn a_use_is_told_by_how_long_ago_it_was_for_a_week() {
        let now = at("2026-11-21T12:00:00Z");
        for (ago_s, text) in [
            (-5, "just now"),
            (0, "just now"),
            (12, "12 s ago"),
            (59, "59 s ago"),
            (60, "1 min ago"),
            (HOUR - 1, "59 min ago"),
            (3 * HOUR, "3 h ago"),
            (DAY - 1, "23 h ago"),
            (DAY, "yesterday"),
            (DAY + 13 * HOUR, "2 days ago"),
            (6 * DAY, "6 days ago"),
            (7 * DAY, "14 Nov 2026"),
        ] {
            assert_eq!(ago(now.plus_seconds(-ago_s), now, Zone::UTC), text, "{ago_s} s ago");
        }
        let (evening, night) = (at("2026-11-20T05:00:00Z"), at("2026-11-21T11:00:00Z"));
        assert_eq!(ago(evening, night, Zone::UTC), "yesterday");
        assert_eq!(ago(evening, night, zone("Asia/Tokyo")), "yesterday");
        assert_eq!(ago(evening, night, zone("America/Los_Angeles")), "2 days ago");
    }

    #[test]
    fn an_expiry_turns_amber_at_14_days_and_red_at_3() {
        let now = at("2026-11-21T12:00:00Z");
        let shown = |left: i64| {
            let expiry = expiry(Some(now.plus_seconds(left)), now, Zone::UTC);
            (expiry.text, expiry.urgency)
        };
        for (left, text, urgency) in [
            (14 * DAY + 1, "5 Dec 2026", Urgency::None),
            (14 * DAY, "in 14 days", Urgency::Soon),
            (10 * DAY - 1, "in 10 days", Urgency::Soon),
            (9 * DAY + 11 * HOUR, "in 9 days", Urgency::Soon),
            (7 * DAY - 1, "in 7 days", Urgency::Soon),
            (3 * DAY + 1, "in 3 days", Urgency::Soon),
            (3 * DAY, "in 3 days", Urgency::VerySoon),
            (DAY, "in 1 day", Urgency::VerySoon),
            (DAY - 1, "in 23 hours", Urgency::VerySoon),
            (HOUR, "in 1 hour", Urgency::VerySoon),
            (HOUR - 1, "in 59 min", Urgency::VerySoon),
            (1, "in under a minute", Urgency::VerySoon),
            (0, "21 Nov 2026", Urgency::None),
            (-DAY, "20 Nov 2026", Urgency::None),
        ] {
            assert_eq!(shown(left), (text.to_owned(), urgency), "{left} s left");
        }
        assert_eq!(expiry(None, now, Zone::UTC).text, "Never");
    }

    #[test]
    fn a_day_ends_where_its_zone_says() {
        assert_eq!(end("2026-11-21", "UTC").as_deref(), Some("2026-11-21T23:59:59Z"));
        assert_eq!(end("2026-11-21", "Asia/Tokyo").as_deref(), Some("2026-11-21T14:59:59Z"));
        assert_eq!(end("9998-12-31", "America/New_York").as_deref(), Some("9999-01-01T04:59:59Z"));
    }

    #[test]
    fn a_day_whose_last_hour_comes_twice_ends_after_the_second() {
        assert_eq!(end("2027-04-03", "America/Santiago").as_deref(), Some("2027-04-04T03:59:59Z"));
    }

    #[test]
    fn a_day_whose_last_half_hour_is_missing_ends_before_the_gap() {
        assert_eq!(end("1919-03-30", "America/Toronto").as_deref(), Some("1919-03-31T04:29:59Z"));
    }

    #[test]
    fn a_day_that_a_zone_skipped_has_no_end() {
        assert_eq!(end("2011-12-30", "Pacific/Apia"), None);
        assert_eq!(end("2011-12-29", "Pacific/Apia").as_deref(), Some("2011-12-30T09:59:59Z"));
    }

    proptest! {
        #[test]
        fn a_second_after_the_end_of_a_day_it_is_another_day(
            zone in proptest::sample::select(&chrono_tz::TZ_VARIANTS[..]),
            days in 0i32..73_000,
        ) {
            let date = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a date") + chrono::Days::new(days as u64);
            if let Some(end) = end_of_day(date, Zone(zone)) {
                prop_assert_eq!(Zone(zone).date(end), date);
                prop_assert!(Zone(zone).date(end.plus_seconds(1)) > date);
            }
        }
    }
}
