//! What a proxy tells of the request that it holds back until we have answered. Each proxy tells it in its own way, and
//! of each only that way is read: what another would say may come from the client.

use std::net::IpAddr;

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap, HeaderName};

use super::asked::Told;
use crate::client_ip;
use crate::site::Site;

static X_ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
static X_ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
static X_ORIGINAL_URL: HeaderName = HeaderName::from_static("x-original-url");
static X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
static X_FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
static X_FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

/// The beginning of every address at Envoy's door; what the client asked for follows.
pub const ENVOY_PREFIX: &str = "/auth/envoy";

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// `auth_request`. What it tells stands in headers that its configuration sets.
    Nginx,
    /// `auth_request` as the ingress-nginx controller of Kubernetes writes it for `auth-url`.
    IngressNginx,
    /// ForwardAuth.
    Traefik,
    /// `forward_auth`.
    Caddy,
    /// `ext_authz` over HTTP: its own request has the client's method, and the client's path and query behind a prefix.
    /// `/-/shifts:read/` at the end of the prefix requires something fixed, `/-/routes/` what the catalog's routes say.
    /// Where the prefix ends in neither, a client can write one of them itself: that prefix is for an Envoy which lets no
    /// path pass that begins so.
    Envoy,
}

/// A request that is held back.
#[derive(Debug)]
pub struct Held<'a> {
    /// Its method; none: not told.
    pub method: Option<&'a str>,
    /// Its path and query, as the client sent them; none: not told.
    pub target: Option<&'a [u8]>,
    /// What is required of it, where Envoy's prefix says it.
    pub require: Option<&'a str>,
    /// The query of the proxy's own configuration.
    pub query: &'a str,
    /// Where it comes from.
    pub address: Option<IpAddr>,
}

/// Why the description of a request is not clear. What it means is not guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// A header stands there twice, or is no text.
    Repeated,
    /// The headers of nginx and of ingress-nginx: one of them is the client's.
    BothNginxes,
    /// `X-Original-URL` is not what ingress-nginx makes.
    NotAUrl,
}

impl Unclear {
    /// What is wrong, as a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Unclear::Repeated => "A header in which the proxy tells of the request stands there twice, or is no text.",
            Unclear::BothNginxes => {
                "The request has both X-Original-URI and X-Original-URL. nginx sets the first, ingress-nginx the second \
                 (and both if `auth-method` is set: leave that out). Remove the other one in the proxy."
            }
            Unclear::NotAUrl => "X-Original-URL is not a URL like https://api.example.com/path.",
        }
    }
}

impl<'a> Held<'a> {
    /// Reads what this proxy tells.
    pub fn read(proxy: Proxy, request: &'a RequestHead, site: &Site) -> Result<Held<'a>, Unclear> {
        let headers = &request.headers;
        let told = |method, uri| Ok((text(headers, method)?, one(headers, uri)?));
        let query = request.uri.query().unwrap_or_default();
        let held = match proxy {
            Proxy::Nginx | Proxy::IngressNginx => {
                if headers.contains_key(&X_ORIGINAL_URI) && headers.contains_key(&X_ORIGINAL_URL) {
                    return Err(Unclear::BothNginxes);
                }
                let method = text(headers, &X_ORIGINAL_METHOD)?;
                let target = match proxy {
                    Proxy::Nginx => one(headers, &X_ORIGINAL_URI)?,
                    _ => one(headers, &X_ORIGINAL_URL)?.map(target_of_url).transpose()?,
                };
                let address = text(headers, &X_REAL_IP)?.and_then(client_ip::parse);
                Held { method, target, require: None, query, address }
            }
            Proxy::Traefik | Proxy::Caddy => {
                let (method, target) = told(&X_FORWARDED_METHOD, &X_FORWARDED_URI)?;
                Held { method, target, require: None, query, address: site.client_of_proxy(request) }
            }
            Proxy::Envoy => {
                let whole = request.uri.path_and_query().map_or("", |whole| whole.as_str());
                let (require, target) = behind_prefix(whole);
                let method = Some(request.method.as_str());
                let target = Some(target.as_bytes());
                Held { method, target, require, query: "", address: site.client_of_proxy(request) }
            }
        };
        // This one names a host. What a proxy tells in place of a path is not what the API would get.
        Ok(if held.method == Some("CONNECT") { Held { target: None, ..held } } else { held })
    }

    /// The method that a browser's preflight asks about (the Fetch standard); a preflight never carries a key.
    pub fn preflight_of(&self, request: &'a RequestHead) -> Option<&'a str> {
        let asked = request.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        let is_preflight = self.method == Some("OPTIONS") && request.headers.contains_key(header::ORIGIN);
        is_preflight.then(|| asked.to_str().unwrap_or_default())
    }
}

/// The `Origin` of a request, or else its `Referer`. Two of them are none.
pub fn origin(request: &RequestHead) -> Told<&str> {
    let headers = &request.headers;
    let name = if headers.contains_key(header::ORIGIN) { header::ORIGIN } else { header::REFERER };
    Told::of(text(headers, &name).ok().flatten())
}

/// In Envoy's prefix, in place of what is required: nothing is fixed. No permission reads so.
const BY_ROUTES: &str = "routes";

/// `/auth/envoy/v2/users?all` and `/auth/envoy/-/routes//v2/users?all` → nothing fixed, `/v2/users?all`;
/// `/auth/envoy/-/shifts:read//v2` → `shifts:read`, `/v2`.
fn behind_prefix(whole: &str) -> (Option<&str>, &str) {
    let target = whole.strip_prefix(ENVOY_PREFIX).unwrap_or_default();
    match target.strip_prefix("/-/") {
        Some(fixed) => {
            let (require, target) = fixed.split_once('/').unwrap_or((fixed, ""));
            ((require != BY_ROUTES).then_some(require), target)
        }
        None => (None, target),
    }
}

/// The path and query of `$scheme://$http_host$request_uri`, as ingress-nginx writes it. The client chooses the host, and
/// nginx checks little of it but that it has no slash: after a `?` or `#` in it, a parser of URLs would find no path.
fn target_of_url(url: &[u8]) -> Result<&[u8], Unclear> {
    let rest = url.strip_prefix(b"https://").or_else(|| url.strip_prefix(b"http://")).ok_or(Unclear::NotAUrl)?;
    let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    let (host, target) = rest.split_at(end);
    let is_of_host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_~:[]".contains(byte);
    if host.is_empty() || !host.iter().all(is_of_host) {
        return Err(Unclear::NotAUrl);
    }
    Ok(target)
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a [u8]>, Unclear> {
    let mut values = headers.get_all(name);
    let first = values.next();
    if values.next().is_some() { Err(Unclear::Repeated) } else { Ok(first.map(|value| value.as_bytes())) }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Unclear> {
    one(headers, name)?.map(|value| std::str::from_utf8(value).map_err(|_| Unclear::Repeated)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_envoys_prefix_is_the_clients() {
        for (whole, require, target) in [
            ("/auth/envoy/v2/users?require=a:b", None, "/v2/users?require=a:b"),
            ("/auth/envoy/", None, "/"),
            ("/auth/envoy", None, ""),
            ("/auth/envoy?x", None, "?x"),
            ("/auth/envoy//v2", None, "//v2"),
            ("/auth/envoyx", None, "x"),
            ("/auth/envoy/-", None, "/-"),
            ("/auth/envoy/-/shifts:read//v2/users?x", Some("shifts:read"), "/v2/users?x"),
            ("/auth/envoy/-/shifts:read,users:read//", Some("shifts:read,users:read"), "/"),
            // The slash at the prefix's end is missing: nothing is a path then.
            ("/auth/envoy/-/shifts:read/v2/users", Some("shifts:read"), "v2/users"),
            ("/auth/envoy/-/shifts:read", Some("shifts:read"), ""),
            ("/auth/envoy/-//v2", Some(""), "v2"),
            ("/auth/envoy/-/routes//v2/users?x", None, "/v2/users?x"),
            ("/auth/envoy/-/routes//-/shifts:read//v2", None, "/-/shifts:read//v2"),
            ("/auth/envoy/-/shifts:read//-/routes//v2", Some("shifts:read"), "/-/routes//v2"),
            ("/auth/envoy/-/routes/v2", None, "v2"),
            ("/auth/envoy/-/routes", None, ""),
            ("/auth/envoy/-/routes,shifts:read//v2", Some("routes,shifts:read"), "/v2"),
        ] {
            assert_eq!(behind_prefix(whole), (require, target), "{whole}");
        }
    }
}
