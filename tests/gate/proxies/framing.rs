//! How a request is written on the wire, so that a proxy and the API behind it could read two different ones.

use super::upstream::Got;
use super::{Kind, bearer};
use crate::with_each_proxy;
use crate::world::wire;

/// A request for what the key may not have, as the body of one for what it may.
const HIDDEN: &str = "GET /v2/payroll/7 HTTP/1.1\r\nHost: api.example.com\r\nX-Key-Id: forged\r\n\r\n";

with_each_proxy!(
    async fn no_request_hides_in_anothers_body(front) {
        let (id, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:write"]).await;
        let (bearer, length) = (bearer(&secret), HIDDEN.len());
        let whole = format!("Content-Length: {}", length + 5);
        let ended = format!("0\r\n\r\n{HIDDEN}");
        let chunk = format!("{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n");
        for (headers, body) in [
            (vec![whole.as_str(), "Transfer-Encoding: chunked"], &ended),
            (vec!["Transfer-Encoding: chunked", &whole], &ended),
            (vec!["Transfer-Encoding: chunked", "Content-Length: 4"], &chunk),
            (vec!["Transfer-Encoding: chunked"], &ended),
            (vec!["Transfer-Encoding: Chunked"], &ended),
            (vec!["Transfer-Encoding: xchunked"], &ended),
            (vec!["Transfer-Encoding: \u{b}chunked", "Content-Length: 5"], &ended),
            (vec!["Transfer-Encoding: chunked\t", "Content-Length: 5"], &ended),
            (vec!["Transfer-Encoding: identity, chunked", "Content-Length: 5"], &ended),
            (vec!["Transfer-Encoding: chunked", "Transfer-Encoding: x"], &ended),
            (vec!["Transfer-Encoding:", " chunked", "Content-Length: 5"], &ended),
            (vec!["Transfer-Encoding : chunked", &whole], &ended),
            (vec!["Transfer_Encoding: chunked", &whole], &ended),
            (vec!["Transfer.Encoding: chunked", &whole], &ended),
            (vec!["X: x\nTransfer-Encoding: chunked", &whole], &ended),
            (vec!["X: x\rTransfer-Encoding: chunked", &whole], &ended),
            (vec!["Content-Length: 5", &whole], &ended),
            (vec![&whole, "Content-Length: 5"], &ended),
            (vec!["Content-Length: 5, 5"], &ended),
            (vec!["Content-Length: +5"], &ended),
            (vec!["Content_Length: 5", &whole], &ended),
            (vec!["Connection: Content-Length, Transfer-Encoding", &whole], &ended),
            (vec!["Connection: Transfer-Encoding", "Transfer-Encoding: chunked"], &chunk),
        ] {
            let lines = [vec!["POST /v2/orders/7 HTTP/1.1", "Host: api.example.com", &bearer], headers.clone()].concat();
            let (status, ..) = wire::send_body(&front.proxy.url, &lines, body);
            for got in front.upstream.take() {
                let case = format!("{:?} {headers:?} {status}: {got:?}", front.kind);
                assert_eq!((got.line.as_str(), got.one("x-key-id")), ("POST /v2/orders/7 HTTP/1.1", id.as_str()), "{case}");
                let told = [got.one("transfer-encoding"), got.one("content-length")];
                assert!(told.contains(&"") && ["", "chunked"].contains(&told[0]), "in two ways, how long it is: {case}");
            }
        }
    }
);

with_each_proxy!(
    async fn a_request_that_is_written_badly_is_refused_or_made_plain(front) {
        let (id, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let (bearer, get) = (bearer(&secret), "GET /v2/orders/7 HTTP/1.1");
        for (line, header) in [
            (get, "X-Key-Id : forged"),
            (get, "X-Key-Id\t: forged"),
            (get, "X-Key-Id\u{b}: forged"),
            (get, "X-Key-Id\0: forged"),
            (get, "X-Key-Id\u{a0}: forged"),
            (get, "\"X-Key-Id\": forged"),
            (get, " X-Key-Id: forged"),
            (get, "X: x\r\n X-Key-Id: forged"),
            (get, "X: x\r\n\tX-Key-Id: forged"),
            (get, "X: x\rX-Key-Id: forged"),
            (get, "X: x\nX-Key-Id: forged"),
            (get, "X: x\0\nX-Key-Id: forged"),
            (get, ": forged"),
            (get, "X-Key-Id"),
            (get, "Host: api.example.com"),
            (get, "Host: keys.example.com"),
            (get, "Trailer: X-Key-Id"),
            (get, "Connection: Host, Connection, X-Key-Id"),
            ("GET /v2/orders/7 HTTP/1.0", "X-Key-Id: forged"),
            ("GET /v2/orders/7 HTTP/1.9", "X-Key-Id: forged"),
            ("GET /v2/orders/7 HTTP/2.0", "X-Key-Id: forged"),
            ("GET /v2/orders/7", "X-Key-Id: forged"),
            ("GET  /v2/orders/7 HTTP/1.1", "X-Key-Id: forged"),
            ("GET /v2/orders/7 /v2/payroll/7 HTTP/1.1", "X-Key-Id: forged"),
            ("GET /v2/orders/7\t/../payroll/7 HTTP/1.1", "X-Key-Id: forged"),
            ("GET /v2/orders/7\u{b}HTTP/1.1", "X-Key-Id: forged"),
        ] {
            let (status, got) = front.send(line, &[&bearer, header]);
            let case = format!("{:?} {line:?} {header:?} {status}: {got:?}", front.kind);
            let is_plain = |got: &Got| got.target() == "/v2/orders/7" && got.one("x-key-id") == id.as_str();
            assert!(got.len() <= 1 && got.iter().all(is_plain), "{case}");
            assert!(got.is_empty() || status == 200, "{case}");
        }
    }
);

with_each_proxy!(
    async fn what_stands_behind_a_body_is_no_header(front) {
        let (id, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:write"]).await;
        let bearer = bearer(&secret);
        let body = "4\r\nbody\r\n0\r\nX-Key-Id: forged\r\nX-HTTP-Method-Override: DELETE\r\n\r\n";
        for announced in ["X: x", "Trailer: X-Key-Id, X-HTTP-Method-Override"] {
            let lines = ["POST /v2/orders/7 HTTP/1.1", "Host: api.example.com", &bearer, "Transfer-Encoding: chunked", announced];
            assert_eq!(wire::send_body(&front.proxy.url, &lines, body).0, 200);
            let got = front.upstream.take();
            assert_eq!((got.len(), got[0].body, got[0].one("x-key-id")), (1, 4, id.as_str()), "{got:?}");
            assert_eq!(got[0].one("x-http-method-override"), "");
        }
    }
);

with_each_proxy!(
    async fn a_connection_turns_into_none_past_the_gate(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let (bearer, line) = (bearer(&secret), "GET /v2/orders/7 HTTP/1.1");
        let settings = "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA";
        // In HTTP/2 without TLS a client would ask an API that knows it whatever it likes, under any name.
        for upgrades in [&["h2c"][..], &["H2C"], &["h2c, websocket"], &["websocket, h2c"], &["h2c", "websocket"], &["websocket", "h2c"], &["TLS/1.0"]] {
            for connection in ["Connection: Upgrade", "Connection: Upgrade, HTTP2-Settings", "Connection: HTTP2-Settings"] {
                let upgrades: Vec<String> = upgrades.iter().map(|upgrade| format!("Upgrade: {upgrade}")).collect();
                let headers: Vec<&str> =
                    [bearer.as_str(), connection, settings].into_iter().chain(upgrades.iter().map(String::as_str)).collect();
                let (status, got) = front.send(line, &headers);
                let upgrade: Vec<_> = got.iter().flat_map(|got| got.all("upgrade")).collect();
                let case = format!("{:?} {headers:?} {status}: {got:?}", front.kind);
                match front.kind {
                    // It refuses what it could take for an upgrade.
                    Kind::Envoy if status == 403 => assert!(got.is_empty(), "{case}"),
                    // An upgrade that Connection does not name is none.
                    Kind::IngressNginx => {
                        assert_eq!((status, got.len(), got[0].one("connection")), (200, 1, "keep-alive"), "{case}");
                        assert_eq!(got[0].one("http2-settings"), "", "{case}");
                    }
                    _ => assert_eq!((status, got.len(), upgrade.len()), (200, 1, 0), "{case}"),
                }
            }
        }
        // A WebSocket is one request, which is asked about. As the files are, only Caddy passes one on.
        for websocket in ["Upgrade: websocket", "Upgrade: WebSocket"] {
            let (status, got) = front.send(line, &[&bearer, "Connection: Upgrade", websocket]);
            if front.kind == Kind::Envoy {
                assert_eq!((status, got.len()), (403, 0));
                continue;
            }
            let is_passed_on = got[0].one("connection").eq_ignore_ascii_case("upgrade");
            assert_eq!((status, got.len(), is_passed_on), (200, 1, front.kind == Kind::Caddy));
            assert!(!is_passed_on || got[0].one("upgrade").eq_ignore_ascii_case("websocket"));
            assert_eq!(front.stopped(line, &["Connection: Upgrade", websocket]), 401);
        }
    }
);

with_each_proxy!(
    async fn who_waits_before_the_body_is_judged_before_it(front) {
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:write"]).await;
        let bearer = bearer(&secret);
        let headers = ["Host: api.example.com", &bearer, "Expect: 100-continue", "Content-Length: 4"];
        let send = |line: &'static str| wire::send_body(&front.proxy.url, &[&[line], &headers[..]].concat(), "body").1;
        let head = send("POST /v2/orders/7 HTTP/1.1");
        let got = front.upstream.take();
        assert!((got.len(), got[0].body) == (1, 4) && [" 100 ", " 200 "].iter().any(|status| head.contains(status)), "{head}");
        send("POST /v2/payroll/7 HTTP/1.1");
        assert!(front.upstream.take().is_empty());
    }
);
