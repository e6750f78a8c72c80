//! One page of the list.
//!
//! A page costs what it shows, however long the list: each sort walks its own index from the cursor
//! on. First the ids are read from the index alone (a search filters there, too), then the rows of the
//! page. Going on from a value that many rows share takes two steps: the rest of those rows, then
//! what follows.

use std::cmp::Ordering;

use diesel::dsl::exists;
use diesel::prelude::*;

use super::scope::{BoxedKeys, COUNTED, Scope, count};
use super::{Row, keys_of, uses};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::keys::cursor::{Mark, Position};
use crate::keys::key::{ApiKey, Status};
use crate::keys::listing::ListQuery;
use crate::keys::realm::Realm;
use crate::keys::sort::{Direction, Sort};
use crate::projects::project::ProjectId;
use crate::store::Db;
use crate::store::schema::{keys, projects};

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

pub(super) type Ids = Vec<String>;

/// How far to walk, and which way.
#[derive(Clone, Copy)]
pub(super) struct Stride {
    pub(super) ascending: bool,
    pub(super) limit: i64,
}

impl Stride {
    /// What is still to be walked behind the rows that were found.
    pub(super) fn behind(self, found: &Ids) -> Option<Stride> {
        let limit = self.limit - i64::try_from(found.len()).unwrap_or(i64::MAX);
        (limit > 0).then_some(Stride { limit, ..self })
    }

    /// In its own order: turned round if it walks downwards.
    fn ordered<T>(self, mut ascending: Vec<T>) -> Vec<T> {
        if !self.ascending {
            ascending.reverse();
        }
        ascending
    }
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
        if let Some(Stride { limit, .. }) = stride.behind(&ids) {
            let rest = rest.select(keys::id).limit(limit);
            ids.extend(match stride.ascending {
                true => rest.order(($column.asc(), keys::id.asc())).load::<String>(db)?,
                false => rest.order(($column.desc(), keys::id.desc())).load::<String>(db)?,
            });
        }
        Ok::<Ids, Fault>(ids)
    }};
}

/// The page that is asked for, of at most `size` rows.
pub fn page(db: &mut Db, realm: &Realm, query: &ListQuery, size: usize, now: Moment) -> Result<Page, Fault> {
    let scope = Scope::new(realm, query, now);
    let cursor = query.cursor();
    let backwards = cursor.is_some_and(|cursor| cursor.backwards);
    let stride = Stride {
        ascending: (query.direction() == Direction::Asc) != backwards,
        limit: i64::try_from(size + 1).unwrap_or(i64::MAX),
    };
    let from = cursor.map(|cursor| &cursor.position);
    let mut ids = walk(db, &scope, query, from, stride)?;
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

fn walk(
    db: &mut Db,
    scope: &Scope<'_>,
    query: &ListQuery,
    from: Option<&Position>,
    stride: Stride,
) -> Result<Ids, Fault> {
    let statuses = query.status().map_or(Status::ALL.to_vec(), |status| vec![status]);
    match (query.sort(), query.status()) {
        (Sort::Project, _) => walk_projects(db, scope, &statuses, from, stride),
        (Sort::Status, _) => walk_statuses(db, scope, &statuses, from, stride),
        (Sort::Expiration, Some(status)) => {
            walk!(db, scope.ranged(status), keys::expires_key, from.and_then(number_mark), stride)
        }
        // Its index has no names in it.
        (sort, None) if !scope.is_narrow() && (sort != Sort::LastUsed || !scope.is_searched()) => {
            walk_index(db, scope, None, sort, from, stride)
        }
        (sort, status) => {
            let narrow = || status.map_or_else(|| scope.all(), |status| scope.ranged(status));
            if count(db, narrow())? <= COUNTED {
                return sort_here(db, narrow(), sort, from, stride);
            }
            walk_index(db, scope, status, sort, from, stride)
        }
    }
}

/// The sort's own index, from one end to the other.
fn walk_index(
    db: &mut Db,
    scope: &Scope<'_>,
    status: Option<Status>,
    sort: Sort,
    from: Option<&Position>,
    stride: Stride,
) -> Result<Ids, Fault> {
    let keys = || scope.filtered(status);
    match sort {
        Sort::Name => walk!(db, keys(), keys::name_folded, from.and_then(text_mark), stride),
        Sort::Key => walk!(db, keys(), keys::preview, from.and_then(text_mark), stride),
        Sort::Kind => walk!(db, keys(), keys::kind, from.and_then(text_mark), stride),
        Sort::Expiration => walk!(db, keys(), keys::expires_key, from.and_then(number_mark), stride),
        Sort::LastUsed => {
            let is_all = status.is_none() && !scope.is_narrow() && !scope.is_searched();
            let among = || (!is_all).then(&keys);
            uses::walk(db, scope.team, &among, from.and_then(number_mark), stride)
        }
        Sort::Created | Sort::Status | Sort::Project => {
            walk!(db, keys(), keys::created_at, from.and_then(number_mark), stride)
        }
    }
}

/// By status: one range of the index after the other, until the page is full.
fn walk_statuses(
    db: &mut Db,
    scope: &Scope<'_>,
    statuses: &[Status],
    from: Option<&Position>,
    stride: Stride,
) -> Result<Ids, Fault> {
    let order = stride.ordered(statuses.to_vec());
    let begin = from.and_then(|position| match position.mark {
        Mark::Status(status, _) | Mark::Project(_, status, _) => order.iter().position(|known| *known == status),
        _ => None,
    });
    let mut ids: Ids = Vec::new();
    for (n, status) in order.into_iter().enumerate().skip(begin.unwrap_or(0)) {
        let Some(stride) = stride.behind(&ids) else { break };
        let within = from.filter(|_| begin == Some(n)).and_then(number_mark);
        ids.extend(walk!(db, scope.ranged(status), keys::expires_key, within, stride)?);
    }
    Ok(ids)
}

/// By project: one after the other in the order of their names, and within each by status.
fn walk_projects(
    db: &mut Db,
    scope: &Scope<'_>,
    statuses: &[Status],
    from: Option<&Position>,
    stride: Stride,
) -> Result<Ids, Fault> {
    if scope.project().is_some() {
        return walk_statuses(db, scope, statuses, from, stride);
    }
    let order = stride.ordered(projects_with_keys(db, scope.team)?);
    let begin = from.and_then(|position| match &position.mark {
        Mark::Project(project, ..) => order.iter().position(|known| known == project),
        _ => None,
    });
    let mut ids: Ids = Vec::new();
    for (n, project) in order.iter().enumerate().skip(begin.unwrap_or(0)) {
        let Some(stride) = stride.behind(&ids) else { break };
        let within = from.filter(|_| begin == Some(n));
        ids.extend(walk_statuses(db, &scope.of_project(project.as_ref()), statuses, within, stride)?);
    }
    Ok(ids)
}

/// The team's projects that keys are filed under, by name; none, for keys of no project, after them.
fn projects_with_keys(db: &mut Db, team: &str) -> Result<Vec<Option<ProjectId>>, Fault> {
    let filed = keys::table.filter(keys::team_id.eq(team)).filter(keys::project_id.eq(projects::id.nullable()));
    let ids = projects::table
        .filter(projects::team_id.eq(team).and(exists(filed)))
        .order((projects::name_folded, projects::id))
        .select(projects::id)
        .load::<String>(db)?;
    let read = |id: String| ProjectId::parse(&id).ok_or_else(|| Fault::broken("a project's id cannot be read"));
    let named = ids.into_iter().map(|id| read(id).map(Some));
    named.chain([Ok(None)]).collect()
}

/// Few enough to be read and sorted here.
fn sort_here(
    db: &mut Db,
    few: BoxedKeys<'_>,
    sort: Sort,
    from: Option<&Position>,
    stride: Stride,
) -> Result<Ids, Fault> {
    macro_rules! sorted_by {
        ($column:expr, $value:ty, $mark:expr) => {{
            // In the order of the index that has them, so that it is the one that is read.
            let few = few.order((keys::is_revoked, keys::expires_key, keys::id));
            let rows = few.select(($column, keys::id)).load::<($value, String)>(db)?;
            Ok(sorted_from(rows, from.and_then($mark), stride))
        }};
    }
    match sort {
        Sort::Name => sorted_by!(keys::name_folded, String, text_mark),
        Sort::Key => sorted_by!(keys::preview, String, text_mark),
        Sort::Kind => sorted_by!(keys::kind, String, text_mark),
        Sort::Expiration => sorted_by!(keys::expires_key, i64, number_mark),
        Sort::LastUsed => Ok(sorted_from(uses::of_few(db, few)?, from.and_then(number_mark), stride)),
        Sort::Created | Sort::Status | Sort::Project => sorted_by!(keys::created_at, i64, number_mark),
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
        Mark::Name(text) | Mark::Key(text) | Mark::Kind(text) => Some((text.clone(), position.id.to_string())),
        _ => None,
    }
}

fn number_mark(position: &Position) -> Option<(i64, String)> {
    let number = match &position.mark {
        Mark::Created(at) => at.unix(),
        Mark::LastUsed(at) => at.map_or(uses::NEVER, Moment::unix),
        Mark::Expiration(at) | Mark::Status(_, at) | Mark::Project(_, _, at) => at.map_or(NEVER, Moment::unix),
        _ => return None,
    };
    Some((number, position.id.to_string()))
}
