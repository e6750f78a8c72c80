//! Failed sign-ins in the audit log, with their number: at most one row a minute for each account and IP address.
//! Those of unknown e-mail addresses belong to no team, and what was typed may be a password: they are only logged and
//! counted, so that strangers cannot fill the audit log.

use std::net::IpAddr;

use super::store::{self, Report};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::store::Db;

/// Records that a sign-in failed.
pub(super) fn record(db: &mut Db, email_folded: &str, address: IpAddr, now: Moment) -> Result<(), Fault> {
    match store::count_failed_sign_in(db, email_folded, address, now)? {
        Some(due) => report(db, due, now),
        None => Ok(()),
    }
}

/// Reports what is left of attacks that are over: nobody fails there any more, so the next sign-in of anybody does it.
pub(super) fn report_rest(db: &mut Db, now: Moment) -> Result<(), Fault> {
    store::take_due_reports(db, now)?.into_iter().try_for_each(|due| report(db, due, now))
}

fn report(db: &mut Db, Report { email_folded, address, failures }: Report, now: Moment) -> Result<(), Fault> {
    let Some(person) = store::person_with_email(db, &email_folded)? else {
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        tracing::warn!(target: "keyrack", address, failures, "failed to sign in with an unknown e-mail address");
        return Ok(());
    };
    let event = Event {
        at: now,
        who: Who { person: None, address },
        team: store::find_member(db, &person)?.map(|member| member.team.id),
        action: Action::SignInFailed,
        subject: person.to_string(),
        detail: failures.to_string(),
    };
    audit::record(db, &event)
}
