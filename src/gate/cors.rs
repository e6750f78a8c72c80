//! CORS (the Fetch standard, 3.2): a web page that sends a key reads why it is refused, if the catalog's `cors` lets it.
//!
//! Credentials are not allowed: keys come in headers that a script sets, and no endpoint of the gate reads cookies.

use actix_web::dev::RequestHead;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};

use super::known::KnownKey;
use crate::keys::catalog::Cors;

/// What scripts read besides status and body.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "WWW-Authenticate, Retry-After, X-Auth-Code, X-Accepted-Permissions, X-Key-Expires, X-Request-Id",
);

/// Which responses of an endpoint are for web pages too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readable {
    /// None: programs call it.
    Nothing,
    /// Refusals, which a proxy passes on. With a good key, the API responds.
    Refusals,
    /// All.
    Everything,
}

impl Readable {
    /// Whether a response with this status is among them.
    pub fn includes(self, status: StatusCode) -> bool {
        match self {
            Readable::Nothing => false,
            Readable::Refusals => !status.is_success(),
            Readable::Everything => true,
        }
    }
}

/// The key that a request sent, as far as CORS depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sender {
    /// No key was found.
    #[default]
    Unknown,
    /// A key was found, and the page is within its trusted domains.
    Trusted,
    /// A key was found, and the page is not, or it has no trusted domains.
    Untrusted,
}

impl Sender {
    /// Whether `key` trusts the page that sent the request.
    pub fn of(key: Option<&KnownKey>, request: &RequestHead) -> Sender {
        let page = || origin(&request.headers)?.to_str().ok();
        match key {
            None => Sender::Unknown,
            // A key without trusted domains would allow any page.
            Some(key) if !key.allows_origin(None) && key.allows_origin(page()) => Sender::Trusted,
            Some(_) => Sender::Untrusted,
        }
    }
}

/// Lets the page that sent the request read its response, if it may.
pub fn open(response: &mut HeaderMap, request: &RequestHead, rules: &Cors, sender: Sender) {
    if *rules == Cors::Off {
        return;
    }
    response.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(allowed) = allowed(rules, &request.headers, sender) {
        response.append(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        response.append(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

/// Answers a preflight, if the page may send the request; a preflight itself has no key. False: this is not one, or the
/// page may not.
pub fn open_preflight(response: &mut HeaderMap, request: &RequestHead, rules: &Cors, methods: &'static str) -> bool {
    let is_preflight = request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let is_allowed = is_preflight && allowed(rules, &request.headers, Sender::Unknown).is_some();
    if is_allowed {
        response.append(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        // Whichever the catalog takes keys from. A star would not cover Authorization.
        if let Some(names) = request.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            response.append(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        response.append(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    is_allowed
}

fn allowed(rules: &Cors, request: &HeaderMap, sender: Sender) -> Option<HeaderValue> {
    let origin = origin(request)?;
    let is_allowed = match (rules, sender) {
        (Cors::Off, _) => false,
        (Cors::Origins(origins), _) => origins.iter().any(|known| known.as_bytes() == origin.as_bytes()),
        (Cors::TrustedDomains, Sender::Unknown) => return Some(HeaderValue::from_static("*")),
        (Cors::TrustedDomains, sender) => sender == Sender::Trusted,
    };
    is_allowed.then(|| origin.clone())
}

/// The page that sent a request. Browsers send one `Origin`.
fn origin(request: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = request.get_all(ORIGIN);
    values.next().filter(|_| values.next().is_none())
}
