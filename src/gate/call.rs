//! One question at a door, and what all answers have in common. Nothing is logged of a verdict: a line would cost more
//! than the verdict itself, and the use of a key and the metrics tell more.

use std::cell::{Cell, OnceCell};
use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::dev::RequestHead;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT, X_CONTENT_TYPE_OPTIONS,
};

use super::asked::Caller;
use super::bearer::{self, Presented};
use super::cors::{self, Readable, Sender};
use super::identity::{X_KEY_EXPIRES, plain};
use super::known::KnownKey;
use super::verdict::Verdict;
use crate::clock::Moment;
use crate::fault::Fault;
use crate::id;
use crate::keys::catalog::Cors;
use crate::problem;
use crate::site::Site;

// Names are parsed by the compiler: by text each look-up would do it anew. One that is only looked up is a static.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A question.
pub struct Call<'a> {
    /// As it came.
    pub head: &'a RequestHead,
    /// Who is asked.
    pub site: &'a Site,
    /// When it came.
    pub at: Moment,
    id: OnceCell<String>,
    readable: Readable,
    sender: Cell<Sender>,
}

impl<'a> Call<'a> {
    /// A question that just came.
    pub fn of(head: &'a RequestHead, site: &'a Site) -> Call<'a> {
        let (readable, sender) = (Readable::Nothing, Cell::default());
        Call { head, site, at: site.now(), id: OnceCell::new(), readable, sender }
    }

    /// The same for an endpoint some of whose responses are for web pages too, where the catalog lets them.
    pub fn readable(self, readable: Readable) -> Call<'a> {
        Call { readable, ..self }
    }

    /// Remembers whether the key that was found trusts the page that sent the request.
    pub fn judged(&self, verdict: &Verdict<'_>) {
        if self.site.catalog.gate().cors == Cors::TrustedDomains {
            self.sender.set(Sender::of(verdict.key(), self.head));
        }
    }

    /// What it is called, from when it is first asked: an answer whose body does not name it needs none.
    pub fn id(&self) -> &str {
        self.id.get_or_init(|| id::mint_request(self.at))
    }

    /// The key that the request itself presents.
    pub fn presented(&self) -> Presented<'a> {
        presented(self.head, self.site)
    }

    /// Whose request it is, if it comes from there.
    pub fn by(&self, address: Option<IpAddr>) -> Caller<'a> {
        let client = self.head.headers.get(&USER_AGENT).and_then(|value| value.to_str().ok());
        Caller { at: self.at, address, client }
    }

    /// 200 with what is known of a good key at a moment.
    pub fn good(&self, key: &KnownKey, at: Moment) -> HttpResponse {
        let body = BoxBody::new(key.json(at));
        let mut answer = HttpResponse::with_body(StatusCode::OK, body);
        let headers = answer.headers_mut();
        headers.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(at) = key.expires_at() {
            headers.append(X_KEY_EXPIRES, plain(at.rfc3339()));
        }
        answer
    }

    /// What every answer carries, and the id if it was asked for; a fault is told as a problem, and its cause logged once.
    pub fn answer(self, answered: Result<HttpResponse, Fault>) -> HttpResponse {
        let mut answer = answered.unwrap_or_else(|fault| self.excuse(fault));
        if self.readable.includes(answer.status()) {
            cors::open(answer.headers_mut(), self.head, &self.site.catalog.gate().cors, self.sender.get());
        }
        let headers = answer.headers_mut();
        // None of them is there yet: to append is then to insert, with half as many moves of each value.
        headers.append(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.append(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(id) = self.id.into_inner() {
            headers.append(X_REQUEST_ID, plain(id));
        }
        answer
    }

    fn excuse(&self, fault: Fault) -> HttpResponse {
        let fault = match fault {
            // Whatever the reason: it cannot decide.
            Fault::Broken(cause) => Fault::Unavailable(cause),
            fault => fault,
        };
        if let Fault::Unavailable(_) = fault
            && self.site.gate.may_complain()
        {
            let cause = fault.to_string();
            tracing::error!(target: "keyrack", request = self.id(), cause = %cause.escape_debug(), "cannot decide");
        }
        problem::of_fault(&fault, self.id())
    }
}

/// What a request itself presents as its key.
pub fn presented<'a>(head: &'a RequestHead, site: &Site) -> Presented<'a> {
    let values = |name: &HeaderName| head.headers.get_all(name).map(|value| value.as_bytes());
    bearer::read(&site.catalog.gate().key_headers, values, |text| site.catalog.begins_like_a_key(text))
}
