//! The names that records carry in addresses and tables: `key_…`, `team_…`, `person_…`.
//!
//! An id is a ULID behind a prefix that says what it names. Ids made later sort later, also within
//! one second, which is what makes "newest first" stable. They are no secret and guard nothing.

use std::cell::Cell;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use ulid::Ulid;

use crate::clock::Moment;
use crate::lock::locked;

/// One generator for the process: within one millisecond it counts up instead of drawing anew.
static GENERATOR: LazyLock<Mutex<ulid::Generator>> = LazyLock::new(|| Mutex::new(ulid::Generator::new()));

/// A fresh ULID in small letters, made at `now`.
pub(crate) fn mint(now: Moment) -> String {
    text("", draw(&mut locked(&GENERATOR), now))
}

fn draw(generator: &mut ulid::Generator, now: Moment) -> Ulid {
    let since_1970 = Duration::from_secs(u64::try_from(now.unix()).unwrap_or(0));
    match generator.generate_from_datetime(UNIX_EPOCH + since_1970) {
        Ok(ulid) => ulid,
        Err(overflow) => overflow.commit_overflow_random(),
    }
}

fn text(prefix: &str, ulid: Ulid) -> String {
    let mut text = String::with_capacity(prefix.len() + ulid::ULID_LEN);
    text.push_str(prefix);
    push_unpacked(ulid.to_bytes(), &mut text);
    text
}

thread_local! {
    /// Of each thread the second that goes on, and the last name in it: requests are named on all threads at once, and
    /// need no order between them.
    static OF_REQUESTS: Cell<Option<(Moment, Ulid)>> = const { Cell::new(None) };
}

/// A fresh name for a request: `req_…`. Within a second it counts up from what was drawn at its beginning.
pub(crate) fn mint_request(now: Moment) -> String {
    let counted = OF_REQUESTS.get().filter(|(second, _)| *second == now).and_then(|(_, last)| last.increment().ok());
    let ulid = counted.unwrap_or_else(|| draw(&mut ulid::Generator::new(), now));
    OF_REQUESTS.set(Some((now, ulid)));
    text("req_", ulid)
}

/// Whether `text` is a ULID as [`mint`] writes it.
pub(crate) fn is_minted(text: &str) -> bool {
    let read = Ulid::from_string(&text.to_ascii_uppercase());
    // Only one text stands for an id: what would not be written is not read.
    read.is_ok_and(|ulid| ulid.to_string().to_ascii_lowercase() == text)
}

/// The 16 bytes that a ULID's text stands for; none if the text is not one.
pub(crate) fn packed(ulid: &str) -> Option<[u8; 16]> {
    Ulid::from_string(ulid).ok().map(|ulid| ulid.to_bytes())
}

/// How long the text of an id is, behind what says what it names.
pub(crate) const TEXT_LENGTH: usize = ulid::ULID_LEN;

/// Writes the text of [`packed`] bytes behind what stands in `out`.
pub(crate) fn push_unpacked(bytes: [u8; 16], out: &mut String) {
    let mut buffer = [0; ulid::ULID_LEN];
    let from = out.len();
    out.push_str(Ulid::from_bytes(bytes).array_to_str(&mut buffer));
    out[from..].make_ascii_lowercase();
}

/// Declares an id type with its prefix.
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// A new id, made at `now`.
            pub fn mint(now: $crate::clock::Moment) -> Self {
                Self(format!("{}{}", $prefix, $crate::id::mint(now)))
            }

            /// Reads an id as it stands in an address or a table; none if it is not one.
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix($prefix)?;
                $crate::id::is_minted(rest).then(|| Self(text.to_owned()))
            }

            /// What stands before the ULID.
            pub const PREFIX: &str = $prefix;

            /// Its ULID's 16 bytes.
            pub fn packed(&self) -> [u8; 16] {
                $crate::id::packed(&self.0[$prefix.len()..]).expect("an id holds a ULID: it was minted or parsed")
            }

            /// The id as it stands in addresses and tables.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id whose ULID is [`packed`](Self::packed) so.
            pub fn of_packed(bytes: [u8; 16]) -> Self {
                let mut text = $prefix.to_owned();
                $crate::id::push_unpacked(bytes, &mut text);
                Self(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use id_type;

#[cfg(test)]
mod tests {
    use super::*;

    id_type!(
        /// An id for these tests.
        TestId,
        "test_"
    );

    #[test]
    fn ids_made_in_one_second_sort_in_the_order_they_were_made() {
        let now = Moment::from_unix(1_800_000_000).expect("in range");
        let ids: Vec<TestId> = (0..1_000).map(|_| TestId::mint(now)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn no_two_requests_are_called_the_same() {
        let at = |second: i64| Moment::from_unix(1_800_000_000 + second).expect("in range");
        let ids: std::collections::HashSet<String> = (0..3_000).map(|n| mint_request(at(n / 1_000 % 2))).collect();
        assert_eq!(ids.len(), 3_000);
        assert!(ids.iter().all(|id| is_minted(id.strip_prefix("req_").expect("the prefix"))));
    }

    #[test]
    fn an_id_packs_into_sixteen_bytes_and_back() {
        let id = TestId::mint(Moment::from_unix(1_800_000_000).expect("in range"));
        let mut out = TestId::PREFIX.to_owned();
        push_unpacked(id.packed(), &mut out);
        assert_eq!(out, id.as_str());
        assert_eq!(packed("test"), None);
    }

    #[test]
    fn an_id_reads_back_and_nothing_else_does() {
        let id = TestId::mint(Moment::from_unix(1_800_000_000).expect("in range"));
        assert_eq!(TestId::parse(id.as_str()), Some(id.clone()));
        assert_eq!(TestId::of_packed(id.packed()), id);
        for bad in
            ["", "test_", "key_x", &id.as_str()[1..], &id.as_str().to_uppercase(), "test_zzzzzzzzzzzzzzzzzzzzzzzzzz"]
        {
            assert_eq!(TestId::parse(bad), None, "{bad}");
        }
    }
}
