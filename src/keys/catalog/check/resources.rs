//! What keys open: every resource, action and field stands once, has a label, and there are not too many to show.

use super::{Found, quoted};
use crate::keys::catalog::{Parts, Place, Resource};

const RESOURCES: usize = 100;
const ACTIONS: usize = 20;
const FIELDS: usize = 200;
const FIELDS_IN_ALL: usize = 5_000;

pub(super) fn check(parts: &Parts, found: &mut Found) {
    let place = |at: usize| Place::whole().key("resource").nth(at);
    if parts.resources.is_empty() {
        found.add(Place::whole(), "There must be at least one [[resource]].");
    }
    found.at_most(place(RESOURCES), "The catalog", "resources", parts.resources.len(), RESOURCES);
    let ids = parts.resources.iter().enumerate().map(|(at, resource)| (place(at).key("id"), resource.id.as_str()));
    found.ids("resources", ids);
    for (at, resource) in parts.resources.iter().enumerate() {
        check_one(resource, &place(at), found);
    }
    let fields = parts.resources.iter().map(|resource| resource.fields.len()).sum();
    found.at_most(Place::whole(), "The catalog", "fields in all", fields, FIELDS_IN_ALL);
}

fn check_one(resource: &Resource, place: &Place, found: &mut Found) {
    let Resource { id, label, actions, fields } = resource;
    let id = quoted(id);
    found.label(place.key("label"), &format!("resource “{id}”"), &resource.id, label);
    if actions.is_empty() {
        found.add(place.key("actions"), format!("Resource “{id}” needs at least one action."));
    }
    let name = format!("Resource “{id}”");
    found.at_most(place.key("actions"), &name, "actions", actions.len(), ACTIONS);
    found.at_most(place.key("fields"), &name, "fields", fields.len(), FIELDS);
    let nth = |key: &str, at: usize| place.key(key).nth(at);
    let ids = actions.iter().enumerate().map(|(at, action)| (nth("actions", at), action.id.as_str()));
    found.ids(&format!("actions of “{id}”"), ids);
    let ids = fields.iter().enumerate().map(|(at, field)| (nth("fields", at), field.id.as_str()));
    found.ids(&format!("fields of “{id}”"), ids);
    let labels = actions.iter().map(|action| (&action.id, &action.label));
    for (of, label) in labels.chain(fields.iter().map(|field| (&field.id, &field.label))) {
        found.label(place.key("labels").key(of), &format!("“{}” of “{id}”", quoted(of)), of, label);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{right, wrong};
    use super::*;
    use crate::keys::catalog::{Action, Field};

    fn resource(id: &str, actions: usize, fields: usize) -> Resource {
        let numbered = |letter: char, count: usize| (0..count).map(|at| format!("{letter}{at}")).collect::<Vec<_>>();
        let actions = numbered('a', actions).iter().map(|id| Action::new(id)).collect();
        let fields = numbered('f', fields).iter().map(|id| Field::new(id)).collect();
        Resource { actions, fields, ..Resource::new(id, &[], &[]) }
    }

    #[test]
    fn there_are_some_resources_with_some_actions() {
        assert_eq!(wrong(|parts| parts.resources.clear()), [": There must be at least one [[resource]]."]);
        let told = wrong(|parts| parts.resources[1].actions.clear());
        assert_eq!(told, ["resource[1].actions: Resource “assignments” needs at least one action."]);
    }

    #[test]
    fn ids_stand_once_and_in_their_alphabet() {
        let shifts = || Resource::new("shifts", &["read"], &["start"]);
        let twice = wrong(|parts| parts.resources = vec![shifts(), shifts()]);
        assert_eq!(twice, ["resource[1].id: “shifts” stands twice among the resources."]);
        let twice = wrong(|parts| parts.resources = vec![Resource::new("a", &["read", "read"], &["x", "y", "x"])]);
        let expected = [
            "resource[0].actions[1]: “read” stands twice among the actions of “a”.",
            "resource[0].fields[2]: “x” stands twice among the fields of “a”.",
        ];
        assert_eq!(twice, expected);
        for bad in ["", "a:b", "a b", "a;b", "a=b", "a,b", "a/b", ".a", "_a", "-a", "é", &"a".repeat(41)] {
            let told = wrong(|parts| parts.resources[0] = Resource::new(bad, &["read"], &[]));
            assert!(told.len() == 1 && told[0].starts_with("resource[0].id: “"), "{told:?}");
            let told = wrong(|parts| parts.resources[0] = Resource::new("a", &["read", bad], &[]));
            assert!(told.len() == 1 && told[0].starts_with("resource[0].actions[1]: "), "{told:?}");
            let told = wrong(|parts| parts.resources[0] = Resource::new("a", &["read"], &["x", bad]));
            assert!(told.len() == 1 && told[0].starts_with("resource[0].fields[1]: "), "{told:?}");
        }
    }

    #[test]
    fn ids_may_have_capitals_dots_and_a_digit_first() {
        for good in ["A", "1a", "2", "admin.users", "chat.write.public", "GET_it", "a-", "a.", &"a".repeat(40)] {
            right(|parts| parts.resources[0] = Resource::new(good, &["read", good], &[good, "x"]));
        }
    }

    #[test]
    fn ids_that_differ_only_in_case_are_too_similar() {
        let told = wrong(|parts| {
            parts.resources[0] = Resource::new("Users", &["read", "Read"], &["x", "X", "x"]);
        });
        let expected = [
            "resource[2].id: “Users” and “users” differ only in upper and lower case: resources.",
            "resource[0].actions[1]: “read” and “Read” differ only in upper and lower case: actions of “Users”.",
            "resource[0].fields[1]: “x” and “X” differ only in upper and lower case: fields of “Users”.",
            "resource[0].fields[2]: “X” and “x” differ only in upper and lower case: fields of “Users”.",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn labels_can_be_read() {
        let told = wrong(|parts| {
            parts.resources = vec![Resource::new("a", &["read"], &["x"])];
            parts.resources[0].label = " ".to_owned();
            parts.resources[0].actions[0].label = "\u{202E}Read".to_owned();
            parts.resources[0].fields[0].label = "a\nb".to_owned();
        });
        let expected = [
            "resource[0].label: The label of resource “a” is blank.",
            "resource[0].labels.read: The label of “read” of “a” holds a character that changes the direction of the text.",
            "resource[0].labels.x: The label of “x” of “a” holds a line break or a control character.",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn there_are_not_more_than_can_be_shown() {
        let many = |count: usize| (0..count).map(|at| resource(&format!("r{at}"), 1, 0)).collect();
        right(|parts| parts.resources = many(100));
        let told = wrong(|parts| parts.resources = many(101));
        assert_eq!(told, ["resource[100]: The catalog has 101 resources; at most 100 fit."]);

        right(|parts| parts.resources = vec![resource("a", 20, 200)]);
        let told = wrong(|parts| parts.resources = vec![resource("a", 21, 201)]);
        let expected = [
            "resource[0].actions: Resource “a” has 21 actions; at most 20 fit.",
            "resource[0].fields: Resource “a” has 201 fields; at most 200 fit.",
        ];
        assert_eq!(told, expected);

        let of_200 = |count: usize| (0..count).map(|at| resource(&format!("r{at}"), 1, 200)).collect();
        right(|parts| parts.resources = of_200(25));
        let told = wrong(|parts| {
            parts.resources = of_200(25);
            parts.resources.push(resource("last", 1, 1));
        });
        assert_eq!(told, [": The catalog has 5001 fields in all; at most 5000 fit."]);
    }
}
