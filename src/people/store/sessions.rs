//! The table of sessions. A session is found by the digest of its key, never by the key.

use diesel::prelude::*;

use super::unreadable;
use crate::clock::Moment;
use crate::fault::Fault;
use crate::people::member::PersonId;
use crate::store::Db;
use crate::store::schema::sessions;

/// A session as it is kept.
pub struct SessionRow {
    /// What the session holds, as JSON.
    pub state: String,
    /// When it began.
    pub created: Moment,
    /// When it was last used, to a minute.
    pub seen: Moment,
}

/// The session with that digest.
pub fn find_session(db: &mut Db, digest: &[u8]) -> Result<Option<SessionRow>, Fault> {
    let row = sessions::table
        .find(digest)
        .select((sessions::state, sessions::created_at, sessions::seen_at))
        .first::<(String, i64, i64)>(db)
        .optional()?;
    let moment = |seconds| Moment::from_unix(seconds).ok_or_else(|| unreadable("time"));
    row.map(|(state, created, seen)| Ok(SessionRow { state, created: moment(created)?, seen: moment(seen)? }))
        .transpose()
}

/// Keeps a new session.
pub fn insert_session(db: &mut Db, digest: &[u8], person: &PersonId, row: &SessionRow) -> Result<(), Fault> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::digest.eq(digest),
            sessions::person_id.eq(person.as_str()),
            sessions::state.eq(&row.state),
            sessions::created_at.eq(row.created.unix()),
            sessions::seen_at.eq(row.seen.unix()),
        ))
        .execute(db)?;
    Ok(())
}

/// Notes that a session was used.
pub fn see_session(db: &mut Db, digest: &[u8], now: Moment) -> Result<(), Fault> {
    diesel::update(sessions::table.find(digest)).set(sessions::seen_at.eq(now.unix())).execute(db)?;
    Ok(())
}

/// Ends a session.
pub fn delete_session(db: &mut Db, digest: &[u8]) -> Result<(), Fault> {
    diesel::delete(sessions::table.find(digest)).execute(db)?;
    Ok(())
}

/// Deletes the sessions that began before `oldest`, and those that a clock which was ahead has put after `newest`.
pub fn delete_sessions_outside(db: &mut Db, oldest: Moment, newest: Moment) -> Result<(), Fault> {
    let (oldest, newest) = (oldest.unix(), newest.unix());
    let is_outside =
        sessions::created_at.le(oldest).or(sessions::created_at.gt(newest)).or(sessions::seen_at.gt(newest));
    diesel::delete(sessions::table.filter(is_outside)).execute(db)?;
    Ok(())
}

/// Ends every session of a person.
pub fn end_sessions(db: &mut Db, person: &PersonId) -> Result<(), Fault> {
    diesel::delete(sessions::table.filter(sessions::person_id.eq(person.as_str()))).execute(db)?;
    Ok(())
}
