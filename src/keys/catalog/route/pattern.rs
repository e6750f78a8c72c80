//! Path patterns, as a catalog writes them: `/v2/users/*`.

use std::fmt;

use super::segment::Segment;

/// Most segments of a pattern. Matching recurses once per segment.
const SEGMENTS: usize = 50;

/// Which paths a route is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(pub(super) Vec<Segment>);

/// Why a text is not a pattern; displays as a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It does not start with a slash.
    NoSlash,
    /// Two slashes in a row.
    EmptySegment,
    /// `.` or `..`.
    Dots,
    /// `**` is only part of a segment.
    StarsInside,
    /// More than one `**` before the last segment: the cost of a lookup would grow with the square of the path's length.
    SeveralRests,
    /// More segments than [`SEGMENTS`].
    TooLong,
    /// A character that paths contain only escaped: `%`, `?`, a blank, a letter beyond ASCII.
    Character(char),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternError::NoSlash => f.write_str("A path starts with a slash."),
            PatternError::EmptySegment => f.write_str("A path has something between its slashes."),
            PatternError::Dots => f.write_str("A path has no “.” or “..” segment."),
            PatternError::StarsInside => f.write_str("“**” is a whole segment; part of a segment is “*”."),
            PatternError::SeveralRests => f.write_str("A path has at most one “**” before its last segment."),
            PatternError::TooLong => write!(f, "A path has at most {SEGMENTS} segments."),
            PatternError::Character(c) => write!(f, "A path has no “{c}” in it.", c = c.escape_debug()),
        }
    }
}

impl std::error::Error for PatternError {}

impl PathPattern {
    /// Reads `/v2/users/*`.
    pub fn parse(text: &str) -> Result<PathPattern, PatternError> {
        let rest = text.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        // A final slash counts: the segment after it is empty.
        let (inner, last) = rest.rsplit_once('/').map_or((None, rest), |(inner, last)| (Some(inner), last));
        let inner = inner.into_iter().flat_map(|inner| inner.split('/')).map(Segment::parse);
        let last = if last.is_empty() { Ok(Segment::Literal(String::new())) } else { Segment::parse(last) };
        let segments = inner.chain([last]).collect::<Result<Vec<_>, _>>()?;
        if segments.len() > SEGMENTS {
            return Err(PatternError::TooLong);
        }
        let inner = &segments[..segments.len() - 1];
        match inner.iter().filter(|segment| **segment == Segment::Rest).count() {
            0 | 1 => Ok(PathPattern(segments)),
            _ => Err(PatternError::SeveralRests),
        }
    }

    /// In lower case.
    pub(super) fn folded(&self) -> PathPattern {
        PathPattern(self.0.iter().map(Segment::folded).collect())
    }

    /// Without a final slash; `/` keeps it.
    pub(super) fn without_slash(&self) -> PathPattern {
        let mut segments = self.0.clone();
        if segments.len() > 1 && segments.last() == Some(&Segment::Literal(String::new())) {
            segments.pop();
        }
        PathPattern(segments)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| write!(f, "/{}", segment.text()))
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
            "/v2/**/",
            "/v2/**/manifests/*",
            "/v2/**/blobs/**",
            "/Accounts/*.json",
            "/compare/*...*",
            "/operations/*:cancel",
            "/a-b._~!$&'()+,;=:@",
        ] {
            assert_eq!(PathPattern::parse(text).map(|pattern| pattern.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_bad_pattern_is_refused_with_the_reason() {
        let long = "/a".repeat(51);
        for (text, why) in [
            ("", "A path starts with a slash."),
            ("v2/users", "A path starts with a slash."),
            ("https://api.example.com/v2", "A path starts with a slash."),
            ("//v2", "A path has something between its slashes."),
            ("/v2//users", "A path has something between its slashes."),
            ("/v2//", "A path has something between its slashes."),
            ("/v2/../users", "A path has no “.” or “..” segment."),
            ("/v2/.", "A path has no “.” or “..” segment."),
            ("/v2/***", "“**” is a whole segment; part of a segment is “*”."),
            ("/v2/a**b", "“**” is a whole segment; part of a segment is “*”."),
            ("/**/users/**/avatar", "A path has at most one “**” before its last segment."),
            ("/**/**/", "A path has at most one “**” before its last segment."),
            (&long, "A path has at most 50 segments."),
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
}
