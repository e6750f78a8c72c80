//! What gets through, and what the API is told of who asks.

use super::{CATALOG, Front, IDENTITY, bearer, disguises};
use crate::with_each_proxy;

with_each_proxy!(
    async fn a_good_key_gets_through_and_the_api_is_told_who_asks(front) {
        let mut olga = front.world.sign_in("olga").await;
        let (id, secret) = olga.create_key_for("3m", "HR sync – É", &["orders:read", "orders:write"]).await;
        let headers = [bearer(&secret), format!("X-API-Key: {secret}")];
        for header in headers {
            let (status, got) = front.send("GET /v2/orders/7?all=1&b=%2F HTTP/1.1", &[&header, "Accept: text/plain"]);
            assert_eq!((status, got.len()), (200, 1));
            let got = &got[0];
            assert_eq!(got.line, "GET /v2/orders/7?all=1&b=%2F HTTP/1.1");
            let told = IDENTITY.map(|name| got.one(name));
            let team = front.world.team_id("olga");
            let permissions = "orders:read orders:write";
            let expected = [id.as_str(), "HR%20sync%20%E2%80%93%20%C3%89", &team, "", "secret", permissions, "orders=*", "2027-02-21T12:00:00Z"];
            assert_eq!(told, expected);
            assert_eq!(got.one("accept"), "text/plain", "the rest of the request is as it was");
            // The key is not passed on: what does not have it cannot log it.
            assert_eq!((got.one("authorization"), got.one("x-api-key"), got.one("x-gate-token")), ("", "", ""));
            assert!(front.is_here(got.one("x-forwarded-for")), "{}", got.one("x-forwarded-for"));
        }
        let (status, got) = front.send("PUT /v2/orders/7 HTTP/1.1", &[&bearer(&secret), "Content-Length: 0"]);
        assert_eq!((status, got.len(), got[0].line.as_str()), (200, 1, "PUT /v2/orders/7 HTTP/1.1"));
    }
);

with_each_proxy!(
    async fn who_asks_cannot_be_forged(front) {
        let (id, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let bearer = bearer(&secret);
        for name in IDENTITY {
            let forged: Vec<String> = disguises(name).iter().map(|name| format!("{name}: forged")).collect();
            for one in &forged {
                let (status, got) = front.send("GET /v2/orders/7 HTTP/1.1", &[&bearer, one]);
                assert_eq!((status, got.len()), (200, 1), "{one}");
                assert_eq!(got[0].one("x-key-id"), id.as_str(), "{one}");
                assert_ne!(got[0].one(name), "forged", "{one}");
            }
            let all: Vec<&str> = [bearer.as_str()].into_iter().chain(forged.iter().map(String::as_str)).collect();
            let (status, got) = front.send("GET /v2/orders/7 HTTP/1.1", &all);
            assert_eq!((status, got.len(), got[0].one("x-key-id")), (200, 1, id.as_str()), "{name}");
            let told: Vec<_> = IDENTITY.iter().map(|name| got[0].one(name)).collect();
            assert!(!told.contains(&"forged"), "{told:?}");
        }
    }
);

with_each_proxy!(
    async fn headers_that_carry_no_value_replace_the_clients_too(front) {
        let front = Front::with(front.kind, &format!("{CATALOG}\n[gate]\nidentity_headers = [\"x-key-id\"]\n")).await;
        let (id, secret) = front.world.sign_in("olga").await.create_key_for("3m", "HR sync", &["orders:read"]).await;
        let forged: Vec<String> = IDENTITY.iter().map(|name| format!("{name}: forged")).collect();
        let headers: Vec<String> = [bearer(&secret)].into_iter().chain(forged).collect();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let (status, got) = front.send("GET /v2/orders/7 HTTP/1.1", &headers);
        assert_eq!((status, got.len()), (200, 1));
        assert_eq!(IDENTITY.map(|name| got[0].one(name)), [id.as_str(), "", "", "", "", "", "", ""]);
    }
);

with_each_proxy!(
    async fn where_the_gate_does_not_say_who_asks_the_client_does_not_either(front) {
        front.tap.answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        for name in IDENTITY {
            let forged: Vec<String> = disguises(name).iter().map(|name| format!("{name}: forged")).collect();
            let forged: Vec<&str> = forged.iter().map(String::as_str).collect();
            let (status, got) = front.send("GET /v2/orders/7 HTTP/1.1", &forged);
            assert_eq!((status, got.len()), (200, 1));
            assert_ne!(got[0].one(name), "forged", "{:?}: {name}", front.kind);
        }
    }
);

with_each_proxy!(
    async fn a_client_cannot_have_headers_dropped_on_the_way(front) {
        let (id, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let all = "Connection: close, X-Key-Id, X-Key-Fields, X-Key-Permissions, X-Original-URI, X-Original-Method, X-Forwarded-Uri, X-Forwarded-Method";
        let (status, got) = front.send("GET /v2/orders/7 HTTP/1.1", &[&bearer(&secret), all]);
        assert_eq!((status, got.len()), (200, 1));
        let told = ["x-key-id", "x-key-fields", "x-key-permissions"].map(|name| got[0].one(name));
        assert_eq!(told, [id.as_str(), "orders=*", "orders:read"]);
        assert_eq!(front.stopped("POST /v2/orders/7 HTTP/1.1", &[&bearer(&secret), all, "Content-Length: 0"]), 403);
        assert_eq!(front.stopped("GET /v2/payroll/7 HTTP/1.1", &[&bearer(&secret), all]), 403);
        // The key itself, dropped before the gate sees it: then there is none.
        let (status, got) = front.send("GET /v2/orders/7 HTTP/1.1", &[&bearer(&secret), "Connection: close, Authorization"]);
        assert!(status == 401 && got.is_empty() || status == 200 && got[0].one("x-key-id") == id.as_str());
    }
);

with_each_proxy!(
    async fn a_body_of_10_mb_passes_to_the_api_and_none_of_it_to_the_gate(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:write"]).await;
        const LENGTH: usize = 10_000_000;
        let bearer = bearer(&secret);
        let body = "b".repeat(LENGTH);
        let chunked = format!("{LENGTH:x}\r\n{body}\r\n0\r\n\r\n");
        let length = format!("Content-Length: {LENGTH}");
        for (header, body) in [(length.as_str(), &body), ("Transfer-Encoding: chunked", &chunked)] {
            front.tap.take();
            let lines = ["POST /v2/orders/ HTTP/1.1", "Host: api.example.com", &bearer, header];
            let (status, ..) = crate::world::wire::send_body(&front.proxy.url, &lines, body);
            let got = front.upstream.take();
            assert_eq!((status, got.len(), got[0].body), (200, 1, LENGTH), "{header}");
            let asked = front.tap.take();
            assert!(asked.len() < 4_096 && !asked.contains("bbbbbbbb"), "the gate gets {} bytes", asked.len());
            let asked = asked.to_lowercase();
            assert!(!asked.contains("transfer-encoding") && !asked.contains(&length.to_lowercase()), "{asked}");
        }
        // One that is refused is refused whatever it carries.
        let lines = ["POST /v2/payroll/ HTTP/1.1", "Host: api.example.com", &bearer, "Content-Length: 4"];
        assert_eq!(crate::world::wire::send_body(&front.proxy.url, &lines, "body").0, 403);
        assert!(front.upstream.take().is_empty());
    }
);
