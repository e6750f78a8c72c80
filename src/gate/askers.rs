//! Who may ask this instance about the keys of others, by address or by gate token.
//!
//! The tokens are few, and all of them are held in memory, read anew by the first request of each second that brings
//! one: one that was added or removed by a command beside us counts within a second, on every instance, and however
//! many requests bring right or wrong tokens, the database is asked once a second. While it does not answer, what was
//! read goes on counting for as long as the gate itself goes on without a database, and not longer.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix_web::dev::RequestHead;
use actix_web::http::header::{AUTHORIZATION, HeaderName};
use ipnet::IpNet;

use super::asker::{Asking, Proof};
use super::credential::{Credential, TokenDigest};
use super::token_store;
use crate::clock::{Moment, Uptime};
use crate::fault::Fault;
use crate::site::Site;

/// How long tokens that were read count while the database does not answer.
const WITHOUT_DATABASE_S: i64 = 3;
/// How long a request waits for a fresh look at the tokens.
const PATIENCE: Duration = Duration::from_millis(250);

static X_GATE_TOKEN: HeaderName = HeaderName::from_static("x-gate-token");

fn values<'a>(request: &'a RequestHead, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
    request.headers.get_all(name).map(|value| value.as_bytes())
}

/// The gate token in a program's `Authorization`.
pub fn program_credential(request: &RequestHead) -> Credential {
    Credential::of_authorization(values(request, &AUTHORIZATION))
}

fn peer(request: &RequestHead) -> IpAddr {
    request.peer_addr.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip())
}

/// Who may ask. One an instance.
#[derive(Debug)]
pub struct Askers {
    allowed: Vec<IpNet>,
    known: RwLock<Arc<Known>>,
    turn: tokio::sync::Mutex<()>,
}

/// The tokens as they were read.
#[derive(Debug, Default)]
struct Known {
    digests: Vec<TokenDigest>,
    /// When, by both clocks.
    at: Option<(Moment, Uptime)>,
}

impl Known {
    /// How many seconds ago they were read, by the clock that says more: no step of the wall clock makes them count for
    /// longer. A wall clock that was set back makes them older than anything.
    fn age_s(&self, now: Moment, uptime: Uptime) -> i64 {
        let age = self.at.map(|(at, read)| {
            let by_uptime = uptime.since_boot().saturating_sub(read.since_boot()).as_secs();
            (now.seconds_since(at), i64::try_from(by_uptime).unwrap_or(i64::MAX))
        });
        age.filter(|(by_wall, _)| *by_wall >= 0).map_or(i64::MAX, |(by_wall, by_uptime)| by_wall.max(by_uptime))
    }
}

impl Askers {
    /// Those of these networks, and whoever brings a gate token.
    pub fn new(allowed: Vec<IpNet>) -> Askers {
        Askers { allowed, known: RwLock::default(), turn: tokio::sync::Mutex::new(()) }
    }

    /// Whether a proxy that comes from this address may ask without a token.
    pub fn lets_in(&self, address: IpAddr) -> bool {
        let asking = Asking { peer: address, credential: Credential::NotSent, is_forwarded: false };
        matches!(asking.proof(&self.allowed), Proof::Address)
    }

    /// Whether a request may ask.
    async fn admit(&self, proof: Proof, site: &Site) -> Result<bool, Fault> {
        match proof {
            Proof::Address => Ok(true),
            Proof::None => Ok(false),
            Proof::Token(digest) => Ok(self.tokens(site).await?.digests.contains(&digest)),
        }
    }

    /// As [`admit_proxy`](Askers::admit_proxy); nothing if the database has to be asked about a token.
    pub fn admit_proxy_at_once(&self, request: &RequestHead, now: Moment) -> Option<bool> {
        match self.proof_of_proxy(request) {
            Proof::Address => Some(true),
            Proof::None => Some(false),
            Proof::Token(digest) => {
                let known = self.known();
                (known.age_s(now, Uptime::now()) == 0).then(|| known.digests.contains(&digest))
            }
        }
    }

    fn proof_of_proxy(&self, request: &RequestHead) -> Proof {
        let credential = Credential::of_header(values(request, &X_GATE_TOKEN));
        Asking { peer: peer(request), credential, is_forwarded: false }.proof(&self.allowed)
    }

    /// Whether a proxy may ask: its gate token stands in a header of its own, beside the client's key, and what it
    /// forwards says nothing of where it is itself.
    pub async fn admit_proxy(&self, request: &RequestHead, site: &Site) -> Result<bool, Fault> {
        self.admit(self.proof_of_proxy(request), site).await
    }

    /// Whether a program may ask with the gate token that it sent, or without one.
    pub async fn admit_program(
        &self,
        request: &RequestHead,
        credential: Credential,
        site: &Site,
    ) -> Result<bool, Fault> {
        let mut names = request.headers.keys().map(HeaderName::as_str);
        let is_forwarded =
            names.any(|name| name.starts_with("x-forwarded-") || matches!(name, "forwarded" | "via" | "x-real-ip"));
        let asking = Asking { peer: peer(request), credential, is_forwarded };
        self.admit(asking.proof(&self.allowed), site).await
    }

    fn known(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn tokens(&self, site: &Site) -> Result<Arc<Known>, Fault> {
        let known = self.known();
        if known.age_s(site.now(), Uptime::now()) == 0 {
            return Ok(known);
        }
        // A database that is gone keeps nobody waiting who can be judged without it.
        match tokio::time::timeout(PATIENCE, self.read_tokens(site)).await {
            Ok(Ok(fresh)) => Ok(fresh),
            _ if known.age_s(site.now(), Uptime::now()) <= WITHOUT_DATABASE_S => Ok(known),
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(Fault::unavailable("the database does not tell the gate's tokens")),
        }
    }

    /// One reads, the others wait for what it finds.
    async fn read_tokens(&self, site: &Site) -> Result<Arc<Known>, Fault> {
        let _turn = self.turn.lock().await;
        let (known, now, uptime) = (self.known(), site.now(), Uptime::now());
        if known.age_s(now, uptime) == 0 {
            return Ok(known);
        }
        let digests = site.store.read_for_gate(token_store::digests).await?;
        let fresh = Arc::new(Known { digests, at: Some((now, uptime)) });
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        Ok(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_of_the_wall_clock_makes_tokens_count_for_longer() {
        let moment = |second| Moment::from_unix(second).expect("in range");
        let uptime = |second| Uptime::at(Duration::from_secs(second));
        let known = Known { digests: Vec::new(), at: Some((moment(1_000), uptime(50))) };
        assert_eq!(known.age_s(moment(1_000), uptime(50)), 0);
        assert_eq!(known.age_s(moment(1_002), uptime(52)), 2);
        assert_eq!(known.age_s(moment(1_000), uptime(52)), 2, "set back by as much as has passed");
        assert_eq!(known.age_s(moment(1_900), uptime(52)), 900, "set ahead");
        assert_eq!(known.age_s(moment(999), uptime(52)), i64::MAX, "set back by more");
        assert_eq!(Known::default().age_s(moment(0), uptime(0)), i64::MAX);
    }
}
