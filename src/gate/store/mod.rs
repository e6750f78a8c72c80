//! Reads keys of any team for the gate: one by its digest, some by what changed, or all of them.

pub mod changes;
pub mod instances;

use diesel::prelude::*;

use super::known::ReadKey;
use super::shape::ShapeText;
use crate::clock::Moment;
use crate::fault::Fault;
use crate::keys::addresses::Addresses;
use crate::keys::domains::Domains;
use crate::keys::expiration::Expiration;
use crate::keys::key::KeyId;
use crate::keys::secret::Digest;
use crate::store::Db;
use crate::store::schema::{keys, projects, teams};

/// Keys read in one statement.
const PAGE: i64 = 1_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = keys)]
struct Row {
    id: String,
    digest: Vec<u8>,
    team_id: String,
    name: String,
    kind: String,
    project_id: Option<String>,
    permissions: String,
    fields: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    domains: String,
    addresses: String,
    #[diesel(select_expression = keys::published.is_not_null())]
    is_published: bool,
}

impl Row {
    fn read(self, team_name: String, project_name: Option<String>) -> Option<ReadKey> {
        let expires = match self.expires_at {
            Some(at) => Some(Moment::from_unix(at)?),
            None => None,
        };
        let shape = ShapeText {
            team_id: self.team_id,
            team_name,
            project: match self.project_id {
                Some(id) => Some((id, project_name?)),
                None => None,
            },
            kind: self.kind,
            permissions: self.permissions,
            fields: self.fields,
            is_published: self.is_published,
        };
        Some(ReadKey {
            id: KeyId::parse(&self.id)?,
            name: self.name,
            shape,
            created_at: Moment::from_unix(self.created_at)?,
            expiration: Expiration(expires),
            is_revoked: self.revoked_at.is_some(),
            domains: Domains::from_stored(&self.domains)?,
            addresses: Addresses::from_stored(&self.addresses)?,
        })
    }
}

macro_rules! keys_where {
    ($condition:expr) => {
        keys::table
            .inner_join(teams::table)
            .left_join(projects::table.on(projects::id.nullable().eq(keys::project_id)))
            .filter($condition)
            .select((Row::as_select(), teams::name, projects::name.nullable()))
    };
}

/// A key with the names of its team and of its project.
type Named = (Row, String, Option<String>);

/// A key by its digest; none: its row cannot be read. It is refused, and keeps no other from being read.
pub type Found = (Digest, Option<ReadKey>);

/// Logs that a key is refused since what is stored of it means nothing here.
pub fn tell_unreadable(key: &str) {
    tracing::error!(target: "keyrack", key, "the database holds a key that cannot be read: it is refused");
}

fn read_all(rows: Vec<Named>) -> Vec<Found> {
    let read = rows.into_iter().filter_map(|(row, team, project)| {
        let (id, digest) = (row.id.clone(), Digest::from_bytes(&row.digest));
        let key = row.read(team, project);
        if key.is_none() || digest.is_none() {
            tell_unreadable(&id);
        }
        Some((digest?, key))
    });
    read.collect()
}

/// The key with that digest.
pub fn find(db: &mut Db, digest: &Digest) -> Result<Option<ReadKey>, Fault> {
    let rows = keys_where!(keys::digest.eq(digest.as_bytes().as_slice())).load::<Named>(db)?;
    Ok(read_all(rows).pop().and_then(|(_, key)| key))
}

/// Hands over the keys of these ids, some hundred at a time; those that are gone are left out.
pub fn of_ids(db: &mut Db, ids: &[String], mut work: impl FnMut(Vec<Found>)) -> Result<(), Fault> {
    for some in ids.chunks(500) {
        work(read_all(keys_where!(keys::id.eq_any(some)).load(db)?));
    }
    Ok(())
}

/// Hands over every key, a thousand at a time.
pub fn each(db: &mut Db, mut work: impl FnMut(Vec<Found>)) -> Result<(), Fault> {
    let mut after = String::new();
    loop {
        let page = keys_where!(keys::id.gt(after.as_str())).order(keys::id).limit(PAGE);
        let rows = page.load::<Named>(db)?;
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        after = last.id.clone();
        work(read_all(rows));
    }
}

/// The ids of a team's keys. In one statement: by page each would be sorted anew.
pub fn ids_of_team(db: &mut Db, team: &str) -> Result<Vec<String>, Fault> {
    Ok(keys::table.filter(keys::team_id.eq(team)).select(keys::id).load(db)?)
}

/// The ids of the keys that are filed under a project.
pub fn ids_of_project(db: &mut Db, project: &str) -> Result<Vec<String>, Fault> {
    let team = projects::table.find(project).select(projects::team_id).single_value();
    let filed = keys::table.filter(keys::team_id.nullable().eq(team)).filter(keys::project_id.eq(project));
    Ok(filed.select(keys::id).load(db)?)
}

/// How many keys there are.
pub fn count(db: &mut Db) -> Result<usize, Fault> {
    let keys: i64 = keys::table.count().get_result(db)?;
    Ok(usize::try_from(keys).unwrap_or_default())
}
