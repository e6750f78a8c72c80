//! Create a key: asks for its name, permissions and expiration; issues it; reveals its secret in the
//! answer and nowhere else, ever. A form makes one key, however often it is sent.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::bounds::RawBounds;
use super::changed::{Changed, RowChange};
use super::create_page::{CreatePage, Typed};
use super::draft::{Draft, Offer, RawDraft};
use super::facts::TOGGLE;
use super::key::{Actor, ApiKey, KeyId};
use super::place::{self, At, IdInPath, Place};
use super::realm::Realm;
use super::secret::KeySecret;
use super::shown::{Hidden, KeyRow, Time};
use super::{address, store};
use crate::audit::{self, Action, Event, Who};
use crate::calendar;
use crate::clock::Moment;
use crate::docs;
use crate::fault::Fault;
use crate::form::{Form, Pairs, Posted, read_strictly, take_named};
use crate::gate;
use crate::guard::{Keeper, SignedIn};
use crate::page::{self, Shell};
use crate::people::session;
use crate::projects::{self, project::Project};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Db;

#[derive(Template)]
#[template(path = "keys/reveal.html", blocks = ["dialog"])]
struct RevealPage<'a> {
    shell: Shell,
    is_dialog: bool,
    name: &'a str,
    secret: &'a str,
    /// Whether it is shown this once.
    is_secret: bool,
    permissions: String,
    expiration: String,
    env_name: String,
    /// How the key is sent: a header and a call, with `KEY` and `$KEY` in place of the key.
    header: String,
    header_label: &'static str,
    curl: String,
    docs_url: &'static str,
    back_url: String,
}

#[derive(Template)]
#[template(path = "keys/create_conflict.html", blocks = ["sheet"])]
struct CreateConflictPage {
    shell: Shell,
    is_dialog: bool,
    name: String,
    preview: String,
    created: Time,
    action_url: String,
    ask_url: String,
    back_url: String,
    kept: Vec<Hidden>,
    replaces: String,
    nonce: String,
}

/// What is sent to create a key.
pub struct CreateForm {
    fields: CreateFields,
    fields_choice: BTreeMap<String, String>,
    toggles: BTreeMap<String, String>,
    as_sent: Pairs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateFields {
    nonce: String,
    name: String,
    kind: Option<String>,
    #[serde(default)]
    permission: Vec<String>,
    #[serde(default)]
    field: Vec<String>,
    expiration: String,
    expires_on: Option<String>,
    time_zone: Option<String>,
    project: Option<String>,
    domain: Option<String>,
    address: Option<String>,
    /// The key that this one replaces, revoked with the same answer.
    replaces: Option<String>,
}

impl Form for CreateForm {
    fn read(pairs: Pairs) -> Result<CreateForm, String> {
        let (fields_choice, rest) = take_named(pairs.clone(), "fields.")?;
        let (toggles, rest) = take_named(rest, TOGGLE)?;
        let fields: CreateFields = read_strictly(&rest)?;
        if !session::is_nonce(&fields.nonce) {
            return Err("the field nonce is not one of ours".into());
        }
        Ok(CreateForm { fields, fields_choice, toggles, as_sent: pairs })
    }
}

impl CreateForm {
    fn raw(&self) -> RawDraft<'_> {
        RawDraft {
            name: &self.fields.name,
            kind: self.fields.kind.as_deref(),
            permissions: &self.fields.permission,
            fields_choice: &self.fields_choice,
            fields: &self.fields.field,
            expiration: &self.fields.expiration,
            expires_on: self.fields.expires_on.as_deref(),
            time_zone: self.fields.time_zone.as_deref(),
            project: self.fields.project.as_deref(),
            bounds: RawBounds {
                domains: self.fields.domain.as_deref(),
                addresses: self.fields.address.as_deref(),
                toggles: &self.toggles,
            },
        }
    }

    fn replaces(&self) -> Result<Option<KeyId>, Refusal> {
        let id = self.fields.replaces.as_deref();
        id.map(|id| KeyId::parse(id).ok_or(Refusal::NotFound)).transpose()
    }
}

/// Asks for a new key.
pub async fn ask(at: At<Keeper>, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Keeper { signed_in, .. }, place } = at;
    let shell = Shell::of(&signed_in, &site, address::LIST);
    let projects = open_projects(&site, &signed_in).await?;
    CreatePage::new(shell, &site, &place, Typed::nothing(), &projects).answer(StatusCode::OK)
}

/// The projects that the form offers.
async fn open_projects(site: &Site, signed_in: &SignedIn) -> Result<Vec<Project>, Fault> {
    let team = signed_in.member.team.id.clone();
    site.store.read(move |db| projects::open_of(db, &team)).await
}

/// Creates the key and reveals its secret.
pub async fn act(at: At<Posted<Keeper, CreateForm>>, site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let At { who: Posted { sender: Keeper { signed_in, reach }, form }, place } = at;
    let shell = Shell::of(&signed_in, &site, address::LIST);
    let projects = match form.fields.project.as_deref().unwrap_or_default() {
        "" => Vec::new(),
        _ => open_projects(&site, &signed_in).await?,
    };
    let draft = match Draft::parse(&form.raw(), Offer { catalog: &site.catalog, projects: &projects }, place.now) {
        Ok(draft) => draft,
        Err(errors) => {
            let typed = Typed::again(&form.raw(), &form.fields.nonce, form.fields.replaces.as_deref(), *errors);
            let projects = open_projects(&site, &signed_in).await?;
            return CreatePage::new(shell, &site, &place, typed, &projects).answer(StatusCode::UNPROCESSABLE_ENTITY);
        }
    };

    let secret = KeySecret::mint_from_os(&draft.kind().prefix);
    let realm = signed_in.realm(reach);
    let maker = Actor { person: signed_in.member.person.id.clone(), name: signed_in.member.person.name.clone() };
    let key = draft.issue(realm.team.clone(), maker, &secret);
    let (digest, nonce, replaces) = (secret.digest(), form.fields.nonce.clone(), form.replaces()?);
    let (issued, reached, who) = (key.clone(), realm.clone(), signed_in.who());
    let written = site.store.write(move |db| {
        store::insert(db, &issued, &digest, &nonce)?;
        record(db, &issued, &who, Action::KeyCreated)?;
        replaces.map(|id| replace(db, &reached, &id, &who, issued.created_at)).transpose()
    });
    let replaced = match written.await {
        Ok(replaced) => replaced,
        Err(Fault::Refused(Refusal::AlreadySent)) => return already_sent(shell, &form, &realm, place, &site).await,
        Err(fault) => return Err(fault),
    };

    let reveal = reveal(shell, &key, &secret, &place, &site);
    if !place.wants_fragment {
        return page::html(reveal.render());
    }
    let row = |key| KeyRow::of(key, true, &place, &site.catalog);
    let changes = [Some(RowChange::Added(row(key.clone()))), replaced.map(|key| RowChange::Replaced(row(key)))];
    // The key is made and its secret can be shown only now: a list that cannot be read does not stop that.
    let changed = match Changed::of(changes.into_iter().flatten().collect(), realm, &place, &site).await {
        Ok(changed) => Some(changed.beside_a_dialog(format!("“{}” created.", key.name))),
        Err(fault) => {
            tracing::warn!(target: "keyrack", cause = %fault, "a new key's row could not be shown");
            None
        }
    };
    let rendered = reveal.as_dialog().render().and_then(|mut answer| {
        if let Some(changed) = changed {
            answer.push_str(&changed.render()?);
        }
        Ok(answer)
    });
    page::html(rendered)
}

/// Revokes the key that a new one takes the place of; one that expired meanwhile is out of the way already.
fn replace(db: &mut Db, realm: &Realm, old: &KeyId, who: &Who, now: Moment) -> Result<ApiKey, Fault> {
    match super::revoke::revoke(db, realm, old, who, now) {
        Err(Fault::Refused(Refusal::WrongState(_))) => Ok(store::find(db, realm, old)?.ok_or(Refusal::NotFound)?),
        revoked => revoked,
    }
}

fn record(db: &mut Db, key: &ApiKey, who: &Who, action: Action) -> Result<(), Fault> {
    let event = Event {
        at: key.created_at,
        who: who.clone(),
        team: Some(key.team.clone()),
        action,
        subject: key.id.to_string(),
        detail: key.name.to_string(),
    };
    audit::record(db, &event)
}

fn reveal<'a>(shell: Shell, key: &'a ApiKey, secret: &'a KeySecret, place: &Place, site: &Site) -> RevealPage<'a> {
    let ends = key.expiration.at();
    let key_headers = &site.catalog.gate().key_headers;
    RevealPage {
        shell,
        is_dialog: place.wants_fragment,
        name: key.name.as_str(),
        secret: secret.expose(),
        is_secret: key.published.is_none(),
        permissions: key.grants.sentence(site.catalog.offered_to(&key.kind)),
        expiration: ends
            .map_or("Never expires".into(), |at| format!("Expires on {}", calendar::long_day(at, place.zone))),
        env_name: env_name(&site.catalog.product().name),
        header: key_headers.example("KEY"),
        header_label: if key_headers.takes_bearer() { "Authorization header" } else { "Header" },
        curl: format!("curl {} {}", key_headers.curl_option(), gate::own_key_url(site)),
        docs_url: docs::ADDRESS,
        back_url: place.list_url(),
    }
}

/// `SOON_API_KEY`
fn env_name(product: &str) -> String {
    let upper: String =
        product.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    let word = upper.trim_matches(|c: char| c == '_' || c.is_ascii_digit());
    if word.is_empty() { "API_KEY".into() } else { format!("{word}_API_KEY") }
}

/// The form was sent before: the key is there, its secret was shown once, and this says how to go on.
async fn already_sent(
    shell: Shell,
    form: &CreateForm,
    realm: &Realm,
    place: Place,
    site: &Site,
) -> Result<HttpResponse, Fault> {
    let (team, nonce) = (realm.team.clone(), form.fields.nonce.clone());
    let made = site.store.read(move |db| store::find_made_with(db, &team, &nonce)).await?;
    let made = place::find(site, realm, IdInPath(made)).await.map_err(|fault| match fault {
        // It was made and deleted since: there is nothing left to replace.
        Fault::Refused(Refusal::NotFound) => Refusal::AlreadySent.into(),
        other => other,
    })?;
    let dropped = ["nonce", "replaces"];
    let kept = form.as_sent.iter().filter(|(name, _)| !dropped.contains(&name.as_str()));
    let page = CreateConflictPage {
        shell,
        is_dialog: place.wants_fragment,
        name: made.name.to_string(),
        preview: made.preview.as_str().to_owned(),
        created: Time::past(made.created_at, &place),
        action_url: place.here(address::LIST_OF_KEYS),
        ask_url: place.here(address::NEW),
        back_url: place.list_url(),
        kept: kept.map(|(name, value)| Hidden { name: name.clone(), value: value.clone() }).collect(),
        replaces: made.id.to_string(),
        nonce: session::draw(),
    };
    let rendered = if page.is_dialog { page.as_sheet().render() } else { page.render() };
    page::html_with(StatusCode::CONFLICT, rendered)
}

#[cfg(test)]
mod tests {
    use super::env_name;

    #[test]
    fn a_products_name_makes_a_variable() {
        assert_eq!(env_name("Soon"), "SOON_API_KEY");
        assert_eq!(env_name("Soul Machines 2"), "SOUL_MACHINES_API_KEY");
        assert_eq!(env_name("42"), "API_KEY");
    }
}
