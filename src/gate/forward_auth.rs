//! The doors at which proxies ask before they let a request through: nginx, Traefik, Caddy, Envoy. Each takes any method,
//! reads no body, and answers 200 with who it is, or 401 or 403 and why.

use std::borrow::Cow;

use actix_web::http::header::{HeaderName, HeaderValue, USER_AGENT};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::asked::{self, Asked, Caller};
use super::call::Call;
use super::held::{self, Held, Proxy, Unclear};
use super::known::{InHeaders, KnownKey};
use super::needs::{self, Needs, NeedsError};
use super::path::{self, PathError};
use super::refused::{self, Door};
use super::verdict::Verdict;
use crate::fault::Fault;
use crate::keys::grants::Grant;
use crate::site::Site;

static X_KEY_ID: HeaderName = HeaderName::from_static("x-key-id");
static X_KEY_NAME: HeaderName = HeaderName::from_static("x-key-name");
static X_KEY_TEAM: HeaderName = HeaderName::from_static("x-key-team");
static X_KEY_PROJECT: HeaderName = HeaderName::from_static("x-key-project");
static X_KEY_KIND: HeaderName = HeaderName::from_static("x-key-kind");
static X_KEY_PERMISSIONS: HeaderName = HeaderName::from_static("x-key-permissions");
static X_KEY_FIELDS: HeaderName = HeaderName::from_static("x-key-fields");
static X_KEY_EXPIRES: HeaderName = HeaderName::from_static("x-key-expires");

/// What of a name stands unescaped in a header: RFC 3986's unreserved characters.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// nginx asks.
pub async fn nginx(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    ask(Proxy::Nginx, &request, &site).await
}

/// Traefik asks.
pub async fn traefik(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    ask(Proxy::Traefik, &request, &site).await
}

/// Caddy asks.
pub async fn caddy(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    ask(Proxy::Caddy, &request, &site).await
}

/// Envoy asks.
pub async fn envoy(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    ask(Proxy::Envoy, &request, &site).await
}

async fn ask(proxy: Proxy, request: &HttpRequest, site: &Site) -> HttpResponse {
    let call = Call::of(request, site);
    let answered = answer(proxy, &call).await;
    call.answer(answered)
}

/// Why a request is refused whatever key it brings: mostly something for whoever runs the proxy.
enum Closed {
    /// What the proxy tells, or does not tell.
    Told(&'static str),
    Path(PathError),
    Needs(NeedsError),
    NoRoute,
}

impl From<Unclear> for Closed {
    fn from(_: Unclear) -> Closed {
        Closed::Told("A header in which the proxy tells of the request stands there twice, or is no text.")
    }
}

async fn answer(proxy: Proxy, call: &Call<'_>) -> Result<HttpResponse, Fault> {
    if !call.site.askers.admit_proxy(call.request, call.site).await? {
        return Ok(refused::asker(call));
    }
    let told = match Told::read(proxy, call) {
        Ok(told) => told,
        Err(why) => return Ok(closed(&why, call)),
    };
    if call.site.catalog.gate().lets_preflights_pass && told.held.is_preflight(call.request) {
        return Ok(let_through(None));
    }
    let required = match told.required(call.site) {
        Ok(required) => required,
        Err(why) => return Ok(closed(&why, call)),
    };
    let asked = Asked {
        permissions: Cow::Borrowed(required),
        project: told.needs.project.as_deref(),
        origin: held::origin(call.request),
        address: asked::Told::of(told.held.address),
        ..Asked::default()
    };
    let by = Caller { address: told.held.address, client: call.header(USER_AGENT) };
    Ok(match call.site.gate.judge(call.presented(), &asked, by).await? {
        Verdict::Valid(key) => let_through(Some(&key)),
        verdict => {
            refused::tell(&verdict, required, if proxy == Proxy::Nginx { Door::Nginx } else { Door::Other }, call)
        }
    })
}

/// A request that is held back, and what is fixed for it.
struct Told<'a> {
    held: Held<'a>,
    /// Decoded. One that could be read in two ways is refused, whether or not a route is looked up by it.
    path: Option<Cow<'a, str>>,
    needs: Needs<'a>,
}

impl<'a> Told<'a> {
    fn read(proxy: Proxy, call: &Call<'a>) -> Result<Told<'a>, Closed> {
        let (held, catalog) = (Held::read(proxy, call.request, call.site)?, &call.site.catalog);
        let path = held.target.map(path::of_target).transpose().map_err(Closed::Path)?;
        let mut needs = Needs::of_query(held.query, catalog).map_err(Closed::Needs)?;
        if let Some(list) = held.require {
            needs::required(list, catalog, &mut needs.require).map_err(Closed::Needs)?;
        }
        Ok(Told { held, path, needs })
    }

    /// What is required: what is fixed, or else what the first route says that means the request.
    fn required<'b>(&'b self, site: &'b Site) -> Result<&'b [Grant], Closed> {
        if !self.needs.require.is_empty() {
            return Ok(&self.needs.require);
        }
        let (Some(method), Some(path)) = (self.held.method, &self.path) else {
            return Err(Closed::Told("The proxy does not tell the method and the path of the request."));
        };
        site.catalog.first_route(method, path).map(|route| route.require.as_slice()).ok_or(Closed::NoRoute)
    }
}

fn closed(why: &Closed, call: &Call<'_>) -> HttpResponse {
    let (code, title, detail) = match why {
        Closed::Told(detail) => ("REQUEST_NOT_TOLD", "The proxy does not tell the request", *detail),
        Closed::Path(error) => ("PATH_NOT_ALLOWED", "A path that could be read in two ways", error.sentence()),
        Closed::Needs(NeedsError::Query) => (
            "NEEDS_UNREADABLE",
            "The proxy's configuration cannot be read",
            "At this door the query has `require`, and `project` once, and nothing else.",
        ),
        Closed::Needs(NeedsError::NotAPermission) => (
            "NEEDS_UNREADABLE",
            "The proxy's configuration cannot be read",
            "`require` names permissions: shifts:read.",
        ),
        Closed::Needs(NeedsError::NotOffered) => {
            ("NEEDS_NOT_OFFERED", "Nobody can have this permission", "The catalog has no permission that is required.")
        }
        Closed::NoRoute => (
            "NO_ROUTE",
            "Nothing says what this request needs",
            "No route of the catalog means it, and the proxy's configuration requires nothing.",
        ),
    };
    refused::forbidden(code, title, detail, call)
}

/// 200 with all that an API may want to know, each header in any case: what a client sent under its name is overwritten.
fn let_through(key: Option<&KnownKey>) -> HttpResponse {
    let mut answer = HttpResponse::new(actix_web::http::StatusCode::OK);
    let headers = answer.headers_mut();
    let mut set = |name: &HeaderName, value: Option<HeaderValue>| {
        headers.insert(name.clone(), value.unwrap_or(HeaderValue::from_static("")));
    };
    let shared = |bytes: fn(&InHeaders) -> &Bytes| {
        key.and_then(|key| HeaderValue::from_maybe_shared(bytes(key.in_headers()).clone()).ok())
    };
    set(&X_KEY_ID, key.and_then(|key| HeaderValue::try_from(key.id()).ok()));
    set(&X_KEY_NAME, key.and_then(|key| HeaderValue::try_from(escaped(key.name())).ok()));
    set(&X_KEY_TEAM, shared(|told| &told.team));
    set(&X_KEY_PROJECT, shared(|told| &told.project));
    set(&X_KEY_KIND, shared(|told| &told.kind));
    set(&X_KEY_PERMISSIONS, shared(|told| &told.permissions));
    set(&X_KEY_FIELDS, shared(|told| &told.fields));
    let expires = key.and_then(KnownKey::expires_at);
    set(&X_KEY_EXPIRES, expires.and_then(|at| HeaderValue::try_from(at.rfc3339()).ok()));
    answer
}

fn escaped(name: &str) -> String {
    utf8_percent_encode(name, UNRESERVED).collect()
}
