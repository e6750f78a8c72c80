//! What a key may be called, and how names are compared when one searches or sorts.
//!
//! Names need not be unique; this file refuses to know other keys.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// A key's name: trimmed, NFC, 1 to 60 Unicode scalar values, something of it visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName(String);

/// Why a name is refused; displays as the sentence beside the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Nothing, or only blanks.
    Empty,
    /// Only characters that nobody can see.
    Invisible,
    /// More Unicode scalar values than there may be.
    TooLong {
        /// So many there are.
        count: usize,
        /// So many there may be.
        most: usize,
    },
    /// A control character, or one that breaks the line.
    Control,
    /// A character that turns the direction of the text around it.
    Direction,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => f.write_str("Enter a name."),
            NameError::Invisible => f.write_str("Enter a name that can be seen."),
            NameError::TooLong { count, most } => write!(f, "Use at most {most} characters; these are {count}."),
            NameError::Control => f.write_str("Leave out line breaks and control characters."),
            NameError::Direction => f.write_str("Leave out characters that change the direction of the text."),
        }
    }
}

impl std::error::Error for NameError {}

impl KeyName {
    /// The longest name, in Unicode scalar values after trimming and NFC.
    pub const MAX_CHARACTERS: usize = 60;

    /// Reads a name as it was typed.
    pub fn parse(typed: &str) -> Result<KeyName, NameError> {
        visible_line(typed, KeyName::MAX_CHARACTERS).map(KeyName)
    }

    /// How many characters of the most there are: those that would be kept of what was typed.
    pub fn length(typed: &str) -> usize {
        typed.trim().nfc().count()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is stored to be searched and sorted by: see [`fold`].
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One line that can be seen, trimmed and NFC, of 1 to `most` Unicode scalar values.
pub fn visible_line(typed: &str, most: usize) -> Result<String, NameError> {
    let line: String = typed.trim().nfc().collect();
    let count = line.chars().count();
    if count == 0 {
        Err(NameError::Empty)
    } else if line.chars().any(breaks_the_line) {
        Err(NameError::Control)
    } else if line.chars().any(turns_direction) {
        Err(NameError::Direction)
    } else if line.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
        Err(NameError::Invisible)
    } else if count > most {
        Err(NameError::TooLong { count, most })
    } else {
        Ok(line)
    }
}

/// Text in the form in which names are compared: NFC in Rust's lower case.
pub fn fold(text: &str) -> String {
    let lower = text.nfc().collect::<String>().to_lowercase();
    // Lower case writes Σ differently at a word's end; a search for part of a word must not depend on that.
    lower.replace('ς', "σ").nfc().collect()
}

/// Controls (Cc), and U+2028 and U+2029, which end a line as they do.
fn breaks_the_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The embeddings, overrides and isolates of UAX #9. The marks U+200E, U+200F and U+061C stay allowed: Hebrew and Arabic
/// names need them beside digits and brackets, and a mark cannot make letters read in another order.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Draws nothing although it is no white space: Unicode's Default_Ignorable_Code_Point, and the blanks of scripts.
fn is_invisible(c: char) -> bool {
    let is_ignorable = matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}');
    let is_blank = matches!(c, '\u{2800}' | '\u{13441}'..='\u{13442}' | '\u{16FE4}' | '\u{1D159}');
    is_ignorable || is_blank
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(typed: &str) -> String {
        KeyName::parse(typed).expect("a good name").0
    }

    #[test]
    fn a_name_is_trimmed_and_nfc() {
        assert_eq!(name(" \u{3000}HR sync – production\t\n"), "HR sync – production");
        assert_eq!(name("Cafe\u{301}"), "Café");
        assert_eq!(name("👩\u{200D}🚀"), "👩\u{200D}🚀");
    }

    #[test]
    fn sixty_characters_fit_however_they_were_composed() {
        assert!(KeyName::parse(&"x".repeat(60)).is_ok());
        assert!(KeyName::parse(&"e\u{301}".repeat(60)).is_ok());
        assert!(KeyName::parse(&"🗝".repeat(60)).is_ok());
        let error = KeyName::parse(&"x".repeat(61)).expect_err("too long");
        assert_eq!(error.to_string(), "Use at most 60 characters; these are 61.");
    }

    #[test]
    fn a_name_must_be_seen() {
        for typed in ["", "   ", "\u{A0}\n"] {
            assert_eq!(KeyName::parse(typed), Err(NameError::Empty), "{typed:?}");
        }
        for typed in [
            "\u{200B}",
            "\u{3164} \u{FFA0}",
            "\u{115F}",
            "\u{2800}",
            "\u{FEFF}\u{2060}",
            "\u{200F}",
            "\u{FE0F}",
            "\u{AD}",
        ] {
            assert_eq!(KeyName::parse(typed), Err(NameError::Invisible), "{typed:?}");
        }
    }

    #[test]
    fn nothing_in_a_name_breaks_or_turns_the_line() {
        for c in ['\0', '\n', '\u{1B}', '\u{7F}', '\u{85}', '\u{2028}', '\u{2029}'] {
            assert_eq!(KeyName::parse(&format!("a{c}b")), Err(NameError::Control), "{c:?}");
        }
        for c in ('\u{202A}'..='\u{202E}').chain('\u{2066}'..='\u{2069}') {
            assert_eq!(KeyName::parse(&format!("a{c}b")), Err(NameError::Direction), "{c:?}");
        }
    }

    #[test]
    fn direction_marks_are_allowed_beside_letters() {
        assert_eq!(name("משמרות\u{200F} (2)"), "משמרות\u{200F} (2)");
    }

    #[test]
    fn folding_forgets_case_and_composition() {
        assert_eq!(KeyName::parse("ÉCOLE").expect("good").folded(), "école");
        assert_eq!(fold("E\u{301}cole"), "école");
        assert!(fold("ΟΔΟΣΑ").contains(&fold("ΟΔΟΣ")));
    }

    proptest! {
        #[test]
        fn what_was_read_once_reads_the_same_again(typed in any::<String>()) {
            if let Ok(first) = KeyName::parse(&typed) {
                prop_assert!((1..=60).contains(&first.as_str().chars().count()));
                prop_assert_eq!(KeyName::parse(first.as_str()), Ok(first));
            }
        }

        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
