//! The gate tokens: their digests under the names that people gave them.

use diesel::prelude::*;

use super::credential::TokenDigest;
use crate::clock::Moment;
use crate::fault::Fault;
use crate::store::Db;
use crate::store::schema::gate_tokens;

/// Keeps a token under a name; whether the name was free.
pub fn insert(db: &mut Db, name: &str, digest: &TokenDigest, now: Moment) -> Result<bool, Fault> {
    let taken = gate_tokens::table.find(name).count().get_result::<i64>(db)?;
    if taken > 0 {
        return Ok(false);
    }
    let row =
        (gate_tokens::name.eq(name), gate_tokens::digest.eq(digest.as_slice()), gate_tokens::created_at.eq(now.unix()));
    diesel::insert_into(gate_tokens::table).values(row).execute(db)?;
    Ok(true)
}

/// Removes the token of that name; whether there was one.
pub fn remove(db: &mut Db, name: &str) -> Result<bool, Fault> {
    Ok(diesel::delete(gate_tokens::table.find(name)).execute(db)? > 0)
}

/// The names, and since when each is there.
pub fn names(db: &mut Db) -> Result<Vec<(String, Moment)>, Fault> {
    let columns = (gate_tokens::name, gate_tokens::created_at);
    let rows: Vec<(String, i64)> = gate_tokens::table.order(gate_tokens::name).select(columns).load(db)?;
    let read = |(name, at)| Moment::from_unix(at).map(|at| (name, at));
    rows.into_iter().map(read).collect::<Option<_>>().ok_or_else(unreadable)
}

/// The digest of every token.
pub fn digests(db: &mut Db) -> Result<Vec<TokenDigest>, Fault> {
    let rows: Vec<Vec<u8>> = gate_tokens::table.select(gate_tokens::digest).load(db)?;
    rows.into_iter().map(|digest| digest.try_into().map_err(|_| unreadable())).collect()
}

fn unreadable() -> Fault {
    Fault::broken("the database holds a gate token that cannot be read")
}
