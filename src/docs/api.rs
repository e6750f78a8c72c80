//! How to use a key: the header, what a 401 means and what to check, good practices.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{ADDRESS, GATEWAY};
use crate::fault::Fault;
use crate::gate;
use crate::guard;
use crate::keys;
use crate::keys::catalog::{Catalog, Kind, Product};
use crate::page::{self, Porch};
use crate::people;
use crate::site::Site;

/// A way back.
pub struct Back {
    /// Its text.
    pub label: &'static str,
    /// Where it leads.
    pub url: &'static str,
}

impl Back {
    /// To the keys, for whoever may see them.
    pub(super) fn of(request: &HttpRequest) -> Back {
        match guard::held(request) {
            Some(_) => Back { label: "Developers", url: keys::address::LIST },
            None => Back { label: "Sign in", url: people::address::LOGIN },
        }
    }
}

/// How the keys of a kind look.
struct KeyLook {
    /// `Secret key (Test)`
    label: String,
    prefix: String,
    /// How many characters the whole key has.
    length: usize,
}

impl KeyLook {
    fn of(kind: &Kind) -> KeyLook {
        let length = kind.prefix.len() + keys::secret::BODY_CHARACTERS;
        KeyLook { label: keys::facts::kind_label(kind), prefix: kind.prefix.clone(), length }
    }
}

/// What is said of keys that are no secret.
struct Publishable {
    /// The labels of their kinds.
    labels: Vec<String>,
    /// Whether they can be held to web sites.
    has_domains: bool,
}

impl Publishable {
    fn of(catalog: &Catalog) -> Option<Publishable> {
        let kinds: Vec<&Kind> = catalog.kinds().iter().filter(|kind| kind.is_publishable()).collect();
        let labels = kinds.iter().map(|kind| keys::facts::kind_label(kind)).collect();
        let has_domains = kinds.iter().any(|kind| kind.has_domains);
        (!kinds.is_empty()).then_some(Publishable { labels, has_domains })
    }
}

#[derive(Template)]
#[template(path = "docs/api.html")]
struct ApiDocsPage {
    porch: Porch,
    back: Back,
    self_url: String,
    /// The header, with a placeholder for the key.
    header: String,
    takes_bearer: bool,
    curl_option: String,
    /// The same for programs.
    openapi_url: &'static str,
    gateway_url: &'static str,
    /// Of each kind, at least one.
    looks: Vec<KeyLook>,
    has_secret: bool,
    publishable: Option<Publishable>,
    /// Its documentation is elsewhere, if there is any.
    product: Product,
}

/// Shows the page.
pub async fn ask(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let (product, key_headers) = (site.catalog.product(), &site.catalog.gate().key_headers);
    let shown = ApiDocsPage {
        porch: Porch::of(&site),
        back: Back::of(&request),
        self_url: gate::own_key_url(&site),
        header: key_headers.example("YOUR_KEY"),
        takes_bearer: key_headers.takes_bearer(),
        curl_option: key_headers.curl_option(),
        openapi_url: gate::address::OPENAPI,
        gateway_url: GATEWAY,
        looks: site.catalog.kinds().iter().map(KeyLook::of).collect(),
        has_secret: site.catalog.kinds().iter().any(|kind| !kind.is_publishable()),
        publishable: Publishable::of(&site.catalog),
        product: Product { docs_url: product.docs_url.clone().filter(|url| url != ADDRESS), ..product.clone() },
    };
    page::html(shown.render())
}
