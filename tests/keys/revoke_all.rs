//! Revoking all keys of a team: only owners, only by the team's name, all of them or none.

use keyrack::keys::address;
use keyrack::keys::address::REVOCATION_OF_ALL;

use crate::both_engines;
use crate::world::keys::{Planted, assert_only_our_forms};
use crate::world::{NOON, World};

const NAME: &str = "Northwind Rota";

/// An active key, one that expired, one that was revoked before.
fn one_of_each(world: &World) -> [Planted; 3] {
    let made = NOON - 1_000;
    let keys = [
        Planted::new("Live", made),
        Planted { expires_at: Some(NOON - 1), ..Planted::new("Over", made) },
        Planted { revoked_at: Some(NOON - 10), ..Planted::new("Ended", made) },
    ];
    world.plant(&keys);
    keys
}

both_engines!(
    async fn every_active_key_ends_at_once_and_nothing_else_is_touched(world) {
        let [live, over, ended] = one_of_each(&world);
        let mut olga = world.sign_in("olga").await;
        let (_, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let (_, harbours) = world.sign_in("sam").await.create_key("Harbour's", &["shifts:read"]).await;
        let before = world.key_rows();
        let list = olga.get(&format!("{}?sort=name", address::LIST)).await;
        let link = list.attributes("#revoke-all", "href");
        assert_eq!(link, [format!("{REVOCATION_OF_ALL}?sort=name")]);
        assert_eq!(list.texts("#revoke-all"), ["Revoke all keys…"]);

        let page = olga.get(&link[0]).await;
        assert_eq!(page.texts("h1"), ["Revoke all keys?"]);
        assert_eq!(page.texts("#revoke-all-what strong"), ["2 Active keys stop working immediately"]);
        assert!(!page.text().contains("publishable"), "there is no such kind: {}", page.text());
        assert!(page.text().contains(NAME) && page.text().contains("cannot be undone"));
        assert_eq!(page.texts(".acts a, .acts button"), ["Keep keys", "Revoke ALL keys"]);
        assert_eq!(world.key_rows(), before, "asking changes nothing");

        world.clock.advance(60);
        let form = page.form(REVOCATION_OF_ALL).with("team_name", &format!("  {NAME}\t"));
        let answer = olga.submit(&form).await;
        assert_eq!((answer.status, answer.location()), (303, "/settings/developers?sort=name"));
        assert_eq!(olga.knock(&secret).await, 401);
        assert_eq!(olga.knock(&harbours).await, 200, "another team's key goes on");
        for row in world.key_rows() {
            let was = before.iter().find(|was| was.id == row.id).unwrap();
            let ends_now = was.revoked_at.is_none() && was.name != "Over" && was.team_id == world.team_id("olga");
            let (at, by) = (ends_now.then_some(NOON + 60), ends_now.then(|| world.person_id("olga")));
            assert_eq!((row.revoked_at, row.revoked_by), (at.or(was.revoked_at), by), "{}", row.name);
        }
        assert_eq!(world.history(&live.id), ["key_revoked: Live"]);
        assert_eq!((world.history(&over.id), world.history(&ended.id)), (vec![], vec![]));
        let all = world.events_of("all_keys_revoked");
        assert_eq!((all.len(), all[0].detail.as_str(), all[0].at), (1, "2", NOON + 60));
        assert_eq!((&all[0].subject, &all[0].person), (&world.team_id("olga"), &Some(world.person_id("olga"))));
    }
);

both_engines!(
    async fn htmx_gets_the_whole_list_anew_and_a_notice(world) {
        one_of_each(&world);
        let olga = world.sign_in("olga").await;
        let dialog = olga.by_htmx().get(REVOCATION_OF_ALL).await;
        assert!(dialog.body.starts_with("<dialog"), "{}", dialog.body);
        let form = dialog.form(REVOCATION_OF_ALL).with("team_name", NAME);
        let answer = olga.by_htmx().submit(&form).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
        assert_eq!(answer.attributes("hx-partial", "hx-target"), ["#dialogs", "#list", "#notice"]);
        assert_eq!(answer.texts("[hx-target='#notice']"), ["1 key revoked. It stopped working at once."]);
        assert_eq!(answer.tabs(), ["All 3", "Active 0", "Expired 1", "Revoked 2"]);
    }
);

both_engines!(
    async fn ten_thousand_keys_end_together(world) {
        world.plant_many(10_000, NOON - 1_000);
        let mut olga = world.sign_in("olga").await;
        let page = olga.get(REVOCATION_OF_ALL).await;
        assert!(page.text().contains("10,000 Active keys"), "{}", page.text());
        let answer = olga.by_htmx().submit(&page.form(REVOCATION_OF_ALL).with("team_name", NAME)).await;
        assert_eq!(answer.texts("[hx-target='#notice']"), ["10,000 keys revoked. They stopped working at once."]);
        assert!(world.key_rows().iter().all(|row| row.revoked_at == Some(NOON)));
        assert_eq!(world.events_of("key_revoked").len(), 10_000);
    }
);

both_engines!(
    async fn without_an_active_key_there_is_nothing_to_confirm_and_sending_it_changes_nothing(world) {
        let mut olga = world.sign_in("olga").await;
        let page = olga.get(REVOCATION_OF_ALL).await;
        assert!(page.text().contains("nothing to revoke"), "{}", page.text());
        assert_eq!(page.texts(".acts a, .acts button"), ["Keep keys"]);
        let form = olga.bare_form(REVOCATION_OF_ALL).await.with("team_name", NAME);
        let answer = olga.by_htmx().submit(&form).await;
        assert_eq!(answer.texts("[hx-target='#notice']"), ["No key was active."]);
    }
);

both_engines!(
    async fn no_key_survives_whose_creation_was_answered_before(world) {
        let mut olga = world.sign_in("olga").await;
        let mut makers = Vec::new();
        for n in 0..4 {
            let mut maker = olga.clone();
            makers.push(tokio::spawn(async move {
                let mut made = Vec::new();
                for k in 0..6 {
                    made.push(maker.create_key(&format!("Key {n}.{k}"), &["shifts:read"]).await.0);
                }
                made
            }));
        }
        let mut sure = Vec::new();
        for n in 0..5 {
            sure.push(olga.create_key(&format!("Sure {n}"), &["shifts:read"]).await.0);
            let form = olga.bare_form(REVOCATION_OF_ALL).await.with("team_name", NAME);
            assert_eq!(olga.submit(&form).await.status, 303);
            assert!(sure.iter().all(|id| world.key_row(id).unwrap().revoked_at.is_some()), "round {n}");
        }
        for maker in makers {
            sure.extend(maker.await.unwrap());
        }
        let form = olga.bare_form(REVOCATION_OF_ALL).await.with("team_name", NAME);
        assert_eq!(olga.submit(&form).await.status, 303);
        assert_eq!((sure.len(), world.key_rows().len()), (29, 29));
        assert!(world.key_rows().iter().all(|row| row.revoked_at.is_some()));
        assert_eq!(world.events_of("key_revoked").len(), 29, "each ended once");
    }
);

both_engines!(
    async fn another_name_is_told_beside_the_field_and_nothing_is_revoked(world) {
        one_of_each(&world);
        let before = world.key_rows();
        let mut olga = world.sign_in("olga").await;
        let form = olga.get(REVOCATION_OF_ALL).await.form(REVOCATION_OF_ALL);
        for wrong in ["", "northwind rota", "Northwind  Rota", "Harbour", "Northwind Rota.", "\u{202e}Northwind Rota"] {
            let answer = olga.submit(&form.with("team_name", wrong)).await;
            assert_eq!(answer.status, 422, "{wrong:?}");
            assert_eq!(answer.texts("#team-name-error").len(), 1, "{}", answer.body);
            assert_eq!(answer.attributes("#team-name", "value"), [wrong]);
            let sheet = olga.by_htmx().submit(&form.with("team_name", wrong)).await;
            assert!(sheet.status == 422 && sheet.body.starts_with("<div class=\"sheet\""), "{}", sheet.body);
        }
        assert_eq!(olga.submit(&form.without("team_name")).await.status, 400);
        assert_eq!(olga.submit(&form.with("team_name", NAME).and("team_name", NAME)).await.status, 400);
        assert_eq!(world.key_rows(), before);
    }
);

both_engines!(
    async fn only_our_own_forms_are_taken(world) {
        one_of_each(&world);
        let mut olga = world.sign_in("olga").await;
        assert_only_our_forms(&world, &mut olga, REVOCATION_OF_ALL, &[("team_name", NAME)]).await;
    }
);

both_engines!(
    async fn nobody_but_an_owner_can(world) {
        one_of_each(&world);
        world.let_members_manage_keys(NAME, true);
        let before = world.key_rows();
        for who in ["adam", "vera", "mia"] {
            let mut person = world.sign_in(who).await;
            assert_eq!(person.get(address::LIST).await.texts("#revoke-all").len(), 0, "{who}");
            assert_eq!(person.get(REVOCATION_OF_ALL).await.status, 403, "{who}");
            let form = person.bare_form(REVOCATION_OF_ALL).await.with("team_name", NAME);
            assert_eq!(person.submit(&form).await.status, 403, "{who}");
        }
        assert_eq!(world.key_rows(), before);
    }
);
