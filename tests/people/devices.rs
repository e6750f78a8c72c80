//! Browsers that somebody signed in on before: how they are recognized, what that is good for, and when it ends.

use super::cookie;
use crate::both_engines;
use crate::world::form::{Answer, Form};
use crate::world::{PASSWORD, Person, World, cast};

const WRONG: &str = "plover umbrella quartz pin";
const NEW: &str = "lantern moss quiver oboe";
const OLGA: &str = "olga@northwind.example";
const ADAM: &str = "adam@northwind.example";
const DAY: i64 = 86_400;

/// The sign-in form, filled in, for somebody who is no longer signed in.
async fn sign_in_form(person: &mut Person, email: &str, password: &str) -> Form {
    person.cookies.remove("__Host-session");
    super::sign_in_form(person, email, password).await
}

async fn try_to_sign_in(person: &mut Person, email: &str, password: &str) -> Answer {
    let form = sign_in_form(person, email, password).await;
    person.submit(&form).await
}

/// Wrong passwords from the same browser, one after the other, until one has to wait: how many were told so.
async fn guesses(person: &mut Person, email: &str) -> usize {
    let form = sign_in_form(person, email, WRONG).await;
    for guess in 0..50 {
        match person.submit(&form).await.status {
            401 => {}
            429 => return guess,
            status => panic!("{status}"),
        }
    }
    panic!("nobody waits");
}

/// Makes everybody wait who is not known, for ten seconds.
async fn attack(world: &World, email: &str) {
    for _ in 0..4 {
        world.clock.advance(10);
        assert_eq!(try_to_sign_in(&mut world.visitor(), email, WRONG).await.status, 401);
    }
    assert_eq!(try_to_sign_in(&mut world.visitor(), email, PASSWORD).await.status, 429);
}

fn count(world: &World) -> usize {
    world.texts("SELECT CAST(count(*) AS TEXT) AS value FROM devices").concat().parse().unwrap()
}

fn set_device(answer: &Answer) -> Option<String> {
    let all = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
    all.into_iter().find(|set| set.starts_with("__Host-device="))
}

both_engines!(
    async fn a_browser_is_remembered_at_sign_in_alone(world) {
        let mut olga = world.visitor();
        let answer = olga.get("/login").await;
        assert_eq!(set_device(&answer), None);
        let answer = try_to_sign_in(&mut olga, OLGA, WRONG).await;
        assert_eq!((answer.status, set_device(&answer)), (401, None));
        world.clock.advance(1);
        let answer = try_to_sign_in(&mut olga, OLGA, PASSWORD).await;
        let set = set_device(&answer).expect("a device cookie");
        let mut attributes: Vec<&str> = set.split("; ").skip(1).collect();
        attributes.sort_unstable();
        assert_eq!(attributes, ["HttpOnly", "Max-Age=15552000", "Path=/", "SameSite=Lax", "Secure"]);

        // Only the digest of the id is stored.
        let value = cookie(&olga, "device");
        let id = value.split_once('.').unwrap().1;
        use sha2::Digest;
        let hex = if world.engine == crate::world::Engine::Sqlite { "lower(hex(digest))" } else { "encode(digest, 'hex')" };
        let digest = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(id));
        assert_eq!(world.texts(&format!("SELECT {hex} AS value FROM devices")), [digest]);
        crate::world::logs::remember(id);
    }
);

both_engines!(
    async fn a_device_cookie_signs_nobody_in(world) {
        let mut olga = world.sign_in("olga").await;
        olga.cookies.remove("__Host-session");
        assert_eq!(olga.get("/settings/developers").await.status, 303);
        let device = cookie(&olga, "device");
        olga.cookies.insert("__Host-session".into(), device);
        assert_eq!(olga.get("/settings/developers").await.status, 303);
    }
);

both_engines!(
    async fn a_known_browser_has_ten_failures_and_then_counts_as_unknown(world) {
        let mut olga = world.sign_in("olga").await;
        // Ten of the browser's own, and one of the account's, after which everybody waits.
        assert_eq!(guesses(&mut olga, OLGA).await, 11);
        assert!(world.failures().contains(&(format!("email:{OLGA}"), 1)), "{:?}", world.failures());
        world.clock.advance(1);
        assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 303, "as a new browser");
        attack(&world, OLGA).await;
        assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 303, "known again");
    }
);

both_engines!(
    async fn ten_guesses_at_once_from_a_known_browser_are_ten(world) {
        let mut olga = world.sign_in("olga").await;
        let form = sign_in_form(&mut olga, OLGA, WRONG).await;
        let tries = (0..30).map(|_| {
            let (mut olga, form) = (olga.clone(), form.clone());
            tokio::spawn(async move { olga.submit(&form).await.status })
        });
        let mut told = 0;
        for one in tries.collect::<Vec<_>>() {
            told += usize::from(one.await.unwrap() == 401);
        }
        assert_eq!(told, 11, "ten of the browser, one of the account");
    }
);

both_engines!(
    async fn a_stolen_cookie_gives_ten_guesses_whatever_its_owner_does(world) {
        let mut olga = world.sign_in("olga").await;
        let mut thief = world.visitor();
        thief.cookies.insert("__Host-device".into(), cookie(&olga, "device"));
        let form = sign_in_form(&mut thief, OLGA, WRONG).await;
        for _ in 0..6 {
            assert_eq!(thief.submit(&form).await.status, 401);
        }
        let before = cookie(&olga, "device");
        assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 303);
        assert_ne!(cookie(&olga, "device"), before, "another id");
        attack(&world, OLGA).await;
        assert_eq!(guesses(&mut thief, OLGA).await, 4);
        assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 303);
    }
);

both_engines!(
    async fn a_browser_that_never_failed_keeps_its_id(world) {
        let mut olga = world.sign_in("olga").await;
        let before = cookie(&olga, "device");
        let mut twice = olga.clone();
        let answer = try_to_sign_in(&mut olga, OLGA, PASSWORD).await;
        assert!(set_device(&answer).is_some(), "for another 180 days");
        assert_eq!(cookie(&olga, "device"), before);
        assert_eq!(try_to_sign_in(&mut twice, OLGA, PASSWORD).await.status, 303);
        assert_eq!((cookie(&twice, "device"), count(&world)), (before, 1));
    }
);

both_engines!(
    async fn a_browser_is_known_for_the_accounts_that_signed_in_on_it(world) {
        let mut browser = world.sign_in("olga").await;
        attack(&world, ADAM).await;
        assert_eq!(try_to_sign_in(&mut browser, ADAM, PASSWORD).await.status, 429, "not known for Adam");
        assert_eq!(guesses(&mut browser, ADAM).await, 0);
        world.clock.advance(10);
        assert_eq!(try_to_sign_in(&mut browser, ADAM, PASSWORD).await.status, 303);
        for email in [OLGA, ADAM] {
            attack(&world, email).await;
            assert_eq!(try_to_sign_in(&mut browser, email, PASSWORD).await.status, 303, "{email}");
        }
        assert_eq!(count(&world), 2);
    }
);

both_engines!(
    async fn a_browser_forgets_who_signed_in_on_it_longest_ago(world) {
        let mut browser = world.sign_in("olga").await;
        for _ in 0..3 {
            for who in ["adam", "vera", "mia"] {
                let answer = try_to_sign_in(&mut browser, &cast::email(who), PASSWORD).await;
                assert_eq!(answer.status, 303);
                assert!(set_device(&answer).unwrap().len() < 500);
            }
        }
        assert_eq!(count(&world), 4);
        attack(&world, OLGA).await;
        assert_eq!(try_to_sign_in(&mut browser, OLGA, PASSWORD).await.status, 303);
    }
);

both_engines!(
    async fn a_cookie_that_is_not_ours_is_of_no_use(world) {
        let mut olga = world.sign_in("olga").await;
        let value = cookie(&olga, "device");
        let (signature, id) = value.split_once('.').unwrap();
        attack(&world, OLGA).await;
        for forged in [id.to_owned(), format!("{signature}x.{id}"), format!("{signature}.{id}.{id}"), "x".repeat(4_000), "%00".into()] {
            olga.cookies.insert("__Host-device".into(), forged.clone());
            assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 429, "{forged}");
        }
        olga.cookies.insert("__Host-device".into(), value);
        assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 303);
    }
);

both_engines!(
    async fn a_new_password_makes_every_browser_unknown_but_the_one_it_was_set_on(world) {
        crate::world::logs::remember(NEW);
        let mut here = world.sign_in("olga").await;
        let mut there = world.sign_in("olga").await;
        let stolen = cookie(&here, "device");
        let form = here.get("/account/security").await.form("/account/security");
        let form = form.with("current_password", PASSWORD).with("new_password", NEW);
        assert_eq!(here.submit(&form).await.status, 200);
        assert_eq!(count(&world), 1);
        attack(&world, OLGA).await;
        assert_eq!(try_to_sign_in(&mut there, OLGA, NEW).await.status, 429);
        let mut thief = world.visitor();
        thief.cookies.insert("__Host-device".into(), stolen);
        assert_eq!(try_to_sign_in(&mut thief, OLGA, NEW).await.status, 429);
        assert_eq!(try_to_sign_in(&mut here, OLGA, NEW).await.status, 303);
    }
);

both_engines!(
    async fn a_browser_is_forgotten_after_180_days(world) {
        let mut olga = world.sign_in("olga").await;
        world.clock.advance(180 * DAY - 100);
        attack(&world, OLGA).await;
        let mut in_time = olga.clone();
        assert_eq!(try_to_sign_in(&mut in_time, OLGA, PASSWORD).await.status, 303);
        world.clock.advance(180 * DAY);
        attack(&world, OLGA).await;
        assert_eq!(try_to_sign_in(&mut olga, OLGA, PASSWORD).await.status, 429);
        world.sign_in("adam").await;
        assert_eq!(count(&world), 1, "and its row is gone");
    }
);

both_engines!(
    async fn so_many_browsers_of_one_person_are_known(world) {
        let mut first = world.sign_in("olga").await;
        let mut second = world.sign_in("olga").await;
        world.clock.advance(1);
        let (olga, now) = (world.person_with(OLGA), world.now().unix());
        let (begin, end) = if world.engine == crate::world::Engine::Sqlite { ("X'", "'") } else { ("decode('", "', 'hex')") };
        let rows: Vec<String> = (0..48).map(|n| format!("({begin}{n:064x}{end}, '{olga}', 0, 0, {now})")).collect();
        let columns = "digest, person_id, password_version, failures, seen_at";
        world.execute(&format!("INSERT INTO devices ({columns}) VALUES {}", rows.join(", "))).unwrap();
        world.sign_in("olga").await;
        world.sign_in("adam").await;
        assert_eq!(count(&world), 51, "fifty of Olga's");
        attack(&world, OLGA).await;
        let known = [try_to_sign_in(&mut first, OLGA, PASSWORD).await.status, try_to_sign_in(&mut second, OLGA, PASSWORD).await.status];
        assert!(known == [303, 429] || known == [429, 303], "{known:?}");
    }
);

both_engines!(
    async fn who_cannot_be_remembered_signs_in_all_the_same(world) {
        world.execute("ALTER TABLE devices RENAME TO devices_gone").unwrap();
        let mut olga = world.visitor();
        let answer = try_to_sign_in(&mut olga, OLGA, PASSWORD).await;
        assert_eq!((answer.status, set_device(&answer)), (303, None));
        assert_eq!(olga.get("/settings/developers").await.status, 200);
    }
);

both_engines!(
    async fn a_browser_is_remembered_though_old_ones_cannot_be_forgotten(world) {
        world.sign_in("adam").await;
        world.clock.advance(180 * DAY);
        world.fail_on("DELETE", "devices");
        let answer = try_to_sign_in(&mut world.visitor(), OLGA, PASSWORD).await;
        assert_eq!((answer.status, set_device(&answer).is_some(), count(&world)), (303, true, 2));
        world.stop_failing_on("DELETE", "devices");
        world.sign_in("olga").await;
        assert_eq!(count(&world), 2, "the next cleanup catches up");
    }
);

both_engines!(
    async fn a_known_browser_gets_the_same_bytes_for_a_wrong_password(world) {
        let mut known = world.sign_in("olga").await;
        known.cookies.remove("__Host-session");
        let mut answers = Vec::new();
        for (person, email) in [(&mut known.clone(), OLGA), (&mut known, "nobody@northwind.example"), (&mut world.visitor(), ADAM)] {
            let answer = try_to_sign_in(person, email, WRONG).await;
            let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            headers.sort();
            answers.push((answer.status, headers, answer.masked().replace(email, "EMAIL")));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0], answers[2]);
    }
);
