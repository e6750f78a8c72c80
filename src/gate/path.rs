//! The path of a request to the protected API, as its proxy tells it: cut before the query, decoded once, and refused
//! where the API might read it as another path than the one that is judged here.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::keys::catalog::RequestPath;

/// The longest path in bytes. RFC 9110 recommends supporting this much; the cost of a lookup grows with the length.
const BYTES: usize = 8_000;
/// The most segments of a path.
const SEGMENTS: usize = 200;

/// Why a path is refused without being judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathError {
    /// It does not begin with a slash: nothing, an address in absolute form, `*`.
    NoSlash,
    /// More than [`BYTES`] or [`SEGMENTS`].
    TooLong,
    /// `.` or `..` as a segment, also escaped, and also before a `;`, which some servers cut off.
    Dots,
    /// Two slashes beside each other.
    EmptySegment,
    /// Separates or ends a path for some software: `?`, `#` or a NUL that is escaped; a backslash and a semicolon in
    /// any case.
    Separator,
    /// An escaped slash where no route allows one.
    EncodedSlash,
    /// `%` without two hexadecimal digits, or escapes that give no UTF-8.
    Escape,
    /// A character that is in no request's target: a blank, a control character, `#`.
    Character,
    /// An escaped control character.
    Control,
    /// A blank at either end of a segment: some servers remove it.
    Blank,
    /// Thousands of the catalog's patterns could match many of its segments.
    TooSlow,
}

impl PathError {
    /// What is wrong with it, as a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            PathError::NoSlash => "The path does not begin with a slash.",
            PathError::TooLong => "The path has more than 8,000 bytes or 200 segments.",
            PathError::Dots => "The path has a “.” or “..” as one of its parts.",
            PathError::EmptySegment => "The path has two slashes beside each other.",
            PathError::Separator => "The path has an escaped “?”, “#” or NUL, a backslash or a semicolon in it.",
            PathError::EncodedSlash => "The path has an escaped slash, and its route does not allow one.",
            PathError::Escape => "The path has an escape that cannot be read.",
            PathError::Character => "The path has a character that no address has.",
            PathError::Control => "The path has an escaped control character in it.",
            PathError::Blank => "The path has a blank at the start or end of a segment.",
            PathError::TooSlow => "Matching the path with the routes of the catalog takes too long.",
        }
    }
}

/// The path of a target like `/v2/users/7?all`, decoded. Its route decides whether it may contain `%2f`.
pub fn of_target(target: &[u8]) -> Result<RequestPath<'_>, PathError> {
    let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    if path.first() != Some(&b'/') {
        return Err(PathError::NoSlash);
    }
    if path.iter().any(|byte| matches!(byte, 0..=b' ' | b'#' | 0x7f)) {
        return Err(PathError::Character);
    }
    if path.len() > BYTES {
        return Err(PathError::TooLong);
    }
    check_escapes(path)?;
    let sent = std::str::from_utf8(path).map_err(|_| PathError::Escape)?;
    let (decoded, slashes_decoded) = decode(sent)?;
    check_segments(slashes_decoded.as_deref().unwrap_or(&decoded))?;
    let escaped = matches!(decoded, Cow::Owned(_)).then_some(sent);
    Ok(RequestPath { decoded, slashes_decoded, escaped })
}

fn check_escapes(path: &[u8]) -> Result<(), PathError> {
    for (at, byte) in path.iter().enumerate() {
        match (byte, path.get(at + 1..at + 3)) {
            (b'\\' | b';', _) | (b'%', Some(b"3b" | b"3B" | b"5c" | b"5C" | b"00" | b"3f" | b"3F" | b"23")) => {
                return Err(PathError::Separator);
            }
            (b'%', Some(digits)) if digits.iter().all(u8::is_ascii_hexdigit) => {}
            (b'%', _) => return Err(PathError::Escape),
            _ => {}
        }
    }
    Ok(())
}

/// Decoded once with `%2f` kept, and if there is one, once more with it decoded.
fn decode(sent: &str) -> Result<(Cow<'_, str>, Option<String>), PathError> {
    if !sent.contains("%2f") && !sent.contains("%2F") {
        return Ok((decode_part(sent)?, None));
    }
    let parts = sent.split("%2f").flat_map(|part| part.split("%2F"));
    let parts = parts.map(decode_part).collect::<Result<Vec<_>, _>>()?;
    Ok((Cow::Owned(parts.join("%2f")), Some(parts.join("/"))))
}

fn decode_part(part: &str) -> Result<Cow<'_, str>, PathError> {
    percent_decode(part.as_bytes()).decode_utf8().map_err(|_| PathError::Escape)
}

fn check_segments(path: &str) -> Result<(), PathError> {
    if path.contains(char::is_control) {
        return Err(PathError::Control);
    }
    if path.bytes().filter(|byte| *byte == b'/').count() > SEGMENTS {
        return Err(PathError::TooLong);
    }
    let mut segments = path[1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        // The last one may be empty: a slash at the end.
        if segment.is_empty() && segments.peek().is_some() {
            return Err(PathError::EmptySegment);
        }
        if matches!(segment, "." | "..") {
            return Err(PathError::Dots);
        }
        if segment.starts_with(is_blank) || segment.ends_with(is_blank) {
            return Err(PathError::Blank);
        }
    }
    Ok(())
}

/// What servers trim: Unicode white space, and in JavaScript the byte order mark.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{FEFF}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cut_before_the_query_and_decoded_once() {
        for (target, path) in [
            ("/", "/"),
            ("/?", "/"),
            ("/v2/users/7", "/v2/users/7"),
            ("/v2/users/?all=1&path=/../x%", "/v2/users/"),
            ("/v2/a%20b", "/v2/a b"),
            ("/v2/%75sers", "/v2/users"),
            ("/v2/%C3%A9", "/v2/é"),
            ("/v2/é", "/v2/é"),
            ("/v2/%252e%252e/%252f", "/v2/%2e%2e/%2f"),
            ("/v2/...", "/v2/..."),
            ("/.well-known/..a/a..", "/.well-known/..a/a.."),
        ] {
            let read = of_target(target.as_bytes()).expect(target);
            assert_eq!((read.decoded.as_ref(), read.slashes_decoded.as_deref()), (path, None), "{target}");
        }
        let plain = RequestPath { decoded: Cow::Borrowed("/v2/users"), slashes_decoded: None, escaped: None };
        let read = of_target(b"/v2/users?x=%41").expect("plain");
        assert!(read == plain && matches!(read.decoded, Cow::Borrowed(_)), "nothing is copied without need");
        assert_eq!(of_target(b"/v2/%75sers").expect("escaped").escaped, Some("/v2/%75sers"));
    }

    #[test]
    fn an_escaped_slash_is_read_in_both_ways() {
        for (target, decoded, slashes_decoded) in [
            ("/v2%2fusers", "/v2%2fusers", "/v2/users"),
            ("/p/a%2Fb%2f%63", "/p/a%2fb%2fc", "/p/a/b/c"),
            ("/p/a%2f", "/p/a%2f", "/p/a/"),
            ("/p/%252fa%2fb", "/p/%2fa%2fb", "/p/%2fa/b"),
        ] {
            let read = of_target(target.as_bytes()).expect(target);
            let both = (read.decoded.as_ref(), read.slashes_decoded.as_deref(), read.escaped);
            assert_eq!(both, (decoded, Some(slashes_decoded), Some(target)));
        }
        for (target, why) in [
            ("/p/..%2fadmin", PathError::Dots),
            ("/p/a%2f%2e%2E", PathError::Dots),
            ("/p/a%2f.%2Fb", PathError::Dots),
            ("/p/a%2f%2fb", PathError::EmptySegment),
            ("/p/%2fa", PathError::EmptySegment),
            ("/p/a%2f/b", PathError::EmptySegment),
            ("/%2f", PathError::EmptySegment),
            ("/p/a%20%2fb", PathError::Blank),
            ("/p/a%2f%0a", PathError::Control),
            ("/p/a%2f%5cb", PathError::Separator),
        ] {
            assert_eq!(of_target(target.as_bytes()), Err(why), "{target}");
        }
    }

    #[test]
    fn what_could_be_read_otherwise_is_refused() {
        for (target, why) in [
            ("", PathError::NoSlash),
            ("v2", PathError::NoSlash),
            ("?", PathError::NoSlash),
            ("*", PathError::NoSlash),
            ("http://api.example.com/v2", PathError::NoSlash),
            ("%2fv2", PathError::NoSlash),
            ("\\v2", PathError::NoSlash),
            ("/..", PathError::Dots),
            ("/v2/./users", PathError::Dots),
            ("/v2/../users", PathError::Dots),
            ("/v2/..?x", PathError::Dots),
            ("/v2/%2e%2E/users", PathError::Dots),
            ("/v2/.%2e", PathError::Dots),
            ("/v2/..;/users", PathError::Separator),
            ("/v2/%2e%2e%3ba/users", PathError::Separator),
            ("//", PathError::EmptySegment),
            ("//v2", PathError::EmptySegment),
            ("/v2//users", PathError::EmptySegment),
            ("/v2//", PathError::EmptySegment),
            ("/v2/..%5cusers", PathError::Separator),
            ("/v2\\users", PathError::Separator),
            ("/v2%00", PathError::Separator),
            ("/admin;v=1/users", PathError::Separator),
            ("/admin%3Bv=1/users", PathError::Separator),
            ("/admin%3fv=1", PathError::Separator),
            ("/admin/%3F", PathError::Separator),
            ("/admin%23v", PathError::Separator),
            ("/v2/%", PathError::Escape),
            ("/v2/%4", PathError::Escape),
            ("/v2/%zz", PathError::Escape),
            ("/v2/%u002e", PathError::Escape),
            ("/v2/%c0%ae%c0%ae/users", PathError::Escape),
            ("/v2/%ff", PathError::Escape),
            ("/v2/%01", PathError::Control),
            ("/v2/a%09b", PathError::Control),
            ("/v2/%0d%0aX:1", PathError::Control),
            ("/v2/a%7f", PathError::Control),
            ("/v2/a%C2%85b", PathError::Control),
            ("/v2%20/users", PathError::Blank),
            ("/v2/%20users", PathError::Blank),
            ("/v2/users%20", PathError::Blank),
            ("/v2/users%20/", PathError::Blank),
            ("/v2/%20", PathError::Blank),
            ("/v2/users%C2%A0", PathError::Blank),
            ("/v2/%E3%80%80users", PathError::Blank),
            ("/v2/users%EF%BB%BF", PathError::Blank),
            ("/v2/users\u{a0}", PathError::Blank),
            ("/v2 /users", PathError::Character),
            ("/v2\0", PathError::Character),
            ("/v2/\r\n", PathError::Character),
            ("/public#/../secret", PathError::Character),
        ] {
            assert_eq!(of_target(target.as_bytes()), Err(why), "{target:?}");
            assert!(why.sentence().ends_with('.'));
        }
        assert_eq!(of_target(b"/v2/\xff"), Err(PathError::Escape));
    }

    #[test]
    fn a_path_has_a_longest_length() {
        for (longest, more) in
            [("/a".repeat(200), "/"), ("/a%2fb".repeat(100), "%2f"), (format!("/{}", "a".repeat(7_999)), "a")]
        {
            assert!(of_target(format!("{longest}?{longest}").as_bytes()).is_ok());
            assert_eq!(of_target(format!("{longest}{more}").as_bytes()), Err(PathError::TooLong));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_reading_panic_and_none_slip_through(
            target in proptest::prop_oneof![
                proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40),
                "(/|\\.|%2e|%2f|%5C|;|a|%|\\?|%20|%0a){0,12}".prop_map(String::into_bytes),
            ]
        ) {
            use proptest::prop_assert;
            if let Ok(path) = of_target(&target) {
                for path in [Some(path.decoded.into_owned()), path.slashes_decoded].into_iter().flatten() {
                    prop_assert!(path.starts_with('/') && !path.contains(['\\', '\0']) && !path.contains("//"));
                    prop_assert!(path.split('/').all(|segment| segment != "." && segment != ".."));
                    prop_assert!(path.split('/').all(|segment| segment.trim() == segment));
                    prop_assert!(!path.contains(char::is_control));
                }
            }
        }
    }

    use proptest::prelude::Strategy;
}
