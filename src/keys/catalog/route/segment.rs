//! One part of a pattern, between two slashes.

use super::PatternError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Empty only at the end of a pattern, after its last slash.
    Literal(String),
    /// `*.json`, `*...*`: text with stars in it. Each star is at least one character.
    Mixed(String),
    /// `*`: one segment, not empty.
    One,
    /// `**`: one segment or more; the last of them may be empty.
    Rest,
}

impl Segment {
    pub fn parse(text: &str) -> Result<Segment, PatternError> {
        // RFC 3986's pchar without the escape, so that there is one way to write a path.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(c);
        match text {
            "" => Err(PatternError::EmptySegment),
            "." | ".." => Err(PatternError::Dots),
            "*" => Ok(Segment::One),
            "**" => Ok(Segment::Rest),
            _ => match text.chars().find(|c| !is_plain(*c)) {
                Some(c) => Err(PatternError::Character(c)),
                None if text.contains("**") => Err(PatternError::StarsInside),
                None if text.contains('*') => Ok(Segment::Mixed(text.to_owned())),
                None => Ok(Segment::Literal(text.to_owned())),
            },
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Segment::Literal(text) | Segment::Mixed(text) => text,
            Segment::One => "*",
            Segment::Rest => "**",
        }
    }

    /// In lower case.
    pub fn folded(&self) -> Segment {
        match self {
            Segment::Literal(text) => Segment::Literal(text.to_ascii_lowercase()),
            Segment::Mixed(text) => Segment::Mixed(text.to_ascii_lowercase()),
            other => other.clone(),
        }
    }
}

/// Whether a segment matches a text with stars in it.
///
/// `segment` can also be a segment of another pattern. Only a star matches a star, so the answer is then whether this
/// pattern matches everything that the other one matches.
pub(super) fn mixed_matches(pattern: &str, segment: &str) -> bool {
    let mut pieces = pattern.split('*');
    let (first, last) = (pieces.next().unwrap_or_default(), pieces.next_back().unwrap_or_default());
    let Some(mut rest) = segment.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for piece in pieces {
        // The earliest match leaves the most for the next stars.
        let Some(at) = after_first(rest).find(piece) else { return false };
        rest = &after_first(rest)[at + piece.len()..];
    }
    !rest.is_empty()
}

/// Without the first character: the star in front of a piece needs one.
fn after_first(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next();
    characters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_star_is_at_least_one_character() {
        for (pattern, segment) in [
            ("*.json", "a.json"),
            ("*.json", "a.json.json"),
            ("*.json", "é.json"),
            ("*...*", "main...dev"),
            ("*...*", "a.....b"),
            ("*...*", "é...ü"),
            ("*:cancel", "7:cancel"),
            ("v*", "v2"),
            ("a*b*c", "axbxc"),
            ("a*b*c", "abbbc"),
            ("*a*", "aaa"),
            ("*.json", "*.json"),
            ("*.json", "a*.json"),
        ] {
            assert!(mixed_matches(pattern, segment), "{pattern} {segment}");
        }
        for (pattern, segment) in [
            ("*.json", ".json"),
            ("*.json", "a.jso"),
            ("*.json", "a.JSON"),
            ("*.json", ""),
            ("*...*", "..."),
            ("*...*", "a..."),
            ("*...*", "...b"),
            ("*...*", "a..b"),
            ("v*", "v"),
            ("a*a", "aa"),
            ("a*b*c", "abc"),
            ("a*b*c", "abbc"),
            ("*a*", "aa"),
            ("a.*", "*"),
            ("a*.json", "*.json"),
        ] {
            assert!(!mixed_matches(pattern, segment), "{pattern} {segment}");
        }
    }

    proptest::proptest! {
        /// Against the plain definition, by trying every length for the first star.
        #[test]
        fn matching_is_as_defined(pattern in "[ab*]{1,6}", segment in "[abé]{0,8}") {
            fn is_match(pattern: &str, segment: &str) -> bool {
                match pattern.chars().next() {
                    None => segment.is_empty(),
                    Some('*') => {
                        let ends = segment.char_indices().map(|(at, c)| at + c.len_utf8());
                        ends.into_iter().any(|end| is_match(&pattern[1..], &segment[end..]))
                    }
                    Some(c) => segment.strip_prefix(c).is_some_and(|rest| is_match(&pattern[1..], rest)),
                }
            }
            proptest::prop_assume!(pattern.contains('*') && !pattern.contains("**"));
            proptest::prop_assert_eq!(mixed_matches(&pattern, &segment), is_match(&pattern, &segment));
        }
    }
}
