//! What does not get through: no key, a bad one, one that may not, and anything while the gate is not there.

use keyrack::keys::secret::KeySecret;

use super::{Kind, bearer};
use crate::with_each_proxy;
use crate::world::logs;

const GET: &str = "GET /v2/orders/7 HTTP/1.1";

with_each_proxy!(
    async fn without_a_good_key_nothing_gets_through(front) {
        let mut olga = front.world.sign_in("olga").await;
        let (_, secret) = olga.create_key_for("7d", "HR sync", &["orders:read"]).await;
        let unknown = KeySecret::mint_from_os("sk_live_").expose().to_owned();
        logs::remember(&unknown);
        let (status, head, _) = front.ask(GET, &[]);
        assert_eq!((status, front.upstream.take().len()), (401, 0));
        assert!(head.contains("Bearer realm=") && !head.contains("error="), "{head}");
        for header in [bearer(&unknown), bearer(&secret[..39]), bearer("x"), format!("X-API-Key: {unknown}"), bearer(&secret.to_uppercase())] {
            let (status, head, _) = front.ask(GET, &[&header]);
            assert_eq!((status, front.upstream.take().len()), (401, 0));
            assert!(head.contains("error=\"invalid_token\""), "the client is told: {head}");
        }
        assert_eq!(front.stopped(GET, &["Authorization: Basic b2xnYTpodXNo"]), 401);
        assert_eq!(front.stopped(GET, &["Cookie: Authorization=x"]), 401);
        assert_eq!(front.get("/v2/orders/7", &secret).0, 200);
        front.world.clock.advance(7 * 86_400);
        assert_eq!(front.stopped(GET, &[&bearer(&secret)]), 401);
    }
);

with_each_proxy!(
    async fn a_key_without_the_permission_is_refused(front) {
        let mut olga = front.world.sign_in("olga").await;
        let (_, secret) = olga.create_key("HR sync", &["orders:read"]).await;
        let bearer = bearer(&secret);
        assert_eq!(front.get("/v2/orders/7", &secret).0, 200);
        for line in ["POST /v2/orders/7 HTTP/1.1", "GET /v2/payroll/7 HTTP/1.1", "get /v2/orders/7 HTTP/1.1", "DELETE /v2/orders/7 HTTP/1.1"] {
            let status = front.stopped(line, &[&bearer, "Content-Length: 0"]);
            assert!(status == 403 || (status == 400 && line.starts_with("get")), "{line}: {status}");
        }
        let (_, head, _) = front.ask("GET /v2/payroll/7 HTTP/1.1", &[&bearer]);
        let is_told = front.kind != Kind::IngressNginx; // but with snippets: see `reasons`
        assert!(!is_told || head.contains("error=\"insufficient_scope\"") && head.contains("payroll:read"), "the client is told: {head}");
        for nowhere in ["/", "/v2", "/v2/orders", "/v1/orders/7", "/v2/other/7", "/_keyrack", "/auth/nginx"] {
            let status = front.stopped(&format!("GET {nowhere} HTTP/1.1"), &[&bearer]);
            assert!(status == 403 || (status == 404 && nowhere == "/_keyrack"), "no route, no entry: {nowhere} {status}");
        }
    }
);

with_each_proxy!(
    async fn a_key_that_was_revoked_a_moment_ago_is_refused(front) {
        let mut olga = front.world.sign_in("olga").await;
        for _ in 0..10 {
            let (id, secret) = olga.create_key("HR sync", &["orders:read"]).await;
            assert_eq!(front.get("/v2/orders/7", &secret).0, 200, "at once after it was made");
            assert!(olga.revoke(&id).await.status < 400);
            assert_eq!(front.stopped(GET, &[&bearer(&secret)]), 401, "at once after the answer");
        }
    }
);

with_each_proxy!(
    async fn two_keys_in_one_request_are_refused(front) {
        let mut olga = front.world.sign_in("olga").await;
        let (_, one) = olga.create_key("One", &["orders:read"]).await;
        let (_, two) = olga.create_key("Two", &["orders:read"]).await;
        let (bearer_one, bearer_two) = (bearer(&one), bearer(&two));
        let own = |secret: &str| format!("X-API-Key: {secret}");
        let (own_one, own_two) = (own(&one), own(&two));
        let unknown = bearer("x");
        for headers in [
            [&bearer_one, &bearer_one],
            [&bearer_one, &bearer_two],
            [&bearer_one, &unknown],
            [&unknown, &bearer_one],
            [&own_two, &bearer_one],
            [&own_one, &own_two],
        ] {
            let status = front.stopped(GET, &headers.map(String::as_str));
            assert!([400, 401].contains(&status), "{status}");
        }
        // The same key counts once, and a credential of somebody else does not count.
        let foreign = bearer("eyJhbGciOiJIUzI1NiJ9.e30.x");
        for headers in [[&bearer_one, &own_one], [&foreign, &own_one]] {
            let (status, got) = front.send(GET, &headers.map(String::as_str));
            assert_eq!((status, got.len()), (200, 1), "{:?}", front.kind);
        }
        for header in [format!("{bearer_one}, Bearer {two}"), format!("{bearer_one},{one}"), format!("{own_one}, {two}")] {
            assert_eq!(front.stopped(GET, &[&header]), 401);
        }
    }
);

with_each_proxy!(
    async fn a_key_in_the_query_is_refused(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        for name in ["key", "api_key", "access_token", "token", "authorization", "X-API-Key"] {
            assert_eq!(front.stopped(&format!("GET /v2/orders/7?{name}={secret} HTTP/1.1"), &[]), 401, "{name}");
        }
    }
);

with_each_proxy!(
    async fn an_address_outside_of_a_keys_own_is_refused_whatever_the_client_says(front) {
        let mut olga = front.world.sign_in("olga").await;
        let form = [("permission", "orders:read"), ("address", "203.0.113.7")];
        let (_, secret) = olga.create_key_of(&form).await;
        let bearer = bearer(&secret);
        for header in ["X-Forwarded-For: 203.0.113.7", "X-Real-IP: 203.0.113.7", "Forwarded: for=203.0.113.7", "X-Forwarded-Host: x"] {
            assert_eq!(front.stopped(GET, &[&bearer, header]), 403, "{header}");
        }
        let (_, other) = olga.create_key("HR sync", &["orders:read"]).await;
        let here = front.get("/v2/orders/7", &other).1[0].one("x-forwarded-for").to_owned();
        let here = [("permission", "orders:read"), ("address", here.as_str())];
        let (_, secret) = olga.create_key_of(&here).await;
        assert_eq!(front.get("/v2/orders/7", &secret).0, 200);
    }
);

with_each_proxy!(
    async fn while_the_gate_is_gone_nothing_gets_through(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        assert_eq!(front.get("/v2/orders/7", &secret).0, 200);
        front.tap.cut();
        for _ in 0..3 {
            let status = front.stopped(GET, &[&bearer(&secret)]);
            assert!([500, 502, 503].contains(&status), "{status}");
        }
    }
);

with_each_proxy!(
    async fn while_the_gate_cannot_decide_nothing_gets_through(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        for answer in [
            "HTTP/1.1 503 Service Unavailable\r\nX-Key-Id: key_x\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "no HTTP at all\r\n\r\n",
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            // Cut short.
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\nX-Key-Id: key_x\r\n",
        ] {
            front.tap.answer(answer);
            let (status, got) = front.send(GET, &[&bearer(&secret)]);
            assert!(!(200..300).contains(&status) && got.is_empty(), "{answer:?} lets it through: {status}");
        }
    }
);
