//! How long a key lives: the lifetime that is chosen, and the moment that results.
//!
//! It takes the time that it is told, and refuses to know what an expired key may still do.

use std::fmt;

use chrono::{Datelike, Months, NaiveDate};

use crate::calendar::{Zone, end_of_day};
use crate::clock::Moment;

/// What is chosen when a key is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// 7 × 24 hours.
    SevenDays,
    /// 30 × 24 hours.
    ThirtyDays,
    /// Three calendar months, same clock time in UTC, clamped to the month's end.
    ThreeMonths,
    /// Twelve calendar months, likewise.
    OneYear,
    /// To the end of a day of one's choice.
    Until(LastDay),
    /// Without end.
    Never,
}

/// A calendar day that exists in its zone, the last of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastDay {
    date: NaiveDate,
    zone: Zone,
    ends: Moment,
}

impl LastDay {
    /// That day in that zone; none if the zone skips it.
    pub fn new(date: NaiveDate, zone: Zone) -> Option<LastDay> {
        end_of_day(date, zone).map(|ends| LastDay { date, zone, ends })
    }

    /// The day.
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// Where it is that day.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// Its last whole second.
    pub fn ends(&self) -> Moment {
        self.ends
    }
}

/// One of the dialog's choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends: `3m`.
    pub word: &'static str,
    /// What is read: `3 months`.
    pub label: &'static str,
}

const SEVEN_DAYS: Choice = Choice { word: "7d", label: "7 days" };
const THIRTY_DAYS: Choice = Choice { word: "30d", label: "30 days" };
const THREE_MONTHS: Choice = Choice { word: "3m", label: "3 months" };
const ONE_YEAR: Choice = Choice { word: "1y", label: "1 year" };
const CUSTOM: Choice = Choice { word: "custom", label: "Custom" };
const NEVER: Choice = Choice { word: "never", label: "Never" };

/// Why an expiration is refused; displays as the sentence beside the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpirationError {
    /// None of the choices.
    UnknownChoice,
    /// Custom, but without a date.
    NoDate,
    /// Not a date of the calendar in the form YYYY-MM-DD.
    NotADate,
    /// Before today in the zone, or today with no second of it left.
    Past,
    /// After the year 9998.
    TooFar,
    /// Skipped by the zone.
    NoSuchDay,
    /// Not the name of a time zone.
    UnknownZone,
}

impl ExpirationError {
    /// Whether it belongs beside the date; else it belongs beside the choice.
    pub fn is_about_the_date(self) -> bool {
        self != ExpirationError::UnknownChoice
    }
}

impl fmt::Display for ExpirationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExpirationError::UnknownChoice => "Choose when the key expires.",
            ExpirationError::NoDate => "Choose the last day on which the key works.",
            ExpirationError::NotADate => "Enter a date as YYYY-MM-DD.",
            ExpirationError::Past => "Choose today or a later day.",
            ExpirationError::TooFar => "Choose a day before the year 9999.",
            ExpirationError::NoSuchDay => "That day does not exist in your time zone.",
            ExpirationError::UnknownZone => "Your time zone is not known here.",
        })
    }
}

impl std::error::Error for ExpirationError {}

impl Lifetime {
    /// What the dialog offers, in its order.
    pub const CHOICES: [Choice; 6] = [SEVEN_DAYS, THIRTY_DAYS, THREE_MONTHS, ONE_YEAR, CUSTOM, NEVER];
    /// What the dialog preselects.
    pub const DEFAULT: Lifetime = Lifetime::ThreeMonths;
    /// The last year that a date of one's choice may lie in.
    pub const LAST_YEAR: i32 = 9998;

    /// Reads the form's `expiration`, `expires_on` and `time_zone`. The latter two count only for `custom`; an absent or
    /// empty zone is UTC.
    pub fn parse(
        choice: &str,
        expires_on: Option<&str>,
        time_zone: Option<&str>,
        now: Moment,
    ) -> Result<Lifetime, ExpirationError> {
        match choice {
            "7d" => Ok(Lifetime::SevenDays),
            "30d" => Ok(Lifetime::ThirtyDays),
            "3m" => Ok(Lifetime::ThreeMonths),
            "1y" => Ok(Lifetime::OneYear),
            "never" => Ok(Lifetime::Never),
            "custom" => {
                let zone = match time_zone {
                    None | Some("") => Zone::UTC,
                    Some(name) => Zone::parse(name).ok_or(ExpirationError::UnknownZone)?,
                };
                parse_last_day(expires_on.unwrap_or_default(), zone, now).map(Lifetime::Until)
            }
            _ => Err(ExpirationError::UnknownChoice),
        }
    }

    /// When a key created at `now` expires; none is never.
    pub fn expires_at(&self, now: Moment) -> Option<Moment> {
        match self {
            Lifetime::SevenDays => Some(now.plus_seconds(7 * 86_400)),
            Lifetime::ThirtyDays => Some(now.plus_seconds(30 * 86_400)),
            Lifetime::ThreeMonths => Some(plus_months(now, 3)),
            Lifetime::OneYear => Some(plus_months(now, 12)),
            Lifetime::Until(day) => Some(day.ends()),
            Lifetime::Never => None,
        }
    }

    /// Which of the [`Lifetime::CHOICES`] it is.
    pub fn choice(&self) -> Choice {
        match self {
            Lifetime::SevenDays => SEVEN_DAYS,
            Lifetime::ThirtyDays => THIRTY_DAYS,
            Lifetime::ThreeMonths => THREE_MONTHS,
            Lifetime::OneYear => ONE_YEAR,
            Lifetime::Until(_) => CUSTOM,
            Lifetime::Never => NEVER,
        }
    }
}

fn parse_last_day(text: &str, zone: Zone, now: Moment) -> Result<LastDay, ExpirationError> {
    if text.is_empty() {
        return Err(ExpirationError::NoDate);
    }
    let date = parse_date(text).ok_or(ExpirationError::NotADate)?;
    if date.year() > Lifetime::LAST_YEAR {
        return Err(ExpirationError::TooFar);
    }
    let day = LastDay::new(date, zone).ok_or(ExpirationError::NoSuchDay)?;
    // Also today, in its last second: the key would be born expired.
    if day.ends() <= now { Err(ExpirationError::Past) } else { Ok(day) }
}

/// Exactly `YYYY-MM-DD`: chrono alone would take `2027-2-1` and `+2027-02-01` too.
fn parse_date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (date.format("%Y-%m-%d").to_string() == text).then_some(date)
}

fn plus_months(now: Moment, months: u32) -> Moment {
    let then = now.utc().checked_add_months(Months::new(months)).expect("chrono goes on far beyond the year 9999");
    now.plus_seconds(then.timestamp() - now.unix())
}

/// When a key stops working by itself; none is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiration(pub Option<Moment>);

impl Expiration {
    /// The moment, if there is one.
    pub fn at(self) -> Option<Moment> {
        self.0
    }

    /// Whether it has come: at the very second it has.
    pub fn is_past(self, now: Moment) -> bool {
        self.0.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Moment {
        let parsed = chrono::DateTime::parse_from_rfc3339(text).expect("a test's own date");
        Moment::from_unix(parsed.timestamp()).expect("in range")
    }

    fn expires(choice: &str, now: &str) -> String {
        let lifetime = Lifetime::parse(choice, None, None, at(now)).expect("a choice");
        lifetime.expires_at(at(now)).map_or("never".to_owned(), Moment::rfc3339)
    }

    fn custom(date: &str, zone: &str, now: &str) -> Result<String, ExpirationError> {
        let lifetime = Lifetime::parse("custom", Some(date), Some(zone), at(now))?;
        Ok(lifetime.expires_at(at(now)).map_or("never".to_owned(), Moment::rfc3339))
    }

    #[test]
    fn days_are_24_hours_and_months_are_the_calendars() {
        let now = "2026-11-21T09:12:34Z";
        assert_eq!(expires("7d", now), "2026-11-28T09:12:34Z");
        assert_eq!(expires("30d", now), "2026-12-21T09:12:34Z");
        assert_eq!(expires("3m", now), "2027-02-21T09:12:34Z");
        assert_eq!(expires("1y", now), "2027-11-21T09:12:34Z");
        assert_eq!(expires("never", now), "never");
    }

    #[test]
    fn months_are_clamped_to_their_end_and_years_to_ours() {
        assert_eq!(expires("3m", "2026-11-30T23:59:59Z"), "2027-02-28T23:59:59Z");
        assert_eq!(expires("3m", "2027-11-30T00:00:00Z"), "2028-02-29T00:00:00Z");
        assert_eq!(expires("1y", "2028-02-29T12:00:00Z"), "2029-02-28T12:00:00Z");
        assert_eq!(expires("1y", "9999-06-01T00:00:00Z"), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn a_chosen_day_is_good_to_its_last_second_in_the_zone() {
        let now = "2026-11-21T20:00:00Z";
        assert_eq!(custom("2026-11-21", "", now), Ok("2026-11-21T23:59:59Z".to_owned()));
        assert_eq!(custom("2027-07-01", "Europe/Paris", now), Ok("2027-07-01T21:59:59Z".to_owned()));
        assert_eq!(custom("9998-12-31", "", now), Ok("9998-12-31T23:59:59Z".to_owned()));
    }

    #[test]
    fn today_is_the_zones_and_must_have_a_second_left() {
        let now = "2026-11-21T20:00:00Z"; // already the 22nd in Tokyo
        assert_eq!(custom("2026-11-20", "", now), Err(ExpirationError::Past));
        assert_eq!(custom("2026-11-21", "Asia/Tokyo", now), Err(ExpirationError::Past));
        assert!(custom("2026-11-22", "Asia/Tokyo", now).is_ok());
        assert!(custom("2026-11-21", "", "2026-11-21T23:59:58Z").is_ok());
        assert_eq!(custom("2026-11-21", "", "2026-11-21T23:59:59Z"), Err(ExpirationError::Past));
    }

    #[test]
    fn anything_but_a_date_is_refused() {
        let now = "2026-11-21T20:00:00Z";
        assert_eq!(custom("", "", now), Err(ExpirationError::NoDate));
        assert_eq!(custom("9999-01-01", "", now), Err(ExpirationError::TooFar));
        assert_eq!(custom("2027-01-01", "Mars/Olympus", now), Err(ExpirationError::UnknownZone));
        assert_eq!(custom("2011-12-30", "Pacific/Apia", "2011-12-29T12:00:00Z"), Err(ExpirationError::NoSuchDay));
        for bad in ["2027-2-1", "2027-02-30", "+2027-02-01", "2027-02-01 ", "10000-01-01", "01/02/2027", "२०२७-०२-०१"]
        {
            assert_eq!(custom(bad, "", now), Err(ExpirationError::NotADate), "{bad}");
        }
    }

    #[test]
    fn only_the_forms_words_are_choices_and_only_custom_reads_the_date() {
        let now = at("2026-11-21T20:00:00Z");
        for bad in ["", "Never", "8d", "3m "] {
            assert_eq!(Lifetime::parse(bad, None, None, now), Err(ExpirationError::UnknownChoice), "{bad}");
        }
        assert_eq!(Lifetime::parse("7d", Some("rubbish"), Some("rubbish"), now), Ok(Lifetime::SevenDays));
        for choice in Lifetime::CHOICES {
            let read = Lifetime::parse(choice.word, Some("2027-01-01"), None, now).expect("offered");
            assert_eq!(read.choice(), choice);
        }
    }

    #[test]
    fn it_is_expired_at_the_very_second() {
        let end = at("2026-11-21T20:00:00Z");
        assert!(!Expiration(Some(end)).is_past(end.plus_seconds(-1)));
        assert!(Expiration(Some(end)).is_past(end));
        assert!(!Expiration(None).is_past(end));
    }

    proptest! {
        #[test]
        fn no_key_is_born_expired(
            now in 0i64..253_000_000_000,
            days in -3i64..40_000,
            zone in proptest::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        ) {
            let now = Moment::from_unix(now).expect("in range");
            let date = parse_date(&now.plus_seconds(days * 86_400).rfc3339()[..10]).expect("a date").to_string();
            if let Ok(lifetime) = Lifetime::parse("custom", Some(&date), Some(zone.name()), now) {
                prop_assert!(!Expiration(lifetime.expires_at(now)).is_past(now));
            }
        }

        #[test]
        fn only_what_prints_the_same_is_a_date(text in "[0-9+]{1,5}-[0-9]{1,2}-[0-9]{1,2} ?") {
            if let Some(date) = parse_date(&text) {
                prop_assert_eq!(date.to_string(), text);
            }
        }
    }
}
