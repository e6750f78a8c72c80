//! The table of keys, in one team's eyes: nothing here reads or writes without the team's id.

mod changes;
mod list;

use diesel::prelude::*;

pub use changes::{delete, find_made_with, insert, rename, revoke, revoke_itself};
pub use list::{Count, Counts, Page, counts, page};

use super::expiration::Expiration;
use super::grants::Grants;
use super::key::{Actor, ApiKey, KeyId, Revocation};
use super::name::KeyName;
use super::secret::Preview;
use crate::clock::Moment;
use crate::fault::Fault;
use crate::people::member::{PersonId, TeamId};
use crate::people::names_of;
use crate::store::Db;
use crate::store::schema::keys;

/// A row as it is read; the digest stays where it is.
#[derive(Queryable, Selectable)]
#[diesel(table_name = keys)]
struct Row {
    id: String,
    team_id: String,
    kind: String,
    name: String,
    preview: String,
    permissions: String,
    fields: String,
    created_at: i64,
    created_by: String,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    revoked_by: Option<String>,
}

fn unreadable(what: &'static str) -> Fault {
    Fault::broken(format!("the database holds a key whose {what} cannot be read"))
}

impl Row {
    fn people(&self) -> impl Iterator<Item = PersonId> {
        [Some(&self.created_by), self.revoked_by.as_ref()].into_iter().flatten().filter_map(|id| PersonId::parse(id))
    }

    fn key(self, names: &[(PersonId, String)]) -> Result<ApiKey, Fault> {
        let actor = |id: &str| {
            let (person, name) = names.iter().find(|(person, _)| person.as_str() == id).ok_or(unreadable("person"))?;
            Ok::<Actor, Fault>(Actor { person: person.clone(), name: name.clone() })
        };
        let moment = |seconds: i64| Moment::from_unix(seconds).ok_or(unreadable("time"));
        let revoked = match self.revoked_at {
            Some(at) => Some(Revocation { at: moment(at)?, by: self.revoked_by.as_deref().map(actor).transpose()? }),
            None => None,
        };
        Ok(ApiKey {
            id: KeyId::parse(&self.id).ok_or(unreadable("id"))?,
            team: TeamId::parse(&self.team_id).ok_or(unreadable("team"))?,
            name: KeyName::parse(&self.name).map_err(|_| unreadable("name"))?,
            kind: self.kind,
            preview: Preview::from_stored(&self.preview).ok_or(unreadable("preview"))?,
            grants: Grants::from_stored(&self.permissions, &self.fields).ok_or(unreadable("permissions"))?,
            created_at: moment(self.created_at)?,
            created_by: actor(&self.created_by)?,
            expiration: Expiration(self.expires_at.map(moment).transpose()?),
            revoked,
        })
    }
}

fn keys_of(db: &mut Db, rows: Vec<Row>) -> Result<Vec<ApiKey>, Fault> {
    let mut people: Vec<PersonId> = rows.iter().flat_map(Row::people).collect();
    people.sort();
    people.dedup();
    let names = names_of(db, &people.iter().collect::<Vec<_>>())?;
    rows.into_iter().map(|row| row.key(&names)).collect()
}

/// The team's key of that id.
pub fn find(db: &mut Db, team: &TeamId, id: &KeyId) -> Result<Option<ApiKey>, Fault> {
    let row = keys::table
        .filter(keys::id.eq(id.as_str()).and(keys::team_id.eq(team.as_str())))
        .select(Row::as_select())
        .first(db)
        .optional()?;
    Ok(keys_of(db, row.into_iter().collect())?.pop())
}
