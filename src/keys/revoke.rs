//! Revoke a live key: at once, for good. Revoking a revoked one is the same success, with nothing changed.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::changed::{Changed, RowChange};
use super::in_use::{self, Lately};
use super::key::{ApiKey, KeyId, SpentKey, Standing, Status};
use super::place::{self, At, IdInPath};
use super::realm::Realm;
use super::refusals::Refusals;
use super::shown::KeyRow;
use super::{address, store};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_nothing};
use crate::gate::wait_for_first;
use crate::guard::Keeper;
use crate::page::{self, Shell};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;

#[derive(Template)]
#[template(path = "keys/revoke.html", blocks = ["dialog"])]
struct RevokePage {
    shell: Shell,
    is_dialog: bool,
    action_url: String,
    back_url: String,
    name: String,
    preview: String,
    lately: Lately,
}

/// Nothing but the will to revoke.
pub struct RevokeForm;

impl Form for RevokeForm {
    fn read(pairs: Pairs) -> Result<RevokeForm, String> {
        read_nothing(&pairs).map(|()| RevokeForm)
    }
}

/// Asks whether it is meant; a spent key has details instead.
pub async fn ask(at: At<Keeper>, id: IdInPath, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Keeper { signed_in, reach }, place } = at;
    match place::find(&site, &signed_in.realm(reach), id).await?.at(place.now) {
        Standing::Spent(key) => Ok(page::see_other(&place.of_key(address::KEY, &key.id))),
        Standing::Live(key) => {
            let known = in_use::known(&site, &key, place.now).await?;
            let shown = RevokePage {
                shell: Shell::of(&signed_in, &site, address::LIST),
                is_dialog: place.wants_fragment,
                action_url: place.of_key(address::REVOCATION, &key.id),
                back_url: place.list_url(),
                name: key.name.to_string(),
                preview: key.preview.as_str().to_owned(),
                lately: known.lately(&key, &place),
            };
            page::html(if place.wants_fragment { shown.as_dialog().render() } else { shown.render() })
        }
    }
}

/// Revokes the key.
pub async fn act(
    at: At<Posted<Keeper, RevokeForm>>,
    id: IdInPath,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let At { who: Posted { sender: Keeper { signed_in, reach }, .. }, place } = at;
    let (id, realm, who) = (id.found()?, signed_in.realm(reach), signed_in.who());
    let (now, within) = (place.now, realm.clone());
    let key = site.store.write_at_any_cost(move |db| revoke(db, &within, &id, &who, now)).await?;
    if !place.wants_fragment {
        return Ok(page::see_other(&place.list_url()));
    }
    let notice = format!("“{}” revoked. It stopped working at once.", key.name);
    let refusals = Refusals::of(&key, 0, &place);
    let row = KeyRow::of(key, true, &place, &site.catalog).with_refusals(refusals);
    Changed::of(vec![RowChange::Replaced(row)], realm, &place, &site).await?.answer(notice)
}

/// Revokes the realm's key of that id, within a transaction.
pub(super) fn revoke(db: &mut Db, realm: &Realm, id: &KeyId, who: &Who, now: Moment) -> Result<ApiKey, Fault> {
    let find = |db: &mut Db| Ok::<Standing, Fault>(store::find(db, realm, id)?.ok_or(Refusal::NotFound)?.at(now));
    let standing = find(db)?;
    let (Standing::Live(live), Some(person)) = (&standing, &who.person) else { return already(db, standing) };
    if !store::revoke(db, realm, id, person, now)? {
        let standing = find(db)?;
        return already(db, standing); // somebody else was faster
    }
    let (team, subject, detail) = (Some(realm.team.clone()), id.to_string(), live.name.to_string());
    audit::record(db, &Event { at: now, who: who.clone(), team, action: Action::KeyRevoked, subject, detail })?;
    Ok(store::find(db, realm, id)?.ok_or(Refusal::NotFound)?)
}

/// A second revoke is the same answer as the first one, and no earlier: others may not have heard of that yet.
fn already(db: &mut Db, standing: Standing) -> Result<ApiKey, Fault> {
    match standing {
        Standing::Spent(spent) if is_revoked(&spent) => {
            wait_for_first(db)?;
            Ok(spent.key().clone())
        }
        Standing::Spent(_) | Standing::Live(_) => Err(Refusal::WrongState("Only active keys can be revoked.").into()),
    }
}

fn is_revoked(key: &SpentKey) -> bool {
    key.status() == Status::Revoked
}
