//! Where a key may come from: by default, and where the catalog says so.

use data_encoding::BASE64;
use keyrack::keys::catalog::file;

use crate::both_engines;
use crate::world::form::Answer;
use crate::world::gate::{CATALOG, PROXIES, bearer, unknown_key, with_routes};
use crate::world::keys::SELF;
use crate::world::{Engine, World, logs};

type Header = (&'static str, String);

const READ: (&str, &str, &str) = ("GET", "/v2/shifts/7", "");

async fn two_keys(world: &World) -> [String; 2] {
    let mut olga = world.sign_in("olga").await;
    let fields = [("kind", "secret"), ("permission", "shifts:read")];
    [olga.create_key_of(&fields).await.1, olga.create_key_of(&fields).await.1]
}

/// The answers to a request with these headers: of the key's own endpoint and of every proxy's.
async fn answers(world: &World, headers: &[Header]) -> Vec<Answer> {
    let mut answers = vec![world.at("GET", SELF, headers).await];
    for proxy in PROXIES {
        answers.push(world.held(proxy, READ, headers).await);
    }
    answers
}

async fn assert_accepted(world: &World, headers: &[Header]) {
    for answer in answers(world, headers).await {
        assert_eq!(answer.status, 200, "{:?}: {}", names(headers), answer.body);
    }
}

async fn assert_refused(world: &World, headers: &[Header], code: &str) {
    for answer in answers(world, headers).await {
        assert_eq!(answer.refusal(), (401, code.into()), "{:?}", names(headers));
        let has_error = answer.header("www-authenticate").contains("error=\"invalid_token\"");
        assert_eq!(has_error, code != "MISSING", "{}", answer.header("www-authenticate"));
    }
}

fn names(headers: &[Header]) -> Vec<&str> {
    headers.iter().map(|(name, _)| *name).collect()
}

fn own(secret: &str) -> Header {
    ("X-API-Key", secret.to_owned())
}

fn basic(user_and_password: &str) -> Header {
    let value = format!("Basic {}", BASE64.encode(user_and_password.as_bytes()));
    if user_and_password.len() > 20 {
        logs::remember(&value[6..]);
    }
    ("Authorization", value)
}

fn foreign() -> Header {
    ("Authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJvbGdhIn0.c2lnbmF0dXJl".to_owned())
}

both_engines!(with_routes =>
    async fn a_foreign_bearer_token_is_ignored_next_to_a_key(world) {
        let [key, _] = two_keys(&world).await;
        assert_accepted(&world, &[own(&key), foreign()]).await;
        assert_accepted(&world, &[bearer(&key), own("somebody-else-s")]).await;
        assert_accepted(&world, &[bearer(&key), own("")]).await;
        assert_refused(&world, &[foreign()], "MALFORMED").await;
        assert_refused(&world, &[foreign(), own("somebody-else-s")], "MALFORMED").await;
        assert_refused(&world, &[foreign(), own(&unknown_key())], "NOT_FOUND").await;
        // A bearer token of ours that is no key is not somebody else's.
        assert_refused(&world, &[own(&key), bearer(&key[..key.len() - 1])], "MULTIPLE_KEYS").await;
    }
);

both_engines!(with_routes =>
    async fn two_different_keys_are_refused_and_the_same_key_counts_once(world) {
        let [key, other] = two_keys(&world).await;
        assert_accepted(&world, &[bearer(&key), own(&key)]).await;
        assert_accepted(&world, &[own(&key), own(&key)]).await;
        for headers in [[bearer(&key), own(&other)], [own(&key), own(&other)], [bearer(&key), bearer(&other)]] {
            assert_refused(&world, &headers, "MULTIPLE_KEYS").await;
        }
        let answer = world.at("DELETE", SELF, &[bearer(&key), own(&other)]).await;
        assert_eq!(answer.refusal(), (401, "MULTIPLE_KEYS".into()));
        assert!(!answer.body.contains(&key) && !answer.body.contains(&other), "a key is echoed");
        // Nothing was looked up: neither key is in use, and no client is counted for it.
        for _ in 0..101 {
            assert_eq!(world.at("GET", SELF, &[bearer(&key), own(&other)]).await.problem(), "MULTIPLE_KEYS");
        }
        world.flush().await;
        assert_accepted(&world, &[bearer(&key)]).await;
        assert_accepted(&world, &[bearer(&other)]).await;
    }
);

/// A world whose catalog lists these headers.
async fn with_key_headers(engine: Engine, list: &str) -> World {
    let text = format!("{CATALOG}[gate]\nkey_headers = {list}\n");
    World::begin_with(engine, file::parse(&text).unwrap()).await
}

async fn with_named(engine: Engine) -> World {
    with_key_headers(engine, "[\"PRIVATE-TOKEN\", \"x-api-key\"]").await
}

both_engines!(with_named =>
    async fn only_the_headers_of_the_catalog_carry_a_key(world) {
        let [key, other] = two_keys(&world).await;
        let named = |secret: &str| ("Private-Token", secret.to_owned());
        assert_accepted(&world, &[named(&key)]).await;
        assert_accepted(&world, &[own(&key)]).await;
        assert_accepted(&world, &[named(&key), own(&key), bearer(&other)]).await;
        assert_refused(&world, &[named(&key), own(&other)], "MULTIPLE_KEYS").await;
        for headers in [
            vec![bearer(&key)],
            vec![basic(&format!("{key}:"))],
            vec![("Api-Key", key.clone())],
            vec![("X-Private-Token", key.clone())],
            vec![("Proxy-Authorization", format!("Bearer {key}"))],
        ] {
            assert_refused(&world, &headers, "MISSING").await;
        }
        let told = world.at("GET", SELF, &[]).await;
        assert!(told.body.contains("private-token: KEY"), "{}", told.body);
        // People read how a key is sent here.
        let page = world.visitor().get(keyrack::docs::ADDRESS).await;
        assert!(page.text().contains("private-token: YOUR_KEY") && !page.text().contains("Bearer"), "{}", page.text());
    }
);

async fn with_basic(engine: Engine) -> World {
    with_key_headers(engine, "[\"authorization\", \"basic\"]").await
}

both_engines!(with_basic =>
    async fn http_basic_carries_a_key_as_its_user_or_password(world) {
        let [key, other] = two_keys(&world).await;
        for both in [format!("{key}:"), format!("{key}:x"), format!("x:{key}"), format!(":{key}"), format!("{key}:{key}")] {
            assert_accepted(&world, &[basic(&both)]).await;
        }
        assert_accepted(&world, &[bearer(&key)]).await;
        assert_refused(&world, &[basic(&format!("{key}:{other}"))], "MULTIPLE_KEYS").await;
        for both in ["olga:hush", ":", "", &format!("{key}x:"), &format!(" {key}:")] {
            assert_refused(&world, &[basic(both)], "MALFORMED").await;
        }
        assert_refused(&world, &[("Authorization", "Basic %".to_owned())], "MALFORMED").await;
        assert_refused(&world, &[own(&key)], "MISSING").await;
        // Clients that wait to be asked are asked for both.
        let challenges: Vec<_> = world.at("GET", SELF, &[]).await.headers.get_all("www-authenticate").iter().cloned().collect();
        assert_eq!(challenges, ["Bearer realm=\"Rota API\"", "Basic realm=\"Rota API\", charset=\"UTF-8\""]);
    }
);
