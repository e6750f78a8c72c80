//! What of a key's grants counts now: keys outlive the catalog that they were made under, and what it dropped is closed.

use std::collections::BTreeMap;

use crate::keys::catalog::Offered;
use crate::keys::grants::{Fields, Grant, Grants};

/// What counts; may be nothing at all. Never more than what was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    scopes: BTreeMap<String, Scope>,
}

/// What counts of one resource; at least one action.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    actions: Vec<String>,
    /// None: every field. An empty list: none of them, since all that were chosen are gone.
    fields: Option<Vec<String>>,
}

impl Grants {
    /// What of them is still offered.
    pub fn in_force(&self, offered: Offered<'_>) -> InForce {
        let scope = |(id, granted): (&String, &super::grants::Scope)| {
            let resource = offered.resource(id)?;
            let actions = granted.actions.iter().filter(|action| resource.action(action).is_some());
            let actions: Vec<String> = actions.cloned().collect();
            let fields = match &granted.fields {
                Fields::All => None,
                Fields::Some(few) => Some(few.iter().filter(|id| resource.field(id).is_some()).cloned().collect()),
            };
            (!actions.is_empty()).then(|| (id.clone(), Scope { actions, fields }))
        };
        InForce { scopes: self.scopes.iter().filter_map(scope).collect() }
    }
}

impl InForce {
    /// Each grant that counts, sorted.
    pub fn grants(&self) -> impl Iterator<Item = Grant> {
        self.scopes.iter().flat_map(|(id, scope)| scope.actions.iter().map(move |action| Grant::new(id, action)))
    }

    /// The resources that are held to a few fields, with these, sorted. A resource that is not among them is open in all
    /// its fields; one without any is closed in all of them.
    pub fn restricted(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.scopes.iter().filter_map(|(id, scope)| Some((id.as_str(), scope.fields.as_deref()?)))
    }

    /// Each resource of which something counts, with the fields it is held to; none: every field.
    pub fn resources(&self) -> impl Iterator<Item = (&str, Option<&[String]>)> {
        self.scopes.iter().map(|(id, scope)| (id.as_str(), scope.fields.as_deref()))
    }

    /// Whether this counts.
    pub fn allows(&self, grant: &Grant) -> bool {
        let scope = self.scopes.get(grant.resource());
        scope.is_some_and(|scope| scope.actions.iter().any(|action| action == grant.action()))
    }

    /// Whether this field of a resource is reached.
    pub fn reaches(&self, resource: &str, field: &str) -> bool {
        let scope = self.scopes.get(resource);
        scope.is_some_and(|scope| scope.fields.as_ref().is_none_or(|few| few.iter().any(|id| id == field)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::catalog::{Catalog, Kind, Parts, Resource};
    use proptest::prelude::*;

    fn catalog(resources: Vec<Resource>) -> Catalog {
        let few = Kind { resources: Some(vec!["users".to_owned()]), ..Kind::new("few", "few_") };
        let kinds = vec![Kind::new("secret", "sk_live_"), few];
        Catalog::new(Parts { resources, kinds, ..Parts::built_in() }).expect("coherent")
    }

    fn now() -> Catalog {
        catalog(vec![
            Resource::new("shifts", &["read"], &[]),
            Resource::new("users", &["read", "write"], &["name", "start"]),
        ])
    }

    fn in_force(kind: &str, permissions: &str, fields: &str) -> (String, String) {
        let grants = Grants::from_stored(permissions, fields).expect("canonical");
        let counts = grants.in_force(now().offered_to(kind));
        let restricted = counts.restricted().map(|(id, few)| format!("{id}={}", few.join(",")));
        (
            counts.grants().map(|grant| grant.to_string()).collect::<Vec<_>>().join(" "),
            restricted.collect::<Vec<_>>().join(";"),
        )
    }

    fn told(permissions: &str, fields: &str) -> (String, String) {
        (permissions.to_owned(), fields.to_owned())
    }

    #[test]
    fn what_is_offered_counts() {
        let all = "shifts:read users:read users:write";
        assert_eq!(in_force("secret", all, "users=name"), told(all, "users=name"));
    }

    #[test]
    fn dropped_resources_and_actions_do_not() {
        assert_eq!(in_force("secret", "payroll:read shifts:read shifts:write", ""), told("shifts:read", ""));
        assert_eq!(in_force("secret", "payroll:read shifts:write", ""), told("", ""));
    }

    #[test]
    fn nor_what_the_kind_may_no_longer_be_granted() {
        assert_eq!(in_force("few", "shifts:read users:read", ""), told("users:read", ""));
        assert_eq!(in_force("gone", "shifts:read users:read", ""), told("", ""));
    }

    #[test]
    fn dropped_fields_close_and_never_open() {
        assert_eq!(in_force("secret", "users:read", "users=name,salary"), told("users:read", "users=name"));
        assert_eq!(in_force("secret", "users:read", "users=salary"), told("users:read", "users="));
        // The resource itself has no fields any more.
        assert_eq!(in_force("secret", "shifts:read", "shifts=start"), told("shifts:read", "shifts="));
        assert_eq!(in_force("secret", "payroll:read users:read", "payroll=net"), told("users:read", ""));
    }

    #[test]
    fn a_single_grant_is_asked_for() {
        let grants = Grants::from_stored("payroll:read users:read", "").expect("canonical");
        let counts = grants.in_force(now().offered_to("secret"));
        let allows = |text: &str| counts.allows(&Grant::parse(text).expect("a grant"));
        assert!(allows("users:read") && !allows("users:write") && !allows("payroll:read") && !allows("shifts:read"));
    }

    #[test]
    fn a_single_field_is_asked_for() {
        let grants = Grants::from_stored("shifts:read users:read", "users=name").expect("canonical");
        let counts = grants.in_force(now().offered_to("secret"));
        assert!(counts.reaches("users", "name") && !counts.reaches("users", "start"));
        assert!(counts.reaches("shifts", "anything") && !counts.reaches("payroll", "net"));
    }

    proptest! {
        #[test]
        fn never_more_counts_than_was_granted(
            chosen in proptest::collection::btree_set("(users|shifts|payroll):(read|write|list)", 1..6),
            few in proptest::collection::btree_set("(name|start|salary)", 1..3),
            is_held: bool,
        ) {
            let held = (is_held && chosen.iter().any(|text| text.starts_with("users:"))).then(|| ("users".to_owned(), few));
            let grants = Grants::new(chosen.iter().filter_map(|text| Grant::parse(text)), held).expect("a set");
            let counts = grants.in_force(now().offered_to("secret"));
            for grant in counts.grants() {
                prop_assert!(grants.allows(grant.resource(), grant.action()) && counts.allows(&grant));
                let is_open = !counts.restricted().any(|(id, _)| id == grant.resource());
                prop_assert_eq!(is_open, grants.fields_of(grant.resource()) == Some(&Fields::All));
            }
            for (id, fields) in counts.restricted() {
                let Some(Fields::Some(granted)) = grants.fields_of(id) else { panic!("it was open") };
                prop_assert!(fields.iter().all(|field| granted.contains(field)));
            }
        }
    }
}
