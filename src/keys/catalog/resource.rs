//! What keys open: resources, what can be done with them, and the fields that their records have.

use super::capitalised;
use crate::keys::grants::Grant;

/// Something that can be done with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// `read`.
    pub id: String,
    /// `Read`.
    pub label: String,
    /// What replaces `resource:action` outside Keyrack: `admin.users:read`.
    pub scope: Option<String>,
}

impl Action {
    /// An action labelled by its id, capitalised, without a scope.
    pub fn new(id: &str) -> Action {
        Action { id: id.to_owned(), label: capitalised(id), scope: None }
    }

    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !matches!(self.id.as_str(), "read" | "list" | "view" | "download" | "export")
    }
}

/// One column of a resource's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// `start`.
    pub id: String,
    /// `Start`.
    pub label: String,
}

impl Field {
    /// A field labelled by its id, capitalised.
    pub fn new(id: &str) -> Field {
        Field { id: id.to_owned(), label: capitalised(id) }
    }
}

/// Something of the product's that keys open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `shifts`.
    pub id: String,
    /// `Shifts`.
    pub label: String,
    /// What can be done with it; at least one.
    pub actions: Vec<Action>,
    /// To which a key can be held; may be empty.
    pub fields: Vec<Field>,
}

impl Resource {
    /// A resource labelled by its id, capitalised, with actions and fields by their ids.
    pub fn new(id: &str, actions: &[&str], fields: &[&str]) -> Resource {
        Resource {
            id: id.to_owned(),
            label: capitalised(id),
            actions: actions.iter().map(|id| Action::new(id)).collect(),
            fields: fields.iter().map(|id| Field::new(id)).collect(),
        }
    }

    /// Each action as a permission.
    pub fn grants(&self) -> impl Iterator<Item = Grant> {
        self.actions.iter().filter_map(|action| self.grant(action))
    }

    /// Each action as a permission, by its public name: its scope if it has one.
    pub fn public_names(&self) -> impl Iterator<Item = (String, Grant)> {
        self.actions.iter().filter_map(|action| {
            let grant = self.grant(action)?;
            Some((action.scope.clone().unwrap_or_else(|| grant.to_string()), grant))
        })
    }

    fn grant(&self, action: &Action) -> Option<Grant> {
        Grant::parse(&format!("{}:{}", self.id, action.id))
    }

    /// The action of that id, if it is offered.
    pub fn action(&self, id: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// The field of that id, if it is offered.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }
}
