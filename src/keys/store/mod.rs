//! The table of keys, in the eyes of those who reach some: nothing here reads or writes without a realm.

/// The key of that id, if the realm has it.
macro_rules! within {
    ($realm:expr, $id:expr) => {{
        use diesel::IntoSql;
        let (realm, id): (&Realm, &KeyId) = ($realm, $id);
        let (by_anyone, person) =
            (realm.made_by.is_none(), realm.made_by.as_ref().map_or("", |person| person.as_str()));
        keys::table
            .filter(keys::id.eq(id.as_str()).and(keys::team_id.eq(realm.team.as_str())))
            .filter(by_anyone.into_sql::<diesel::sql_types::Bool>().or(keys::created_by.eq(person)))
    }};
}

mod changes;
mod counts;
mod list;
mod revoke_all;
mod scope;
mod uses;

use diesel::prelude::*;

pub use changes::{delete, edit, find_made_with, insert, revoke, revoke_itself};
pub use counts::{Count, Counts, counts};
pub use list::{Page, page};
pub use revoke_all::revoke_all;

use super::addresses::Addresses;
use super::bounds::Bounds;
use super::domains::Domains;
use super::expiration::Expiration;
use super::grants::Grants;
use super::key::{Actor, ApiKey, KeyId, Revocation};
use super::name::KeyName;
use super::realm::Realm;
use super::secret::{Preview, Published};
use super::toggles::Toggles;
use crate::clock::Moment;
use crate::fault::Fault;
use crate::people::member::{PersonId, TeamId};
use crate::people::names_of;
use crate::projects::filed_under;
use crate::projects::project::Filing;
use crate::store::Db;
use crate::store::schema::keys;
use crate::usage::last_uses_of;
use crate::usage::used::LastUse;

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
    project_id: Option<String>,
    domains: String,
    addresses: String,
    toggles: String,
    published: Option<String>,
}

fn unreadable(what: &'static str) -> Fault {
    Fault::broken(format!("the database holds a key whose {what} cannot be read"))
}

impl Row {
    fn people(&self) -> impl Iterator<Item = PersonId> {
        [Some(&self.created_by), self.revoked_by.as_ref()].into_iter().flatten().filter_map(|id| PersonId::parse(id))
    }

    fn filing(&self, filings: &[Filing]) -> Result<Option<Filing>, Fault> {
        let named = |id: &String| filings.iter().find(|filing| filing.project.as_str() == id).cloned();
        self.project_id.as_ref().map(|id| named(id).ok_or(unreadable("project"))).transpose()
    }

    fn bounds(&self) -> Result<Bounds, Fault> {
        Ok(Bounds {
            domains: Domains::from_stored(&self.domains).ok_or(unreadable("domains"))?,
            addresses: Addresses::from_stored(&self.addresses).ok_or(unreadable("addresses"))?,
            toggles: Toggles::from_stored(&self.toggles).ok_or(unreadable("toggles"))?,
        })
    }

    fn key(self, names: &[(PersonId, String)], filings: &[Filing], last_use: Option<LastUse>) -> Result<ApiKey, Fault> {
        let actor = |id: &str| {
            let (person, name) = names.iter().find(|(person, _)| person.as_str() == id).ok_or(unreadable("person"))?;
            Ok::<Actor, Fault>(Actor { person: person.clone(), name: name.clone() })
        };
        let moment = |seconds: i64| Moment::from_unix(seconds).ok_or(unreadable("time"));
        let revoked = match self.revoked_at {
            Some(at) => Some(Revocation { at: moment(at)?, by: self.revoked_by.as_deref().map(actor).transpose()? }),
            None => None,
        };
        let preview = Preview::from_stored(&self.preview).ok_or(unreadable("preview"))?;
        let published = |text: &String| Published::from_stored(text, &preview).ok_or(unreadable("published text"));
        Ok(ApiKey {
            filing: self.filing(filings)?,
            bounds: self.bounds()?,
            published: self.published.as_ref().map(published).transpose()?,
            id: KeyId::parse(&self.id).ok_or(unreadable("id"))?,
            team: TeamId::parse(&self.team_id).ok_or(unreadable("team"))?,
            name: KeyName::parse(&self.name).map_err(|_| unreadable("name"))?,
            kind: self.kind,
            preview,
            grants: Grants::from_stored(&self.permissions, &self.fields).ok_or(unreadable("permissions"))?,
            created_at: moment(self.created_at)?,
            created_by: actor(&self.created_by)?,
            expiration: Expiration(self.expires_at.map(moment).transpose()?),
            revoked,
            last_use,
        })
    }
}

fn keys_of(db: &mut Db, rows: Vec<Row>) -> Result<Vec<ApiKey>, Fault> {
    let mut people: Vec<PersonId> = rows.iter().flat_map(Row::people).collect();
    people.sort();
    people.dedup();
    let names = names_of(db, &people.iter().collect::<Vec<_>>())?;
    let mut projects: Vec<&str> = rows.iter().filter_map(|row| row.project_id.as_deref()).collect();
    projects.sort_unstable();
    projects.dedup();
    let filings = if projects.is_empty() { Vec::new() } else { filed_under(db, &projects)? };
    let mut uses = last_uses_of(db, &rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>())?;
    let key = |row: Row| {
        let last_use = uses.remove(&row.id);
        row.key(&names, &filings, last_use)
    };
    rows.into_iter().map(key).collect()
}

/// The realm's key of that id.
pub fn find(db: &mut Db, realm: &Realm, id: &KeyId) -> Result<Option<ApiKey>, Fault> {
    let row = within!(realm, id).select(Row::as_select()).first(db).optional()?;
    Ok(keys_of(db, row.into_iter().collect())?.pop())
}
