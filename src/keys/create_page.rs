//! The create form as it is shown: empty, or with what was typed and what is wrong with it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::address;
use super::catalog::{Action, Catalog, Resource};
use super::draft::{DraftErrors, RawDraft};
use super::expiration::{Choice, Lifetime};
use super::grants::Grants;
use super::name::KeyName;
use super::place::Place;
use crate::calendar;
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::people::session;
use crate::site::Site;

pub(super) struct ActionColumn {
    label: String,
}

pub(super) struct ResourceRow {
    label: String,
    cells: Vec<Option<Cell>>,
}

pub(super) struct Cell {
    value: String,
    label: String,
    verb: String,
    is_change: bool,
    is_checked: bool,
}

pub(super) struct ExpirationChoice {
    value: &'static str,
    label: &'static str,
    outcome: String,
    is_caution: bool,
    is_checked: bool,
}

/// The create dialog, and the page without JavaScript.
#[derive(Template)]
#[template(path = "keys/create.html", blocks = ["dialog", "sheet"])]
pub(super) struct CreatePage {
    shell: Shell,
    is_dialog: bool,
    action_url: String,
    ask_url: String,
    back_url: String,
    nonce: String,
    replaces: Option<String>,
    kind: String,
    name: String,
    name_length: usize,
    name_error: Option<String>,
    actions: Vec<ActionColumn>,
    resources: Vec<ResourceRow>,
    permissions_error: Option<String>,
    sentence: String,
    expirations: Vec<ExpirationChoice>,
    expires_on: String,
    earliest: String,
    latest: String,
    expiration_error: Option<String>,
}

/// What stands in the form already.
pub(super) struct Typed {
    nonce: String,
    replaces: Option<String>,
    name: String,
    permissions: Vec<String>,
    expiration: String,
    expires_on: String,
    errors: DraftErrors,
}

impl Typed {
    /// A new form.
    pub(super) fn nothing() -> Typed {
        Typed {
            nonce: session::draw(),
            replaces: None,
            name: String::new(),
            permissions: Vec::new(),
            expiration: Lifetime::DEFAULT.choice().word.to_owned(),
            expires_on: String::new(),
            errors: DraftErrors::default(),
        }
    }

    /// The same form again, with what is wrong.
    pub(super) fn again(raw: &RawDraft<'_>, nonce: &str, replaces: Option<&str>, errors: DraftErrors) -> Typed {
        Typed {
            nonce: nonce.to_owned(),
            replaces: replaces.map(str::to_owned),
            name: raw.name.to_owned(),
            permissions: raw.permissions.to_vec(),
            expiration: raw.expiration.to_owned(),
            expires_on: raw.expires_on.unwrap_or_default().to_owned(),
            errors,
        }
    }
}

impl CreatePage {
    pub(super) fn new(shell: Shell, site: &Site, place: &Place, typed: Typed) -> CreatePage {
        let catalog = &site.catalog;
        let errors = &typed.errors;
        let expiration_error = errors.expires_on().or(errors.expiration());
        CreatePage {
            shell,
            is_dialog: place.wants_fragment,
            action_url: place.here(address::LIST_OF_KEYS),
            ask_url: place.here(address::NEW),
            back_url: place.list_url(),
            kind: catalog.default_kind().id.clone(),
            name_length: KeyName::length(&typed.name),
            name_error: errors.name().map(str::to_owned),
            actions: catalog.actions().into_iter().map(|a| ActionColumn { label: a.label.clone() }).collect(),
            resources: resource_rows(catalog, &typed.permissions),
            permissions_error: errors.permissions().or(errors.kind()).map(str::to_owned),
            sentence: sentence(catalog, &typed.permissions),
            expirations: Lifetime::CHOICES.map(|choice| expiration_choice(choice, &typed.expiration, place)).into(),
            earliest: place.zone.date(place.now).to_string(),
            latest: format!("{}-12-31", Lifetime::LAST_YEAR),
            expiration_error: expiration_error.map(str::to_owned),
            nonce: typed.nonce,
            replaces: typed.replaces,
            name: typed.name,
            expires_on: typed.expires_on,
        }
    }

    /// The whole page, the dialog, or the part of it that was sent.
    pub(super) fn answer(&self, status: StatusCode) -> Result<HttpResponse, Fault> {
        let rendered = match (self.is_dialog, status) {
            (false, _) => self.render(),
            (true, StatusCode::OK) => self.as_dialog().render(),
            (true, _) => self.as_sheet().render(),
        };
        page::html_with(status, rendered)
    }
}

fn resource_rows(catalog: &Catalog, checked: &[String]) -> Vec<ResourceRow> {
    let cell = |resource: &Resource, action: &Action| {
        let value = format!("{}:{}", resource.id, action.id);
        Cell {
            label: format!("{}: {}", resource.label, action.label),
            verb: action.label.to_lowercase(),
            is_change: action.changes_something(),
            is_checked: checked.contains(&value),
            value,
        }
    };
    let row = |resource: &Resource| ResourceRow {
        label: resource.label.clone(),
        cells: catalog.actions().iter().map(|a| resource.action(&a.id).map(|own| cell(resource, own))).collect(),
    };
    catalog.resources().iter().map(row).collect()
}

/// What is chosen, said back.
fn sentence(catalog: &Catalog, permissions: &[String]) -> String {
    let chosen = Grants::choose(catalog, permissions, &Default::default(), &[]);
    chosen.map_or("Nothing is chosen yet.".into(), |grants| grants.sentence(catalog))
}

fn expiration_choice(choice: Choice, chosen: &str, place: &Place) -> ExpirationChoice {
    let is_never = choice.word == "never";
    let ends = Lifetime::parse(choice.word, None, None, place.now).ok().and_then(|life| life.expires_at(place.now));
    let outcome = match ends {
        Some(at) => format!("Expires on {}.", calendar::long_day(at, place.zone)),
        None if is_never => {
            "A key that never expires works until somebody revokes it. Give it an end if you can.".into()
        }
        None => String::new(),
    };
    ExpirationChoice {
        value: choice.word,
        label: choice.label,
        outcome,
        is_caution: is_never,
        is_checked: choice.word == chosen,
    }
}
