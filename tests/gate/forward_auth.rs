//! The doors at which proxies ask: what passes, as whom, and what is refused and why.

use keyrack::keys::catalog::file;
use serde_json::{Value, json};

use crate::both_engines;
use crate::world::form::Answer;
use crate::world::gate::{CATALOG, PROXIES, Proxy, bearer, unknown_key, with_preflights, with_routes};
use crate::world::keys::{SELF, url};
use crate::world::{Engine, Person, World, cast, wire};

const READ: (&str, &str, &str) = ("GET", "/v2/shifts/7", "");
/// What stands in every 200, in the order of the README.
const NAMES: [&str; 8] = [
    "x-key-id",
    "x-key-name",
    "x-key-team",
    "x-key-project",
    "x-key-kind",
    "x-key-permissions",
    "x-key-fields",
    "x-key-expires",
];

fn identity(answer: &Answer) -> Vec<&str> {
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{} {}", answer.status, answer.body);
    assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
    assert!(answer.header("set-cookie").is_empty() && answer.header("x-request-id").is_empty());
    for name in NAMES {
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name}");
    }
    NAMES.into_iter().map(|name| answer.header(name)).collect()
}

async fn make(olga: &mut Person, fields: &[(&str, &str)]) -> String {
    olga.create_key_of(&[&[("kind", "secret")], fields].concat()).await.1
}

async fn may(olga: &mut Person, permissions: &[&str]) -> String {
    let fields: Vec<_> = permissions.iter().map(|permission| ("permission", *permission)).collect();
    make(olga, &fields).await
}

async fn with_few_identity_headers(engine: Engine) -> World {
    let text = format!("{CATALOG}[gate]\nidentity_headers = [\"X-Key-Team\", \"x-key-expires\"]\n");
    World::begin_with(engine, file::parse(&text).unwrap()).await
}

both_engines!(with_few_identity_headers =>
    async fn only_the_selected_identity_headers_carry_a_value(world) {
        let mut olga = world.sign_in("olga").await;
        let fields = [("kind", "secret"), ("expiration", "3m"), ("permission", "shifts:read")];
        let (id, secret) = olga.create_key_of(&fields).await;
        for proxy in PROXIES {
            let answer = world.held(proxy, READ, &[bearer(&secret)]).await;
            let expected = ["", "", &world.team_id("olga"), "", "", "", "", "2027-02-21T12:00:00Z"];
            assert_eq!(identity(&answer), expected, "{proxy:?}");
        }
        // The other endpoints say as much as ever.
        let told = olga.told(&secret).await;
        assert_eq!((&told["id"], &told["permissions"]), (&json!(id.as_str()), &json!(["shifts:read"])));
        assert_eq!(world.introspect(&[("token", &secret)]).await.json()["scope"], "shifts:read");
    }
);

both_engines!(with_routes =>
    async fn a_good_key_passes_with_all_that_is_known_of_it(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.get("/settings/projects").await.form("/settings/projects");
        assert_eq!(olga.submit(&form.with("name", "Kiosk")).await.status, 303);
        let project = world.texts("SELECT id AS value FROM projects").remove(0);
        let fields = [
            ("name", "HR sync – É, 100%"),
            ("expiration", "3m"),
            ("kind", "secret"),
            ("project", &project),
            ("permission", "shifts:read"),
            ("permission", "users:read"),
            ("fields.users", "some"),
            ("field", "users:name"),
            ("field", "users:start"),
        ];
        let (id, secret) = olga.create_key_of(&fields).await;
        let expected = [
            id.as_str(),
            "HR%20sync%20%E2%80%93%20%C3%89%2C%20100%25",
            &world.team_id("olga"),
            &project,
            "secret",
            "shifts:read users:read",
            "shifts=*; users=name,start",
            "2027-02-21T12:00:00Z",
        ];
        for proxy in PROXIES {
            let answer = world.held(proxy, READ, &[bearer(&secret)]).await;
            assert_eq!(identity(&answer), expected, "{proxy:?}");
            let answer = world.held(proxy, READ, &[("X-API-Key", secret.clone())]).await;
            assert_eq!(identity(&answer), expected, "{proxy:?}");
        }
    }
);

both_engines!(with_routes =>
    async fn every_header_is_there_and_empty_where_there_is_nothing(world) {
        let secret = may(&mut world.sign_in("olga").await, &["shifts:read"]).await;
        for proxy in PROXIES {
            // What a client makes up of itself is not looked at; that it does not reach the API, the headers see to.
            let forged = [bearer(&secret), ("X-Key-Project", "forged".into()), ("X_Key_Id", "forged".into())];
            let answer = world.held(proxy, READ, &forged).await;
            let told = identity(&answer);
            assert_eq!((told[3], told[7], told[6]), ("", "", "shifts=*"), "{proxy:?}");
            assert!(!format!("{:?}", answer.headers).contains("forged"));
        }
    }
);

both_engines!(with_routes =>
    async fn the_catalogs_routes_say_what_a_request_needs(world) {
        let mut olga = world.sign_in("olga").await;
        let (reads, writes) = (may(&mut olga, &["shifts:read"]).await, may(&mut olga, &["shifts:write"]).await);
        let both = may(&mut olga, &["shifts:read", "shifts:write"]).await;
        for proxy in PROXIES {
            for (method, target, secret, status) in [
                ("GET", "/v2/shifts/7", &reads, 200),
                ("HEAD", "/v2/shifts/7", &reads, 200),
                ("GET", "/v2/shifts/7?require=users:read&x=/../%00", &reads, 200),
                ("GET", "/v2/%73hifts/a%20b", &reads, 200),
                ("GET", "/v2/shifts/7", &writes, 403),
                ("POST", "/v2/shifts/7", &reads, 403),
                ("POST", "/v2/shifts/7", &writes, 403),
                ("POST", "/v2/shifts/7", &both, 200),
                ("DELETE", "/v2/shifts/7/notes", &both, 200),
                // Another method than GET: the second route means it.
                ("get", "/v2/shifts/7", &reads, 403),
                ("get", "/v2/shifts/7", &both, 200),
                ("GET", "/v2/users/7", &both, 403),
                ("GET", "/v2/V2/shifts", &both, 403),
            ] {
                let answer = world.held(proxy, (method, target, ""), &[bearer(secret)]).await;
                assert_eq!(answer.status, status, "{proxy:?} {method} {target}: {}", answer.body);
            }
        }
    }
);

both_engines!(with_routes =>
    async fn where_nothing_says_what_is_needed_nothing_passes(world) {
        let mut olga = world.sign_in("olga").await;
        let secret = may(&mut olga, &["shifts:read", "shifts:write", "users:read", "leaves:read"]).await;
        for proxy in PROXIES {
            for (method, target) in [("GET", "/"), ("GET", "/v2/shifts"), ("POST", "/v2/users/7"), ("GET", "/V2/shifts/7")] {
                let answer = world.held(proxy, (method, target, ""), &[bearer(&secret)]).await;
                assert_eq!(answer.refusal(), (403, "NO_ROUTE".into()), "{proxy:?} {method} {target}");
            }
        }
        for door in ["/auth/nginx", "/auth/ingress-nginx", "/auth/traefik", "/auth/caddy"] {
            assert_eq!(world.at("GET", door, &[bearer(&secret)]).await.refusal(), (403, "REQUEST_NOT_TOLD".into()), "{door}");
        }
    }
);

both_engines!(with_routes =>
    async fn each_door_reads_only_what_its_own_proxy_tells(world) {
        let secret = may(&mut world.sign_in("olga").await, &["shifts:read"]).await;
        let told = |method: &str, target: &str, way: [&'static str; 2]| {
            vec![bearer(&secret), (way[0], method.to_owned()), (way[1], target.to_owned())]
        };
        let (nginx, others) = (["X-Original-Method", "X-Original-URI"], ["X-Forwarded-Method", "X-Forwarded-Uri"]);
        for (door, own, foreign) in [("/auth/nginx", nginx, others), ("/auth/traefik", others, nginx), ("/auth/caddy", others, nginx)] {
            let both = [told("DELETE", "/v2/users/7", own), told("GET", "/v2/shifts/7", foreign)].concat();
            assert_eq!(world.at("GET", door, &both).await.refusal(), (403, "NO_ROUTE".into()), "{door}");
            let both = [told("GET", "/v2/shifts/7", own), told("DELETE", "/v2/users/7", foreign)[1..].to_vec()].concat();
            assert_eq!(world.at("GET", door, &both).await.status, 200, "{door}");
            let foreign = told("GET", "/v2/shifts/7", foreign);
            assert_eq!(world.at("GET", door, &foreign).await.refusal(), (403, "REQUEST_NOT_TOLD".into()), "{door}");
            for name in own {
                let twice = [told("GET", "/v2/shifts/7", own), vec![(name, "GET".to_owned())]].concat();
                assert_eq!(world.at("GET", door, &twice).await.refusal(), (403, "REQUEST_NOT_TOLD".into()), "{door}");
                let missing: Vec<_> = told("GET", "/v2/shifts/7", own).into_iter().filter(|one| one.0 != name).collect();
                assert_eq!(world.at("GET", door, &missing).await.refusal(), (403, "REQUEST_NOT_TOLD".into()), "{door}");
            }
        }
        let all = [told("GET", "/v2/shifts/7", nginx), told("GET", "/v2/shifts/7", others)[1..].to_vec()].concat();
        assert_eq!(world.at("GET", "/auth/envoy/v2/users/7", &all).await.status, 403);
        assert_eq!(world.at("GET", "/auth/envoy", &all).await.refusal(), (403, "PATH_NOT_ALLOWED".into()));
    }
);

both_engines!(with_routes =>
    async fn ingress_nginx_sends_a_url_and_only_its_path_counts(world) {
        let secret = may(&mut world.sign_in("olga").await, &["shifts:read"]).await;
        let ask = async |door: &str, url: &str, own: &[(&'static str, &str)]| {
            let own = own.iter().map(|(name, value)| (*name, (*value).to_owned()));
            let told = [("X-Original-Method", "GET".to_owned()), ("X-Original-URL", url.to_owned()), bearer(&secret)];
            world.at("GET", door, &told.into_iter().chain(own).collect::<Vec<_>>()).await
        };
        let (by_route, fixed) = ("/auth/ingress-nginx", "/auth/ingress-nginx?require=shifts:read");
        for url in [
            "https://api.example.com/v2/shifts/7",
            "http://api.example.com/v2/shifts/7?require=users:read&x=http://y/../%2f#",
            "http://api.example.com:8443/v2/shifts/7",
            "https://API_1.example.com./v2/shifts/7",
            "https://[2001:db8::1]:443/v2/shifts/7",
        ] {
            assert_eq!(ask(by_route, url, &[]).await.status, 200, "{url}");
        }
        for (url, code) in [
            ("https://api.example.com/v2/users/7", "INSUFFICIENT_PERMISSIONS"),
            ("https://api.example.com/nowhere", "NO_ROUTE"),
            ("https://api.example.com", "PATH_NOT_ALLOWED"),
            ("https://api.example.com//v2/shifts/7", "PATH_NOT_ALLOWED"),
            ("https://api.example.com/v2/users/../shifts/7", "PATH_NOT_ALLOWED"),
            ("https://api.example.com/v2/shifts/7#/v2/users", "PATH_NOT_ALLOWED"),
        ] {
            assert_eq!(ask(by_route, url, &[]).await.refusal(), (403, code.into()), "{url}");
        }
        // The client chooses the host, and nginx lets nearly any character of it pass behind a colon.
        for url in [
            "",
            "/v2/shifts/7",
            "//api.example.com/v2/shifts/7",
            "api.example.com/v2/shifts/7",
            "https:/v2/shifts/7",
            "https:///v2/shifts/7",
            "ftp://api.example.com/v2/shifts/7",
            "HTTPS://api.example.com/v2/shifts/7",
            "https://me:you@api.example.com/v2/shifts/7",
            "https://api.example.com?/v2/shifts/7",
            "https://api.example.com:?/v2/shifts/7",
            "https://api.example.com:#/v2/shifts/7",
            "https://api.example.com:;/v2/shifts/7",
            "https://api.example.com:\\/v2/shifts/7",
            "https://api.example.com:%2f/v2/shifts/7",
            "https://api example.com/v2/shifts/7",
            "https://api.example.com:https://x/v2/shifts/7?",
        ] {
            for door in [by_route, fixed] {
                let answer = ask(door, url, &[]).await;
                let code = if url.ends_with("7?") { "PATH_NOT_ALLOWED" } else { "REQUEST_NOT_TOLD" };
                assert_eq!(answer.refusal(), (403, code.into()), "{url}");
            }
        }
        // What is fixed needs no route, and so not to be told the request.
        assert_eq!(world.at("GET", fixed, &[bearer(&secret)]).await.status, 200);
    }
);

both_engines!(with_routes =>
    async fn where_both_kinds_of_nginx_seem_to_ask_nothing_passes(world) {
        let secret = may(&mut world.sign_in("olga").await, &["shifts:read"]).await;
        let (uri, url) = (("X-Original-URI", "/v2/shifts/7"), ("X-Original-URL", "https://api.example.com/v2/shifts/7"));
        for (proxy, foreign) in [(Proxy::Nginx, url), (Proxy::IngressNginx, uri)] {
            assert_eq!(world.held(proxy, READ, &[bearer(&secret)]).await.status, 200, "{proxy:?}");
            for value in [foreign.1, ""] {
                for request in [READ, ("GET", "/v2/shifts/7", "shifts:read")] {
                    let answer = world.held(proxy, request, &[bearer(&secret), (foreign.0, value.to_owned())]).await;
                    assert_eq!(answer.refusal(), (403, "REQUEST_NOT_TOLD".into()), "{proxy:?} {value:?}");
                    assert!(answer.body.contains("X-Original-URI and X-Original-URL"), "{}", answer.body);
                }
            }
        }
    }
);

both_engines!(with_routes =>
    async fn what_the_proxy_requires_stands_above_the_routes(world) {
        let mut olga = world.sign_in("olga").await;
        let secret = may(&mut olga, &["shifts:read", "leaves:read"]).await;
        for proxy in PROXIES {
            for (target, require, status) in [
                ("/v2/shifts/7", "leaves:read", 200),
                ("/nowhere", "leaves:read", 200),
                ("/nowhere", "shifts:read,leaves:read", 200),
                ("/v2/shifts/7", "users:read", 403),
                ("/v2/shifts/7", "shifts:read,users:read", 403),
                // The client's own words.
                ("/nowhere?require=shifts:read", "users:read", 403),
                ("/-/shifts:read//nowhere", "users:read", 403),
            ] {
                let answer = world.held(proxy, ("GET", target, require), &[bearer(&secret)]).await;
                assert_eq!(answer.status, status, "{proxy:?} {target} {require}: {}", answer.body);
            }
            for (require, code) in [
                ("payroll:read", "NEEDS_NOT_OFFERED"),
                ("shifts:read,shifts:delete", "NEEDS_NOT_OFFERED"),
                ("shifts", "NEEDS_NOT_OFFERED"),
                ("shifts,", "NEEDS_NOT_OFFERED"),
                (",shifts", "NEEDS_UNREADABLE"),
                (",shifts:read", "NEEDS_UNREADABLE"),
            ] {
                let answer = world.held(proxy, ("GET", "/v2/shifts/7", require), &[bearer(&secret)]).await;
                assert_eq!(answer.refusal(), (403, code.into()), "{proxy:?} {require}");
            }
        }
        for query in ["requires=shifts:read", "require=", "require=shifts:read&x=1", "project=", "REQUIRE=shifts:read"] {
            let answer = world.at("GET", &format!("/auth/nginx?{query}"), &[bearer(&secret)]).await;
            assert_eq!(answer.refusal(), (403, "NEEDS_UNREADABLE".into()), "{query}");
        }
        // Envoy's query is the client's: it fixes nothing.
        let answer = world.at("GET", "/auth/envoy/nowhere?require=shifts:read", &[bearer(&secret)]).await;
        assert_eq!(answer.refusal(), (403, "NO_ROUTE".into()));
        // The slash at the end of Envoy's prefix is missing.
        let answer = world.at("GET", "/auth/envoy/-/shifts:read/v2/shifts/7", &[bearer(&secret)]).await;
        assert_eq!(answer.refusal(), (403, "PATH_NOT_ALLOWED".into()));
        // What is fixed needs no route, and so not to be told the request.
        assert_eq!(world.at("GET", "/auth/nginx?require=shifts:read", &[bearer(&secret)]).await.status, 200);
    }
);

both_engines!(with_routes =>
    async fn a_door_can_be_for_one_project(world) {
        let mut olga = world.sign_in("olga").await;
        for name in ["Kiosk", "Lobby"] {
            let form = olga.get("/settings/projects").await.form("/settings/projects");
            assert_eq!(olga.submit(&form.with("name", name)).await.status, 303);
        }
        let projects = world.texts("SELECT id AS value FROM projects ORDER BY name");
        let secret = make(&mut olga, &[("permission", "shifts:read"), ("project", &projects[0])]).await;
        let filed_nowhere = may(&mut olga, &["shifts:read"]).await;
        let door = |project: &str| format!("/auth/nginx?require=shifts:read&project={project}");
        assert_eq!(world.at("GET", &door(&projects[0]), &[bearer(&secret)]).await.status, 200);
        for (project, secret) in [(projects[1].as_str(), &secret), ("Kiosk", &secret), (&projects[0], &filed_nowhere)] {
            let answer = world.at("GET", &door(project), &[bearer(secret)]).await;
            assert_eq!(answer.refusal(), (403, "PROJECT_NOT_ALLOWED".into()), "{project}");
        }
    }
);

both_engines!(with_routes =>
    async fn what_a_key_lacks_is_said_to_programs(world) {
        let secret = may(&mut world.sign_in("olga").await, &["leaves:read"]).await;
        for proxy in PROXIES {
            let answer = world.held(proxy, ("POST", "/v2/shifts/7", ""), &[bearer(&secret)]).await;
            assert_eq!(answer.refusal(), (403, "INSUFFICIENT_PERMISSIONS".into()), "{proxy:?}");
            assert_eq!(
                answer.header("www-authenticate"),
                "Bearer realm=\"Rota API\", error=\"insufficient_scope\", scope=\"shifts:read shifts:write\""
            );
            assert_eq!(answer.header("x-accepted-permissions"), "shifts:read shifts:write");
            assert_eq!(answer.json()["required"], json!(["shifts:read", "shifts:write"]));
            for part in ["HR sync", "Northwind", "leaves"] {
                assert!(!answer.body.contains(part), "{}", answer.body);
            }
        }
    }
);

both_engines!(with_routes =>
    async fn a_key_that_is_not_good_is_refused_with_its_code(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, expired) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read"), ("expiration", "7d")]).await;
        let (id, revoked) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await;
        assert_eq!(olga.revoke(&id).await.status, 303);
        world.clock.advance(7 * 86_400);
        let unknown = unknown_key();
        for proxy in PROXIES {
            for (headers, code) in [
                (vec![], "MISSING"),
                (vec![bearer("sk_live_x")], "MALFORMED"),
                (vec![bearer(&unknown)], "NOT_FOUND"),
                (vec![bearer(&revoked)], "REVOKED"),
                (vec![bearer(&expired)], "EXPIRED"),
                (vec![bearer(&unknown), bearer(&unknown)], "MALFORMED"),
            ] {
                let answer = world.held(proxy, READ, &headers).await;
                assert_eq!(answer.refusal(), (401, code.into()), "{proxy:?}");
                let error = if code == "MISSING" { "" } else { ", error=\"invalid_token\"" };
                assert_eq!(answer.header("www-authenticate"), format!("Bearer realm=\"Rota API\"{error}"), "{code}");
                assert_eq!(answer.json()["required"], json!(["shifts:read"]));
                assert!(!answer.body.contains(&unknown) && !answer.body.contains("sk_live_x"), "a key is echoed");
            }
        }
    }
);

both_engines!(with_routes =>
    async fn a_revoked_key_is_refused_at_once(world) {
        let mut olga = world.sign_in("olga").await;
        for proxy in PROXIES {
            let (id, secret) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await;
            assert_eq!(world.held(proxy, READ, &[bearer(&secret)]).await.status, 200);
            assert_eq!(olga.revoke(&id).await.status, 303);
            assert_eq!(world.held(proxy, READ, &[bearer(&secret)]).await.refusal(), (401, "REVOKED".into()));
        }
    }
);

both_engines!(with_routes =>
    async fn a_key_in_the_address_is_not_read(world) {
        let secret = may(&mut world.sign_in("olga").await, &["shifts:read"]).await;
        for proxy in PROXIES {
            for name in ["access_token", "api_key", "key", "token"] {
                let target = format!("/v2/shifts/7?{name}={secret}");
                assert_eq!(world.held(proxy, ("GET", &target, ""), &[]).await.refusal(), (401, "MISSING".into()));
            }
        }
        for path in [format!("/auth/nginx?require=shifts:read&access_token={secret}"), format!("{SELF}?access_token={secret}")] {
            assert!(matches!(world.at("GET", &path, &[]).await.status, 401 | 403), "{path}");
        }
    }
);

both_engines!(with_routes =>
    async fn a_key_held_to_addresses_passes_from_there_only(world) {
        let mut olga = world.sign_in("olga").await;
        let fields = [("permission", "shifts:read"), ("address", "192.0.2.0/24\n2001:db8::/32")];
        let secret = make(&mut olga, &fields).await;
        for proxy in PROXIES {
            let from = |addresses: &[&str]| {
                let told = addresses.iter().map(|address| (proxy.address_header(), (*address).to_owned()));
                told.chain([bearer(&secret)]).collect::<Vec<_>>()
            };
            for good in ["192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7"] {
                assert_eq!(world.held(proxy, READ, &from(&[good])).await.status, 200, "{proxy:?} {good}");
            }
            for bad in ["198.51.100.7", "198.51.100.7:80", "unknown", "", "192.0.2.7, 198.51.100.7"] {
                let answer = world.held(proxy, READ, &from(&[bad])).await;
                assert_eq!(answer.refusal(), (403, "ADDRESS_NOT_ALLOWED".into()), "{proxy:?} {bad}");
                assert!(answer.header("www-authenticate").is_empty(), "no other token would help");
            }
            // Not told: refused, wherever the proxy itself is.
            assert_eq!(world.held(proxy, READ, &from(&[])).await.refusal(), (403, "ADDRESS_NOT_ALLOWED".into()), "{proxy:?}");
            // Another proxy's header is not read.
            let other = if proxy.is_nginx() { "X-Forwarded-For" } else { "X-Real-IP" };
            let foreign = [(other, "192.0.2.7".to_owned()), bearer(&secret)];
            assert_eq!(world.held(proxy, READ, &foreign).await.status, 403, "{proxy:?}");
        }
        // What the client says comes first, what the proxy saw last.
        for (said, status) in [("192.0.2.7, 198.51.100.7", 403), ("198.51.100.7, 192.0.2.7", 200), ("nonsense,192.0.2.7", 200)] {
            let answer = world.held(Proxy::Caddy, READ, &[("X-Forwarded-For", said.into()), bearer(&secret)]).await;
            assert_eq!(answer.status, status, "{said}");
        }
        let twice = [("X-Real-IP", "192.0.2.7".to_owned()), ("X-Real-IP", "192.0.2.7".to_owned()), bearer(&secret)];
        assert_eq!(world.held(Proxy::Nginx, READ, &twice).await.refusal(), (403, "REQUEST_NOT_TOLD".into()));

        let mut world = world;
        let catalog = keyrack::keys::catalog::file::parse(crate::world::gate::CATALOG).unwrap();
        world.start_again(|settings| {
            settings.catalog = catalog;
            settings.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        });
        // A balancer that is trusted stands before the proxy.
        for (said, status) in [("192.0.2.7, 10.0.0.1", 200), ("192.0.2.7, 198.51.100.7, 10.0.0.1", 403), ("10.0.0.1", 403)] {
            let answer = world.held(Proxy::Traefik, READ, &[("X-Forwarded-For", said.into()), bearer(&secret)]).await;
            assert_eq!(answer.status, status, "{said}");
        }
    }
);

both_engines!(with_routes =>
    async fn a_key_held_to_sites_passes_from_there_only(world) {
        let mut olga = world.sign_in("olga").await;
        let fields = [("kind", "web"), ("permission", "shifts:read"), ("domain", "app.example.com")];
        let (_, key) = olga.create_key_of(&fields).await;
        for proxy in PROXIES {
            for (headers, status) in [
                (vec![("Origin", "https://app.example.com")], 200),
                (vec![("Referer", "https://app.example.com/shifts?x")], 200),
                (vec![("Origin", "https://evil.example"), ("Referer", "https://app.example.com/")], 403),
                (vec![("Origin", "null"), ("Referer", "https://app.example.com/")], 403),
                (vec![("Origin", "https://app.example.com"), ("Origin", "https://evil.example")], 403),
                (vec![("Origin", "https://evil.example"), ("Origin", "https://app.example.com")], 403),
                (vec![], 403),
            ] {
                let headers: Vec<_> =
                    headers.iter().map(|(name, value)| (*name, (*value).to_owned())).chain([bearer(&key)]).collect();
                let answer = world.held(proxy, READ, &headers).await;
                assert_eq!(answer.status, status, "{proxy:?} {headers:?}: {}", answer.body);
                if status == 403 {
                    assert_eq!(answer.problem(), "ORIGIN_NOT_ALLOWED");
                }
            }
        }
    }
);

/// Asks about a path as it stands, which no client of HTTP would send.
fn raw(world: &World, proxy: Proxy, target: &str, require: &str, secret: &str) -> (u16, String) {
    let (method, path, headers) = proxy.about("GET", target, require);
    let mut lines =
        vec![format!("{method} {path} HTTP/1.1"), "Host: keyrack".to_owned(), format!("X-API-Key: {secret}")];
    lines.extend(headers.into_iter().map(|(name, value)| format!("{name}: {value}")));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (status, _, body) = wire::send(&world.url, &lines);
    (status, body)
}

both_engines!(with_routes =>
    async fn a_path_that_could_be_read_otherwise_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let secret = may(&mut olga, &["shifts:read", "shifts:write", "users:read"]).await;
        for proxy in PROXIES {
            for target in [
                "v2/shifts/7",
                "",
                "/v2/shifts/../users",
                "/v2/shifts/./7",
                "/v2/shifts/..",
                "/v2/shifts/..?x",
                "/v2/shifts/%2e%2e/users",
                "/v2/shifts/%2E./users",
                "/v2/shifts/..;a=b/users",
                "//v2/shifts/7",
                "/v2//shifts/7",
                "/v2/shifts/7//",
                "/v2/shifts%2f7",
                "/v2/shifts%2F..%2Fusers",
                "/v2/shifts/..%5cusers",
                "/v2/shifts/7%00",
                "/v2/shifts/7%01",
                "/v2/shifts/7%0d%0aX-Key-Id:%20x",
                "/v2/shifts/a%09b",
                "/v2/shifts/7%7f",
                "/v2/shifts/7%C2%85",
                "/v2/shifts/7%20",
                "/v2/shifts/%207",
                "/v2/shifts%20/7",
                "/v2/shifts/7%C2%A0",
                "/v2/shifts/%20",
                "/v2/shifts/%",
                "/v2/shifts/%zz",
                "/v2/shifts/%c0%ae%c0%ae/users",
            ] {
                // ingress-nginx writes the name of the host before it: there it is part of that.
                if proxy == Proxy::IngressNginx && target.starts_with('v') {
                    continue;
                }
                for require in ["", "shifts:read"] {
                    let (status, body) = raw(&world, proxy, target, require, &secret);
                    assert_eq!(status, 403, "{proxy:?} {target} {require}");
                    assert!(body.contains("PATH_NOT_ALLOWED"), "{proxy:?} {target}: {body}");
                }
            }
            // What the server itself may refuse before it is asked.
            for target in ["/v2/shifts\\7", "/v2/shifts/7#/../users", "/v2/shifts/a b", "http://api.example.com/v2/shifts/7"] {
                // Of Envoy's own address a fragment is cut off before it gets here. Envoy refuses them itself.
                if proxy == Proxy::Envoy && target.contains('#') {
                    continue;
                }
                let (status, _) = raw(&world, proxy, target, "", &secret);
                assert!(matches!(status, 400 | 403), "{proxy:?} {target}: {status}");
            }
            assert_eq!(raw(&world, proxy, "/v2/shifts/7?a=/../b//%2f%00", "", &secret).0, 200, "{proxy:?}: in the query");
        }
    }
);

/// What a browser asks before a request.
fn preflight() -> Vec<(&'static str, String)> {
    vec![("Origin", "https://app.example.com".into()), ("Access-Control-Request-Method", "GET".into())]
}

both_engines!(with_preflights =>
    async fn a_preflight_passes_without_a_key_where_the_catalog_says_so(world) {
        for proxy in PROXIES {
            for (target, require) in [("/v2/shifts/7", ""), ("/nowhere", ""), ("/v2/shifts/7", "shifts:read")] {
                let answer = world.held(proxy, ("OPTIONS", target, require), &preflight()).await;
                assert_eq!(identity(&answer), [""; 8], "{proxy:?} {target}");
            }
            assert_eq!(world.held(proxy, ("OPTIONS", "/v2/shifts/7", ""), &preflight()[..1]).await.status, 401, "{proxy:?}");
            assert_eq!(world.held(proxy, ("OPTIONS", "/v2/shifts/7", ""), &[]).await.status, 401, "{proxy:?}");
            assert_eq!(world.held(proxy, ("GET", "/v2/shifts/7", ""), &preflight()).await.status, 401, "{proxy:?}");
            assert_eq!(world.held(proxy, ("options", "/v2/shifts/7", ""), &preflight()).await.status, 401, "{proxy:?}");
            assert_eq!(world.held(proxy, ("OPTIONS", "/v2/a%2fb", ""), &preflight()).await.status, 403, "{proxy:?}");
        }
        // What the door itself is asked with is not the request.
        assert_eq!(world.at("OPTIONS", "/auth/nginx?require=shifts:read", &preflight()).await.status, 401);
    }
);

both_engines!(with_routes =>
    async fn elsewhere_a_preflight_is_judged_like_any_request(world) {
        for proxy in PROXIES {
            let answer = world.held(proxy, ("OPTIONS", "/v2/shifts/7", ""), &preflight()).await;
            assert_eq!(answer.refusal(), (401, "MISSING".into()), "{proxy:?}");
        }
    }
);

both_engines!(with_routes =>
    async fn who_sends_a_hundred_malformed_keys_has_to_wait_and_good_ones_pass(world) {
        let secret = may(&mut world.sign_in("olga").await, &["shifts:read"]).await;
        let unknown = unknown_key();
        for (n, proxy) in PROXIES.into_iter().enumerate() {
            let from = |address: String, key: &str| vec![bearer(key), (proxy.address_header(), address)];
            let noisy = |host: usize| from(format!("2001:db8:0:{n}::{host:x}"), "sk_live_x");
            for host in 0..100 {
                assert_eq!(world.held(proxy, READ, &noisy(host)).await.refusal(), (401, "MALFORMED".into()), "{host}");
            }
            let answer = world.held(proxy, READ, &noisy(100)).await;
            let status = if proxy.is_nginx() { 403 } else { 429 };
            assert_eq!(answer.refusal(), (status, "RATE_LIMITED".into()), "{proxy:?}");
            assert_eq!(answer.header("x-auth-status"), if proxy.is_nginx() { "429" } else { "" });
            assert_eq!(answer.header("retry-after"), "60");
            let same = format!("2001:db8:0:{n}::1");
            assert_eq!(world.held(proxy, READ, &from(same.clone(), &secret)).await.status, 200, "a good key is never throttled");
            assert_eq!(world.held(proxy, READ, &from(same, &unknown)).await.refusal(), (401, "NOT_FOUND".into()));
            let other = from(format!("2001:db8:1:{n}::1"), "sk_live_x");
            assert_eq!(world.held(proxy, READ, &other).await.status, 401, "another client");
            assert_eq!(world.held(proxy, READ, &[]).await.status, 401, "no key is no malformed one");
        }
        world.clock.advance(60);
        let after = vec![bearer("sk_live_x"), ("X-Real-IP", "2001:db8:0:0::1".to_owned())];
        assert_eq!(world.held(Proxy::Nginx, READ, &after).await.status, 401);
    }
);

both_engines!(with_routes =>
    async fn only_those_who_may_ask_are_answered(world) {
        let mut world = world;
        let secret = may(&mut world.sign_in("olga").await, &["shifts:read"]).await;
        let catalog = keyrack::keys::catalog::file::parse(crate::world::gate::CATALOG).unwrap();
        world.start_again(|settings| {
            settings.catalog = catalog;
            settings.gate_allow = vec!["192.0.2.0/24".parse().unwrap()];
        });
        let token = world.add_gate_token("proxies");
        for proxy in PROXIES {
            let answer = world.held(proxy, READ, &[bearer(&secret)]).await;
            assert_eq!(answer.refusal(), (401, "CALLER_NOT_ALLOWED".into()), "{proxy:?}");
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"Keyrack gate\"");
            let with = |token: &str| vec![bearer(&secret), ("X-Gate-Token", token.to_owned())];
            assert_eq!(world.held(proxy, READ, &with(&token)).await.status, 200, "{proxy:?}");
            let wrong = format!("{}{}", &token[..47], if token.ends_with('A') { 'B' } else { 'A' });
            for bad in [wrong.as_str(), "", "gate_", &secret] {
                assert_eq!(world.held(proxy, READ, &with(bad)).await.problem(), "CALLER_NOT_ALLOWED", "{proxy:?}");
            }
            let twice = [with(&token), with(&token)[1..].to_vec()].concat();
            assert_eq!(world.held(proxy, READ, &twice).await.problem(), "CALLER_NOT_ALLOWED", "{proxy:?}");
            // What it says of addresses is a client's, and not looked at.
            let claimed = [bearer(&secret), ("X-Forwarded-For", "192.0.2.7".into()), ("X-Real-IP", "192.0.2.7".into())];
            assert_eq!(world.held(proxy, READ, &claimed).await.status, 401, "{proxy:?}");
        }
    }
);

both_engines!(with_routes =>
    async fn cookies_pages_and_bodies_are_not_looked_at(world) {
        let mut olga = world.sign_in("olga").await;
        let secret = may(&mut olga, &["shifts:read"]).await;
        let path = "/auth/caddy?require=shifts:read";
        assert_eq!(olga.get(path).await.refusal(), (401, "MISSING".into()), "a session is no key");
        let mut foreign = world.visitor();
        foreign.headers = vec![bearer(&secret), ("Sec-Fetch-Site", "cross-site".into()), ("Host", "api.example.com".into())];
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            assert_eq!(foreign.send(method.parse().unwrap(), path, None).await.status, 200, "{method}");
        }
        let long = "x".repeat(100_000);
        for method in ["POST", "GET"] {
            assert_eq!(foreign.send(method.parse().unwrap(), path, Some(long.clone())).await.status, 200, "{method}");
        }
        assert_eq!(world.sessions().len(), 1);
        assert_eq!(cast::ALL.len(), 5);
    }
);

both_engines!(with_routes =>
    async fn what_is_dropped_from_the_catalog_is_refused_here_too(world) {
        let mut world = world;
        let (id, secret) = world
            .sign_in("olga")
            .await
            .create_key_of(&[("kind", "secret"), ("permission", "shifts:read"), ("permission", "leaves:read")])
            .await;
        let text = crate::world::gate::CATALOG.replace("id = \"leaves\"", "id = \"absences\"");
        let catalog = keyrack::keys::catalog::file::parse(&text).unwrap();
        world.start_again(|settings| settings.catalog = catalog);
        let answer = world.held(Proxy::Nginx, READ, &[bearer(&secret)]).await;
        assert_eq!(identity(&answer)[..1], [id.as_str()]);
        assert_eq!(answer.header("x-key-permissions"), "shifts:read");
        let answer = world.held(Proxy::Nginx, ("GET", "/", "leaves:read"), &[bearer(&secret)]).await;
        assert_eq!(answer.refusal(), (403, "NEEDS_NOT_OFFERED".into()));
        let answer = world.held(Proxy::Nginx, ("GET", "/", "absences:read"), &[bearer(&secret)]).await;
        assert_eq!(answer.refusal(), (403, "INSUFFICIENT_PERMISSIONS".into()));
        assert_eq!(world.sign_in("olga").await.get(&url(keyrack::keys::address::KEY, &id)).await.status, 200);
        let _: Value = answer.json();
    }
);
