//! A key asks about itself, or revokes itself. That is all a key can do here.

use std::collections::BTreeMap;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::bearer::{self, Presented};
use super::verdict::{Flaw, GoodKey, Verdict};
use super::{refused, store};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::edge::Client;
use crate::fault::Fault;
use crate::keys::catalog::Kind;
use crate::keys::key::Status;
use crate::keys::revoke_itself;
use crate::keys::secret::{KeySecret, Malformed};
use crate::site::Site;
use crate::store::Db;

#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    name: &'a str,
    team: ToldTeam<'a>,
    project: Option<&'a str>,
    kind: &'a str,
    permissions: Vec<String>,
    fields: BTreeMap<&'a str, &'a [String]>,
    created_at: String,
    expires_at: Option<String>,
    status: &'static str,
}

#[derive(Serialize)]
struct ToldTeam<'a> {
    id: &'a str,
    name: &'a str,
}

impl<'a> Told<'a> {
    fn of(GoodKey { key, may }: &'a GoodKey) -> Told<'a> {
        Told {
            id: key.id.as_str(),
            name: &key.name,
            team: ToldTeam { id: key.team.id.as_str(), name: &key.team.name },
            project: None,
            kind: &key.kind,
            permissions: may.iter().collect(),
            fields: may.restricted().collect(),
            created_at: key.created_at.rfc3339(),
            expires_at: key.expiration.at().map(Moment::rfc3339),
            status: Status::Active.word(),
        }
    }
}

/// The secret that the request presents, or what is wrong with it without a look-up.
fn presented(request: &HttpRequest, site: &Site) -> Result<KeySecret, Verdict> {
    let all = |name: &str| request.headers().get_all(name).map(|value| value.as_bytes()).collect::<Vec<_>>();
    match bearer::read(&all(AUTHORIZATION.as_str()), &all("X-API-Key")) {
        Presented::Nothing => Err(Verdict::Missing),
        Presented::Unreadable => Err(Verdict::Malformed(Flaw::Other)),
        Presented::Spaced => Err(Verdict::Malformed(Flaw::Blank)),
        Presented::Text(text) => {
            KeySecret::parse(text, site.catalog.prefixes()).map_err(|why| Verdict::Malformed(flaw(why)))
        }
    }
}

fn flaw(why: Malformed) -> Flaw {
    match why {
        Malformed::Prefix => Flaw::Prefix,
        Malformed::Length | Malformed::Alphabet | Malformed::Checksum => Flaw::Other,
    }
}

/// Tells what the key may.
pub async fn ask(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let verdict = match presented(&request, &site) {
        Err(verdict) => verdict,
        Ok(secret) => {
            let found = site.store.read(move |db| store::find(db, &secret.digest())).await?;
            // The time is asked after the look-up: a key that expired meanwhile is refused.
            found.map_or(Verdict::NotFound, |found| Verdict::on(found, &site.catalog, site.now()))
        }
    };
    Ok(match verdict {
        Verdict::Valid(key) => HttpResponse::Ok().json(Told::of(&key)),
        refused => refused::unauthorized(&refused, &request, &site),
    })
}

/// How a key's wish to be revoked ends.
enum Ended {
    /// As the verdict on it says: a valid one is revoked now.
    By(Verdict),
    /// It is no secret: whoever reads it could end it.
    Publishable,
}

/// The key revokes itself. A publishable one cannot: anyone can present it.
pub async fn act(
    request: HttpRequest,
    client: web::ReqData<Client>,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let who = Who { person: None, address: Some(client.address) };
    let ended = match presented(&request, &site) {
        Err(verdict) => Ended::By(verdict),
        Ok(secret) => {
            let its_site = site.clone();
            site.store.write(move |db| revoke(db, &secret, who, &its_site)).await?
        }
    };
    Ok(match ended {
        Ended::By(Verdict::Valid(_)) => HttpResponse::NoContent().finish(),
        Ended::By(refused) => refused::unauthorized(&refused, &request, &site),
        Ended::Publishable => {
            let detail = "It stands where anyone can read it, so it cannot revoke itself. People revoke it.";
            refused::forbidden("KIND_NOT_ALLOWED", "A publishable API key", detail, &request)
        }
    })
}

fn revoke(db: &mut Db, secret: &KeySecret, who: Who, site: &Site) -> Result<Ended, Fault> {
    // The time is asked once it is our turn to write: a key that expired meanwhile is refused.
    let now = site.now();
    let Some(found) = store::find(db, &secret.digest())? else { return Ok(Ended::By(Verdict::NotFound)) };
    let verdict = Verdict::on(found, &site.catalog, now);
    let Verdict::Valid(good) = &verdict else { return Ok(Ended::By(verdict)) };
    let key = &good.key;
    // Also where the catalog has made a secret of the kind since: the key was there for all to read.
    if key.is_published || site.catalog.kind(&key.kind).is_some_and(Kind::is_publishable) {
        return Ok(Ended::Publishable);
    }
    if !revoke_itself(db, &key.team.id, &key.id, now)? {
        return Ok(Ended::By(Verdict::Revoked)); // somebody else was faster
    }
    let (team, subject, detail) = (Some(key.team.id.clone()), key.id.to_string(), key.name.clone());
    audit::record(db, &Event { at: now, who, team, action: Action::KeyRevoked, subject, detail })?;
    Ok(Ended::By(verdict))
}
