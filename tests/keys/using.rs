//! How a proxy asks, in the panel on the page: the lines, what is filled in, what is left to replace.

use keyrack::keys::address;

use crate::both_engines;
use crate::world::form::Answer;
use crate::world::{Engine, World};

fn url(proxy: &str) -> String {
    address::USING.replace("{proxy}", proxy)
}

/// The lines of the files that are shown.
fn lines(answer: &Answer) -> String {
    answer.verbatim("#using-proxy [data-snippet]").concat()
}

both_engines!(
    async fn the_list_has_the_lines_for_nginx_and_htmx_gets_those_for_the_others(world) {
        let mut olga = world.sign_in("olga").await;
        let list = olga.get(address::LIST).await;
        assert_eq!(list.texts("#using-proxy nav a"), ["nginx", "ingress-nginx", "Caddy", "Traefik", "Envoy"]);
        assert_eq!(list.texts("#using-proxy [aria-current]"), ["nginx"]);
        assert!(lines(&list).contains("auth_request /_keyrack;") && lines(&list).contains("proxy_pass http://keyrack/auth/nginx"));
        for (proxy, files, told) in [
            ("nginx", vec!["nginx.conf"], "X-Key-Fields"),
            ("ingress-nginx", vec!["ingress-nginx.yaml"], "auth-response-headers"),
            ("caddy", vec!["Caddyfile"], "forward_auth"),
            ("traefik", vec!["traefik/routes.yaml", "traefik/traefik.yaml"], "aliasHeadersStrategy: delete"),
            ("envoy", vec!["envoy.yaml"], "failure_mode_allow: false"),
        ] {
            let part = olga.by_htmx().get(&url(proxy)).await;
            assert_eq!((part.status, part.header("cache-control")), (200, "no-store"));
            assert!(part.body.trim_start().starts_with("<div") && !part.body.contains("<html"), "{}", part.body);
            assert_eq!(part.texts("#using-proxy .snippet-head code"), files);
            let lines = lines(&part);
            assert!(lines.contains(told), "{lines}");
            assert!(lines.contains(world.url.trim_start_matches("http://")) || ["envoy", "ingress-nginx"].contains(&proxy), "{lines}");
            assert!(!lines.lines().any(|line| line.trim_start().starts_with('#')), "{lines}");
            assert!(!lines.contains("keys.example.com") && !lines.contains("127.0.0.1:8080"), "{lines}");
            assert_eq!(part.attributes("#using-proxy > p a", "href"), [format!("/docs/gateway#{proxy}")]);
        }
    }
);

both_engines!(
    async fn without_htmx_it_leads_to_the_whole_example_and_another_proxy_is_not_there(world) {
        for who in ["olga", "adam", "vera"] {
            let mut person = world.sign_in(who).await;
            let plain = person.get(&url("caddy")).await;
            assert_eq!((plain.status, plain.location()), (303, "/docs/gateway#caddy"));
            assert_eq!(person.by_htmx().get(&url("caddy")).await.status, 200);
            assert_eq!(person.by_htmx().get(&url("apache")).await.status, 404);
        }
        let mut mia = world.sign_in("mia").await;
        assert_eq!(mia.by_htmx().get(&url("caddy")).await.status, 403);
        world.let_members_manage_keys("Northwind Rota", true);
        assert_eq!(mia.by_htmx().get(&url("caddy")).await.status, 200);
        assert!(lines(&mia.get(address::LIST).await).contains("auth_request /_keyrack;"));
        assert_eq!(world.visitor().by_htmx().get(&url("caddy")).await.status, 401);
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_says_what_is_left_to_replace_and_how_it_is_done() {
    let world = World::begin(Engine::Sqlite).await;
    let mut olga = world.sign_in("olga").await;
    let list = olga.get(address::LIST).await;
    let said = list.verbatim("#using-proxy").remove(0);
    assert!(said.contains("The catalog has no routes yet: this asks shifts:read of every request."), "{said}");
    assert!(said.contains("try nginx -t, and replace") && !said.contains('`'), "{said}");
    assert!(
        list.texts(".left li")
            .contains(&"127.0.0.1:9000 by where your API answers; nobody else may reach it there".into())
    );
    assert!(lines(&list).contains("/auth/nginx?require=shifts:read;"));
    assert!(!said.contains("--gate-allow"), "{said}");
    let caddy = olga.by_htmx().get(&url("caddy")).await;
    assert!(caddy.texts("#using-proxy > p")[0].starts_with("Caddy, 2.6 or newer. The catalog"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_the_gate_would_not_answer_is_told_of() {
    let world = World::with(Engine::Sqlite, |settings| settings.gate_allow = Vec::new()).await;
    crate::world::cast::enter(&world.store, world.now());
    let said = world.sign_in("olga").await.get(address::LIST).await.verbatim("#using-proxy").remove(0);
    assert!(said.contains("Start Keyrack with --gate-allow 127.0.0.1, or it does not answer a proxy on this machine."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_says_which_identity_headers_are_empty() {
    let page = async |gate: &str| {
        let text = format!("{}{gate}", include_str!("../../examples/catalogs/soon.toml"));
        let world = World::begin_with(Engine::Sqlite, keyrack::keys::catalog::file::parse(&text).unwrap()).await;
        world.visitor().get("/docs/gateway").await.text()
    };
    let (empty, refuse) = ("The catalog leaves these headers empty:", "comes without X-Key-Id");
    let all = page("").await;
    assert!(!all.contains(empty) && all.contains(refuse), "{all}");
    let few = page("[gate]\nidentity_headers = [\"X-Key-Team\", \"X-Key-Kind\"]\n").await;
    assert!(few.contains(empty) && !few.contains(refuse), "{few}");
    let names = "X-Key-Id , X-Key-Name , X-Key-Project , X-Key-Permissions , X-Key-Fields , X-Key-Expires .";
    assert!(few.contains(names), "{few}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_signed_in_is_not_told_where_we_listen() {
    let world = World::begin(Engine::Sqlite).await;
    let (host, open) = (world.url.trim_start_matches("http://"), world.visitor().get("/docs/gateway").await);
    assert!(open.body.contains("127.0.0.1:8080") && !open.body.contains(host));
    let own = world.sign_in("vera").await.get("/docs/gateway").await;
    assert!(own.body.contains(host) && !own.body.contains("127.0.0.1:8080"));
    assert_eq!(own.texts("section > h2")[2..], ["nginx", "ingress-nginx", "Caddy", "Traefik", "Envoy"]);
    assert_eq!(own.texts(".snippet-head code").len(), 6);
}
