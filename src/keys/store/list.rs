//! One page of the list, and the counts beside it.
//!
//! A page costs what it shows, however long the list: each sort walks its own index from the cursor
//! on. First the ids are read from the index alone (a search filters there, too), then the rows of the
//! page. Going on from a value that many rows share takes two steps: the rest of those rows, then
//! what follows.

use std::cmp::Ordering;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;

use super::{Row, keys_of};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::keys::cursor::{Mark, Position};
use crate::keys::key::{ApiKey, Status};
use crate::keys::listing::{Direction, ListQuery, Search, Sort};
use crate::people::member::TeamId;
use crate::store::schema::keys;
use crate::store::{Backend, Db};

/// Counting stops here: beyond it, "10,000+" is all a person needs.
const COUNTED: usize = 10_000;
/// `expires_key` of a key that never expires.
const NEVER: i64 = i64::MAX;

/// One page of the list.
pub struct Page {
    /// In the order asked for.
    pub keys: Vec<ApiKey>,
    /// Whether there are rows before it.
    pub has_previous: bool,
    /// Whether there are rows after it.
    pub has_next: bool,
}

/// How many, exact up to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How many were counted.
    pub counted: usize,
    /// Whether there are more.
    pub is_capped: bool,
}

/// How many keys of each status match the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Live ones.
    pub active: Count,
    /// Those whose time is over.
    pub expired: Count,
    /// Those that were revoked.
    pub revoked: Count,
}

impl Count {
    fn of(counted: usize) -> Count {
        Count { counted: counted.min(COUNTED), is_capped: counted > COUNTED }
    }
}

impl Counts {
    /// All of them.
    pub fn all(&self) -> Count {
        let parts = [self.active, self.expired, self.revoked];
        let sum = Count::of(parts.iter().map(|part| part.counted).sum());
        Count { is_capped: sum.is_capped || parts.iter().any(|part| part.is_capped), ..sum }
    }

    /// Those of one status.
    pub fn of(&self, status: Status) -> Count {
        match status {
            Status::Active => self.active,
            Status::Expired => self.expired,
            Status::Revoked => self.revoked,
        }
    }
}

type Ids = Vec<String>;
type BoxedKeys<'a> = keys::BoxedQuery<'a, Backend>;

/// The keys that a list is made of.
struct Scope<'a> {
    team: &'a str,
    pattern: Option<String>,
    now: i64,
}

/// How far to walk, and which way.
#[derive(Clone, Copy)]
struct Stride {
    ascending: bool,
    limit: i64,
}

impl<'a> Scope<'a> {
    fn new(team: &'a TeamId, search: Option<&Search>, now: Moment) -> Scope<'a> {
        Scope { team: team.as_str(), pattern: search.map(|search| contains(search.folded())), now: now.unix() }
    }

    fn all(&self) -> BoxedKeys<'_> {
        let team = keys::table.filter(keys::team_id.eq(self.team)).into_boxed();
        match &self.pattern {
            Some(pattern) => team.filter(keys::name_folded.like(pattern.as_str()).escape('\\')),
            None => team,
        }
    }

    /// Those of one status, by the index that is sorted by it.
    fn ranged(&self, status: Status) -> BoxedKeys<'_> {
        match status {
            Status::Active => self.all().filter(keys::is_revoked.eq(false).and(keys::expires_key.gt(self.now))),
            Status::Expired => self.all().filter(keys::is_revoked.eq(false).and(keys::expires_key.le(self.now))),
            Status::Revoked => self.all().filter(keys::is_revoked.eq(true)),
        }
    }

    /// The same keys, said with columns that no index knows: the sort's own index is walked.
    fn filtered(&self, status: Status) -> BoxedKeys<'_> {
        let unrevoked = self.all().filter(keys::revoked_at.is_null());
        match status {
            Status::Active => unrevoked.filter(keys::expires_at.is_null().or(keys::expires_at.gt(self.now))),
            Status::Expired => unrevoked.filter(keys::expires_at.is_not_null().and(keys::expires_at.le(self.now))),
            Status::Revoked => self.all().filter(keys::revoked_at.is_not_null()),
        }
    }
}

/// A LIKE pattern for "contains", its own signs escaped by `\`.
fn contains(folded: &str) -> String {
    let mut pattern = String::from("%");
    for c in folded.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Walks an index from a position on: the rows that share its value, then those behind.
macro_rules! walk {
    ($db:expr, $query:expr, $column:expr, $from:expr, $stride:expr) => {{
        let (db, stride): (&mut Db, Stride) = ($db, $stride);
        let mut ids: Ids = Vec::new();
        let mut rest = $query;
        if let Some((value, id)) = $from {
            let ties = ($query).filter($column.eq(value.clone())).select(keys::id).limit(stride.limit);
            ids = match stride.ascending {
                true => ties.filter(keys::id.gt(id)).order(keys::id.asc()).load(db)?,
                false => ties.filter(keys::id.lt(id)).order(keys::id.desc()).load(db)?,
            };
            rest = match stride.ascending {
                true => rest.filter($column.gt(value)),
                false => rest.filter($column.lt(value)),
            };
        }
        let missing = stride.limit - i64::try_from(ids.len()).unwrap_or(i64::MAX);
        if missing > 0 {
            let rest = rest.select(keys::id).limit(missing);
            ids.extend(match stride.ascending {
                true => rest.order(($column.asc(), keys::id.asc())).load::<String>(db)?,
                false => rest.order(($column.desc(), keys::id.desc())).load::<String>(db)?,
            });
        }
        Ok::<Ids, Fault>(ids)
    }};
}

/// The page that is asked for, of at most `size` rows.
pub fn page(db: &mut Db, team: &TeamId, query: &ListQuery, size: usize, now: Moment) -> Result<Page, Fault> {
    let scope = Scope::new(team, query.search(), now);
    let cursor = query.cursor();
    let backwards = cursor.is_some_and(|cursor| cursor.backwards);
    let stride = Stride {
        ascending: (query.direction() == Direction::Asc) != backwards,
        limit: i64::try_from(size + 1).unwrap_or(i64::MAX),
    };
    let from = cursor.map(|cursor| &cursor.position);
    let mut ids = match query.status() {
        None => walk_all(db, &scope, query.sort(), from, stride)?,
        Some(status) => walk_status(db, &scope, status, query.sort(), from, stride)?,
    };
    let has_more = ids.len() > size;
    ids.truncate(size);
    if backwards {
        ids.reverse();
    }
    let (has_previous, has_next) = if backwards { (has_more, true) } else { (cursor.is_some(), has_more) };
    Ok(Page { keys: rows_in_order(db, &ids)?, has_previous, has_next })
}

/// The rows of ids that were found in one team. By the ids alone: beside a team's id, SQLite would
/// rather walk all of the team.
fn rows_in_order(db: &mut Db, ids: &[String]) -> Result<Vec<ApiKey>, Fault> {
    let rows: Vec<Row> = keys::table.filter(keys::id.eq_any(ids)).select(Row::as_select()).load(db)?;
    let mut found = keys_of(db, rows)?;
    found.sort_by_key(|key| ids.iter().position(|id| id == key.id.as_str()));
    Ok(found)
}

fn walk_all(db: &mut Db, scope: &Scope<'_>, sort: Sort, from: Option<&Position>, stride: Stride) -> Result<Ids, Fault> {
    match sort {
        Sort::Status => walk_ranges(db, scope, from, stride),
        Sort::Name => walk!(db, scope.all(), keys::name_folded, from.and_then(text_mark), stride),
        Sort::Key => walk!(db, scope.all(), keys::preview, from.and_then(text_mark), stride),
        Sort::Created => walk!(db, scope.all(), keys::created_at, from.and_then(number_mark), stride),
        Sort::Expiration => walk!(db, scope.all(), keys::expires_key, from.and_then(number_mark), stride),
    }
}

/// By status: one range of the index after the other, until the page is full.
fn walk_ranges(db: &mut Db, scope: &Scope<'_>, from: Option<&Position>, stride: Stride) -> Result<Ids, Fault> {
    let mut order = Status::ALL;
    if !stride.ascending {
        order.reverse();
    }
    let begin = from.and_then(|position| match position.mark {
        Mark::Status(status, _) => order.iter().position(|known| *known == status),
        _ => None,
    });
    let mut ids: Ids = Vec::new();
    for (n, status) in order.into_iter().enumerate().skip(begin.unwrap_or(0)) {
        let missing = stride.limit - i64::try_from(ids.len()).unwrap_or(i64::MAX);
        if missing <= 0 {
            break;
        }
        let within = from.filter(|_| begin == Some(n)).and_then(number_mark);
        let stride = Stride { limit: missing, ..stride };
        ids.extend(walk!(db, scope.ranged(status), keys::expires_key, within, stride)?);
    }
    Ok(ids)
}

/// One status in another order: few are read and sorted here, of many the sort's index is walked.
fn walk_status(
    db: &mut Db,
    scope: &Scope<'_>,
    status: Status,
    sort: Sort,
    from: Option<&Position>,
    stride: Stride,
) -> Result<Ids, Fault> {
    if matches!(sort, Sort::Status | Sort::Expiration) {
        return walk!(db, scope.ranged(status), keys::expires_key, from.and_then(number_mark), stride);
    }
    if count(db, scope.ranged(status))? <= COUNTED {
        return sort_range(db, scope, status, sort, from, stride);
    }
    match sort {
        Sort::Name => walk!(db, scope.filtered(status), keys::name_folded, from.and_then(text_mark), stride),
        Sort::Key => walk!(db, scope.filtered(status), keys::preview, from.and_then(text_mark), stride),
        _ => walk!(db, scope.filtered(status), keys::created_at, from.and_then(number_mark), stride),
    }
}

fn sort_range(
    db: &mut Db,
    scope: &Scope<'_>,
    status: Status,
    sort: Sort,
    from: Option<&Position>,
    stride: Stride,
) -> Result<Ids, Fault> {
    let range = scope.ranged(status).order((keys::expires_key, keys::id));
    match sort {
        Sort::Created => {
            let rows = range.select((keys::created_at, keys::id)).load::<(i64, String)>(db)?;
            Ok(sorted_from(rows, from.and_then(number_mark), stride))
        }
        Sort::Key => {
            let rows = range.select((keys::preview, keys::id)).load::<(String, String)>(db)?;
            Ok(sorted_from(rows, from.and_then(text_mark), stride))
        }
        _ => {
            let rows = range.select((keys::name_folded, keys::id)).load::<(String, String)>(db)?;
            Ok(sorted_from(rows, from.and_then(text_mark), stride))
        }
    }
}

fn sorted_from<V: Ord>(mut rows: Vec<(V, String)>, from: Option<(V, String)>, stride: Stride) -> Ids {
    let direction = if stride.ascending { Ordering::Greater } else { Ordering::Less };
    if let Some(from) = from {
        rows.retain(|row| row.cmp(&from) == direction);
    }
    rows.sort_unstable_by(|a, b| if stride.ascending { a.cmp(b) } else { b.cmp(a) });
    let limit = usize::try_from(stride.limit).unwrap_or(usize::MAX);
    rows.into_iter().take(limit).map(|(_, id)| id).collect()
}

fn text_mark(position: &Position) -> Option<(String, String)> {
    match &position.mark {
        Mark::Name(text) | Mark::Key(text) => Some((text.clone(), position.id.to_string())),
        _ => None,
    }
}

fn number_mark(position: &Position) -> Option<(i64, String)> {
    let number = match &position.mark {
        Mark::Created(at) => at.unix(),
        Mark::Expiration(at) | Mark::Status(_, at) => at.map_or(NEVER, Moment::unix),
        _ => return None,
    };
    Some((number, position.id.to_string()))
}

/// How many keys of each status match the search. Each count stops at 10,000.
pub fn counts(db: &mut Db, team: &TeamId, search: Option<&Search>, now: Moment) -> Result<Counts, Fault> {
    let scope = Scope::new(team, search, now);
    let mut of = |status| count(db, scope.ranged(status)).map(Count::of);
    Ok(Counts { active: of(Status::Active)?, expired: of(Status::Expired)?, revoked: of(Status::Revoked)? })
}

fn count(db: &mut Db, query: BoxedKeys<'_>) -> Result<usize, Fault> {
    let limit = i64::try_from(COUNTED + 1).unwrap_or(i64::MAX);
    let counted = Counted(query.select(keys::id).limit(limit)).get_result::<i64>(db)?;
    Ok(usize::try_from(counted).unwrap_or(0))
}

/// `SELECT count(*) FROM (query)`: the database counts, we read one number.
#[derive(QueryId)]
struct Counted<Q>(Q);

impl<Q: Query> Query for Counted<Q> {
    type SqlType = BigInt;
}

impl<Q> RunQueryDsl<Db> for Counted<Q> {}

impl<Q: QueryFragment<Backend>> QueryFragment<Backend> for Counted<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql("SELECT count(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS counted");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signs_of_like_are_searched_as_they_are() {
        assert_eq!(contains("50%_a\\b"), "%50\\%\\_a\\\\b%");
    }

    #[test]
    fn a_sum_over_what_is_counted_is_capped_too() {
        let counts = Counts { active: Count::of(6_000), expired: Count::of(5_000), revoked: Count::of(0) };
        assert_eq!(counts.all(), Count { counted: COUNTED, is_capped: true });
        assert_eq!(Count::of(10_001), Count { counted: COUNTED, is_capped: true });
        assert_eq!(Count::of(10_000), Count { counted: 10_000, is_capped: false });
    }
}
