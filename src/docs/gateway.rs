//! How a proxy asks the gate, so that what has no good key never reaches the API: the examples whole, filled in for
//! this instance.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::api::Back;
use super::example::PROXIES;
use super::{ADDRESS, filling};
use crate::fault::Fault;
use crate::guard;
use crate::keys::catalog::IdentityHeader;
use crate::page::{self, Porch};
use crate::site::Site;

/// A proxy and its files, ready to print.
struct Shown {
    id: &'static str,
    label: &'static str,
    /// Name and text.
    files: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "docs/gateway.html")]
struct GatewayPage {
    porch: Porch,
    back: Back,
    docs_url: &'static str,
    proxies: Vec<Shown>,
    /// The identity headers that the catalog leaves empty.
    left_out: Vec<&'static str>,
    has_routes: bool,
    /// What is asked of every request in its place.
    permission: Option<String>,
}

/// Shows the page.
pub async fn ask(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let filling = filling(&site, guard::held(&request).is_some());
    let proxies = PROXIES.iter().map(|proxy| Shown {
        id: proxy.id,
        label: proxy.label,
        files: proxy.files.iter().map(|file| (file.name, filling.fill(proxy, file))).collect(),
    });
    let selected = site.catalog.gate().identity_headers;
    let left_out = IdentityHeader::ALL.into_iter().filter(|header| !selected.contain(*header));
    let shown = GatewayPage {
        porch: Porch::of(&site),
        back: Back::of(&request),
        docs_url: ADDRESS,
        proxies: proxies.collect(),
        left_out: left_out.map(IdentityHeader::name).collect(),
        has_routes: !site.catalog.routes().is_empty(),
        permission: filling.permission,
    };
    page::html(shown.render())
}
