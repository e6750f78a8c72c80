//! How a proxy asks the gate, on the page itself: the essential lines for one of them, filled in for this instance; those
//! for another when they are asked for.

use std::net::IpAddr;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::address;
use crate::docs;
use crate::docs::example::{File, Filling, PROXIES, Proxy, ToReplace, essence};
use crate::fault::Fault;
use crate::guard::Viewer;
use crate::page::{self, WantsFragment};
use crate::refusal::Refusal;
use crate::site::Site;

/// What makes a proxy ask.
pub struct Using {
    /// Every proxy that is known how to make ask.
    pub tabs: Vec<ProxyTab>,
    /// `Caddy`
    pub label: &'static str,
    /// `2.6 or newer`
    pub needs: Option<&'static str>,
    /// What is asked of every request, where the catalog has no routes.
    pub permission: Option<String>,
    /// The address from which a proxy on this machine comes, where the gate does not answer that one.
    pub stranger: Option<IpAddr>,
    /// At least one.
    pub files: Vec<Part>,
    /// Where they stand whole.
    pub whole_url: String,
}

/// A proxy to choose.
pub struct ProxyTab {
    /// `caddy`
    pub id: &'static str,
    /// `Caddy`
    pub label: &'static str,
    /// Shows it.
    pub url: String,
    /// Whether it is the one that is shown.
    pub is_current: bool,
}

/// The essential lines of a file.
pub struct Part {
    /// Its name in `examples/proxies`.
    pub name: &'static str,
    /// What is done with it; what is left to replace follows.
    pub lead: Option<&'static str>,
    /// What is not known here.
    pub left: Vec<ToReplace>,
    /// The lines, filled in.
    pub text: String,
}

#[derive(Template)]
#[template(path = "keys/using.html")]
struct UsingPart {
    using: Using,
}

impl Using {
    /// The first one, until another is asked for.
    pub(super) fn first(site: &Site) -> Using {
        Using::of(&PROXIES[0], site)
    }

    /// For those who are signed in.
    fn of(proxy: &Proxy, site: &Site) -> Using {
        let filling = docs::filling(site, true);
        let tab = |of: &Proxy| ProxyTab {
            id: of.id,
            label: of.label,
            url: address::USING.replace("{proxy}", of.id),
            is_current: of.id == proxy.id,
        };
        Using {
            tabs: PROXIES.iter().map(tab).collect(),
            label: proxy.label,
            needs: proxy.needs(),
            stranger: filling.gate.map(|gate| gate.ip()).filter(|address| !site.askers.lets_in(*address)),
            files: proxy.files.iter().map(|file| Part::of(file, proxy, &filling)).collect(),
            whole_url: docs::gateway_of(proxy),
            permission: filling.permission,
        }
    }
}

impl Part {
    fn of(file: &File, proxy: &Proxy, filling: &Filling) -> Part {
        let text = essence(&filling.fill(proxy, file));
        Part { name: file.name, lead: file.lead(), left: filling.left(file), text }
    }
}

/// Shows what makes that proxy ask; without htmx, where its files stand whole.
pub async fn ask(
    _: Viewer,
    id: web::Path<String>,
    WantsFragment(wants_fragment): WantsFragment,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let proxy = PROXIES.iter().find(|proxy| proxy.id == id.as_str()).ok_or(Refusal::NotFound)?;
    if !wants_fragment {
        return Ok(page::see_other(&docs::gateway_of(proxy)));
    }
    page::html(UsingPart { using: Using::of(proxy, &site) }.render())
}
