//! What changes a key. Each change is one guarded statement: of two at once, the second finds no row
//! to change and does nothing.

use data_encoding::HEXLOWER;
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;

use crate::clock::Moment;
use crate::fault::Fault;
use crate::keys::key::{ApiKey, KeyId, LiveKey};
use crate::keys::realm::Realm;
use crate::keys::secret::Digest;
use crate::people::member::{PersonId, TeamId};
use crate::projects;
use crate::refusal::Refusal;
use crate::store::schema::{creations, keys, tombstones};
use crate::store::{Change, Db, Hold, hold_team, note};

/// The key that a form with that nonce made, if it was sent before.
pub fn find_made_with(db: &mut Db, team: &TeamId, nonce: &str) -> Result<Option<KeyId>, Fault> {
    let id = creations::table.find((team.as_str(), nonce)).select(creations::key_id).first::<String>(db).optional()?;
    Ok(id.and_then(|id| KeyId::parse(&id)))
}

/// Keeps a new key and the nonce of its form, which is refused if it was used before. A digest that was ever a key's cannot become one again.
pub fn insert(db: &mut Db, key: &ApiKey, digest: &Digest, nonce: &str) -> Result<(), Fault> {
    hold_team(db, key.team.as_str(), Hold::Shared)?;
    refuse_archived(db, key)?;
    let digest = digest.as_bytes().as_slice();
    let buried = tombstones::table.find(digest).select(tombstones::deleted_at).first::<i64>(db).optional()?;
    if buried.is_some() {
        return Err(Fault::broken("a new secret equals a deleted key's"));
    }
    let noted = diesel::insert_into(creations::table)
        .values((
            creations::team_id.eq(key.team.as_str()),
            creations::nonce.eq(nonce),
            creations::key_id.eq(key.id.as_str()),
        ))
        .execute(db);
    match noted {
        Err(DatabaseError(UniqueViolation, _)) => return Err(Refusal::AlreadySent.into()),
        noted => noted?,
    };
    diesel::insert_into(keys::table)
        .values((
            keys::id.eq(key.id.as_str()),
            keys::team_id.eq(key.team.as_str()),
            keys::kind.eq(&key.kind),
            keys::name.eq(key.name.as_str()),
            keys::name_folded.eq(key.name.folded()),
            keys::preview.eq(key.preview.as_str()),
            keys::digest.eq(digest),
            keys::permissions.eq(key.grants.permissions_text()),
            keys::fields.eq(key.grants.fields_text()),
            keys::created_at.eq(key.created_at.unix()),
            keys::created_by.eq(key.created_by.person.as_str()),
            keys::expires_at.eq(key.expiration.at().map(Moment::unix)),
            keys::project_id.eq(key.filing.as_ref().map(|filing| filing.project.as_str())),
            keys::published.eq(key.published.as_ref().map(|published| published.as_str())),
            (
                keys::domains.eq(key.bounds.domains.to_text()),
                keys::addresses.eq(key.bounds.addresses.to_text()),
                keys::toggles.eq(key.bounds.toggles.to_text()),
            ),
        ))
        .execute(db)?;
    Ok(note(db, Change::Key(key.id.as_str()))?)
}

/// The project was open when the form was read; it may have been archived since.
fn refuse_archived(db: &mut Db, key: &ApiKey) -> Result<(), Fault> {
    let Some(filing) = &key.filing else { return Ok(()) };
    match projects::find(db, &key.team, &filing.project)? {
        Some(project) if !project.is_archived() => Ok(()),
        _ => Err(Refusal::WrongState("The project was archived meanwhile. Choose another one, or none.").into()),
    }
}

/// Makes of a live key what it shall be `after`: its name and its bounds; false if it is not live or not as it was
/// `before` (any more).
pub fn edit(db: &mut Db, before: &LiveKey, after: &LiveKey, now: Moment) -> Result<bool, Fault> {
    let live = keys::table
        .filter(keys::id.eq(before.id.as_str()).and(keys::team_id.eq(before.team.as_str())))
        .filter(keys::revoked_at.is_null().and(keys::expires_key.gt(now.unix())))
        .filter(keys::name.eq(before.name.as_str()).and(keys::domains.eq(before.bounds.domains.to_text())))
        .filter(keys::addresses.eq(before.bounds.addresses.to_text()))
        .filter(keys::toggles.eq(before.bounds.toggles.to_text()));
    let edited = diesel::update(live)
        .set((
            keys::name.eq(after.name.as_str()),
            keys::name_folded.eq(after.name.folded()),
            keys::domains.eq(after.bounds.domains.to_text()),
            keys::addresses.eq(after.bounds.addresses.to_text()),
            keys::toggles.eq(after.bounds.toggles.to_text()),
        ))
        .execute(db)?;
    noted(db, edited, &before.id)
}

/// Revokes a live key; false if it is not live (any more).
pub fn revoke(db: &mut Db, realm: &Realm, id: &KeyId, by: &PersonId, now: Moment) -> Result<bool, Fault> {
    end(db, realm, id, Some(by), now)
}

/// A live key revokes itself; false if it is not live (any more).
pub fn revoke_itself(db: &mut Db, team: &TeamId, id: &KeyId, now: Moment) -> Result<bool, Fault> {
    end(db, &Realm::of_team(team.clone()), id, None, now)
}

fn end(db: &mut Db, realm: &Realm, id: &KeyId, by: Option<&PersonId>, now: Moment) -> Result<bool, Fault> {
    hold_team(db, realm.team.as_str(), Hold::Shared)?;
    let live = within!(realm, id).filter(keys::revoked_at.is_null().and(keys::expires_key.gt(now.unix())));
    let revoked = diesel::update(live)
        .set((keys::revoked_at.eq(now.unix()), keys::revoked_by.eq(by.map(PersonId::as_str))))
        .execute(db)?;
    noted(db, revoked, id)
}

/// Whether the key was changed, which is then noted.
fn noted(db: &mut Db, rows: usize, id: &KeyId) -> Result<bool, Fault> {
    if rows == 1 {
        note(db, Change::Key(id.as_str()))?;
    }
    Ok(rows == 1)
}

/// Deletes a spent key and buries its digest; false if it is not spent, or gone.
pub fn delete(db: &mut Db, realm: &Realm, id: &KeyId, now: Moment) -> Result<bool, Fault> {
    let is_spent = keys::revoked_at.is_not_null().or(keys::expires_key.le(now.unix()));
    let spent = within!(realm, id).filter(is_spent);
    let Some(digest) = spent.select(keys::digest).first::<Vec<u8>>(db).optional()? else { return Ok(false) };
    if diesel::delete(spent).execute(db)? == 0 {
        return Ok(false);
    }
    note(db, Change::Buried(&HEXLOWER.encode(&digest)))?;
    diesel::insert_into(tombstones::table)
        .values((tombstones::digest.eq(digest), tombstones::deleted_at.eq(now.unix())))
        .execute(db)?;
    Ok(true)
}
