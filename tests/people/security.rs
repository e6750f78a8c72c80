//! Changing one's own password.

use super::{cookie, try_to_sign_in};
use crate::both_engines;
use crate::world::form::{Answer, Form};
use crate::world::{PASSWORD, Person, logs};

const PAGE: &str = "/account/security";
const NEW: &str = "lantern moss quiver oboe";

async fn form(person: &mut Person, current: &str, new: &str) -> Form {
    let form = person.get(PAGE).await.form(PAGE);
    form.with("current_password", current).with("new_password", new)
}

async fn change(person: &mut Person, current: &str, new: &str) -> Answer {
    let form = form(person, current, new).await;
    person.submit(&form).await
}

both_engines!(
    async fn a_new_password_keeps_this_session_and_ends_the_others(world) {
        logs::remember(NEW);
        let mut here = world.sign_in("vera").await;
        let mut there = world.sign_in("vera").await;
        let mut adam = world.sign_in("adam").await;
        let before = here.clone();
        let answer = change(&mut here, PASSWORD, NEW).await;
        assert_eq!(answer.status, 200);
        assert!(answer.texts("[role=status]")[0].starts_with("Your password was changed."), "{}", answer.text());
        assert!(!answer.body.contains(NEW) && !answer.body.contains(PASSWORD));

        assert_ne!(cookie(&here, "session"), cookie(&before, "session"), "under a new key");
        assert_eq!(here.get(PAGE).await.status, 200);
        for mut ended in [before, there.clone()] {
            assert_eq!(ended.get(PAGE).await.status, 303);
        }
        assert_eq!(there.get("/settings/developers").await.status, 303);
        assert_eq!(adam.get(PAGE).await.status, 200, "nobody else is signed out");
        let vera = world.person_with("vera@northwind.example");
        assert_eq!(world.sessions().iter().filter(|session| session.person == vera).count(), 1);

        let rows = world.events_of("password_changed");
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].person.as_deref(), rows[0].subject.as_str()), (Some(vera.as_str()), vera.as_str()));
        assert_eq!(rows[0].address.as_deref(), Some("127.0.0.1"));

        let email = "vera@northwind.example";
        assert_eq!(try_to_sign_in(&mut world.visitor(), email, NEW).await.status, 303);
        assert_eq!(try_to_sign_in(&mut world.visitor(), email, PASSWORD).await.status, 401);
    }
);

both_engines!(
    async fn the_form_on_the_answer_still_works(world) {
        let mut vera = world.sign_in("vera").await;
        let answer = change(&mut vera, PASSWORD, NEW).await;
        assert_eq!(answer.status, 200);
        let form = answer.form(PAGE).with("current_password", NEW).with("new_password", "walnut ferry dusk pilot");
        assert_eq!(vera.submit(&form).await.status, 200);
    }
);

both_engines!(
    async fn weak_passwords_are_refused_beside_the_field(world) {
        let kept = world.password_hash("olga@northwind.example");
        let mut olga = world.sign_in("olga").await;
        for (weak, why) in [
            ("short", "at least 12"),
            ("aaaaaaaaaaaaaaaa", "easy to guess"),
            ("olga@northwind.example", "easy to guess"),
            ("northwind rota", "easy to guess"),
            ("keyrackkeyrack", "easy to guess"),
            (&"quartz plover ".repeat(80), "at most 1024"),
        ] {
            let answer = change(&mut olga, PASSWORD, weak).await;
            assert_eq!(answer.status, 422, "{weak}");
            assert!(answer.texts("#new-password-error")[0].contains(why), "{weak}: {}", answer.text());
            assert_eq!(answer.attributes("#new-password", "aria-invalid"), ["true"]);
            assert!(answer.attributes("#new-password, #current-password", "value").is_empty(), "none is shown again");
        }
        assert_eq!(world.password_hash("olga@northwind.example"), kept);
        assert!(world.events_of("password_changed").is_empty());
    }
);

both_engines!(
    async fn a_wrong_current_password_is_refused_and_slows_down(world) {
        let mut olga = world.sign_in("olga").await;
        let answer = change(&mut olga, NEW, NEW).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.texts("#current-password-error"), ["That is not your current password."]);
        let waiting = change(&mut olga, PASSWORD, NEW).await;
        assert_eq!((waiting.status, waiting.header("retry-after")), (429, "1"));
        world.clock.advance(1);
        assert_eq!(change(&mut olga, PASSWORD, NEW).await.status, 200);
    }
);

both_engines!(
    async fn many_guesses_at_once_count_as_one_try(world) {
        let mut olga = world.sign_in("olga").await;
        let guess = form(&mut olga, NEW, NEW).await;
        let guesses = (0..12).map(|_| {
            let (mut olga, guess) = (olga.clone(), guess.clone());
            tokio::spawn(async move { olga.submit(&guess).await.status })
        });
        let mut statuses = Vec::new();
        for one in guesses.collect::<Vec<_>>() {
            statuses.push(one.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [&[422][..], &[429; 11]].concat());
    }
);

both_engines!(
    async fn a_form_of_another_make_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let good = form(&mut olga, PASSWORD, NEW).await;
        for bad in [good.and("email", "x"), good.without("new_password"), good.and("new_password", NEW)] {
            assert_eq!(olga.submit(&bad).await.status, 400);
        }
        assert!(world.events_of("password_changed").is_empty());
    }
);
