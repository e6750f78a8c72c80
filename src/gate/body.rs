//! The body of a question: a short text that arrives in time, or a refusal that says what is wrong with it.

use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

use super::askers::program_credential;
use super::call::Call;
use super::credential::Credential;
use super::refused;
use crate::fault::Fault;
use crate::problem::Problem;
use crate::site::Site;

/// It has so long to arrive.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A question that a program asks in a body.
pub trait Question: Sized {
    /// Whether the body may contain a gate token.
    const MAY_HAVE_TOKEN: bool = false;

    /// Reads a body, or says what is wrong with it.
    fn read(body: &[u8]) -> Result<Self, String>;

    /// The gate token in the body.
    fn token(&self) -> Credential {
        Credential::NotSent
    }
}

/// Answers a question, if its caller is allowed. Strangers' bodies are read only if there may be a gate token in them.
pub async fn answer<Q: Question>(
    request: &HttpRequest,
    payload: web::Payload,
    site: &Site,
    answer: impl AsyncFnOnce(&Call<'_>, Q) -> Result<HttpResponse, Fault>,
) -> HttpResponse {
    let call = Call::of(request.head(), site);
    let answered = async {
        let header = program_credential(call.head);
        let admit = |credential| site.askers.admit_program(call.head, credential, site);
        let is_admitted = admit(header).await?;
        let may_follow = Q::MAY_HAVE_TOKEN && header == Credential::NotSent;
        if !is_admitted && !may_follow {
            return Ok(refused::program(header, &call));
        }
        let question = whole(request, payload).await.and_then(|body| Q::read(&body).map_err(NoQuestion::Unreadable));
        let question = match question {
            Ok(question) => question,
            Err(why) if is_admitted => return Ok(why.answer(&call)),
            Err(_) => return Ok(refused::program(header, &call)),
        };
        match question.token() {
            Credential::NotSent if is_admitted => answer(&call, question).await,
            Credential::NotSent => Ok(refused::program(header, &call)),
            // One method in a request (RFC 6749, 2.3).
            _ if header != Credential::NotSent => Ok(bad("The gate token is sent in two ways. Send it in one.", &call)),
            token if admit(token).await? => answer(&call, question).await,
            token => Ok(refused::program(token, &call)),
        }
    };
    let answered = answered.await;
    call.answer(answered)
}

/// Why there is no question.
enum NoQuestion {
    /// It is longer than the route allows.
    TooLarge,
    /// It did not come, or not whole.
    Broken,
    /// It cannot be understood.
    Unreadable(String),
}

async fn whole(request: &HttpRequest, payload: web::Payload) -> Result<web::Bytes, NoQuestion> {
    let mut payload = payload.into_inner();
    let body = actix_web::rt::time::timeout(TIMEOUT, web::Bytes::from_request(request, &mut payload)).await;
    body.map_err(|_| NoQuestion::Broken)?.map_err(|error| match error.as_error() {
        Some(PayloadError::Overflow) => NoQuestion::TooLarge,
        _ if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE => NoQuestion::TooLarge,
        _ => NoQuestion::Broken,
    })
}

impl NoQuestion {
    /// The answer that tells it.
    fn answer(&self, call: &Call<'_>) -> HttpResponse {
        match self {
            NoQuestion::TooLarge => Problem {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                code: "BODY_TOO_LARGE",
                title: "The body is too long",
                detail: "A question about a key has 16 KiB at most.",
            }
            .answer(call.id(), |_| {}),
            NoQuestion::Unreadable(why) => bad(why, call),
            NoQuestion::Broken => bad("The body did not arrive whole, and in time.", call),
        }
    }
}

/// 400 for a body that is none.
fn bad(detail: &str, call: &Call<'_>) -> HttpResponse {
    let status = StatusCode::BAD_REQUEST;
    Problem { status, code: "BAD_REQUEST", title: "This is no question about a key", detail }.answer(call.id(), |_| {})
}
