//! What holds for every request: who may send it, what stands in its answer, what is logged.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use keyrack::keys::catalog::{Action, Catalog, Field, Parts, Resource};
use keyrack::{assets, docs};

use crate::both_engines;
use crate::world::form::{Answer, Form};
use crate::world::{Engine, PASSWORD, Person, World, cast, logs, wire};

const LIST: &str = "/settings/developers";

/// A try to sign in that fails, by somebody who says nothing of where it comes from.
async fn silent_form(world: &World) -> (Person, Form) {
    let mut person = world.visitor();
    let form = person.get("/login").await.form("/login");
    person.is_silent = true;
    // Somebody else each time, so that nobody has to wait.
    let email = format!("{}@northwind.example", &form.value("token")[..12]);
    (person, form.with("email", &email).with("password", "guess"))
}

both_engines!(
    async fn a_form_comes_from_our_own_page(world) {
        let origin = world.url.clone();
        let port = origin.rsplit_once(':').unwrap().1;
        let mut cases: Vec<(Vec<(&'static str, String)>, u16)> = Vec::new();
        for (site, status) in [("same-origin", 401), ("same-site", 403), ("cross-site", 403), ("none", 403), ("", 403)] {
            cases.push((vec![("Sec-Fetch-Site", site.into())], status));
            // What browsers say of the site outweighs the origin.
            cases.push((vec![("Sec-Fetch-Site", site.into()), ("Origin", origin.clone())], status));
        }
        cases.push((vec![], 403));
        cases.push((vec![("Origin", origin.clone())], 401));
        cases.push((vec![("Origin", format!("http://localhost:{port}"))], 401));
        for foreign in ["null", "", "http://evil.example", "https://127.0.0.1", "http://127.0.0.1.evil.example"] {
            cases.push((vec![("Origin", foreign.into())], 403));
        }
        cases.push((vec![("Origin", format!("https://127.0.0.1:{port}"))], 403));
        cases.push((vec![("Origin", format!("http://127.0.0.1:{port}9"))], 403));
        for (headers, status) in cases {
            world.clock.advance(60);
            let (mut person, form) = silent_form(&world).await;
            person.headers = headers.clone();
            let answer = person.submit(&form).await;
            assert_eq!(answer.status, status, "{headers:?}: {}", answer.text());
        }
    }
);

both_engines!(
    async fn a_form_from_another_site_changes_nothing(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.get(LIST).await.form("/logout");
        olga.headers.push(("Sec-Fetch-Site", "cross-site".into()));
        let answer = olga.submit(&form).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.texts("h1"), ["This request came from another site"]);
        assert_eq!(olga.get(LIST).await.status, 200, "a link from another site may lead here");
        assert_eq!(world.sessions().len(), 1);
    }
);

both_engines!(
    async fn a_token_is_good_in_its_own_browser_only(world) {
        let (mut one, form) = silent_form(&world).await;
        one.is_silent = false;
        let mut other = world.visitor();
        other.get("/login").await;
        assert_eq!(other.submit(&form).await.status, 403);
        let mut without_cookie = world.visitor();
        let answer = without_cookie.submit(&form).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.texts("h1"), ["This form is no longer valid"]);
        assert!(world.failures().is_empty(), "none of them was a try");
        assert_eq!(one.submit(&form).await.status, 401);
    }
);

both_engines!(
    async fn only_our_own_host_is_answered(world) {
        let bare = world.url.trim_start_matches("http://").to_owned();
        let port = bare.rsplit_once(':').unwrap().1;
        let host = format!("Host: {bare}");
        let get = |target: &str, headers: &[&str]| {
            let line = format!("GET {target} HTTP/1.1");
            let lines: Vec<&str> = std::iter::once(line.as_str()).chain(headers.iter().copied()).collect();
            wire::send(&world.url, &lines)
        };
        assert_eq!(get("/login", &[&host]).0, 200);
        assert_eq!(get("/login", &[&format!("Host: LOCALHOST:{port}")]).0, 200);
        assert_eq!(get("/login", &[&format!("Host: [::1]:{port}")]).0, 200);
        assert_eq!(get(&format!("http://{bare}/login"), &[&host]).0, 200);
        for wrong in ["Host: evil.example".into(), "Host:".into(), "Host: 127.0.0.1".into(), format!("Host: {bare}9"), format!("Host: x@{bare}")] {
            let (status, head, body) = get("/login", &[&wrong]);
            assert_eq!(status, 421, "{wrong}");
            assert!(head.to_ascii_lowercase().contains("content-security-policy:"), "{head}");
            assert!(body.contains("This address is not ours") && !body.contains("evil"), "{body}");
        }
        assert_eq!(get("/login", &[]).0, 400, "no host at all: no HTTP/1.1");
        assert_ne!(get("/login", &[&host, "Host: evil.example"]).0, 200, "two hosts");
        assert_eq!(get("http://evil.example/login", &[&host]).0, 421, "the address names another");
        assert_eq!(get("http://evil.example/login", &["Host: evil.example"]).0, 421);
        // Machines reach their doors under any name.
        assert_eq!(get("/healthz", &["Host: evil.example"]).0, 200);
        assert_eq!(get("/v1/keys/self", &["Host: evil.example"]).0, 401);
    }
);

fn assert_page_headers(answer: &Answer, what: &str) {
    for (name, value) in [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ] {
        assert_eq!(answer.header(name), value, "{what}");
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{what}: {name}");
    }
    assert!(answer.header("x-request-id").starts_with("req_"), "{what}");
    assert!(answer.header("server").is_empty() && answer.header("x-powered-by").is_empty(), "{what}");
}

both_engines!(
    async fn every_page_carries_the_headers_that_protect_it(world) {
        let mut olga = world.sign_in("olga").await;
        let mut mia = world.sign_in("mia").await;
        let mut nobody = world.visitor();
        for path in ["/", "/login", LIST, "/account/security", "/settings/developers/keys/new", docs::ADDRESS, "/setup", "/nowhere", "/settings/developers?sort=x"] {
            for person in [&mut olga, &mut mia, &mut nobody] {
                let answer = person.get(path).await;
                assert_page_headers(&answer, path);
                assert_eq!(answer.header("cache-control"), "no-store", "{path} {}", answer.status);
            }
        }
        let answer = nobody.send("PUT".parse().unwrap(), "/login", None).await;
        assert_page_headers(&answer, "405");
        assert_page_headers(&nobody.post_body("/login", String::new()).await, "403");
        assert_page_headers(&olga.by_htmx().get("/settings/developers/keys/new").await, "a fragment");
    }
);

both_engines!(
    async fn a_machines_door_carries_no_page_headers(world) {
        let mut machine = world.visitor();
        for path in ["/healthz", "/readyz", "/v1/keys/self", "/v1/nowhere"] {
            let answer = machine.get(path).await;
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            for page in ["content-security-policy", "set-cookie", "permissions-policy"] {
                assert_eq!(answer.header(page), "", "{path} {page}");
            }
            if answer.status >= 400 {
                assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
                let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
                assert_eq!(problem["status"], answer.status, "{path}");
                assert_eq!(problem["request_id"], answer.header("x-request-id"), "{path}");
            }
        }
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn static_files_are_kept_for_good_and_squeezed() {
    let world = World::begin(Engine::Sqlite).await;
    let mut nobody = world.visitor();
    for file in ["css/base.css", "css/people.css", "keyrack.js", "icon.svg", "vendor/htmx-4.0.1/htmx.min.js"] {
        let address = assets::url(file);
        nobody.headers.clear();
        let plain = nobody.get(address).await;
        assert_eq!(plain.status, 200, "{address}");
        assert_page_headers(&plain, address);
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(plain.header("vary").to_ascii_lowercase(), "accept-encoding");
        assert_eq!(plain.header("content-encoding"), "");
        assert!(!plain.header("content-type").is_empty());
        nobody.headers.push(("Accept-Encoding", "gzip, br".into()));
        let squeezed = nobody.get_bytes(address).await;
        assert_eq!(squeezed.0, "gzip");
        let mut unpacked = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&squeezed.1[..]), &mut unpacked).unwrap();
        assert_eq!(unpacked, plain.body, "{file}");
    }
    nobody.headers.clear();
    for wrong in ["/static/000000000000/css/base.css", "/static/x/../../Cargo.toml", "/static/", "/static/x/"] {
        assert_eq!(nobody.get(wrong).await.status, 404, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_squeezed_for_those_who_can_read_it() {
    let world = World::begin(Engine::Sqlite).await;
    let mut nobody = world.visitor();
    nobody.headers.push(("Accept-Encoding", "gzip".into()));
    assert_eq!(nobody.get_bytes(docs::ADDRESS).await.0, "gzip");
    nobody.headers.clear();
    assert_eq!(nobody.get_bytes(docs::ADDRESS).await.0, "");
}

both_engines!(
    async fn each_request_has_an_id_of_ours(world) {
        let mut nobody = world.visitor();
        nobody.headers.push(("X-Request-Id", "mine".into()));
        let (one, two) = (nobody.get("/login").await, nobody.get("/nowhere").await);
        assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
        assert!(one.header("x-request-id").starts_with("req_"));
        assert!(!two.body.contains(two.header("x-request-id")), "it is told only where we are at fault");
    }
);

both_engines!(
    async fn what_is_not_there_gets_a_plain_page_that_leads_back(world) {
        let mut olga = world.sign_in("olga").await;
        for (path, status, title) in [
            ("/nowhere", 404, "There is nothing here"),
            ("/settings/developers/keys/none", 404, "There is nothing here"),
            ("/settings/developers?sort=price", 400, "That request makes no sense here"),
            ("/settings/developers?q=a&q=b", 400, "That request makes no sense here"),
            ("/settings/developers?q=%00", 400, "That request makes no sense here"),
            ("/login?next=%00", 400, "That request makes no sense here"),
            ("/settings/developers?foo=%00", 400, "That request makes no sense here"),
            ("/login?next=a&next=b", 400, "That request makes no sense here"),
            ("/logout", 405, "That is not possible here"),
        ] {
            let answer = olga.get(path).await;
            assert_eq!((answer.status, answer.texts("h1").concat()), (status, title.to_owned()), "{path}");
            assert!(answer.attributes("a", "href").contains(&"/".to_owned()), "{path} leads back");
            for internal in ["src/", "panicked", "actix", "diesel", "serde", "SELECT"] {
                assert!(!answer.body.contains(internal), "{path}: {internal} in {}", answer.text());
            }
        }
        assert_eq!(olga.get("/settings/developers?unknown=1").await.status, 200, "what is unknown is ignored");
        assert_eq!(olga.get("/%ff%fe").await.status, 404);
    }
);

both_engines!(
    async fn a_body_may_be_sixteen_kibibytes_long(world) {
        let (mut person, form) = silent_form(&world).await;
        person.is_silent = false;
        let empty = serde_html_form::to_string(form.with("password", "").fields).unwrap().len();
        let of_length = |length: usize| form.with("password", &"x".repeat(length - empty));
        assert_eq!(person.submit(&of_length(16 * 1024)).await.status, 401);
        let answer = person.submit(&of_length(16 * 1024 + 1)).await;
        assert_eq!((answer.status, answer.texts("h1").concat()), (413, "That is too much at once".into()));

        let (cookie, value) = person.cookies.iter().next().unwrap();
        let chunk = "x".repeat(20_000);
        let host = format!("Host: {}", world.url.trim_start_matches("http://"));
        let cookie = format!("Cookie: {cookie}={value}");
        let (status, ..) = wire::send_body(
            &world.url,
            &["POST /login HTTP/1.1", &host, &cookie, "Sec-Fetch-Site: same-origin", "Transfer-Encoding: chunked", "Content-Type: application/x-www-form-urlencoded"],
            &format!("{:x}\r\n{chunk}\r\n0\r\n\r\n", chunk.len()),
        );
        assert_eq!(status, 413, "also when its length is not told");
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_form_may_be_as_long_as_its_catalog_makes_it() {
    let names =
        |letter: char, count: usize| (0..count).map(|n| format!("{letter}_of_a_longer_name_{n}")).collect::<Vec<_>>();
    let resource = |id: String| Resource {
        actions: names('a', 5).iter().map(|id| Action::new(id)).collect(),
        fields: names('f', 40).iter().map(|id| Field::new(id)).collect(),
        ..Resource::new(&id, &[], &[])
    };
    let resources: Vec<Resource> = names('r', 30).into_iter().map(resource).collect();
    let catalog = Catalog::new(Parts { resources: resources.clone(), ..Parts::built_in() }).unwrap();
    let world = World::begin_with(Engine::Sqlite, catalog).await;
    let mut olga = world.sign_in("olga").await;
    let mut form = olga.create_form().await.with("name", &"🗝".repeat(60)).with("expiration", "never");
    for Resource { id, actions, fields, .. } in &resources {
        form = form.with(&format!("fields.{id}"), "some");
        form = actions.iter().fold(form, |form, action| form.and("permission", &format!("{id}:{}", action.id)));
        form = fields.iter().fold(form, |form, field| form.and("field", &format!("{id}:{}", field.id)));
    }
    let length = serde_html_form::to_string(&form.fields).unwrap().len();
    assert!(length > 4 * 16_384, "{length}");
    assert_eq!(olga.submit(&form.and("colour", &"x".repeat(16_384))).await.status, 413, "longer than it can get");
    assert_eq!(olga.submit(&Form { action: "/account/security".into(), ..form.clone() }).await.status, 413);
    olga.submit(&form).await.secret();
    assert_eq!(world.key_rows()[0].fields.matches(',').count(), 30 * 39);
}

both_engines!(
    async fn a_body_of_another_kind_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.get("/account/security").await.form("/logout");
        let body = serde_html_form::to_string(&form.fields).unwrap();
        for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
            let mut olga = olga.clone();
            olga.content_type = kind;
            assert_eq!(olga.post_body("/logout", body.clone()).await.status, 400, "{kind}");
        }
        assert_eq!(olga.post_body("/logout", format!("{body}&a=%ff")).await.status, 400);
        assert_eq!(world.sessions().len(), 1);
    }
);

both_engines!(
    async fn an_address_counts_only_if_a_trusted_proxy_tells_it(world) {
        let mut olga = world.visitor();
        olga.headers.push(("X-Forwarded-For", "198.51.100.7".into()));
        let form = olga.get("/login").await.form("/login");
        olga.submit(&form.with("email", &cast::email("olga")).with("password", PASSWORD)).await;
        assert_eq!(world.events_of("signed_in")[0].address.as_deref(), Some("127.0.0.1"));

        let behind = World::with(world.engine, |settings| {
            settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        })
        .await;
        cast::enter(&behind.store, behind.clock.now());
        for (sent, counted) in [
            (vec!["198.51.100.7"], "198.51.100.7"),
            (vec!["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            (vec!["203.0.113.9, 198.51.100.7, 10.0.0.3"], "198.51.100.7"),
            (vec!["203.0.113.9", "198.51.100.8"], "198.51.100.8"),
            (vec!["198.51.100.7, nonsense"], "127.0.0.1"),
            (vec!["::ffff:198.51.100.9"], "198.51.100.9"),
            (vec![], "127.0.0.1"),
        ] {
            let mut olga = behind.visitor();
            let form = olga.get("/login").await.form("/login");
            olga.headers = sent.iter().map(|value| ("X-Forwarded-For", (*value).to_owned())).collect();
            let form = form.with("email", &cast::email("olga")).with("password", PASSWORD);
            assert_eq!(olga.submit(&form).await.status, 303);
            let told = behind.events_of("signed_in").pop().unwrap().address;
            assert_eq!(told.as_deref(), Some(counted), "{sent:?}");
        }
        // Networks of one customer are counted as one.
        for address in ["2001:db8::1", "2001:db8::2:1"] {
            behind.clock.advance(20);
            let (mut person, form) = silent_form(&behind).await;
            person.is_silent = false;
            person.headers.push(("X-Forwarded-For", address.into()));
            assert_eq!(person.submit(&form).await.status, 401);
        }
        assert!(behind.failures().contains(&("address:2001:db8:0:0::/64".into(), 2)), "{:?}", behind.failures());
    }
);

/// The lines of a request in the log.
fn lines_of(answer: &Answer) -> Vec<String> {
    let id = answer.header("x-request-id");
    logs::text().lines().filter(|line| line.contains(id)).map(str::to_owned).collect()
}

both_engines!(
    async fn a_request_is_one_line_of_the_log_without_what_people_put_into_it(world) {
        let mut olga = world.sign_in("olga").await;
        let answer = olga.get("/settings/developers?q=confidential-search").await;
        let lines = lines_of(&answer);
        assert_eq!(lines.len(), 1, "{lines:?}");
        for part in ["method=GET", "path=\"/settings/developers\"", "status=200", "client=127.0.0.1", "micros="] {
            assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
        }
        let key = olga.get("/settings/developers/keys/key_confidential?q=x").await;
        assert_eq!(lines_of(&key).len(), 1);
        assert!(lines_of(&key)[0].contains("path=\"/settings/developers/keys/{id}\""), "{:?}", lines_of(&key));
        assert_eq!(lines_of(&olga.get("/no-such-confidential-place").await).len(), 1);
        let ours: Vec<String> = logs::text().lines().filter(|line| line.contains(" keyrack: ")).map(str::to_owned).collect();
        assert!(!ours.is_empty());
        assert!(!ours.iter().any(|line| line.contains("confidential")), "no query, no address");
        assert!(!ours.iter().any(|line| line.contains("__Host-")), "no cookie");
    }
);

both_engines!(
    async fn when_every_connection_is_busy_pages_say_so_after_a_while(world) {
        let mut olga = world.sign_in("olga").await;
        let readers = if world.engine == Engine::Sqlite { 4 } else { 6 };
        let (mut releases, mut holders) = (Vec::new(), Vec::new());
        let (tell, told) = mpsc::channel();
        for _ in 0..readers {
            let (release, wait) = mpsc::channel::<()>();
            let (store, tell) = (world.store.clone(), tell.clone());
            releases.push(release);
            holders.push(std::thread::spawn(move || {
                let held = store.read_here(|_| {
                    tell.send(()).unwrap();
                    let _ = wait.recv();
                    Ok(())
                });
                held.unwrap();
            }));
        }
        for _ in 0..readers {
            told.recv().unwrap();
        }
        let started = Instant::now();
        let answer = olga.get(LIST).await;
        assert_eq!(answer.status, 503, "{}", answer.text());
        let waited = started.elapsed();
        assert!(waited > Duration::from_millis(2_800) && waited < Duration::from_secs(6), "{waited:?}");
        assert_eq!(olga.get("/healthz").await.status, 200);
        drop(releases);
        holders.into_iter().for_each(|holder| holder.join().unwrap());
        assert_eq!(olga.get(LIST).await.status, 200);
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_slow_to_send_headers_is_let_go() {
    let world = World::begin(Engine::Sqlite).await;
    let (waited, answer) = tokio::task::block_in_place(|| wire::dawdle(&world.url, "GET /login HTTP/1.1\r\nHost: x"));
    assert!(waited > Duration::from_secs(4) && waited < Duration::from_secs(9), "{waited:?}");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}
