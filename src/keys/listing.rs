//! What the list of keys is asked for: search, sort, status, and from where on.
//!
//! It reads the page's address and writes the ones that its links need. It knows nothing of tables.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::keys::cursor::{Cursor, Position};
use crate::keys::key::Status;
use crate::keys::name::fold;
use crate::keys::sort::{Direction, Sort};
use crate::projects::project::ProjectId;

/// Text to find in names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    typed: String,
    folded: String,
}

impl Search {
    /// As it was typed, for the search field.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Trimmed and folded, to be found anywhere in `name_folded`. It may hold `%` and `_`.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// Which project's keys to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectFilter {
    /// Those of no project.
    Unfiled,
    /// Those of one.
    Of(ProjectId),
}

impl ProjectFilter {
    /// As in the address: `none`, or the project's id.
    pub fn word(&self) -> &str {
        match self {
            ProjectFilter::Unfiled => "none",
            ProjectFilter::Of(project) => project.as_str(),
        }
    }

    /// Reads a [`ProjectFilter::word`].
    pub fn parse(word: &str) -> Option<ProjectFilter> {
        match word {
            "none" => Some(ProjectFilter::Unfiled),
            id => ProjectId::parse(id).map(ProjectFilter::Of),
        }
    }
}

/// The values of the address, unread; an empty one counts as absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct RawListQuery<'a> {
    /// `q`.
    pub q: Option<&'a str>,
    /// `sort`.
    pub sort: Option<&'a str>,
    /// `dir`.
    pub dir: Option<&'a str>,
    /// `status`.
    pub status: Option<&'a str>,
    /// `project`.
    pub project: Option<&'a str>,
    /// `cursor`.
    pub cursor: Option<&'a str>,
}

/// Why an address asks for no list; displays as a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadQuery {
    /// `q` is longer than [`ListQuery::MAX_SEARCH_CHARACTERS`].
    LongSearch,
    /// `q` holds a control character.
    ControlInSearch,
    /// No such `sort`.
    Sort,
    /// No such `dir`.
    Direction,
    /// No such `status`.
    Status,
    /// `project` can be none.
    Project,
    /// `cursor` is none of ours, or of a list sorted otherwise.
    Cursor,
}

impl fmt::Display for BadQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadQuery::LongSearch => "A search can be at most 200 characters long.",
            BadQuery::ControlInSearch => "A search cannot hold control characters.",
            BadQuery::Sort => "Keys cannot be sorted by that.",
            BadQuery::Direction => "Keys are sorted “asc” or “desc”.",
            BadQuery::Status => "A key is “active”, “expired” or “revoked”.",
            BadQuery::Project => "There is no such project.",
            BadQuery::Cursor => "This link into the list no longer fits. Start from its first page.",
        })
    }
}

impl std::error::Error for BadQuery {}

/// What the list is asked for. Its cursor, if any, fits its sort and direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    search: Option<Search>,
    sort: Sort,
    direction: Direction,
    status: Option<Status>,
    project: Option<ProjectFilter>,
    cursor: Option<Cursor>,
}

impl Default for ListQuery {
    /// All keys, newest first.
    fn default() -> ListQuery {
        let direction = Sort::Created.default_direction();
        ListQuery { search: None, sort: Sort::Created, direction, status: None, project: None, cursor: None }
    }
}

impl ListQuery {
    /// The longest `q`, in Unicode scalar values.
    pub const MAX_SEARCH_CHARACTERS: usize = 200;

    /// Reads the values of an address.
    pub fn parse(raw: &RawListQuery<'_>) -> Result<ListQuery, BadQuery> {
        let sort = given(raw.sort).map_or(Ok(Sort::Created), |word| Sort::parse(word).ok_or(BadQuery::Sort))?;
        let direction = given(raw.dir)
            .map_or(Ok(sort.default_direction()), |word| Direction::parse(word).ok_or(BadQuery::Direction))?;
        let status = given(raw.status).map(|word| Status::parse(word).ok_or(BadQuery::Status)).transpose()?;
        let project = given(raw.project).map(|word| ProjectFilter::parse(word).ok_or(BadQuery::Project)).transpose()?;
        let cursor =
            given(raw.cursor).map(|text| Cursor::parse(text, sort, direction).ok_or(BadQuery::Cursor)).transpose()?;
        let search = parse_search(raw.q.unwrap_or_default())?;
        Ok(ListQuery { search, sort, direction, status, project, cursor })
    }

    /// What to find.
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// The sorting column.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// Its direction.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The only status to show; none is all.
    pub fn status(&self) -> Option<Status> {
        self.status
    }

    /// The only project to show; none is all.
    pub fn project(&self) -> Option<&ProjectFilter> {
        self.project.as_ref()
    }

    /// From where on; none is from the first row.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// The first page of this list as the end of an address: `?q=hr%20sync&sort=name`, or nothing where all is as by
    /// default.
    pub fn to_query_string(&self) -> String {
        self.query_string(None)
    }

    /// The same list from its first row on.
    pub fn from_the_start(&self) -> ListQuery {
        ListQuery { cursor: None, ..self.clone() }
    }

    /// The list sorted by a click on a heading: by that column, or the other way round if it is by that already.
    pub fn with_sort(&self, sort: Sort) -> String {
        let direction = if sort == self.sort { self.direction.reversed() } else { sort.default_direction() };
        ListQuery { sort, direction, ..self.clone() }.to_query_string()
    }

    /// The list held to one status, or to none.
    pub fn with_status(&self, status: Option<Status>) -> String {
        ListQuery { status, ..self.clone() }.to_query_string()
    }

    /// The list of all projects.
    pub fn without_project(&self) -> String {
        ListQuery { project: None, ..self.clone() }.to_query_string()
    }

    /// The same list without a search.
    pub fn without_search(&self) -> String {
        ListQuery { search: None, ..self.clone() }.to_query_string()
    }

    /// The page after the row at `last`, the last one shown.
    pub fn page_after(&self, last: Position) -> String {
        self.query_string(Some(Cursor { position: last, direction: self.direction, backwards: false }))
    }

    /// The page before the row at `first`, the first one shown.
    pub fn page_before(&self, first: Position) -> String {
        self.query_string(Some(Cursor { position: first, direction: self.direction, backwards: true }))
    }

    fn query_string(&self, cursor: Option<Cursor>) -> String {
        let dir = (self.direction != self.sort.default_direction()).then(|| self.direction.word());
        let parameters = [
            ("q", self.search.as_ref().map(|search| utf8_percent_encode(&search.typed, ESCAPED).to_string())),
            ("sort", (self.sort != Sort::Created).then(|| self.sort.word().to_owned())),
            ("dir", dir.map(str::to_owned)),
            ("status", self.status.map(|status| status.word().to_owned())),
            ("project", self.project.as_ref().map(|project| project.word().to_owned())),
            ("cursor", cursor.map(|cursor| cursor.to_string())),
        ];
        let given = parameters.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        let joined = given.collect::<Vec<_>>().join("&");
        if joined.is_empty() { joined } else { format!("?{joined}") }
    }
}

/// All but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn given(value: Option<&str>) -> Option<&str> {
    value.filter(|text| !text.is_empty())
}

fn parse_search(typed: &str) -> Result<Option<Search>, BadQuery> {
    if typed.chars().count() > ListQuery::MAX_SEARCH_CHARACTERS {
        return Err(BadQuery::LongSearch);
    }
    if typed.contains(char::is_control) {
        return Err(BadQuery::ControlInSearch);
    }
    let folded = fold(typed.trim());
    Ok((!folded.is_empty()).then(|| Search { typed: typed.to_owned(), folded }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::keys::cursor::Mark;
    use crate::keys::key::KeyId;
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    fn parse(q: &str, sort: &str, dir: &str, status: &str) -> Result<ListQuery, BadQuery> {
        let (q, sort, dir, status) = (Some(q), Some(sort), Some(dir), Some(status));
        ListQuery::parse(&RawListQuery { q, sort, dir, status, ..RawListQuery::default() })
    }

    /// Reads an address's end as the page would.
    fn read(query_string: &str) -> ListQuery {
        let value = |name: &str| {
            let pairs = query_string.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.into_iter().find(|(key, _)| *key == name)?;
            Some(percent_decode_str(found.1).decode_utf8().expect("UTF-8").into_owned())
        };
        let values = ["q", "sort", "dir", "status", "project", "cursor"].map(value);
        let [q, sort, dir, status, project, cursor] = values.each_ref().map(Option::as_deref);
        ListQuery::parse(&RawListQuery { q, sort, dir, status, project, cursor }).expect("an address of ours")
    }

    fn position(mark: Mark) -> Position {
        Position { mark, id: KeyId::mint(Moment::from_unix(1_800_000_000).expect("in range")) }
    }

    #[test]
    fn nothing_asked_is_all_keys_newest_first() {
        assert_eq!(ListQuery::parse(&RawListQuery::default()), Ok(ListQuery::default()));
        assert_eq!(parse("", "", "", ""), Ok(ListQuery::default()));
        assert_eq!(parse("  ", "created", "desc", ""), Ok(ListQuery::default()));
        assert_eq!(ListQuery::default().to_query_string(), "");
    }

    #[test]
    fn only_what_differs_from_the_default_is_in_the_address() {
        let query = parse("HR & co/ü", "name", "asc", "active").expect("good");
        assert_eq!(query.to_query_string(), "?q=HR%20%26%20co%2F%C3%BC&sort=name&status=active");
        assert_eq!(parse("", "created", "asc", "").expect("good").to_query_string(), "?dir=asc");
    }

    #[test]
    fn a_search_is_trimmed_and_folded_and_kept_as_typed() {
        let query = parse(" HR Sync", "", "", "").expect("good");
        let search = query.search().expect("a search");
        assert_eq!((search.typed(), search.folded()), (" HR Sync", "hr sync"));
    }

    #[test]
    fn a_heading_sorts_and_the_second_click_turns_round() {
        let query = parse("hr", "", "", "revoked").expect("good");
        assert_eq!(query.with_sort(Sort::Name), "?q=hr&sort=name&status=revoked");
        assert_eq!(query.with_sort(Sort::Created), "?q=hr&dir=asc&status=revoked");
        assert_eq!(read("?sort=name&dir=desc").with_sort(Sort::Name), "?sort=name");
    }

    #[test]
    fn links_keep_everything_but_what_they_change() {
        let query = parse("hr", "key", "desc", "revoked").expect("good");
        assert_eq!(query.with_status(None), "?q=hr&sort=key&dir=desc");
        assert_eq!(query.with_status(Some(Status::Active)), "?q=hr&sort=key&dir=desc&status=active");
        assert_eq!(query.without_search(), "?sort=key&dir=desc&status=revoked");
    }

    #[test]
    fn a_project_is_kept_by_every_link_but_the_one_that_leaves_it() {
        for word in ["none", "project_01kam0000000000000000000aa"] {
            let query = read(&format!("?project={word}"));
            assert_eq!(query.project().map(ProjectFilter::word), Some(word));
            assert_eq!(query.with_sort(Sort::Name), format!("?sort=name&project={word}"));
            assert_eq!(query.without_project(), "");
        }
    }

    #[test]
    fn the_pages_around_a_row_read_back() {
        let query = parse("hr", "status", "desc", "").expect("good");
        let row = position(Mark::Status(Status::Expired, None));
        let after = read(&query.page_after(row.clone()));
        assert_eq!(
            after.cursor(),
            Some(&Cursor { position: row.clone(), direction: Direction::Desc, backwards: false })
        );
        assert_eq!(ListQuery { cursor: None, ..after }, query);
        let before = read(&query.page_before(row));
        assert!(before.cursor().is_some_and(|cursor| cursor.backwards));
    }

    #[test]
    fn what_is_no_query_is_refused() {
        assert_eq!(parse("", "permissions", "", ""), Err(BadQuery::Sort));
        assert_eq!(parse("", "Name", "", ""), Err(BadQuery::Sort));
        assert_eq!(parse("", "", "up", ""), Err(BadQuery::Direction));
        assert_eq!(parse("", "", "", "deleted"), Err(BadQuery::Status));
        assert_eq!(parse(&"é".repeat(201), "", "", ""), Err(BadQuery::LongSearch));
        assert!(parse(&"é".repeat(200), "", "", "").is_ok());
        for bad in ["\0", "a\0b", "a\n", "\u{85}"] {
            assert_eq!(parse(bad, "", "", ""), Err(BadQuery::ControlInSearch), "{bad:?}");
        }
        let cursor = RawListQuery { cursor: Some("x"), ..RawListQuery::default() };
        assert_eq!(ListQuery::parse(&cursor), Err(BadQuery::Cursor));
        for bad in ["None", "project_x", "team_01kam0000000000000000000aa"] {
            let project = RawListQuery { project: Some(bad), ..RawListQuery::default() };
            assert_eq!(ListQuery::parse(&project), Err(BadQuery::Project), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_query_reads_back_from_its_address(
            q in "\\PC{0,200}",
            sort in proptest::sample::select(vec!["", "name", "status", "key", "kind", "project", "created", "expiration"]),
            dir in proptest::sample::select(vec!["", "asc", "desc"]),
            status in proptest::sample::select(vec!["", "active", "expired", "revoked"]),
        ) {
            let query = parse(&q, sort, dir, status).expect("good");
            prop_assert_eq!(read(&query.to_query_string()), query);
        }
    }
}
