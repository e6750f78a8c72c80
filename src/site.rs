//! What every handler may use: this instance's store, clock, catalog and settings.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use actix_web::dev::RequestHead;
use ipnet::IpNet;

use crate::clock::{Clock, Moment};
use crate::gate::{Askers, Gate};
use crate::keys::catalog::Catalog;
use crate::metrics::Metrics;
use crate::people::Hashing;
use crate::public_url::PublicUrl;
use crate::store::Store;
use crate::usage::Usage;

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
    /// Whose `X-Forwarded-For` is believed.
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

    /// Who sent a request.
    pub fn client_of(&self, request: &RequestHead) -> IpAddr {
        let peer = request.peer_addr.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        if self.trusted_proxies.is_empty() {
            return peer.to_canonical();
        }
        let forwarded = request.headers.get_all("x-forwarded-for").map(|value| value.to_str().unwrap_or(""));
        self.client_address(peer, &forwarded.collect::<Vec<_>>())
    }

    /// Who is asking: the peer, or the last address in `X-Forwarded-For` that a trusted proxy saw.
    pub fn client_address(&self, peer: IpAddr, forwarded_for: &[&str]) -> IpAddr {
        let is_trusted = |address: &IpAddr| self.trusted_proxies.iter().any(|net| net.contains(address));
        let mut client = peer.to_canonical();
        let hops = forwarded_for.iter().flat_map(|value| value.split(',')).map(str::trim).collect::<Vec<_>>();
        for hop in hops.into_iter().rev() {
            if !is_trusted(&client) {
                break;
            }
            match hop.parse::<IpAddr>() {
                Ok(address) => client = address.to_canonical(),
                Err(_) => break, // nothing behind a hop that cannot be read is believed
            }
        }
        client
    }
}
