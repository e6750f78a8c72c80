//! The documentation room: how to use a key, and how a proxy asks about keys. Anyone may read it.

pub mod api;
pub mod gateway;

use crate::site::Site;

/// How to use a key.
pub const ADDRESS: &str = "/docs/api";
/// How a proxy asks about keys.
pub const GATEWAY: &str = "/docs/gateway";

/// Where the API's documentation is: the product's own, or ours.
pub fn url(site: &Site) -> String {
    site.catalog.product().docs_url.clone().unwrap_or_else(|| ADDRESS.to_owned())
}
