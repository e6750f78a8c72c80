//! The keys that a list is made of, as conditions on their table.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::clock::Moment;
use crate::fault::Fault;
use crate::keys::key::Status;
use crate::keys::listing::{ListQuery, ProjectFilter};
use crate::keys::realm::Realm;
use crate::projects::project::ProjectId;
use crate::store::schema::keys;
use crate::store::{Backend, Db};

/// Counting stops here: beyond it, "10,000+" is all a person needs.
pub(super) const COUNTED: usize = 10_000;

diesel::define_sql_function! {
    /// The first of the two that is there.
    fn coalesce(project: Nullable<Text>, none: Text) -> Text;
}

pub(super) type BoxedKeys<'a> = keys::BoxedQuery<'a, Backend>;

/// The keys that a list is made of, but for their status.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) team: &'a str,
    made_by: Option<&'a str>,
    /// The project's id, or nothing for keys of no project.
    project: Option<Option<&'a str>>,
    pattern: Option<String>,
    now: i64,
}

impl<'a> Scope<'a> {
    pub(super) fn new(realm: &'a Realm, query: &'a ListQuery, now: Moment) -> Scope<'a> {
        Scope {
            team: realm.team.as_str(),
            made_by: realm.made_by.as_ref().map(|person| person.as_str()),
            project: query.project().map(|filter| match filter {
                ProjectFilter::Unfiled => None,
                ProjectFilter::Of(project) => Some(project.as_str()),
            }),
            pattern: query.search().map(|search| contains(search.folded())),
            now: now.unix(),
        }
    }

    /// The same, of one project, or of none.
    pub(super) fn of_project(&self, project: Option<&'a ProjectId>) -> Scope<'a> {
        Scope { project: Some(project.map(ProjectId::as_str)), ..self.clone() }
    }

    /// Whether it is held to one project, and to which.
    pub(super) fn project(&self) -> Option<Option<&'a str>> {
        self.project
    }

    /// Whether it is only a part of the team's keys, whatever their names.
    pub(super) fn is_narrow(&self) -> bool {
        self.made_by.is_some() || self.project.is_some()
    }

    /// Whether it is held to some names.
    pub(super) fn is_searched(&self) -> bool {
        self.pattern.is_some()
    }

    fn of_team(&self) -> BoxedKeys<'_> {
        let team = keys::table.filter(keys::team_id.eq(self.team)).into_boxed();
        match &self.pattern {
            Some(pattern) => team.filter(keys::name_folded.like(pattern.as_str()).escape('\\')),
            None => team,
        }
    }

    /// All of them, by the index that is sorted by what narrows them.
    pub(super) fn all(&self) -> BoxedKeys<'_> {
        let mut all = self.of_team();
        if let Some(person) = self.made_by {
            all = all.filter(keys::created_by.eq(person));
        }
        match self.project {
            Some(Some(project)) => all.filter(keys::project_id.eq(project)),
            Some(None) => all.filter(keys::project_id.is_null()),
            None => all,
        }
    }

    /// Those of one status, by the index that is sorted by it.
    pub(super) fn ranged(&self, status: Status) -> BoxedKeys<'_> {
        match status {
            Status::Active => self.all().filter(keys::is_revoked.eq(false).and(keys::expires_key.gt(self.now))),
            Status::Expired => self.all().filter(keys::is_revoked.eq(false).and(keys::expires_key.le(self.now))),
            Status::Revoked => self.all().filter(keys::is_revoked.eq(true)),
        }
    }

    /// The same keys, said in words that no index knows: the sort's own index is walked.
    pub(super) fn filtered(&self, status: Option<Status>) -> BoxedKeys<'_> {
        let mut all = self.of_team();
        if let Some(person) = self.made_by {
            all = all.filter(keys::created_by.concat("").eq(person));
        }
        if let Some(project) = self.project {
            all = all.filter(coalesce(keys::project_id, "").eq(project.unwrap_or_default()));
        }
        match status {
            None => all,
            Some(Status::Active) => all
                .filter(keys::revoked_at.is_null())
                .filter(keys::expires_at.is_null().or(keys::expires_at.gt(self.now))),
            Some(Status::Expired) => all
                .filter(keys::revoked_at.is_null())
                .filter(keys::expires_at.is_not_null().and(keys::expires_at.le(self.now))),
            Some(Status::Revoked) => all.filter(keys::revoked_at.is_not_null()),
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

/// How many there are, up to one more than [`COUNTED`].
pub(super) fn count(db: &mut Db, query: BoxedKeys<'_>) -> Result<usize, Fault> {
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
    use super::contains;

    #[test]
    fn the_signs_of_like_are_searched_as_they_are() {
        assert_eq!(contains("50%_a\\b"), "%50\\%\\_a\\\\b%");
    }
}
