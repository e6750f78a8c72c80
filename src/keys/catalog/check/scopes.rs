//! Scopes: each is the name of one permission, and nothing else is.

use std::collections::BTreeMap;

use super::{Found, quoted};
use crate::keys::catalog::scope::MAX_CHARACTERS;
use crate::keys::catalog::{Parts, Place, is_scope};

/// At Envoy's endpoint it means: what the routes of the catalog say.
const RESERVED: &str = "routes";

pub(super) fn check(parts: &Parts, found: &mut Found) {
    let resources = || parts.resources.iter().enumerate();
    let actions = || resources().flat_map(|(at, of)| of.actions.iter().map(move |action| (at, of, action)));
    let id = |at: usize, action: &str| format!("{}:{action}", parts.resources[at].id);
    // What names a permission so far, in lower case, and the id of that permission.
    let mut names: BTreeMap<String, String> =
        actions().map(|(at, _, action)| id(at, &action.id)).map(|id| (id.to_ascii_lowercase(), id)).collect();
    for (at, resource, action) in actions() {
        let Some(scope) = &action.scope else { continue };
        let (own, shown) = (id(at, &action.id), quoted(scope));
        let place = Place::whole().key("resource").nth(at).key("scopes").key(&action.id);
        if !is_scope(scope) {
            let form = format!(
                "1 to {MAX_CHARACTERS} printable ASCII characters without spaces, quotes, commas and backslashes"
            );
            found.add(place, format!("“{shown}” cannot be a scope, which is {form}."));
        } else if scope == RESERVED {
            found.add(place, format!("“{RESERVED}” cannot be a scope: Envoy's configuration uses the word."));
        } else if let Some(other) = names.insert(scope.to_ascii_lowercase(), own.clone()).filter(|other| *other != own)
        {
            found.add(place, format!("“{shown}” of “{}” is too similar to a name of “{other}”.", quoted(&resource.id)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{right, wrong};

    #[track_caller]
    fn told(scopes: &[(usize, usize, &str)]) -> Vec<String> {
        wrong(|parts| {
            for &(resource, action, scope) in scopes {
                parts.resources[resource].actions[action].scope = Some(scope.to_owned());
            }
        })
    }

    #[test]
    fn a_scope_has_the_form_of_one() {
        right(|parts| {
            parts.resources[0].actions[0].scope = Some("https://example.com/auth/shifts.readonly".to_owned())
        });
        for bad in ["", "a b", "a,b", "a\"b", "a\\b", &"x".repeat(101)] {
            let told = told(&[(0, 0, bad)]);
            assert!(told.len() == 1 && told[0].starts_with("resource[0].scopes.read: “"), "{told:?}");
            assert!(told[0].contains("” cannot be a scope, which is 1 to 100 printable ASCII"), "{told:?}");
        }
        assert!(told(&[(0, 0, "routes")])[0].contains("Envoy"));
    }

    #[test]
    fn a_scope_names_one_permission() {
        right(|parts| parts.resources[0].actions[0].scope = Some("shifts:read".to_owned()));
        right(|parts| parts.resources[0].actions[0].scope = Some("Shifts:Read".to_owned()));
        let expected = "resource[2].scopes.read: “Rota” of “users” is too similar to a name of “shifts:write”.";
        assert_eq!(told(&[(0, 1, "rota"), (2, 0, "Rota")]), [expected]);
        // Also one that has a scope of its own.
        let expected = "resource[0].scopes.read: “users:READ” of “shifts” is too similar to a name of “users:read”.";
        assert_eq!(told(&[(0, 0, "users:READ"), (2, 0, "people")]), [expected]);
    }
}
