//! A program asks about a key that somebody sent it: JSON in, JSON out, always 200 for a question that can be read.

use actix_web::{HttpRequest, HttpResponse, web};

use super::asked::Caller;
use super::bearer;
use super::body;
use super::call::Call;
use super::question::Question;
use super::refused;
use crate::fault::Fault;
use crate::site::Site;

/// Judges the key in the body.
pub async fn act(request: HttpRequest, payload: web::Payload, site: web::Data<Site>) -> HttpResponse {
    let call = Call::of(&request, &site);
    let answered = answer(&call, payload).await;
    call.answer(answered)
}

async fn answer(call: &Call<'_>, payload: web::Payload) -> Result<HttpResponse, Fault> {
    if !call.site.askers.admit_program(call.request, call.site).await? {
        return Ok(refused::asker(call));
    }
    let body = match body::read(call, payload).await {
        Ok(body) => body,
        Err(none) => return Ok(none.answer(call)),
    };
    let question = match Question::read(&body) {
        Ok(question) => question,
        Err(why) => return Ok(body::bad(&why, call)),
    };
    let by = Caller { address: question.address, client: None };
    let verdict = call.site.gate.judge(bearer::read_text(&question.key), &question.asked(), by).await?;
    // Who may ask is told of every key that was found, also of one that is no longer good.
    let key = verdict.key().map_or_else(|| "null".to_owned(), |key| call.site.gate.json_of(key));
    let (code, id) = (verdict.code(), &call.id);
    let is_valid = code == super::verdict::Code::Valid;
    let told = format!("{{\"valid\":{is_valid},\"code\":\"{}\",\"key\":{key},\"request_id\":\"{id}\"}}", code.word());
    Ok(HttpResponse::Ok().content_type("application/json").body(told))
}
