//! Sessions: their cookie, what is kept of them, when they end, and that rights are read each time.

use data_encoding::HEXLOWER;
use diesel::Connection;
use diesel::connection::SimpleConnection;
use keyrack::people::member::Role;
use keyrack::public_url::PublicUrl;
use sha2::{Digest, Sha256};

use super::{cookie, sign_in_form, try_to_sign_in};
use crate::both_engines;
use crate::world::form::Answer;
use crate::world::{Engine, PASSWORD, Person, World, cast, logs};

const HOUR: i64 = 3_600;
const PAGE: &str = "/settings/developers";

fn set_cookies(answer: &Answer, name: &str) -> Vec<String> {
    let all = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    all.filter(|set| set.starts_with(&format!("{name}="))).map(str::to_owned).collect()
}

/// What follows a cookie's value, in alphabetical order.
fn attributes(set_cookie: &str) -> Vec<&str> {
    let mut attributes: Vec<&str> = set_cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    attributes
}

/// A world with the cast, reached under another address; and one who reaches it.
async fn world_at(engine: Engine, scheme_and_name: &str, port_is_shown: bool) -> (World, Person) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let public = if port_is_shown { format!("{scheme_and_name}:{port}") } else { scheme_and_name.to_owned() };
    let world = World::with(engine, |settings| {
        settings.bind = format!("127.0.0.1:{port}").parse().unwrap();
        settings.public_url = Some(PublicUrl::parse(&public).unwrap());
    })
    .await;
    cast::enter(&world.store, world.clock.now());
    let mut person = Person::new(&format!("http://127.0.0.1:{port}"));
    let (_, host) = public.split_once("://").unwrap();
    person.headers.push(("Host", host.to_owned()));
    (world, person)
}

both_engines!(
    async fn on_this_machine_the_cookie_is_bound_to_the_host(world) {
        let mut olga = world.visitor();
        let answer = try_to_sign_in(&mut olga, "olga@northwind.example", PASSWORD).await;
        let set = set_cookies(&answer, "__Host-session");
        assert_eq!(set.len(), 1, "{set:?}");
        assert_eq!(attributes(&set[0]), ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax", "Secure"]);
        let asked = world.visitor().get("/login").await;
        let set = set_cookies(&asked, "__Host-form");
        assert_eq!(attributes(&set[0]), ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
        assert!(asked.header("strict-transport-security").is_empty());
        assert!(!asked.text().contains("others on the network"));
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_https_the_cookie_is_bound_to_the_host() {
    let (_world, mut olga) = world_at(Engine::Sqlite, "https://keys.example.com", false).await;
    let answer = try_to_sign_in(&mut olga, "olga@northwind.example", PASSWORD).await;
    assert_eq!(answer.status, 303);
    let set = set_cookies(&answer, "__Host-session");
    assert_eq!(attributes(&set[0]), ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax", "Secure"]);
    let page = olga.get(PAGE).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
    assert!(page.texts("[data-tone=warn]").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_plain_http_a_plain_cookie_and_the_origin_alone() {
    let (world, mut olga) = world_at(Engine::Sqlite, "http://keys.test", true).await;
    let origin = world.url.clone();
    assert!(origin.starts_with("http://keys.test:"), "{origin}");
    // A browser sends no Sec-Fetch-Site here.
    olga.is_silent = true;
    olga.headers.push(("Origin", origin));
    let page = olga.get("/login").await;
    assert!(page.text().contains("read"), "{}", page.text());
    assert!(page.header("strict-transport-security").is_empty());
    let form = page.form("/login").with("email", "olga@northwind.example").with("password", PASSWORD);

    let mut foreign = olga.clone();
    foreign.headers.retain(|(name, _)| *name != "Origin");
    foreign.headers.push(("Origin", "http://evil.test".into()));
    assert_eq!(foreign.submit(&form).await.status, 403);
    foreign.headers.retain(|(name, _)| *name != "Origin");
    assert_eq!(foreign.submit(&form).await.status, 403);

    let answer = olga.submit(&form).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let set = set_cookies(&answer, "session");
    assert_eq!(attributes(&set[0]), ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax"]);
    assert!(set_cookies(&answer, "__Host-session").is_empty());
    assert_eq!(olga.get(PAGE).await.status, 200);
}

both_engines!(
    async fn only_the_digest_of_a_session_key_is_kept(world) {
        let olga = world.sign_in("olga").await;
        let value = cookie(&olga, "session");
        // A signature of 44 characters, then the key: 256 bits in 43.
        let key = &value[value.len() - 43..];
        let kept = &world.sessions()[0];
        assert_eq!(HEXLOWER.encode(&kept.digest), HEXLOWER.encode(&Sha256::digest(key)));
        assert!(!kept.state.contains(key));
        logs::remember(key);
    }
);

both_engines!(
    async fn a_cookie_that_was_tampered_with_is_nobodys(world) {
        let mut olga = world.sign_in("olga").await;
        let value = cookie(&olga, "session");
        let last = if value.ends_with('A') { 'B' } else { 'A' };
        let unsigned = value[value.len() - 43..].to_owned();
        for bad in [format!("{}{last}", &value[..value.len() - 1]), unsigned, "x".into()] {
            olga.cookies.insert("__Host-session".into(), bad);
            assert_eq!(olga.get(PAGE).await.status, 303);
        }
        olga.cookies.remove("__Host-session");
        olga.cookies.insert("session".into(), value);
        assert_eq!(olga.get(PAGE).await.status, 303, "the prefix is part of the name");
    }
);

both_engines!(
    async fn signing_in_begins_a_new_session_and_ends_the_one_before(world) {
        let mut olga = world.visitor();
        let form = sign_in_form(&mut olga, "olga@northwind.example", PASSWORD).await;
        olga.submit(&form).await;
        let mut before = olga.clone();
        assert_eq!(olga.submit(&form).await.status, 303);
        assert_ne!(cookie(&before, "session"), cookie(&olga, "session"));
        assert_eq!(before.get(PAGE).await.status, 303);
        assert_eq!(olga.get(PAGE).await.status, 200);
        assert_eq!(world.sessions().len(), 1);
    }
);

both_engines!(
    async fn a_session_ends_after_eight_hours_without_a_request(world) {
        let mut olga = world.sign_in("olga").await;
        world.clock.advance(8 * HOUR - 1);
        assert_eq!(olga.get(PAGE).await.status, 200);
        world.clock.advance(8 * HOUR - 1);
        assert_eq!(olga.get(PAGE).await.status, 200, "counted from the last request");
        world.clock.advance(8 * HOUR);
        assert_eq!(olga.get(PAGE).await.status, 303);
        assert!(world.sessions().is_empty(), "and its row is gone");
    }
);

both_engines!(
    async fn a_session_ends_after_seven_days_in_any_case(world) {
        let mut olga = world.sign_in("olga").await;
        for _ in 0..24 {
            world.clock.advance(7 * HOUR - 1);
            assert_eq!(olga.get(PAGE).await.status, 200);
        }
        world.clock.advance(23);
        assert_eq!(olga.get(PAGE).await.status, 200, "one second before");
        world.clock.advance(1);
        assert_eq!(olga.get(PAGE).await.status, 303);
        assert!(world.sessions().is_empty());
    }
);

both_engines!(
    async fn sessions_that_nobody_came_back_to_are_forgotten(world) {
        world.sign_in("olga").await;
        world.clock.advance(7 * 24 * HOUR + 1);
        world.sign_in("adam").await;
        assert_eq!(world.sessions().len(), 1);
    }
);

both_engines!(
    async fn being_seen_is_written_once_a_minute_at_most(world) {
        let mut olga = world.sign_in("olga").await;
        let began = world.now().unix();
        world.clock.advance(59);
        olga.get(PAGE).await;
        assert_eq!(world.sessions()[0].seen_at, began);
        world.clock.advance(1);
        olga.get(PAGE).await;
        assert_eq!(world.sessions()[0].seen_at, began + 60);
        assert_eq!(world.sessions()[0].created_at, began);
    }
);

both_engines!(
    async fn a_lower_role_holds_from_the_next_request_on(world) {
        let mut olga = world.sign_in("olga").await;
        assert_eq!(olga.get("/settings/developers/keys/new").await.status, 200);
        let form = olga.get(PAGE).await.form("/logout");
        world.set_role("olga@northwind.example", Role::Admin);
        assert_eq!(olga.get("/settings/developers/keys/new").await.status, 403);
        let body = serde_html_form::to_string(&form.fields).unwrap();
        assert_eq!(olga.post_body("/settings/developers/keys", body).await.status, 403);
        assert_eq!(olga.get(PAGE).await.status, 200);
        world.set_role("olga@northwind.example", Role::Member);
        let refused = olga.get(PAGE).await;
        assert_eq!(refused.status, 403);
        world.set_role("olga@northwind.example", Role::Owner);
        assert_eq!(olga.get("/settings/developers/keys/new").await.status, 200);
    }
);

both_engines!(
    async fn a_removed_member_is_signed_out_at_the_next_request(world) {
        let mut adam = world.sign_in("adam").await;
        let form = adam.get(PAGE).await.form("/logout");
        world.remove_member("adam@northwind.example");
        let answer = adam.get(PAGE).await;
        assert_eq!((answer.status, answer.location()), (303, "/login?next=/settings/developers"));
        assert_eq!(adam.submit(&form).await.location(), "/login?next=/");
        assert!(world.events_of("signed_out").is_empty());
    }
);

both_engines!(
    async fn a_session_that_was_being_begun_with_an_older_password_is_worth_nothing(world) {
        // What a sign-in leaves behind that was under way when the password was set anew: a session's row.
        let mut vera = world.sign_in("vera").await;
        world.execute("UPDATE people SET password_version = password_version + 1").unwrap();
        assert_eq!(world.sessions().len(), 1);
        assert_eq!(vera.get(PAGE).await.location(), "/login?next=/settings/developers");
        assert_eq!(world.sign_in("vera").await.get(PAGE).await.status, 200);
    }
);

both_engines!(
    async fn a_lost_role_is_told_before_a_query_that_makes_no_sense(world) {
        let mut adam = world.sign_in("adam").await;
        let mut mia = world.sign_in("mia").await;
        for _ in 0..30 {
            assert_eq!(adam.get("/settings/developers/keys/xyz/edit?sort=bogus").await.status, 403);
            assert_eq!(mia.get("/settings/developers?sort=bogus").await.status, 403);
        }
        assert_eq!(world.visitor().get("/settings/developers?sort=bogus").await.status, 303);
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_only_looks_can_go_on_while_another_process_writes() {
    let world = World::begin(Engine::Sqlite).await;
    let mut vera = world.sign_in("vera").await;
    world.clock.advance(HOUR);
    let keyrack::store::DatabaseUrl::Sqlite(path) = &world.database else { unreachable!() };
    let mut other = diesel::SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    assert_eq!(vera.get(PAGE).await.status, 200);
}

both_engines!(
    async fn a_clock_that_was_ahead_makes_no_session_last_longer(world) {
        // One that is used, and one that begins, while the clock is a day ahead.
        let mut olga = world.sign_in("olga").await;
        world.clock.advance(8 * HOUR - 1);
        olga.get(PAGE).await;
        world.clock.advance(24 * HOUR - 8 * HOUR + 1);
        let mut adam = world.sign_in("adam").await;
        world.clock.advance(-24 * HOUR);
        for person in [&mut olga, &mut adam] {
            assert_eq!(person.get(PAGE).await.location(), "/login?next=/settings/developers");
        }
        assert!(world.sessions().is_empty());

        // Nobody presents it before its time comes; then it would be valid again.
        world.clock.advance(24 * HOUR);
        let mut vera = world.sign_in("vera").await;
        world.clock.advance(-24 * HOUR);
        world.sign_in("mia").await;
        world.clock.advance(24 * HOUR);
        assert_eq!(vera.get(PAGE).await.location(), "/login?next=/settings/developers");

        // The clocks of two instances differ a little.
        let mut vera = world.sign_in("vera").await;
        world.clock.advance(-59);
        assert_eq!(vera.get(PAGE).await.status, 200);
        world.sign_in("mia").await;
        assert_eq!(vera.get(PAGE).await.status, 200);
    }
);

both_engines!(
    async fn a_cleanup_that_fails_fails_no_request(world) {
        let mut olga = world.sign_in("olga").await;
        world.fail_on("DELETE", "sessions");
        world.fail_on("UPDATE", "sessions");
        world.clock.advance(60);
        assert_eq!(olga.get(PAGE).await.status, 200, "the time of this request cannot be written");
        world.clock.advance(7 * 24 * HOUR);
        for (path, status) in [("/login", 200), ("/docs/api", 200), (PAGE, 303), ("/", 303), ("/nowhere", 404)] {
            assert_eq!(olga.get(path).await.status, status, "{path} with an expired session that cannot be deleted");
        }
        let signed_in = try_to_sign_in(&mut olga, "olga@northwind.example", PASSWORD).await;
        assert_eq!(signed_in.status, 303, "old sessions cannot be forgotten: {}", signed_in.text());
        assert_eq!(olga.get(PAGE).await.status, 200);
        assert_eq!(world.sessions().len(), 2, "the expired session is still there");
        assert!(logs::text().contains("expired sessions are not deleted"), "{}", logs::text());

        // Signing out is not a cleanup: whoever is told that they are signed out, is.
        let form = olga.get(PAGE).await.form("/logout");
        assert_eq!(olga.submit(&form).await.status, 503);
        assert_eq!(olga.get(PAGE).await.status, 200);
        world.stop_failing_on("DELETE", "sessions");
        assert_eq!(olga.submit(&form).await.status, 303);
        assert_eq!(olga.get(PAGE).await.status, 303);
        world.sign_in("adam").await;
        assert_eq!(world.sessions().len(), 1, "the next cleanup catches up");
    }
);

both_engines!(
    async fn whoever_is_signed_out_is_asked_to_sign_in(world) {
        let mut nobody = world.visitor();
        for (path, next) in [
            ("/settings/developers?q=a%20b&sort=name", "/settings/developers%3Fq%3Da%2520b%26sort%3Dname"),
            ("/account/security", "/account/security"),
        ] {
            let answer = nobody.get(path).await;
            assert_eq!((answer.status, answer.location()), (303, format!("/login?next={next}").as_str()));
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        let answer = nobody.post_body("/account/security", String::new()).await;
        assert_eq!((answer.status, answer.location()), (303, "/login?next=/account/security"));
        let answer = nobody.post_body("/settings/developers/keys", String::new()).await;
        assert_eq!((answer.status, answer.location()), (303, "/login?next=/settings/developers/keys/new"));

        for (is_post, path) in [(false, "/settings/developers/keys/new"), (true, "/settings/developers/keys")] {
            let mut by_htmx = nobody.by_htmx();
            let answer = if is_post { by_htmx.post_body(path, String::new()).await } else { by_htmx.get(path).await };
            assert_eq!(answer.status, 401, "{path}");
            assert!(answer.text().contains("You are signed out"), "{}", answer.text());
            assert!(answer.attributes("a", "href").contains(&"/login".to_owned()), "{}", answer.body);
        }
    }
);

both_engines!(
    async fn sessions_that_cannot_be_read_answer_503(world) {
        let mut olga = world.sign_in("olga").await;
        world.execute("ALTER TABLE sessions RENAME TO sessions_gone").unwrap();
        let answer = olga.get(PAGE).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.texts("h1"), ["Keyrack cannot answer right now"]);
        assert_eq!(answer.header("retry-after"), "3");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.header("content-security-policy").is_empty());
        let request = answer.header("x-request-id").to_owned();
        assert!(request.starts_with("req_") && answer.body.contains(&request));
        assert!(!answer.body.contains("sessions"), "{}", answer.body);
        let logged = logs::text();
        let line = logged.lines().find(|line| line.contains(&request) && line.contains("failed")).expect("logged");
        assert!(line.contains("sessions"), "the log tells the cause: {line}");

        // Nor can one be begun.
        let mut adam = world.visitor();
        let answer = try_to_sign_in(&mut adam, "adam@northwind.example", PASSWORD).await;
        assert_eq!(answer.status, 503);
        assert!(!adam.cookies.contains_key("__Host-session"));

        world.execute("ALTER TABLE sessions_gone RENAME TO sessions").unwrap();
        assert_eq!(olga.get(PAGE).await.status, 200, "nobody was signed out by it");
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_went_away_answers_503() {
    let world = World::begin(Engine::Postgres).await;
    let mut olga = world.sign_in("olga").await;
    let keyrack::store::DatabaseUrl::Postgres(url) = &world.database else { unreachable!() };
    crate::world::postgres::forget(url);
    let answer = olga.get(PAGE).await;
    assert_eq!((answer.status, answer.texts("h1").concat()), (503, "Keyrack cannot answer right now".to_owned()));
    let answer = olga.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(olga.get("/healthz").await.status, 200);
}
