//! One attempt to sign in: what it is counted under, what it costs, and what is recorded of it.
//!
//! A browser that the person has signed in on before has a counter of its own. Every other attempt counts for the
//! account and for the IP address, and is refused without a hash while one of them has to wait.

use std::net::IpAddr;

use secrecy::SecretString;

use super::device::{Device, DeviceIds};
use super::failed_sign_ins;
use super::hashing::Queue;
use super::member::fold_email;
use super::password::{self, PasswordHashText};
use super::session::Holder;
use super::slow_down::{Counter, Failures, refuse_waiting};
use super::store::{self, Credentials};
use crate::audit::{self, Action, Event, Who};
use crate::clock::{Clock, Moment};
use crate::fault::Fault;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;

/// No e-mail address is longer (RFC 5321, 4.5.3.1.3); keeps stored rows short.
const MAX_EMAIL_CHARS: usize = 254;

/// An attempt to sign in.
#[derive(Clone)]
pub(super) struct Attempt {
    email_folded: String,
    account: Counter,
    client: Counter,
    address: IpAddr,
    devices: Vec<Vec<u8>>,
    /// Asked at each step: others may fail while this attempt waits for its turn.
    clock: Clock,
}

/// What the counters say, and until the transaction is over nobody else changes.
struct Held {
    account: Option<Failures>,
    client: Option<Failures>,
    now: Moment,
}

/// Somebody who knew their password.
struct Proven {
    kept: Credentials,
    /// What to keep from now on, if what is kept is weaker than new hashes are.
    renewed: Option<PasswordHashText>,
}

impl Proven {
    /// Costs one hash, whoever is asked for; a second one only where the first has to be renewed.
    fn by(password: &SecretString, kept: Option<Credentials>) -> Option<Proven> {
        let is_right = password::verify(password, kept.as_ref().map(|kept| &kept.hash));
        let kept = kept.filter(|_| is_right)?;
        Some(Proven { renewed: password::renewed(password, &kept.hash), kept })
    }
}

impl Attempt {
    /// An attempt with that e-mail address, from a browser that carries these devices.
    pub(super) fn new(email: &str, address: IpAddr, devices: &DeviceIds, site: &Site) -> Attempt {
        let email_folded: String = fold_email(email).chars().take(MAX_EMAIL_CHARS).collect();
        Attempt {
            account: Counter::of_account(&email_folded),
            email_folded,
            client: Counter::of_address(address, site.sign_in_limit),
            address,
            devices: devices.digests(),
            clock: site.clock.clone(),
        }
    }

    /// Checks the password; answers whose it is, or none if it is wrong. Refused if the attempt has to wait.
    pub(super) async fn run(self, password: SecretString, site: &Site) -> Result<Option<Holder>, Fault> {
        let known = match self.devices.is_empty() {
            true => None,
            false => self.read(site, Attempt::find_device).await?,
        };
        let _turn = match &known {
            Some(device) => site.hashing.turn(Queue::Known, &device.digest).await?,
            None => site.hashing.turn(Queue::Strangers, &self.account.subject).await?,
        };
        let (device, kept) = self.read(site, Attempt::begin).await?;
        self.refuse_unstored(device.as_ref(), site)?;
        let is_account = kept.is_some();
        let queue = if device.is_some() { Queue::Known } else { Queue::Strangers };
        let Some(proven) = site.hashing.run(queue, move || Proven::by(&password, kept)).await? else {
            self.record_failure(device, site).await?;
            site.metrics.count_failed_sign_in(is_account);
            return Ok(None);
        };
        let holder = proven.kept.holder.clone();
        // Who signs in may want to revoke; attempts that fail must not use up the room for that.
        site.store.write_at_any_cost(move |db| self.succeed(db, device.as_ref(), &proven)).await?;
        Ok(Some(holder))
    }

    async fn read<T: Send + 'static>(
        &self,
        site: &Site,
        step: fn(&Attempt, &mut Db) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let attempt = self.clone();
        site.store.read(move |db| step(&attempt, db)).await
    }

    /// The device that the attempt counts for, if the person has signed in on it before.
    fn find_device(&self, db: &mut Db) -> Result<Option<Device>, Fault> {
        let now = self.clock.now();
        Ok(store::find_device(db, &self.devices, &self.email_folded)?.filter(|device| device.is_known(now)))
    }

    /// Refuses who has to wait, and finds what is kept of the password.
    fn begin(&self, db: &mut Db) -> Result<(Option<Device>, Option<Credentials>), Fault> {
        let device = if self.devices.is_empty() { None } else { self.find_device(db)? };
        if device.is_none() {
            let account = store::failures(db, &self.account.subject)?;
            let client = store::failures(db, &self.client.subject)?;
            refuse_waiting(&[(&self.account, account), (&self.client, client)], self.clock.now())?;
        }
        Ok((device, store::credentials(db, &self.email_folded)?))
    }

    /// Holds what an attempt without a known device counts for, and refuses it if it has to wait.
    fn hold_counters(&self, db: &mut Db) -> Result<Held, Fault> {
        let account = store::hold_failures(db, &self.account.subject)?;
        let client = store::hold_failures(db, &self.client.subject)?;
        let now = self.clock.now();
        refuse_waiting(&[(&self.account, account), (&self.client, client)], now)?;
        Ok(Held { account, client, now })
    }

    /// What failures count for that cannot be stored.
    fn with_counters<T>(&self, device: Option<&Device>, act: impl FnOnce(&[&Counter]) -> T) -> T {
        match device {
            Some(device) => act(&[&Counter::of_device(&device.digest)]),
            None => act(&[&self.account, &self.client]),
        }
    }

    /// As [`begin`](Attempt::begin), by the failures that could not be stored.
    fn refuse_unstored(&self, device: Option<&Device>, site: &Site) -> Result<(), Refusal> {
        let now = self.clock.now();
        self.with_counters(device, |counters| site.unstored_failures.refuse_waiting(counters, now))
    }

    async fn record_failure(self, device: Option<Device>, site: &Site) -> Result<(), Fault> {
        let (attempt, known) = (self.clone(), device.clone());
        let stored = site.store.write(move |db| attempt.fail(db, known.as_ref())).await;
        let now = self.with_counters(device.as_ref(), |counters| {
            site.unstored_failures.or_count(stored, counters, self.clock.now())
        })?;
        let forget = move |db: &mut Db| {
            store::delete_old_failures(db, now)?;
            store::delete_old_failed_sign_ins(db, now)
        };
        site.store.clean_up("old failed sign-ins are not deleted", forget).await;
        Ok(())
    }

    /// Counts a failure, and answers when it was. Of many at once only the first gets this answer: the rest have to wait, right or wrong.
    fn fail(&self, db: &mut Db, device: Option<&Device>) -> Result<Moment, Fault> {
        let now = match device {
            Some(device) if store::hold_device(db, &device.digest)? => {
                store::count_device_failure(db, &device.digest)?;
                self.clock.now()
            }
            _ => {
                let Held { account, client, now } = self.hold_counters(db)?;
                store::note_failure(db, &self.account, account, now)?;
                store::note_failure(db, &self.client, client, now)?;
                now
            }
        };
        failed_sign_ins::record(db, &self.email_folded, self.address, now)?;
        Ok(now)
    }

    /// Records a sign-in. It makes up for the failures of the account only if it counted for it.
    fn succeed(&self, db: &mut Db, device: Option<&Device>, proven: &Proven) -> Result<(), Fault> {
        let is_known = match device {
            Some(device) => store::hold_device(db, &device.digest)?,
            None => false,
        };
        if !is_known {
            self.hold_counters(db)?;
            store::forget_failures(db, &self.account.subject)?;
        }
        self.record(db, proven, self.clock.now())
    }

    fn record(&self, db: &mut Db, proven: &Proven, now: Moment) -> Result<(), Fault> {
        let Proven { kept: Credentials { holder: Holder { person, .. }, hash }, renewed } = proven;
        if let Some(renewed) = renewed {
            store::renew_hash(db, person, hash, renewed)?;
        }
        let who = Who { person: Some(person.clone()), address: Some(self.address) };
        let team = store::find_member(db, person)?.map(|member| member.team.id);
        let (action, subject) = (Action::SignedIn, person.to_string());
        audit::record(db, &Event { at: now, who, team, action, subject, detail: String::new() })
    }
}
