//! What every handler may use: this instance's store, clock, catalog and settings.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use actix_web::dev::RequestHead;
use actix_web::http::header::{FORWARDED, HeaderName};
use ipnet::IpNet;

use crate::client_ip::{self, Hops};
use crate::clock::{Clock, Moment};
use crate::gate::{Askers, Gate};
use crate::keys::catalog::Catalog;
use crate::metrics::Metrics;
use crate::people::{Hashing, UnstoredFailures};
use crate::public_url::PublicUrl;
use crate::store::Store;
use crate::usage::Usage;

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// One instance of Keyrack.
#[derive(Clone)]
pub struct Site {
    /// The database.
    pub store: Store,
    /// How much keys are used.
    pub usage: Arc<Usage>,
    /// The time.
    pub clock: Clock,
    /// What keys may be granted.
    pub catalog: Catalog,
    /// Judges keys.
    pub gate: Arc<Gate>,
    /// What is counted of this process.
    pub metrics: Arc<Metrics>,
    /// The address people type.
    pub public_url: PublicUrl,
    /// Where we listen, behind whatever proxy.
    pub listens_on: SocketAddr,
    /// Signs the tokens of visitors' forms.
    pub cookie_key: Vec<u8>,
    /// Who may hash passwords, and how many at once.
    pub hashing: Hashing,
    /// Failed sign-ins that could not be stored.
    pub unstored_failures: UnstoredFailures,
    /// Whose `X-Forwarded-For` and `Forwarded` count.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may ask about the keys of others.
    pub askers: Arc<Askers>,
    /// Failed sign-ins of one address before it waits.
    pub sign_in_limit: i64,
}

impl Site {
    /// What time it is.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Whether passwords and keys cross a network in the open.
    pub fn is_plain_http(&self) -> bool {
        !self.public_url.keeps_secure_cookies()
    }

    /// The name of a cookie: behind the prefix that binds it to this host where browsers keep it.
    pub fn cookie_name(&self, name: &str) -> String {
        if self.public_url.keeps_secure_cookies() { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// Who sent a request: the peer, or the last IP address that a trusted proxy wrote.
    pub fn client_of(&self, request: &RequestHead) -> IpAddr {
        let peer = peer(request);
        if self.trusted_proxies.is_empty() {
            return peer;
        }
        self.client_behind(peer, &hops(request).0)
    }

    /// The client whose request a proxy at the gate asks about: as that proxy saw it, or as the trusted ones before it
    /// did. `Forwarded` counts only if the proxy is a trusted one, since many let a client's own through.
    pub fn client_of_proxy(&self, request: &RequestHead) -> Option<IpAddr> {
        let (hops, name) = hops(request);
        if name == FORWARDED && !self.trusts(peer(request)) {
            return None;
        }
        let (nearest, before) = hops.split_first()?;
        Some(self.client_behind((*nearest)?, before))
    }

    /// The first one of `nearest` and the hops before it that is no trusted proxy. Nothing before a hop that cannot be
    /// read counts.
    fn client_behind(&self, nearest: IpAddr, before: &[Option<IpAddr>]) -> IpAddr {
        let mut client = nearest;
        for hop in before {
            match hop {
                Some(address) if self.trusts(client) => client = *address,
                _ => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }
}

/// Whose connection it is.
fn peer(request: &RequestHead) -> IpAddr {
    request.peer_addr.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical())
}

/// What proxies wrote of their peers, and in which header: `Forwarded` is read only without `X-Forwarded-For`, which every
/// proxy sets, while most let a client's own `Forwarded` through.
fn hops(request: &RequestHead) -> (Hops, HeaderName) {
    let lines = |name: &HeaderName| request.headers.get_all(name).map(|value| value.as_bytes());
    match request.headers.contains_key(&X_FORWARDED_FOR) {
        true => (client_ip::x_forwarded_for(lines(&X_FORWARDED_FOR)), X_FORWARDED_FOR.clone()),
        false => (client_ip::forwarded(lines(&FORWARDED)), FORWARDED),
    }
}
