//! Which web pages may read refusals and what a key says of itself, by the catalog's `[gate] cors`.

use keyrack::keys::catalog::file;

use super::proxies::upstream::Upstream;
use crate::both_engines;
use crate::world::form::Answer;
use crate::world::gate::{CATALOG, PROXIES, bearer, unknown_key, with_routes};
use crate::world::keys::SELF;
use crate::world::{Browser, Engine, World};

const APP: &str = "https://app.example.com";

async fn with_cors(engine: Engine, cors: &str) -> World {
    World::begin_with(engine, file::parse(&format!("{CATALOG}[gate]\ncors = {cors}\n")).unwrap()).await
}

async fn with_origins(engine: Engine) -> World {
    with_cors(engine, &format!("[\"https://else.example.com\", \"{APP}\"]")).await
}

async fn with_trusted_domains(engine: Engine) -> World {
    with_cors(engine, "\"trusted-domains\"").await
}

fn from(origin: &str) -> (&'static str, String) {
    ("Origin", origin.to_owned())
}

fn preflight(origin: &str, method: &str) -> Vec<(&'static str, String)> {
    vec![
        from(origin),
        ("Access-Control-Request-Method", method.to_owned()),
        ("Access-Control-Request-Headers", "authorization".to_owned()),
    ]
}

/// The origin whose pages can read a response; none: no page can.
#[track_caller]
fn readable_from(answer: &Answer) -> &str {
    for (name, _) in answer.headers.iter().filter(|(name, _)| name.as_str().starts_with("access-control-")) {
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name}");
    }
    assert!(answer.header("access-control-allow-credentials").is_empty(), "keys are no cookies");
    let (origin, exposed) =
        (answer.header("access-control-allow-origin"), answer.header("access-control-expose-headers"));
    assert!(exposed.is_empty() || exposed.contains("WWW-Authenticate") && exposed.contains("X-Auth-Code"));
    origin
}

both_engines!(with_origins =>
    async fn pages_at_listed_origins_can_read_every_refusal(world) {
        let (_, secret) = world.sign_in("olga").await.create_key_of(&[("kind", "secret"), ("permission", "leaves:read")]).await;
        let unknown = unknown_key();
        for proxy in PROXIES {
            for (target, key, status) in [
                ("/v2/shifts/7", None, 401),
                ("/v2/shifts/7", Some("x"), 401),
                ("/v2/shifts/7", Some(unknown.as_str()), 401),
                ("/v2/shifts/7", Some(secret.as_str()), 403),
                ("/nowhere", Some(&secret), 403),
                ("/v2/a%2fb", Some(&secret), 403),
            ] {
                let ask = async |origins: &[&str]| {
                    let key = key.map(bearer);
                    let headers: Vec<_> = origins.iter().map(|origin| from(origin)).chain(key).collect();
                    world.held(proxy, ("GET", target, ""), &headers).await
                };
                let answer = ask(&[APP]).await;
                assert_eq!((answer.status, readable_from(&answer), answer.header("vary")), (status, APP, "Origin"));
                for origins in [
                    &["https://evil.example"][..],
                    &["http://app.example.com"],
                    &["https://app.example.com.evil.example"],
                    &["https://app.example.com:8443"],
                    &["null"],
                    &[APP, "https://evil.example"],
                    &[],
                ] {
                    let answer = ask(origins).await;
                    assert_eq!((answer.status, readable_from(&answer), answer.header("vary")), (status, "", "Origin"));
                }
            }
            // Where the API responds, that is for the API to say.
            let good = world.held(proxy, ("GET", "/", "leaves:read"), &[from(APP), bearer(&secret)]).await;
            assert_eq!((good.status, readable_from(&good), good.header("vary")), (200, "", ""));
        }
        // Programs have no use for it.
        for path in ["/v1/keys/verify", "/v1/introspect"] {
            let answer = world.at("POST", path, &[from(APP)]).await;
            assert_eq!((answer.status, readable_from(&answer), answer.header("vary")), (400, "", ""), "{path}");
            assert_eq!(world.at("OPTIONS", path, &preflight(APP, "POST")).await.status, 405);
        }
    }
);

both_engines!(with_origins =>
    async fn pages_at_listed_origins_can_ask_about_their_key_and_revoke_it(world) {
        let (_, secret) = world.sign_in("olga").await.create_key_of(&[("kind", "secret"), ("permission", "leaves:read")]).await;
        for method in ["GET", "DELETE"] {
            let allowed = world.at("OPTIONS", SELF, &preflight(APP, method)).await;
            assert_eq!((allowed.status, readable_from(&allowed), allowed.body.as_str()), (204, APP, ""));
            assert_eq!(allowed.header("access-control-allow-methods"), "GET, HEAD, DELETE");
            assert_eq!(allowed.header("access-control-allow-headers"), "authorization");
            assert_eq!((allowed.header("access-control-max-age"), allowed.header("vary")), ("600", "Origin"));
            let refused = world.at("OPTIONS", SELF, &preflight("https://evil.example", method)).await;
            assert_eq!((refused.refusal(), readable_from(&refused)), ((405, "WRONG_METHOD".into()), ""));
        }
        assert_eq!(world.at("OPTIONS", SELF, &[from(APP)]).await.status, 405, "not a preflight");
        for (method, key, status) in [("GET", secret.as_str(), 200), ("GET", "x", 401), ("POST", "", 405), ("DELETE", &secret, 204), ("DELETE", &secret, 401)] {
            for (origin, readable) in [("https://evil.example", ""), (APP, APP)] {
                if status == 204 && readable.is_empty() {
                    continue; // the key can be revoked once
                }
                let answer = world.at(method, SELF, &[from(origin), bearer(key)]).await;
                assert_eq!((answer.status, readable_from(&answer)), (status, readable), "{method} {origin}");
            }
        }
    }
);

both_engines!(with_trusted_domains =>
    async fn pages_in_a_keys_trusted_domains_can_read_what_is_said_of_it(world) {
        let mut olga = world.sign_in("olga").await;
        let fields = [("kind", "web"), ("permission", "shifts:read"), ("domain", "app.example.com")];
        let (id, web) = olga.create_key_of(&fields).await;
        let (_, secret) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await;
        let evil = "https://evil.example";
        for (key, origin, readable) in [(&web, APP, APP), (&web, evil, ""), (&web, "null", ""), (&secret, APP, ""), (&secret, evil, "")] {
            let own = world.at("GET", SELF, &[from(origin), bearer(key)]).await;
            assert_eq!((own.status, readable_from(&own)), (200, readable), "{origin}");
            for proxy in PROXIES {
                let answer = world.held(proxy, ("GET", "/v2/users/7", ""), &[from(origin), bearer(key)]).await;
                assert_eq!((answer.status, readable_from(&answer)), (403, readable), "{proxy:?} {origin}");
            }
        }
        // Where no key is found, a response says nothing about anyone.
        let unknown = unknown_key();
        for headers in [vec![from(evil)], vec![from(evil), bearer("x")], vec![from("null"), bearer(&unknown)]] {
            let own = world.at("GET", SELF, &headers).await;
            assert_eq!((own.status, readable_from(&own)), (401, "*"));
            for proxy in PROXIES {
                for target in ["/v2/shifts/7", "/nowhere"] {
                    assert_eq!(readable_from(&world.held(proxy, ("GET", target, ""), &headers).await), "*", "{proxy:?}");
                }
            }
        }
        assert_eq!(readable_from(&world.at("GET", SELF, &[]).await), "", "not from a page");
        let allowed = world.at("OPTIONS", SELF, &preflight(evil, "GET")).await;
        assert_eq!((allowed.status, readable_from(&allowed)), (204, "*"), "no key is known yet");
        assert_eq!(olga.revoke(&id).await.status, 303);
        for (origin, readable) in [(APP, APP), (evil, "")] {
            let answer = world.at("GET", SELF, &[from(origin), bearer(&web)]).await;
            assert_eq!((answer.problem().as_str(), readable_from(&answer)), ("REVOKED", readable));
        }
    }
);

both_engines!(with_routes =>
    async fn without_the_setting_no_page_can_read_anything(world) {
        for origin in [APP, "null"] {
            for answer in [
                world.at("GET", SELF, &[from(origin)]).await,
                world.at("OPTIONS", SELF, &preflight(origin, "GET")).await,
                world.held(PROXIES[0], ("GET", "/v2/shifts/7", ""), &[from(origin)]).await,
            ] {
                assert!(answer.status == 401 || answer.status == 405);
                assert_eq!((readable_from(&answer), answer.header("vary")), ("", ""));
            }
        }
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_in_chromium_reads_status_and_code_at_an_allowed_origin_alone() {
    let (page, elsewhere) = (Upstream::start(), Upstream::start());
    let world = with_cors(Engine::Sqlite, &format!("[\"http://{}\"]", page.address)).await;
    let (_, secret) =
        world.sign_in("olga").await.create_key_of(&[("kind", "secret"), ("permission", "leaves:read")]).await;
    let at = Browser::open(&world).await;
    let fetch = |key: &str| {
        format!(
            "fetch('{}{SELF}', {{ headers: {{ Authorization: 'Bearer {key}' }} }}).then(async r => \
             [r.status, (await r.json()).code ?? '', r.headers.get('X-Auth-Code') ?? '', r.headers.get('WWW-Authenticate') ?? ''])",
            world.url
        )
    };
    at.driver.goto(format!("http://{}/", page.address)).await.unwrap();
    let (status, code, header, challenge): (u16, String, String, String) = at.later(&fetch("x")).await;
    assert_eq!((status, code.as_str(), header.as_str()), (401, "MALFORMED", "MALFORMED"));
    assert!(challenge.contains("invalid_token"), "{challenge}");
    let (status, ..): (u16, String, String, String) = at.later(&fetch(&secret)).await;
    assert_eq!(status, 200);
    at.driver.goto(format!("http://{}/", elsewhere.address)).await.unwrap();
    for key in ["x", &secret] {
        let tried = format!("{}.then(() => 'read', () => 'nothing')", fetch(key));
        assert_eq!(at.later::<String>(&tried).await, "nothing");
    }
}
