//! How grants are said to people: short in the table, line by line in the details, as a sentence.

use crate::keys::catalog::{Action, Offered, Resource, capitalised};
use crate::keys::grants::{Fields, Grants};

/// What is granted of one resource, for the details page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantLine {
    /// `Users`.
    pub resource: String,
    /// `Read, Write`.
    pub actions: String,
    /// None where the resource has no fields to choose.
    pub fields: Option<FieldsSaid>,
    /// Whether the catalog still offers it; these lines come first.
    pub is_offered: bool,
}

/// Which fields of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldsSaid {
    /// Those there are and those to come.
    All,
    /// `Name, Start`
    Few(String),
}

const NO_LONGER: &str = "no longer offered";

/// A sentence names so many resources with the same verbs; of more it names one less, and counts the others.
const MOST_NAMED: usize = 6;
/// So many sentences are made of verbs; what more there is, is counted. `keyrack.js` says the same in the same words.
const MOST_SENTENCES: usize = 4;

/// What is chosen of one resource, to be said in a sentence.
pub(super) struct Chosen<'a> {
    /// `Users`
    pub label: &'a str,
    /// At least one.
    pub actions: Vec<&'a Action>,
    /// How many fields; none: all of them.
    pub fields: Option<usize>,
}

/// How grants are said to people.
impl Grants {
    /// For the table: `Shifts RW, Users R (3 fields)`, `All, read` or `All`.
    pub fn short(&self, offered: Offered<'_>) -> String {
        let columns = offered.catalog().actions();
        let one_by_one = || {
            let of_resource = |(resource, actions, fields): (&Resource, Vec<&Action>, &Fields)| {
                let initials: String = actions.iter().map(|action| initial(&action.label, &columns)).collect();
                match fields {
                    Fields::All => format!("{} {initials}", resource.label),
                    Fields::Some(few) => format!("{} {initials} ({})", resource.label, counted(few.len())),
                }
            };
            self.offered(offered).into_iter().map(of_resource).collect()
        };
        let mut parts: Vec<String> = self.across_all(offered).map_or_else(one_by_one, |text| vec![text]);
        parts.extend(
            self.dropped(offered)
                .into_iter()
                .map(|(resource, actions)| format!("{resource} {} ({NO_LONGER})", actions.join(" "))),
        );
        parts.join(", ")
    }

    /// For the details page, a line a resource.
    pub fn lines(&self, offered: Offered<'_>) -> Vec<GrantLine> {
        let kept = self.offered(offered).into_iter().map(|(resource, actions, fields)| GrantLine {
            resource: resource.label.clone(),
            actions: actions.iter().map(|action| action.label.as_str()).collect::<Vec<_>>().join(", "),
            fields: fields_line(resource, fields),
            is_offered: true,
        });
        let dropped = self.dropped(offered).into_iter().map(|(resource, actions)| GrantLine {
            resource,
            actions: actions.join(", "),
            fields: None,
            is_offered: false,
        });
        kept.chain(dropped).collect()
    }

    /// What was chosen, said back: `Can read Shifts and 3 fields of Users. Cannot change anything.`
    pub fn sentence(&self, offered: Offered<'_>) -> String {
        let kept = self.offered(offered).into_iter().map(|(resource, actions, fields)| Chosen {
            label: &resource.label,
            actions,
            fields: match fields {
                Fields::All => None,
                Fields::Some(few) => Some(few.len()),
            },
        });
        let mut said = sentences(&kept.collect::<Vec<_>>());
        said.extend(
            self.dropped(offered)
                .into_iter()
                .map(|(resource, actions)| format!("{resource} ({}) is {NO_LONGER}.", actions.join(", "))),
        );
        said.join(" ")
    }

    /// What is still offered of them, in the catalog's order.
    fn offered<'a>(&'a self, offered: Offered<'a>) -> Vec<(&'a Resource, Vec<&'a Action>, &'a Fields)> {
        let granted = offered.resources().filter_map(|resource| {
            let scope = self.scopes.get(&resource.id)?;
            let actions: Vec<_> = resource.actions.iter().filter(|action| scope.actions.contains(&action.id)).collect();
            (!actions.is_empty()).then_some((resource, actions, &scope.fields))
        });
        granted.collect()
    }

    /// What is not: labels of resources and of their actions.
    fn dropped(&self, offered: Offered<'_>) -> Vec<(String, Vec<String>)> {
        let dropped = self.scopes.iter().filter_map(|(id, scope)| {
            let resource = offered.resource(id);
            let is_dropped = |action: &&String| resource.is_none_or(|resource| resource.action(action).is_none());
            // What only this kind of key is no longer offered still has its labels.
            let known = offered.catalog().resource(id);
            let label = |id: &String| {
                let action = known.and_then(|resource| resource.action(id));
                action.map_or_else(|| capitalised(id), |action| action.label.clone())
            };
            let actions: Vec<String> = scope.actions.iter().filter(is_dropped).map(label).collect();
            let label = known.map_or_else(|| capitalised(id), |resource| resource.label.clone());
            (!actions.is_empty()).then_some((label, actions))
        });
        dropped.collect()
    }

    /// `All` or `All, read`, where every resource that is offered is granted alike, as far as it offers these actions, in all fields.
    fn across_all(&self, offered: Offered<'_>) -> Option<String> {
        let is_granted = |action: &&Action| self.scopes.values().any(|scope| scope.actions.contains(&action.id));
        let is_there = |action: &&Action| offered.resources().any(|resource| resource.action(&action.id).is_some());
        let there: Vec<&Action> = offered.catalog().actions().into_iter().filter(is_there).collect();
        let columns: Vec<&Action> = there.iter().copied().filter(is_granted).collect();
        let is_alike = offered.resources().all(|resource| {
            let mut wanted =
                resource.actions.iter().filter(|action| columns.iter().any(|c| c.id == action.id)).peekable();
            let is_open = self.fields_of(&resource.id) == Some(&Fields::All);
            is_open && wanted.peek().is_some() && wanted.all(|action| self.allows(&resource.id, &action.id))
        });
        let labels: Vec<String> = columns.iter().map(|action| action.label.to_lowercase()).collect();
        let is_everything = columns.len() == there.len();
        (is_alike && !columns.is_empty())
            .then(|| if is_everything { "All".to_owned() } else { format!("All, {}", listed(&labels)) })
    }
}

/// `Can read Shifts and 3 fields of Users.` `Cannot change anything.` Resources with the same verbs share a sentence.
pub(super) fn sentences(chosen: &[Chosen<'_>]) -> Vec<String> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    // "3 fields of Users and Leaves" could mean either: what is held to fields comes last.
    let (whole, held): (Vec<_>, Vec<_>) = chosen.iter().partition(|chosen| chosen.fields.is_none());
    for Chosen { label, actions, fields } in whole.into_iter().chain(held) {
        let verbs = listed(&actions.iter().map(|action| action.label.to_lowercase()).collect::<Vec<_>>());
        let object = fields.map_or_else(|| (*label).to_owned(), |few| format!("{} of {label}", counted(few)));
        match groups.iter_mut().find(|(known, _)| *known == verbs) {
            Some((_, objects)) => objects.push(object),
            None => groups.push((verbs, vec![object])),
        }
    }
    let rest = groups.split_off(groups.len().min(MOST_SENTENCES));
    let mut said: Vec<String> =
        groups.into_iter().map(|(verbs, objects)| format!("Can {verbs} {}.", listed(&few_of(objects)))).collect();
    if !rest.is_empty() {
        let uncounted = rest.iter().map(|(_, objects)| objects.len()).sum::<usize>();
        said.push(format!("Can do other things with {uncounted} more."));
    }
    said.extend(cannot(chosen.iter().flat_map(|chosen| chosen.actions.iter().copied())));
    said
}

/// All of them, or the first and how many more.
fn few_of(mut objects: Vec<String>) -> Vec<String> {
    if objects.len() > MOST_NAMED {
        let more = objects.split_off(MOST_NAMED - 1).len();
        objects.push(format!("{more} more"));
    }
    objects
}

fn fields_line(resource: &Resource, fields: &Fields) -> Option<FieldsSaid> {
    let few = match fields {
        Fields::All => return (!resource.fields.is_empty()).then_some(FieldsSaid::All),
        Fields::Some(few) => few,
    };
    let offered = resource.fields.iter().filter(|field| few.contains(&field.id)).map(|field| field.label.clone());
    let dropped =
        few.iter().filter(|id| resource.field(id).is_none()).map(|id| format!("{} ({NO_LONGER})", capitalised(id)));
    Some(FieldsSaid::Few(offered.chain(dropped).collect::<Vec<_>>().join(", ")))
}

/// What a key with these actions is kept from, where that can be said in a word.
fn cannot<'a>(actions: impl Iterator<Item = &'a Action>) -> Option<String> {
    let (looks, changes): (Vec<_>, Vec<_>) = actions.partition(|action| !action.changes_something());
    let kept_from = match (looks.is_empty(), changes.is_empty()) {
        (false, false) => return None,
        (false, true) => "change",
        (true, false) => "read",
        (true, true) => "do",
    };
    Some(format!("Cannot {kept_from} anything."))
}

/// As much of a label's beginning as tells it from all others: `R`, but `De` and `Do` beside each other.
fn initial<'a>(label: &'a str, columns: &[&Action]) -> &'a str {
    let is_taken = |start: &str| columns.iter().any(|other| other.label != label && other.label.starts_with(start));
    let ends = label.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.map(|end| &label[..end]).find(|start| !is_taken(start)).unwrap_or(label)
}

fn counted(fields: usize) -> String {
    match fields {
        0 => "no field".to_owned(),
        1 => "1 field".to_owned(),
        _ => format!("{fields} fields"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::catalog::{Catalog, Kind, Parts};
    use crate::keys::grants::Grant;

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

    fn stored(permissions: &str, fields: &str) -> Grants {
        Grants::from_stored(permissions, fields).expect("canonical")
    }

    #[test]
    fn the_table_says_it_short() {
        let short = |permissions, fields| stored(permissions, fields).short(catalog().offered_to("secret"));
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
        assert_eq!(stored("staff:create staff:download", "").short(catalog.offered_to("secret")), "Staff CDo");
        assert_eq!(stored("shifts:create staff:delete", "").short(catalog.offered_to("secret")), "Staff De, Shifts C");
    }

    #[test]
    fn what_is_no_longer_offered_is_marked() {
        let grants = stored("payroll:read shifts:approve shifts:read users:read", "users=name,salary");
        assert_eq!(
            grants.short(catalog().offered_to("secret")),
            "Shifts R, Users R (2 fields), Payroll Read (no longer offered), Shifts Approve (no longer offered)"
        );
        let lines = grants.lines(catalog().offered_to("secret"));
        let shown: Vec<_> =
            lines.iter().map(|line| (line.resource.as_str(), line.actions.as_str(), line.is_offered)).collect();
        let expected = [
            ("Shifts", "Read", true),
            ("Users", "Read", true),
            ("Payroll", "Read", false),
            ("Shifts", "Approve", false),
        ];
        assert_eq!(shown, expected);
        assert_eq!(lines[1].fields, Some(FieldsSaid::Few("Name, Salary (no longer offered)".to_owned())));
        let gone = stored("payroll:read", "").sentence(catalog().offered_to("secret"));
        assert_eq!(gone, "Cannot do anything. Payroll (Read) is no longer offered.");
    }

    #[test]
    fn so_is_what_only_this_kind_of_key_is_no_longer_offered() {
        let few = Kind { resources: Some(vec!["shifts".to_owned(), "users".to_owned()]), ..Kind::new("few", "few_") };
        let mut parts = Parts::built_in();
        parts.kinds.push(few);
        let catalog = Catalog::new(parts).expect("coherent");
        let grants = stored("leaves:read shifts:read users:read", "");
        let short = |kind: &str| grants.short(catalog.offered_to(kind));
        assert_eq!(short("secret"), "Shifts R, Users R, Leaves R");
        assert_eq!(short("few"), "All, read, Leaves Read (no longer offered)");
        let lines = grants.lines(catalog.offered_to("gone"));
        assert!(lines.len() == 3 && lines.iter().all(|line| !line.is_offered), "{lines:?}");
        assert!(!short("gone").contains("All"), "{}", short("gone"));
    }

    #[test]
    fn the_details_list_fields_in_the_catalogs_order() {
        let lines = stored("leaves:read shifts:read shifts:write users:read", "users=end,name")
            .lines(catalog().offered_to("secret"));
        let shown: Vec<_> = lines.iter().map(|line| (line.actions.as_str(), line.fields.clone())).collect();
        let few = FieldsSaid::Few("Name, End".to_owned());
        assert_eq!(shown, [("Read, Write", Some(FieldsSaid::All)), ("Read", Some(few)), ("Read", None)]);
    }

    #[test]
    fn a_field_that_is_labelled_all_is_one_field() {
        let catalog = catalog_of(vec![Resource::new("users", &["read"], &["all", "name"])]);
        let lines = stored("users:read", "users=all").lines(catalog.offered_to("secret"));
        assert!(matches!(&lines[0].fields, Some(FieldsSaid::Few(few)) if few == "All"), "{lines:?}");
    }

    #[test]
    fn the_choice_is_said_back_in_a_sentence() {
        let said = |permissions, fields| stored(permissions, fields).sentence(catalog().offered_to("secret"));
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
            Grants::new(grants, []).expect("some").sentence(many(count, &["read"]).offered_to("secret"))
        };
        assert_eq!(reads(6), "Can read R0, R1, R2, R3, R4 and R5. Cannot change anything.");
        assert_eq!(reads(30), "Can read R0, R1, R2, R3, R4 and 25 more. Cannot change anything.");
        let mixed = ["r0:a", "r1:b", "r2:c", "r3:d", "r4:e", "r5:a r5:b", "r6:a"];
        let grants = mixed.iter().flat_map(|text| text.split(' ')).filter_map(Grant::parse);
        assert_eq!(
            Grants::new(grants, []).expect("some").sentence(many(7, &["a", "b", "c", "d", "e"]).offered_to("secret")),
            "Can a R0 and R6. Can b R1. Can c R2. Can d R3. Can do other things with 2 more. Cannot read anything."
        );
    }
}
