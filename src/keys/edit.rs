//! Edit a live key: its name. Permissions and expiration are shown for reference; they never change.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::changed::{Changed, RowChange};
use super::facts::{Facts, ToggleChoice};
use super::key::{ApiKey, KeyId, LiveKey, Standing};
use super::name::KeyName;
use super::place::{self, At, IdInPath, Place};
use super::realm::Realm;
use super::shown::KeyRow;
use super::{address, store};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_strictly};
use crate::guard::{Keeper, SignedIn};
use crate::page::{self, Shell};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;

const SPENT: Refusal = Refusal::WrongState("Only active keys can be renamed.");

#[derive(Template)]
#[template(path = "keys/edit.html", blocks = ["dialog", "sheet"])]
struct EditPage {
    shell: Shell,
    is_dialog: bool,
    action_url: String,
    back_url: String,
    revoke_url: String,
    name: String,
    name_length: usize,
    name_error: Option<String>,
    facts: Facts,
    /// None where its kind has no trusted domains.
    domains: Option<String>,
    domains_error: Option<String>,
    addresses: String,
    addresses_error: Option<String>,
    toggles: Vec<ToggleChoice>,
    toggles_error: Option<String>,
}

/// What is sent to rename a key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditForm {
    name: String,
}

impl Form for EditForm {
    fn read(pairs: Pairs) -> Result<EditForm, String> {
        read_strictly(&pairs)
    }
}

fn edit_page(signed_in: &SignedIn, key: LiveKey, place: &Place, site: &Site) -> EditPage {
    let standing = Standing::Live(key);
    let (key, kind) = (standing.key(), site.catalog.kind(&standing.key().kind));
    let mut facts = Facts::of(&standing, place, &site.catalog);
    let url = |pattern| place.of_key(pattern, &key.id);
    EditPage {
        shell: Shell::of(signed_in, site, address::LIST),
        is_dialog: place.wants_fragment,
        action_url: url(address::EDIT),
        back_url: place.list_url(),
        revoke_url: url(address::REVOCATION),
        name: key.name.to_string(),
        name_length: KeyName::length(key.name.as_str()),
        name_error: None,
        domains: kind.filter(|kind| kind.has_domains).map(|_| key.bounds.domains.to_text()),
        domains_error: None,
        addresses: key.bounds.addresses.to_text(),
        addresses_error: None,
        toggles: std::mem::take(&mut facts.toggles),
        toggles_error: None,
        facts,
    }
}

/// Asks for the new name; a spent key has details instead.
pub async fn ask(at: At<Keeper>, id: IdInPath, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Keeper { signed_in, .. }, place } = at;
    match place::find(&site, &place::realm_of(&signed_in), id).await?.at(place.now) {
        Standing::Spent(key) => Ok(page::see_other(&place.of_key(address::KEY, &key.id))),
        Standing::Live(key) => {
            let shown = edit_page(&signed_in, key, &place, &site);
            page::html(if place.wants_fragment { shown.as_dialog().render() } else { shown.render() })
        }
    }
}

/// Renames the key.
pub async fn act(at: At<Posted<Keeper, EditForm>>, id: IdInPath, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Posted { sender: Keeper { signed_in, .. }, form }, place } = at;
    let realm = place::realm_of(&signed_in);
    let Standing::Live(key) = place::find(&site, &realm, id).await?.at(place.now) else { return Err(SPENT.into()) };
    let name = match KeyName::parse(&form.name) {
        Ok(name) => name,
        Err(error) => {
            let shown = EditPage {
                name_length: KeyName::length(&form.name),
                name: form.name,
                name_error: Some(error.to_string()),
                ..edit_page(&signed_in, key, &place, &site)
            };
            let rendered = if place.wants_fragment { shown.as_sheet().render() } else { shown.render() };
            return page::html_with(StatusCode::UNPROCESSABLE_ENTITY, rendered);
        }
    };

    let (id, who, now) = (key.id.clone(), signed_in.who(), place.now);
    let key = site.store.write(move |db| rename(db, &realm, &id, name, &who, now)).await?;
    if !place.wants_fragment {
        return Ok(page::see_other(&place.list_url()));
    }
    let notice = format!("“{}” saved.", key.name);
    let row = KeyRow::of(key, true, &place, &site.catalog);
    Changed::of(vec![RowChange::Replaced(row)], &signed_in, &place, &site).await?.answer(notice)
}

fn rename(db: &mut Db, realm: &Realm, id: &KeyId, to: KeyName, who: &Who, now: Moment) -> Result<ApiKey, Fault> {
    let Standing::Live(key) = store::find(db, realm, id)?.ok_or(Refusal::NotFound)?.at(now) else {
        return Err(SPENT.into());
    };
    if key.name == to {
        return Ok(key.key().clone());
    }
    let detail = format!("{} → {to}", key.name);
    if !store::rename(db, &key, &to, now)? {
        // Somebody else was faster: what they made of it is what is renamed now, or no longer can be.
        return rename(db, realm, id, to, who, now);
    }
    let (who, team, subject) = (who.clone(), Some(realm.team.clone()), id.to_string());
    audit::record(db, &Event { at: now, who, team, action: Action::KeyRenamed, subject, detail })?;
    Ok(key.rename(to).key().clone())
}
