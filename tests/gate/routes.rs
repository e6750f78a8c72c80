//! The catalog's routes: a request needs what every route requires that its upstream could take it for.

use crate::both_engines;
use crate::world::gate::{PROXIES, Proxy, bearer};
use crate::world::{Engine, World};

const KEYS: &str = r#"
[[kind]]
id = "secret"
prefix = "sk_live_"
[[resource]]
id = "admin"
actions = ["write"]
[[resource]]
id = "orders"
actions = ["read"]
"#;

const ROUTES: &str = r#"
[[route]]
path = "/admin/**"
require = ["admin:write"]
[[route]]
methods = ["GET"]
path = "/payouts"
require = ["admin:write"]
[[route]]
path = "/**"
require = ["orders:read"]
"#;

/// `/admin/users` and `/payouts` in the spellings for which common servers call the same handler.
const OTHER_SPELLINGS: [(&str, &str); 20] = [
    ("GET", "/ADMIN/users"),
    ("GET", "/Admin/Users"),
    ("GET", "/%41dmin/users"),
    ("GET", "/admin"),
    ("GET", "/Admin/"),
    ("GET", "/payouts/"),
    ("GET", "/PAYOUTS"),
    ("HEAD", "/payouts"),
    // Django, Werkzeug and Symfony convert methods to uppercase.
    ("get", "/payouts"),
    ("head", "/Payouts/"),
    ("HEAD", "/Payouts.json/"),
    ("GET", "/payouts.json"),
    ("GET", "/payouts%2ejson"),
    ("GET", "/payouts."),
    ("GET", "/payouts..."),
    ("GET", "/payouts./"),
    ("GET", "/payouts.json."),
    ("GET", "/payouts%20."),
    ("GET", "/Payouts%20.JSON/"),
    ("GET", "/payout%C5%BF"),
];

async fn with(engine: Engine, text: &str) -> World {
    World::begin_with(engine, keyrack::keys::catalog::file::parse(text).unwrap()).await
}

async fn lenient(engine: Engine) -> World {
    with(engine, &format!("{KEYS}{ROUTES}")).await
}

both_engines!(lenient =>
    async fn no_other_spelling_of_a_path_needs_less(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, reads) = olga.create_key("Orders", &["orders:read"]).await;
        let (_, both) = olga.create_key("Admin", &["orders:read", "admin:write"]).await;
        for proxy in PROXIES {
            for (method, path) in OTHER_SPELLINGS.into_iter().chain([("GET", "/admin/users"), ("GET", "/payouts")]) {
                let answer = world.held(proxy, (method, path, ""), &[bearer(&reads)]).await;
                assert_eq!(answer.status, 403, "{proxy:?} {method} {path}: {}", answer.body);
                let answer = world.held(proxy, (method, path, ""), &[bearer(&both)]).await;
                assert_eq!(answer.status, 200, "{proxy:?} {method} {path}: {}", answer.body);
            }
        }
    }
);

both_engines!(lenient =>
    async fn a_path_without_a_route_of_its_own_is_refused(world) {
        let mut world = world;
        let text = format!("{KEYS}[[route]]\npath = \"/payouts\"\nrequire = [\"orders:read\"]\n");
        world.start_again(|settings| settings.catalog = keyrack::keys::catalog::file::parse(&text).unwrap());
        let (_, secret) = world.sign_in("olga").await.create_key("Orders", &["orders:read"]).await;
        for proxy in PROXIES {
            assert_eq!(world.held(proxy, ("GET", "/payouts", ""), &[bearer(&secret)]).await.status, 200, "{proxy:?}");
            for path in ["/PAYOUTS", "/payouts/", "/payouts.json", "/payouts."] {
                let answer = world.held(proxy, ("GET", path, ""), &[bearer(&secret)]).await;
                assert_eq!(answer.refusal(), (403, "NO_ROUTE".into()), "{proxy:?} {path}");
            }
        }
    }
);

async fn exact(engine: Engine) -> World {
    with(engine, &format!("{KEYS}{ROUTES}[gate]\npaths = \"exact\"\n")).await
}

both_engines!(exact =>
    async fn for_an_upstream_that_is_exact_each_path_is_one_path(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, reads) = olga.create_key("Orders", &["orders:read"]).await;
        for proxy in PROXIES {
            for (method, path, status) in [
                ("GET", "/ADMIN/users", 200),
                ("GET", "/payouts/", 200),
                ("GET", "/payouts.json", 200),
                ("GET", "/admin", 200),
                ("GET", "/payouts", 403),
                ("HEAD", "/payouts", 403),
                ("GET", "/%61dmin/users", 403),
                ("GET", "/payouts%20", 403),
            ] {
                let answer = world.held(proxy, (method, path, ""), &[bearer(&reads)]).await;
                assert_eq!(answer.status, status, "{proxy:?} {method} {path}: {}", answer.body);
            }
        }
    }
);

const SLASHES: &str = r#"
[[route]]
path = "/projects/admin/**"
require = ["admin:write"]
[[route]]
methods = ["GET"]
path = "/projects/*/issues"
require = ["orders:read"]
encoded_slashes = true
[[route]]
path = "/**"
require = ["orders:read"]
[gate]
preflight = true
"#;

async fn with_encoded_slashes(engine: Engine) -> World {
    with(engine, &format!("{KEYS}{SLASHES}")).await
}

both_engines!(with_encoded_slashes =>
    async fn only_a_route_that_says_so_allows_an_escaped_slash(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, reads) = olga.create_key("Orders", &["orders:read"]).await;
        let (_, both) = olga.create_key("Admin", &["orders:read", "admin:write"]).await;
        let preflight = |method: &str| {
            vec![("Origin", "https://app.example.com".to_owned()), ("Access-Control-Request-Method", method.to_owned())]
        };
        for proxy in PROXIES {
            for (path, reader, admin) in [
                ("/projects/a%2fb/issues", 200, 200),
                ("/projects/a%2Fb/issues?x=%2f", 200, 200),
                // The upstream may decode the slash before it looks for the route.
                ("/projects/admin%2fusers/issues", 403, 200),
                ("/projects/Admin%2fusers/issues", 403, 200),
            ] {
                for (secret, status) in [(&reads, reader), (&both, admin)] {
                    let answer = world.held(proxy, ("GET", path, ""), &[bearer(secret)]).await;
                    assert_eq!(answer.status, status, "{proxy:?} {path}: {}", answer.body);
                }
            }
            for (method, path, require) in [
                ("GET", "/projects/a%2fb", ""),
                ("GET", "/projects%2fa/issues", ""),
                ("POST", "/projects/a%2fb/issues", ""),
                ("GET", "/projects/..%2fadmin/issues", ""),
                ("GET", "/projects/a%2f%2fb/issues", ""),
                ("GET", "/projects/a%2f%20/issues", ""),
                ("GET", "/projects/a%2fb/issues", "orders:read"),
            ] {
                let answer = world.held(proxy, (method, path, require), &[bearer(&both)]).await;
                assert_eq!(answer.refusal(), (403, "PATH_NOT_ALLOWED".into()), "{proxy:?} {method} {path}");
            }
            for (method, path, status) in [
                ("GET", "/projects/a%2fb/issues", 200),
                ("DELETE", "/projects/a%2fb/issues", 403),
                ("GET", "/projects/a%2fb", 403),
                ("GET", "/projects/a", 200),
            ] {
                let answer = world.held(proxy, ("OPTIONS", path, ""), &preflight(method)).await;
                assert_eq!(answer.status, status, "{proxy:?} preflight {method} {path}: {}", answer.body);
            }
        }
    }
);

/// Stars in a part of a segment, and `**` inside a path.
const STARS: &str = r#"
[[route]]
path = "/Accounts/*.json"
require = ["admin:write"]
[[route]]
path = "/compare/*...*"
require = ["admin:write"]
[[route]]
path = "/jobs/*:cancel"
require = ["admin:write"]
[[route]]
path = "/v2/**/manifests/*"
require = ["admin:write"]
[[route]]
path = "/**"
require = ["orders:read"]
"#;

async fn with_stars(engine: Engine) -> World {
    with(engine, &format!("{KEYS}{STARS}")).await
}

both_engines!(with_stars =>
    async fn a_path_that_is_too_long_is_refused(world) {
        let (_, reads) = world.sign_in("olga").await.create_key("Orders", &["orders:read"]).await;
        for proxy in PROXIES {
            for path in ["/a".repeat(201), format!("/{}", "a".repeat(8_000))] {
                let answer = world.held(proxy, ("GET", &path, ""), &[bearer(&reads)]).await;
                assert_eq!(answer.refusal(), (403, "PATH_NOT_ALLOWED".into()), "{proxy:?}");
            }
            let answer = world.held(proxy, ("GET", &"/a".repeat(200), ""), &[bearer(&reads)]).await;
            assert_eq!(answer.status, 200, "{proxy:?}: {}", answer.body);
        }
    }
);

both_engines!(with_stars =>
    async fn stars_match_parts_of_segments_and_several_segments(world) {
        let (_, reads) = world.sign_in("olga").await.create_key("Orders", &["orders:read"]).await;
        for (path, status) in [
            ("/Accounts/AC1.json", 403),
            ("/accounts/ac1.JSON", 403),
            ("/Accounts/AC1.csv", 200),
            ("/Accounts/AC1", 200),
            ("/compare/main...dev", 403),
            ("/compare/main..dev", 200),
            ("/jobs/7:cancel", 403),
            ("/jobs/7%3Acancel", 403),
            ("/jobs/7:pause", 200),
            ("/v2/library/nginx/manifests/latest", 403),
            ("/v2/a/b/c/manifests/d", 403),
            ("/v2/library/nginx/tags/list", 200),
        ] {
            let answer = world.held(Proxy::Nginx, ("GET", path, ""), &[bearer(&reads)]).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
        }
    }
);
