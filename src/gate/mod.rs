//! The gate room: is this key good, and for what? It takes a presented secret and gives a verdict;
//! its doors only translate. A plain look-up by digest for now.

pub mod bearer;
pub mod verdict;

mod refused;
mod store;

pub mod own_key;

use crate::site::Site;

/// The addresses of this room.
pub mod address {
    /// A key asks about itself, and revokes itself.
    pub const OWN_KEY: &str = "/v1/keys/self";
}

/// The whole address at which a key asks about itself.
pub fn own_key_url(site: &Site) -> String {
    format!("{}{}", site.public_url, address::OWN_KEY)
}
