//! Signing in.

use std::time::{Duration, Instant};

use super::{sign_in_form, slow_hash, try_to_sign_in};
use crate::both_engines;
use crate::world::{PASSWORD, Person, cast};

const WRONG: &str = "plover umbrella quartz pin";

/// An answer without what differs from one to the next: the address that was typed, the form's token.
fn masked(answer: &crate::world::form::Answer, email: &str) -> String {
    answer.masked().replace(email, "EMAIL")
}

both_engines!(
    async fn a_right_password_signs_in_and_leads_on(world) {
        let mut olga = world.visitor();
        let form = olga.get("/login?next=/settings/developers%3Fstatus%3Dactive").await.form("/login");
        let form = form.with("email", "Olga@Northwind.Example").with("password", PASSWORD);
        let answer = olga.submit(&form).await;
        assert_eq!((answer.status, answer.location()), (303, "/settings/developers?status=active"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(olga.get("/settings/developers").await.status, 200);

        let person = world.person_with("olga@northwind.example");
        let sessions = world.sessions();
        assert_eq!(sessions.len(), 1);
        assert_eq!(sessions[0].person, person);
        let rows = world.events_of("signed_in");
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].person.as_deref(), Some(person.as_str()));
        assert_eq!((rows[0].subject.as_str(), rows[0].result.as_str()), (person.as_str(), "done"));
        assert_eq!(rows[0].address.as_deref(), Some("127.0.0.1"));
        assert_eq!(rows[0].at, world.now().unix());
        assert!(rows[0].team.is_some());
        assert_eq!(world.failures(), []);
    }
);

both_engines!(
    async fn an_email_address_is_known_however_it_was_composed(world) {
        let (composed, decomposed) = ("jos\u{e9}@northwind.example", "Jose\u{301}@northwind.example");
        let rename = format!("UPDATE people SET email = '{composed}', email_folded = '{composed}' WHERE email_folded = 'olga@northwind.example'");
        world.execute(&rename).unwrap();
        for email in [composed, decomposed] {
            assert_eq!(try_to_sign_in(&mut world.visitor(), email, PASSWORD).await.status, 303, "{email:?}");
        }
        for (email, status) in [(composed, 401), (decomposed, 429)] {
            assert_eq!(try_to_sign_in(&mut world.visitor(), email, WRONG).await.status, status, "{email:?}");
        }
        assert!(world.failures().contains(&(format!("email:{composed}"), 1)), "{:?}", world.failures());
    }
);

both_engines!(
    async fn a_password_is_known_however_it_was_composed(world) {
        use argon2::{Argon2, PasswordHasher};
        let email = "olga@northwind.example";
        let (composed, decomposed) = ("caf\u{e9} plover umbrella tin", "cafe\u{301} plover umbrella tin");
        crate::world::logs::remember(composed);
        crate::world::logs::remember(decomposed);
        // As this version keeps it, and as an older one kept what was typed.
        for (kept, typed, status) in [
            (composed, composed, 303),
            (composed, decomposed, 303),
            (decomposed, composed, 401),
            (decomposed, decomposed, 303),
            (decomposed, WRONG, 401),
        ] {
            let hash = Argon2::default().hash_password_with_salt(kept.as_bytes(), &[3; 16]).unwrap().to_string();
            world.set_password_hash(email, &hash);
            assert_eq!(try_to_sign_in(&mut world.visitor(), email, typed).await.status, status, "{kept:?} {typed:?}");
            world.clock.advance(10);
            if (kept, typed) == (decomposed, decomposed) {
                // From now on it is known in both forms.
                assert_eq!(try_to_sign_in(&mut world.visitor(), email, composed).await.status, 303);
                assert_ne!(world.password_hash(email), hash);
            } else {
                assert_eq!(world.password_hash(email), hash);
            }
        }
    }
);

both_engines!(
    async fn who_is_signed_in_already_is_led_on(world) {
        let mut olga = world.sign_in("olga").await;
        let answer = olga.get("/login?next=/account/security").await;
        assert_eq!((answer.status, answer.location()), (303, "/account/security"));
        let answer = olga.get("/").await;
        assert_eq!((answer.status, answer.location()), (303, "/settings/developers"));
    }
);

both_engines!(
    async fn the_start_page_leads_to_sign_in_once_there_is_an_owner(world) {
        let answer = world.visitor().get("/").await;
        assert_eq!((answer.status, answer.location()), (303, "/login"));
    }
);

both_engines!(
    async fn asking_for_the_form_writes_no_row(world) {
        for _ in 0..3 {
            assert_eq!(world.visitor().get("/login").await.status, 200);
        }
        assert!(world.sessions().is_empty() && world.events().is_empty() && world.failures().is_empty());
    }
);

both_engines!(
    async fn sign_in_leads_to_no_other_site(world) {
        let foreign = ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "settings"];
        for next in foreign {
            let mut olga = world.visitor();
            let query = serde_html_form::to_string([("next", next)]).unwrap();
            let form = olga.get(&format!("/login?{query}")).await.form("/login");
            assert_eq!(form.value("next"), "/", "{next}");
            let form = form.with("next", next).with("email", &cast::email("olga")).with("password", PASSWORD);
            let answer = olga.submit(&form).await;
            assert_eq!((answer.status, answer.location()), (303, "/"), "{next}");
        }
    }
);

both_engines!(
    async fn a_wrong_password_gets_the_form_again(world) {
        let mut olga = world.visitor();
        let form = sign_in_form(&mut olga, "olga@northwind.example", WRONG).await;
        let answer = olga.submit(&form.with("next", "/account/security")).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.texts("[role=alert]"), ["E-mail or password is wrong."]);
        let form = answer.form("/login");
        assert_eq!(form.value("email"), "olga@northwind.example");
        assert_eq!(form.value("next"), "/account/security");
        assert_eq!(form.value("password"), "");
        assert!(!answer.body.contains(WRONG));
        assert_eq!(answer.header("cache-control"), "no-store");

        assert!(world.sessions().is_empty() && world.events_of("signed_in").is_empty());
        assert_eq!(world.events_of("sign_in_failed").len(), 1);
        assert!(!olga.cookies.contains_key("__Host-device"));
        let counted = world.failures();
        assert_eq!(counted, [("address:127.0.0.1".into(), 1), ("email:olga@northwind.example".into(), 1)]);
    }
);

both_engines!(
    async fn an_unknown_address_gets_the_same_bytes_as_a_wrong_password(world) {
        let mut answers = Vec::new();
        for email in ["olga@northwind.example", "nobody@northwind.example", "no address", ""] {
            let answer = try_to_sign_in(&mut world.visitor(), email, WRONG).await;
            let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            headers.sort();
            let body = if email.is_empty() { String::new() } else { masked(&answer, email) };
            answers.push((answer.status, headers, body));
        }
        assert_eq!(answers[0].0, 401);
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0], answers[2]);
        assert_eq!(answers[0].0, answers[3].0);
    }
);

both_engines!(
    async fn an_unknown_address_costs_a_hash_as_a_known_one_does(world) {
        // The quickest of some tries, turn by turn: what else runs on this machine only makes them slower.
        let mut quickest = [Duration::MAX; 2];
        for _ in 0..12 {
            for (email, quickest) in ["olga@northwind.example", "nobody@northwind.example"].iter().zip(&mut quickest) {
                world.clock.advance(1_000);
                let mut person = world.visitor();
                let form = sign_in_form(&mut person, email, WRONG).await;
                let started = Instant::now();
                assert_eq!(person.submit(&form).await.status, 401);
                *quickest = started.elapsed().min(*quickest);
            }
        }
        let [known, unknown] = quickest;
        // Without its hash a try takes a tenth of the time and less; a busy machine never makes five of one.
        assert!(unknown * 5 > known && known * 5 > unknown, "{known:?} and {unknown:?}");
    }
);

both_engines!(
    async fn each_failure_makes_an_account_wait_longer_known_or_not(world) {
        for email in ["olga@northwind.example", "nobody@northwind.example"] {
            for wait in [1, 3, 5, 10, 10] {
                assert_eq!(try_to_sign_in(&mut world.visitor(), email, WRONG).await.status, 401, "{email} {wait}");
                for (ahead, password) in [(0, WRONG), (wait - 1, PASSWORD)] {
                    world.clock.advance(ahead);
                    let refused = try_to_sign_in(&mut world.visitor(), email, password).await;
                    assert_eq!(refused.status, 429, "{email} {wait} {ahead}");
                    assert_eq!(refused.header("retry-after"), (wait - ahead).to_string());
                    assert!(refused.text().contains("Wait "), "{}", refused.text());
                    assert_eq!(refused.form("/login").value("email"), email, "the form stays, with what was typed");
                }
                world.clock.advance(1);
            }
            let counted = world.failures();
            assert!(counted.contains(&(format!("email:{email}"), 5)), "refused tries are not counted: {counted:?}");
        }
    }
);

both_engines!(
    async fn a_good_sign_in_makes_up_for_the_failures_before(world) {
        let email = "olga@northwind.example";
        for wait in [1, 3] {
            assert_eq!(try_to_sign_in(&mut world.visitor(), email, WRONG).await.status, 401);
            world.clock.advance(wait);
        }
        assert_eq!(try_to_sign_in(&mut world.visitor(), email, PASSWORD).await.status, 303);
        assert!(world.failures().iter().all(|(subject, _)| subject != "email:olga@northwind.example"));
        assert_eq!(try_to_sign_in(&mut world.visitor(), email, WRONG).await.status, 401);
        let refused = try_to_sign_in(&mut world.visitor(), email, WRONG).await;
        assert_eq!(refused.header("retry-after"), "1", "counting began anew");
    }
);

both_engines!(
    async fn a_try_that_has_to_wait_costs_no_hash(world) {
        let email = "olga@northwind.example";
        world.set_password_hash(email, &slow_hash());
        let mut olga = world.visitor();
        let form = sign_in_form(&mut olga, email, WRONG).await;
        let started = Instant::now();
        assert_eq!(olga.submit(&form).await.status, 401);
        let one_hash = started.elapsed();
        for _ in 0..4 {
            let started = Instant::now();
            assert_eq!(olga.submit(&form).await.status, 429);
            assert!(started.elapsed() < one_hash / 4, "{:?} against {one_hash:?}", started.elapsed());
        }
    }
);

both_engines!(
    async fn twenty_failures_of_an_address_make_it_wait_right_or_wrong(world) {
        for n in 0..20 {
            let answer = try_to_sign_in(&mut world.visitor(), &format!("n{n}@northwind.example"), WRONG).await;
            assert_eq!(answer.status, 401, "try {n}");
            world.clock.advance(1);
        }
        world.set_password_hash("vera@northwind.example", &slow_hash());
        for (email, password) in [("olga@northwind.example", PASSWORD), ("vera@northwind.example", WRONG)] {
            let started = Instant::now();
            let refused = try_to_sign_in(&mut world.visitor(), email, password).await;
            assert_eq!((refused.status, refused.header("retry-after")), (429, "280"), "{email}");
            assert!(refused.text().contains("Wait 5 minutes"), "{}", refused.text());
            assert!(started.elapsed() < Duration::from_millis(700), "no hash was spent: {:?}", started.elapsed());
        }
        assert!(world.sessions().is_empty());
        world.clock.advance(280);
        assert_eq!(try_to_sign_in(&mut world.visitor(), "olga@northwind.example", PASSWORD).await.status, 303);
    }
);

/// Sends the same try many times at once; the statuses, sorted.
async fn at_once(world: &crate::world::World, times: usize, email: &str, password: &str) -> Vec<u16> {
    let mut people: Vec<(Person, crate::world::form::Form)> = Vec::new();
    for _ in 0..times {
        let mut person = world.visitor();
        let form = sign_in_form(&mut person, email, password).await;
        people.push((person, form));
    }
    let tries =
        people.into_iter().map(|(mut person, form)| tokio::spawn(async move { person.submit(&form).await.status }));
    let mut statuses = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    statuses
}

both_engines!(
    async fn of_many_wrong_tries_at_once_one_is_told_so(world) {
        let statuses = at_once(&world, 12, "olga@northwind.example", WRONG).await;
        assert_eq!(statuses, [&[401][..], &[429; 11]].concat());
        assert!(world.failures().contains(&("email:olga@northwind.example".into(), 1)));
    }
);

/// The hash of the cast's password as an older version of this program kept it.
fn weaker_hash() -> String {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
    let weaker = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).unwrap());
    weaker.hash_password_with_salt(PASSWORD.as_bytes(), &[3; 16]).unwrap().to_string()
}

both_engines!(
    async fn a_hash_that_is_too_weak_is_renewed_by_its_owner_alone(world) {
        let email = "olga@northwind.example";
        let weaker = weaker_hash();
        world.set_password_hash(email, &weaker);
        assert_eq!(try_to_sign_in(&mut world.visitor(), email, WRONG).await.status, 401);
        assert_eq!(world.password_hash(email), weaker);
        world.clock.advance(1);
        assert_eq!(try_to_sign_in(&mut world.visitor(), email, PASSWORD).await.status, 303);
        let renewed = world.password_hash(email);
        assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
        assert_eq!(try_to_sign_in(&mut world.visitor(), email, PASSWORD).await.status, 303);
        assert_eq!(world.password_hash(email), renewed, "once is enough");
    }
);

both_engines!(
    async fn a_removed_member_gets_the_form_and_is_not_sent_round_in_circles(world) {
        let mut mia = world.sign_in("mia").await;
        world.remove_member("mia@northwind.example");
        let answer = mia.get("/settings/developers").await;
        assert_eq!((answer.status, answer.location()), (303, "/login?next=/settings/developers"));
        let answer = mia.get(answer.location()).await;
        assert_eq!(answer.status, 200, "leads to {}", answer.location());
        answer.form("/login");
    }
);

both_engines!(
    async fn a_form_that_is_not_ours_is_refused(world) {
        let mut olga = world.visitor();
        let form = sign_in_form(&mut olga, "olga@northwind.example", PASSWORD).await;
        for bad in [form.and("role", "owner"), form.and("email", "adam@northwind.example"), form.without("password")] {
            assert_eq!(olga.submit(&bad).await.status, 400, "{:?}", bad.fields.iter().map(|f| &f.0).collect::<Vec<_>>());
        }
        assert_eq!(olga.submit(&form.with("email", "olga@northwind.example\0")).await.status, 400);
        assert_eq!(olga.get("/login?next=/a&next=/b").await.status, 400);
        assert!(world.sessions().is_empty());
    }
);
