//! Keys in the order of their last use, which stands in a table of its own: beside each key a row, also if it was never
//! used.
//!
//! Which of the two tables is walked and which is looked up matters, and SQLite guesses wrong: it keeps to the order of
//! a CROSS JOIN. Postgres sees an ordinary join in it.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};

use super::list::{Ids, Stride};
use super::scope::BoxedKeys;
use crate::fault::Fault;
use crate::store::schema::keys;
use crate::store::{Backend, Db};

/// `used_at` of a key that was never used.
pub(super) const NEVER: i64 = 0;

/// Walks the team's uses from a position on: those of the same second, then those behind. Told among which keys, each
/// is looked up.
pub(super) fn walk<'a>(
    db: &mut Db,
    team: &str,
    among: &dyn Fn() -> Option<BoxedKeys<'a>>,
    from: Option<(i64, String)>,
    stride: Stride,
) -> Result<Ids, Fault> {
    let mut ids = Ids::new();
    let stretches = match &from {
        None => vec![Stretch::All],
        Some((at, id)) => vec![Stretch::RestOf(*at, id), Stretch::Behind(*at)],
    };
    for stretch in stretches {
        let Some(stride) = stride.behind(&ids) else { break };
        let among = among().map(|keys| keys.select(keys::id));
        ids.extend(Uses { team, among, stretch, stride }.load::<String>(db)?);
    }
    Ok(ids)
}

/// When each of a few keys was last used, in no order.
pub(super) fn of_few(db: &mut Db, few: BoxedKeys<'_>) -> Result<Vec<(i64, String)>, Fault> {
    Ok(UsesOf(few.select(keys::id)).load(db)?)
}

/// A part of the sorted list.
enum Stretch<'a> {
    All,
    /// Of one second, the rows behind one of them.
    RestOf(i64, &'a String),
    Behind(i64),
}

struct Uses<'a, Q> {
    team: &'a str,
    among: Option<Q>,
    stretch: Stretch<'a>,
    stride: Stride,
}

impl<Q> QueryId for Uses<'_, Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for Uses<'_, Q> {
    type SqlType = Text;
}

impl<Q> RunQueryDsl<Db> for Uses<'_, Q> {}

impl<Q: QueryFragment<Backend>> QueryFragment<Backend> for Uses<'_, Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql("SELECT u.key_id FROM last_uses AS u");
        if let Some(among) = &self.among {
            out.push_sql(" CROSS JOIN (");
            among.walk_ast(out.reborrow())?;
            out.push_sql(") AS k");
        }
        out.push_sql(" WHERE u.team_id = ");
        out.push_bind_param::<Text, _>(self.team)?;
        if self.among.is_some() {
            out.push_sql(" AND k.id = u.key_id");
        }
        let (sign, direction) = if self.stride.ascending { (" > ", "ASC") } else { (" < ", "DESC") };
        match &self.stretch {
            Stretch::All => {}
            Stretch::RestOf(at, id) => {
                out.push_sql(" AND u.used_at = ");
                out.push_bind_param::<BigInt, _>(at)?;
                out.push_sql(&format!(" AND u.key_id{sign}"));
                out.push_bind_param::<Text, _>(*id)?;
            }
            Stretch::Behind(at) => {
                out.push_sql(&format!(" AND u.used_at{sign}"));
                out.push_bind_param::<BigInt, _>(at)?;
            }
        }
        out.push_sql(&format!(" ORDER BY u.used_at {direction}, u.key_id {direction} LIMIT "));
        out.push_bind_param::<BigInt, _>(&self.stride.limit)
    }
}

#[derive(QueryId)]
struct UsesOf<Q>(Q);

impl<Q> Query for UsesOf<Q> {
    type SqlType = (BigInt, Text);
}

impl<Q> RunQueryDsl<Db> for UsesOf<Q> {}

impl<Q: QueryFragment<Backend>> QueryFragment<Backend> for UsesOf<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql("SELECT u.used_at, k.id FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS k CROSS JOIN last_uses AS u WHERE u.key_id = k.id");
        Ok(())
    }
}
