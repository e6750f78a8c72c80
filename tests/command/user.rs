//! `keyrack user …`, also beside a running server.

use crate::both_databases;
use crate::world::program::{Place, Serving};
use crate::world::rows::texts_on;
use crate::world::{PASSWORD, Person, logs};

const NEW: &str = "lantern moss quiver oboe";

fn add<'a>(email: &'a str, role: &'a str, team: &'a str) -> Vec<&'a str> {
    vec!["user", "add", "--email", email, "--name", "Olga Berg", "--role", role, "--team", team]
}

async fn sign_in(serving: &Serving, email: &str, password: &str) -> (Person, u16) {
    let mut person = Person::new(&serving.url);
    let form = person.get("/login").await.form("/login");
    let answer = person.submit(&form.with("email", email).with("password", password)).await;
    (person, answer.status)
}

fn query(place: &Place, sql: &str) -> Vec<String> {
    let store = keyrack::store::Store::join(&place.database).unwrap();
    store.read_here(|db| Ok(texts_on(db, sql)?)).unwrap()
}

const EVENTS: &str = "SELECT action || ' ' || detail || ' ' || coalesce(person_id, '-') || ' ' || coalesce(address, '-') AS value FROM audit_log ORDER BY id";

both_databases!(
    async fn people_are_added_beside_a_running_server(place) {
        logs::remember(NEW);
        let mut serving = place.serve(&[]);
        let link = serving.setup_link();
        let added = place.run(&add("Olga@Northwind.example", "owner", "Northwind Rota"), &format!("{PASSWORD}\n"));
        assert_eq!((added.code, added.err.as_str()), (Some(0), ""), "{added:?}");
        assert_eq!(added.out.trim_end(), "Olga@Northwind.example is now Owner of Northwind Rota.");
        let (mut olga, status) = sign_in(&serving, "olga@northwind.example", PASSWORD).await;
        assert_eq!(status, 303);
        assert_eq!(olga.get("/settings/developers/keys/new").await.status, 200);
        let setup = link.strip_prefix(&serving.url).unwrap();
        assert_eq!(Person::new(&serving.url).get(setup).await.status, 404, "the first owner ends the first run");

        // Windows' line end is no part of the password.
        let added = place.run(&add("vera@northwind.example", "viewer", "Northwind Rota"), &format!("{NEW}\r\n"));
        assert_eq!(added.code, Some(0), "{added:?}");
        assert_eq!(sign_in(&serving, "vera@northwind.example", NEW).await.1, 303);
        assert_eq!(query(&place, "SELECT name AS value FROM teams"), ["Northwind Rota"], "the team is the same");
        let events = query(&place, EVENTS);
        for added in ["member_added owner - -", "member_added viewer - -"] {
            assert_eq!(events.iter().filter(|event| *event == added).count(), 1, "{added} in {events:?}");
        }
        assert_eq!(serving.stop().code, Some(0));
    }
);

both_databases!(
    async fn a_known_address_joins_a_team_and_is_asked_no_password(place) {
        assert_eq!(place.run(&add("olga@northwind.example", "owner", "Northwind Rota"), PASSWORD).code, Some(0));
        let kept = query(&place, "SELECT password_hash AS value FROM people");
        let joined = place.run(&add("OLGA@northwind.example", "admin", "Harbour"), "");
        assert_eq!(joined.code, Some(0), "{joined:?}");
        assert_eq!(query(&place, "SELECT role AS value FROM members ORDER BY created_at, role DESC").len(), 2);
        assert_eq!(query(&place, "SELECT password_hash AS value FROM people"), kept);
        place.run(&add("olga@northwind.example", "owner", "Harbour"), "").refuses("is in Harbour already");
    }
);

both_databases!(
    async fn who_joined_a_second_team_signs_in_to_the_first_and_goes_on_in_the_other(place) {
        assert_eq!(place.run(&add("olga@northwind.example", "owner", "Northwind Rota"), PASSWORD).code, Some(0));
        let serving = place.serve(&[]);
        // A while ago: who joins two teams within a second joined neither first.
        let long_ago = "UPDATE members SET created_at = created_at - 60";
        let store = keyrack::store::Store::join(&place.database).unwrap();
        store.write_here(|db| Ok(crate::world::rows::run_on(db, long_ago)?)).unwrap();
        let (mut olga, status) = sign_in(&serving, "olga@northwind.example", PASSWORD).await;
        assert_eq!(status, 303);
        assert!(olga.get("/settings/developers").await.texts(".teams").is_empty());
        let joined = place.run(&add("olga@northwind.example", "viewer", "Harbour"), "");
        assert_eq!((joined.code, joined.err.as_str()), (Some(0), ""), "{joined:?}");

        let page = olga.get("/settings/developers").await;
        assert_eq!(page.texts(".teams .team"), ["Harbour", "Northwind Rota"], "offered at the next request");
        let answer = olga.submit(&page.form("/teams/")).await;
        assert_eq!((answer.status, answer.location()), (303, "/settings/developers"));
        let page = olga.get("/settings/developers").await;
        assert_eq!((page.texts(".brand-name"), page.texts(".person-role")), (vec!["Harbour".into()], vec!["Viewer".into()]));
        let (mut again, status) = sign_in(&serving, "olga@northwind.example", PASSWORD).await;
        assert_eq!(status, 303);
        assert_eq!(again.get("/settings/developers").await.texts(".brand-name"), ["Northwind Rota"]);
        assert_eq!(serving.stop().code, Some(0));
    }
);

both_databases!(
    async fn what_cannot_be_added_is_one_line_and_2_and_leaves_nothing(place) {
        for (email, role, team, password, word) in [
            ("olga", "owner", "Northwind", PASSWORD, "--email"),
            ("olga@northwind.example", "king", "Northwind", PASSWORD, "--role"),
            ("olga@northwind.example", "owner", " ", PASSWORD, "--team"),
            ("olga@northwind.example", "owner", "Northwind", "short", "the password is refused"),
            ("olga@northwind.example", "owner", "Northwind", "", "the password is refused"),
            ("olga@northwind.example", "owner", "Northwind", "olga@northwind.example", "the password is refused"),
        ] {
            place.run(&add(email, role, team), password).refuses(word);
        }
        let nobody = place.run(&["user", "add", "--email", "olga@northwind.example"], PASSWORD);
        assert_eq!(nobody.code, Some(2), "{nobody:?}");
        for table in ["people", "teams", "members", "audit_log"] {
            assert_eq!(query(&place, &format!("SELECT CAST(count(*) AS TEXT) AS value FROM {table}")), ["0"], "{table}");
        }
    }
);

both_databases!(
    async fn a_new_password_ends_that_persons_sessions(place) {
        assert_eq!(place.run(&add("olga@northwind.example", "owner", "Northwind Rota"), PASSWORD).code, Some(0));
        assert_eq!(place.run(&add("adam@northwind.example", "admin", "Northwind Rota"), PASSWORD).code, Some(0));
        let serving = place.serve(&[]);
        let (mut olga, _) = sign_in(&serving, "olga@northwind.example", PASSWORD).await;
        let (mut adam, _) = sign_in(&serving, "adam@northwind.example", PASSWORD).await;
        assert_eq!(sign_in(&serving, "olga@northwind.example", NEW).await.1, 401);

        let told = place.run(&["user", "password", "--email", "Olga@northwind.example"], &format!("{NEW}\n"));
        assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{told:?}");
        assert_eq!(told.out.trim_end(), "olga@northwind.example has a new password; their sessions ended.");
        assert_eq!(olga.get("/settings/developers").await.status, 303);
        assert_eq!(adam.get("/settings/developers").await.status, 200);
        assert_eq!(sign_in(&serving, "olga@northwind.example", NEW).await.1, 303, "and has not to wait");
        let changed: Vec<String> = query(&place, EVENTS).into_iter().filter(|row| row.starts_with("password")).collect();
        assert_eq!(changed, ["password_changed  - -"]);
    }
);

both_databases!(
    async fn a_new_password_for_nobody_or_a_weak_one_is_refused(place) {
        assert_eq!(place.run(&add("olga@northwind.example", "owner", "Northwind Rota"), PASSWORD).code, Some(0));
        let kept = query(&place, "SELECT password_hash AS value FROM people");
        place.run(&["user", "password", "--email", "eve@northwind.example"], NEW).refuses("nobody has the address");
        place.run(&["user", "password", "--email", "eve"], NEW).refuses("--email");
        place.run(&["user", "password", "--email", "olga@northwind.example"], "short").refuses("the password is refused");
        assert_eq!(query(&place, "SELECT password_hash AS value FROM people"), kept);
    }
);
