//! Revokes every live key of a team at once, with an audit row for each, in two statements however many there are.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::audit::{self, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::id;
use crate::people::member::{PersonId, TeamId};
use crate::store::schema::{audit_log, keys};
use crate::store::{Change, Db, Hold, hold_team, note, take_the_time_it_needs, wait_for_others};

/// Revokes the team's live keys of every kind; answers how many there were.
pub fn revoke_all(db: &mut Db, team: &TeamId, who: &Who, now: Moment) -> Result<usize, Fault> {
    take_the_time_it_needs(db)?;
    // Keys that are being made or revoked are waited for; those that are asked for from now on wait for this.
    hold_team(db, team.as_str(), Hold::Alone)?;
    let person = who.person.as_ref().map(PersonId::as_str);
    let address = who.address.map(|address| address.to_string());
    // A name that no other row of the log begins with: what it records is what is revoked.
    let batch = format!("audit_{}_", id::mint(now));
    let is_live = keys::team_id.eq(team.as_str()).and(keys::is_revoked.eq(false)).and(keys::expires_key.gt(now.unix()));
    let row = (
        batch.as_str().into_sql::<Text>().concat(keys::id),
        now.unix().into_sql::<BigInt>(),
        keys::team_id.nullable(),
        person.into_sql::<Nullable<Text>>(),
        address.as_deref().into_sql::<Nullable<Text>>(),
        audit::Action::KeyRevoked.word().into_sql::<Text>(),
        keys::id,
        audit::DONE.into_sql::<Text>(),
        keys::name,
    );
    let recorded = diesel::insert_into(audit_log::table)
        .values(keys::table.filter(is_live).select(row))
        .into_columns((
            audit_log::id,
            audit_log::at,
            audit_log::team_id,
            audit_log::person_id,
            audit_log::address,
            audit_log::action,
            audit_log::subject,
            audit_log::result,
            audit_log::detail,
        ))
        .execute(db)?;
    // Ids go on in small letters and digits; `~` sorts behind all of them.
    let subjects = audit_log::table
        .filter(audit_log::id.gt(batch.as_str()).and(audit_log::id.lt(format!("{batch}~"))))
        .select(audit_log::subject);
    let revoked = diesel::update(keys::table.filter(is_live.and(keys::id.eq_any(subjects))))
        .set((keys::revoked_at.eq(now.unix()), keys::revoked_by.eq(person)))
        .execute(db)?;
    if revoked != recorded {
        return Err(Fault::broken("more keys were recorded as revoked than were"));
    }
    match revoked {
        // Those that somebody else has just revoked may not be known as such everywhere yet.
        0 => wait_for_others(db)?,
        _ => note(db, Change::Team(team.as_str()))?,
    }
    Ok(revoked)
}
