//! What a request presents as its key: a bearer token (RFC 6750), the whole value of another header, or the user or
//! password of HTTP Basic, wherever the catalog says that keys may come. All untrimmed.
//!
//! A text without any of the catalog's prefixes is somebody else's credential: it does not matter if a key came too.

use std::borrow::Cow;
use std::fmt;

use data_encoding::BASE64;
use http::header::{AUTHORIZATION, HeaderName};

use crate::keys::catalog::KeyHeaders;

/// The longest text that is looked at, in bytes.
const MAX_BYTES: usize = 128;

/// What was presented.
#[derive(Clone, PartialEq, Eq)]
pub enum Presented<'a> {
    /// No credential of ours.
    Nothing,
    /// Two different keys of ours.
    Several,
    /// Something that cannot be one key: too long, not ASCII, two `Authorization` headers.
    Unreadable,
    /// One credential with a blank before it or within it.
    Spaced,
    /// A text that may be a key.
    Text(Cow<'a, str>),
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Presented::Nothing => "Nothing",
            Presented::Several => "Several",
            Presented::Unreadable => "Unreadable",
            Presented::Spaced => "Spaced",
            Presented::Text(_) => "Text([redacted])",
        })
    }
}

/// The credentials of a request, as far as they have been read.
struct Found<'a, IsOurs> {
    /// The first one that is ours, or else the first one.
    best: Option<Cow<'a, [u8]>>,
    has_several: bool,
    is_ours: IsOurs,
}

impl<'a, IsOurs: Fn(&[u8]) -> bool> Found<'a, IsOurs> {
    fn add(&mut self, text: Cow<'a, [u8]>) {
        let Some(best) = &self.best else {
            self.best = Some(text);
            return;
        };
        // Mostly there is only one, and then nobody asks whether it is ours.
        if *best != text && (self.is_ours)(&text) {
            if (self.is_ours)(best) {
                self.has_several = true;
            } else {
                self.best = Some(text);
            }
        }
    }

    /// Adds the credentials of HTTP Basic (RFC 7617).
    fn add_user_and_password(&mut self, encoded: &[u8]) {
        let decoded = BASE64.decode(encoded).unwrap_or_default();
        let colon = decoded.iter().position(|byte| *byte == b':').unwrap_or(decoded.len());
        let password = decoded.get(colon + 1..).unwrap_or_default();
        self.add(Cow::Owned(password.to_vec()));
        self.add(Cow::Owned(decoded[..colon].to_vec()));
    }

    fn has_ours(&self) -> bool {
        self.best.as_ref().is_some_and(|best| (self.is_ours)(best))
    }

    fn presented(self) -> Presented<'a> {
        match self.best {
            _ if self.has_several => Presented::Several,
            Some(text) => readable(text),
            None => Presented::Nothing,
        }
    }
}

/// Reads the key of a request. `values` are those of a header, `is_ours` says whether a text begins like a key here.
pub fn read<'a, Values: Iterator<Item = &'a [u8]>>(
    key_headers: &KeyHeaders,
    values: impl Fn(&HeaderName) -> Values,
    is_ours: impl Fn(&[u8]) -> bool,
) -> Presented<'a> {
    let mut found = Found { best: None, has_several: false, is_ours };
    for value in key_headers.named().iter().flat_map(&values) {
        found.add(Cow::Borrowed(value));
    }
    if !key_headers.takes_bearer() && !key_headers.takes_basic() {
        return found.presented();
    }
    let has_key = found.has_ours();
    let mut lines = 0;
    for value in values(&AUTHORIZATION) {
        lines += 1;
        if let Some(token) = credentials(value, "bearer").filter(|_| key_headers.takes_bearer()) {
            found.add(Cow::Borrowed(token));
        } else if let Some(encoded) = credentials(value, "basic").filter(|_| key_headers.takes_basic()) {
            found.add_user_and_password(encoded);
        }
    }
    match found.presented() {
        // There can be only one `Authorization` header (RFC 9110, 5.3). Of two, others may read another one than we do.
        Presented::Text(_) | Presented::Spaced | Presented::Nothing if lines > 1 && !has_key => Presented::Unreadable,
        presented => presented,
    }
}

/// What follows a scheme of `Authorization`, in any case, and one space; none for another scheme.
pub fn credentials<'a>(value: &'a [u8], scheme: &str) -> Option<&'a [u8]> {
    let (begin, rest) = value.split_at_checked(scheme.len())?;
    if !begin.eq_ignore_ascii_case(scheme.as_bytes()) {
        return None;
    }
    match rest {
        [] => Some(rest),
        [b' ', credentials @ ..] => Some(credentials),
        _ => None, // a scheme that only begins like this one
    }
}

/// Reads a text that was sent on to us as somebody's key.
pub fn read_text(text: &str) -> Presented<'_> {
    readable(Cow::Borrowed(text.as_bytes()))
}

fn readable(text: Cow<'_, [u8]>) -> Presented<'_> {
    // All bytes are looked at in any case: without a way out in the middle that is many at once.
    let is_graphic = text.iter().fold(true, |graphic, byte| graphic & byte.is_ascii_graphic());
    if !is_graphic || !(1..=MAX_BYTES).contains(&text.len()) {
        return if text.iter().any(u8::is_ascii_whitespace) { Presented::Spaced } else { Presented::Unreadable };
    }
    let text = match text {
        Cow::Borrowed(text) => std::str::from_utf8(text).ok().map(Cow::Borrowed),
        Cow::Owned(text) => String::from_utf8(text).ok().map(Cow::Owned),
    };
    text.map_or(Presented::Unreadable, Presented::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk_live_a";

    fn of(list: &[&str]) -> KeyHeaders {
        let mut key_headers = KeyHeaders::NONE;
        list.iter().for_each(|name| key_headers.add(name).expect("a header for keys"));
        key_headers
    }

    /// Reads lines of headers, each a name and a value.
    fn read_from<'a>(key_headers: &KeyHeaders, lines: &'a [(&'a str, &'a [u8])]) -> Presented<'a> {
        let values = |name: &HeaderName| {
            let wanted = name.as_str().to_owned();
            lines.iter().filter(move |(name, _)| *name == wanted).map(|(_, value)| *value)
        };
        super::read(key_headers, values, |text| text.starts_with(b"sk_live_"))
    }

    fn read<'a>(lines: &'a [(&'a str, &'a [u8])]) -> Presented<'a> {
        read_from(&KeyHeaders::default(), lines)
    }

    fn text(text: &str) -> Presented<'_> {
        Presented::Text(Cow::Borrowed(text))
    }

    fn basic(user_and_password: &str) -> Vec<u8> {
        format!("Basic {}", BASE64.encode(user_and_password.as_bytes())).into_bytes()
    }

    #[test]
    fn one_bearer_token_is_read_whatever_the_scheme_s_case() {
        for value in ["Bearer abc", "bearer abc", "BEARER abc"] {
            assert_eq!(read(&[("authorization", value.as_bytes())]), text("abc"));
        }
        assert_eq!(read(&[("x-api-key", b"abc")]), text("abc"));
    }

    #[test]
    fn a_key_is_not_in_the_debug_output() {
        assert_eq!(format!("{:?}", text(KEY)), "Text([redacted])");
    }

    #[test]
    fn other_schemes_are_none_of_ours() {
        for value in ["", "Basic abc", "Bearerabc", "Bear abc", "Token abc"] {
            assert_eq!(read(&[("authorization", value.as_bytes())]), Presented::Nothing, "{value:?}");
            assert_eq!(read(&[("authorization", value.as_bytes()), ("x-api-key", b"key")]), text("key"));
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_unreadable() {
        let long = format!("Bearer {}", "a".repeat(129));
        for value in ["Bearer", "Bearer ", "Bearer \u{e9}", &long] {
            assert_eq!(read(&[("authorization", value.as_bytes())]), Presented::Unreadable, "{value:?}");
        }
        assert_eq!(read(&[("x-api-key", b"")]), Presented::Unreadable);
    }

    #[test]
    fn blanks_are_told_apart() {
        for value in ["Bearer  abc", "Bearer abc ", "Bearer a b", "Bearer a\tb", "Bearer Bearer abc"] {
            assert_eq!(read(&[("authorization", value.as_bytes())]), Presented::Spaced, "{value:?}");
        }
        assert_eq!(read(&[("x-api-key", b"a b")]), Presented::Spaced);
    }

    #[test]
    fn a_foreign_credential_does_not_matter_next_to_a_key() {
        let (key, bearer) = (KEY.as_bytes(), b"Bearer sk_live_a".as_slice());
        for lines in [
            [("authorization", b"Bearer eyJ.x.y".as_slice()), ("x-api-key", key)],
            [("authorization", b"Bearer"), ("x-api-key", key)],
            [("authorization", bearer), ("x-api-key", b"foreign")],
            [("authorization", bearer), ("x-api-key", b"")],
            [("x-api-key", b"foreign"), ("x-api-key", key)],
            [("x-api-key", key), ("x-api-key", b"foreign")],
        ] {
            assert_eq!(read(&lines), text(KEY), "{lines:?}");
        }
        assert_eq!(read(&[("authorization", b"Bearer eyJ.x.y")]), text("eyJ.x.y"), "alone it is what was presented");
        assert_eq!(read(&[("authorization", b"Bearer eyJ"), ("x-api-key", b"a b")]), Presented::Spaced);
    }

    #[test]
    fn the_same_key_counts_once_and_two_are_several() {
        let (key, bearer) = (KEY.as_bytes(), b"Bearer sk_live_a".as_slice());
        assert_eq!(read(&[("authorization", bearer), ("x-api-key", key)]), text(KEY));
        assert_eq!(read(&[("x-api-key", key), ("x-api-key", key)]), text(KEY));
        for lines in [
            [("authorization", bearer), ("x-api-key", b"sk_live_b".as_slice())],
            [("x-api-key", key), ("x-api-key", b"sk_live_b")],
            [("authorization", bearer), ("authorization", b"Bearer sk_live_b")],
            [("authorization", bearer), ("x-api-key", b"sk_live_a x")],
        ] {
            assert_eq!(read(&lines), Presented::Several, "{lines:?}");
        }
    }

    #[test]
    fn two_authorization_headers_are_unreadable_unless_a_key_came_elsewhere() {
        let (key, bearer) = (KEY.as_bytes(), b"Bearer sk_live_a".as_slice());
        for other in [bearer, b"Basic eDp5", b"", b"Bearer eyJ"] {
            let two = [("authorization", bearer), ("authorization", other)];
            assert_eq!(read(&two), Presented::Unreadable, "{other:?}");
            assert_eq!(read(&[two[0], two[1], ("x-api-key", key)]), text(KEY), "{other:?}");
            assert_eq!(read(&[two[0], two[1], ("x-api-key", b"foreign")]), Presented::Unreadable, "{other:?}");
            assert_eq!(read(&[two[0], two[1], ("x-api-key", b"sk_live_b")]), Presented::Several, "{other:?}");
        }
    }

    #[test]
    fn only_listed_headers_carry_a_key() {
        let lines =
            [("authorization", b"Bearer sk_live_a".as_slice()), ("x-api-key", b"sk_live_b"), ("x-token", b"sk_live_c")];
        for (list, presented) in [
            (vec!["authorization"], text("sk_live_a")),
            (vec!["x-api-key"], text("sk_live_b")),
            (vec!["x-token"], text("sk_live_c")),
            (vec!["basic"], Presented::Nothing),
            (vec!["x-token", "basic"], text("sk_live_c")),
            (vec!["x-other"], Presented::Nothing),
            (vec!["x-token", "authorization"], Presented::Several),
        ] {
            assert_eq!(read_from(&of(&list), &lines), presented, "{list:?}");
        }
    }

    #[test]
    fn a_key_is_the_user_or_the_password_of_http_basic() {
        let with_basic = of(&["authorization", "basic", "x-api-key"]);
        for both in ["sk_live_a:", "sk_live_a:x", "x:sk_live_a", ":sk_live_a", "sk_live_a", "sk_live_a:sk_live_a"] {
            let value = basic(both);
            assert_eq!(read_from(&with_basic, &[("authorization", &value)]), text(KEY), "{both}");
            assert_eq!(read(&[("authorization", &value)]), Presented::Nothing, "{both}: not by default");
        }
        let (foreign, two) = (basic("olga:hush"), basic("sk_live_a:sk_live_b"));
        assert_eq!(read_from(&with_basic, &[("authorization", &two)]), Presented::Several);
        assert_eq!(read_from(&with_basic, &[("authorization", &foreign)]), text("hush"));
        assert_eq!(read_from(&with_basic, &[("authorization", &foreign), ("x-api-key", KEY.as_bytes())]), text(KEY));
        for broken in ["Basic", "Basic ", "Basic %%%", "Basic Og=="] {
            assert_eq!(
                read_from(&with_basic, &[("authorization", broken.as_bytes())]),
                Presented::Unreadable,
                "{broken}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            values in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), 0..3)
        ) {
            let lines: Vec<(&str, &[u8])> = values.iter().map(|value| ("authorization", value.as_slice())).collect();
            for key_headers in [KeyHeaders::default(), of(&["basic"])] {
                if let Presented::Text(text) = read_from(&key_headers, &lines) {
                    proptest::prop_assert!(text.len() <= MAX_BYTES && text.bytes().all(|b| b.is_ascii_graphic()));
                }
            }
        }
    }
}
