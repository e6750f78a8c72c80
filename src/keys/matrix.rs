//! The permission matrix of the create form: a resource a row, an action a column, with what is ticked and with the
//! fields that each resource can be held to.

use std::collections::BTreeMap;

use super::catalog::{Action, Catalog, Kind, Resource};
use super::facts;
use super::wording::{self, Chosen};

/// From so many resources on, the matrix scrolls within its frame and has a filter.
const MANY_RESOURCES: usize = 9;
/// From so many actions on, it takes a wide dialog, a block a resource on a phone, and "all of this row".
const MANY_ACTIONS: usize = 4;

/// What was sent of it already.
#[derive(Clone, Debug, Default)]
pub(super) struct Ticked {
    /// Each `permission`.
    pub(super) permissions: Vec<String>,
    /// RESOURCE of `fields.RESOURCE` → `all` or `some`.
    pub(super) fields_choice: BTreeMap<String, String>,
    /// Each `field`.
    pub(super) fields: Vec<String>,
}

pub(super) struct Matrix {
    pub(super) actions: Vec<ActionColumn>,
    pub(super) resources: Vec<ResourceRow>,
    /// What is chosen, said back.
    pub(super) sentence: String,
    /// Whether any resource can be held to some fields.
    pub(super) has_fields: bool,
    pub(super) has_many_actions: bool,
    pub(super) has_many_resources: bool,
    /// How many columns there are, that of the resources included.
    pub(super) width: usize,
}

pub(super) struct ActionColumn {
    pub(super) label: String,
    /// Which kinds may be granted it for any resource.
    pub(super) kinds: OfKinds,
}

pub(super) struct ResourceRow {
    pub(super) id: String,
    pub(super) label: String,
    /// One a column.
    pub(super) cells: Vec<Option<Cell>>,
    pub(super) fields: Option<FieldChoice>,
    /// Which kinds may be granted it.
    pub(super) kinds: OfKinds,
}

/// The kinds of key that a part of the form is for.
pub(super) struct OfKinds {
    /// Their ids, parted by blanks; empty: all.
    pub(super) ids: String,
    /// `WebAPI and Mobile keys`, for a form of which no script hides what is not for its kind.
    pub(super) said: String,
}

impl OfKinds {
    pub(super) fn which(catalog: &Catalog, is_one: impl Fn(&Kind) -> bool) -> OfKinds {
        let kinds: Vec<&Kind> = catalog.kinds().iter().filter(|kind| is_one(kind)).collect();
        if kinds.len() == catalog.kinds().len() {
            return OfKinds { ids: String::new(), said: String::new() };
        }
        let labels: Vec<String> = kinds.iter().map(|kind| facts::kind_label(kind)).collect();
        OfKinds {
            ids: kinds.iter().map(|kind| kind.id.as_str()).collect::<Vec<_>>().join(" "),
            said: format!("{} keys", wording::listed(&labels)),
        }
    }
}

pub(super) struct Cell {
    pub(super) value: String,
    /// `Shifts: Read`
    pub(super) label: String,
    /// `Read`, where no column's heading stands above it.
    pub(super) action: String,
    /// `read`
    pub(super) verb: String,
    pub(super) is_change: bool,
    pub(super) is_checked: bool,
}

/// All of a resource's fields, or which.
pub(super) struct FieldChoice {
    /// `all`, `3 of 40`
    pub(super) said: String,
    pub(super) is_some: bool,
    pub(super) fields: Vec<FieldBox>,
}

pub(super) struct FieldBox {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) is_checked: bool,
}

impl Matrix {
    pub(super) fn new(catalog: &Catalog, kind: &Kind, ticked: &Ticked) -> Matrix {
        let actions = catalog.actions();
        let (has_many_actions, resources) = (actions.len() >= MANY_ACTIONS, catalog.resources());
        Matrix {
            resources: resources.iter().map(|resource| row(catalog, resource, &actions, ticked)).collect(),
            sentence: sentence(catalog, kind, ticked),
            has_fields: resources.iter().any(|resource| !resource.fields.is_empty()),
            has_many_actions,
            has_many_resources: resources.len() >= MANY_RESOURCES,
            width: 1 + actions.len() + usize::from(has_many_actions),
            actions: actions.into_iter().map(|action| column(catalog, action)).collect(),
        }
    }
}

impl Ticked {
    fn has(&self, resource: &Resource, action: &Action) -> bool {
        self.permissions.contains(&pair(&resource.id, &action.id))
    }

    fn is_some(&self, resource: &Resource) -> bool {
        self.fields_choice.get(&resource.id).is_some_and(|choice| choice == "some")
    }
}

fn pair(resource: &str, id: &str) -> String {
    format!("{resource}:{id}")
}

fn column(catalog: &Catalog, action: &Action) -> ActionColumn {
    let is_granted = |kind: &Kind| catalog.resources_for(kind).any(|resource| resource.action(&action.id).is_some());
    ActionColumn { label: action.label.clone(), kinds: OfKinds::which(catalog, is_granted) }
}

fn row(catalog: &Catalog, resource: &Resource, columns: &[&Action], ticked: &Ticked) -> ResourceRow {
    let cell = |action: &Action| Cell {
        value: pair(&resource.id, &action.id),
        label: format!("{}: {}", resource.label, action.label),
        action: action.label.clone(),
        verb: action.label.to_lowercase(),
        is_change: action.changes_something(),
        is_checked: ticked.has(resource, action),
    };
    ResourceRow {
        id: resource.id.clone(),
        label: resource.label.clone(),
        cells: columns.iter().map(|column| resource.action(&column.id).map(cell)).collect(),
        fields: (!resource.fields.is_empty()).then(|| field_choice(resource, ticked)),
        kinds: OfKinds::which(catalog, |kind| kind.may_be_granted(&resource.id)),
    }
}

fn field_choice(resource: &Resource, ticked: &Ticked) -> FieldChoice {
    let field = |(id, label): (&String, &String)| {
        let value = pair(&resource.id, id);
        FieldBox { is_checked: ticked.fields.contains(&value), label: label.clone(), value }
    };
    let fields: Vec<FieldBox> = resource.fields.iter().map(|f| field((&f.id, &f.label))).collect();
    let is_some = ticked.is_some(resource);
    let count = fields.iter().filter(|field| field.is_checked).count();
    let said = if is_some { format!("{count} of {}", fields.len()) } else { "all".to_owned() };
    FieldChoice { said, is_some, fields }
}

/// As [`super::grants::Grants::sentence`], also of what is not yet, or not rightly, chosen.
fn sentence(catalog: &Catalog, kind: &Kind, ticked: &Ticked) -> String {
    let chosen = catalog.resources_for(kind).map(|resource| {
        let begin = format!("{}:", resource.id);
        Chosen {
            label: &resource.label,
            actions: resource.actions.iter().filter(|action| ticked.has(resource, action)).collect(),
            fields: ticked
                .is_some(resource)
                .then(|| ticked.fields.iter().filter(|field| field.starts_with(&begin)).count()),
        }
    });
    let chosen: Vec<Chosen<'_>> = chosen.filter(|chosen| !chosen.actions.is_empty()).collect();
    if chosen.is_empty() { "Nothing is chosen yet.".to_owned() } else { wording::sentences(&chosen).join(" ") }
}
