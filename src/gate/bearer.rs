//! What a request presents as its key: exactly one `Authorization: Bearer …` (RFC 6750) or
//! `X-API-Key`, untrimmed. Everything ambiguous is refused without a look-up.

/// The longest text that is looked at, in bytes.
const MAX_BYTES: usize = 128;

/// What was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented<'a> {
    /// No credential of ours.
    Nothing,
    /// Something that cannot be one key: two of them, too long, not ASCII.
    Unreadable,
    /// One credential with a blank before it or within it.
    Spaced,
    /// A text that may be a key.
    Text(&'a str),
}

/// Reads the values of all `Authorization` and all `X-API-Key` headers.
pub fn read<'a>(
    authorization: impl IntoIterator<Item = &'a [u8]>,
    api_key: impl IntoIterator<Item = &'a [u8]>,
) -> Presented<'a> {
    let (Ok(authorization), Ok(api_key)) = (at_most_one(authorization), at_most_one(api_key)) else {
        return Presented::Unreadable;
    };
    match (authorization.and_then(token), api_key) {
        (None, None) => Presented::Nothing,
        (Some(text), None) | (None, Some(text)) => readable(text),
        (Some(_), Some(_)) => Presented::Unreadable,
    }
}

fn at_most_one<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<&'a [u8]>, ()> {
    let mut values = values.into_iter();
    let first = values.next();
    if values.next().is_some() { Err(()) } else { Ok(first) }
}

/// What follows the scheme `Bearer`, in any case, and one space; none for another scheme.
pub fn token(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer";
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    match rest {
        [] => Some(rest),
        [b' ', token @ ..] => Some(token),
        _ => None, // a scheme that only begins like ours
    }
}

/// Reads a text that was sent on to us as somebody's key.
pub fn read_text(text: &str) -> Presented<'_> {
    readable(text.as_bytes())
}

fn readable(text: &[u8]) -> Presented<'_> {
    // All bytes are looked at in any case: without a way out in the middle that is many at once.
    let is_graphic = text.iter().fold(true, |graphic, byte| graphic & byte.is_ascii_graphic());
    match std::str::from_utf8(text) {
        Ok(plain) if is_graphic && (1..=MAX_BYTES).contains(&text.len()) => Presented::Text(plain),
        _ if text.iter().any(u8::is_ascii_whitespace) => Presented::Spaced,
        _ => Presented::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(authorization: &[&'a [u8]], api_key: &[&'a [u8]]) -> Presented<'a> {
        super::read(authorization.iter().copied(), api_key.iter().copied())
    }

    fn authorization(value: &str) -> Presented<'_> {
        read(&[value.as_bytes()], &[])
    }

    #[test]
    fn one_bearer_token_is_read_whatever_the_scheme_s_case() {
        for value in ["Bearer abc", "bearer abc", "BEARER abc"] {
            assert_eq!(authorization(value), Presented::Text("abc"));
        }
        assert_eq!(read(&[], &[b"abc"]), Presented::Text("abc"));
    }

    #[test]
    fn other_schemes_are_none_of_ours() {
        for value in ["", "Basic abc", "Bearerabc", "Bear abc", "Token abc"] {
            assert_eq!(authorization(value), Presented::Nothing, "{value:?}");
        }
        assert_eq!(read(&[b"Basic abc"], &[b"key"]), Presented::Text("key"));
    }

    #[test]
    fn what_is_ambiguous_is_unreadable() {
        let long = format!("Bearer {}", "a".repeat(129));
        for value in ["Bearer", "Bearer ", "Bearer \u{e9}", &long] {
            assert_eq!(authorization(value), Presented::Unreadable, "{value:?}");
        }
        assert_eq!(read(&[b"Bearer a", b"Bearer a"], &[]), Presented::Unreadable);
        assert_eq!(read(&[b"Bearer a"], &[b"a"]), Presented::Unreadable);
        assert_eq!(read(&[], &[b"a", b"a"]), Presented::Unreadable);
    }

    #[test]
    fn blanks_are_told_apart() {
        for value in ["Bearer  abc", "Bearer abc ", "Bearer a b", "Bearer a\tb", "Bearer Bearer abc"] {
            assert_eq!(authorization(value), Presented::Spaced, "{value:?}");
        }
        assert_eq!(read(&[], &[b"a b"]), Presented::Spaced);
        assert_eq!(read(&[b"Bearer a b"], &[b"a"]), Presented::Unreadable);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            values in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), 0..3)
        ) {
            let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
            if let Presented::Text(text) = read(&values, &[]) {
                proptest::prop_assert!(text.len() <= MAX_BYTES && text.bytes().all(|b| b.is_ascii_graphic()));
            }
        }
    }
}
