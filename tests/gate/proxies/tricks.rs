//! What a client writes so that the gate judges one thing and the API does another.

use super::{CATALOG, Front, Kind, bearer, disguises};
use crate::with_each_proxy;

with_each_proxy!(
    async fn the_path_that_is_judged_is_the_path_that_the_api_gets(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        for target in [
            "/v2/orders/7",
            "/v2/orders/",
            "/v2/orders/a%20b",
            "/v2/orders/%C3%A9",
            "/v2/orders/%37",
            "/v2/%6frders/7",
            "/v2/orders/...",
            "/v2/orders/%252e%252e/7",
            "/v2/orders/7?path=/../payroll&x=%2f..//",
            "/v2/orders/7?",
        ] {
            front.tap.take();
            let (status, got) = front.get(target, &secret);
            assert_eq!((status, got.len()), (200, 1), "{:?} {target}", front.kind);
            assert_eq!(front.judged(), got[0].target(), "{:?} {target}", front.kind);
            if !front.kind.normalizes_paths() {
                assert_eq!(got[0].target(), target, "{:?}: as it was written", front.kind);
            }
        }
    }
);

with_each_proxy!(
    async fn a_path_that_could_be_read_in_two_ways_is_refused(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let bearer = bearer(&secret);
        for target in [
            "/v2/payroll/7",
            "/v2/%70ayroll/7",
            "/v2/orders/../payroll/7",
            "/v2/orders/..",
            "/v2/orders/./7",
            "/v2/orders/%2e%2e/payroll/7",
            "/v2/orders/.%2E/payroll/7",
            "/v2/orders/..%2fpayroll/7",
            "/v2/orders/%2e%2e%2Fpayroll/7",
            "/v2/orders%2f..%2fpayroll/7",
            "/v2/orders/..;/payroll/7",
            "/v2/orders/7;v=1",
            "/v2/orders/7%3Bv=1",
            "/v2/orders/..%3b/payroll/7",
            "/v2/orders/..\\payroll/7",
            "/v2/orders/..%5cpayroll/7",
            "/v2/orders//7",
            "//v2/orders/7",
            "/v2//orders/7",
            "/v2/orders/7%2f",
            "/v2/orders/7%00",
            "/v2/orders/%",
            "/v2/orders/%c0%ae%c0%ae/payroll",
            "/v2/orders/\u{7f}",
            "http://api.example.com/v2/payroll/7",
            "http://api.example.com/v2/orders/../payroll/7",
            "http://api.example.com//v2/orders/../payroll/7",
            "/v2/payroll/7#/v2/orders/7",
            "/v2/orders/7#",
            "http://api.example.com/v2/orders/7#/../../payroll/7",
            "http://api.example.com?/v2/orders/7",
            "/v2/orders/7%3fx",
            "/v2/orders/7%3F",
            "/v2/orders/7%23x",
            "/v2/orders/\u{fffd}%ff",
            "*",
        ] {
            let line = format!("GET {target} HTTP/1.1");
            if front.kind.normalizes_paths() {
                front.tap.take();
                let (status, got) = front.send(&line, &[&bearer]);
                for got in &got {
                    let is_plain = got.target().starts_with("/v2/orders/") && !got.target().contains("..");
                    assert!(status == 200 && is_plain, "{:?} {target}: {got:?}", front.kind);
                    assert_eq!(front.judged(), got.target(), "{:?} {target}", front.kind);
                }
                assert!(!got.is_empty() || [400, 403, 404].contains(&status), "{:?} {target}: {status}", front.kind);
                continue;
            }
            let status = front.stopped(&line, &[&bearer]);
            assert!([400, 403, 404].contains(&status), "{:?} {target}: {status}", front.kind);
        }
        // In absolute form, too, what is judged is what the API gets.
        let (status, got) = front.get("http://api.example.com/v2/orders/7?a", &secret);
        assert_eq!((status, got.len(), got[0].target()), (200, 1, "/v2/orders/7?a"));
    }
);

with_each_proxy!(
    async fn a_clients_own_words_to_the_gate_are_not_heard(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let bearer = bearer(&secret);
        for query in ["require=orders:read", "require=orders:read&project=", "%72equire=orders:read", "project=x&require="] {
            front.tap.take();
            assert_eq!(front.stopped(&format!("GET /v2/payroll/7?{query} HTTP/1.1"), &[&bearer]), 403, "{query}");
            let asked = front.tap.take();
            let first = asked.lines().next().unwrap_or_default().replace("? ", " ");
            let door = match front.kind {
                // Its request line is the client's behind the prefix, where the gate takes a query for the client's.
                Kind::Envoy => &format!("GET /auth/envoy/-/routes//v2/payroll/7?{query} HTTP/1.1"),
                kind => kind.asks_with(),
            };
            assert_eq!(first, door, "the door gets no query of the client's");
        }
        for header in [
            "X-Original-URI: /v2/orders/7",
            "X-Original-Uri: /v2/orders/7",
            "X_Original_URI: /v2/orders/7",
            "X-Forwarded-Uri: /v2/orders/7",
            "X-Forwarded-Uri: /v2/orders/7?require=orders:read",
            "X_Forwarded_Uri: /v2/orders/7",
            "X-Rewrite-URL: /v2/orders/7",
            "X-Original-URL: /v2/orders/7",
            "X-Forwarded-Prefix: /v2/orders",
            "X-Envoy-Original-Path: /v2/orders/7",
        ] {
            assert_eq!(front.stopped("GET /v2/payroll/7 HTTP/1.1", &[&bearer, header]), 403, "{header}");
        }
        for header in ["X-Original-Method: GET", "X-Forwarded-Method: GET", "X-HTTP-Method-Override: GET", "X_Original_Method: GET"] {
            assert_eq!(front.stopped("POST /v2/orders/7 HTTP/1.1", &[&bearer, header, "Content-Length: 0"]), 403, "{header}");
        }
        // Envoy's prefix, by the client.
        for path in ["/-/orders:read//v2/payroll/7", "/-/orders:read/v2/payroll/7", "/-/routes//v2/orders/7"] {
            front.stopped(&format!("GET {path} HTTP/1.1"), &[&bearer]);
        }
        // A gate token of a client's own is none: neither good for anything, nor in the way.
        let (status, got) = front.send("GET /v2/orders/7 HTTP/1.1", &[&bearer, "X-Gate-Token: forged"]);
        assert_eq!((status, got.len()), (200, 1));
    }
);

/// By these much software of the web's acts on another method, or at another path, than the request's line has.
pub const OVERRIDES: [&str; 10] = [
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Original-Method",
    "X-Forwarded-Method",
    "X-Original-URL",
    "X-Original-URI",
    "X-Rewrite-URL",
    "X-Forwarded-Uri",
    "X-Forwarded-Prefix",
];

with_each_proxy!(
    async fn no_header_names_another_method_or_path_to_the_api(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let bearer = bearer(&secret);
        for name in OVERRIDES {
            let headers: Vec<String> = disguises(name).iter().map(|name| format!("{name}: forged")).collect();
            for header in &headers {
                let (status, got) = front.send("GET /v2/orders/7 HTTP/1.1", &[&bearer, header, header]);
                assert_eq!((status, got.len()), (200, 1), "{header}");
                assert!(got[0].all(name).is_empty(), "{:?}: {header} reaches the API", front.kind);
            }
            let all: Vec<&str> = [bearer.as_str()].into_iter().chain(headers.iter().map(String::as_str)).collect();
            let (status, got) = front.send("GET /v2/orders/7 HTTP/1.1", &all);
            assert_eq!((status, got.len(), got[0].all(name).len()), (200, 1, 0), "{name}");
        }
    }
);

with_each_proxy!(
    async fn where_a_request_comes_from_is_told_by_the_proxy_alone(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let bearer = bearer(&secret);
        for name in ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded"] {
            let dropped = format!("Connection: close, {name}");
            for header in disguises(name).iter().map(|name| format!("{name}: forged")) {
                for headers in [vec![&bearer, &header, &header], vec![&bearer, &header, &dropped]] {
                    let headers: Vec<&str> = headers.into_iter().map(String::as_str).collect();
                    let (status, got) = front.send("GET /v2/orders/7 HTTP/1.1", &headers);
                    // It refuses a Connection that names a header of its own.
                    if front.kind == Kind::Envoy && headers.contains(&dropped.as_str()) && status == 400 {
                        assert!(got.is_empty(), "{got:?}");
                        continue;
                    }
                    assert_eq!((status, got.len()), (200, 1), "{header}");
                    assert!(!got[0].all(name).contains(&"forged"), "{:?}: {header} reaches the API", front.kind);
                    let from = got[0].one("x-forwarded-for");
                    assert!(front.is_here(from), "{:?}: {header}: {from}", front.kind);
                }
            }
        }
    }
);

with_each_proxy!(
    async fn a_method_that_names_no_path_is_refused(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["payroll:read"]).await;
        let bearer = bearer(&secret);
        // The catalog's route says nothing of methods.
        assert_eq!(front.send("PROPFIND /v2/payroll/7 HTTP/1.1", &[&bearer]).0, 200);
        for target in ["api.example.com:80", "/v2/payroll/7"] {
            front.stopped(&format!("CONNECT {target} HTTP/1.1"), &[&bearer]);
        }
    }
);

/// What a browser asks before a request, without a key.
const PREFLIGHT: [&str; 2] = ["Origin: https://app.example.com", "Access-Control-Request-Method: GET"];

/// A catalog that lets preflights pass.
async fn open_to_browsers(kind: Kind) -> Front {
    Front::with(kind, &format!("{CATALOG}\n[gate]\npreflight = true\n")).await
}

with_each_proxy!(
    async fn a_preflight_that_passes_is_one_to_the_api_too(front) {
        let front = open_to_browsers(front.kind).await;
        let line = "OPTIONS /v2/payroll/7 HTTP/1.1";
        let overrides = OVERRIDES.map(|name| format!("{name}: GET"));
        let headers = [&PREFLIGHT[..], &["X-Key-Id: forged"], &overrides.each_ref().map(String::as_str)].concat();
        let (status, got) = front.send(line, &headers);
        assert_eq!((status, got.len(), got[0].line.as_str()), (200, 1, line));
        assert_eq!(got[0].one("x-key-id"), "", "nobody asks");
        assert!(OVERRIDES.iter().all(|name| got[0].all(name).is_empty()), "{:?}", got[0]);
        // One that is none needs a key, and its path is judged like any.
        assert_eq!(front.stopped(line, &PREFLIGHT[..1]), 401);
        assert_eq!(front.stopped("GET /v2/payroll/7 HTTP/1.1", &PREFLIGHT), 401);
        let status = front.stopped("OPTIONS /v2/orders%2f..%2fpayroll HTTP/1.1", &PREFLIGHT);
        assert!(status == 403 || status == 400 && front.kind.normalizes_paths(), "{status}");
        assert_eq!(front.stopped("POST /v2/payroll/7 HTTP/1.1", &[&headers[..], &["Content-Length: 0"]].concat()), 401);
    }
);

with_each_proxy!(
    async fn a_preflight_is_refused_where_the_catalog_does_not_let_it_pass(front) {
        assert_eq!(front.stopped("OPTIONS /v2/payroll/7 HTTP/1.1", &PREFLIGHT), 401);
        assert_eq!(front.stopped("OPTIONS /v2/orders/7 HTTP/1.1", &PREFLIGHT), 403);
    }
);

with_each_proxy!(
    async fn an_address_of_any_length_is_judged_whole_or_refused(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        for length in [1_000, 10_000, 60_000, 120_000, 300_000, 2_000_000] {
            let orders = format!("/v2/orders/7?{}", "a".repeat(length));
            let (status, got) = front.send_long(&orders, &secret);
            assert!(got.iter().all(|got| got.target() == orders), "{:?} {length}: {status}", front.kind);
            let (status, got) = front.send_long(&format!("/v2/{}/../payroll/7", "a".repeat(length)), &secret);
            assert!(got.is_empty() && !(200..300).contains(&status), "{:?} {length}: {status}", front.kind);
        }
    }
);
