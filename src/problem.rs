//! problem+json (RFC 9457): what a machine reads when it is refused.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;

use crate::fault::Fault;
use crate::keys::grants::Grant;
use crate::refusal::Refusal;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<Vec<String>>,
}

impl Problem<'_> {
    /// The answer, with headers of its own where `with` adds them.
    pub fn answer(&self, request_id: &str, with: impl FnOnce(&mut HttpResponseBuilder)) -> HttpResponse {
        self.told(request_id, None, with)
    }

    /// As [`answer`](Problem::answer), where something is required: with what it is.
    pub fn answer_requiring(
        &self,
        request_id: &str,
        required: &[Grant],
        with: impl FnOnce(&mut HttpResponseBuilder),
    ) -> HttpResponse {
        self.told(request_id, Some(required.iter().map(Grant::to_string).collect()), with)
    }

    fn told(
        &self,
        request_id: &str,
        required: Option<Vec<String>>,
        with: impl FnOnce(&mut HttpResponseBuilder),
    ) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        with(&mut answer);
        let Problem { status, code, title, detail } = self;
        answer.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/problem+json")));
        answer.json(Body { status: status.as_u16(), title, detail, code, request_id, required })
    }
}

/// What a machine reads when a fault stops its request.
pub fn of_fault(fault: &Fault, request_id: &str) -> HttpResponse {
    let (code, title, detail) = match fault {
        Fault::Refused(Refusal::NotFound) => {
            ("NO_SUCH_ADDRESS", "No such address", "See /docs/api for those there are.")
        }
        Fault::Refused(Refusal::WrongMethod(_)) => ("WRONG_METHOD", "Wrong method", "`Allow` lists those there are."),
        Fault::Refused(refusal) => ("REFUSED", refusal.title(), "Send the request as /docs/api says."),
        Fault::Unavailable(_) => {
            ("UNAVAILABLE", "Keyrack cannot decide right now", "Refuse, and ask again in a moment.")
        }
        Fault::Broken(_) => ("BROKEN", "Something is broken on our side", "Refuse. It is in our log."),
    };
    let mut answer = Problem { status: fault.status_code(), code, title, detail }.answer(request_id, |_| {});
    fault.add_headers(answer.headers_mut());
    answer
}
