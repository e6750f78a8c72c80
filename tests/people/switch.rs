//! Several teams: which one a person is in, and going on in another.

use keyrack::people::member::Role;

use super::{cookie, try_to_sign_in};
use crate::both_engines;
use crate::world::form::{Answer, Form};
use crate::world::{PASSWORD, Person, World};

const PAGE: &str = "/settings/developers";
const VERA: &str = "vera@northwind.example";

/// Vera views Northwind Rota, and since today owns Harbour.
async fn vera_in_two_teams(world: &World) -> Person {
    world.join(VERA, "Harbour", Role::Owner);
    world.sign_in("vera").await
}

fn current(world: &World, team: &str) -> String {
    format!("/teams/{}/current", world.team_named(team))
}

/// The form in the side bar that leads to that team.
async fn form_to(person: &mut Person, world: &World, team: &str) -> Form {
    person.get("/account/security").await.form(&current(world, team))
}

async fn switch(person: &mut Person, world: &World, team: &str) -> Answer {
    let form = form_to(person, world, team).await;
    person.submit(&form).await
}

/// The current team and the role in it, as the side bar has them.
async fn stands(person: &mut Person) -> (String, String) {
    let page = person.get("/account/security").await;
    (page.texts(".brand-name").concat(), page.texts(".person-role").concat())
}

fn is(team: &str, role: &str) -> (String, String) {
    (team.to_owned(), role.to_owned())
}

both_engines!(
    async fn a_person_goes_on_in_another_of_their_teams(world) {
        let mut vera = vera_in_two_teams(&world).await;
        assert_eq!(stands(&mut vera).await, is("Northwind Rota", "Viewer"), "the team joined first");
        let page = vera.get(PAGE).await;
        assert_eq!(page.texts(".teams .team"), ["Harbour", "Northwind Rota"]);
        assert_eq!(page.texts(".teams [aria-current=true]"), ["Northwind Rota"]);
        assert_eq!(page.texts(".teams form button"), ["Harbour"]);

        let answer = switch(&mut vera, &world, "Harbour").await;
        assert_eq!((answer.status, answer.location()), (303, PAGE));
        assert_eq!(stands(&mut vera).await, is("Harbour", "Owner"));
        assert_eq!(vera.get("/settings/developers/keys/new").await.status, 200, "what the role there allows");
        assert_eq!(vera.get(PAGE).await.texts(".teams [aria-current=true]"), ["Harbour"]);

        switch(&mut vera, &world, "Northwind Rota").await;
        assert_eq!(stands(&mut vera).await, is("Northwind Rota", "Viewer"));
        assert_eq!(vera.get("/settings/developers/keys/new").await.status, 403);
    }
);

both_engines!(
    async fn the_session_goes_on_under_a_new_key_and_the_log_tells_it(world) {
        let mut vera = vera_in_two_teams(&world).await;
        let mut elsewhere = world.sign_in("vera").await;
        let mut before = vera.clone();
        world.clock.advance(60);
        switch(&mut vera, &world, "Harbour").await;
        assert_ne!(cookie(&vera, "session"), cookie(&before, "session"));
        assert_eq!(before.get(PAGE).await.status, 303, "the key of before is worth nothing");
        assert_eq!(world.sessions().len(), 2);
        assert_eq!(stands(&mut elsewhere).await.0, "Northwind Rota", "another browser stays where it is");

        let rows = world.events_of("team_switched");
        assert_eq!(rows.len(), 1);
        let (harbour, person) = (world.team_named("Harbour"), world.person_with(VERA));
        assert_eq!((rows[0].team.as_deref(), rows[0].subject.as_str()), (Some(harbour.as_str()), harbour.as_str()));
        assert_eq!((rows[0].person.as_deref(), rows[0].address.as_deref()), (Some(person.as_str()), Some("127.0.0.1")));
        assert_eq!((rows[0].at, rows[0].detail.as_str()), (world.now().unix(), ""), "one team's log is silent of another");
    }
);

both_engines!(
    async fn keys_are_those_of_the_current_team(world) {
        let mut vera = vera_in_two_teams(&world).await;
        let (norths, _) = world.sign_in("olga").await.create_key("Payroll export", &["leaves:read"]).await;
        switch(&mut vera, &world, "Harbour").await;
        let (harbours, _) = vera.create_key("Quay clock", &["shifts:read"]).await;
        assert_eq!(vera.get(PAGE).await.names(), ["Quay clock"]);
        assert_eq!(vera.get(&format!("{PAGE}/keys/{norths}")).await.status, 404);
        switch(&mut vera, &world, "Northwind Rota").await;
        assert_eq!(vera.get(PAGE).await.names(), ["Payroll export"]);
        assert_eq!(vera.get(&format!("{PAGE}/keys/{harbours}")).await.status, 404);
    }
);

both_engines!(
    async fn who_is_in_one_team_is_offered_no_other(world) {
        let page = world.sign_in("olga").await.get(PAGE).await;
        assert!(page.texts(".teams").is_empty() && !page.body.contains("/teams/"), "{}", page.body);
    }
);

both_engines!(
    async fn sign_in_begins_in_the_team_joined_first(world) {
        let mut vera = vera_in_two_teams(&world).await;
        switch(&mut vera, &world, "Harbour").await;
        let form = vera.get(PAGE).await.form("/logout");
        vera.submit(&form).await;
        assert_eq!(try_to_sign_in(&mut vera, VERA, PASSWORD).await.status, 303);
        assert_eq!(stands(&mut vera).await.0, "Northwind Rota");
    }
);

both_engines!(
    async fn a_new_password_leaves_one_in_the_team(world) {
        let mut vera = vera_in_two_teams(&world).await;
        switch(&mut vera, &world, "Harbour").await;
        let new = "lantern moss quiver oboe";
        crate::world::logs::remember(new);
        let form = vera.get("/account/security").await.form("/account/security");
        let answer = vera.submit(&form.with("current_password", PASSWORD).with("new_password", new)).await;
        assert_eq!((answer.status, answer.texts(".brand-name").concat()), (200, "Harbour".to_owned()));
        assert_eq!(stands(&mut vera).await.0, "Harbour");
        assert_eq!(vera.submit(&answer.form(&current(&world, "Northwind Rota"))).await.status, 303);
    }
);

both_engines!(
    async fn nobody_stays_signed_in_for_longer_by_switching(world) {
        let mut vera = vera_in_two_teams(&world).await;
        for turn in 0..24 {
            world.clock.advance(7 * 3_600 - 1);
            let team = ["Harbour", "Northwind Rota"][turn % 2];
            assert_eq!(switch(&mut vera, &world, team).await.status, 303);
        }
        world.clock.advance(23);
        assert_eq!(vera.get(PAGE).await.status, 200, "one second before seven days");
        world.clock.advance(1);
        assert_eq!(vera.get(PAGE).await.status, 303);
        assert_eq!(vera.get("/account/security").await.location(), "/login?next=/account/security");
    }
);

both_engines!(
    async fn a_form_of_another_make_is_refused(world) {
        let mut vera = vera_in_two_teams(&world).await;
        let good = form_to(&mut vera, &world, "Harbour").await;
        for (status, bad) in [
            (400, good.and("next", "/")),
            (400, good.without("team")),
            (403, good.without("token")),
            // The team that the form is for is the one that is left.
            (409, good.with("team", &world.team_named("Harbour"))),
        ] {
            assert_eq!(vera.submit(&bad).await.status, status, "{:?}", bad.fields);
        }
        assert_eq!(stands(&mut vera).await.0, "Northwind Rota");
        assert!(world.events_of("team_switched").is_empty());
    }
);

both_engines!(
    async fn a_team_of_others_cannot_be_told_from_none(world) {
        let mut vera = vera_in_two_teams(&world).await;
        world.leave(VERA, "Harbour");
        let envelope = vera.get("/account/security").await.form("/logout");
        let mut answers = Vec::new();
        let harbour = world.team_named("Harbour");
        for id in [harbour.as_str(), "team_01kam0000000000000000000aa", "no-id", "%FF", "team_", &harbour.to_uppercase()] {
            let form = Form { action: format!("/teams/{id}/current"), ..envelope.clone() };
            let answer = vera.submit(&form).await;
            let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            headers.sort();
            answers.push((answer.status, headers, answer.masked()));
        }
        assert_eq!(answers[0].0, 404);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(stands(&mut vera).await.0, "Northwind Rota");
        assert!(world.events_of("team_switched").is_empty());
    }
);

both_engines!(
    async fn who_is_signed_out_is_led_to_sign_in_and_then_to_the_start(world) {
        let answer = world.visitor().post_body(&current(&world, "Harbour"), String::new()).await;
        assert_eq!((answer.status, answer.location()), (303, "/login?next=/"));
    }
);

both_engines!(
    async fn forms_made_for_the_team_that_was_left_do_nothing(world) {
        world.join("sam@harbour.example", "Northwind Rota", Role::Owner);
        let mut sam = world.sign_in("sam").await;
        let (id, secret) = sam.create_key("Quay clock", &["shifts:read"]).await;
        let revoke = sam.get(&format!("{PAGE}/keys/{id}/revocation")).await.form(PAGE);
        let create = sam.create_form().await.with("name", "Late").with("permission", "shifts:read");
        let settings = sam.get("/settings/team").await.form("/settings/team");
        let there = form_to(&mut sam, &world, "Northwind Rota").await;
        assert_eq!(sam.submit(&there).await.status, 303);
        let before = world.key_rows();
        for form in [revoke, create, settings.with("members_manage_keys", "on"), there] {
            let answer = sam.submit(&form).await;
            assert_eq!((answer.status, answer.texts("h1").concat()), (409, "This page is for another team".to_owned()));
        }
        assert_eq!(world.key_rows(), before);
        assert_eq!(sam.knock(&secret).await, 200);
        assert!(world.events_of("team_changed").is_empty());
        assert_eq!(world.events_of("team_switched").len(), 1);
    }
);

both_engines!(
    async fn a_page_of_the_team_that_was_left_is_given_no_pieces_of_another(world) {
        let mut vera = vera_in_two_teams(&world).await;
        let page = vera.get(PAGE).await;
        let told = page.attributes("body", "hx-headers:inherited").concat();
        assert!(told.contains(&world.team_named("Northwind Rota")), "{told}");
        let told: std::collections::BTreeMap<String, String> = serde_json::from_str(&told).unwrap();
        let mut tab = vera.by_htmx();
        tab.headers.push(("Keyrack-Team", told["Keyrack-Team"].clone()));
        assert_eq!(tab.get(PAGE).await.status, 200);
        switch(&mut vera, &world, "Harbour").await;
        tab.cookies = vera.cookies.clone();
        for path in [PAGE, "/settings/developers?q=a", "/settings/developers/keys/new"] {
            let answer = tab.get(path).await;
            assert_eq!(answer.status, 409, "{path}");
            assert!(answer.text().contains("another team"), "{}", answer.text());
        }
        assert_eq!(vera.get(PAGE).await.status, 200, "the whole page is another matter");
    }
);

both_engines!(
    async fn who_lost_the_current_team_is_in_the_one_joined_first(world) {
        let mut vera = vera_in_two_teams(&world).await;
        switch(&mut vera, &world, "Harbour").await;
        let form = vera.get(PAGE).await.form("/logout");
        world.leave(VERA, "Harbour");
        assert_eq!(stands(&mut vera).await, is("Northwind Rota", "Viewer"));
        assert_eq!(vera.submit(&form).await.status, 409, "what was open is of the team that was lost");
        assert!(vera.get(PAGE).await.texts(".teams").is_empty());
        world.leave(VERA, "Northwind Rota");
        assert_eq!(vera.get(PAGE).await.location(), "/login?next=/settings/developers");
    }
);
