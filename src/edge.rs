//! What holds for every request: its id and client, the headers of its answer, one line in the log,
//! and that whatever stops it is told in a form that the one who asked can read.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};

use crate::fault::Fault;
use crate::fault_page;
use crate::guard;
use crate::guard::SignedIn;
use crate::id;
use crate::page;
use crate::refusal::Refusal;
use crate::site::Site;

/// Where a request comes from, and what it is called in the log.
#[derive(Clone)]
pub struct Client {
    /// The person's address, across trusted proxies.
    pub address: IpAddr,
    /// The name of this request, in the log and in `X-Request-Id`.
    pub request_id: String,
}

/// What was asked, kept apart from the request: routing wants that for itself.
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// Path and query.
    pub address: String,
    /// Whether htmx asks, for a fragment.
    pub wants_fragment: bool,
}

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const PERMISSIONS_POLICY: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";
const STRICT_TRANSPORT_SECURITY: &str = "max-age=31536000; includeSubDomains";

/// The outermost layer.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let site = request.app_data::<web::Data<Site>>().expect("the app is built with its site").clone();
    let client = client_of(request.request(), &site);
    request.extensions_mut().insert(client.clone());
    let asked = Asked::of(request.request());
    match next.call(request).await {
        Ok(answer) => {
            let mut answer = tell_fault(answer.map_into_boxed_body(), &asked, &site, &client);
            add_headers(answer.headers_mut(), &asked, &site, &client);
            let pattern = answer.request().match_pattern();
            log_request(&asked, pattern.as_deref(), answer.status(), started, &client);
            Ok(answer)
        }
        // Only a layer of ours can fail here: the session's, when its store cannot be read.
        Err(cause) => {
            let fault = Fault::unavailable(cause.to_string());
            log_cause(&fault, &client);
            let mut answer = fault_page::tell(&fault, &asked, None, &site, &client.request_id);
            add_headers(answer.headers_mut(), &asked, &site, &client);
            log_request(&asked, None, answer.status(), started, &client);
            Err(InternalError::from_response("a layer failed", answer).into())
        }
    }
}

impl Asked {
    fn of(request: &HttpRequest) -> Asked {
        Asked {
            method: request.method().clone(),
            path: request.path().to_owned(),
            address: request.uri().path_and_query().map_or("/", |address| address.as_str()).to_owned(),
            wants_fragment: page::wants_fragment(request),
        }
    }
}

/// The layer round the pages: our host, and for what may change something our own page.
pub async fn keep_out(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let site = request.app_data::<web::Data<Site>>().expect("the app is built with its site").clone();
    let checked = guard::names_our_host(request.request(), &site)
        .and_then(|()| guard::comes_from_our_page(request.request(), &site))
        .and_then(|()| guard::asks_without_nul(request.request()));
    match checked {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_boxed_body),
        // Not by `into_response`, which forgets the fault: nothing would be told.
        Err(refusal) => Ok(request.error_response(Fault::from(refusal))),
    }
}

fn client_of(request: &HttpRequest, site: &Site) -> Client {
    Client { address: site.client_of(request.head()), request_id: id::mint_request(site.now()) }
}

/// Gives a refused request the body that fits the one who asked, and logs a cause of ours once.
fn tell_fault(answer: ServiceResponse, asked: &Asked, site: &Site, client: &Client) -> ServiceResponse {
    let Some(error) = answer.response().error() else { return answer };
    // The framework's own refusals are of a path or a query that cannot be read.
    let other = match error.as_response_error().status_code().is_client_error() {
        true => Fault::from(Refusal::BadRequest("The address cannot be read.".into())),
        false => Fault::broken(error.to_string()),
    };
    let fault = error.as_error::<Fault>().unwrap_or(&other);
    log_cause(fault, client);
    let signed_in = answer.request().extensions().get::<Rc<SignedIn>>().cloned();
    let told = fault_page::tell(fault, asked, signed_in.as_deref(), site, &client.request_id);
    let cookies: Vec<HeaderValue> = answer.headers().get_all("Set-Cookie").cloned().collect();
    let mut told = answer.into_response(told);
    for cookie in cookies {
        told.headers_mut().append(HeaderName::from_static("set-cookie"), cookie);
    }
    told
}

fn log_cause(fault: &Fault, client: &Client) {
    if let Fault::Unavailable(_) | Fault::Broken(_) = fault {
        tracing::error!(target: "keyrack", request = client.request_id, cause = %fault.to_string().escape_debug(), "failed");
    }
}

/// One line a request. The address's pattern, not the address: what people put into it is theirs.
fn log_request(asked: &Asked, pattern: Option<&str>, status: StatusCode, started: Instant, client: &Client) {
    tracing::info!(
        target: "keyrack",
        request = client.request_id,
        method = %asked.method,
        path = pattern.unwrap_or("-"),
        status = status.as_u16(),
        micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        client = %client.address,
        "answered"
    );
}

/// Whether an address is a machine's door, which gets no page and needs no page's headers.
pub fn is_machine_door(path: &str) -> bool {
    path.starts_with("/v1/")
        || path.starts_with("/auth/")
        || path.starts_with("/.well-known/")
        || matches!(path, "/healthz" | "/readyz" | "/openapi.json")
}

fn add_headers(headers: &mut HeaderMap, asked: &Asked, site: &Site, client: &Client) {
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-request-id", &client.request_id);
    set("x-content-type-options", "nosniff");
    if is_machine_door(&asked.path) {
        set("cache-control", "no-store");
        return;
    }
    set("content-security-policy", CONTENT_SECURITY_POLICY);
    set("referrer-policy", "same-origin");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", PERMISSIONS_POLICY);
    if site.public_url.is_https() {
        set("strict-transport-security", STRICT_TRANSPORT_SECURITY);
    }
}
