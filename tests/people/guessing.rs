//! Guessing passwords: what it costs us, what it leaves in the audit log, and that it keeps nobody from signing in.

use std::io::Write;
use std::net::TcpStream;

use super::{cookie, sign_in_form, slow_hash, try_to_sign_in};
use crate::both_engines;
use crate::metrics::{figure, figures};
use crate::world::form::Form;
use crate::world::{Engine, PASSWORD, Person, World, cast};

const WRONG: &str = "plover umbrella quartz pin";
const OLGA: &str = "olga@northwind.example";

/// A world whose clients come through a proxy, so that each can have an IP address of its own.
async fn behind_a_proxy(engine: Engine) -> World {
    let world = World::with(engine, |settings| {
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        settings.metrics_bind = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    cast::enter(&world.store, world.clock.now());
    world
}

/// A browser at that IP address.
fn browser_at(world: &World, address: &str) -> Person {
    let mut person = world.visitor();
    person.headers.push(("X-Forwarded-For", address.to_owned()));
    person
}

async fn hashes(world: &World) -> f64 {
    figure(&figures(world).await, "keyrack_password_hashes_total")
}

/// Forgets the session, as closing a browser does that keeps other cookies.
fn close(person: &mut Person) {
    person.cookies.remove("__Host-session");
}

/// Somebody who guesses again and again, with one form.
struct Attacker {
    person: Person,
    form: Form,
}

impl Attacker {
    async fn at(world: &World, address: &str, email: &str) -> Attacker {
        let mut person = browser_at(world, address);
        let form = sign_in_form(&mut person, email, WRONG).await;
        Attacker { person, form }
    }

    async fn guess(&mut self) -> u16 {
        self.person.submit(&self.form).await.status
    }
}

/// An attack on Olga's account from two IP addresses: 38 requests a minute, for so many seconds. In each minute
/// `meanwhile` runs once.
async fn attack(world: &World, seconds: i64, mut meanwhile: impl AsyncFnMut()) {
    let mut attackers =
        [Attacker::at(world, "198.51.100.1", OLGA).await, Attacker::at(world, "203.0.113.1", OLGA).await];
    let (mut sent, mut minutes) = (0_i64, 0);
    for second in 0..seconds {
        while sent * 60 <= second * 38 {
            attackers[usize::from(sent % 2 == 1)].guess().await;
            sent += 1;
        }
        if second == minutes * 60 + 31 {
            meanwhile().await;
            minutes += 1;
        }
        world.clock.advance(1);
    }
    assert_eq!(minutes, seconds / 60);
}

both_engines!(behind_a_proxy => async fn a_browser_that_signed_in_before_is_not_delayed_by_an_attack(world) {
    let mut olga = browser_at(&world, "192.0.2.10");
    assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 303);
    let mut statuses = Vec::new();
    attack(&world, 600, async || {
        close(&mut olga);
        statuses.push(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status);
    })
    .await;
    assert_eq!(statuses, [303; 10]);
    assert!(world.failures().iter().all(|(_, count)| *count <= 70), "the attack was slowed down: {:?}", world.failures());
});

both_engines!(behind_a_proxy => async fn a_new_browser_waits_ten_seconds_at_most_after_an_attack(world) {
    attack(&world, 120, async || {}).await;
    let mut olga = browser_at(&world, "192.0.2.10");
    let refused = try_to_sign_in(&mut olga, OLGA, PASSWORD).await;
    if refused.status == 429 {
        let wait_s: i64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=10).contains(&wait_s), "{wait_s}");
        world.clock.advance(wait_s);
        assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 303);
    }
});

both_engines!(behind_a_proxy => async fn ten_thousand_guesses_cost_a_hundred_hashes_at_most(world) {
    let mut crowd = Vec::new();
    for n in 0..50 {
        // Many IP addresses, some of which send several guesses at once.
        crowd.push(Attacker::at(&world, &format!("198.51.100.{}", n / 2), OLGA).await);
    }
    // Postgres takes longer: fewer guesses in the same time.
    let (wanted, step_s) = if world.engine == Engine::Sqlite { (10_000, 4) } else { (2_000, 20) };
    let (mut guesses, mut told) = (0, 0.0);
    while guesses < wanted {
        let round = crowd.into_iter().map(|mut attacker| tokio::spawn(async move { (attacker.guess().await, attacker) }));
        let mut back = Vec::new();
        for one in round.collect::<Vec<_>>() {
            let (status, attacker) = one.await.unwrap();
            assert!(matches!(status, 401 | 429), "{status}");
            told += f64::from(u8::from(status == 401));
            guesses += 1;
            back.push(attacker);
        }
        crowd = back;
        world.clock.advance(step_s);
    }
    let hashes = hashes(&world).await;
    assert!((30.0..=100.0).contains(&hashes), "{hashes} hashes");
    assert_eq!(hashes, told, "whoever costs a hash is told that it was wrong");
});

both_engines!(behind_a_proxy => async fn a_burst_of_guesses_costs_one_hash(world) {
    let mut crowd = Vec::new();
    for n in 0..40 {
        crowd.push(Attacker::at(&world, &format!("198.51.100.{n}"), OLGA).await);
    }
    let burst = crowd.into_iter().map(|mut attacker| tokio::spawn(async move { attacker.guess().await }));
    let mut statuses = Vec::new();
    for one in burst.collect::<Vec<_>>() {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [&[401][..], &[429; 39]].concat());
    assert_eq!(hashes(&world).await, 1.0);
});

both_engines!(behind_a_proxy => async fn who_hangs_up_before_the_answer_is_counted_all_the_same(world) {
    world.set_password_hash(OLGA, &slow_hash());
    let mut person = browser_at(&world, "198.51.100.1");
    let form = sign_in_form(&mut person, OLGA, WRONG).await;
    let body = serde_html_form::to_string(&form.fields).unwrap();
    let host = world.url.trim_start_matches("http://");
    let mut wire = TcpStream::connect(host).unwrap();
    let cookie = cookie(&person, "form");
    write!(
        wire,
        "POST /login HTTP/1.1\r\nHost: {host}\r\nOrigin: {}\r\nCookie: __Host-form={cookie}\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n{body}",
        world.url,
        body.len()
    )
    .unwrap();
    while hashes(&world).await < 1.0 {}
    drop(wire);
    // Comes next, and finds the failure.
    let mut olga = browser_at(&world, "192.0.2.10");
    assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 429);
    assert_eq!(world.failures(), [("address:198.51.100.1".into(), 1), (format!("email:{OLGA}"), 1)]);
});

both_engines!(behind_a_proxy => async fn an_attack_on_the_account_keeps_nobody_from_changing_the_password(world) {
    let mut olga = browser_at(&world, "192.0.2.10");
    assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 303);
    let mut attacker = Attacker::at(&world, "198.51.100.1", OLGA).await;
    assert_eq!(attacker.guess().await, 401);
    let form = olga.get("/account/security").await.form("/account/security");
    let form = form.with("current_password", PASSWORD).with("new_password", "lantern moss quiver oboe");
    assert_eq!(olga.submit(&form).await.status, 200);
});

/// What the audit log says of failed sign-ins: when (in seconds since `since`), from where, how many.
fn reported(world: &World, since: i64) -> Vec<(i64, String, String)> {
    let olga = world.person_with(OLGA);
    let rows = world.events_of("sign_in_failed");
    rows.into_iter()
        .map(|row| {
            assert_eq!((row.subject.as_str(), row.result.as_str(), row.person), (olga.as_str(), "failed", None));
            assert!(row.team.is_some(), "its owners can see it");
            (row.at - since, row.address.unwrap(), row.detail)
        })
        .collect()
}

both_engines!(behind_a_proxy => async fn failed_sign_ins_are_in_the_audit_log_once_a_minute(world) {
    let began = world.now().unix();
    let mut one = Attacker::at(&world, "198.51.100.1", OLGA).await;
    let mut other = Attacker::at(&world, "2001:db8::7", OLGA).await;
    for second in 0..75 {
        // Failures at 0, 1, 4, 9, 19, 29, 39, 49, 59, 69; the fifth from elsewhere.
        let status = if (9..19).contains(&second) { other.guess().await } else { one.guess().await };
        assert!(matches!(status, 401 | 429));
        world.clock.advance(1);
    }
    let row = |at: i64, address: &str, count: &str| (at, address.to_owned(), count.to_owned());
    let so_far = [row(0, "198.51.100.1", "1"), row(9, "2001:db8::7", "1"), row(69, "198.51.100.1", "8")];
    assert_eq!(reported(&world, began), so_far);

    // Two more, less than a minute after the last row: whoever signs in next reports them.
    for _ in 0..2 {
        world.clock.advance(10);
        assert_eq!(one.guess().await, 401);
    }
    assert_eq!(reported(&world, began), so_far);
    world.clock.advance(60);
    world.sign_in("adam").await;
    let last = row(world.now().unix() - began, "198.51.100.1", "2");
    assert_eq!(reported(&world, began), [&so_far[..], &[last]].concat());
    world.clock.advance(60);
    world.sign_in("adam").await;
    assert_eq!(reported(&world, began).len(), 4, "once");
});

both_engines!(behind_a_proxy => async fn what_was_typed_in_place_of_an_email_address_is_not_in_the_audit_log(world) {
    crate::world::logs::remember(PASSWORD);
    for n in 0..3 {
        let mut mia = browser_at(&world, &format!("192.0.2.{n}"));
        assert_eq!(try_to_sign_in(&mut mia, PASSWORD, PASSWORD).await.status, 401);
        world.clock.advance(60);
    }
    assert!(world.events().is_empty(), "{:?}", world.events());
    let told = figures(&world).await;
    assert_eq!(figure(&told, "keyrack_failed_sign_ins_total{account=\"unknown\"}"), 3.0);
    let logged = crate::world::logs::text();
    assert!(logged.contains("failed to sign in with an unknown e-mail address"), "the log has it");
});

both_engines!(behind_a_proxy => async fn what_waits_for_the_audit_log_is_not_kept_for_long(world) {
    let kept = || world.texts("SELECT CAST(count(*) AS TEXT) AS value FROM failed_sign_ins").concat();
    for n in 0..3 {
        let email = format!("nobody{n}@northwind.example");
        assert_eq!(try_to_sign_in(&mut browser_at(&world, "198.51.100.1"), &email, WRONG).await.status, 401);
    }
    assert_eq!(kept(), "3");
    world.clock.advance(60);
    assert_eq!(try_to_sign_in(&mut browser_at(&world, "198.51.100.1"), OLGA, WRONG).await.status, 401);
    assert_eq!(kept(), "1");
});

both_engines!(behind_a_proxy => async fn a_cleanup_that_fails_fails_no_attempt(world) {
    let kept = || world.texts("SELECT CAST(count(*) AS TEXT) AS value FROM failed_sign_ins").concat();
    let mut nobody = browser_at(&world, "198.51.100.1");
    assert_eq!(try_to_sign_in(&mut nobody, "nobody@northwind.example", WRONG).await.status, 401);
    world.clock.advance(86_401);
    for table in ["sign_in_failures", "failed_sign_ins"] {
        world.fail_on("DELETE", table);
    }
    let mut olga = browser_at(&world, "192.0.2.10");
    assert_eq!(try_to_sign_in(&mut olga, OLGA, WRONG).await.status, 401);
    assert_eq!((world.failures().len(), kept().as_str()), (4, "2"), "what is over is still there");
    let logged = crate::world::logs::text();
    assert!(logged.contains("old failed sign-ins are not deleted"), "{logged}");

    for table in ["sign_in_failures", "failed_sign_ins"] {
        world.stop_failing_on("DELETE", table);
    }
    world.clock.advance(1);
    assert_eq!(try_to_sign_in(&mut olga, OLGA, WRONG).await.status, 401);
    assert_eq!((world.failures().len(), kept().as_str()), (2, "1"), "the next cleanup catches up");
});

both_engines!(behind_a_proxy => async fn guesses_are_slowed_down_though_failures_cannot_be_stored(world) {
    let (mut known, mut changer) = (browser_at(&world, "192.0.2.10"), browser_at(&world, "192.0.2.11"));
    for browser in [&mut known, &mut changer] {
        assert_eq!(try_to_sign_in(browser, OLGA, PASSWORD).await.status, 303);
    }
    close(&mut known);
    for change in ["INSERT", "UPDATE"] {
        world.fail_on(change, "sign_in_failures");
        world.fail_on(change, "failed_sign_ins");
    }
    let before = hashes(&world).await;
    let change = changer.get("/account/security").await.form("/account/security");
    let change = change.with("current_password", WRONG).with("new_password", "lantern moss quiver oboe");
    let known_form = sign_in_form(&mut known, OLGA, WRONG).await;
    let mut attacker = Attacker::at(&world, "198.51.100.1", OLGA).await;
    for expected in [503, 429, 429] {
        assert_eq!(attacker.guess().await, expected);
        assert_eq!(known.submit(&known_form).await.status, expected, "a stolen device cookie gives no more");
        assert_eq!(changer.submit(&change).await.status, expected, "nor does a stolen session");
    }
    assert_eq!(hashes(&world).await - before, 3.0);
    assert_eq!(try_to_sign_in(&mut browser_at(&world, "192.0.2.12"), OLGA, PASSWORD).await.status, 429);
    world.clock.advance(10);
    assert_eq!(try_to_sign_in(&mut browser_at(&world, "192.0.2.12"), OLGA, PASSWORD).await.status, 303);
    assert_eq!(try_to_sign_in(&mut known, OLGA, PASSWORD).await.status, 303);
});

both_engines!(behind_a_proxy => async fn failures_are_kept_as_long_as_they_count(world) {
    let mut stranger = browser_at(&world, "198.51.100.1");
    assert_eq!(try_to_sign_in(&mut stranger, "nobody@northwind.example", WRONG).await.status, 401);
    world.clock.advance(901);
    assert_eq!(try_to_sign_in(&mut browser_at(&world, "192.0.2.10"), OLGA, WRONG).await.status, 401);
    assert_eq!(world.failures(), [("address:192.0.2.10".into(), 1), (format!("email:{OLGA}"), 1)]);
});

both_engines!(behind_a_proxy => async fn a_crowd_of_strangers_does_not_keep_a_known_browser_out(world) {
    let mut olga = browser_at(&world, "192.0.2.10");
    assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 303);
    close(&mut olga);
    let form = sign_in_form(&mut olga, OLGA, PASSWORD).await;
    // Each with an account and a network of its own: nobody has to wait, so all of them want a hash.
    let mut crowd = Vec::new();
    for n in 0..200 {
        crowd.push(Attacker::at(&world, &format!("2001:db8:0:{n:x}::1"), &format!("n{n}@northwind.example")).await);
    }
    let crowd = crowd.into_iter().map(|mut attacker| tokio::spawn(async move { attacker.guess().await }));
    let crowd: Vec<_> = crowd.collect();
    while hashes(&world).await < 5.0 {}
    assert_eq!(olga.submit(&form).await.status, 303);
    for one in crowd {
        assert!(matches!(one.await.unwrap(), 401 | 429));
    }
});

both_engines!(behind_a_proxy => async fn a_clock_that_was_ahead_makes_nobody_wait_for_long(world) {
    const DAY: i64 = 86_400;
    for (ahead, failures) in [(DAY, 5), (DAY, 25), (7, 5)] {
        world.clock.advance(ahead);
        for n in 0..failures {
            let email = if n < 5 { OLGA.to_owned() } else { format!("n{n}@northwind.example") };
            let answer = try_to_sign_in(&mut browser_at(&world, "192.0.2.10"), &email, WRONG).await;
            assert!(matches!(answer.status, 401 | 429), "{}", answer.status);
            if n < 4 {
                world.clock.advance(10);
            }
        }
        world.clock.advance(-ahead - 10 * 4.min(failures));
        let mut olga = browser_at(&world, "192.0.2.10");
        let answer = try_to_sign_in(&mut olga, OLGA, PASSWORD).await;
        if answer.status == 429 {
            let wait_s: i64 = answer.header("retry-after").parse().unwrap();
            assert!(wait_s <= 10, "{wait_s}");
            world.clock.advance(wait_s);
            assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 303);
        } else {
            assert_eq!(answer.status, 303, "{ahead} {failures}");
        }
        world.clock.advance(600);
    }
});
