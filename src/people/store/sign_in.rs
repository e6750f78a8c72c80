//! What signing in reads and writes: kept passwords, and failed tries.

use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;

use super::devices::delete_devices;
use super::sessions::end_sessions;
use super::unreadable;
use crate::clock::{CLOCK_SKEW_S, Moment};
use crate::fault::Fault;
use crate::people::member::PersonId;
use crate::people::password::PasswordHashText;
use crate::people::session::Holder;
use crate::people::slow_down::{ACCOUNT_MEMORY_S, Counter, Failures};
use crate::refusal::Refusal;
use crate::store::Db;
use crate::store::schema::{people, sign_in_failures};

/// What is kept of a person's password.
#[derive(Clone)]
pub struct Credentials {
    /// Whose, and which of theirs.
    pub holder: Holder,
    /// Its hash.
    pub hash: PasswordHashText,
}

/// Who has that address, and what is kept of their password.
pub fn credentials(db: &mut Db, email_folded: &str) -> Result<Option<Credentials>, Fault> {
    let row = people::table
        .filter(people::email_folded.eq(email_folded))
        .select((people::id, people::password_version, people::password_hash))
        .first::<(String, i64, String)>(db)
        .optional()?;
    row.map(|(id, password_version, hash)| {
        let person = PersonId::parse(&id).ok_or_else(|| unreadable("person id"))?;
        Ok(Credentials { holder: Holder { person, password_version }, hash: PasswordHashText(hash) })
    })
    .transpose()
}

/// Keeps a new password, which ends every session that was begun or is being begun with an older one, and makes every
/// device unknown.
pub fn set_password(db: &mut Db, person: &PersonId, hash: &PasswordHashText) -> Result<(), Fault> {
    diesel::update(people::table.find(person.as_str()))
        .set((people::password_hash.eq(&hash.0), people::password_version.eq(people::password_version + 1)))
        .execute(db)?;
    end_everywhere(db, person)
}

/// What a new password ends.
fn end_everywhere(db: &mut Db, person: &PersonId) -> Result<(), Fault> {
    delete_devices(db, person)?;
    end_sessions(db, person)
}

/// Keeps a new password instead of the one that `holder` has proven, and answers the new holder; none if
/// another was set meanwhile.
pub fn change_password(db: &mut Db, holder: &Holder, hash: &PasswordHashText) -> Result<Option<Holder>, Fault> {
    let password_version = holder.password_version + 1;
    let proven =
        people::table.find(holder.person.as_str()).filter(people::password_version.eq(holder.password_version));
    let changed = diesel::update(proven)
        .set((people::password_hash.eq(&hash.0), people::password_version.eq(password_version)))
        .execute(db)?;
    end_everywhere(db, &holder.person)?;
    Ok((changed == 1).then(|| Holder { person: holder.person.clone(), password_version }))
}

/// Keeps a stronger hash of the same password; nothing if another password was set meanwhile.
pub fn renew_hash(
    db: &mut Db,
    person: &PersonId,
    kept: &PasswordHashText,
    renewed: &PasswordHashText,
) -> Result<(), Fault> {
    diesel::update(people::table.find(person.as_str()).filter(people::password_hash.eq(&kept.0)))
        .set(people::password_hash.eq(&renewed.0))
        .execute(db)?;
    Ok(())
}

/// What is known of the failures of a subject.
pub fn failures(db: &mut Db, subject: &str) -> Result<Option<Failures>, Fault> {
    let row = sign_in_failures::table
        .find(subject)
        .select((sign_in_failures::failures, sign_in_failures::since, sign_in_failures::wait_until))
        .first::<(i64, i64, i64)>(db)
        .optional()?;
    let moment = |seconds| Moment::from_unix(seconds).ok_or_else(|| unreadable("time"));
    row.map(|(count, since, until)| Ok(Failures { count, since: moment(since)?, wait_until: moment(until)? }))
        .transpose()
}

/// As [`failures`], for a transaction that will change them: one at a time goes on from here. Where
/// there are none yet, [`note_failure`] sees to it. (SQLite has one writer in any case.)
pub fn hold_failures(db: &mut Db, subject: &str) -> Result<Option<Failures>, Fault> {
    loop {
        let found = sign_in_failures::table.find(subject);
        let held = diesel::update(found).set(sign_in_failures::failures.eq(sign_in_failures::failures)).execute(db)?;
        let known = failures(db, subject)?;
        if held == 1 || known.is_none() {
            return Ok(known);
        }
        // Somebody else's first failure came between the two.
    }
}

/// Counts one more failure, of which `before` was known when they were held.
pub fn note_failure(db: &mut Db, counter: &Counter, before: Option<Failures>, now: Moment) -> Result<(), Fault> {
    let (subject, known) = (counter.subject.as_str(), counter.after_failure(before, now));
    let values = (
        sign_in_failures::failures.eq(known.count),
        sign_in_failures::since.eq(known.since.unix()),
        sign_in_failures::wait_until.eq(known.wait_until.unix()),
    );
    let noted = match before {
        Some(_) => diesel::update(sign_in_failures::table.find(subject)).set(values).execute(db),
        None => diesel::insert_into(sign_in_failures::table)
            .values((sign_in_failures::subject.eq(subject), values))
            .execute(db),
    };
    first_of_two(noted)?;
    Ok(())
}

/// What an insert has done. The first failure, twice at once: the slower one has to wait, as if it had come later.
pub fn first_of_two(inserted: QueryResult<usize>) -> Result<usize, Fault> {
    match inserted {
        Err(DatabaseError(UniqueViolation, _)) => Err(Refusal::TooManyTries(1).into()),
        inserted => Ok(inserted?),
    }
}

/// Deletes failures that no longer count (no counter remembers them for longer than an account's does), and those from
/// the future.
pub fn delete_old_failures(db: &mut Db, now: Moment) -> Result<(), Fault> {
    let (long_past, future) = (now.plus_seconds(-ACCOUNT_MEMORY_S).unix(), now.plus_seconds(CLOCK_SKEW_S).unix());
    let is_over = sign_in_failures::since.lt(long_past).or(sign_in_failures::since.gt(future));
    diesel::delete(sign_in_failures::table.filter(is_over)).execute(db)?;
    Ok(())
}

/// A good sign-in makes up for the failures before it.
pub fn forget_failures(db: &mut Db, subject: &str) -> Result<(), Fault> {
    diesel::delete(sign_in_failures::table.find(subject)).execute(db)?;
    Ok(())
}
