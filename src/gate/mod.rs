//! The gate room: is this key good, and for what? It takes a presented secret and what is asked of it, and gives a
//! verdict; its doors only translate. Every instance knows all keys, and a change is known everywhere before it is
//! answered.

pub mod asked;
pub mod asker;
pub mod askers;
pub mod bearer;
pub mod credential;
pub mod identity;
pub mod index;
pub mod known;
pub mod lease;
pub mod needs;
pub mod path;
pub mod question;
pub mod shape;
pub mod throttle;
pub mod token_store;
pub mod verdict;

mod at_once;
mod body;
mod call;
mod cors;
mod held;
mod judge;
mod learn;
pub mod planted;
mod refused;
mod store;
mod watch;

pub use askers::Askers;
pub use at_once::answer_at_once;
pub use judge::Gate;

pub mod forward_auth;
pub mod introspect;
pub mod oauth_metadata;
pub mod openapi;
pub mod own_key;
pub mod verify;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::fault::Fault;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::{Db, wait_for_others};
use call::Call;
use cors::Readable;
use planted::{Planted, is_planted};

/// The addresses of this room.
pub mod address {
    /// A key asks about itself, and revokes itself.
    pub const OWN_KEY: &str = "/v1/keys/self";
    /// A program asks about a key.
    pub const VERIFY: &str = "/v1/keys/verify";
    /// A program asks about a key as OAuth's do.
    pub const INTROSPECT: &str = "/v1/introspect";
    /// Where OAuth's clients find the introspection endpoint (RFC 8414).
    pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
    /// What the doors for machines take and answer.
    pub const OPENAPI: &str = "/openapi.json";
    /// nginx asks.
    pub const NGINX: &str = "/auth/nginx";
    /// ingress-nginx asks.
    pub const INGRESS_NGINX: &str = "/auth/ingress-nginx";
    /// Traefik asks.
    pub const TRAEFIK: &str = "/auth/traefik";
    /// Caddy asks.
    pub const CADDY: &str = "/auth/caddy";
    /// Envoy asks; what the client asked for follows.
    pub const ENVOY: &str = "/auth/envoy{target}*";
}

/// The whole address at which a key asks about itself.
pub fn own_key_url(site: &Site) -> String {
    format!("{}{}", site.public_url, address::OWN_KEY)
}

/// Has the answer that a key is revoked already wait until that is known everywhere.
pub(crate) fn wait_for_first(db: &mut Db) -> Result<(), Fault> {
    if !is_planted(Planted::SecondRevokeAtOnce) {
        wait_for_others(db)?;
    }
    Ok(())
}

/// 405 at a door.
pub async fn wrong_method(
    request: HttpRequest,
    site: web::Data<Site>,
    allowed: &'static [&'static str],
) -> HttpResponse {
    let is_own_key = request.path() == address::OWN_KEY;
    let readable = if is_own_key { Readable::Everything } else { Readable::Nothing };
    Call::of(request.head(), &site).readable(readable).answer(Err(Refusal::WrongMethod(allowed.join(", ")).into()))
}
