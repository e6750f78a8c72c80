//! Anything that stops a request: the rules said no, or something of ours failed.
//!
//! A handler returns it; `edge.rs` logs its cause once and turns it into a page, a dialog or
//! problem+json, whichever the one who asked can read.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

use crate::refusal::Refusal;

/// How long to wait before asking an instance again that cannot serve.
const RETRY_AFTER_S: u32 = 3;

/// What stops a request.
pub enum Fault {
    /// The rules say no.
    Refused(Refusal),
    /// We cannot serve at the moment: the cause is for the log. Told as 503.
    Unavailable(Box<dyn std::error::Error + Send + Sync>),
    /// We broke our own promise: the cause is for the log. Told as 500.
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

impl Fault {
    /// We cannot serve because of `cause`.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
        Fault::Unavailable(cause.into())
    }

    /// Something that the program guarantees does not hold.
    pub fn broken(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
        Fault::Broken(cause.into())
    }
}

impl Fault {
    /// The headers that go with it: when to come back, and what else could have been asked.
    pub fn add_headers(&self, headers: &mut HeaderMap) {
        let header = match self {
            Fault::Refused(Refusal::TooManyTries(seconds)) => Some((header::RETRY_AFTER, seconds.to_string())),
            Fault::Refused(Refusal::WrongMethod(allowed)) => Some((header::ALLOW, allowed.clone())),
            Fault::Unavailable(_) => Some((header::RETRY_AFTER, RETRY_AFTER_S.to_string())),
            Fault::Refused(_) | Fault::Broken(_) => None,
        };
        if let Some((name, value)) = header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            headers.insert(name, value);
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        Fault::Refused(refusal)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Refused(refusal) => f.write_str(refusal.title()),
            Fault::Unavailable(cause) | Fault::Broken(cause) => {
                // Some drivers' messages run over several lines; a cause is one line of a log.
                f.write_str(&cause.to_string().split_whitespace().collect::<Vec<_>>().join(" "))
            }
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self {
            Fault::Refused(refusal) => {
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Fault::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The bare status; the edge gives it a body that fits the one who asked.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
