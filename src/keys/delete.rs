//! Delete a spent key: it leaves the list. The audit log keeps its history, a tombstone its digest.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::changed::{Changed, RowChange};
use super::key::{KeyId, Standing};
use super::place::{self, At, IdInPath};
use super::realm::Realm;
use super::{address, store};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_nothing};
use crate::guard::Keeper;
use crate::page::{self, Shell};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;

const LIVE: Refusal = Refusal::WrongState("Only revoked and expired keys can be deleted. Revoke it first.");

#[derive(Template)]
#[template(path = "keys/delete.html", blocks = ["dialog"])]
struct DeletePage {
    shell: Shell,
    is_dialog: bool,
    action_url: String,
    back_url: String,
    name: String,
    preview: String,
    status: &'static str,
    tone: &'static str,
}

/// Nothing but the will to delete.
pub struct DeleteForm;

impl Form for DeleteForm {
    fn read(pairs: Pairs) -> Result<DeleteForm, String> {
        read_nothing(&pairs).map(|()| DeleteForm)
    }
}

/// Asks whether it is meant.
pub async fn ask(at: At<Keeper>, id: IdInPath, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Keeper { signed_in, reach }, place } = at;
    let Standing::Spent(key) = place::find(&site, &signed_in.realm(reach), id).await?.at(place.now) else {
        return Err(LIVE.into());
    };
    let shown = DeletePage {
        shell: Shell::of(&signed_in, &site, address::LIST),
        is_dialog: place.wants_fragment,
        action_url: place.of_key(address::DELETION, &key.id),
        back_url: place.list_url(),
        name: key.name.to_string(),
        preview: key.preview.as_str().to_owned(),
        status: key.status().label(),
        tone: key.status().word(),
    };
    page::html(if place.wants_fragment { shown.as_dialog().render() } else { shown.render() })
}

/// Deletes the key.
pub async fn act(
    at: At<Posted<Keeper, DeleteForm>>,
    id: IdInPath,
    site: web::Data<Site>,
) -> Result<HttpResponse, Fault> {
    let At { who: Posted { sender: Keeper { signed_in, reach }, .. }, place } = at;
    let (id, realm, who) = (id.found()?, signed_in.realm(reach), signed_in.who());
    let (now, deleted, within) = (place.now, id.clone(), realm.clone());
    let name = site.store.write(move |db| delete(db, &within, &id, &who, now)).await?;
    if !place.wants_fragment {
        return Ok(page::see_other(&place.list_url()));
    }
    let changed = Changed::of(vec![RowChange::Removed(deleted)], realm, &place, &site).await?;
    changed.answer(format!("“{name}” deleted."))
}

fn delete(db: &mut Db, realm: &Realm, id: &KeyId, who: &Who, now: Moment) -> Result<String, Fault> {
    let Standing::Spent(key) = store::find(db, realm, id)?.ok_or(Refusal::NotFound)?.at(now) else {
        return Err(LIVE.into());
    };
    if !store::delete(db, realm, id, now)? {
        return Err(Refusal::NotFound.into()); // somebody else was faster
    }
    let name = key.name.to_string();
    let (who, team, subject, detail) = (who.clone(), Some(realm.team.clone()), id.to_string(), name.clone());
    audit::record(db, &Event { at: now, who, team, action: Action::KeyDeleted, subject, detail })?;
    Ok(name)
}
