//! A key asks about itself, or revokes itself. That is all a key can do here.

use std::net::IpAddr;

use actix_web::http::header::USER_AGENT;
use actix_web::{HttpRequest, HttpResponse, web};

use super::asked::{Asked, Caller};
use super::call::Call;
use super::known::KnownKey;
use super::verdict::{Code, Verdict};
use super::{refused, wait_for_first};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::keys::key::KeyId;
use crate::keys::revoke_itself;
use crate::site::Site;
use crate::store::Db;

/// Tells what the key may. Whoever asks may do so in another's name (an API that was sent the key), so that origin and
/// address of this request say nothing: a key that is held to some is judged at the other doors.
pub async fn ask(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    let call = Call::of(&request, &site);
    let answered = answer(&call).await;
    call.answer(answered)
}

async fn answer(call: &Call<'_>) -> Result<HttpResponse, Fault> {
    let address = call.site.client_of(call.request);
    Ok(match judge(call, &Asked::default(), address).await? {
        Verdict::Valid(key) => call.good(&key),
        refused => refused::unauthorized(&refused, call),
    })
}

async fn judge(call: &Call<'_>, asked: &Asked<'_>, address: IpAddr) -> Result<Verdict, Fault> {
    let by = Caller { address: Some(address), client: call.header(USER_AGENT) };
    call.site.gate.judge(call.presented(), asked, by).await
}

/// The key revokes itself, from wherever it is. A publishable one cannot: anyone can present it.
pub async fn act(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    let call = Call::of(&request, &site);
    let answered = revoke(&call).await;
    call.answer(answered)
}

async fn revoke(call: &Call<'_>) -> Result<HttpResponse, Fault> {
    let address = call.site.client_of(call.request);
    let verdict = judge(call, &Asked::default(), address).await?;
    let key = match &verdict {
        Verdict::Valid(key) if key.is_publishable() => {
            let detail = "It stands where anyone can read it, so it cannot revoke itself. People revoke it.";
            return Ok(refused::forbidden("KIND_NOT_ALLOWED", "A publishable API key", detail, call));
        }
        Verdict::Valid(key) => key.clone(),
        // Others may not have heard of it yet: that it is revoked is said when they have.
        Verdict::Refused(Code::Revoked, _) => {
            call.site.store.write_at_any_cost(wait_for_first).await?;
            return Ok(refused::unauthorized(&verdict, call));
        }
        _ => return Ok(refused::unauthorized(&verdict, call)),
    };
    let (ended, clock) = (key.clone(), call.site.clock.clone());
    // The time is asked once it is our turn to write: a key that expired meanwhile is refused.
    let is_revoked = call.site.store.write_at_any_cost(move |db| end(db, &ended, address, clock.now())).await?;
    if is_revoked {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(match judge(call, &Asked::default(), address).await? {
        Verdict::Valid(_) => refused::unauthorized(&Verdict::Refused(Code::Revoked, Some(key)), call),
        refused => refused::unauthorized(&refused, call),
    })
}

/// Revokes a key by its own wish; false if it is not live (any more), which is said when others know it too.
fn end(db: &mut Db, key: &KnownKey, address: IpAddr, now: Moment) -> Result<bool, Fault> {
    let id = KeyId::parse(&key.id()).ok_or_else(|| Fault::broken("a known key without an id"))?;
    if !revoke_itself(db, &key.team().id, &id, now)? {
        wait_for_first(db)?;
        return Ok(false);
    }
    let who = Who { person: None, address: Some(address) };
    let (team, subject, detail) = (Some(key.team().id.clone()), id.to_string(), key.name().to_owned());
    audit::record(db, &Event { at: now, who, team, action: Action::KeyRevoked, subject, detail })?;
    Ok(true)
}
