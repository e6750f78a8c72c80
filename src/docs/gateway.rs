//! How a proxy asks the gate, so that what has no good key never reaches the API: the example files of
//! `examples/proxies`, which the tests run, filled in for this instance.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::Url;

use super::api::Back;
use super::{ADDRESS, GATEWAY};
use crate::fault::Fault;
use crate::guard;
use crate::page::{self, Porch};
use crate::site::Site;

/// An example: what it is for, and what is in it.
struct Example {
    id: &'static str,
    label: &'static str,
    /// Its name in `examples/proxies`.
    file: &'static str,
    text: &'static str,
    /// What asks the gate by the catalog's routes, and what by a permission that every request needs.
    doors: (&'static str, &'static str),
}

macro_rules! text_of {
    ($file:literal) => {
        include_str!(concat!("../../examples/proxies/", $file))
    };
}

const EXAMPLES: [Example; 5] = [
    Example {
        id: "nginx",
        label: "nginx",
        file: "nginx.conf",
        text: text_of!("nginx.conf"),
        doors: ("keyrack/auth/nginx;", "keyrack/auth/nginx?require=PERMISSION;"),
    },
    Example {
        id: "caddy",
        label: "Caddy",
        file: "Caddyfile",
        text: text_of!("Caddyfile"),
        doors: ("uri /auth/caddy?\n", "uri /auth/caddy?require=PERMISSION\n"),
    },
    Example {
        id: "traefik",
        label: "Traefik",
        file: "traefik/routes.yaml",
        text: text_of!("traefik/routes.yaml"),
        doors: ("/auth/traefik\n", "/auth/traefik?require=PERMISSION\n"),
    },
    Example {
        id: "traefik-static",
        label: "Traefik’s own settings",
        file: "traefik/traefik.yaml",
        text: text_of!("traefik/traefik.yaml"),
        doors: ("", ""),
    },
    Example {
        id: "envoy",
        label: "Envoy",
        file: "envoy.yaml",
        text: text_of!("envoy.yaml"),
        doors: ("path_prefix: /auth/envoy/-/routes/\n", "path_prefix: /auth/envoy/-/PERMISSION/\n"),
    },
];

/// What of the examples is known here.
struct Filling {
    /// The host of the product's API.
    api: Option<String>,
    /// The host of these pages, where others than this machine know it.
    keys: Option<String>,
    /// The port on which we listen, for those who are signed in.
    port: Option<u16>,
    /// What every request needs, where the catalog has no routes: else the gate would let nothing through.
    permission: Option<String>,
}

impl Filling {
    fn of(site: &Site, is_signed_in: bool) -> Filling {
        let host = |url: &String| Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let first = site.catalog.resources().first();
        let permission = first.and_then(|resource| Some(format!("{}:{}", resource.id, resource.actions.first()?.id)));
        Filling {
            api: site.catalog.product().api_url.as_ref().and_then(host),
            keys: (!site.public_url.is_loopback()).then(|| site.public_url.host().to_owned()),
            port: is_signed_in.then_some(site.listens_on.port()),
            permission: permission.filter(|_| site.catalog.routes().is_empty()),
        }
    }

    fn fill(&self, example: &Example) -> String {
        let mut text = example.text.to_owned();
        let mut put = |from: &str, to: &str| text = text.replace(from, to);
        if let Some(permission) = &self.permission {
            let (by_routes, fixed) = example.doors;
            if !by_routes.is_empty() {
                put(by_routes, &fixed.replace("PERMISSION", permission));
            }
            put("orders:read", permission);
        }
        if let Some(host) = &self.api {
            put("api.example.com", host);
        }
        if let Some(host) = &self.keys {
            put("keys.example.com", host);
        }
        if let Some(port) = self.port {
            put("127.0.0.1:8080", &format!("127.0.0.1:{port}"));
            put("port_value: 8080", &format!("port_value: {port}"));
        }
        text
    }
}

/// An example, ready to print.
struct Filled {
    id: &'static str,
    label: &'static str,
    file: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "docs/gateway.html")]
struct GatewayPage {
    porch: Porch,
    back: Back,
    docs_url: &'static str,
    examples: Vec<Filled>,
    has_routes: bool,
    /// What is asked of every request in its place.
    permission: Option<String>,
}

/// Shows the page.
pub async fn ask(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let filling = Filling::of(&site, guard::held(&request).is_some());
    let filled = |example: &Example| Filled {
        id: example.id,
        label: example.label,
        file: example.file,
        text: filling.fill(example),
    };
    let shown = GatewayPage {
        porch: Porch::of(&site),
        back: Back::of(&request),
        docs_url: ADDRESS,
        examples: EXAMPLES.iter().map(filled).collect(),
        has_routes: !site.catalog.routes().is_empty(),
        permission: filling.permission,
    };
    page::html(shown.render())
}

/// Where the part about a proxy stands, and what it is called: for links.
pub fn links() -> Vec<(&'static str, String)> {
    let of = |example: &Example| (example.label, format!("{GATEWAY}#{}", example.id));
    EXAMPLES.iter().filter(|example| !example.doors.0.is_empty()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filling() -> Filling {
        Filling {
            api: Some("api.soon.test".into()),
            keys: Some("keys.soon.test".into()),
            port: Some(8_099),
            permission: Some("shifts:read".into()),
        }
    }

    #[test]
    fn everything_that_is_known_is_filled_in() {
        for example in &EXAMPLES {
            let text = filling().fill(example);
            for left in ["api.example.com", "keys.example.com", "127.0.0.1:8080", "port_value: 8080", "orders:"] {
                assert!(!text.contains(left), "{}: {left}", example.file);
            }
            let (by_routes, fixed) = example.doors;
            if !by_routes.is_empty() {
                assert_eq!(example.text.matches(by_routes).count(), 1, "{}", example.file);
                assert!(text.contains(&fixed.replace("PERMISSION", "shifts:read")), "{}: {text}", example.file);
            }
        }
    }

    #[test]
    fn what_is_not_known_stays_as_it_is_in_the_file() {
        let nothing = Filling { api: None, keys: None, port: None, permission: None };
        for example in &EXAMPLES {
            assert_eq!(nothing.fill(example), example.text);
        }
    }
}
