//! What a key is, as people see it where there is room: in its details, its edit form, behind the (i) of the list.

use std::collections::BTreeMap;

use super::catalog::{Catalog, Kind, Offered, Toggle, capitalised};
use super::grants::Grants;
use super::key::{ApiKey, Standing, Status};
use super::place::Place;
use super::shown::{self, Time};
use super::wording::{FieldsSaid, GrantLine};

/// All that is shown of a key, beside its name.
pub struct Facts {
    /// `sk_live_abc…wxyz`
    pub preview: String,
    /// All of it, while it works, if its kind is publishable.
    pub whole: Option<String>,
    /// `Secret key`; none where there is only one kind.
    pub kind: Option<String>,
    /// Where it is filed.
    pub project: Option<String>,
    /// A line for each resource.
    pub grants: Vec<GrantRow>,
    /// Whose pages may use it; none where its kind has no such thing.
    pub domains: Option<Vec<String>>,
    /// From where it may be used; empty: from anywhere.
    pub addresses: Vec<String>,
    /// How its kind's toggles are set.
    pub toggles: Vec<ToggleChoice>,
    /// When it ends; none: never.
    pub expiration: Option<Time>,
    /// `soon`, `urgent`, or nothing.
    pub urgency: &'static str,
    /// When it was made.
    pub created: Time,
    /// By whom.
    pub created_by: String,
}

impl Facts {
    /// The facts of a key.
    pub fn of(standing: &Standing, place: &Place, catalog: &Catalog) -> Facts {
        let key = standing.key();
        let kind = catalog.kind(&key.kind);
        let has_domains = kind.is_some_and(|kind| kind.has_domains) || !key.bounds.domains.is_empty();
        Facts {
            preview: key.preview.as_str().to_owned(),
            whole: whole(standing),
            kind: said_kind(key, catalog),
            project: key.filing.as_ref().map(|filing| filing.name.clone()),
            grants: grant_rows(&key.grants, catalog.offered_to(&key.kind)),
            domains: has_domains.then(|| key.bounds.domains.iter().map(ToString::to_string).collect()),
            addresses: key.bounds.addresses.iter().map(ToString::to_string).collect(),
            toggles: kind.map(|kind| toggles_of(key, kind)).unwrap_or_default(),
            expiration: Time::expiration(standing, place),
            urgency: shown::urgency(standing, place),
            created: Time::past(key.created_at, place),
            created_by: key.created_by.name.clone(),
        }
    }
}

/// The whole key, while it works and is no secret.
pub fn whole(standing: &Standing) -> Option<String> {
    let published = standing.key().published.as_ref().filter(|_| standing.status() == Status::Active);
    published.map(|key| key.as_str().to_owned())
}

/// What kind a key is of, where there are several, or where its own is no longer offered.
pub fn said_kind(key: &ApiKey, catalog: &Catalog) -> Option<String> {
    match catalog.kind(&key.kind) {
        Some(_) if catalog.kinds().len() == 1 => None,
        Some(kind) => Some(kind_label(kind)),
        None => Some(format!("{} (no longer offered)", capitalised(&key.kind))),
    }
}

/// The same where there is little room: without the environment, unless that is what tells it from another.
pub fn short_kind(key: &ApiKey, catalog: &Catalog) -> Option<String> {
    let said = said_kind(key, catalog)?;
    let is_own = |label: &str| catalog.kinds().iter().filter(|other| other.label == label).count() == 1;
    let label = catalog.kind(&key.kind).map(|kind| kind.label.clone()).filter(|label| is_own(label));
    Some(label.unwrap_or(said))
}

/// `Secret key`, `Secret key (Test)`
pub fn kind_label(kind: &Kind) -> String {
    match &kind.environment {
        Some(environment) => format!("{} ({environment})", kind.label),
        None => kind.label.clone(),
    }
}

/// What is granted of a resource.
pub struct GrantRow {
    /// `Users`
    pub resource: String,
    /// `Read, Write`
    pub actions: String,
    /// None where there are no fields to choose.
    pub fields: Option<FieldsSaid>,
    /// The catalog no longer offers it.
    pub is_retired: bool,
}

/// A line for each resource.
pub fn grant_rows(grants: &Grants, offered: Offered<'_>) -> Vec<GrantRow> {
    let row = |line: GrantLine| GrantRow {
        resource: line.resource,
        actions: line.actions,
        fields: line.fields,
        is_retired: !line.is_offered,
    };
    grants.lines(offered).into_iter().map(row).collect()
}

/// Before KIND.ID: the name of a toggle's field.
pub const TOGGLE: &str = "toggle.";

/// Something to switch on or off.
pub struct ToggleChoice {
    /// `toggle.webapi.greeting`: the name of its field.
    pub name: String,
    /// `Speak a greeting`
    pub label: String,
    /// How it is set.
    pub is_on: bool,
}

/// The toggles of a kind: as they were typed (KIND.ID → `on` or `off`), else as they are.
pub fn toggle_choices(
    kind: &Kind,
    typed: &BTreeMap<String, String>,
    is_on: impl Fn(&Toggle) -> bool,
) -> Vec<ToggleChoice> {
    let choice = |toggle: &Toggle| {
        let id = format!("{}.{}", kind.id, toggle.id);
        let is_on = typed.get(&id).map_or_else(|| is_on(toggle), |word| word == "on");
        ToggleChoice { name: format!("{TOGGLE}{id}"), label: toggle.label.clone(), is_on }
    };
    kind.toggles.iter().map(choice).collect()
}

fn toggles_of(key: &ApiKey, kind: &Kind) -> Vec<ToggleChoice> {
    toggle_choices(kind, &BTreeMap::new(), |toggle| key.bounds.toggles.is_on(toggle))
}

/// A project to choose.
pub struct ProjectChoice {
    /// Its id, or the word for what is none.
    pub value: String,
    /// Its name.
    pub label: String,
    /// Whether it is the one chosen.
    pub is_chosen: bool,
}
