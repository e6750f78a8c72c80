//! problem+json (RFC 9457): what a machine reads when it is refused.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

/// Why a machine is refused.
pub struct Problem<'a> {
    /// The HTTP status.
    pub status: StatusCode,
    /// For programs: stable, in capitals.
    pub code: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What to do.
    pub detail: &'a str,
}

#[derive(Serialize)]
struct Body<'a> {
    status: u16,
    title: &'a str,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
}

impl Problem<'_> {
    /// The answer, with headers of its own where `with` adds them.
    pub fn answer(&self, request_id: &str, with: impl FnOnce(&mut HttpResponseBuilder)) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        with(&mut answer);
        let Problem { status, code, title, detail } = self;
        answer.content_type("application/problem+json");
        answer.json(Body { status: status.as_u16(), title, detail, code, request_id })
    }
}
