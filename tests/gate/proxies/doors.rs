//! Keyrack's pages under a name of their own: what only proxies and services ask is not reached from outside.

use super::{KEYS, bearer};
use crate::with_each_proxy;

/// The doors, however they are written.
pub const WRITTEN: [&str; 37] = [
    "/auth/nginx",
    "/auth/nginx?require=orders:read",
    "/auth/traefik",
    "/auth/caddy",
    "/auth/envoy",
    "/auth/envoy/v2/orders/7",
    "/auth/envoy/-/orders:read/v2/orders/7",
    "/auth/",
    "/%61uth/nginx",
    "/auth%2fnginx",
    "/%61%75%74%68/%6eginx?require=orders:read",
    "//auth/nginx",
    "/./auth/nginx",
    "/x/../auth/nginx",
    "/x/%2e%2e/auth/nginx",
    "/auth/envoy/../../login",
    "/auth/envoy/-/orders:read/../../../../login",
    "/auth/envoy/%2e%2e/%2e%2e/login",
    "/auth/envoy/..%2f..%2flogin",
    "/login/../auth/nginx",
    "/v1/keys/verify",
    "/v1/keys/%76erify",
    "/v1/./keys/verify",
    "/v1/keys/self/../verify",
    "/v1/introspect",
    "/v1//introspect",
    "/v1/introspec%74",
    "/v1/keys/%2e%2e/introspect",
    // Escapes that cannot be read, so that what would be compared cannot either.
    "/auth/envoy/%zz",
    "/auth/envoy/%",
    "/%61uth/envoy/%zz",
    "/auth/envoy/-/orders:read//%zz",
    "/auth/nginx%00",
    "/AUTH/nginx",
    "/auth;x/nginx",
    "/v1/keys/verify;x",
    "/v1/introspect/",
];

/// Whether an answer may be one to somebody outside.
#[track_caller]
pub fn assert_closed(target: &str, (status, head, body): (u16, String, String)) {
    assert!([400, 403, 404, 405, 421].contains(&status), "{target}: {head}");
    let (head, body) = (head.to_lowercase(), body.to_lowercase());
    assert!(
        !head.contains("x-key-") && !head.contains("x-auth-status") && !head.contains("insufficient_scope"),
        "{target}: {head}"
    );
    assert!(!body.contains("\"valid\"") && !body.contains("\"active\""), "{target}: {body}");
    let is_a_doors =
        ["no_route", "needs_", "request_not_told", "path_not_allowed"].iter().any(|code| body.contains(code));
    assert!(!is_a_doors, "{target} reaches a door: {body}");
}

with_each_proxy!(
    nginx Nginx, caddy Caddy, traefik Traefik, envoy Envoy
    => async fn the_doors_are_closed_from_outside(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let told = ["X-Original-Method: GET", "X-Original-URI: /v2/orders/7", "X-Forwarded-Method: GET", "X-Forwarded-Uri: /v2/orders/7"];
        let headers: Vec<&str> = told.into_iter().collect();
        let bearer = bearer(&secret);
        let headers = [headers, vec![bearer.as_str(), "Content-Length: 0"]].concat();
        for target in WRITTEN {
            for method in ["GET", "POST"] {
                let line = format!("{method} {target} HTTP/1.1");
                front.tap.take();
                assert_closed(target, front.ask_host(KEYS, &line, &headers));
                let passed = front.tap.take();
                let passed = passed.lines().next().unwrap_or_default();
                // What is passed on means what it says: nothing is left for Keyrack to read otherwise.
                let is_door = ["auth/", "verify", "introspect", "..", "//", "%"].iter().any(|part| passed.contains(part));
                assert!(!is_door, "{:?}: {target} is passed on as {passed}", front.kind);
            }
        }
        assert_closed("absolute", front.ask_host(KEYS, "GET http://keys.example.com/auth/nginx HTTP/1.1", &headers));
    }
);

with_each_proxy!(
    nginx Nginx, caddy Caddy, traefik Traefik, envoy Envoy
    => async fn what_is_for_people_and_keys_is_open(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let (status, _, body) = front.ask_host(KEYS, "GET /v1/keys/self HTTP/1.1", &[&bearer(&secret)]);
        assert!(status == 200 && body.contains("\"HR sync\""), "{status} {body}");
        assert_eq!(front.ask_host(KEYS, "GET /readyz HTTP/1.1", &[]).0, 200);
        // The instance of this test has another public URL: that it says so shows that it was asked.
        assert_eq!(front.ask_host(KEYS, "GET /docs/api HTTP/1.1", &[]).0, 421);
        // Under the API's own name nothing of Keyrack is reached.
        assert_eq!(front.stopped("GET /v1/keys/self HTTP/1.1", &[&bearer(&secret)]), 403);
        assert_eq!(front.stopped("GET /docs/api HTTP/1.1", &[]), 403);
    }
);
