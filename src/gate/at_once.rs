//! The way in front of all others: what a key or a proxy asks is mostly answered from memory, and then neither routing
//! nor a future is needed for it. What cannot be answered so (another method, a lease that is over, a gate token that
//! has to be looked up) goes the way of every request, to the same doors.

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::Method;

use super::call::{self, Call};
use super::cors::Readable;
use super::held::{ENVOY_PREFIX, Proxy};
use super::{address, forward_auth, own_key};
use crate::site::Site;

/// The answer of a gate's door, if there is one without waiting for anything; else nothing has been done that counts.
pub fn answer_at_once(head: &RequestHead, site: &Site) -> Option<HttpResponse> {
    let proxy = match head.uri.path() {
        address::OWN_KEY if matches!(head.method, Method::GET | Method::HEAD) => None,
        address::NGINX => Some(Proxy::Nginx),
        address::INGRESS_NGINX => Some(Proxy::IngressNginx),
        address::TRAEFIK => Some(Proxy::Traefik),
        address::CADDY => Some(Proxy::Caddy),
        path if path.starts_with(ENVOY_PREFIX) => Some(Proxy::Envoy),
        _ => return None,
    };
    // Of many keys none is near at hand: it is sought first, and comes while the rest of the request is read.
    let sought = site.gate.seek(call::presented(head, site));
    let readable = if proxy.is_some() { Readable::Refusals } else { Readable::Everything };
    let call = Call::of(head, site).readable(readable);
    sought.fetch();
    let answer = match proxy {
        Some(proxy) => forward_auth::ask_at_once(proxy, sought, &call),
        None => own_key::ask_at_once(sought, &call),
    };
    answer.map(|answer| call.answer(Ok(answer)))
}
