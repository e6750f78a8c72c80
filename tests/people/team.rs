//! The team's settings.

use keyrack::people::member::Role;

use crate::both_engines;
use crate::world::World;
use crate::world::form::Answer;

const PAGE: &str = "/settings/team";
const KEYS: &str = "/settings/developers";
const FIELD: &str = "members_manage_keys";

/// Whether members of Northwind Rota manage their own keys.
fn is_on(world: &World) -> bool {
    world.texts(match world.engine {
        crate::world::Engine::Sqlite => "SELECT CAST(members_manage_keys AS TEXT) AS value FROM teams WHERE name = 'Northwind Rota'",
        crate::world::Engine::Postgres => "SELECT CASE WHEN members_manage_keys THEN '1' ELSE '0' END AS value FROM teams WHERE name = 'Northwind Rota'",
    }) == ["1"]
}

fn is_ticked(page: &Answer) -> bool {
    page.attributes("#members-manage-keys", "checked").len() == 1
}

both_engines!(
    async fn an_owner_lets_members_manage_their_own_keys_and_takes_it_back(world) {
        let mut olga = world.sign_in("olga").await;
        let page = olga.get(PAGE).await;
        assert_eq!(page.status, 200);
        assert!(page.texts("main").concat().contains("Northwind Rota"));
        assert!(!is_ticked(&page) && !is_on(&world), "off by default");
        assert!(page.texts("[role=status].callout").is_empty());

        let form = page.form(PAGE);
        let answer = olga.submit(&form.with(FIELD, "on")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.texts(".callout"), ["Saved. Members manage their own keys from now on."]);
        assert!(is_ticked(&answer) && is_on(&world));
        assert!(is_ticked(&olga.get(PAGE).await), "it stays");

        world.clock.advance(60);
        // Sent again, as a reload does: the same answer, and nothing to tell.
        assert_eq!(olga.submit(&form.with(FIELD, "on")).await.status, 200);
        let answer = olga.submit(&answer.form(PAGE).without(FIELD)).await;
        assert_eq!(answer.texts(".callout"), ["Saved. Members have no access to keys from now on."]);
        assert!(!is_ticked(&answer) && !is_on(&world));

        let rows = world.events_of("team_changed");
        let team = world.team_named("Northwind Rota");
        let person = world.person_with("olga@northwind.example");
        let told: Vec<_> = rows.iter().map(|row| (row.at - world.now().unix(), row.detail.as_str())).collect();
        assert_eq!(told, [(-60, "members manage their own keys: on"), (0, "members manage their own keys: off")]);
        for row in &rows {
            assert_eq!((row.team.as_deref(), row.subject.as_str()), (Some(team.as_str()), team.as_str()));
            assert_eq!((row.person.as_deref(), row.address.as_deref()), (Some(person.as_str()), Some("127.0.0.1")));
        }
    }
);

both_engines!(
    async fn it_holds_from_the_members_next_request_on_and_their_keys_outlive_it(world) {
        let mut olga = world.sign_in("olga").await;
        let mut mia = world.sign_in("mia").await;
        let refused = mia.get(KEYS).await;
        assert_eq!(refused.status, 403);
        assert_eq!(refused.texts(".people li"), ["Olga Berg"]);
        let form = olga.get(PAGE).await.form(PAGE);

        olga.submit(&form.with(FIELD, "on")).await;
        let page = mia.get(KEYS).await;
        assert_eq!((page.status, page.texts("#read-only").len()), (200, 0));
        assert_eq!(page.texts(".nav a"), ["Security", "Developers"]);
        let (id, secret) = mia.create_key("Mia's script", &["shifts:read"]).await;
        assert_eq!(mia.get(KEYS).await.names(), ["Mia's script"]);
        assert_eq!(mia.rename(&id, "My script").await.status, 303);

        olga.submit(&form.without(FIELD)).await;
        for path in [KEYS.to_owned(), format!("{KEYS}/keys/new"), format!("{KEYS}/keys/{id}")] {
            let refused = mia.get(&path).await;
            assert_eq!((refused.status, refused.texts(".people li")), (403, vec!["Olga Berg".to_owned()]), "{path}");
        }
        assert_eq!(mia.revoke(&id).await.status, 403);
        assert_eq!(mia.knock(&secret).await, 200, "the key belongs to the team");
        assert_eq!(olga.revoke(&id).await.status, 303);
        assert_eq!(mia.knock(&secret).await, 401);
    }
);

both_engines!(
    async fn the_setting_is_that_of_one_team(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.get(PAGE).await.form(PAGE);
        olga.submit(&form.with(FIELD, "on")).await;
        assert!(!is_ticked(&world.sign_in("sam").await.get(PAGE).await));
        world.join("mia@northwind.example", "Harbour", Role::Member);
        let mut mia = world.sign_in("mia").await;
        assert_eq!(mia.get(KEYS).await.status, 200);
        let there = mia.get(KEYS).await.form("/teams/");
        assert_eq!(mia.submit(&there).await.status, 303);
        let refused = mia.get(KEYS).await;
        assert_eq!((refused.status, refused.texts(".people li")), (403, vec!["Sam Reyes".to_owned()]));
        assert!(!refused.body.contains("Olga"));
    }
);

both_engines!(
    async fn a_form_of_another_make_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let good = olga.get(PAGE).await.form(PAGE).with(FIELD, "on");
        for (status, bad) in [
            (400, good.with(FIELD, "off")),
            (400, good.with(FIELD, "")),
            (400, good.with(FIELD, "ON")),
            (400, good.and(FIELD, "on")),
            (400, good.and("name", "Northwind")),
            (400, good.without("team")),
            (403, good.without("token")),
            (409, good.with("team", &world.team_named("Harbour"))),
        ] {
            assert_eq!(olga.submit(&bad).await.status, status, "{:?}", bad.fields);
        }
        assert!(!is_on(&world));
        assert!(world.events_of("team_changed").is_empty());
    }
);

both_engines!(
    async fn admins_look_on(world) {
        let mut adam = world.sign_in("adam").await;
        let page = adam.get(PAGE).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.texts("#read-only"), ["Only owners can change this."]);
        assert!(page.texts("main button").is_empty());
        assert_eq!(page.attributes("#members-manage-keys", "disabled").len(), 1);
        let form = adam.bare_form(PAGE).await.with(FIELD, "on");
        let refused = adam.submit(&form).await;
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("Only owners can do this."), "{}", refused.text());
        assert!(!is_on(&world));
    }
);

both_engines!(
    async fn viewers_and_members_have_no_access(world) {
        for is_on_already in [false, true] {
            world.let_members_manage_keys("Northwind Rota", is_on_already);
            for who in ["vera", "mia"] {
                let mut person = world.sign_in(who).await;
                let refused = person.get(PAGE).await;
                assert_eq!(refused.status, 403, "{who}");
                assert!(refused.text().contains("Only owners and admins can see this."), "{}", refused.text());
                let form = person.bare_form(PAGE).await;
                assert_eq!(person.submit(&form).await.status, 403, "{who}");
                assert_eq!(is_on(&world), is_on_already);
            }
        }
    }
);

both_engines!(
    async fn the_way_there_is_offered_to_those_who_may_go(world) {
        for (who, offered) in [("olga", true), ("adam", true), ("vera", false), ("mia", false)] {
            let page = world.sign_in(who).await.get("/account/security").await;
            assert_eq!(page.texts(".nav a").contains(&"Settings".to_owned()), offered, "{who}");
            assert_eq!(page.texts(".nav h2").contains(&"Team".to_owned()), offered, "{who}");
        }
        let page = world.sign_in("olga").await.get(PAGE).await;
        assert_eq!(page.texts(".nav [aria-current=page]"), ["Settings"]);
    }
);
