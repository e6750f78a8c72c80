//! A program asks about a key that somebody sent it: JSON in, JSON out, always 200 for a question that can be read.

use actix_web::{HttpRequest, HttpResponse, web};

use super::asked::Caller;
use super::bearer;
use super::body;
use super::call::Call;
use super::question::Question;
use super::verdict::{Code, Verdict};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::site::Site;

impl body::Question for Question {
    fn read(body: &[u8]) -> Result<Question, String> {
        Question::read(body)
    }
}

/// Judges the key in the body.
pub async fn act(request: HttpRequest, payload: web::Payload, site: web::Data<Site>) -> HttpResponse {
    body::answer(&request, payload, &site, answer).await
}

async fn answer(call: &Call<'_>, question: Question) -> Result<HttpResponse, Fault> {
    let by = Caller { at: call.at, address: question.address, client: None };
    let presented = bearer::read_text(&question.key);
    call.site
        .gate
        .judge(presented, &question.asked(&call.site.catalog), by, |verdict, at| tell(verdict, at, call))
        .await
}

/// Who may ask is told of every key that was found, also of one that is no longer good.
fn tell(verdict: &Verdict<'_>, at: Moment, call: &Call<'_>) -> HttpResponse {
    let key = verdict.key().map_or_else(|| "null".to_owned(), |key| key.json(at));
    let (code, id) = (verdict.code(), call.id());
    let is_valid = code == Code::Valid;
    let told = format!("{{\"valid\":{is_valid},\"code\":\"{}\",\"key\":{key},\"request_id\":\"{id}\"}}", code.word());
    HttpResponse::Ok().content_type("application/json").body(told)
}
