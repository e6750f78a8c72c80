//! Looks a key up by the digest of its secret, in any team.

use diesel::prelude::*;

use super::verdict::FoundKey;
use crate::clock::Moment;
use crate::fault::Fault;
use crate::keys::expiration::Expiration;
use crate::keys::grants::Grants;
use crate::keys::key::KeyId;
use crate::keys::secret::Digest;
use crate::people::member::{Team, TeamId};
use crate::store::Db;
use crate::store::schema::{keys, teams};

type Row = (String, String, (String, String), String, (String, String), i64, Option<i64>, (Option<i64>, bool));

/// The key with that digest.
pub fn find(db: &mut Db, digest: &Digest) -> Result<Option<FoundKey>, Fault> {
    let row = keys::table
        .inner_join(teams::table)
        .filter(keys::digest.eq(digest.as_bytes().as_slice()))
        .select((
            keys::id,
            keys::name,
            (teams::id, teams::name),
            keys::kind,
            (keys::permissions, keys::fields),
            keys::created_at,
            keys::expires_at,
            (keys::revoked_at, keys::published.is_not_null()),
        ))
        .first::<Row>(db)
        .optional()?;
    row.map(|row| read(row).ok_or_else(|| Fault::broken("the database holds a key that cannot be read"))).transpose()
}

fn read(
    (id, name, (team_id, team_name), kind, (permissions, fields), created, expires, (revoked, is_published)): Row,
) -> Option<FoundKey> {
    let expires = match expires {
        Some(at) => Some(Moment::from_unix(at)?),
        None => None,
    };
    Some(FoundKey {
        id: KeyId::parse(&id)?,
        name,
        team: Team { id: TeamId::parse(&team_id)?, name: team_name },
        kind,
        grants: Grants::from_stored(&permissions, &fields)?,
        created_at: Moment::from_unix(created)?,
        expiration: Expiration(expires),
        is_revoked: revoked.is_some(),
        is_published,
    })
}
