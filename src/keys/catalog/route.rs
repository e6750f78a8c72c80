//! Which grants an address of the protected API needs, and which requests are meant by it.
//!
//! It is asked about a path that was decoded and found to be plain; how one becomes that, the gate knows.

use std::fmt;

use crate::keys::grants::Grant;

/// A part of a path between two slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// This text; empty only at the end, after a last slash.
    Literal(String),
    /// `*`: any one segment that is not empty.
    One,
    /// `**`: any rest, of one segment or more. Only the last.
    Rest,
}

/// Addresses of the protected API: `/v2/users/*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(Vec<Segment>);

/// Why a text is no pattern; displays as a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It does not begin with a slash.
    NoSlash,
    /// Two slashes beside each other.
    EmptySegment,
    /// `.` or `..`.
    Dots,
    /// `**` before the end.
    RestInside,
    /// A star beside something else.
    StarInside,
    /// Something that is in no path, or only escaped: `%`, `?`, a blank, a letter beyond ASCII.
    Character(char),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternError::NoSlash => f.write_str("A path begins with a slash."),
            PatternError::EmptySegment => f.write_str("A path has something between its slashes."),
            PatternError::Dots => f.write_str("A path has no “.” and “..” in it."),
            PatternError::RestInside => f.write_str("“**” can only be the last part of a path."),
            PatternError::StarInside => f.write_str("A star stands alone between two slashes, as “*” or “**”."),
            PatternError::Character(c) => write!(f, "A path has no “{c}” in it.", c = c.escape_debug()),
        }
    }
}

impl std::error::Error for PatternError {}

impl PathPattern {
    /// Reads `/v2/users/*`: segments are literal or `*`, and the last may be `**`.
    pub fn parse(text: &str) -> Result<PathPattern, PatternError> {
        let rest = text.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        // A slash at the end is a part of the address like any other: nothing, after the last one.
        let (inner, last) = rest.rsplit_once('/').map_or((None, rest), |(inner, last)| (Some(inner), last));
        let inner = inner.into_iter().flat_map(|inner| inner.split('/')).map(Segment::parse);
        let last = if last.is_empty() { Ok(Segment::Literal(String::new())) } else { Segment::parse(last) };
        let segments = inner.chain([last]).collect::<Result<Vec<_>, _>>()?;
        match segments.iter().position(|segment| *segment == Segment::Rest) {
            Some(at) if at + 1 < segments.len() => Err(PatternError::RestInside),
            _ => Ok(PathPattern(segments)),
        }
    }

    /// Whether a decoded path is meant: `/v2/users/7`, without a query.
    fn means(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix('/') else { return false };
        let mut segments = rest.split('/');
        for segment in &self.0 {
            let is_meant = match (segment, segments.next()) {
                (_, None) => false,
                (Segment::Rest, Some(_)) => return true,
                (Segment::One, Some(text)) => !text.is_empty(),
                (Segment::Literal(literal), Some(text)) => literal == text,
            };
            if !is_meant {
                return false;
            }
        }
        segments.next().is_none()
    }

    /// Whether every address that `other` means is meant by this one.
    fn covers(&self, other: &PathPattern) -> bool {
        match self.0.split_last() {
            Some((Segment::Rest, before)) => {
                other.0.len() > before.len() && before.iter().zip(&other.0).all(|(one, other)| one.covers(other))
            }
            _ => self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(one, other)| one.covers(other)),
        }
    }
}

impl Segment {
    fn covers(&self, other: &Segment) -> bool {
        match (self, other) {
            (Segment::One, Segment::Literal(text)) => !text.is_empty(),
            (one, other) => one == other,
        }
    }

    fn parse(text: &str) -> Result<Segment, PatternError> {
        // RFC 3986's pchar without the escape, so that a path can be written in one way only.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(c);
        match text {
            "" => Err(PatternError::EmptySegment),
            "." | ".." => Err(PatternError::Dots),
            "*" => Ok(Segment::One),
            "**" => Ok(Segment::Rest),
            _ => match text.chars().find(|c| !is_plain(*c)) {
                Some(c) => Err(PatternError::Character(c)),
                None if text.contains('*') => Err(PatternError::StarInside),
                None => Ok(Segment::Literal(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "/{text}"),
            Segment::One => f.write_str("/*"),
            Segment::Rest => f.write_str("/**"),
        })
    }
}

/// What some of the protected API's addresses need; of several that mean a request, the first counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `HEAD`; none: every method.
    pub methods: Vec<String>,
    /// Which addresses.
    pub path: PathPattern,
    /// All of what a key needs there; at least one.
    pub require: Vec<Grant>,
}

impl Route {
    /// Whether a request is meant. Methods are told apart by their case (RFC 9110, 9.1).
    pub fn means(&self, method: &str, path: &str) -> bool {
        (self.methods.is_empty() || self.methods.iter().any(|known| known == method)) && self.path.means(path)
    }

    /// Whether every request that `other` means is meant by this one.
    pub(super) fn covers(&self, other: &Route) -> bool {
        let is_any = self.methods.is_empty();
        let has_all = || !other.methods.is_empty() && other.methods.iter().all(|method| self.methods.contains(method));
        (is_any || has_all()) && self.path.covers(&other.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_prints_as_it_was_written() {
        for text in [
            "/",
            "/v2",
            "/*",
            "/**",
            "/v2/users/*",
            "/v2/users/*/avatar",
            "/v2/users/",
            "/v2/*/",
            "/v2/**",
            "/a-b._~!$&'()+,;=:@",
        ] {
            assert_eq!(PathPattern::parse(text).map(|pattern| pattern.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_path_is_told_why() {
        for (text, why) in [
            ("", "A path begins with a slash."),
            ("v2/users", "A path begins with a slash."),
            ("https://api.example.com/v2", "A path begins with a slash."),
            ("//v2", "A path has something between its slashes."),
            ("/v2//users", "A path has something between its slashes."),
            ("/v2//", "A path has something between its slashes."),
            ("/v2/../users", "A path has no “.” and “..” in it."),
            ("/v2/.", "A path has no “.” and “..” in it."),
            ("/v2/**/users", "“**” can only be the last part of a path."),
            ("/v2/users*", "A star stands alone between two slashes, as “*” or “**”."),
            ("/v2/***", "A star stands alone between two slashes, as “*” or “**”."),
            ("/v2/%75sers", "A path has no “%” in it."),
            ("/v2/users?all", "A path has no “?” in it."),
            ("/v2/users#all", "A path has no “#” in it."),
            ("/v2/all users", "A path has no “ ” in it."),
            ("/v2/üsers", "A path has no “ü” in it."),
            ("/v2/\n", "A path has no “\\n” in it."),
        ] {
            assert_eq!(PathPattern::parse(text).map_err(|error| error.to_string()), Err(why.to_owned()), "{text}");
        }
    }

    fn pattern(text: &str) -> PathPattern {
        PathPattern::parse(text).expect("a pattern")
    }

    #[test]
    fn a_star_is_one_part_of_a_path_and_two_any_rest() {
        for (text, path) in [
            ("/", "/"),
            ("/v2", "/v2"),
            ("/v2/", "/v2/"),
            ("/v2/users/*", "/v2/users/7"),
            ("/v2/users/*", "/v2/users/*"),
            ("/v2/users/*", "/v2/users/a b"),
            ("/v2/*/", "/v2/users/"),
            ("/v2/*/avatar", "/v2/é/avatar"),
            ("/**", "/"),
            ("/**", "/v2/users/7"),
            ("/v2/**", "/v2/"),
            ("/v2/**", "/v2/users/7/"),
        ] {
            assert!(pattern(text).means(path), "{text} {path}");
        }
        for (text, path) in [
            ("/", "/v2"),
            ("/", ""),
            ("/v2", "/V2"),
            ("/v2", "/v2/"),
            ("/v2/", "/v2"),
            ("/v2", "v2"),
            ("/v2/users/*", "/v2/users"),
            ("/v2/users/*", "/v2/users/"),
            ("/v2/users/*", "/v2/users/7/avatar"),
            ("/v2/users/*", "/v3/users/7"),
            ("/v2/**", "/v2"),
            ("/**", ""),
            ("/**", "v2"),
            ("/*", "/"),
        ] {
            assert!(!pattern(text).means(path), "{text} {path}");
        }
    }

    #[test]
    fn methods_are_told_apart_by_their_case() {
        let route = |methods: &[&str]| Route {
            methods: methods.iter().map(|&method| method.to_owned()).collect(),
            path: pattern("/v2/*"),
            require: Vec::new(),
        };
        assert!(route(&["GET", "HEAD"]).means("HEAD", "/v2/users"));
        assert!(route(&[]).means("BREW", "/v2/users") && route(&[]).means("get", "/v2/users"));
        for method in ["get", "POST", "", "GET "] {
            assert!(!route(&["GET", "HEAD"]).means(method, "/v2/users"), "{method}");
        }
        assert!(!route(&["GET"]).means("GET", "/v2"));
    }

    proptest::proptest! {
        #[test]
        fn what_a_pattern_covers_it_means(one in "(/[ab*]|/\\*\\*){1,3}/?", other in "(/[ab]){1,4}/?") {
            if let Ok(one) = PathPattern::parse(&one) {
                proptest::prop_assert_eq!(one.means(&other), one.covers(&pattern(&other)));
            }
        }
    }

    #[test]
    fn a_pattern_covers_what_it_means_too() {
        let covers = |one: &str, other: &str| pattern(one).covers(&pattern(other));
        for (one, other) in [
            ("/a", "/a"),
            ("/*", "/a"),
            ("/*", "/*"),
            ("/**", "/"),
            ("/**", "/a/b"),
            ("/a/**", "/a/*"),
            ("/a/**", "/a/**"),
            ("/*/b/**", "/a/b/c"),
        ] {
            assert!(covers(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("/a", "/b"),
            ("/a", "/*"),
            ("/*", "/**"),
            ("/*", "/"),
            ("/a/**", "/a"),
            ("/a", "/a/"),
            ("/a", "/a/b"),
            ("/a/b/**", "/*/b/c"),
        ] {
            assert!(!covers(one, other), "{one} {other}");
        }
    }
}
