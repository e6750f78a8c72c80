//! Web pages read refusals through each proxy, if the catalog lets them.

use super::reasons::values;
use super::upstream::Upstream;
use super::{CATALOG, Front, Kind, bearer};
use crate::with_each_proxy;
use crate::world::Browser;

const APP: &str = "Origin: https://app.example.com";

async fn open_to(kind: Kind, origin: &str) -> Front {
    Front::with(kind, &format!("{CATALOG}\n[gate]\npreflight = true\ncors = [\"{origin}\"]\n")).await
}

with_each_proxy!(
    nginx Nginx, ingress_nginx_with_snippets IngressNginxWithSnippets, caddy Caddy, traefik Traefik, envoy Envoy
    => async fn a_page_at_a_listed_origin_can_read_refusals(front) {
        let front = open_to(front.kind, "https://app.example.com").await;
        let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
        let good = bearer(&secret);
        let allowed = |line: &str, headers: &[&str]| {
            let (status, head, _) = front.ask(line, headers);
            let own = |name: &str| values(&head, name).join("|");
            (status, own("access-control-allow-origin"), own("access-control-expose-headers"), own("vary"))
        };
        let (get, forbidden) = ("GET /v2/orders/7 HTTP/1.1", "GET /v2/payroll/7 HTTP/1.1");
        for (line, headers, expected) in [(get, vec![APP], 401), (get, vec![APP, "X-API-Key: x"], 401), (forbidden, vec![APP, &good], 403)] {
            let (status, origin, exposed, vary) = allowed(line, &headers);
            assert_eq!((status, origin.as_str(), vary.as_str()), (expected, "https://app.example.com", "Origin"), "{:?}", front.kind);
            assert!(exposed.contains("WWW-Authenticate") && !exposed.contains('|'), "{exposed}");
        }
        let (status, origin, exposed, vary) = allowed(forbidden, &["Origin: https://evil.example", &good]);
        assert_eq!((status, origin.as_str(), exposed.as_str(), vary.as_str()), (403, "", "", "Origin"), "{:?}", front.kind);
        // What the API says is its own.
        assert_eq!(allowed(get, &[APP, &good]), (200, String::new(), String::new(), String::new()), "{:?}", front.kind);
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_in_chromium_reads_why_nginx_refuses_it() {
    let (page, elsewhere) = (Upstream::start(), Upstream::start());
    let front = open_to(Kind::Nginx, &format!("http://{}", page.address)).await;
    let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
    front.upstream.answer(
        "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Headers: Authorization\r\nContent-Length: 5\r\n\r\nHello",
    );
    let fetch = |path: &str| {
        format!(
            "fetch('{}{path}', {{ headers: {{ Authorization: 'Bearer {secret}' }} }}).then(async r => \
             [r.status, await r.text(), r.headers.get('X-Auth-Code') ?? '']).catch(() => [0, '', ''])",
            front.proxy.url
        )
    };
    let at = Browser::open(&front.world).await;
    type Read = (u16, String, String);
    at.driver.goto(format!("http://{}/", page.address)).await.unwrap();
    assert_eq!(at.later::<Read>(&fetch("/v2/orders/7")).await, (200, "Hello".into(), "".into()));
    let (status, body, code): Read = at.later(&fetch("/v2/payroll/7")).await;
    assert_eq!((status, code.as_str()), (403, "INSUFFICIENT_PERMISSIONS"));
    assert!(body.contains("\"code\":\"INSUFFICIENT_PERMISSIONS\""), "{body}");
    at.driver.goto(format!("http://{}/", elsewhere.address)).await.unwrap();
    assert_eq!(at.later::<Read>(&fetch("/v2/orders/7")).await.0, 200, "the API lets every page read");
    assert_eq!(at.later::<Read>(&fetch("/v2/payroll/7")).await.0, 0, "Keyrack does not");
}
