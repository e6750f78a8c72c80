//! Traefik and Envoy, which are not run here: requests as their documentation says that they make them, and what must
//! stand in the example files so that they make them so.

use super::tricks::OVERRIDES;
use super::{CATALOG, IDENTITY, bearer, example};
use crate::world::{Engine, World, wire};
use keyrack::keys::catalog::file;

async fn begin() -> World {
    World::begin_with(Engine::Sqlite, file::parse(CATALOG).unwrap()).await
}

fn ask(world: &World, line: &str, headers: &[&str]) -> (u16, String) {
    let lines: Vec<&str> = [line, "Host: api.example.com"].into_iter().chain(headers.iter().copied()).collect();
    let (status, head, _) = wire::send(&world.url, &lines);
    (status, head)
}

/// ForwardAuth: GET to the middleware's address, the request's own headers, and X-Forwarded-… set by Traefik.
fn as_traefik(world: &World, door: &str, method: &str, uri: &str, own: &[&str]) -> (u16, String) {
    let method = format!("X-Forwarded-Method: {method}");
    let uri = format!("X-Forwarded-Uri: {uri}");
    let told = [
        method.as_str(),
        &uri,
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: api.example.com",
        "X-Forwarded-For: 203.0.113.7",
    ];
    ask(world, &format!("GET {door} HTTP/1.1"), &[own, &told].concat())
}

/// ext_authz over HTTP: the request's own method, its path and query behind the prefix, no body, and of its headers
/// Authorization and those that are allowed.
fn as_envoy(world: &World, prefix: &str, method: &str, path: &str, own: &[&str]) -> (u16, String) {
    ask(world, &format!("{method} {prefix}{path} HTTP/1.1"), &[own, &["Content-Length: 0"]].concat())
}

#[track_caller]
fn assert_told(head: &str, id: &str) {
    let lower = head.to_lowercase();
    for name in IDENTITY {
        assert_eq!(lower.matches(&format!("\n{}:", name.to_lowercase())).count(), 1, "{name}: {head}");
    }
    assert!(head.contains(id), "{head}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traefik_is_told_who_asks_and_what_may_not_pass() {
    let world = begin().await;
    let mut olga = world.sign_in("olga").await;
    let (id, secret) = olga.create_key("HR sync", &["orders:read"]).await;
    let bearer = bearer(&secret);
    let door = "/auth/traefik";
    let (status, head) = as_traefik(&world, door, "GET", "/v2/orders/7?all=1", &[&bearer, "X-Key-Id: forged"]);
    assert_eq!(status, 200, "{head}");
    assert_told(&head, id.as_str());
    assert_eq!(as_traefik(&world, door, "GET", "/v2/orders/7", &[]).0, 401);
    assert_eq!(as_traefik(&world, door, "GET", "/v2/orders/7", &[&bearer, &bearer]).0, 401);
    for (method, uri) in [
        ("POST", "/v2/orders/7"),
        ("GET", "/v2/payroll/7"),
        ("GET", "/v2/orders/../payroll/7"),
        ("GET", "/v2/orders/..%2fpayroll/7"),
        ("GET", "//v2/orders/7"),
        ("GET", "/v2/payroll/7?require=orders:read"),
    ] {
        assert_eq!(as_traefik(&world, door, method, uri, &[&bearer]).0, 403, "{method} {uri}");
    }
    assert_eq!(
        as_traefik(&world, "/auth/traefik?require=orders:read", "GET", "/v2/payroll/7", &[&bearer]).0,
        200,
        "a fixed one"
    );
    // Another proxy's headers are not this door's.
    let (status, _) = as_traefik(
        &world,
        door,
        "GET",
        "/v2/payroll/7",
        &[&bearer, "X-Original-URI: /v2/orders/7", "X-Original-Method: GET"],
    );
    assert_eq!(status, 403);
    olga.revoke(&id).await;
    assert_eq!(as_traefik(&world, door, "GET", "/v2/orders/7", &[&bearer]).0, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envoy_is_told_who_asks_and_what_may_not_pass() {
    let world = begin().await;
    let mut olga = world.sign_in("olga").await;
    let (id, secret) = olga.create_key("HR sync", &["orders:read"]).await;
    let bearer = bearer(&secret);
    let (prefix, fixed) = ("/auth/envoy/-/routes/", "/auth/envoy/-/orders:read/");
    let (status, head) = as_envoy(&world, prefix, "GET", "/v2/orders/7?all=1", &[&bearer]);
    assert_eq!(status, 200, "{head}");
    assert_told(&head, id.as_str());
    assert_eq!(as_envoy(&world, prefix, "GET", "/v2/orders/7", &[]).0, 401);
    // Envoy joins headers of one name by commas.
    assert_eq!(as_envoy(&world, prefix, "GET", "/v2/orders/7", &[&format!("{bearer},Bearer x")]).0, 401);
    for (method, path) in [
        ("POST", "/v2/orders/7"),
        ("GET", "/v2/payroll/7"),
        ("GET", "/v2/payroll/7?require=orders:read"),
        ("GET", "/v2/orders/../payroll/7"),
        ("GET", "/v2/orders/%2e%2e/payroll/7"),
        ("GET", "//v2/orders/7"),
        ("GET", "/v2/orders/..%2fpayroll/7"),
        // What stands at the end of the prefix, at the beginning of a client's own path.
        ("GET", "/-/orders:read//v2/payroll/7"),
        ("GET", "/-/orders:read/v2/payroll/7"),
        ("GET", "/-/routes//v2/orders/7"),
        ("GET", "-/orders:read//v2/payroll/7"),
        ("OPTIONS", "*"),
        ("CONNECT", "/v2/payroll/7"),
    ] {
        let (status, head) = as_envoy(&world, prefix, method, path, &[&bearer]);
        assert_eq!((status, head.to_lowercase().contains("x-key-id")), (403, false), "{method} {path}");
    }
    assert_eq!(as_envoy(&world, fixed, "GET", "/v2/payroll/7", &[&bearer]).0, 200, "a fixed one");
    assert_eq!(as_envoy(&world, fixed, "POST", "/v2/orders/7?require=x", &[&bearer]).0, 200, "for every request");
    // Without such an end of the prefix the slashes, which Envoy merges, are all that a client lacks.
    assert_eq!(as_envoy(&world, "/auth/envoy", "GET", "/v2/orders/7", &[&bearer]).0, 200);
    assert_eq!(as_envoy(&world, "/auth/envoy", "GET", "/-/orders:read/v2/payroll/7", &[&bearer]).0, 403);
    olga.revoke(&id).await;
    assert_eq!(as_envoy(&world, prefix, "GET", "/v2/orders/7", &[&bearer]).0, 401);
    assert_eq!(as_envoy(&world, fixed, "GET", "/v2/orders/7", &[&bearer]).0, 401);
}

#[test]
fn every_example_takes_over_who_asks_and_drops_what_names_another_method_or_path() {
    for name in ["nginx.conf", "Caddyfile", "traefik/routes.yaml"] {
        let text = example(name);
        for header in IDENTITY {
            assert!(text.contains(header), "{name} says nothing of {header}");
        }
    }
    let routes = example("traefik/routes.yaml");
    for dropped in OVERRIDES.iter().chain(&["Forwarded", "HTTP2-Settings"]) {
        assert!(routes.contains(&format!("{dropped}: \"\"\n")), "traefik/routes.yaml does not drop {dropped}");
    }
    assert!(routes.contains("middlewares: [as-judged, gate, without-key]"));
    let envoy = example("envoy.yaml");
    for needed in [
        "prefix: x-key-",
        "path_prefix: /auth/envoy/-/routes/\n",
        "failure_mode_allow: false",
        r#"regex: "x[^a-z0-9]key[^a-z0-9].*""#,
        r#"regex: "x[^a-z0-9](http[^a-z0-9]method.*|method[^a-z0-9]override|(original|rewrite)[^a-z0-9].*|forwarded[^a-z0-9](method|uri|prefix))""#,
        "remove: forwarded",
        "remove: x-real-ip",
        "headers_with_underscores_action: REJECT_REQUEST",
        "path_with_escaped_slashes_action: REJECT_REQUEST",
        "merge_slashes: true",
        "normalize_path: true",
    ] {
        assert!(envoy.contains(needed), "envoy.yaml has no {needed}");
    }
    assert!(!envoy.lines().any(|line| !line.trim_start().starts_with('#') && line.contains("with_request_body:")));
    let traefik = ["traefik/traefik.yaml", "traefik/routes.yaml"].map(example).concat();
    for needed in [
        "aliasHeadersStrategy: delete",
        "sanitizePath: true",
        "allowEncodedSlash: false",
        "trustForwardHeader: false",
        "forwardBody: false",
    ] {
        assert!(traefik.contains(needed), "Traefik's files have no {needed}");
    }
}
