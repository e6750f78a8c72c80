//! Failed sign-ins on their way into the audit log: counted for each account and IP address, and reported at most once
//! a minute. Unknown e-mail addresses are counted in the same way, so that they take the same time.

use std::net::IpAddr;

use diesel::prelude::*;

use super::sign_in::first_of_two;
use crate::clock::{CLOCK_SKEW_S, Moment};
use crate::fault::Fault;
use crate::people::member::PersonId;
use crate::store::Db;
use crate::store::schema::{failed_sign_ins, people};

/// The least time between two reports of one account and IP address.
const REPORT_EVERY_S: i64 = 60;
/// What nobody could report for so long is dropped.
const DROP_AFTER_S: i64 = 86_400;
/// So many reports are taken at once.
const MAX_REPORTS: i64 = 20;

/// Failed sign-ins since the last report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The account.
    pub email_folded: String,
    /// The client's IP address.
    pub address: Option<IpAddr>,
    /// How many there were.
    pub failures: i64,
}

type Row = (String, String, i64, i64);

/// Counts one failure; answers a report if one is due. A transaction counts one account only: two that wait for each
/// other's rows would never end.
pub fn count_failed_sign_in(
    db: &mut Db,
    email_folded: &str,
    address: IpAddr,
    now: Moment,
) -> Result<Option<Report>, Fault> {
    let address = address.to_string();
    let counted = diesel::update(failed_sign_ins::table.find((email_folded, &address)))
        .set(failed_sign_ins::unreported.eq(failed_sign_ins::unreported + 1))
        .execute(db)?;
    if counted == 0 {
        let first = (
            failed_sign_ins::email_folded.eq(email_folded),
            failed_sign_ins::address.eq(&address),
            failed_sign_ins::unreported.eq(1),
            failed_sign_ins::reported_at.eq(Moment::EARLIEST.unix()),
        );
        first_of_two(diesel::insert_into(failed_sign_ins::table).values(first).execute(db))?;
    }
    let row = failed_sign_ins::table.find((email_folded, &address)).first::<Row>(db)?;
    if is_due(&row, now) { take(db, row, now) } else { Ok(None) }
}

/// Deletes what was reported, and what nobody could report.
pub fn delete_old_failed_sign_ins(db: &mut Db, now: Moment) -> Result<(), Fault> {
    let reported_by = failed_sign_ins::reported_at.le(now.plus_seconds(-REPORT_EVERY_S).unix());
    let dropped_by = failed_sign_ins::reported_at.le(now.plus_seconds(-DROP_AFTER_S).unix());
    let is_over = reported_by.and(failed_sign_ins::unreported.eq(0)).or(dropped_by);
    diesel::delete(failed_sign_ins::table.filter(is_over)).execute(db)?;
    Ok(())
}

/// The reports that are due by now, of any account.
pub fn take_due_reports(db: &mut Db, now: Moment) -> Result<Vec<Report>, Fault> {
    let is_due = failed_sign_ins::reported_at
        .le(now.plus_seconds(-REPORT_EVERY_S).unix())
        .or(failed_sign_ins::reported_at.gt(now.plus_seconds(CLOCK_SKEW_S).unix()));
    let rows = failed_sign_ins::table
        .filter(failed_sign_ins::unreported.gt(0).and(is_due))
        .order((failed_sign_ins::email_folded, failed_sign_ins::address))
        .limit(MAX_REPORTS)
        .load::<Row>(db)?;
    rows.into_iter().filter_map(|row| take(db, row, now).transpose()).collect()
}

/// Also if the last report was in the future: it was made while the clock was ahead.
fn is_due(&(_, _, _, reported_at): &Row, now: Moment) -> bool {
    reported_at <= now.plus_seconds(-REPORT_EVERY_S).unix() || reported_at > now.plus_seconds(CLOCK_SKEW_S).unix()
}

/// Takes a report, unless another transaction just did.
fn take(
    db: &mut Db,
    (email_folded, address, failures, reported_at): Row,
    now: Moment,
) -> Result<Option<Report>, Fault> {
    let unchanged = failed_sign_ins::table
        .find((&email_folded, &address))
        .filter(failed_sign_ins::unreported.eq(failures).and(failed_sign_ins::reported_at.eq(reported_at)));
    let taken = diesel::update(unchanged)
        .set((failed_sign_ins::unreported.eq(0), failed_sign_ins::reported_at.eq(now.unix())))
        .execute(db)?;
    Ok((taken == 1).then(|| Report { address: address.parse().ok(), email_folded, failures }))
}

/// The person with that folded e-mail address.
pub fn person_with_email(db: &mut Db, email_folded: &str) -> Result<Option<PersonId>, Fault> {
    let id = people::table
        .filter(people::email_folded.eq(email_folded))
        .select(people::id)
        .first::<String>(db)
        .optional()?;
    Ok(id.as_deref().and_then(PersonId::parse))
}
