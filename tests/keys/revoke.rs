//! Revoking a key: at once, for good.

use keyrack::keys::address;
use reqwest::Method;

use crate::both_engines;
use crate::world::NOON;
use crate::world::keys::{KeyRow, assert_nothing_found, assert_only_our_forms, assert_only_owners, url};

both_engines!(
    async fn a_revoked_key_opens_nothing_from_the_answer_on_and_stays_in_the_list(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let before = world.key_row(&id).unwrap();
        assert_eq!(olga.knock(&secret).await, 200);
        world.clock.advance(60);
        let page = olga.get(&format!("{}?q=hr&dir=asc&status=active", url(address::REVOCATION, &id))).await;
        assert_eq!(page.texts("h1"), ["Revoke “HR sync”?"]);
        assert!(page.text().contains(&before.preview) && page.text().contains("cannot be undone"));
        assert_eq!(page.texts(".acts a, .acts button"), ["Keep key", "Revoke Key"]);
        assert_eq!(page.attributes(".acts a", "href"), ["/settings/developers?q=hr&dir=asc&status=active"]);
        assert_eq!(world.key_row(&id).unwrap(), before, "asking changes nothing");

        let answer = olga.submit(&page.form(&url(address::REVOCATION, &id))).await;
        assert_eq!(olga.knock(&secret).await, 401);
        assert_eq!((answer.status, answer.location()), (303, "/settings/developers?q=hr&dir=asc&status=active"));
        let olgas = world.person_id("olga");
        let after = world.key_row(&id).unwrap();
        assert_eq!(after, KeyRow { revoked_at: Some(NOON + 60), revoked_by: Some(olgas.clone()), ..before });
        let list = olga.get(address::LIST).await;
        assert_eq!((list.names(), list.texts("td.key-status")), (vec!["HR sync".to_owned()], vec!["Revoked".to_owned()]));
        assert_eq!(list.texts(".menu a"), ["View details", "Delete"]);
        let line = world.audit().pop().unwrap();
        assert_eq!((line.action.as_str(), line.detail.as_str(), line.at), ("key_revoked", "HR sync", NOON + 60));
        assert_eq!((line.person_id, line.address.as_deref(), line.subject), (Some(olgas), Some("127.0.0.1"), id.to_string()));
    }
);

both_engines!(
    async fn htmx_gets_the_row_the_tabs_the_count_and_a_notice(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let dialog = olga.by_htmx().get(&format!("{}?status=active", url(address::REVOCATION, &id))).await;
        assert!(dialog.body.starts_with("<dialog"), "{}", dialog.body);
        assert_eq!(dialog.attributes("button[autofocus]", "data-close").len(), 1, "the safe button has the focus");
        let answer = olga.by_htmx().submit(&dialog.form(&url(address::REVOCATION, &id))).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
        let targets = answer.attributes("hx-partial", "hx-target");
        assert_eq!(targets, ["#dialogs", &format!("#row-{id}"), "#tabs", "#empty", "#count", "#revocation", "#notice"]);
        assert!(answer.body.contains("data-status=\"revoked\" data-spent"), "{}", answer.body);
        assert_eq!(answer.tabs(), ["All 1", "Active 0", "Expired 0", "Revoked 1"]);
        assert_eq!(answer.texts("[hx-target='#count']"), ["0 active keys"]);
        assert_eq!(answer.texts("[hx-target='#notice']"), ["“HR sync” revoked. It stopped working at once."]);
    }
);

both_engines!(
    async fn revoking_it_again_is_the_same_success_and_changes_nothing(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key_for("7d", "HR sync", &["shifts:read"]).await;
        assert_eq!(olga.revoke(&id).await.status, 303);
        let (rows, audit) = (world.key_rows(), world.audit());
        world.clock.advance(60);
        let again = olga.revoke(&id).await;
        assert_eq!((again.status, again.location()), (303, "/settings/developers"));
        let form = olga.bare_form(&url(address::REVOCATION, &id)).await;
        let by_htmx = olga.by_htmx().submit(&form).await;
        assert_eq!((by_htmx.status, by_htmx.tabs()[3].as_str()), (200, "Revoked 1"));
        world.clock.advance(8 * 86_400); // its time is over too: Revoked wins over Expired
        let mut olga = world.sign_in("olga").await;
        assert_eq!(olga.revoke(&id).await.status, 303);
        assert_eq!((world.key_rows(), world.audit()), (rows, audit));
    }
);

both_engines!(
    async fn twenty_revokes_at_once_are_one(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let form = olga.bare_form(&url(address::REVOCATION, &id)).await;
        let sent: Vec<_> = (0..20)
            .map(|_| {
                let (mut olga, form) = (olga.clone(), form.clone());
                tokio::spawn(async move { olga.submit(&form).await.status })
            })
            .collect();
        for status in sent {
            assert_eq!(status.await.unwrap(), 303);
        }
        assert_eq!(world.history(&id), ["key_created: HR sync", "key_revoked: HR sync"]);
        assert_eq!(olga.knock(&secret).await, 401);
    }
);

both_engines!(
    async fn a_person_and_the_key_itself_revoking_at_once_are_one(world) {
        let mut olga = world.sign_in("olga").await;
        for n in 0..10 {
            let (id, secret) = olga.create_key(&format!("Key {n}"), &["shifts:read"]).await;
            let form = olga.bare_form(&url(address::REVOCATION, &id)).await;
            let (mut person, machine) = (olga.clone(), olga.clone());
            let by_person = tokio::spawn(async move { person.submit(&form).await.status });
            let itself = machine.present(Method::DELETE, &secret).await.status;
            assert_eq!(by_person.await.unwrap(), 303);
            assert!([204, 401].contains(&itself), "{itself}");
            assert_eq!(world.history(&id).len(), 2, "created and revoked, once each");
            assert_eq!(world.key_row(&id).unwrap().revoked_by.is_none(), itself == 204);
        }
    }
);

both_engines!(
    async fn a_form_that_is_not_ours_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        assert_only_our_forms(&world, &mut olga, &url(address::REVOCATION, &id), &[]).await;
        assert_eq!(olga.send(Method::DELETE, &url(address::KEY, &id), None).await.status, 405);
        assert_eq!(olga.knock(&secret).await, 200);
    }
);

both_engines!(
    async fn only_owners_revoke(world) {
        let (id, _) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        assert_only_owners(&world, address::REVOCATION, &id, &[]).await;
    }
);

both_engines!(
    async fn another_team_s_key_is_like_none_at_all(world) {
        assert_nothing_found(&world, address::REVOCATION, &[], true).await;
    }
);

both_engines!(
    async fn an_expired_key_is_not_revoked_and_a_spent_one_leads_to_its_details(world) {
        let mut olga = world.sign_in("olga").await;
        let (expired, _) = olga.create_key_for("7d", "Expired", &["shifts:read"]).await;
        let (late, _) = olga.create_key_for("7d", "Late", &["shifts:read"]).await;
        let (revoked, _) = olga.create_key("Revoked", &["shifts:read"]).await;
        olga.revoke(&revoked).await;
        world.clock.advance(7 * 86_400 - 1);
        let mut olga = world.sign_in("olga").await;
        assert_eq!(olga.revoke(&late).await.status, 303, "a second before its end it can be revoked");
        world.clock.advance(1);
        let answer = olga.revoke(&expired).await;
        assert_eq!(answer.status, 409);
        assert!(answer.text().contains("Only active keys can be revoked."), "{}", answer.text());
        assert_eq!(world.key_row(&expired).unwrap().revoked_at, None);
        assert_eq!(world.history(&expired), ["key_created: Expired"]);
        for id in [&expired, &revoked] {
            let asked = olga.get(&format!("{}?status=expired", url(address::REVOCATION, id))).await;
            assert_eq!((asked.status, asked.location()), (303, format!("{}?status=expired", url(address::KEY, id)).as_str()));
        }
    }
);
