//! Which grants somebody chose, read off the form and held to what the catalog offers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::keys::catalog::{Catalog, Kind, Resource};
use crate::keys::grants::{Grant, Grants, parse_pair};

/// Why a choice of permissions is refused; displays as the sentence beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantsError {
    /// No permission at all.
    NothingChosen,
    /// A few fields of the resource with this label, but none of them.
    NoFieldChosen(String),
    /// Fields of the resource with this label, but no permission for it.
    FieldsWithoutPermission(String),
    /// Fields of the resource with this label were listed without saying whether all or some.
    FieldsWithoutChoice(String),
    /// A permission that the catalog has, but not for keys of this kind.
    NotForKind {
        /// The resource's label.
        resource: String,
        /// What keys of the kind are called.
        keys: String,
    },
    /// Not a permission of the catalog.
    UnknownPermission,
    /// Not a field of the catalog, or of no resource of it.
    UnknownField,
    /// Neither all nor some.
    UnknownFieldsChoice,
    /// The same value twice.
    Repeated,
}

impl GrantsError {
    /// Whether a person can have made it on the page; else the form was not ours, or the catalog changed meanwhile.
    pub fn is_a_mistake(&self) -> bool {
        use GrantsError::{FieldsWithoutPermission, NoFieldChosen, NotForKind, NothingChosen};
        matches!(self, NothingChosen | NoFieldChosen(_) | FieldsWithoutPermission(_) | NotForKind { .. })
    }
}

impl fmt::Display for GrantsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrantsError::NothingChosen => f.write_str("Choose at least one permission."),
            GrantsError::NoFieldChosen(label) => write!(f, "Choose at least one field of {label}, or all of them."),
            GrantsError::FieldsWithoutPermission(label) => {
                write!(f, "You chose fields of {label}, but no permission for it.")
            }
            GrantsError::FieldsWithoutChoice(label) => {
                write!(f, "Say whether all fields of {label} are meant, or only some.")
            }
            GrantsError::NotForKind { resource, keys } => write!(f, "{resource} is not offered for {keys}."),
            GrantsError::UnknownPermission => f.write_str("One of these permissions is not offered."),
            GrantsError::UnknownField => f.write_str("One of these fields is not offered."),
            GrantsError::UnknownFieldsChoice => f.write_str("Fields are either all or some."),
            GrantsError::Repeated => f.write_str("A permission or a field was sent twice."),
        }
    }
}

impl std::error::Error for GrantsError {}

impl Grants {
    /// Reads what was chosen on the page for a key of that kind: `permissions` as `shifts:read`, `fields_choice` from resource to `all` or
    /// `some` (absent: all), `fields` as `shifts:start`, which count only for a resource with `some`.
    pub fn choose(
        catalog: &Catalog,
        kind: &Kind,
        permissions: &[String],
        fields_choice: &BTreeMap<String, String>,
        fields: &[String],
    ) -> Result<Grants, GrantsError> {
        let grants = parse_permissions(catalog, permissions)?;
        let choices = parse_choices(catalog, fields_choice)?;
        let mut listed = parse_fields(catalog, fields)?;
        if grants.is_empty() {
            return Err(GrantsError::NothingChosen);
        }
        let is_chosen = |resource: &&Resource| grants.iter().any(|grant| grant.resource() == resource.id);
        let mut of_others = catalog.resources().iter().filter(|resource| !kind.may_be_granted(&resource.id));
        if let Some(Resource { label, .. }) = of_others.find(is_chosen) {
            return Err(GrantsError::NotForKind { resource: label.clone(), keys: kind.keys() });
        }
        let mut few = Vec::new();
        for Resource { id, label, .. } in catalog.resources() {
            let is_granted = grants.iter().any(|grant| grant.resource() == id);
            let ids = listed.remove(id).unwrap_or_default();
            match (choices.get(id.as_str()), is_granted, ids.is_empty()) {
                (Some(Choice::Some), true, true) => return Err(GrantsError::NoFieldChosen(label.clone())),
                (Some(Choice::Some), true, false) => few.push((id.clone(), ids)),
                (Some(Choice::Some), false, false) => return Err(GrantsError::FieldsWithoutPermission(label.clone())),
                // To read this as "all" would open more than was listed.
                (None, _, false) => return Err(GrantsError::FieldsWithoutChoice(label.clone())),
                (Some(Choice::All), _, _) | (_, _, true) => {}
            }
        }
        Grants::new(grants, few).ok_or(GrantsError::NothingChosen)
    }
}

/// A form's word for a resource's fields.
enum Choice {
    All,
    Some,
}

fn parse_permissions(catalog: &Catalog, permissions: &[String]) -> Result<BTreeSet<Grant>, GrantsError> {
    let mut grants = BTreeSet::new();
    for text in permissions {
        let grant = Grant::parse(text).ok_or(GrantsError::UnknownPermission)?;
        let resource = catalog.resource(grant.resource()).ok_or(GrantsError::UnknownPermission)?;
        resource.action(grant.action()).ok_or(GrantsError::UnknownPermission)?;
        if !grants.insert(grant) {
            return Err(GrantsError::Repeated);
        }
    }
    Ok(grants)
}

fn parse_choices<'a>(
    catalog: &Catalog,
    choices: &'a BTreeMap<String, String>,
) -> Result<BTreeMap<&'a str, Choice>, GrantsError> {
    let read = choices.iter().map(|(id, word)| {
        let resource = catalog.resource(id).ok_or(GrantsError::UnknownField)?;
        match word.as_str() {
            "all" => Ok((id.as_str(), Choice::All)),
            "some" if resource.fields.is_empty() => Err(GrantsError::UnknownField),
            "some" => Ok((id.as_str(), Choice::Some)),
            _ => Err(GrantsError::UnknownFieldsChoice),
        }
    });
    read.collect()
}

fn parse_fields(catalog: &Catalog, fields: &[String]) -> Result<BTreeMap<String, BTreeSet<String>>, GrantsError> {
    let mut listed = BTreeMap::<String, BTreeSet<String>>::new();
    for text in fields {
        let (id, field) = parse_pair(text).ok_or(GrantsError::UnknownField)?;
        let resource = catalog.resource(id).ok_or(GrantsError::UnknownField)?;
        resource.field(field).ok_or(GrantsError::UnknownField)?;
        if !listed.entry(id.to_owned()).or_default().insert(field.to_owned()) {
            return Err(GrantsError::Repeated);
        }
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::catalog::Parts;
    use crate::keys::grants::Fields;

    /// Soon's, with the fields of the pictures.
    fn catalog() -> Catalog {
        let resources = vec![
            Resource::new("shifts", &["read", "write"], &["start", "end"]),
            Resource::new("assignments", &["read", "write"], &[]),
            Resource::new("users", &["read"], &["name", "start", "end"]),
            Resource::new("leaves", &["read"], &[]),
        ];
        Catalog::new(Parts { resources, ..Parts::built_in() }).expect("coherent")
    }

    fn choose(permissions: &str, choices: &str, fields: &str) -> Result<Grants, GrantsError> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let choices =
            choices.split_whitespace().filter_map(|pair| pair.split_once('=')).map(|(a, b)| (a.into(), b.into()));
        let catalog = catalog();
        Grants::choose(&catalog, catalog.default_kind(), &words(permissions), &choices.collect(), &words(fields))
    }

    #[test]
    fn what_is_chosen_is_stored_sorted() {
        let grants =
            choose("users:read shifts:write shifts:read", "users=some", "users:start users:name").expect("good");
        assert_eq!(grants.permissions_text(), "shifts:read shifts:write users:read");
        assert_eq!(grants.fields_text(), "users=name,start");
        assert_eq!(Grants::from_stored(&grants.permissions_text(), &grants.fields_text()), Some(grants));
    }

    #[test]
    fn fields_are_all_unless_some_are_chosen() {
        for choices in ["", "users=all shifts=all leaves=all"] {
            assert_eq!(choose("users:read", choices, "").expect("good").fields_of("users"), Some(&Fields::All));
        }
        assert_eq!(choose("users:read", "users=all", "users:name").expect("good").fields_text(), "");
        assert!(choose("users:read", "shifts=some", "").is_ok());
    }

    #[test]
    fn a_persons_mistakes_are_told_apart_from_malformed_forms() {
        let mistakes = [
            (choose("", "", ""), "Choose at least one permission."),
            (choose("", "users=some", "users:name"), "Choose at least one permission."),
            (choose("users:read", "users=some", ""), "Choose at least one field of Users, or all of them."),
            (choose("leaves:read", "users=some", "users:name"), "You chose fields of Users, but no permission for it."),
        ];
        for (choice, sentence) in mistakes {
            let error = choice.expect_err("a mistake");
            assert_eq!((error.to_string().as_str(), error.is_a_mistake()), (sentence, true));
        }
        for malformed in [
            choose("users:write", "", ""),
            choose("payroll:read", "", ""),
            choose("users", "", ""),
            choose("users:read users:read", "", ""),
            choose("users:read", "users=few", ""),
            choose("users:read", "payroll=all", ""),
            choose("leaves:read", "leaves=some", ""),
            choose("users:read", "users=some", "users:salary"),
            choose("users:read", "users=some", "users:name users:name"),
            choose("users:read", "", "users:name"),
        ] {
            assert!(!malformed.expect_err("malformed").is_a_mistake());
        }
    }

    #[test]
    fn what_a_kind_may_not_be_granted_is_a_mistake() {
        let few = Kind { resources: Some(vec!["users".to_owned()]), ..Kind::new("analytics", "sk_analytics_") };
        let choose = |permissions: &[&str]| {
            let permissions: Vec<String> = permissions.iter().map(|&text| text.to_owned()).collect();
            Grants::choose(&catalog(), &few, &permissions, &BTreeMap::new(), &[])
        };
        assert!(choose(&["users:read"]).is_ok());
        let error = choose(&["users:read", "shifts:read", "shifts:write"]).expect_err("a mistake");
        assert_eq!(error.to_string(), "Shifts is not offered for Analytics keys.");
        assert!(error.is_a_mistake());
        assert!(!choose(&["payroll:read"]).expect_err("malformed").is_a_mistake());
    }
}
