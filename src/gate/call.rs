//! One question at a door, and what all answers have in common. Nothing is logged of a verdict: a line would cost more
//! than the verdict itself, and the use of a key and the metrics tell more.

use actix_web::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse};

use super::bearer::{self, Presented};
use super::known::KnownKey;
use crate::fault::Fault;
use crate::id;
use crate::problem;
use crate::site::Site;

// Names are parsed once: by text each look-up would do it anew.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_KEY_EXPIRES: HeaderName = HeaderName::from_static("x-key-expires");

/// A question.
pub struct Call<'a> {
    /// As it came.
    pub request: &'a HttpRequest,
    /// Who is asked.
    pub site: &'a Site,
    /// What it is called.
    pub id: String,
}

impl<'a> Call<'a> {
    /// A question that just came.
    pub fn of(request: &'a HttpRequest, site: &'a Site) -> Call<'a> {
        Call { request, site, id: id::mint_request(site.now()) }
    }

    /// A header's text; none if there is none, or it is no ASCII text.
    pub fn header(&self, name: HeaderName) -> Option<&'a str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The key that the request itself presents.
    pub fn presented(&self) -> Presented<'a> {
        let headers = self.request.headers();
        let all = |name: HeaderName| headers.get_all(name).map(|value| value.as_bytes());
        bearer::read(all(AUTHORIZATION), all(X_API_KEY))
    }

    /// 200 with what is known of a good key.
    pub fn good(&self, key: &KnownKey) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        answer.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        if let Some(at) = key.expires_at() {
            answer.insert_header((X_KEY_EXPIRES, at.rfc3339()));
        }
        answer.body(self.site.gate.json_of(key))
    }

    /// What every answer carries; a fault is told as a problem, and its cause logged once.
    pub fn answer(self, answered: Result<HttpResponse, Fault>) -> HttpResponse {
        let mut answer = answered.unwrap_or_else(|fault| {
            let fault = match fault {
                // Whatever the reason: it cannot decide.
                Fault::Broken(cause) => Fault::Unavailable(cause),
                fault => fault,
            };
            if let Fault::Unavailable(_) = fault
                && self.site.gate.may_complain()
            {
                let cause = fault.to_string();
                tracing::error!(target: "keyrack", request = self.id, cause = %cause.escape_debug(), "cannot decide");
            }
            problem::of_fault(&fault, &self.id)
        });
        let headers = answer.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(id) = HeaderValue::try_from(self.id) {
            headers.insert(X_REQUEST_ID, id);
        }
        answer
    }
}
