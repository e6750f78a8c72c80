//! The documentation room: how to use a key, and how a proxy asks about keys. Anyone may read it.

pub mod api;
pub mod example;
pub mod gateway;

use url::Url;

use crate::site::Site;
use example::{Filling, Proxy};

/// How to use a key.
pub const ADDRESS: &str = "/docs/api";
/// How a proxy asks about keys.
pub const GATEWAY: &str = "/docs/gateway";

/// Where the API's documentation is: the product's own, or ours.
pub fn url(site: &Site) -> String {
    site.catalog.product().docs_url.clone().unwrap_or_else(|| ADDRESS.to_owned())
}

/// Where the page speaks of a proxy.
pub fn gateway_of(proxy: &Proxy) -> String {
    format!("{GATEWAY}#{}", proxy.id)
}

/// What the examples are filled in with here; where we listen is for those who are signed in.
pub fn filling(site: &Site, is_signed_in: bool) -> Filling {
    let host = |url: &String| Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let first = site.catalog.resources().first();
    let permission = first.and_then(|resource| resource.public_names().next()).map(|(name, _)| name);
    Filling {
        api: site.catalog.product().api_url.as_ref().and_then(host),
        pages: (!site.public_url.is_loopback()).then(|| site.public_url.host().to_owned()),
        gate: is_signed_in.then(|| example::reached_at(site.listens_on)),
        permission: permission.filter(|_| site.catalog.routes().is_empty()),
    }
}
