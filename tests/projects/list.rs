//! The page of projects, and making one.

use keyrack::projects::address::LIST;

use super::projects;
use crate::both_engines;
use crate::world::NOON;
use crate::world::keys::assert_only_our_forms;

both_engines!(
    async fn an_owner_makes_projects_and_sees_them_by_name(world) {
        let mut olga = world.sign_in("olga").await;
        let empty = olga.get(LIST).await;
        assert_eq!((empty.texts("h1"), empty.texts("h2")), (vec!["Projects".to_owned()], vec!["Account".to_owned(), "Team".to_owned(), "No projects yet".to_owned()]));
        assert_eq!(empty.texts(".nav [aria-current]"), ["Projects"]);
        let zebra = olga.create_project(" Zebra ").await;
        olga.create_project("école").await;
        olga.create_project("Élan <b>").await;
        let page = olga.get(LIST).await;
        assert_eq!(page.texts(".project-name"), ["Zebra", "école", "Élan <b>"]);
        assert_eq!(page.attributes(".project:first-child .button", "href")[0], format!("/settings/developers?project={zebra}"));
        let made = world.events_of("project_created");
        assert_eq!((made.len(), made[0].detail.as_str(), made[0].at), (3, "Zebra", NOON));
        assert_eq!((&made[0].subject, &made[0].person), (&zebra.to_string(), &Some(world.person_id("olga"))));
    }
);

both_engines!(
    async fn a_bad_name_is_told_beside_the_field_and_kept(world) {
        let mut olga = world.sign_in("olga").await;
        olga.create_project("Kiosk").await;
        let form = olga.get(LIST).await.form(LIST);
        let taken = "Your team has a project of this name, maybe an archived one.";
        let long = "x".repeat(61);
        for (typed, said) in [
            ("", "Enter a name."),
            ("\u{200b}", "Enter a name that can be seen."),
            ("a\u{202e}b", "Leave out characters that change the direction of the text."),
            (long.as_str(), "Use at most 60 characters; these are 61."),
            ("KIOSK", taken),
        ] {
            let answer = olga.submit(&form.with("name", typed)).await;
            assert_eq!((answer.status, answer.texts("#project-name-error")), (422, vec![said.to_owned()]), "{typed:?}");
            assert_eq!(answer.attributes("#project-name", "value"), [typed]);
        }
        assert_eq!(olga.submit(&form.without("name")).await.status, 400);
        assert_eq!(projects(&world), [("Kiosk".to_owned(), false)]);
        assert_eq!(world.events_of("project_created").len(), 1);
    }
);

both_engines!(
    async fn two_of_one_name_at_once_make_one(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.get(LIST).await.form(LIST).with("name", "Kiosk");
        let mut sent = Vec::new();
        for _ in 0..6 {
            let (mut olga, form) = (olga.clone(), form.clone());
            sent.push(tokio::spawn(async move { olga.submit(&form).await.status }));
        }
        let mut statuses = Vec::new();
        for answer in sent {
            statuses.push(answer.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 422, 422, 422, 422, 422]);
        assert_eq!(projects(&world).len(), 1);
    }
);

both_engines!(
    async fn another_team_may_use_the_same_name_and_sees_only_its_own(world) {
        let mut olga = world.sign_in("olga").await;
        olga.create_project("Kiosk").await;
        let mut sam = world.sign_in("sam").await;
        assert_eq!(sam.get(LIST).await.texts(".project-name").len(), 0);
        sam.create_project("Kiosk").await;
        assert_eq!(olga.get(LIST).await.texts(".project-name"), ["Kiosk"]);
    }
);

both_engines!(
    async fn a_team_has_at_most_200(world) {
        let (team, mut olga) = (world.team_id("olga"), world.sign_in("olga").await);
        for n in 0..200 {
            let columns = "id, team_id, name, name_folded, created_at";
            let values = format!("'project_01kam00000000000000000{n:04}', '{team}', 'P{n}', 'p{n}', 0");
            world.execute(&format!("INSERT INTO projects ({columns}) VALUES ({values})")).unwrap();
        }
        let answer = olga.submit(&olga.clone().get(LIST).await.form(LIST).with("name", "One more")).await;
        assert_eq!(answer.status, 409);
        assert!(answer.text().contains("at most 200 projects"), "{}", answer.text());
        assert_eq!(projects(&world).len(), 200);
    }
);

both_engines!(
    async fn only_our_own_forms_are_taken(world) {
        let mut olga = world.sign_in("olga").await;
        assert_only_our_forms(&world, &mut olga, LIST, &[("name", "Kiosk")]).await;
        assert!(projects(&world).is_empty());
    }
);

both_engines!(
    async fn admins_look_on_and_viewers_and_members_are_kept_out(world) {
        world.sign_in("olga").await.create_project("Kiosk").await;
        let mut adam = world.sign_in("adam").await;
        let page = adam.get(LIST).await;
        assert_eq!(page.texts(".project-name"), ["Kiosk"]);
        assert_eq!(page.texts(".project-acts > *, .new-project"), ["Keys of Kiosk"]);
        assert!(page.text().contains("Only owners can change projects."));
        world.let_members_manage_keys("Northwind Rota", true);
        for (who, may_look) in [("adam", true), ("vera", false), ("mia", false)] {
            let mut person = world.sign_in(who).await;
            assert_eq!(person.get(LIST).await.status, if may_look { 200 } else { 403 }, "{who}");
            let form = person.bare_form(LIST).await.with("name", "Other");
            assert_eq!(person.submit(&form).await.status, 403, "{who}");
        }
        assert_eq!(projects(&world).len(), 1);
    }
);
