//! The doors at which proxies ask before they let a request through: nginx, ingress-nginx, Traefik, Caddy, Envoy. Each takes
//! any method, reads no body, and answers 200 with who it is, or 401 or 403 and why.

use std::borrow::Cow;

use actix_web::dev::RequestHead;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::asked::{Asked, Caller, Told};
use super::call::Call;
use super::cors::Readable;
use super::held::{self, Held, Proxy, Unclear};
use super::identity;
use super::judge::Sought;
use super::known::KnownKey;
use super::needs::{self, Needs, NeedsError};
use super::path::{self, PathError};
use super::refused::{self, Door};
use super::verdict::Verdict;
use crate::fault::Fault;
use crate::keys::catalog::{Catalog, NoRequirement, RequestPath};
use crate::keys::grants::Grant;
use crate::site::Site;

/// nginx asks.
pub async fn nginx(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    ask(Proxy::Nginx, request.head(), &site).await
}

/// ingress-nginx asks.
pub async fn ingress_nginx(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    ask(Proxy::IngressNginx, request.head(), &site).await
}

/// Traefik asks.
pub async fn traefik(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    ask(Proxy::Traefik, request.head(), &site).await
}

/// Caddy asks.
pub async fn caddy(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    ask(Proxy::Caddy, request.head(), &site).await
}

/// Envoy asks.
pub async fn envoy(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    ask(Proxy::Envoy, request.head(), &site).await
}

async fn ask(proxy: Proxy, head: &RequestHead, site: &Site) -> HttpResponse {
    let call = Call::of(head, site).readable(Readable::Refusals);
    let answered = answer(proxy, &call).await;
    call.answer(answered)
}

async fn answer(proxy: Proxy, call: &Call<'_>) -> Result<HttpResponse, Fault> {
    if !call.site.askers.admit_proxy(call.head, call.site).await? {
        return Ok(refused::asker(call));
    }
    let passage = match Passage::read(proxy, call) {
        Ok(passage) => passage,
        Err(why) => return Ok(unjudged(&why, call)),
    };
    let tell = |verdict: &Verdict<'_>, _| passage.tell(verdict, call);
    call.site.gate.judge(call.presented(), &passage.asked(call), passage.by(call), tell).await
}

/// What a proxy is answered, as long as nothing has to be waited for.
pub fn ask_at_once(proxy: Proxy, sought: Sought, call: &Call<'_>) -> Option<HttpResponse> {
    if !call.site.askers.admit_proxy_at_once(call.head, call.at)? {
        return Some(refused::asker(call));
    }
    let passage = match Passage::read(proxy, call) {
        Ok(passage) => passage,
        Err(why) => return Some(unjudged(&why, call)),
    };
    let tell = |verdict: &Verdict<'_>, _| passage.tell(verdict, call);
    call.site.gate.judge_at_once(sought, &passage.asked(call), passage.by(call), tell)
}

/// Why a request is answered whatever key it brings: mostly something for whoever runs the proxy.
enum Unjudged {
    /// A browser asks what it may ask, and the catalog lets that pass.
    Preflight,
    /// What the proxy tells, or does not tell.
    NotTold(&'static str),
    Path(PathError),
    Needs(NeedsError),
    NoRoute,
}

impl From<Unclear> for Unjudged {
    fn from(why: Unclear) -> Unjudged {
        Unjudged::NotTold(why.sentence())
    }
}

impl From<PathError> for Unjudged {
    fn from(why: PathError) -> Unjudged {
        Unjudged::Path(why)
    }
}

impl From<NoRequirement> for Unjudged {
    fn from(why: NoRequirement) -> Unjudged {
        match why {
            NoRequirement::NoRoute => Unjudged::NoRoute,
            NoRequirement::EncodedSlash => Unjudged::Path(PathError::EncodedSlash),
            NoRequirement::TooSlow => Unjudged::Path(PathError::TooSlow),
        }
    }
}

/// A request that is held back, and what it needs to pass.
struct Passage<'a> {
    proxy: Proxy,
    held: Held<'a>,
    required: Cow<'a, [Grant]>,
    project: Option<Cow<'a, str>>,
}

impl<'a> Passage<'a> {
    fn read(proxy: Proxy, call: &Call<'a>) -> Result<Passage<'a>, Unjudged> {
        let (held, catalog) = (Held::read(proxy, call.head, call.site)?, &call.site.catalog);
        // A path that could be read in two ways is refused, whether or not a route is looked up by it.
        let path = held.target.map(path::of_target).transpose()?;
        let path = path.as_ref();
        let mut needs = Needs::of_query(held.query, catalog).map_err(Unjudged::Needs)?;
        if let Some(list) = held.require {
            needs::required_in_path(list, catalog, &mut needs.require).map_err(Unjudged::Needs)?;
        }
        if catalog.gate().lets_preflights_pass
            && let Some(method) = held.preflight_of(call.head)
        {
            return Err(preflight(method, path, catalog));
        }
        let required = match needs.require.is_empty() {
            // Only a route can allow an escaped slash, and no route is looked up here.
            false if path.is_some_and(|path| path.has_encoded_slash()) => return Err(PathError::EncodedSlash.into()),
            false => needs.require,
            true => required_by_route(&held, path, catalog)?,
        };
        Ok(Passage { proxy, held, required, project: needs.project })
    }

    fn asked(&self, call: &Call<'a>) -> Asked<'_> {
        Asked {
            permissions: Cow::Borrowed(&self.required),
            project: self.project.as_deref(),
            origin: held::origin(call.head),
            address: Told::of(self.held.address),
            ..Asked::default()
        }
    }

    fn by(&self, call: &Call<'a>) -> Caller<'a> {
        call.by(self.held.address)
    }

    fn tell(&self, verdict: &Verdict<'_>, call: &Call<'_>) -> HttpResponse {
        call.judged(verdict);
        let is_nginx = matches!(self.proxy, Proxy::Nginx | Proxy::IngressNginx);
        let door = if is_nginx { Door::Nginx } else { Door::Other };
        match verdict {
            Verdict::Valid(key) => let_through(Some(key), &call.site.catalog),
            refused => refused::tell(refused, &self.required, door, call),
        }
    }
}

/// What the catalog's routes require.
fn required_by_route<'a>(
    held: &Held<'_>,
    path: Option<&RequestPath<'_>>,
    catalog: &'a Catalog,
) -> Result<Cow<'a, [Grant]>, Unjudged> {
    let (Some(method), Some(path)) = (held.method, path) else {
        return Err(Unjudged::NotTold("The proxy does not tell the method and the path of the request."));
    };
    catalog.required(method, path).map_err(Unjudged::from)
}

/// A preflight passes, unless its path has an escaped slash that the route of the request itself does not allow.
fn preflight(method: &str, path: Option<&RequestPath<'_>>, catalog: &Catalog) -> Unjudged {
    match path.filter(|path| path.has_encoded_slash()).map(|path| catalog.required(method, path)) {
        Some(Err(why)) => why.into(),
        None | Some(Ok(_)) => Unjudged::Preflight,
    }
}

fn unjudged(why: &Unjudged, call: &Call<'_>) -> HttpResponse {
    let (code, title, detail) = match why {
        Unjudged::Preflight => return let_through(None, &call.site.catalog),
        Unjudged::NotTold(detail) => ("REQUEST_NOT_TOLD", "The proxy does not tell the request", *detail),
        Unjudged::Path(error) => ("PATH_NOT_ALLOWED", "A path that could be read in two ways", error.sentence()),
        Unjudged::Needs(NeedsError::Query) => (
            "NEEDS_UNREADABLE",
            "The proxy's configuration cannot be read",
            "At this door the query has `require`, and `project` once, and nothing else.",
        ),
        Unjudged::Needs(NeedsError::NotAPermission) => (
            "NEEDS_UNREADABLE",
            "The proxy's configuration cannot be read",
            "`require` names permissions: shifts:read.",
        ),
        Unjudged::Needs(NeedsError::NotOffered) => {
            ("NEEDS_NOT_OFFERED", "Nobody can have this permission", "The catalog has no permission that is required.")
        }
        Unjudged::NoRoute => (
            "NO_ROUTE",
            "Nothing says what this request needs",
            "No route of the catalog means it, and the proxy's configuration requires nothing.",
        ),
    };
    refused::forbidden(code, title, detail, call)
}

/// 200 with the identity headers.
fn let_through(key: Option<&KnownKey>, catalog: &Catalog) -> HttpResponse {
    let mut answer = HttpResponse::new(StatusCode::OK);
    let headers = answer.headers_mut();
    for (name, value) in identity::headers(key, catalog.gate().identity_headers) {
        headers.append(name, value);
    }
    answer
}
