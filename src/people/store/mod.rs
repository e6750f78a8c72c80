//! The tables of people, teams and members, and the instance's own facts.

mod devices;
mod failed_sign_ins;
mod sessions;
mod sign_in;

use diesel::prelude::*;

pub(super) use devices::{
    count_device_failure, delete_old_devices, devices_with, find_device, hold_device, insert_device, see_device,
};
pub(super) use failed_sign_ins::{
    Report, count_failed_sign_in, delete_old_failed_sign_ins, person_with_email, take_due_reports,
};
pub(super) use sessions::{
    SessionRow, delete_session, delete_sessions_outside, find_session, insert_session, see_session,
};
pub(super) use sign_in::{
    Credentials, change_password, credentials, delete_old_failures, failures, hold_failures, note_failure, renew_hash,
};
pub use sign_in::{forget_failures, set_password};

use super::member::{Email, Member, Person, PersonId, Role, ShownName, Team, TeamId};
use super::password::PasswordHashText;
use super::session::{self, Holder};
use crate::clock::{CLOCK_SKEW_S, Moment};
use crate::fault::Fault;
use crate::refusal::Refusal;
use crate::store::Db;
use crate::store::schema::{instance, members, people, setup_tokens, teams};

/// The name of the fact that an owner exists. Its primary key lets only one of two first owners in.
const FIRST_OWNER: &str = "first_owner";
/// The name of the fact that holds the bytes cookies are signed with.
const COOKIE_KEY: &str = "cookie_key";
/// How long a token of the first run works.
const SETUP_TOKEN_S: i64 = 24 * 3_600;
/// So many teams of one person are read: the current one, and those joined first.
const MAX_TEAMS: i64 = 100;

/// What a stored text should be and is not: a foreign hand was at work.
pub(super) fn unreadable(what: &str) -> Fault {
    Fault::broken(format!("the database holds a {what} that cannot be read"))
}

fn fact(db: &mut Db, name: &str) -> Result<Option<String>, Fault> {
    Ok(instance::table.find(name).select(instance::value).first(db).optional()?)
}

fn set_fact(db: &mut Db, name: &str, value: &str) -> Result<(), Fault> {
    diesel::insert_into(instance::table).values((instance::name.eq(name), instance::value.eq(value))).execute(db)?;
    Ok(())
}

/// Whether somebody owns this instance.
pub fn has_owner(db: &mut Db) -> Result<bool, Fault> {
    Ok(fact(db, FIRST_OWNER)?.is_some())
}

/// The bytes cookies are signed with, as text; kept as `fresh` if there are none yet.
pub fn cookie_key(db: &mut Db, fresh: &str) -> Result<String, Fault> {
    match fact(db, COOKIE_KEY)? {
        Some(kept) => Ok(kept),
        None => {
            set_fact(db, COOKIE_KEY, fresh)?;
            Ok(fresh.to_owned())
        }
    }
}

/// Keeps a token of the first run.
pub fn insert_setup_token(db: &mut Db, token: &str, now: Moment) -> Result<(), Fault> {
    let expires = now.plus_seconds(SETUP_TOKEN_S);
    diesel::insert_into(setup_tokens::table)
        .values((setup_tokens::digest.eq(session::digest(token)), setup_tokens::expires_at.eq(expires.unix())))
        .execute(db)?;
    Ok(())
}

/// Whether a token of the first run works at `now`. One that would work for longer than any was made by a clock that was
/// ahead.
pub fn is_setup_token(db: &mut Db, token: &str, now: Moment) -> Result<bool, Fault> {
    let found = setup_tokens::table
        .find(session::digest(token))
        .filter(setup_tokens::expires_at.gt(now.unix()))
        .filter(setup_tokens::expires_at.le(now.plus_seconds(SETUP_TOKEN_S + CLOCK_SKEW_S).unix()))
        .select(setup_tokens::expires_at)
        .first::<i64>(db)
        .optional()?;
    Ok(found.is_some())
}

/// Takes away every token of the first run. Of two first owners at once the second waits here for the
/// first, and then finds none: this page is gone.
pub fn take_setup_tokens(db: &mut Db) -> Result<(), Fault> {
    match diesel::delete(setup_tokens::table).execute(db)? {
        0 => Err(Refusal::NotFound.into()),
        _ => Ok(()),
    }
}

/// Makes a team.
pub fn insert_team(db: &mut Db, name: &ShownName, now: Moment) -> Result<Team, Fault> {
    let team = Team { id: TeamId::mint(now), name: name.as_str().to_owned() };
    diesel::insert_into(teams::table)
        .values((teams::id.eq(team.id.as_str()), teams::name.eq(&team.name), teams::created_at.eq(now.unix())))
        .execute(db)?;
    Ok(team)
}

/// The team of that name; the eldest, if there are several.
pub fn find_team_named(db: &mut Db, name: &ShownName) -> Result<Option<Team>, Fault> {
    let found = teams::table
        .filter(teams::name.eq(name.as_str()))
        .order(teams::id)
        .select((teams::id, teams::name))
        .first::<(String, String)>(db)
        .optional()?;
    found.map(team).transpose()
}

/// Keeps the setting “Members manage their own keys”; answers whether it was another before.
pub fn set_members_manage_keys(db: &mut Db, team: &TeamId, is_on: bool) -> Result<bool, Fault> {
    let other = teams::table.find(team.as_str()).filter(teams::members_manage_keys.ne(is_on));
    Ok(diesel::update(other).set(teams::members_manage_keys.eq(is_on)).execute(db)? == 1)
}

/// Makes a person.
pub fn insert_person(
    db: &mut Db,
    email: &Email,
    name: &ShownName,
    hash: &PasswordHashText,
    now: Moment,
) -> Result<Person, Fault> {
    let person = Person { id: PersonId::mint(now), name: name.as_str().into(), email: email.as_str().into() };
    diesel::insert_into(people::table)
        .values((
            people::id.eq(person.id.as_str()),
            people::email.eq(email.as_str()),
            people::email_folded.eq(email.folded()),
            people::name.eq(name.as_str()),
            people::password_hash.eq(&hash.0),
            people::password_version.eq(0),
            people::created_at.eq(now.unix()),
        ))
        .execute(db)?;
    Ok(person)
}

/// Makes a person a member of a team. The first owner ends the first run: its tokens die.
pub fn insert_member(db: &mut Db, person: &PersonId, team: &TeamId, role: Role, now: Moment) -> Result<(), Fault> {
    if role == Role::Owner && !has_owner(db)? {
        set_fact(db, FIRST_OWNER, person.as_str())?;
        diesel::delete(setup_tokens::table).execute(db)?;
    }
    diesel::insert_into(members::table)
        .values((
            members::person_id.eq(person.as_str()),
            members::team_id.eq(team.as_str()),
            members::role.eq(role.word()),
            members::created_at.eq(now.unix()),
        ))
        .execute(db)?;
    Ok(())
}

/// The role of a person in a team, if they are in it.
pub fn find_role(db: &mut Db, person: &PersonId, team: &TeamId) -> Result<Option<Role>, Fault> {
    let word =
        members::table.find((person.as_str(), team.as_str())).select(members::role).first::<String>(db).optional()?;
    word.map(|word| Role::parse(&word).ok_or_else(|| unreadable("role"))).transpose()
}

/// A person by their address, in any case.
pub fn find_person(db: &mut Db, email: &Email) -> Result<Option<Person>, Fault> {
    let found = people::table
        .filter(people::email_folded.eq(email.folded()))
        .select((people::id, people::name, people::email))
        .first::<(String, String, String)>(db)
        .optional()?;
    found.map(person).transpose()
}

fn person((id, name, email): (String, String, String)) -> Result<Person, Fault> {
    Ok(Person { id: PersonId::parse(&id).ok_or_else(|| unreadable("person id"))?, name, email })
}

fn team((id, name): (String, String)) -> Result<Team, Fault> {
    Ok(Team { id: TeamId::parse(&id).ok_or_else(|| unreadable("team id"))?, name })
}

/// A person as a member of the team they joined first; none once they are in no team.
pub fn find_member(db: &mut Db, id: &PersonId) -> Result<Option<Member>, Fault> {
    Ok(memberships(db, id, None, 1)?.pop().map(|(member, _)| member))
}

/// Whose a session is, with every team they are in: as a member of `current`, if they are in it, else of the team
/// joined first. None if they are in no team, or have another password by now.
pub fn find_holder(
    db: &mut Db,
    holder: &Holder,
    current: Option<&TeamId>,
) -> Result<Option<(Member, Vec<Team>)>, Fault> {
    let found = memberships(db, &holder.person, current, MAX_TEAMS)?;
    let teams = found.iter().map(|(member, _)| member.team.clone()).collect();
    let first = found.into_iter().next().filter(|(_, version)| *version == holder.password_version);
    Ok(first.map(|(member, _)| (member, teams)))
}

/// What a person is, team by team, with the version of their password: in `first` if they are in it, then in the
/// order in which they joined.
fn memberships(db: &mut Db, id: &PersonId, first: Option<&TeamId>, most: i64) -> Result<Vec<(Member, i64)>, Fault> {
    type Row = ((String, String, String), (String, String, bool), String, i64);
    let first = first.map_or("", |first| first.as_str());
    let rows = members::table
        .inner_join(people::table)
        .inner_join(teams::table)
        .filter(members::person_id.eq(id.as_str()))
        .order((members::team_id.ne(first), members::created_at, members::team_id))
        .select((
            (people::id, people::name, people::email),
            (teams::id, teams::name, teams::members_manage_keys),
            members::role,
            people::password_version,
        ))
        .limit(most)
        .load::<Row>(db)?;
    rows.into_iter()
        .map(|(who, (id, name, members_manage_keys), role, version)| {
            let role = Role::parse(&role).ok_or_else(|| unreadable("role"))?;
            Ok((Member { person: person(who)?, team: team((id, name))?, role, members_manage_keys }, version))
        })
        .collect()
}

/// The names of a team's owners, in the order they joined.
pub fn owners_of(db: &mut Db, team: &TeamId) -> Result<Vec<String>, Fault> {
    Ok(members::table
        .inner_join(people::table)
        .filter(members::team_id.eq(team.as_str()).and(members::role.eq(Role::Owner.word())))
        .order((members::created_at, members::person_id))
        .select(people::name)
        .limit(5)
        .load(db)?)
}

/// The names of people, by id.
pub fn names_of(db: &mut Db, ids: &[&PersonId]) -> Result<Vec<(PersonId, String)>, Fault> {
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    let rows =
        people::table.filter(people::id.eq_any(ids)).select((people::id, people::name)).load::<(String, String)>(db)?;
    rows.into_iter()
        .map(|(id, name)| Ok((PersonId::parse(&id).ok_or_else(|| unreadable("person id"))?, name)))
        .collect()
}

/// Whether the first run is still to be done, and this is its token. Asked again where the first team is made:
/// [`take_setup_tokens`] lets one of several in.
pub fn check_first_run(db: &mut Db, token: &str, now: Moment) -> Result<(), Fault> {
    // In this order: who becomes the first owner between the two takes the tokens away.
    let is_ours = is_setup_token(db, token, now)?;
    if has_owner(db)? {
        return Err(Refusal::NotFound.into());
    }
    if !is_ours {
        return Err(Refusal::SetUpLink.into());
    }
    Ok(())
}
