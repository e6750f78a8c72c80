//! The body of a question: a short text that arrives in time, or a refusal that says what is wrong with it.

use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

use super::call::Call;
use super::refused;
use crate::fault::Fault;
use crate::problem::Problem;
use crate::site::Site;

/// It has so long to arrive.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Answers what is asked in a body: who may ask, has it read, and hands what it means to `answer`.
pub async fn answer<Question>(
    request: &HttpRequest,
    payload: web::Payload,
    site: &Site,
    read: fn(&[u8]) -> Result<Question, String>,
    answer: impl AsyncFnOnce(&Call<'_>, Question) -> Result<HttpResponse, Fault>,
) -> HttpResponse {
    let call = Call::of(request.head(), site);
    let answered = async {
        if !site.askers.admit_program(call.head, site).await? {
            return Ok(refused::asker(&call));
        }
        match whole(request, payload).await {
            Ok(body) => match read(&body) {
                Ok(question) => answer(&call, question).await,
                Err(why) => Ok(bad(&why, &call)),
            },
            Err(none) => Ok(none.answer(&call)),
        }
    };
    let answered = answered.await;
    call.answer(answered)
}

/// Why there is no body to read.
enum NoBody {
    /// It is longer than the route allows.
    TooLarge,
    /// It did not come, or not whole.
    Broken,
}

async fn whole(request: &HttpRequest, payload: web::Payload) -> Result<web::Bytes, NoBody> {
    let mut payload = payload.into_inner();
    let body = actix_web::rt::time::timeout(TIMEOUT, web::Bytes::from_request(request, &mut payload)).await;
    body.map_err(|_| NoBody::Broken)?.map_err(|error| match error.as_error() {
        Some(PayloadError::Overflow) => NoBody::TooLarge,
        _ if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE => NoBody::TooLarge,
        _ => NoBody::Broken,
    })
}

impl NoBody {
    /// The answer that tells it.
    fn answer(&self, call: &Call<'_>) -> HttpResponse {
        match self {
            NoBody::TooLarge => Problem {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                code: "BODY_TOO_LARGE",
                title: "The body is too long",
                detail: "A question about a key has 16 KiB at most.",
            }
            .answer(call.id(), |_| {}),
            NoBody::Broken => bad("The body did not arrive whole, and in time.", call),
        }
    }
}

/// 400 for a body that is none.
fn bad(detail: &str, call: &Call<'_>) -> HttpResponse {
    let status = StatusCode::BAD_REQUEST;
    Problem { status, code: "BAD_REQUEST", title: "This is no question about a key", detail }.answer(call.id(), |_| {})
}
