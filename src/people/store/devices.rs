//! The table of devices. A device is found by the digest of its id, never by the id.

use diesel::prelude::*;

use super::unreadable;
use crate::clock::{CLOCK_SKEW_S, Moment};
use crate::fault::Fault;
use crate::people::device::{Device, LIFETIME_S, MAX_FAILURES, MAX_PER_PERSON};
use crate::people::member::PersonId;
use crate::people::session::Holder;
use crate::store::Db;
use crate::store::schema::{devices, people};

/// At most so many surplus devices of one person are deleted at once.
const MAX_DELETED: i64 = 100;

type Row = (Vec<u8>, String, i64, i64, i64);
const COLUMNS: (devices::digest, devices::person_id, devices::password_version, devices::failures, devices::seen_at) =
    (devices::digest, devices::person_id, devices::password_version, devices::failures, devices::seen_at);

fn device((digest, person, password_version, failures, seen): Row) -> Result<Device, Fault> {
    let person = PersonId::parse(&person).ok_or_else(|| unreadable("person id"))?;
    let seen = Moment::from_unix(seen).ok_or_else(|| unreadable("time"))?;
    Ok(Device { digest, holder: Holder { person, password_version }, failures, seen })
}

/// Of the devices with these digests the one on which the person with that e-mail address signed in with their present
/// password.
pub fn find_device(db: &mut Db, digests: &[Vec<u8>], email_folded: &str) -> Result<Option<Device>, Fault> {
    let found = devices::table
        .inner_join(people::table)
        .filter(devices::digest.eq_any(digests.to_vec()))
        .filter(people::email_folded.eq(email_folded))
        .filter(people::password_version.eq(devices::password_version))
        .order((devices::failures, devices::seen_at.desc(), devices::digest))
        .select(COLUMNS)
        .first::<Row>(db)
        .optional()?;
    found.map(device).transpose()
}

/// The devices with these digests, whoever signed in on them.
pub fn devices_with(db: &mut Db, digests: &[Vec<u8>]) -> Result<Vec<Device>, Fault> {
    let found = devices::table.filter(devices::digest.eq_any(digests.to_vec())).select(COLUMNS).load::<Row>(db)?;
    found.into_iter().map(device).collect()
}

/// Whether a device still has failures left, for a transaction that will count one or end them: until it is over, no
/// other can.
pub fn hold_device(db: &mut Db, digest: &[u8]) -> Result<bool, Fault> {
    let known = devices::table.find(digest).filter(devices::failures.lt(MAX_FAILURES));
    Ok(diesel::update(known).set(devices::failures.eq(devices::failures)).execute(db)? == 1)
}

/// Counts one more failure of a device.
pub fn count_device_failure(db: &mut Db, digest: &[u8]) -> Result<(), Fault> {
    diesel::update(devices::table.find(digest)).set(devices::failures.eq(devices::failures + 1)).execute(db)?;
    Ok(())
}

/// Records that somebody signed in on a device, if it has no failures; whether it has none.
pub fn see_device(db: &mut Db, digest: &[u8], now: Moment) -> Result<bool, Fault> {
    let without_failures = devices::table.find(digest).filter(devices::failures.eq(0));
    Ok(diesel::update(without_failures).set(devices::seen_at.eq(now.unix())).execute(db)? == 1)
}

/// Stores a new device.
pub fn insert_device(db: &mut Db, digest: &[u8], holder: &Holder, now: Moment) -> Result<(), Fault> {
    diesel::insert_into(devices::table)
        .values((
            devices::digest.eq(digest),
            devices::person_id.eq(holder.person.as_str()),
            devices::password_version.eq(holder.password_version),
            devices::failures.eq(0),
            devices::seen_at.eq(now.unix()),
        ))
        .execute(db)?;
    Ok(())
}

/// Deletes devices that are expired or from the future, and those that are too many for one person.
pub fn delete_old_devices(db: &mut Db, person: &PersonId, now: Moment) -> Result<(), Fault> {
    let (oldest, newest) = (now.plus_seconds(-LIFETIME_S).unix(), now.plus_seconds(CLOCK_SKEW_S).unix());
    let is_outside = devices::seen_at.le(oldest).or(devices::seen_at.gt(newest));
    diesel::delete(devices::table.filter(is_outside)).execute(db)?;
    let surplus = devices::table
        .filter(devices::person_id.eq(person.as_str()))
        .order((devices::seen_at.desc(), devices::digest))
        .select(devices::digest)
        .offset(MAX_PER_PERSON)
        .limit(MAX_DELETED)
        .load::<Vec<u8>>(db)?;
    if !surplus.is_empty() {
        diesel::delete(devices::table.filter(devices::digest.eq_any(surplus))).execute(db)?;
    }
    Ok(())
}

/// Makes every device of a person unknown.
pub fn delete_devices(db: &mut Db, person: &PersonId) -> Result<(), Fault> {
    diesel::delete(devices::table.filter(devices::person_id.eq(person.as_str()))).execute(db)?;
    Ok(())
}
