//! The audit log's table. It is only added to: triggers refuse the rest.

use diesel::prelude::*;

use super::event::Event;
use crate::fault::Fault;
use crate::id;
use crate::store::Db;
use crate::store::schema::audit_log;

/// Adds an event, within the transaction that does what it tells.
pub fn record(db: &mut Db, event: &Event) -> Result<(), Fault> {
    diesel::insert_into(audit_log::table)
        .values((
            audit_log::id.eq(format!("audit_{}", id::mint(event.at))),
            audit_log::at.eq(event.at.unix()),
            audit_log::team_id.eq(event.team.as_ref().map(|team| team.as_str())),
            audit_log::person_id.eq(event.who.person.as_ref().map(|person| person.as_str())),
            audit_log::address.eq(event.who.address.map(|address| address.to_string())),
            audit_log::action.eq(event.action.word()),
            audit_log::subject.eq(&event.subject),
            audit_log::result.eq(event.action.result()),
            audit_log::detail.eq(&event.detail),
        ))
        .execute(db)?;
    Ok(())
}
