//! How to use a key: the header, what a 401 means and what to check, good practices.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::ADDRESS;
use crate::fault::Fault;
use crate::gate;
use crate::guard;
use crate::keys;
use crate::keys::catalog::Product;
use crate::page::{self, Porch};
use crate::people;
use crate::site::Site;

/// A way back.
pub struct Back {
    label: &'static str,
    url: &'static str,
}

#[derive(Template)]
#[template(path = "docs/api.html")]
struct ApiDocsPage {
    porch: Porch,
    back: Back,
    self_url: String,
    prefix: String,
    /// Its documentation is elsewhere, if there is any.
    product: Product,
}

/// Shows the page.
pub async fn ask(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let back = match guard::held(&request) {
        Some(_) => Back { label: "Developers", url: keys::address::LIST },
        None => Back { label: "Sign in", url: people::address::LOGIN },
    };
    let product = site.catalog.product();
    let shown = ApiDocsPage {
        porch: Porch::of(&site),
        back,
        self_url: gate::own_key_url(&site),
        prefix: site.catalog.default_kind().prefix.clone(),
        product: Product { docs_url: product.docs_url.clone().filter(|url| url != ADDRESS), ..product.clone() },
    };
    page::html(shown.render())
}
