//! problem+json (RFC 9457): what a machine reads when it is refused.

use std::borrow::Cow;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

use crate::fault::Fault;
use crate::json::push_text;
use crate::refusal::Refusal;

/// The code again, for proxies that pass on headers and no body.
pub const X_AUTH_CODE: HeaderName = HeaderName::from_static("x-auth-code");

/// Why a machine is refused.
#[derive(Clone, Copy, Debug)]
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

/// A problem as it is told again and again: all of its text but what differs from request to request.
#[derive(Clone, Debug)]
pub struct ReadyProblem {
    status: StatusCode,
    code: &'static str,
    /// Up to the name of the request.
    text: Box<str>,
}

impl Problem<'_> {
    /// All that can be written before anybody asks.
    pub fn ready(&self) -> ReadyProblem {
        let Problem { status, code, title, detail } = self;
        let mut text = format!("{{\"status\":{}", status.as_u16());
        for (name, value) in [("title", *title), ("detail", detail), ("code", code)] {
            text.push_str(&format!(",\"{name}\":"));
            push_text(value, &mut text);
        }
        text.push_str(",\"request_id\":");
        ReadyProblem { status: *status, code, text: text.into() }
    }

    /// The answer, with headers of its own where `with` adds them.
    pub fn answer(&self, request_id: &str, with: impl FnOnce(&mut HeaderMap)) -> HttpResponse {
        self.ready().answer(request_id, None, with)
    }
}

impl ReadyProblem {
    /// The answer, with headers of its own where `with` adds them; at a door that requires something, with what it is.
    pub fn answer(
        &self,
        request_id: &str,
        required: Option<&[Cow<'_, str>]>,
        with: impl FnOnce(&mut HeaderMap),
    ) -> HttpResponse {
        let mut text = String::with_capacity(self.text.len() + 128);
        text.push_str(&self.text);
        push_text(request_id, &mut text);
        if let Some(required) = required {
            text.push_str(",\"required\":[");
            for (at, permission) in required.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                push_text(permission, &mut text);
            }
            text.push(']');
        }
        text.push('}');
        let mut answer = HttpResponse::with_body(self.status, BoxBody::new(text));
        with(answer.headers_mut());
        answer.headers_mut().append(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        answer.headers_mut().append(X_AUTH_CODE, HeaderValue::from_static(self.code));
        answer
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
    let problem = Problem { status: fault.status_code(), code, title, detail };
    problem.answer(request_id, |headers| fault.add_headers(headers))
}
