//! All routes of a catalog. They are folded once, and a request costs a few lookups.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::forms::{folded, is_lowercase, other_methods, shortened};
use super::table::{Budget, Found, Table};
use super::{PathPattern, RequestPath, Route, allows};
use crate::keys::catalog::Paths;
use crate::keys::grants::Grant;

/// How many comparisons a request may cost: some 30 ms. Few requests need more than a hundred, and none needs this many
/// unless thousands of routes begin with `**`.
const COMPARISONS: usize = 500_000;

/// The routes in the order of the catalog.
#[derive(Debug, PartialEq, Eq)]
pub struct Routes {
    all: Vec<Route>,
    paths: Paths,
    methods: Distinct<String>,
    require: Distinct<Grant>,
    as_written: Slashes,
    /// `None` if no route has capitals.
    lowercase: Option<Slashes>,
}

/// A list per route. Equal lists are stored once, so that those in use stay in the cache.
#[derive(Debug, PartialEq, Eq)]
struct Distinct<T> {
    lists: Vec<Vec<T>>,
    /// By route.
    indexes: Vec<u32>,
}

impl<T: Clone + Ord> Distinct<T> {
    fn of<'a>(lists: impl Iterator<Item = &'a Vec<T>>) -> Distinct<T>
    where
        T: 'a,
    {
        let (mut known, mut distinct) = (BTreeMap::new(), Distinct { lists: Vec::new(), indexes: Vec::new() });
        for list in lists {
            let index = *known.entry(list).or_insert_with(|| {
                distinct.lists.push(list.clone());
                distinct.lists.len() as u32 - 1
            });
            distinct.indexes.push(index);
        }
        distinct
    }

    fn get(&self, route: usize) -> &[T] {
        &self.lists[self.indexes[route] as usize]
    }
}

/// The routes with their final slashes and without.
#[derive(Debug, PartialEq, Eq)]
struct Slashes {
    kept: Table,
    /// `None` if no route ends with a slash.
    removed: Option<Table>,
}

/// Why a request is refused whatever its key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRequirement {
    /// No route matches the path as it is.
    NoRoute,
    /// The path contains `%2f`, and the first route that matches it does not allow that.
    EncodedSlash,
    /// Matching the path with the routes takes too long.
    TooSlow,
}

impl Routes {
    /// Folds the routes.
    pub fn new(all: Vec<Route>, paths: Paths) -> Routes {
        let as_written: Vec<_> = all.iter().map(|route| route.path.clone()).collect();
        let lowercase: Vec<_> = all.iter().map(|route| route.path.folded()).collect();
        let lowercase = (lowercase != as_written).then(|| Slashes::of(lowercase));
        let methods = Distinct::of(all.iter().map(|route| &route.methods));
        let require = Distinct::of(all.iter().map(|route| &route.require));
        Routes { paths, methods, require, as_written: Slashes::of(as_written), lowercase, all }
    }

    /// The routes in order.
    pub fn all(&self) -> &[Route] {
        &self.all
    }

    /// What a request needs: the permissions of the first route that matches its path, and of the first route that
    /// matches each other form of it. So a looser route never lets a key into what a stricter route guards.
    pub fn required(&self, method: &str, path: &RequestPath<'_>) -> Result<Cow<'_, [Grant]>, NoRequirement> {
        let lookup = Lookup { routes: self, budget: Budget::of(COMPARISONS) };
        let required = lookup.required(method, path);
        if lookup.budget.is_spent() { Err(NoRequirement::TooSlow) } else { required }
    }
}

/// The routes, and what a request may still cost.
struct Lookup<'a> {
    routes: &'a Routes,
    budget: Budget,
}

impl<'a> Lookup<'a> {
    fn required(&self, method: &str, path: &RequestPath<'_>) -> Result<Cow<'a, [Grant]>, NoRequirement> {
        let Routes { all, paths, require, as_written, .. } = self.routes;
        let found = self.find(&as_written.kept, method, &path.decoded);
        let Some(first) = found.first.filter(|first| !path.has_encoded_slash() || all[*first].encoded_slashes) else {
            let is_encoded = path.has_encoded_slash();
            return Err(if is_encoded { NoRequirement::EncodedSlash } else { NoRequirement::NoRoute });
        };
        let other_methods = if *paths == Paths::Lenient { other_methods(method) } else { Vec::new() };
        let grants = Cow::Borrowed(require.get(first));
        let mut all = Required { lookup: self, method, other_methods: &other_methods, grants };
        match paths {
            Paths::Lenient => path.readings().for_each(|text| all.add_lenient(text)),
            // Nothing says whether the upstream decodes a slash before it looks for the route.
            Paths::Exact => path.slashes_decoded.iter().for_each(|text| {
                all.add(self.find(&as_written.kept, method, text).first);
            }),
        }
        Ok(all.grants)
    }

    fn find(&self, table: &Table, method: &str, path: &str) -> Found {
        table.find(path, &self.budget, |route| allows(self.routes.methods.get(route), method))
    }
}

impl Slashes {
    fn of(patterns: Vec<PathPattern>) -> Slashes {
        let removed: Vec<_> = patterns.iter().map(PathPattern::without_slash).collect();
        let removed = (removed != patterns).then(|| Table::new(removed));
        Slashes { kept: Table::new(patterns), removed }
    }
}

/// What a request needs, as far as it is known.
struct Required<'a, 'b> {
    lookup: &'b Lookup<'a>,
    method: &'b str,
    other_methods: &'b [String],
    grants: Cow<'a, [Grant]>,
}

impl<'a> Required<'a, '_> {
    /// Adds every form of a path.
    fn add_lenient(&mut self, path: &str) {
        self.add_shortened(path, is_lowercase(path));
        for folded in folded(path) {
            self.add_shortened(&folded, true);
        }
    }

    /// Each form is matched with the routes as written, and a lowercase form also with the lowercase routes.
    fn add_shortened(&mut self, path: &str, is_lowercase: bool) {
        let routes = self.lookup.routes;
        let lowercase = routes.lowercase.as_ref().filter(|_| is_lowercase);
        for path in std::iter::once(path).chain(shortened(path)) {
            for tables in std::iter::once(&routes.as_written).chain(lowercase) {
                let other_methods = self.other_methods;
                for method in std::iter::once(self.method).chain(other_methods.iter().map(String::as_str)) {
                    self.add_form(tables, method, path);
                }
            }
        }
    }

    fn add_form(&mut self, tables: &Slashes, method: &str, path: &str) {
        let found = self.lookup.find(&tables.kept, method, path);
        self.add(found.first);
        if path != "/" && path.ends_with('/') {
            return;
        }
        let found = tables.removed.as_ref().map_or(found, |removed| self.lookup.find(removed, method, path));
        self.add(found.first);
        // `/admin/**` also guards `/admin`, but a later route for `/admin` counts all the same.
        self.add(found.guard);
    }

    fn add(&mut self, route: Option<usize>) {
        let Some(route) = route else { return };
        let require = self.lookup.routes.require.get(route);
        if std::ptr::eq(require, &*self.grants) {
            return;
        }
        for grant in require {
            if !self.grants.contains(grant) {
                self.grants.to_mut().push(grant.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gate::path;

    /// `GET,HEAD /v2/* shifts:read users:read`. No methods: every method. `%` in front: encoded slashes are allowed.
    fn route(text: &str) -> Route {
        let mut words = text.trim_start_matches('%').split(' ').peekable();
        let methods = words.next_if(|word| !word.starts_with('/')).unwrap_or_default();
        Route {
            methods: methods.split(',').filter(|method| !method.is_empty()).map(str::to_owned).collect(),
            path: PathPattern::parse(words.next().expect("a path")).expect("a pattern"),
            require: words.map(|word| Grant::parse(word).expect("a grant")).collect(),
            encoded_slashes: text.starts_with('%'),
        }
    }

    fn routes(texts: &[&str]) -> Routes {
        Routes::new(texts.iter().map(|text| route(text)).collect(), Paths::Lenient)
    }

    /// The permissions that a request needs, sorted.
    fn needs(routes: &Routes, method: &str, target: &str) -> Result<String, NoRequirement> {
        let path = path::of_target(target.as_bytes()).expect(target);
        let mut all: Vec<String> = routes.required(method, &path)?.iter().map(Grant::to_string).collect();
        all.sort();
        Ok(all.join(" "))
    }

    #[track_caller]
    fn assert_needs(routes: &Routes, expected: &[(&str, &str)]) {
        for (request, grants) in expected {
            let (method, target) = request.split_once(' ').expect("a method and a path");
            assert_eq!(needs(routes, method, target).as_deref(), Ok(*grants), "{request}");
        }
    }

    #[track_caller]
    fn assert_refused(routes: &Routes, why: NoRequirement, requests: &[&str]) {
        for request in requests {
            let (method, target) = request.split_once(' ').expect("a method and a path");
            assert_eq!(needs(routes, method, target), Err(why), "{request}");
        }
    }

    #[test]
    fn of_several_routes_that_match_the_first_counts() {
        let routes = routes(&["GET /v2/users/me leaves:read", "GET /v2/users/* users:read", "/v2/** shifts:write"]);
        let expected = [
            ("GET /v2/users/me", "leaves:read"),
            ("GET /v2/users/7", "users:read"),
            ("HEAD /v2/users/7", "users:read"),
            ("POST /v2/users/7", "shifts:write"),
            ("PATCH /v2/users/7", "shifts:write"),
            ("BREW /v2/", "shifts:write"),
        ];
        assert_needs(&routes, &expected);
        assert_refused(&routes, NoRequirement::NoRoute, &["GET /v3/users/7", "GET /", "GET /v2", "GET /V2/users/7"]);
        let path = path::of_target(b"/v2/users/7").expect("plain");
        assert!(matches!(routes.required("GET", &path), Ok(Cow::Borrowed(_))), "nothing is copied without need");
    }

    #[test]
    fn a_looser_route_lets_nothing_in_that_a_stricter_one_guards() {
        let all = ["/admin/** admin:write", "GET /payouts admin:write", "/** orders:read"];
        let lenient = routes(&all);
        for target in [
            "/payouts/",
            "/PAYOUTS",
            "/payouts.json",
            "/payouts.",
            "/Payouts.JSON/",
            "/payouts%20.",
            "/payout%C5%BF",
            "/admin",
            "/ADMIN",
            "/Admin.html",
            "/ADMIN/users",
            "/%41dmin/users",
            "/admin./",
            "/admin/",
        ] {
            let found = needs(&lenient, "GET", target).expect(target);
            assert!(found.contains("admin:write"), "{target}: {found}");
        }
        assert_needs(&lenient, &[("HEAD /payouts", "admin:write"), ("POST /payouts", "orders:read")]);
        assert_needs(&lenient, &[("GET /payouts", "admin:write"), ("GET /admin/users", "admin:write")]);
        assert_needs(&lenient, &[("GET /orders", "orders:read"), ("GET /orders.json", "orders:read")]);
        let exact = Routes::new(all.iter().map(|text| route(text)).collect(), Paths::Exact);
        let expected =
            [("GET /PAYOUTS/", "orders:read"), ("GET /admin", "orders:read"), ("HEAD /payouts", "admin:write")];
        assert_needs(&exact, &expected);
    }

    #[test]
    fn routes_are_folded_too() {
        let routes = routes(&["/Payouts/ a:read", "/payouts b:read", "/Files/*.PDF c:read", "/** d:read"]);
        let expected = [
            ("GET /Payouts/", "a:read b:read d:read"),
            ("GET /payouts", "a:read b:read"),
            ("GET /payouts/", "a:read b:read d:read"),
            ("GET /files/x.pdf", "c:read d:read"),
            ("GET /FILES/X.PDF", "c:read d:read"),
        ];
        assert_needs(&routes, &expected);
    }

    #[test]
    fn a_guard_does_not_hide_a_later_route() {
        let routes = routes(&["/**/*/** a:read", "/*/*.b/ b:read", "/x/** c:read", "/x d:read"]);
        assert_needs(&routes, &[("GET /a/a.b/", "a:read b:read"), ("GET /x", "c:read d:read")]);
    }

    #[test]
    fn a_route_for_head_alone_does_not_replace_what_get_needs() {
        let routes = routes(&["HEAD /a head:read", "GET /a get:read", "HEAD /b head:read", "POST /b post:read"]);
        let expected = [("HEAD /a", "get:read head:read"), ("GET /a", "get:read"), ("HEAD /b", "head:read")];
        assert_needs(&routes, &expected);
        assert_refused(&routes, NoRequirement::NoRoute, &["GET /b", "HEAD /A", "head /a"]);
    }

    #[test]
    fn a_lowercase_method_needs_what_the_uppercase_one_does() {
        let all = ["GET /payouts get:read", "PATCH /payouts patch:read", "/** orders:read"];
        let expected = [
            ("get /payouts", "get:read orders:read"),
            ("Head /PAYOUTS/", "get:read orders:read"),
            ("patch /payouts", "orders:read patch:read"),
            ("put /payouts", "orders:read"),
        ];
        assert_needs(&routes(&all), &expected);
        assert_refused(&routes(&all[..2]), NoRequirement::NoRoute, &["get /payouts", "Patch /payouts"]);
        let exact = Routes::new(routes(&all).all, Paths::Exact);
        assert_needs(&exact, &[("get /payouts", "orders:read")]);
    }

    #[test]
    fn a_path_that_takes_too_long_to_match_is_refused() {
        let starred = (0..4_999).map(|at| route(&format!("/**/*x{at}y*/** admin:write")));
        let slow = Routes::new(starred.chain([route("/** orders:read")]).collect(), Paths::Lenient);
        assert_needs(&slow, &[("GET /a/b/c.json", "orders:read"), ("GET /a/b/ax7yb/c", "admin:write")]);
        let long = format!("GET {}", "/A".repeat(190));
        assert_refused(&slow, NoRequirement::TooSlow, &[&long, &format!("{long}/ax7yb/c")]);
        let few = routes(&["/**/admin admin:write", "/** orders:read"]);
        assert_needs(&few, &[(&long, "orders:read"), (&format!("{long}/Admin"), "admin:write orders:read")]);
    }

    #[test]
    fn only_a_route_that_says_so_allows_an_escaped_slash() {
        let routes = routes(&[
            "/p/admin/** admin:write",
            "/p/a/secret secret:read",
            "%GET /p/*/issues issues:read",
            "%/p/* p:read",
            "/q/* q:read",
            "%/q/** q:write",
        ]);
        let expected = [
            ("GET /p/a%2fb", "p:read"),
            ("GET /p/a%2Fb/issues", "issues:read"),
            // The upstream may decode the slash before it routes.
            ("GET /p/a%2fsecret", "p:read secret:read"),
            ("GET /p/A%2fSecret.json", "p:read secret:read"),
            ("GET /p/admin%2fusers", "admin:write p:read"),
            ("GET /p/ADMIN%2f", "admin:write p:read"),
            ("GET /q/a/b%2fc", "q:write"),
        ];
        assert_needs(&routes, &expected);
        let refused = [
            "GET /q/a%2fb",
            "POST /p/a%2fb/issues",
            "GET /p%2fa",
            "GET /%70%2fa",
            "GET /P/a%2fb",
            "GET /p/admin/a%2fb",
            "GET /r%2f",
        ];
        assert_refused(&routes, NoRequirement::EncodedSlash, &refused);
        let exact = Routes::new(routes.all, Paths::Exact);
        assert_needs(&exact, &[("GET /p/a%2fsecret", "p:read secret:read"), ("GET /p/A%2fSecret", "p:read")]);
    }

    #[test]
    fn a_server_may_route_a_path_before_it_decodes_it() {
        let routes = routes(&["POST /jobs/*:cancel jobs:cancel", "POST /jobs/* jobs:write"]);
        let expected = [
            ("POST /jobs/7:cancel", "jobs:cancel"),
            ("POST /jobs/7%3Acancel", "jobs:cancel jobs:write"),
            ("POST /jobs/%37:cancel", "jobs:cancel"),
        ];
        assert_needs(&routes, &expected);
    }

    fn some_routes() -> impl Strategy<Value = Routes> {
        let path = "(/([a-c]|[aA]b|\\*|a\\*|\\*\\.b|\\*\\*)){1,3}/?";
        let methods = prop::sample::select(vec!["", "GET ", "HEAD ", "POST ", "GET,POST "]);
        let text = (methods, path).prop_filter("a pattern", |(_, path)| PathPattern::parse(path).is_ok());
        prop::collection::vec(text, 1..8).prop_map(|texts| {
            let route = |(at, (methods, path))| route(&format!("{methods}{path} g{at}:read"));
            Routes::new(texts.into_iter().enumerate().map(route).collect(), Paths::Lenient)
        })
    }

    fn slashes(path: &str) -> &str {
        match path.trim_end_matches('/') {
            "" => "/",
            path => path,
        }
    }

    fn dots(path: &str) -> &str {
        path.trim_end_matches(['.', ' '])
    }

    fn extension(path: &str) -> &str {
        path.rfind(['.', '/']).filter(|at| path[*at..].starts_with('.')).map_or(path, |at| &path[..at])
    }

    /// What a server may do to a path before it looks for the route.
    const STEPS: [fn(&str) -> &str; 3] = [slashes, dots, extension];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn no_variant_of_a_plain_path_needs_less(
            routes in some_routes(),
            plain in "(/[a-c]b?){1,3}",
            capitals in any::<u16>(),
            ending in "( ?\\.){0,2}(\\.b)?\\.{0,2}/?",
            method in prop::sample::select(vec!["GET", "POST", "HEAD", "get", "Post", "head"]),
        ) {
            let capital = |(at, c): (usize, char)| if capitals >> (at % 16) & 1 == 1 { c.to_ascii_uppercase() } else { c };
            let variant: String = plain.chars().enumerate().map(capital).chain(ending.chars()).collect();
            let variant = variant.replace(' ', "%20");
            let plain_method = method.to_ascii_uppercase().replace("HEAD", "GET");
            let Ok(expected) = needs(&routes, &plain_method, &plain) else { return Ok(()) };
            let Ok(found) = needs(&routes, method, &variant) else { return Ok(()) };
            for grant in expected.split(' ') {
                prop_assert!(found.split(' ').any(|other| other == grant), "{plain} {expected}, {variant} {found}");
            }
        }

        /// Whatever a server folds, a request needs what the route requires that the server takes it for.
        #[test]
        fn what_a_lenient_server_serves_is_required(
            routes in some_routes(),
            path in "(/[a-cA]b?){1,3}(\\.b)?\\.?/?",
            folds in any::<bool>(),
            steps in Just([0, 1, 2]).prop_shuffle(),
            taken in 0..=3_usize,
        ) {
            let Ok(required) = needs(&routes, "GET", &path) else { return Ok(()) };
            let steps = &steps[..taken];
            let server = |path: &str| {
                let path = steps.iter().fold(path, |path, step| STEPS[*step](path));
                if folds { path.to_ascii_lowercase() } else { path.to_owned() }
            };
            let taken = server(&path);
            // A server that removes final slashes ignores those of its routes, too.
            let ignores_slash = steps.contains(&0) && !taken.ends_with('/');
            let pattern = |route: &Route| {
                let path = if folds { route.path.folded() } else { route.path.clone() };
                if ignores_slash { path.without_slash() } else { path }
            };
            let serves = |route: &&Route| {
                let table = Table::new([pattern(route)]);
                route.allows("GET") && table.find(&taken, &Budget::unlimited(), |_| true).first.is_some()
            };
            if let Some(route) = routes.all().iter().find(serves) {
                let grant = route.require[0].to_string();
                prop_assert!(required.split(' ').any(|other| other == grant), "{path} as {taken}: {grant}, {required}");
            }
        }
    }
}
