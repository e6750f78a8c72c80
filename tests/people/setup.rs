//! The first run.

use keyrack::people::setup::new_link;

use crate::both_engines;
use crate::world::form::{Answer, Form};
use crate::world::{Engine, PASSWORD, Person, World, logs};

/// The path of the printed link, whose token must never be logged.
fn printed_path(world: &World) -> String {
    let link = world.setup_link.as_ref().expect("a link is printed");
    let path = link.strip_prefix(&world.url).expect("under our own address").to_owned();
    logs::remember(path.strip_prefix("/setup?token=").expect("a token"));
    path
}

/// The path of one more link, as a restart prints it.
fn another_path(world: &World) -> String {
    let path = new_link(&world.store, world.now()).unwrap().expect("there is no owner");
    logs::remember(path.strip_prefix("/setup?token=").unwrap());
    path
}

async fn filled_in(person: &mut Person, path: &str) -> Form {
    let form = person.get(path).await.form("/setup");
    let form = form.with("team_name", "Northwind Rota").with("name", "Olga Berg");
    form.with("email", "olga@northwind.example").with("password", PASSWORD)
}

fn count(world: &World, table: &str) -> String {
    world.texts(&format!("SELECT CAST(count(*) AS TEXT) AS value FROM {table}")).concat()
}

macro_rules! in_an_empty_world {
    (async fn $name:ident($world:ident) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($world: World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                test(World::empty(Engine::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                test(World::empty(Engine::Postgres).await).await;
            }
        }
    };
}

in_an_empty_world!(
    async fn a_link_works_for_a_day_also_if_the_clock_was_ahead(world) {
        let path = another_path(&world);
        world.clock.advance(24 * 3_600 - 1);
        assert_eq!(world.visitor().get(&path).await.status, 200);
        world.clock.advance(1);
        assert_eq!(world.visitor().get(&path).await.status, 403);

        let path = another_path(&world);
        world.clock.advance(-3_600);
        assert_eq!(world.visitor().get(&path).await.status, 403, "it would work for 25 hours");
        let path = another_path(&world);
        world.clock.advance(-59);
        assert_eq!(world.visitor().get(&path).await.status, 200, "the clocks of two instances differ a little");
    }
);

in_an_empty_world!(
    async fn the_printed_link_makes_the_first_team_and_its_owner(world) {
        let path = printed_path(&world);
        let mut olga = world.visitor();
        let page = olga.get(&path).await;
        assert_eq!(page.texts("label"), ["Team name", "Your name", "Email", "Password"]);
        assert_eq!(page.texts("form button"), ["Create team"]);
        let form = filled_in(&mut olga, &path).await;
        let answer = olga.submit(&form).await;
        assert_eq!((answer.status, answer.location()), (303, "/settings/developers"));
        let list = olga.get("/settings/developers").await;
        assert_eq!(list.status, 200);
        assert!(list.text().contains("Northwind Rota") && list.text().contains("Olga Berg"));

        assert_eq!(world.roles(), [("olga@northwind.example".into(), "owner".into())]);
        let rows = world.events_of("set_up");
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].person.as_deref(), Some(world.person_with("olga@northwind.example").as_str()));
        assert_eq!((rows[0].team.as_deref(), rows[0].detail.as_str()), (Some(rows[0].subject.as_str()), "Northwind Rota"));
        assert_eq!(count(&world, "setup_tokens"), "0");
    }
);

in_an_empty_world!(
    async fn the_start_page_leads_to_the_first_run_which_says_where_to_look(world) {
        let mut nobody = world.visitor();
        let answer = nobody.get("/").await;
        assert_eq!((answer.status, answer.location()), (303, "/setup"));
        let answer = nobody.get("/setup").await;
        assert_eq!(answer.status, 403);
        assert!(answer.text().contains("look at its output"), "{}", answer.text());
    }
);

in_an_empty_world!(
    async fn only_the_digest_of_a_link_is_kept(world) {
        let path = printed_path(&world);
        let token = path.strip_prefix("/setup?token=").unwrap();
        let hex = if world.engine == Engine::Sqlite { "lower(hex(digest))" } else { "encode(digest, 'hex')" };
        let kept = world.texts(&format!("SELECT {hex} AS value FROM setup_tokens"));
        use sha2::Digest;
        assert_eq!(kept, [data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(token))]);
    }
);

in_an_empty_world!(
    async fn bad_fields_keep_what_was_typed_but_the_password(world) {
        let path = printed_path(&world);
        let mut olga = world.visitor();
        let good = filled_in(&mut olga, &path).await;
        for (field, bad, error) in [
            ("team_name", "", "#team-name-error"),
            ("team_name", "North\u{202e}wind", "#team-name-error"),
            ("name", "  ", "#your-name-error"),
            ("email", "olga", "#email-error"),
            ("password", "short", "#password-error"),
            ("password", "northwind rota olga", "#password-error"),
            ("password", "olga@northwind.example", "#password-error"),
        ] {
            let answer = olga.submit(&good.with(field, bad)).await;
            assert_eq!(answer.status, 422, "{field} {bad}");
            assert_eq!(answer.texts(".error").len(), 1, "{}", answer.text());
            assert!(!answer.texts(error)[0].is_empty(), "{field} {bad}");
            assert_eq!(answer.attributes("[aria-invalid]", "name"), [field]);
            let form = answer.form("/setup");
            for kept in ["team_name", "name", "email"] {
                let typed = if kept == field { bad } else { good.value(kept) };
                assert_eq!(form.value(kept), typed, "{field}");
            }
            assert_eq!(form.value("password"), "");
            assert!(!answer.body.contains(PASSWORD));
        }
        assert_eq!((world.roles().len(), count(&world, "teams")), (0, "0".into()));
        assert_eq!(olga.submit(&good).await.status, 303, "the link still works");
    }
);

in_an_empty_world!(
    async fn a_form_of_another_make_is_refused(world) {
        let path = printed_path(&world);
        let mut olga = world.visitor();
        let good = filled_in(&mut olga, &path).await;
        for bad in [good.and("role", "owner"), good.without("name"), good.and("email", "b@c.example")] {
            assert_eq!(olga.submit(&bad).await.status, 400);
        }
        assert_eq!(olga.submit(&good.with("token", "x")).await.status, 403);
        assert_eq!(count(&world, "people"), "0");
    }
);

in_an_empty_world!(
    async fn a_link_that_is_not_ours_is_refused(world) {
        let path = printed_path(&world);
        let mut stranger = world.visitor();
        let good = filled_in(&mut stranger, &path).await;
        for bad in ["/setup", "/setup?token=", "/setup?token=guess", &path[..path.len() - 1]] {
            assert_eq!(stranger.get(bad).await.status, 403, "{bad}");
            let mut form = good.clone();
            form.action = bad.to_owned();
            assert_eq!(stranger.submit(&form).await.status, 403, "{bad}");
        }
        assert_eq!(count(&world, "people"), "0");
    }
);

in_an_empty_world!(
    async fn a_link_works_for_a_day_and_a_restart_prints_another(world) {
        let path = printed_path(&world);
        let mut olga = world.visitor();
        world.clock.advance(24 * 3_600 - 1);
        let form = filled_in(&mut olga, &path).await;
        world.clock.advance(1);
        assert_eq!(olga.get(&path).await.status, 403);
        assert_eq!(olga.submit(&form).await.status, 403);
        let fresh = another_path(&world);
        let form = filled_in(&mut olga, &fresh).await;
        assert_eq!(olga.submit(&form).await.status, 303);
    }
);

in_an_empty_world!(
    async fn every_link_dies_with_the_first_owner(world) {
        let (path, other) = (printed_path(&world), another_path(&world));
        let mut olga = world.visitor();
        let form = filled_in(&mut olga, &path).await;
        let late = filled_in(&mut olga, &other).await;
        assert_eq!(olga.submit(&form).await.status, 303);
        for path in [path.as_str(), &other, "/setup", "/setup?token=guess"] {
            assert_eq!(world.visitor().get(path).await.status, 404, "{path}");
        }
        for form in [form, late.with("email", "eve@northwind.example")] {
            assert_eq!(olga.submit(&form).await.status, 404);
        }
        assert_eq!(world.roles().len(), 1);
        assert!(new_link(&world.store, world.now()).unwrap().is_none(), "no further link is printed");
    }
);

/// Twenty people at once, over the given links.
async fn race(world: &World, paths: &[String], email: impl Fn(usize) -> String) {
    let mut runs = Vec::new();
    for n in 0..20 {
        let mut person = world.visitor();
        let form = filled_in(&mut person, &paths[n % paths.len()]).await.with("email", &email(n));
        runs.push((person, form));
    }
    let runs = runs.into_iter().map(|(mut person, form)| {
        tokio::spawn(async move {
            let answer: Answer = person.submit(&form).await;
            answer.status
        })
    });
    let mut statuses = Vec::new();
    for run in runs.collect::<Vec<_>>() {
        statuses.push(run.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [&[303][..], &[404; 19]].concat());
    assert_eq!((world.roles().len(), world.sessions().len(), world.events_of("set_up").len()), (1, 1, 1));
    assert_eq!((count(world, "teams"), count(world, "people")), ("1".into(), "1".into()));
}

in_an_empty_world!(
    async fn of_twenty_at_once_with_one_link_one_becomes_the_owner(world) {
        race(&world, &[printed_path(&world)], |_| "olga@northwind.example".into()).await;
    }
);

in_an_empty_world!(
    async fn of_twenty_at_once_with_several_links_one_becomes_the_owner(world) {
        let paths: Vec<String> = (0..4).map(|_| another_path(&world)).collect();
        race(&world, &paths, |n| format!("person{n}@northwind.example")).await;
    }
);

both_engines!(
    async fn there_is_no_first_run_where_somebody_owns_a_team(world) {
        assert!(world.setup_link.is_some(), "the cast came after the start");
        let path = world.setup_link.as_ref().unwrap().strip_prefix(&world.url).unwrap().to_owned();
        assert_eq!(world.visitor().get(&path).await.status, 404);
        assert_eq!(count(&world, "setup_tokens"), "0");
    }
);
