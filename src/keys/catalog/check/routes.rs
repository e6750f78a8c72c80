//! What addresses need: something that can be granted, and each route can be reached.

use std::collections::BTreeSet;

use super::{Found, quoted};
use crate::keys::catalog::{Parts, Place, Route};

const ROUTES: usize = 1_000;
const METHOD_CHARACTERS: usize = 20;

pub(super) fn check(parts: &Parts, found: &mut Found) {
    let place = |at: usize| Place::whole().key("route").nth(at);
    found.at_most(place(ROUTES), "The catalog", "routes", parts.routes.len(), ROUTES);
    for (at, route) in parts.routes.iter().enumerate().take(ROUTES) {
        methods(route, &place(at), found);
        required(route, parts, &place(at), found);
        if let Some(earlier) = parts.routes[..at].iter().find(|earlier| earlier.covers(route)) {
            let why = format!("“{}” before it means the same requests", earlier.path);
            found.add(place(at), format!("No request reaches “{}”: {why}.", route.path));
        }
    }
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
            Some(Some(_)) if !seen.insert(grant) => format!("“{grant}” stands there twice."),
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
    use crate::keys::grants::Grant;

    fn route(methods: &str, path: &str, require: &str) -> Route {
        Route {
            methods: methods.split_whitespace().map(str::to_owned).collect(),
            path: PathPattern::parse(path).expect("a pattern"),
            require: require.split_whitespace().map(|text| Grant::parse(text).expect("a grant")).collect(),
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
        ] {
            let told = told(&[(first.0, first.1, "users:read"), (second.0, second.1, "users:read")]);
            let why = format!("“{}” before it means the same requests", first.1);
            assert_eq!(told, [format!("route[1]: No request reaches “{}”: {why}.", second.1)]);
        }
        let of =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(methods, path)| route(methods, path, "users:read")).collect();
        right(|parts| parts.routes = of(&[("GET", "/a"), ("", "/a"), ("", "/a/b"), ("", "/a/*"), ("", "/**")]));
        right(|parts| parts.routes = of(&[("GET", "/a"), ("GET POST", "/a")]));
    }

    #[test]
    fn there_are_not_too_many() {
        let many = |count: usize| (0..count).map(|at| route("", &format!("/{at}"), "users:read")).collect();
        right(|parts| parts.routes = many(1_000));
        let told = wrong(|parts| parts.routes = many(1_001));
        assert_eq!(told, ["route[1000]: The catalog has 1001 routes; at most 1000 fit."]);
    }
}
