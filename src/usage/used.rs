//! What is known of a key's use: the last of it, how much, from where.

use std::net::IpAddr;

use crate::clock::Moment;
use crate::gate::verdict::Code;

/// In seconds.
pub const HOUR_S: i64 = 3_600;

/// The last request with a key while it worked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When it came.
    pub at: Moment,
    /// From where, if that is known.
    pub address: Option<IpAddr>,
    /// What the program that sent it calls itself.
    pub client: Option<String>,
}

/// How many requests ended so within one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The first second of the hour, in UTC.
    pub hour: Moment,
    /// How they ended.
    pub outcome: Code,
    /// How many.
    pub uses: u64,
}

/// What a key was used for in the last 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// Requests while it worked.
    pub requests: u64,
    /// Addresses that they came from.
    pub addresses: usize,
}

impl Recent {
    /// So many addresses of a key are kept: of a key with as many it is known that there are no fewer.
    pub const MOST_ADDRESSES: usize = 100;
}

/// The first second of the hour in which a moment falls.
pub fn hour_of(at: Moment) -> Moment {
    at.plus_seconds(-at.unix().rem_euclid(HOUR_S))
}

/// From where on a request counts as one of the last 24 hours. Counts are kept by the hour, so the hour in which
/// those 24 begin is counted whole: rather one request too many than "unused" for a key that is in use.
pub fn a_day_before(now: Moment) -> Moment {
    hour_of(now.plus_seconds(-24 * HOUR_S))
}

/// What a program calls itself, fit to be kept and shown: plain signs, and not too many.
pub fn client_name(text: &str) -> Option<String> {
    const MAX_CHARACTERS: usize = 120;
    let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let name: String = text.trim().chars().take(MAX_CHARACTERS).map(plain).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(unix: i64) -> Moment {
        Moment::from_unix(unix).expect("in range")
    }

    #[test]
    fn an_hour_begins_at_its_first_second() {
        assert_eq!(hour_of(at(7_199)), at(3_600));
        assert_eq!(hour_of(at(7_200)), at(7_200));
        assert_eq!(hour_of(at(-1)), at(-3_600));
        assert_eq!(a_day_before(at(100 * HOUR_S + 59)), at(76 * HOUR_S));
    }

    #[test]
    fn a_client_is_shown_in_plain_signs() {
        assert_eq!(client_name(" curl/8.5.0 ").as_deref(), Some("curl/8.5.0"));
        assert_eq!(client_name("a\u{202e}b\nc\u{e9}").as_deref(), Some("a?b?c?"));
        assert_eq!(client_name(&"x".repeat(500)).map(|name| name.len()), Some(120));
        assert_eq!(client_name("  "), None);
    }
}
