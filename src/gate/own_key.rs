//! A key asks about itself, or revokes itself. That is all a key can do here.

use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, web};

use super::asked::Asked;
use super::call::Call;
use super::cors::{self, Readable};
use super::judge::Sought;
use super::known::KnownKey;
use super::verdict::{Code, Verdict};
use super::{refused, wait_for_first};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::keys::key::KeyId;
use crate::keys::revoke_itself;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;

/// Tells what the key may. Whoever asks may do so in another's name (an API that was sent the key), so that origin and
/// address of this request say nothing: a key that is held to some is judged at the other doors.
pub async fn ask(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    let call = Call::of(request.head(), &site).readable(Readable::Everything);
    let answered = judge(&call, |verdict, at| tell(verdict, at, &call)).await;
    call.answer(answered)
}

/// As [`ask`], as long as nothing has to be waited for.
pub fn ask_at_once(sought: Sought, call: &Call<'_>) -> Option<HttpResponse> {
    let by = call.by(Some(call.site.client_of(call.head)));
    call.site.gate.judge_at_once(sought, &Asked::default(), by, |verdict, at| tell(verdict, at, call))
}

fn tell(verdict: &Verdict<'_>, at: Moment, call: &Call<'_>) -> HttpResponse {
    call.judged(verdict);
    match verdict {
        Verdict::Valid(key) => call.good(key, at),
        refused => refused::unauthorized(refused, call),
    }
}

async fn judge<T>(call: &Call<'_>, tell: impl FnOnce(&Verdict<'_>, Moment) -> T) -> Result<T, Fault> {
    let by = call.by(Some(call.site.client_of(call.head)));
    call.site.gate.judge(call.presented(), &Asked::default(), by, tell).await
}

/// The key revokes itself, from wherever it is. A publishable one cannot: anyone can present it.
pub async fn act(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    let call = Call::of(request.head(), &site).readable(Readable::Everything);
    let answered = revoke(&call).await;
    call.answer(answered)
}

async fn revoke(call: &Call<'_>) -> Result<HttpResponse, Fault> {
    let key = match judge(call, |verdict, _| ending(verdict, call)).await? {
        Ending::Of(key) => key,
        Ending::Before(answer) => {
            // Others may not have heard of it yet: that it is revoked is said when they have.
            call.site.store.write_at_any_cost(wait_for_first).await?;
            return Ok(answer);
        }
        Ending::None(answer) => return Ok(answer),
    };
    let address = call.site.client_of(call.head);
    let (ended, clock) = (key.clone(), call.site.clock.clone());
    // The time is asked once it is our turn to write: a key that expired meanwhile is refused.
    let is_revoked = call.site.store.write_at_any_cost(move |db| end(db, &ended, address, clock.now())).await?;
    if is_revoked {
        return Ok(HttpResponse::NoContent().finish());
    }
    judge(call, |verdict, _| match verdict {
        Verdict::Valid(_) => refused::unauthorized(&Verdict::Refused(Code::Revoked, Some(&key)), call),
        refused => refused::unauthorized(refused, call),
    })
    .await
}

/// A web page asks whether it may send its key.
pub async fn preflight(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    const METHODS: &str = "GET, HEAD, DELETE";
    let call = Call::of(request.head(), &site).readable(Readable::Everything);
    let mut response = HttpResponse::NoContent().finish();
    let rules = &site.catalog.gate().cors;
    let is_allowed = cors::open_preflight(response.headers_mut(), call.head, rules, METHODS);
    call.answer(if is_allowed { Ok(response) } else { Err(Refusal::WrongMethod(METHODS.to_owned()).into()) })
}

/// What there is to end.
enum Ending {
    /// This key.
    Of(Box<KnownKey>),
    /// It ended before, by a revoke.
    Before(HttpResponse),
    /// Nothing.
    None(HttpResponse),
}

fn ending(verdict: &Verdict<'_>, call: &Call<'_>) -> Ending {
    call.judged(verdict);
    match verdict {
        Verdict::Valid(key) if key.is_publishable() => {
            let detail = "It stands where anyone can read it, so it cannot revoke itself. People revoke it.";
            Ending::None(refused::forbidden("KIND_NOT_ALLOWED", "A publishable API key", detail, call))
        }
        Verdict::Valid(key) => Ending::Of(Box::new((*key).clone())),
        Verdict::Refused(Code::Revoked, _) => Ending::Before(refused::unauthorized(verdict, call)),
        _ => Ending::None(refused::unauthorized(verdict, call)),
    }
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
