//! What a key may do: actions on resources, bounded by fields; how that is chosen, stored, and said to people.
//!
//! [`Grants`] are never empty and outlive the catalog they were chosen from. They know nothing of who asks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::keys::catalog::{Catalog, Resource, is_id};

/// One action on one resource: `shifts:read`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    resource: String,
    action: String,
}

impl Grant {
    /// Reads `shifts:read`; none if it is not two ids. Whether they are offered, a catalog tells.
    pub fn parse(text: &str) -> Option<Grant> {
        parse_pair(text).map(|(resource, action)| Grant { resource: resource.to_owned(), action: action.to_owned() })
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
        use GrantsError::{FieldsWithoutPermission, NoFieldChosen, NothingChosen};
        matches!(self, NothingChosen | NoFieldChosen(_) | FieldsWithoutPermission(_))
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
            GrantsError::UnknownPermission => f.write_str("One of these permissions is not offered."),
            GrantsError::UnknownField => f.write_str("One of these fields is not offered."),
            GrantsError::UnknownFieldsChoice => f.write_str("Fields are either all or some."),
            GrantsError::Repeated => f.write_str("A permission or a field was sent twice."),
        }
    }
}

impl std::error::Error for GrantsError {}

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

    /// Reads what was chosen on the page: `permissions` as `shifts:read`, `fields_choice` from resource to `all` or
    /// `some` (absent: all), `fields` as `shifts:start`, which count only for a resource with `some`.
    pub fn choose(
        catalog: &Catalog,
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
        let mut few = Vec::new();
        for Resource { id, label, .. } in catalog.resources() {
            let is_granted = grants.iter().any(|grant| grant.resource == *id);
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

/// A form's word for a resource's fields.
enum Choice {
    All,
    Some,
}

fn parse_pair(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(left, right)| is_id(left) && is_id(right))
}

fn parse_permissions(catalog: &Catalog, permissions: &[String]) -> Result<BTreeSet<Grant>, GrantsError> {
    let mut grants = BTreeSet::new();
    for text in permissions {
        let grant = Grant::parse(text).ok_or(GrantsError::UnknownPermission)?;
        let resource = catalog.resource(&grant.resource).ok_or(GrantsError::UnknownPermission)?;
        resource.action(&grant.action).ok_or(GrantsError::UnknownPermission)?;
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

fn parse_stored_fields(text: &str) -> Option<(String, BTreeSet<String>)> {
    let (resource, ids) = text.split_once('=')?;
    let ids = ids.split(',').map(|id| is_id(id).then(|| id.to_owned())).collect::<Option<_>>()?;
    Some((resource.to_owned(), ids))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::catalog::Parts;
    use proptest::prelude::*;

    fn catalog_of(resources: Vec<Resource>) -> Catalog {
        Catalog::new(Parts { resources, ..Parts::built_in() }).expect("coherent")
    }

    /// Soon's, with the fields of the pictures.
    fn catalog() -> Catalog {
        catalog_of(vec![
            Resource::new("shifts", &["read", "write"], &["start", "end"]),
            Resource::new("assignments", &["read", "write"], &[]),
            Resource::new("users", &["read"], &["name", "start", "end"]),
            Resource::new("leaves", &["read"], &[]),
        ])
    }

    fn choose(permissions: &str, choices: &str, fields: &str) -> Result<Grants, GrantsError> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let choices =
            choices.split_whitespace().filter_map(|pair| pair.split_once('=')).map(|(a, b)| (a.into(), b.into()));
        Grants::choose(&catalog(), &words(permissions), &choices.collect(), &words(fields))
    }

    fn stored(permissions: &str, fields: &str) -> Grants {
        Grants::from_stored(permissions, fields).expect("canonical")
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

    #[test]
    fn the_table_says_it_short() {
        let short = |permissions, fields| stored(permissions, fields).short(&catalog());
        assert_eq!(short("shifts:read shifts:write users:read", ""), "Shifts RW, Users R");
        assert_eq!(short("shifts:read users:read", "users=end,name,start"), "Shifts R, Users R (3 fields)");
        let reads = "assignments:read leaves:read shifts:read users:read";
        assert_eq!(short(reads, ""), "All, read");
        assert_eq!(short(reads, "users=name"), "Shifts R, Assignments R, Users R (1 field), Leaves R");
        let all = "assignments:read assignments:write leaves:read shifts:read shifts:write users:read";
        assert_eq!(short(all, ""), "All");
        assert_eq!(short("assignments:write shifts:write", ""), "Shifts W, Assignments W");
    }

    #[test]
    fn initials_grow_until_they_differ() {
        let staff = Resource::new("staff", &["create", "delete", "download"], &[]);
        let catalog = catalog_of(vec![staff, Resource::new("shifts", &["create"], &[])]);
        assert_eq!(stored("staff:create staff:download", "").short(&catalog), "Staff CDo");
        assert_eq!(stored("shifts:create staff:delete", "").short(&catalog), "Staff De, Shifts C");
    }

    #[test]
    fn what_is_no_longer_offered_is_marked() {
        let grants = stored("payroll:read shifts:approve shifts:read users:read", "users=name,salary");
        assert_eq!(
            grants.short(&catalog()),
            "Shifts R, Users R (2 fields), Payroll Read (no longer offered), Shifts Approve (no longer offered)"
        );
        let lines = grants.lines(&catalog());
        let shown: Vec<_> =
            lines.iter().map(|line| (line.resource.as_str(), line.actions.as_str(), line.is_offered)).collect();
        let expected = [
            ("Shifts", "Read", true),
            ("Users", "Read", true),
            ("Payroll", "Read", false),
            ("Shifts", "Approve", false),
        ];
        assert_eq!(shown, expected);
        assert_eq!(lines[1].fields.as_deref(), Some("Name, Salary (no longer offered)"));
        let gone = stored("payroll:read", "").sentence(&catalog());
        assert_eq!(gone, "Cannot do anything. Payroll (Read) is no longer offered.");
    }

    #[test]
    fn the_details_list_fields_in_the_catalogs_order() {
        let lines = stored("leaves:read shifts:read shifts:write users:read", "users=end,name").lines(&catalog());
        let shown: Vec<_> = lines.iter().map(|line| (line.actions.as_str(), line.fields.as_deref())).collect();
        assert_eq!(shown, [("Read, Write", Some("all")), ("Read", Some("Name, End")), ("Read", None)]);
    }

    #[test]
    fn the_choice_is_said_back_in_a_sentence() {
        let said = |permissions, fields| stored(permissions, fields).sentence(&catalog());
        assert_eq!(
            said("shifts:read users:read", "users=end,name,start"),
            "Can read Shifts and 3 fields of Users. Cannot change anything."
        );
        assert_eq!(said("shifts:read shifts:write users:read", ""), "Can read and write Shifts. Can read Users.");
        assert_eq!(
            said("leaves:read shifts:read users:read", "shifts=start;users=name,start"),
            "Can read Leaves, 1 field of Shifts and 2 fields of Users. Cannot change anything."
        );
        assert_eq!(said("shifts:write", "shifts=start"), "Can write 1 field of Shifts. Cannot read anything.");
        assert_eq!(
            said("assignments:read leaves:read users:read", ""),
            "Can read Assignments, Users and Leaves. Cannot change anything."
        );
    }

    #[test]
    fn a_sentence_never_becomes_a_wall_of_text() {
        let many = |count: usize, actions: &[&str]| {
            catalog_of((0..count).map(|n| Resource::new(&format!("r{n}"), actions, &[])).collect())
        };
        let reads = |count: usize| {
            let grants = (0..count).filter_map(|n| Grant::parse(&format!("r{n}:read")));
            Grants::new(grants, []).expect("some").sentence(&many(count, &["read"]))
        };
        assert_eq!(reads(6), "Can read R0, R1, R2, R3, R4 and R5. Cannot change anything.");
        assert_eq!(reads(30), "Can read R0, R1, R2, R3, R4 and 25 more. Cannot change anything.");
        let mixed = ["r0:a", "r1:b", "r2:c", "r3:d", "r4:e", "r5:a r5:b", "r6:a"];
        let grants = mixed.iter().flat_map(|text| text.split(' ')).filter_map(Grant::parse);
        assert_eq!(
            Grants::new(grants, []).expect("some").sentence(&many(7, &["a", "b", "c", "d", "e"])),
            "Can a R0 and R6. Can b R1. Can c R2. Can d R3. Can do other things with 2 more. Cannot read anything."
        );
    }

    proptest! {
        #[test]
        fn whatever_is_chosen_reads_back_from_the_store(
            chosen in proptest::collection::btree_set("[a-c]:[a-c]", 1..5),
            mut few in proptest::collection::btree_map("[a-c]", proptest::collection::btree_set("[a-c]", 1..3), 0..3),
        ) {
            few.retain(|resource, _| chosen.iter().any(|grant| grant.starts_with(resource.as_str())));
            let grants = Grants::new(chosen.iter().filter_map(|text| Grant::parse(text)), few).expect("a set");
            let read = Grants::from_stored(&grants.permissions_text(), &grants.fields_text());
            prop_assert_eq!(read, Some(grants));
        }
    }
}
