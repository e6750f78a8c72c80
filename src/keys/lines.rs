//! Lists that a person types, one entry a line: what trusted domains and allowed addresses share.
//!
//! Knows nothing of what an entry is.

use std::fmt;

/// The longest list, in lines that are not blank.
pub const MAX_LINES: usize = 50;

/// Why a list is refused, with what is wrong with an entry; displays as the sentence beside the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinesError<Wrong> {
    /// More lines than there may be.
    TooMany(usize),
    /// A line that is no entry.
    Line {
        /// The line, fit to be quoted.
        quoted: String,
        /// Displays as what follows the quotation.
        wrong: Wrong,
    },
}

impl<Wrong: fmt::Display> fmt::Display for LinesError<Wrong> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinesError::TooMany(count) => write!(f, "Use at most {MAX_LINES} lines; these are {count}."),
            LinesError::Line { quoted, wrong } => write!(f, "“{quoted}” {wrong}"),
        }
    }
}

impl<Wrong: fmt::Debug + fmt::Display> std::error::Error for LinesError<Wrong> {}

/// Reads the entries in the order in which they were typed, each once. Blank lines and the blanks around a line
/// count for nothing.
pub(super) fn parse<Entry: PartialEq, Wrong>(
    typed: &str,
    entry: impl Fn(&str) -> Result<Entry, Wrong>,
) -> Result<Vec<Entry>, LinesError<Wrong>> {
    let lines = || typed.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
    let count = lines().count();
    if count > MAX_LINES {
        return Err(LinesError::TooMany(count));
    }
    let mut entries = Vec::with_capacity(count);
    for line in lines() {
        let entry = entry(line).map_err(|wrong| LinesError::Line { quoted: quote(line), wrong })?;
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// The text of a list: its entries, one a line.
pub(super) fn to_text<Entry: fmt::Display>(entries: &[Entry]) -> String {
    entries.iter().map(Entry::to_string).collect::<Vec<_>>().join("\n")
}

/// A line as a sentence can quote it: not too long, and nothing in it that would turn or break the sentence.
fn quote(line: &str) -> String {
    const MOST: usize = 60;
    let fit = |c: char| {
        if c.is_control() || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}') { '�' } else { c }
    };
    let start: String = line.chars().take(MOST).map(fit).collect();
    if line.chars().count() > MOST { start + "…" } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(typed: &str) -> Result<Vec<String>, LinesError<&'static str>> {
        parse(typed, |line| if line.contains('!') { Err("shouts.") } else { Ok(line.to_lowercase()) })
    }

    #[test]
    fn blank_lines_and_blanks_around_a_line_count_for_nothing() {
        assert_eq!(words(" a \r\n\r\n\tb\n \u{3000}\nc"), Ok(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(words("\n \r\n"), Ok(vec![]));
    }

    #[test]
    fn what_is_the_same_is_kept_once() {
        assert_eq!(words("b\na\nB"), Ok(vec!["b".into(), "a".into()]));
    }

    #[test]
    fn fifty_lines_fit() {
        assert!(words(&"a\n\n".repeat(50)).is_ok());
        let error = words(&"a\n".repeat(51)).expect_err("too many");
        assert_eq!(error.to_string(), "Use at most 50 lines; these are 51.");
    }

    #[test]
    fn a_bad_line_is_quoted_within_bounds() {
        assert_eq!(words("a\n b! ").expect_err("bad").to_string(), "“b!” shouts.");
        let long = words(&"é!".repeat(100)).expect_err("bad").to_string();
        assert_eq!(long, format!("“{}…” shouts.", "é!".repeat(30)));
        assert_eq!(words("a\u{202E}b\0!").expect_err("bad").to_string(), "“a�b�!” shouts.");
    }
}
