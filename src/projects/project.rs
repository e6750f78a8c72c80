//! A project: where keys are filed. Its name is unique in the team; an archived one takes no new keys.
//!
//! It knows neither the keys nor where records are kept.

use std::fmt;

use crate::clock::Moment;
use crate::id::id_type;
use crate::keys::name::{NameError, fold, visible_line};
use crate::people::member::TeamId;

id_type!(
    /// Names a project.
    ProjectId,
    "project_"
);

/// What a project is called: trimmed, NFC, 1 to 60 Unicode scalar values, something of it visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectName(String);

impl ProjectName {
    /// The longest name, in Unicode scalar values after trimming and NFC.
    pub const MAX_CHARACTERS: usize = 60;

    /// Reads a name as it was typed.
    pub fn parse(typed: &str) -> Result<ProjectName, NameError> {
        visible_line(typed, ProjectName::MAX_CHARACTERS).map(ProjectName)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared and sorted: two names that differ only in case are one.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A project of a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Whose it is.
    pub team: TeamId,
    /// What it is called.
    pub name: ProjectName,
    /// When it was made.
    pub created_at: Moment,
    /// Since when it takes no new keys; none: it does.
    pub archived_at: Option<Moment>,
}

impl Project {
    /// The most that a team can have, archived ones too: the list of keys walks them one by one.
    pub const MOST: usize = 200;

    /// Whether it takes no new keys.
    pub fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    /// As a key names it.
    pub fn filing(&self) -> Filing {
        Filing { project: self.id.clone(), name: self.name.to_string() }
    }
}

/// Where a key is filed: a project, with the name that is its now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    /// Which project.
    pub project: ProjectId,
    /// What it is called.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_alone_are_one() {
        let name = |typed| ProjectName::parse(typed).expect("a name");
        assert_eq!(name(" ÉCOLE ").folded(), name("école").folded());
    }

    #[test]
    fn a_name_is_one_visible_line_of_at_most_60_characters() {
        assert!(ProjectName::parse(&"x".repeat(60)).is_ok());
        for typed in ["", " ", "\u{200b}", "a\nb", "\u{202e}abc", &"x".repeat(61)] {
            assert!(ProjectName::parse(typed).is_err(), "{typed:?}");
        }
    }
}
