//! What addresses need: something that can be granted, and each route can be reached.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, quoted};
use crate::keys::catalog::{Catalog, Mistake, Parts, Place, Route, Table};
use crate::keys::grants::Grant;

const ROUTES: usize = 5_000;
const METHOD_CHARACTERS: usize = 20;

pub(super) fn check(parts: &Parts, found: &mut Found) {
    found.at_most(place(ROUTES), "The catalog", "routes", parts.routes.len(), ROUTES);
    let routes = &parts.routes[..parts.routes.len().min(ROUTES)];
    let table = table(routes);
    for (at, route) in routes.iter().enumerate() {
        methods(route, &place(at), found);
        required(route, parts, &place(at), found);
        let is_before = |earlier: usize| earlier < at && routes[earlier].allows_all_of(route);
        if let Some(earlier) = table.first_cover(&route.path, is_before) {
            let why = format!("“{}” before it means the same requests", routes[earlier].path);
            found.add(place(at), format!("No request reaches “{}”: {why}.", route.path));
        }
    }
}

fn place(at: usize) -> Place {
    Place::whole().key("route").nth(at)
}

fn table(routes: &[Route]) -> Table {
    Table::new(routes.iter().map(|route| route.path.clone()))
}

/// Wider routes that require less than an earlier one: a path that the upstream takes for the earlier route, but that
/// only the wider one matches, needs less. One warning for each wider route.
pub(super) fn warnings(catalog: &Catalog) -> Vec<Mistake> {
    let routes = catalog.routes();
    let table = table(routes);
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, route) in routes.iter().enumerate() {
        let is_wider = |later: usize| {
            let wider = &routes[later];
            later > at && wider.path != route.path && wider.shares_method_with(route) && lacking(wider, route).is_some()
        };
        if let Some(wider) = table.first_cover(&route.path, is_wider) {
            found.entry(wider).or_default().push(at);
        }
    }
    found.into_iter().filter_map(|(wider, earlier)| warning(catalog, wider, &earlier)).collect()
}

fn warning(catalog: &Catalog, wider: usize, earlier: &[usize]) -> Option<Mistake> {
    let routes = catalog.routes();
    let (first, more) = earlier.split_first()?;
    let (first, path) = (&routes[*first], &routes[wider].path);
    let lacking = catalog.public_name(lacking(&routes[wider], first)?);
    let others = match more.len() {
        0 => String::new(),
        1 => " 1 more route before it is stricter, too.".to_owned(),
        count => format!(" {count} more routes before it are stricter, too."),
    };
    let why = format!("“{path}” is wider than “{}” before it, but does not require “{lacking}”.{others}", first.path);
    Some(Mistake::at(place(wider), why))
}

/// The first permission that `earlier` requires and `wider` does not.
fn lacking<'a>(wider: &Route, earlier: &'a Route) -> Option<&'a Grant> {
    earlier.require.iter().find(|grant| !wider.require.contains(grant))
}

fn methods(route: &Route, place: &Place, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for (at, method) in route.methods.iter().enumerate() {
        let place = place.key("methods").nth(at);
        if !is_method(method) {
            found.add(place, format!("“{}” is no method: GET and POST are, in capitals.", quoted(method)));
        } else if !seen.insert(method) {
            found.add(place, format!("The method {method} stands there twice."));
        }
    }
}

/// RFC 9110's token, held to what methods are made of: they are told apart by case, and all that there are are capitals.
fn is_method(text: &str) -> bool {
    (1..=METHOD_CHARACTERS).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

fn required(route: &Route, parts: &Parts, place: &Place, found: &mut Found) {
    let place = place.key("require");
    if route.require.is_empty() {
        found.add(place.clone(), format!("“{}” needs at least one permission.", route.path));
    }
    let mut seen = BTreeSet::new();
    for (at, grant) in route.require.iter().enumerate() {
        let resource = parts.resources.iter().find(|resource| resource.id == grant.resource());
        let why = match resource.map(|resource| resource.action(grant.action())) {
            None => format!("“{grant}” names no resource of this catalog."),
            Some(None) => format!("“{grant}” names no action of “{}”.", grant.resource()),
            Some(Some(action)) if !seen.insert(grant) => {
                let id = grant.to_string();
                format!("“{}” stands there twice.", quoted(action.scope.as_ref().unwrap_or(&id)))
            }
            Some(Some(_)) => continue,
        };
        found.add(place.nth(at), why);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{right, wrong};
    use super::*;
    use crate::keys::catalog::PathPattern;

    fn route(methods: &str, path: &str, require: &str) -> Route {
        Route {
            methods: methods.split_whitespace().map(str::to_owned).collect(),
            path: PathPattern::parse(path).expect("a pattern"),
            require: require.split_whitespace().map(|text| Grant::parse(text).expect("a grant")).collect(),
            encoded_slashes: false,
        }
    }

    #[track_caller]
    fn told(routes: &[(&str, &str, &str)]) -> Vec<String> {
        wrong(|parts| {
            parts.routes = routes.iter().map(|(methods, path, require)| route(methods, path, require)).collect()
        })
    }

    #[test]
    fn routes_stand_in_their_order() {
        let routes = vec![
            route("GET HEAD", "/v2/users/*", "users:read"),
            route("GET", "/v2/users/**", "users:read"),
            route("", "/v2/shifts/*", "shifts:read shifts:write"),
            route("M-SEARCH", "/", "leaves:read"),
        ];
        assert_eq!(right(|parts| parts.routes = routes.clone()).routes(), routes);
    }

    #[test]
    fn methods_are_capitals() {
        for bad in ["get", "Get", "GÉT", "1GET", "GET,POST", "*", &"G".repeat(21)] {
            let told = told(&[(&format!("POST {bad}"), "/a", "users:read")]);
            assert_eq!(told, [format!("route[0].methods[1]: “{bad}” is no method: GET and POST are, in capitals.")]);
        }
        let told = told(&[("GET GET", "/a", "users:read")]);
        assert_eq!(told, ["route[0].methods[1]: The method GET stands there twice."]);
    }

    #[test]
    fn what_is_needed_can_be_granted() {
        let told = told(&[("", "/a", ""), ("", "/b", "payroll:read users:write users:read users:read")]);
        let expected = [
            "route[0].require: “/a” needs at least one permission.",
            "route[1].require[0]: “payroll:read” names no resource of this catalog.",
            "route[1].require[1]: “users:write” names no action of “users”.",
            "route[1].require[3]: “users:read” stands there twice.",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn every_route_can_be_reached() {
        for (first, second) in [
            (("", "/a"), ("", "/a")),
            (("", "/a"), ("GET", "/a")),
            (("GET POST", "/a"), ("POST", "/a")),
            (("", "/a/**"), ("GET", "/a/*/b")),
            (("", "/a/**/b"), ("", "/a/*/c/b")),
            (("", "/a/*"), ("", "/a/*.json")),
            (("", "/a/*.json"), ("", "/a/b.json")),
            (("GET", "/a"), ("HEAD", "/a")),
        ] {
            let told = told(&[(first.0, first.1, "users:read"), (second.0, second.1, "users:read")]);
            let why = format!("“{}” before it means the same requests", first.1);
            assert_eq!(told, [format!("route[1]: No request reaches “{}”: {why}.", second.1)]);
        }
        let of =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(methods, path)| route(methods, path, "users:read")).collect();
        right(|parts| parts.routes = of(&[("GET", "/a"), ("", "/a"), ("", "/a/b"), ("", "/a/*"), ("", "/**")]));
        right(|parts| parts.routes = of(&[("GET", "/a"), ("GET POST", "/a")]));
        right(|parts| parts.routes = of(&[("HEAD", "/a"), ("GET", "/a")]));
        right(|parts| parts.routes = of(&[("", "/a/*.json"), ("", "/a/*"), ("", "/a/**/b"), ("", "/a/**")]));
    }

    #[test]
    fn a_wider_route_that_requires_less_is_worth_a_warning() {
        let warnings = |routes: &[(&str, &str, &str)]| {
            let routes = routes.iter().map(|(methods, path, require)| route(methods, path, require)).collect();
            let warnings = right(|parts| parts.routes = routes).warnings();
            warnings.iter().map(Mistake::to_string).collect::<Vec<_>>()
        };
        let told = warnings(&[
            ("", "/admin/**", "shifts:write"),
            ("GET", "/payouts", "shifts:write leaves:read"),
            ("GET", "/users/me", "leaves:read"),
            ("GET", "/users/*", "users:read"),
            ("", "/**", "leaves:read"),
        ]);
        let expected = [
            "route[3]: “/users/*” is wider than “/users/me” before it, but does not require “leaves:read”.",
            "route[4]: “/**” is wider than “/admin/**” before it, but does not require “shifts:write”. \
             2 more routes before it are stricter, too.",
        ];
        assert_eq!(told, expected);
        let fine: [&[(&str, &str, &str)]; 4] = [
            &[("GET", "/users/me", "users:read"), ("", "/**", "users:read leaves:read")],
            &[("GET", "/users/me", "users:read"), ("POST", "/**", "leaves:read")],
            &[("GET", "/users/*", "users:read"), ("", "/users/*", "shifts:write")],
            &[("GET", "/users/*", "users:read"), ("", "/shifts/**", "leaves:read")],
        ];
        fine.into_iter().for_each(|routes| assert_eq!(warnings(routes), Vec::<String>::new()));
        assert_eq!(warnings(&[("HEAD", "/a", "users:read"), ("GET", "/*", "leaves:read")]).len(), 1);
    }

    #[test]
    fn there_are_not_too_many() {
        let many = |count: usize| (0..count).map(|at| route("", &format!("/{at}"), "users:read")).collect();
        right(|parts| parts.routes = many(5_000));
        let told = wrong(|parts| parts.routes = many(5_001));
        assert_eq!(told, ["route[5000]: The catalog has 5001 routes; at most 5000 fit."]);
    }
}
