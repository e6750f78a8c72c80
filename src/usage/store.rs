//! The tables of use. What several instances flush at once adds up, and a last use never goes back.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};

use super::key_use::KeyUse;
use super::outcome::is_use;
use super::used::{Count, LastUse, Recent, a_day_before};
use crate::clock::{CLOCK_SKEW_S, Moment};
use crate::fault::Fault;
use crate::gate::verdict::Code;
use crate::keys::key::KeyId;
use crate::people::member::TeamId;
use crate::store::schema::{keys, last_uses, use_addresses, use_counts};
use crate::store::{Backend, Db, Hold, hold_team, keeping_rows};

/// Counts are kept for so many days, the one that is going on included.
pub const DAYS_KEPT: i64 = 91;
/// `used_at` of a key that was never used.
const NEVER: i64 = 0;
/// What flushes and prunings take turns for: the order in which each locks its rows is then nobody else's business.
const TURN: &str = "usage";
/// Rows of one statement: what they bind stays below what SQLite takes.
const ROWS: usize = 1_000;

/// Adds what was noted of some keys, in their order. Keys that are gone meanwhile are passed over. A last use is
/// replaced by a later one, and one that a clock which was ahead has put into the future by any.
pub fn add(db: &mut Db, noted: &[(KeyId, KeyUse)], now: Moment) -> Result<(), Fault> {
    let future = now.plus_seconds(CLOCK_SKEW_S).unix();
    hold_team(db, TURN, Hold::Alone)?;
    let teams = teams_of(db, noted.iter().map(|(id, _)| id.as_str()).collect())?;
    let there = || noted.iter().filter_map(|(id, seen)| Some((id.as_str(), teams.get(id.as_str())?.as_str(), seen)));
    let last = there().filter_map(|(id, team, seen)| seen.last.as_ref().map(|last| last_row(id, team, last)));
    upsert(db, LAST, &format!("{LAST_END} OR last_uses.used_at > {future}"), last)?;
    let counts = there().flat_map(|(id, _, seen)| seen.counts.iter().map(move |count| count_row(id, count)));
    upsert(db, COUNTS, COUNTS_END, counts)?;
    let addresses = there().flat_map(|(id, _, seen)| {
        seen.addresses.iter().map(move |(address, at)| vec![text(id), text(address), Cell::Number(at.unix())])
    });
    upsert(db, ADDRESSES, &format!("{ADDRESSES_END} OR use_addresses.seen_at > {future}"), addresses)?;
    let with_addresses = there().filter(|(_, _, seen)| !seen.addresses.is_empty()).map(|(id, ..)| id);
    keep_newest_addresses(db, with_addresses.collect())
}

const LAST: &str = "INSERT INTO last_uses (key_id, team_id, used_at, address, client) VALUES ";
const LAST_END: &str = " ON CONFLICT (key_id) DO UPDATE SET used_at = excluded.used_at, address = excluded.address, \
                        client = excluded.client WHERE excluded.used_at >= last_uses.used_at";
const COUNTS: &str = "INSERT INTO use_counts (key_id, hour, outcome, uses) VALUES ";
const COUNTS_END: &str = " ON CONFLICT (key_id, hour, outcome) DO UPDATE SET uses = use_counts.uses + excluded.uses";
const ADDRESSES: &str = "INSERT INTO use_addresses (key_id, address, seen_at) VALUES ";
const ADDRESSES_END: &str = " ON CONFLICT (key_id, address) DO UPDATE SET seen_at = excluded.seen_at \
                             WHERE excluded.seen_at > use_addresses.seen_at";

fn last_row(id: &str, team: &str, last: &LastUse) -> Vec<Cell> {
    let optional = |value: Option<String>| Cell::Text(value);
    let address = last.address.map(|address| address.to_string());
    vec![text(id), text(team), Cell::Number(last.at.unix()), optional(address), optional(last.client.clone())]
}

fn count_row(id: &str, count: &Count) -> Vec<Cell> {
    let uses = i64::try_from(count.uses).unwrap_or(i64::MAX);
    vec![text(id), Cell::Number(count.hour.unix()), text(count.outcome.word()), Cell::Number(uses)]
}

/// Whose the keys are that are still there, and stay until the transaction ends: what is written of them refers to
/// them, and a deletion that came between would wait for us as we for it.
fn teams_of(db: &mut Db, ids: Vec<&str>) -> Result<BTreeMap<String, String>, Fault> {
    let wanted = keys::table.filter(keys::id.eq_any(ids)).order(keys::id).select((keys::id, keys::team_id));
    let held = Ending { query: wanted, end: keeping_rows(db) };
    Ok(held.load::<(String, String)>(db)?.into_iter().collect())
}

/// Of a key that is used from everywhere, only the latest addresses are kept.
fn keep_newest_addresses(db: &mut Db, ids: Vec<&str>) -> Result<(), Fault> {
    let most = i64::try_from(Recent::MOST_ADDRESSES).unwrap_or(i64::MAX);
    let many = use_addresses::table
        .filter(use_addresses::key_id.eq_any(ids))
        .group_by(use_addresses::key_id)
        .having(diesel::dsl::count_star().gt(most))
        .select(use_addresses::key_id)
        .load::<String>(db)?;
    for id in many {
        let of_key = use_addresses::table.filter(use_addresses::key_id.eq(&id));
        let (seen_at, address) = of_key
            .order((use_addresses::seen_at.desc(), use_addresses::address.desc()))
            .offset(most - 1)
            .select((use_addresses::seen_at, use_addresses::address))
            .first::<(i64, String)>(db)?;
        let of_that_second = use_addresses::seen_at.eq(seen_at).and(use_addresses::address.lt(address));
        diesel::delete(of_key.filter(use_addresses::seen_at.lt(seen_at).or(of_that_second))).execute(db)?;
    }
    Ok(())
}

/// Forgets at most so many rows of each sort that nobody asks for any more, or that a clock which was ahead has put into
/// the future; whether there may be more of them.
pub fn forget_old(db: &mut Db, now: Moment, most: i64) -> Result<bool, Fault> {
    hold_team(db, TURN, Hold::Alone)?;
    let oldest = now.plus_seconds(-DAYS_KEPT * 86_400).unix();
    let future = now.plus_seconds(CLOCK_SKEW_S).unix();
    let is_old = use_counts::hour.lt(oldest).or(use_counts::hour.gt(future));
    let old = use_counts::table.filter(is_old).order(use_counts::hour).limit(most);
    let counts =
        old.select((use_counts::key_id, use_counts::hour, use_counts::outcome)).load::<(String, i64, String)>(db)?;
    for row in &counts {
        diesel::delete(use_counts::table.find((&row.0, row.1, &row.2))).execute(db)?;
    }
    let is_old = use_addresses::seen_at.lt(a_day_before(now).unix()).or(use_addresses::seen_at.gt(future));
    let old = use_addresses::table.filter(is_old).order(use_addresses::seen_at).limit(most);
    let addresses = old.select((use_addresses::key_id, use_addresses::address)).load::<(String, String)>(db)?;
    for row in &addresses {
        diesel::delete(use_addresses::table.find((&row.0, &row.1))).execute(db)?;
    }
    Ok(i64::try_from(counts.len().max(addresses.len())).unwrap_or(i64::MAX) >= most)
}

/// The last use of each of these keys that was ever used.
pub fn last_uses_of(db: &mut Db, ids: &[&str]) -> Result<BTreeMap<String, LastUse>, Fault> {
    let used = last_uses::table.filter(last_uses::key_id.eq_any(ids)).filter(last_uses::used_at.gt(NEVER));
    let columns = (last_uses::key_id, last_uses::used_at, last_uses::address, last_uses::client);
    let rows = used.select(columns).load::<(String, i64, Option<String>, Option<String>)>(db)?;
    let read = |(id, at, address, client): (String, i64, Option<String>, Option<String>)| {
        let address = address.map(|text| text.parse()).transpose().map_err(|_| unreadable("address"))?;
        Ok((id, LastUse { at: moment(at)?, address, client }))
    };
    rows.into_iter().map(read).collect()
}

/// Whether any of the team's keys was ever used.
pub fn is_any_used(db: &mut Db, team: &TeamId) -> Result<bool, Fault> {
    let used = last_uses::table.filter(last_uses::team_id.eq(team.as_str())).filter(last_uses::used_at.gt(NEVER));
    Ok(used.select(last_uses::used_at).first::<i64>(db).optional()?.is_some())
}

/// What a key was used for in the last 24 hours.
pub fn recent(db: &mut Db, id: &KeyId, now: Moment) -> Result<Recent, Fault> {
    let since = a_day_before(now);
    let counts = counts_since(db, &[id.as_str()], since)?.remove(id.as_str()).unwrap_or_default();
    let requests = counts.iter().filter(|count| is_use(count.outcome)).map(|count| count.uses).sum();
    let lately = use_addresses::table
        .filter(use_addresses::key_id.eq(id.as_str()))
        .filter(use_addresses::seen_at.ge(since.unix()));
    let addresses = lately.count().get_result::<i64>(db)?;
    Ok(Recent { requests, addresses: usize::try_from(addresses).unwrap_or(0) })
}

/// The counts of these keys from a moment on, oldest first.
pub fn counts_since(db: &mut Db, ids: &[&str], since: Moment) -> Result<BTreeMap<String, Vec<Count>>, Fault> {
    let rows = use_counts::table
        .filter(use_counts::key_id.eq_any(ids))
        .filter(use_counts::hour.ge(since.unix()))
        .order((use_counts::hour, use_counts::outcome))
        .select((use_counts::key_id, use_counts::hour, use_counts::outcome, use_counts::uses))
        .load::<(String, i64, String, i64)>(db)?;
    let mut counts: BTreeMap<String, Vec<Count>> = BTreeMap::new();
    for (id, hour, outcome, uses) in rows {
        let outcome = Code::parse(&outcome).ok_or_else(|| unreadable("outcome"))?;
        let uses = u64::try_from(uses).map_err(|_| unreadable("count"))?;
        counts.entry(id).or_default().push(Count { hour: moment(hour)?, outcome, uses });
    }
    Ok(counts)
}

fn unreadable(what: &str) -> Fault {
    Fault::broken(format!("the database holds a use whose {what} cannot be read"))
}

fn moment(seconds: i64) -> Result<Moment, Fault> {
    Moment::from_unix(seconds).ok_or_else(|| unreadable("time"))
}

// ---- what the query builder has no words for on both engines

/// A value of a row.
enum Cell {
    Text(Option<String>),
    Number(i64),
}

fn text(value: impl ToString) -> Cell {
    Cell::Text(Some(value.to_string()))
}

/// Writes rows, so many in a statement; what is there already is changed as the end of the statement says.
fn upsert(db: &mut Db, begin: &str, end: &str, rows: impl Iterator<Item = Vec<Cell>>) -> Result<(), Fault> {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        Upsert { begin, rows: rows.by_ref().take(ROWS).collect(), end }.execute(db)?;
    }
    Ok(())
}

struct Upsert<'a> {
    begin: &'a str,
    rows: Vec<Vec<Cell>>,
    end: &'a str,
}

impl QueryId for Upsert<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Db> for Upsert<'_> {}

impl QueryFragment<Backend> for Upsert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared(); // as many texts as there are numbers of rows
        out.push_sql(self.begin);
        for (n, row) in self.rows.iter().enumerate() {
            for (m, cell) in row.iter().enumerate() {
                out.push_sql(match (n, m) {
                    (0, 0) => "(",
                    (_, 0) => "), (",
                    _ => ", ",
                });
                match cell {
                    Cell::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                    Cell::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                }
            }
        }
        out.push_sql(")");
        out.push_sql(self.end);
        Ok(())
    }
}

/// A query with something behind its end.
#[derive(QueryId)]
struct Ending<Q> {
    query: Q,
    end: &'static str,
}

impl<Q: diesel::query_builder::Query> diesel::query_builder::Query for Ending<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<Db> for Ending<Q> {}

impl<Q: QueryFragment<Backend>> QueryFragment<Backend> for Ending<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(self.end);
        Ok(())
    }
}
