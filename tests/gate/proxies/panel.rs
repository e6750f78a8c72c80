//! What stands in the panel on the page, in the real proxies: with nothing replaced but what the panel says.

use keyrack::gate::address as doors;
use keyrack::keys::address;
use keyrack::keys::catalog::file;

use super::{API, CATALOG, Proxy, Upstream, bearer};
use crate::world::{Engine, Person, World, wire};

/// The lines for a proxy, as they are copied, and what is said to be replaced in them.
async fn panel(olga: &mut Person, proxy: &str) -> (String, Vec<String>) {
    let part = olga.by_htmx().get(&address::USING.replace("{proxy}", proxy)).await;
    assert_eq!(part.status, 200, "{}", part.body);
    (part.verbatim("[data-snippet]").remove(0), part.texts(".left li code:first-child"))
}

/// What an API behind it sees of requests with a good key, none, and too small a one.
async fn does_what_the_file_does(world: &World, olga: &mut Person, proxy: &Proxy, upstream: &Upstream) {
    let (id, secret) = olga.create_key("HR sync", &["orders:read"]).await;
    let bearer = bearer(&secret);
    let ask = |target: &str, headers: &[&str]| {
        let (line, host) = (format!("GET {target} HTTP/1.1"), format!("Host: {API}"));
        let lines: Vec<&str> = [line.as_str(), &host].into_iter().chain(headers.iter().copied()).collect();
        (wire::send(&proxy.url, &lines).0, upstream.take())
    };
    let (status, got) = ask("/v2/orders/7?all=1", &[&bearer, "X-Key-Id: forged", "X.Key.Id: forged"]);
    assert_eq!((status, got.len()), (200, 1), "{}", proxy.said());
    assert_eq!((got[0].line.as_str(), got[0].one("x-key-id")), ("GET /v2/orders/7?all=1 HTTP/1.1", id.as_str()));
    assert_eq!((got[0].one("x-key-permissions"), got[0].one("authorization")), ("orders:read", ""));
    assert!(!got[0].headers.iter().any(|(_, value)| value == "forged"), "{:?}", got[0].headers);
    for (target, headers, wanted) in [
        ("/v2/orders/7", vec![], 401),
        ("/v2/payroll/7", vec![bearer.as_str()], 403),
        (doors::NGINX, vec![&bearer], 403),
    ] {
        let (status, got) = ask(target, &headers);
        assert_eq!((status, got.len()), (wanted, 0), "{target}");
    }
    olga.revoke(&id).await;
    assert_eq!(ask("/v2/orders/7", &[&bearer]).0, 401, "{}", world.url);
}

async fn begin() -> (World, Person, Upstream) {
    let world = World::begin_with(Engine::Sqlite, file::parse(CATALOG).unwrap()).await;
    let olga = world.sign_in("olga").await;
    (world, olga, Upstream::start())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_copied_for_nginx_works() {
    let (world, mut olga, upstream) = begin().await;
    let (text, left) = panel(&mut olga, "nginx").await;
    assert_eq!(left, [API, "127.0.0.1:9000", "listen 80"]);
    assert!(text.contains("proxy_buffer_size"), "it has room for the largest identity headers");
    let api = upstream.address.to_string();
    let proxy = Proxy::nginx_with(|listen| text.replace("127.0.0.1:9000", &api).replace("listen 80", listen));
    does_what_the_file_does(&world, &mut olga, &proxy, &upstream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_copied_for_caddy_works() {
    let (world, mut olga, upstream) = begin().await;
    let (text, left) = panel(&mut olga, "caddy").await;
    assert_eq!(left, [API, "127.0.0.1:9000"]);
    let api = upstream.address.to_string();
    let proxy = Proxy::caddy_with(|site| text.replace("127.0.0.1:9000", &api).replace(API, &site(API)));
    does_what_the_file_does(&world, &mut olga, &proxy, &upstream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_copied_for_traefik_works() {
    let (world, mut olga, upstream) = begin().await;
    let part = olga.by_htmx().get(&address::USING.replace("{proxy}", "traefik")).await;
    let [routes, main] = part.verbatim("[data-snippet]").try_into().unwrap();
    assert_eq!(part.texts(".left li code:first-child"), [API, "http://127.0.0.1:9000"]);
    let proxy = Proxy::traefik_with(&main, &routes.replace("127.0.0.1:9000", &upstream.address.to_string()));
    proxy.until_found(API);
    does_what_the_file_does(&world, &mut olga, &proxy, &upstream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_copied_for_envoy_works() {
    let (world, mut olga, upstream) = begin().await;
    let (text, left) = panel(&mut olga, "envoy").await;
    assert_eq!(left, [API, "address: 127.0.0.1, port_value: 9000", "port_value: 80"]);
    let api = format!("port_value: {}", upstream.address.port());
    let proxy = Proxy::envoy_with(&text.replace("port_value: 9000", &api));
    does_what_the_file_does(&world, &mut olga, &proxy, &upstream).await;
}
