//! The way in front of all others: what a key or a proxy asks is mostly answered from memory, and then neither routing
//! nor a future is needed for it. What cannot be answered so (another method, a lease that is over, a gate token that
//! has to be looked up) goes the way of every request, to the same doors.

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::Method;

use super::call::Call;
use super::held::{ENVOY_PREFIX, Proxy};
use super::{address, forward_auth, own_key};
use crate::site::Site;

/// The answer of a gate's door, if there is one without waiting for anything; else nothing has been done.
pub fn answer_at_once(head: &RequestHead, site: &Site) -> Option<HttpResponse> {
    let proxy = match head.uri.path() {
        address::OWN_KEY if matches!(head.method, Method::GET | Method::HEAD) => None,
        address::NGINX => Some(Proxy::Nginx),
        address::TRAEFIK => Some(Proxy::Traefik),
        address::CADDY => Some(Proxy::Caddy),
        path if path.starts_with(ENVOY_PREFIX) => Some(Proxy::Envoy),
        _ => return None,
    };
    let call = Call::of(head, site);
    let answer = match proxy {
        Some(proxy) => forward_auth::ask_at_once(proxy, &call),
        None => own_key::ask_at_once(&call),
    };
    answer.map(|answer| call.answer(Ok(answer)))
}
