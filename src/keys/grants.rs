//! What a key may do: actions on resources, bounded by fields, and how that is stored. How it is chosen, said to people
//! and held to a catalog stands in files of its own.
//!
//! [`Grants`] are never empty and outlive the catalog they were chosen from. They know nothing of who asks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::keys::catalog::is_id;

/// One action on one resource: `shifts:read`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    resource: String,
    action: String,
}

impl Grant {
    /// Reads `shifts:read`; none if it is not two ids. Whether they are offered, a catalog tells.
    pub fn parse(text: &str) -> Option<Grant> {
        parse_pair(text).map(|(resource, action)| Grant::new(resource, action))
    }

    /// One of two ids that were read before.
    pub(super) fn new(resource: &str, action: &str) -> Grant {
        Grant { resource: resource.to_owned(), action: action.to_owned() }
    }

    /// The resource's id.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The action's id.
    pub fn action(&self) -> &str {
        &self.action
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.action)
    }
}

/// Which fields of a resource its grants reach, for reading and writing alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fields {
    /// Every field, also those that the product adds later.
    All,
    /// These ids; within [`Grants`] never empty.
    Some(BTreeSet<String>),
}

/// The key's set of grants, with their fields; at least one grant.
///
/// ```
/// use keyrack::keys::grants::{Grant, Grants};
/// assert!(Grants::new(Grant::parse("shifts:read"), []).is_some());
/// assert!(Grants::new([], []).is_none());
/// ```
///
/// ```compile_fail,E0451
/// let empty = keyrack::keys::grants::Grants { scopes: Default::default() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    pub(super) scopes: BTreeMap<String, Scope>,
}

/// What is granted of one resource; at least one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) actions: BTreeSet<String>,
    pub(super) fields: Fields,
}

impl Grants {
    /// Puts grants together. None without a grant, and where fields are an empty set or of a resource without a grant.
    pub fn new(
        grants: impl IntoIterator<Item = Grant>,
        fields: impl IntoIterator<Item = (String, BTreeSet<String>)>,
    ) -> Option<Grants> {
        let mut scopes = BTreeMap::<String, Scope>::new();
        for Grant { resource, action } in grants {
            let scope = scopes.entry(resource);
            scope.or_insert(Scope { actions: BTreeSet::new(), fields: Fields::All }).actions.insert(action);
        }
        for (resource, few) in fields {
            let scope = scopes.get_mut(&resource).filter(|_| !few.is_empty())?;
            scope.fields = Fields::Some(few);
        }
        (!scopes.is_empty()).then_some(Grants { scopes })
    }

    /// Reads [`Grants::permissions_text`] and [`Grants::fields_text`] as they were stored, also what no catalog offers
    /// any more; none if the texts are not as these write them.
    pub fn from_stored(permissions: &str, fields: &str) -> Option<Grants> {
        let grants = permissions.split(' ').map(Grant::parse).collect::<Option<Vec<_>>>()?;
        let few =
            fields.split(';').filter(|part| !part.is_empty()).map(parse_stored_fields).collect::<Option<Vec<_>>>()?;
        let grants = Grants::new(grants, few)?;
        (grants.permissions_text() == permissions && grants.fields_text() == fields).then_some(grants)
    }

    /// `shifts:read shifts:write users:read`, sorted.
    pub fn permissions_text(&self) -> String {
        self.iter().map(|grant| grant.to_string()).collect::<Vec<_>>().join(" ")
    }

    /// `users=name,start`, sorted, resources parted by `;`; empty where nothing is restricted.
    pub fn fields_text(&self) -> String {
        let few = self.restricted().map(|(id, few)| format!("{id}={}", Vec::from_iter(few.iter().cloned()).join(",")));
        few.collect::<Vec<_>>().join(";")
    }

    /// Each grant, sorted.
    pub fn iter(&self) -> impl Iterator<Item = Grant> {
        self.scopes.iter().flat_map(|(resource, scope)| {
            scope.actions.iter().map(|action| Grant { resource: resource.clone(), action: action.clone() })
        })
    }

    /// The resources that are held to a few fields, with these, sorted.
    pub fn restricted(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        self.scopes.iter().filter_map(|(resource, scope)| match &scope.fields {
            Fields::All => None,
            Fields::Some(few) => Some((resource.as_str(), few)),
        })
    }

    /// Whether this action on this resource is among them.
    pub fn allows(&self, resource: &str, action: &str) -> bool {
        self.scopes.get(resource).is_some_and(|scope| scope.actions.contains(action))
    }

    /// Which fields of a resource they reach; none if nothing of it is granted.
    pub fn fields_of(&self, resource: &str) -> Option<&Fields> {
        self.scopes.get(resource).map(|scope| &scope.fields)
    }
}

pub(super) fn parse_pair(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(left, right)| is_id(left) && is_id(right))
}

fn parse_stored_fields(text: &str) -> Option<(String, BTreeSet<String>)> {
    let (resource, ids) = text.split_once('=')?;
    let ids = ids.split(',').map(|id| is_id(id).then(|| id.to_owned())).collect::<Option<_>>()?;
    Some((resource.to_owned(), ids))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_few_fields_are_never_none_and_never_of_what_is_not_granted() {
        let with = |resource: &str, few: &[&str]| {
            let few = few.iter().map(|&id| id.to_owned()).collect();
            Grants::new(Grant::parse("users:read"), [(resource.to_owned(), few)])
        };
        assert!(with("users", &["name"]).is_some());
        assert_eq!(with("users", &[]), None);
        assert_eq!(with("shifts", &["start"]), None);
    }

    #[test]
    fn only_canonical_text_is_read_from_the_store() {
        assert!(Grants::from_stored("payroll:export", "payroll=net").is_some());
        for (permissions, fields) in [
            ("", ""),
            ("users:read shifts:read", ""),
            ("shifts:read  users:read", ""),
            ("shifts:read shifts:read", ""),
            ("shifts", ""),
            ("shifts:read", "users=name"),
            ("shifts:read", "shifts="),
            ("shifts:read", "shifts=start,end"),
            ("shifts:read", "shifts=end;"),
        ] {
            assert_eq!(Grants::from_stored(permissions, fields), None, "{permissions} {fields}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_chosen_reads_back_from_the_store(
            chosen in proptest::collection::btree_set("[aB2][.-]?:[aB2][.-]?", 1..5),
            mut few in proptest::collection::btree_map("[aB2][.-]?", proptest::collection::btree_set("[aB2][.-]?", 1..3), 0..3),
        ) {
            few.retain(|resource, _| chosen.iter().any(|grant| grant.starts_with(&format!("{resource}:"))));
            let grants = Grants::new(chosen.iter().filter_map(|text| Grant::parse(text)), few).expect("a set");
            let read = Grants::from_stored(&grants.permissions_text(), &grants.fields_text());
            prop_assert_eq!(read, Some(grants));
        }
    }
}
