//! The path of a request to the protected API, as its proxy tells it: cut before the query, decoded once, and refused
//! where the API might read it as another path than the one that is judged here.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// Why a path is refused without being judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathError {
    /// It does not begin with a slash: nothing, an address in absolute form, `*`.
    NoSlash,
    /// `.` or `..` as a segment, also escaped, and also before a `;`, which some servers cut off.
    Dots,
    /// Two slashes beside each other.
    EmptySegment,
    /// What parts or ends a path for some software: a slash, `?`, `#` or a NUL that is escaped; a backslash and a
    /// semicolon in any case.
    Separator,
    /// `%` without two hexadecimal digits, or escapes that give no UTF-8.
    Escape,
    /// A character that is in no request's target: a blank, a control character, `#`.
    Character,
}

impl PathError {
    /// What is wrong with it, as a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            PathError::NoSlash => "The path does not begin with a slash.",
            PathError::Dots => "The path has a “.” or “..” as one of its parts.",
            PathError::EmptySegment => "The path has two slashes beside each other.",
            PathError::Separator => "The path has an escaped slash, “?”, “#” or NUL, a backslash or a semicolon in it.",
            PathError::Escape => "The path has an escape that cannot be read.",
            PathError::Character => "The path has a character that no address has.",
        }
    }
}

/// The path of a target like `/v2/users/7?all`, decoded.
pub fn of_target(target: &[u8]) -> Result<Cow<'_, str>, PathError> {
    let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    if path.first() != Some(&b'/') {
        return Err(PathError::NoSlash);
    }
    if path.iter().any(|byte| matches!(byte, 0..=b' ' | b'#' | 0x7f)) {
        return Err(PathError::Character);
    }
    check_escapes(path)?;
    let decoded: Cow<'_, [u8]> = percent_decode(path).into();
    let decoded = match decoded {
        Cow::Borrowed(path) => Cow::Borrowed(std::str::from_utf8(path).map_err(|_| PathError::Escape)?),
        Cow::Owned(path) => Cow::Owned(String::from_utf8(path).map_err(|_| PathError::Escape)?),
    };
    check_segments(&decoded)?;
    Ok(decoded)
}

fn check_escapes(path: &[u8]) -> Result<(), PathError> {
    for (at, byte) in path.iter().enumerate() {
        match (byte, path.get(at + 1..at + 3)) {
            (b'\\' | b';', _)
            | (b'%', Some(b"2f" | b"2F" | b"3b" | b"3B" | b"5c" | b"5C" | b"00" | b"3f" | b"3F" | b"23")) => {
                return Err(PathError::Separator);
            }
            (b'%', Some(digits)) if digits.iter().all(u8::is_ascii_hexdigit) => {}
            (b'%', _) => return Err(PathError::Escape),
            _ => {}
        }
    }
    Ok(())
}

fn check_segments(path: &str) -> Result<(), PathError> {
    let mut segments = path[1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        // The last one may be empty: a slash at the end.
        if segment.is_empty() && segments.peek().is_some() {
            return Err(PathError::EmptySegment);
        }
        if matches!(segment, "." | "..") {
            return Err(PathError::Dots);
        }
    }
    Ok(())
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
            assert_eq!(of_target(target.as_bytes()).as_deref(), Ok(path), "{target}");
        }
        assert!(matches!(of_target(b"/v2/users?x=%41"), Ok(Cow::Borrowed(_))), "nothing is copied without need");
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
            ("/v2%2fusers", PathError::Separator),
            ("/v2%2Fusers", PathError::Separator),
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

    proptest::proptest! {
        #[test]
        fn no_bytes_make_reading_panic_and_none_slip_through(
            target in proptest::prop_oneof![
                proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40),
                "(/|\\.|%2e|%2f|%5C|;|a|%|\\?){0,12}".prop_map(String::into_bytes),
            ]
        ) {
            use proptest::prop_assert;
            if let Ok(path) = of_target(&target) {
                prop_assert!(path.starts_with('/') && !path.contains(['\\', '\0']) && !path.contains("//"));
                prop_assert!(path.split('/').all(|segment| segment != "." && segment != ".."));
            }
        }
    }

    use proptest::prelude::Strategy;
}
