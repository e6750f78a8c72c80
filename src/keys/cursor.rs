//! Where a page of the list begins: a row's place in the sorted list, as the address carries it.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;

use crate::clock::Moment;
use crate::keys::key::{ApiKey, KeyId, Status};
use crate::keys::sort::{Direction, Sort};
use crate::projects::project::ProjectId;

const NEVER: &str = "never";
const UNFILED: &str = "none";

/// A row's value in the sorting column. Rows of one value are told apart by their id, in the same direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The folded name.
    Name(String),
    /// Which of the three ranges, and the moment of expiry within it.
    Status(Status, Option<Moment>),
    /// The preview.
    Key(String),
    /// The kind's id.
    Kind(String),
    /// The project, and the place within it as by status.
    Project(Option<ProjectId>, Status, Option<Moment>),
    /// The moment of the last use; none is never.
    LastUsed(Option<Moment>),
    /// The moment of creation.
    Created(Moment),
    /// The moment of expiry; none is Never.
    Expiration(Option<Moment>),
}

impl Mark {
    /// The column.
    pub fn sort(&self) -> Sort {
        match self {
            Mark::Name(_) => Sort::Name,
            Mark::Status(..) => Sort::Status,
            Mark::Key(_) => Sort::Key,
            Mark::Kind(_) => Sort::Kind,
            Mark::Project(..) => Sort::Project,
            Mark::LastUsed(_) => Sort::LastUsed,
            Mark::Created(_) => Sort::Created,
            Mark::Expiration(_) => Sort::Expiration,
        }
    }
}

/// Where a row stands in a sorted list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its value in the sorting column.
    pub mark: Mark,
    /// Its id.
    pub id: KeyId,
}

impl Position {
    /// Where `key` stands in a list sorted so at `now`.
    pub fn of(key: &ApiKey, sort: Sort, now: Moment) -> Position {
        let status = || key.clone().at(now).status();
        let mark = match sort {
            Sort::Name => Mark::Name(key.name.folded()),
            Sort::Status => Mark::Status(status(), key.expiration.at()),
            Sort::Key => Mark::Key(key.preview.as_str().to_owned()),
            Sort::Kind => Mark::Kind(key.kind.clone()),
            Sort::Project => {
                let project = key.filing.as_ref().map(|filing| filing.project.clone());
                Mark::Project(project, status(), key.expiration.at())
            }
            Sort::LastUsed => Mark::LastUsed(key.last_use.as_ref().map(|last| last.at)),
            Sort::Created => Mark::Created(key.created_at),
            Sort::Expiration => Mark::Expiration(key.expiration.at()),
        };
        Position { mark, id: key.id.clone() }
    }
}

/// From where on, and which way. Its text is opaque to everybody else, but no secret: it guards nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The row next to the page that is asked for, itself not on it.
    pub position: Position,
    /// The direction of the list that it was made for.
    pub direction: Direction,
    /// Whether the page before that row is asked for, not the one after it.
    pub backwards: bool,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cursor { position: Position { mark, id }, direction, backwards } = self;
        let value = match mark {
            Mark::Name(text) | Mark::Key(text) | Mark::Kind(text) => text.clone(),
            Mark::Status(status, at) => format!("{} {}", status.word(), moment_word(*at)),
            Mark::Project(project, status, at) => {
                let project = project.as_ref().map_or(UNFILED, ProjectId::as_str);
                format!("{project} {} {}", status.word(), moment_word(*at))
            }
            Mark::Created(at) => at.unix().to_string(),
            Mark::LastUsed(at) | Mark::Expiration(at) => moment_word(*at),
        };
        let way = if *backwards { "before" } else { "after" };
        let plain = format!("{} {} {way} {id} {value}", mark.sort().word(), direction.word());
        f.write_str(&BASE64URL_NOPAD.encode(plain.as_bytes()))
    }
}

impl Cursor {
    /// In characters; a folded name of 60 characters stays well below.
    const MAX_LENGTH: usize = 2_000;

    /// Reads a cursor that was made for a list sorted so; none if it was not, or not by us.
    pub fn parse(text: &str, sort: Sort, direction: Direction) -> Option<Cursor> {
        if text.len() > Cursor::MAX_LENGTH {
            return None;
        }
        let plain = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
        let mut parts = plain.splitn(5, ' ');
        let mut part = || parts.next();
        let (_sort, _direction, way, id, value) = (part()?, part()?, part()?, part()?, part()?);
        let position = Position { mark: parse_mark(sort, value)?, id: KeyId::parse(id)? };
        let cursor = Cursor { position, direction, backwards: way == "before" };
        // What this list would not write, it does not read: another list's cursor, or a second text for one of its own.
        (cursor.to_string() == text).then_some(cursor)
    }
}

fn parse_mark(sort: Sort, value: &str) -> Option<Mark> {
    let moment = || value.parse().ok().and_then(Moment::from_unix);
    let text = || (!value.contains(char::is_control)).then(|| value.to_owned());
    match sort {
        Sort::Name => text().map(Mark::Name),
        Sort::Key => text().map(Mark::Key),
        Sort::Kind => text().map(Mark::Kind),
        Sort::Project => {
            let (project, rest) = value.split_once(' ')?;
            let project = match project {
                UNFILED => None,
                id => Some(ProjectId::parse(id)?),
            };
            let (status, at) = rest.split_once(' ')?;
            Some(Mark::Project(project, Status::parse(status)?, parse_moment_word(at)?))
        }
        Sort::Status => {
            let (status, at) = value.split_once(' ')?;
            Some(Mark::Status(Status::parse(status)?, parse_moment_word(at)?))
        }
        Sort::Created => moment().map(Mark::Created),
        Sort::LastUsed => parse_moment_word(value).map(Mark::LastUsed),
        Sort::Expiration => parse_moment_word(value).map(Mark::Expiration),
    }
}

fn moment_word(at: Option<Moment>) -> String {
    at.map_or(NEVER.to_owned(), |at| at.unix().to_string())
}

fn parse_moment_word(word: &str) -> Option<Option<Moment>> {
    if word == NEVER { Some(None) } else { word.parse().ok().and_then(Moment::from_unix).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn position(mark: Mark) -> Position {
        Position { mark, id: KeyId::mint(Moment::from_unix(1_800_000_000).expect("in range")) }
    }

    #[test]
    fn a_cursor_of_a_list_sorted_otherwise_is_refused() {
        let direction = Direction::Asc;
        let cursor = Cursor { position: position(Mark::Name("hr".to_owned())), direction, backwards: false };
        let text = cursor.to_string();
        assert_eq!(Cursor::parse(&text, Sort::Name, Direction::Asc), Some(cursor));
        assert_eq!(Cursor::parse(&text, Sort::Key, Direction::Asc), None);
        assert_eq!(Cursor::parse(&text, Sort::Name, Direction::Desc), None);
    }

    #[test]
    fn a_forged_cursor_is_refused() {
        let id = position(Mark::Status(Status::Active, None)).id;
        let forged = |plain: String| {
            let sort = Sort::ALL.into_iter().find(|sort| plain.starts_with(sort.word())).expect("a sort");
            Cursor::parse(&BASE64URL_NOPAD.encode(plain.as_bytes()), sort, Direction::Asc)
        };
        assert!(forged(format!("created asc after {id} 5")).is_some());
        for bad in [
            format!("created asc after {id} +5"),
            format!("created asc after {id} 05"),
            format!("created asc after {id} never"),
            format!("created asc after {id} 999999999999"),
            format!("created asc beside {id} 5"),
            format!("created asc after {id}"),
            "created asc after key_1 5".to_owned(),
            format!("status asc after {id} gone 5"),
            format!("status asc after {id} active"),
            format!("status asc after {id} active 05"),
            format!("name asc after {id} a\0b"),
            format!("name asc after {id} {}", "x".repeat(2_000)),
        ] {
            assert_eq!(forged(bad.clone()), None, "{bad}");
        }
    }

    fn any_mark() -> impl Strategy<Value = Mark> {
        let moment = || (-62_135_596_800i64..=253_402_300_799).prop_filter_map("in range", Moment::from_unix);
        prop_oneof![
            "\\PC{0,60}".prop_map(Mark::Name),
            "\\PC{0,60}".prop_map(Mark::Key),
            (proptest::sample::select(&Status::ALL[..]), proptest::option::of(moment()))
                .prop_map(|(status, at)| Mark::Status(status, at)),
            "[a-z0-9_-]{1,40}".prop_map(Mark::Kind),
            (any::<bool>(), proptest::sample::select(&Status::ALL[..]), proptest::option::of(moment())).prop_map(
                |(is_filed, status, at)| {
                    let project =
                        is_filed.then(|| ProjectId::mint(Moment::from_unix(1_800_000_000).expect("in range")));
                    Mark::Project(project, status, at)
                }
            ),
            moment().prop_map(Mark::Created),
            proptest::option::of(moment()).prop_map(Mark::LastUsed),
            proptest::option::of(moment()).prop_map(Mark::Expiration),
        ]
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back(mark in any_mark(), asc in any::<bool>(), backwards in any::<bool>()) {
            let direction = if asc { Direction::Asc } else { Direction::Desc };
            let cursor = Cursor { position: position(mark), direction, backwards };
            let text = cursor.to_string();
            prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            prop_assert_eq!(Cursor::parse(&text, cursor.position.mark.sort(), direction), Some(cursor));
        }

        #[test]
        fn no_bytes_make_reading_a_cursor_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..80),
            text in any::<String>(),
            sort in proptest::sample::select(&Sort::ALL[..]),
        ) {
            prop_assert_eq!(Cursor::parse(&BASE64URL_NOPAD.encode(&bytes), sort, Direction::Asc), None);
            prop_assert_eq!(Cursor::parse(&text, sort, Direction::Asc), None);
        }
    }
}
