//! The create form as it is shown: empty, or with what was typed and what is wrong with it.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::address;
use super::catalog::{Catalog, Kind};
use super::draft::{DraftErrors, RawDraft};
use super::expiration::{Choice, Lifetime};
use super::facts::{self, ProjectChoice, ToggleChoice};
use super::matrix::{Matrix, OfKinds, Ticked};
use super::name::KeyName;
use super::place::Place;
use crate::calendar;
use crate::fault::Fault;
use crate::page::{self, Shell};
use crate::people::session;
use crate::projects::project::Project;
use crate::site::Site;

const SECRET: &str = "Such a key is a secret: it is shown once, right after you create it.";
const PUBLISHABLE: &str =
    "Such a key is no secret: those who may see the list of keys can see and copy it at any time.";

/// A kind of key to choose.
pub(super) struct KindChoice {
    id: String,
    label: String,
    environment: Option<String>,
    /// Whether its keys are secrets, as a sentence.
    said: &'static str,
    is_chosen: bool,
}

/// What can be on or off for a kind of key.
pub(super) struct KindToggles {
    kinds: OfKinds,
    toggles: Vec<ToggleChoice>,
    error: Option<String>,
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
    name: String,
    name_length: usize,
    name_error: Option<String>,
    kinds: Vec<KindChoice>,
    kind_error: Option<String>,
    projects: Vec<ProjectChoice>,
    project_error: Option<String>,
    matrix: Matrix,
    permissions_error: Option<String>,
    domains: String,
    domain_kinds: Option<OfKinds>,
    domains_error: Option<String>,
    toggles: Vec<KindToggles>,
    addresses: String,
    addresses_error: Option<String>,
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
    kind: String,
    project: String,
    ticked: Ticked,
    domains: String,
    addresses: String,
    toggles: BTreeMap<String, String>,
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
            kind: String::new(),
            project: String::new(),
            ticked: Ticked::default(),
            domains: String::new(),
            addresses: String::new(),
            toggles: BTreeMap::new(),
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
            kind: raw.kind.unwrap_or_default().to_owned(),
            project: raw.project.unwrap_or_default().to_owned(),
            ticked: Ticked {
                permissions: raw.permissions.to_vec(),
                fields_choice: raw.fields_choice.clone(),
                fields: raw.fields.to_vec(),
            },
            domains: raw.bounds.domains.unwrap_or_default().to_owned(),
            addresses: raw.bounds.addresses.unwrap_or_default().to_owned(),
            toggles: raw.bounds.toggles.clone(),
            expiration: raw.expiration.to_owned(),
            expires_on: raw.expires_on.unwrap_or_default().to_owned(),
            errors,
        }
    }
}

impl CreatePage {
    pub(super) fn new(shell: Shell, site: &Site, place: &Place, typed: Typed, projects: &[Project]) -> CreatePage {
        let catalog = &site.catalog;
        let errors = &typed.errors;
        let (told, bounds) = (|error: Option<&str>| error.map(str::to_owned), errors.bounds().clone());
        let kind = catalog.kind(&typed.kind).unwrap_or(catalog.default_kind());
        CreatePage {
            shell,
            is_dialog: place.wants_fragment,
            action_url: place.here(address::LIST_OF_KEYS),
            ask_url: place.here(address::NEW),
            back_url: place.list_url(),
            name_length: KeyName::length(&typed.name),
            name_error: told(errors.name()),
            kinds: catalog.kinds().iter().map(|own| kind_choice(own, kind)).collect(),
            kind_error: told(errors.kind()),
            project_error: told(errors.project()),
            projects: projects.iter().map(|project| project_choice(project, &typed.project)).collect(),
            matrix: Matrix::new(catalog, kind, &typed.ticked),
            permissions_error: told(errors.permissions()),
            domain_kinds: with_domains(catalog),
            domains: typed.domains,
            domains_error: bounds.domains,
            toggles: kind_toggles(catalog, kind, &typed.toggles, bounds.toggles),
            addresses: typed.addresses,
            addresses_error: bounds.addresses,
            expirations: Lifetime::CHOICES.map(|choice| expiration_choice(choice, &typed.expiration, place)).into(),
            earliest: place.zone.date(place.now).to_string(),
            latest: format!("{}-12-31", Lifetime::LAST_YEAR),
            expiration_error: told(errors.expires_on().or(errors.expiration())),
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

fn kind_choice(kind: &Kind, chosen: &Kind) -> KindChoice {
    KindChoice {
        id: kind.id.clone(),
        label: kind.label.clone(),
        environment: kind.environment.clone(),
        said: if kind.is_publishable() { PUBLISHABLE } else { SECRET },
        is_chosen: kind.id == chosen.id,
    }
}

fn project_choice(project: &Project, chosen: &str) -> ProjectChoice {
    let value = project.id.to_string();
    ProjectChoice { is_chosen: value == chosen, label: project.name.to_string(), value }
}

/// The kinds that can be held to domains, if there is one.
fn with_domains(catalog: &Catalog) -> Option<OfKinds> {
    let has_any = catalog.kinds().iter().any(|kind| kind.has_domains);
    has_any.then(|| OfKinds::which(catalog, |kind| kind.has_domains))
}

/// The toggles of each kind that has some. What is wrong with them stands beside those of the chosen kind, or where
/// that has none, beside the first.
fn kind_toggles(
    catalog: &Catalog,
    chosen: &Kind,
    typed: &BTreeMap<String, String>,
    error: Option<String>,
) -> Vec<KindToggles> {
    let with_toggles: Vec<&Kind> = catalog.kinds().iter().filter(|kind| !kind.toggles.is_empty()).collect();
    let told_at = with_toggles.iter().position(|kind| kind.id == chosen.id).unwrap_or(0);
    let of = |(n, kind): (usize, &Kind)| KindToggles {
        kinds: OfKinds::which(catalog, |other| other.id == kind.id),
        toggles: facts::toggle_choices(kind, typed, |toggle| toggle.default),
        error: error.clone().filter(|_| n == told_at),
    };
    with_toggles.into_iter().enumerate().map(of).collect()
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
