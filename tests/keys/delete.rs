//! Deleting a spent key.

use keyrack::keys::address;
use reqwest::Method;
use sha2::{Digest, Sha256};

use crate::both_engines;
use crate::world::keys::{assert_nothing_found, assert_only_our_forms, assert_only_owners, url};

both_engines!(
    async fn a_spent_key_leaves_the_list_and_its_history_and_digest_stay(world) {
        let mut olga = world.sign_in("olga").await;
        let (revoked, first) = olga.create_key("Revoked", &["shifts:read"]).await;
        let (expired, second) = olga.create_key_for("7d", "Expired", &["shifts:read"]).await;
        olga.revoke(&revoked).await;
        world.clock.advance(7 * 86_400);
        let mut olga = world.sign_in("olga").await;
        for (id, name, secret, code) in [(&revoked, "Revoked", &first, "REVOKED"), (&expired, "Expired", &second, "EXPIRED")] {
            assert!(olga.present(Method::GET, secret).await.body.contains(code));
            let page = olga.get(&format!("{}?q=e&sort=key&dir=desc", url(address::DELETION, id))).await;
            assert_eq!(page.texts("h1"), [format!("Delete “{name}”?")]);
            assert!(page.text().contains("audit log keeps its history") && page.texts(".badge") == [name]);
            assert_eq!(page.texts(".acts a, .acts button"), ["Keep key", "Delete Key"]);
            let answer = olga.submit(&page.form(&url(address::DELETION, id))).await;
            assert_eq!((answer.status, answer.location()), (303, "/settings/developers?q=e&sort=key&dir=desc"));
            assert!(!olga.get(address::LIST).await.names().contains(&name.to_owned()));
            assert!(world.key_row(id).is_none());
            assert_eq!(world.history(id).last().unwrap(), &format!("key_deleted: {name}"));
            assert!(world.tombstones().contains(&Sha256::digest(secret).to_vec()));
            let refused = olga.present(Method::GET, secret).await;
            assert!(refused.status == 401 && refused.body.contains("NOT_FOUND"), "{}", refused.body);
        }
        let line = world.audit().pop().unwrap();
        assert_eq!((line.person_id, line.at), (Some(world.person_id("olga")), world.now().unix()));
        assert_eq!(world.history(&revoked), ["key_created: Revoked", "key_revoked: Revoked", "key_deleted: Revoked"]);
    }
);

both_engines!(
    async fn htmx_takes_the_row_away_and_says_what_is_left(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        olga.revoke(&id).await;
        let dialog = olga.by_htmx().get(&url(address::DELETION, &id)).await;
        assert!(dialog.body.starts_with("<dialog"), "{}", dialog.body);
        let answer = olga.by_htmx().submit(&dialog.form(&url(address::DELETION, &id))).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
        let targets = answer.attributes("hx-partial", "hx-target");
        assert_eq!(targets, ["#dialogs", &format!("#row-{id}"), "#tabs", "#empty", "#count", "#revocation", "#notice"]);
        assert_eq!(answer.attributes(&format!("[hx-target='#row-{id}']"), "hx-swap"), ["delete"]);
        assert_eq!(answer.tabs(), ["All 0", "Active 0", "Expired 0", "Revoked 0"]);
        assert_eq!(answer.texts("[hx-target='#notice']"), ["“HR sync” deleted."]);
        assert_eq!(answer.texts("#empty h2"), ["No API keys yet"]);
    }
);

both_engines!(
    async fn a_form_that_is_not_ours_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        olga.revoke(&id).await;
        assert_only_our_forms(&world, &mut olga, &url(address::DELETION, &id), &[]).await;
    }
);

both_engines!(
    async fn only_owners_delete(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        olga.revoke(&id).await;
        assert_only_owners(&world, address::DELETION, &id, &[]).await;
    }
);

both_engines!(
    async fn another_team_s_key_is_like_none_at_all(world) {
        assert_nothing_found(&world, address::DELETION, &[], true).await;
    }
);

both_engines!(
    async fn an_active_key_is_not_deleted(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key_for("7d", "HR sync", &["shifts:read"]).await;
        world.clock.advance(7 * 86_400 - 1);
        let mut olga = world.sign_in("olga").await;
        let asked = olga.get(&url(address::DELETION, &id)).await;
        let acted = olga.delete(&id).await;
        for answer in [asked, acted] {
            assert_eq!(answer.status, 409);
            assert!(answer.text().contains("Revoke it first."), "{}", answer.text());
        }
        assert_eq!((olga.knock(&secret).await, world.tombstones().len()), (200, 0));
        assert_eq!(world.history(&id), ["key_created: HR sync"]);
        world.clock.advance(1);
        assert_eq!(olga.delete(&id).await.status, 303, "at its very second of expiry it is expired");
    }
);

both_engines!(
    async fn a_deleted_key_is_gone_for_everything(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        olga.revoke(&id).await;
        olga.delete(&id).await;
        let audit = world.audit();
        let again = [olga.delete(&id).await, olga.revoke(&id).await, olga.rename(&id, "Back").await];
        for answer in again {
            assert_eq!(answer.status, 404, "{}", answer.text());
        }
        for pattern in [address::KEY, address::EDIT, address::REVOCATION, address::DELETION] {
            assert_eq!(olga.get(&url(pattern, &id)).await.status, 404);
        }
        assert_eq!((world.audit(), world.tombstones().len()), (audit, 1));
    }
);

both_engines!(
    async fn of_twenty_deletes_at_once_one_succeeds(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        olga.revoke(&id).await;
        let form = olga.bare_form(&url(address::DELETION, &id)).await;
        let sent: Vec<_> = (0..20)
            .map(|_| {
                let (mut olga, form) = (olga.clone(), form.clone());
                tokio::spawn(async move { olga.submit(&form).await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for status in sent {
            statuses.push(status.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (303, [404; 19].as_slice()));
        assert_eq!((world.history(&id).len(), world.tombstones().len()), (3, 1));
    }
);
