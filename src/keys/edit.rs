//! Edit a live key: its name and its bounds. Permissions and expiration are shown for reference; they never change.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::bounds::{BoundsErrors, RawBounds};
use super::catalog::Catalog;
use super::changed::{Changed, RowChange};
use super::facts::{Facts, TOGGLE, ToggleChoice};
use super::key::{ApiKey, KeyId, LiveKey, Standing};
use super::name::KeyName;
use super::place::{self, At, IdInPath, Place};
use super::realm::Realm;
use super::shown::{KeyRow, Time};
use super::{address, store};
use crate::audit::{self, Action, Event, Who};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_strictly, take_named};
use crate::gate::wait_for_first;
use crate::guard::{Keeper, SignedIn};
use crate::page::{self, Shell};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;

const OVERTAKEN: Refusal =
    Refusal::WrongState("Somebody else edited this key since you opened it. Nothing was changed: open it again.");
const SPENT: Refusal = Refusal::WrongState("Only active keys can be renamed.");

#[derive(Template)]
#[template(path = "keys/edit.html", blocks = ["dialog", "sheet"])]
struct EditPage {
    shell: Shell,
    is_dialog: bool,
    action_url: String,
    back_url: String,
    revoke_url: String,
    /// Tells its use; none: it was never used.
    used: Option<UsedLink>,
    revision: String,
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

/// When a key was last used, and where more is told of that.
struct UsedLink {
    last: Time,
    url: String,
}

/// What is sent to edit a key.
pub struct EditForm {
    fields: EditFields,
    toggles: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditFields {
    name: String,
    domain: Option<String>,
    address: Option<String>,
    /// What the form was made from; absent, whatever is there is edited.
    revision: Option<String>,
}

impl Form for EditForm {
    fn read(pairs: Pairs) -> Result<EditForm, String> {
        let (toggles, rest) = take_named(pairs, TOGGLE)?;
        Ok(EditForm { fields: read_strictly(&rest)?, toggles })
    }
}

/// What is wrong, a sentence beside each field that it is about.
struct EditErrors {
    name: Option<String>,
    bounds: BoundsErrors,
}

impl EditForm {
    /// The key as it was meant to become.
    fn edited(&self, key: LiveKey, catalog: &Catalog) -> Result<LiveKey, EditErrors> {
        let EditFields { name, domain, address, .. } = &self.fields;
        let raw = RawBounds { domains: domain.as_deref(), addresses: address.as_deref(), toggles: &self.toggles };
        match (KeyName::parse(name), raw.read_again(catalog.kind(&key.kind), &key.bounds)) {
            (Ok(name), Ok(bounds)) => Ok(key.rename(name).bound(bounds)),
            (name, bounds) => {
                let name = name.err().map(|error| error.to_string());
                Err(EditErrors { name, bounds: bounds.err().unwrap_or_default() })
            }
        }
    }

    /// The page again, with what was typed and what is wrong with it.
    fn again(self, errors: EditErrors, page: EditPage) -> EditPage {
        let EditFields { name, domain, address, revision } = self.fields;
        let mut toggles = page.toggles;
        for toggle in &mut toggles {
            if let Some(word) = toggle.name.strip_prefix(TOGGLE).and_then(|id| self.toggles.get(id)) {
                toggle.is_on = word == "on";
            }
        }
        EditPage {
            name_length: KeyName::length(&name),
            name,
            name_error: errors.name,
            revision: revision.unwrap_or(page.revision),
            domains: page.domains.map(|kept| domain.unwrap_or(kept)),
            domains_error: errors.bounds.domains,
            addresses: address.unwrap_or(page.addresses),
            addresses_error: errors.bounds.addresses,
            toggles,
            toggles_error: errors.bounds.toggles,
            ..page
        }
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
        used: key.last_use.as_ref().map(|last| UsedLink { last: Time::last_use(last, place), url: url(address::KEY) }),
        revision: key.revision(),
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
    let At { who: Keeper { signed_in, reach }, place } = at;
    match place::find(&site, &signed_in.realm(reach), id).await?.at(place.now) {
        Standing::Spent(key) => Ok(page::see_other(&place.of_key(address::KEY, &key.id))),
        Standing::Live(key) => {
            let shown = edit_page(&signed_in, key, &place, &site);
            page::html(if place.wants_fragment { shown.as_dialog().render() } else { shown.render() })
        }
    }
}

/// Changes the key's name, and its bounds as far as they were sent.
pub async fn act(at: At<Posted<Keeper, EditForm>>, id: IdInPath, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Posted { sender: Keeper { signed_in, reach }, form }, place } = at;
    let realm = signed_in.realm(reach);
    let Standing::Live(key) = place::find(&site, &realm, id).await?.at(place.now) else { return Err(SPENT.into()) };
    let id = key.id.clone();
    if let Err(errors) = form.edited(key.clone(), &site.catalog) {
        let shown = form.again(errors, edit_page(&signed_in, key, &place, &site));
        let rendered = if place.wants_fragment { shown.as_sheet().render() } else { shown.render() };
        return page::html_with(StatusCode::UNPROCESSABLE_ENTITY, rendered);
    }

    let (within, who, now, its_site) = (realm.clone(), signed_in.who(), place.now, site.clone());
    let written = site.store.write(move |db| edit(db, &within, &id, &form, &its_site.catalog, &who, now));
    let key = written.await?;
    if !place.wants_fragment {
        return Ok(page::see_other(&place.list_url()));
    }
    let notice = format!("“{}” saved.", key.name);
    let row = KeyRow::of(key, true, &place, &site.catalog);
    Changed::of(vec![RowChange::Replaced(row)], realm, &place, &site).await?.answer(notice)
}

fn edit(
    db: &mut Db,
    realm: &Realm,
    id: &KeyId,
    form: &EditForm,
    catalog: &Catalog,
    who: &Who,
    now: Moment,
) -> Result<ApiKey, Fault> {
    let Standing::Live(before) = store::find(db, realm, id)?.ok_or(Refusal::NotFound)?.at(now) else {
        return Err(SPENT.into());
    };
    if form.fields.revision.as_ref().is_some_and(|seen| *seen != before.revision()) {
        return Err(OVERTAKEN.into());
    }
    // What was sent was read once; only a catalog that is another one meanwhile could refuse it now.
    let after = form.edited(before.clone(), catalog).map_err(|_| SPENT)?;
    if before == after {
        // Somebody may have made the same edit just now, and not everyone knows of it yet.
        wait_for_first(db)?;
        return Ok(after.key().clone());
    }
    if !store::edit(db, &before, &after, now)? {
        // Somebody else was faster: what they made of it is what is edited now, or no longer can be.
        return edit(db, realm, id, form, catalog, who, now);
    }
    let mut record = |action, detail| {
        let (who, team, subject) = (who.clone(), Some(realm.team.clone()), id.to_string());
        audit::record(db, &Event { at: now, who, team, action, subject, detail })
    };
    if before.name != after.name {
        record(Action::KeyRenamed, format!("{} → {}", before.name, after.name))?;
    }
    if before.bounds != after.bounds {
        record(Action::KeyBounded, format!("{}: {}", after.name, before.bounds.changes(&after.bounds).join(", ")))?;
    }
    Ok(after.key().clone())
}
