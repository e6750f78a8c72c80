//! Soul Machines' page "Managing API Keys", statement by statement, with its catalog.
//!
//! 1. Keys are unique identifiers.
//!    → `every_key_is_another_one`
//! 2. They authenticate requests, to a project or to the product's APIs.
//!    → `a_key_opens_the_api_and_can_belong_to_a_project`
//! 3. The screen is reached by the settings menu. Here by `Developers` in the menu.
//!    → `the_keys_are_reached_from_the_menu_of_every_settings_page`
//! 4. Create API Key stands at the top right. Here it is `+ API key`.
//!    → `a_new_key_is_asked_for_at_the_top_right`
//! 5. Keys are made for two purposes, to be published or for analytics.
//!    → `the_form_offers_keys_to_be_published_and_keys_for_analytics`
//! 6. A key of the first purpose can be viewed at any point: WebAPI.
//!    → `a_webapi_key_is_seen_at_any_time_while_it_works`
//! 7. The same: Mobile.
//!    → `a_mobile_key_is_seen_at_any_time_while_it_works`
//! 8. One sees the active keys that one created. Here where the team's setting is on, and those that ended too; the Active tab holds the active ones.
//!    → `a_member_sees_the_keys_they_made_also_those_that_ended`
//! 9. With their project and scope. Here a scope is a kind.
//!    → `the_table_names_project_and_kind_of_each`
//! 10. Owner, Support and Analytics people see all keys. Here Support and Analytics people are Viewers.
//!     → `owners_and_those_who_look_on_see_the_keys_of_all`
//! 11. Keys sort by scope or creation date.
//!     → `the_table_sorts_by_kind_and_by_creation_both_ways`
//! 12. Details are viewed, and vary with the scope.
//!     → `the_details_vary_with_the_kind`
//! 13. Keys can be edited, WebAPI and Mobile ones only.
//!     → `every_live_key_can_be_renamed_and_only_published_kinds_have_domains_and_toggles`
//! 14. Keys can be revoked or deleted.
//!     → `a_key_is_revoked_while_it_works_and_deleted_once_it_does_not`
//! 15. A key can be copied.
//!     → `a_key_that_is_no_secret_is_copied_from_its_menu`
//! 16. An Analytics key is seen only when it is made.
//!     → `an_analytics_key_is_seen_once`
//! 17. Who lost it makes a new one.
//!     → `who_lost_an_analytics_key_is_told_to_make_a_new_one`
//! 18. A key that is inactive, lost or compromised should be revoked at once.
//!     → `it_is_said_where_it_matters_when_to_revoke_a_key`
//! 19. What uses a revoked key stops at once.
//!     → `what_uses_a_revoked_key_is_refused_from_then_on`
//! 20. A revoked key is not issued again.
//!     → `a_revoked_key_does_not_come_back`
//! 21. A new one can be made to go on.
//!     → `a_new_key_takes_the_place_of_a_revoked_one`
//! 22. To revoke: go to the keys, click the icon of one, confirm. Here by `Revoke Key`.
//!     → `revoking_takes_a_choice_in_the_row_and_a_confirmation`
//! 23. Trusted domains can be added and edited, the key itself unchanged.
//!     → `trusted_domains_are_added_and_edited_while_the_key_stays_the_same`
//! 24. The edit page has the name, toggles and domains.
//!     → `the_edit_dialog_has_the_name_the_toggles_and_the_domains`

use keyrack::keys::address;
use keyrack::keys::key::KeyId;
use serde_json::json;

use crate::browser::{LIST, choose, id_of, names, revealed, use_key};
use crate::world::keys::url;
use crate::world::{Browser, Person, World};

const TEAM: &str = "Northwind Rota";

/// Makes a key of a kind, with something that it may be granted.
async fn issue(person: &mut Person, kind: &str, name: &str) -> (KeyId, String) {
    let grant = if kind == "analytics" { "usage:read" } else { "sessions:start" };
    person.create_key_of(&[("kind", kind), ("name", name), ("permission", grant)]).await
}

/// A browser with one of the cast at the page.
async fn at_the_page_of(world: &World, who: &str) -> Browser {
    let browser = Browser::open(world).await;
    browser.sign_in(who).await;
    browser
}

/// What can be seen of the form that is open, by its labels and legends.
async fn shown_fields(at: &Browser) -> Vec<String> {
    at.see(
        "[...document.querySelectorAll('dialog[open] .sheet-body :is(label[for], .toggle legend, summary)')]
           .filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.matrix') && !e.matches('.unseen'))
           .map(e => e.firstChild.textContent.trim())",
    )
    .await
}

statement!(
    "soul-machines",
    async fn every_key_is_another_one(world) {
        let mut olga = world.sign_in("olga").await;
        let mut keys = Vec::new();
        for _ in 0..12 {
            keys.push(issue(&mut olga, "webapi", "Widget").await);
        }
        let texts: std::collections::BTreeSet<_> = keys.iter().map(|(_, key)| key.clone()).collect();
        assert_eq!(texts.len(), 12);
        for (id, key) in &keys {
            assert_eq!(olga.told(key).await["id"], id.as_str(), "each is known as itself");
        }
    }
);

statement!(
    "soul-machines",
    async fn a_key_opens_the_api_and_can_belong_to_a_project(world) {
        let mut olga = world.sign_in("olga").await;
        let project = olga.create_project("Museum guide").await;
        let fields = [("kind", "webapi"), ("permission", "sessions:start"), ("project", project.as_str())];
        let (filed, key) = olga.create_key_of(&fields).await;
        let (_, free) = issue(&mut olga, "analytics", "Numbers").await;
        for key in [&key, &free] {
            assert_eq!(olga.knock(key).await, 200);
            assert_eq!(olga.told(key).await["team"]["name"], TEAM);
        }
        assert_eq!(olga.get(&url(address::KEY, &filed)).await.fact("Project").as_deref(), Some("Museum guide"));
        let bent = format!("{}{}", &key[..key.len() - 1], if key.ends_with('A') { 'B' } else { 'A' });
        assert_eq!((olga.knock(&bent).await, world.visitor().get(crate::world::keys::SELF).await.status), (401, 401));
    }
);

statement!(
    "soul-machines",
    async fn the_keys_are_reached_from_the_menu_of_every_settings_page(world) {
        let mut olga = world.sign_in("olga").await;
        for page in ["/settings/projects", "/settings/team", "/account/security", LIST] {
            let page = olga.get(page).await;
            let (labels, urls) = (page.texts(".nav a"), page.attributes(".nav a", "href"));
            let at = labels.iter().position(|label| label == "Developers").expect("it stands in the menu");
            assert_eq!(urls[at], LIST);
        }
    }
);

statement!(
    "soul-machines",
    async fn a_new_key_is_asked_for_at_the_top_right(world) {
        let olga = at_the_page_of(&world, "olga").await;
        let stands: bool = olga.see(
            "(() => { const box = document.querySelector('#new-key').getBoundingClientRect(), page = document.querySelector('main').getBoundingClientRect();
               return box.left > page.left + page.width / 2 && box.bottom < innerHeight / 4; })()",
        ).await;
        assert!(stands, "it stands elsewhere");
        olga.click_text("main", "+ API key").await;
        olga.until_shown("#create-dialog").await;
        assert_eq!(olga.text("#create-title").await, "Create API key");
    }
);

statement!(
    "soul-machines",
    async fn the_form_offers_keys_to_be_published_and_keys_for_analytics(world) {
        let olga = at_the_page_of(&world, "olga").await;
        olga.click("#new-key").await;
        olga.until_shown("#create-dialog").await;
        let resources = "[...document.querySelectorAll('.resource')].filter(e => e.checkVisibility()).map(e => e.dataset.resource)";
        let said = "[...document.querySelectorAll('#kind-said p')].filter(e => e.checkVisibility()).map(e => e.textContent)";
        let kinds = [
            ("webapi", json!(["Sessions", "Digital people"]), "no secret", vec!["Key name", "Trusted domains", "Speak a greeting", "Allow microphone", "Allow camera", "Show captions", "Restrict by address"]),
            ("mobile", json!(["Sessions", "Digital people"]), "no secret", vec!["Key name", "Trusted domains", "Speak a greeting", "Allow microphone", "Play on in the background", "Restrict by address"]),
            ("analytics", json!(["Conversations", "Usage"]), "is a secret: it is shown once", vec!["Key name", "Restrict by address"]),
        ];
        for (kind, granted, meaning, fields) in kinds {
            olga.click(&format!("[name=kind][value={kind}]")).await;
            assert_eq!(olga.see::<serde_json::Value>(resources).await, granted, "{kind}");
            let told: Vec<String> = olga.see(said).await;
            assert!(told.len() == 1 && told[0].contains(meaning), "{kind}: {told:?}");
            assert_eq!(shown_fields(&olga).await, fields, "{kind}");
        }
        // What was ticked for another kind is not sent, and is back with that kind.
        olga.click("[name=kind][value=webapi]").await;
        olga.click("[value='sessions:start']").await;
        olga.fill("#domains", "app.example.com").await;
        olga.click("[name=kind][value=analytics]").await;
        assert_eq!(olga.text("#permissions-sentence").await, "Nothing is chosen yet.");
        olga.click("[value='usage:read']").await;
        olga.fill("#key-name", "Numbers").await;
        olga.click_text("#create-dialog", "Create Key").await;
        revealed(&olga).await;
        let row = &world.key_rows()[0];
        assert_eq!((row.kind.as_str(), row.permissions.as_str(), row.domains.as_str(), row.toggles.as_str()), ("analytics", "usage:read", "", ""));
        olga.expect_quiet_console().await;
    }
);

/// A published key stands, whole, on the list's menu, in its details and in its edit dialog, long after it was made.
async fn assert_seen_at_any_time(world: &World, kind: &str) {
    let (id, key) = issue(&mut world.sign_in("olga").await, kind, "Widget").await;
    for days in [0, 1, 400] {
        world.clock.advance(days * 86_400);
        let olga = at_the_page_of(world, "olga").await;
        assert_eq!(
            olga.attribute(&format!("#menu-{id} [data-copies]"), "data-copies").await.as_deref(),
            Some(key.as_str())
        );
        olga.click(&format!("#name-{id}")).await;
        olga.until_shown("#edit-dialog [data-secret]").await;
        assert_eq!(olga.text("#edit-dialog [data-secret]").await, key, "after {days} days");
        olga.visit(&url(address::KEY, &id)).await;
        assert_eq!(olga.text("#details-sheet [data-secret]").await, key);
        olga.expect_quiet_console().await;
    }
    // What has ended opens nothing: then its preview is enough.
    let mut olga = world.sign_in("olga").await;
    olga.revoke(&id).await;
    assert!(!olga.get(&url(address::KEY, &id)).await.body.contains(&key));
}

statement!(
    "soul-machines",
    async fn a_webapi_key_is_seen_at_any_time_while_it_works(world) {
        assert_seen_at_any_time(&world, "webapi").await;
    }
);

statement!(
    "soul-machines",
    async fn a_mobile_key_is_seen_at_any_time_while_it_works(world) {
        assert_seen_at_any_time(&world, "mobile").await;
    }
);

statement!(
    "soul-machines",
    async fn a_member_sees_the_keys_they_made_also_those_that_ended(world) {
        world.let_members_manage_keys(TEAM, true);
        issue(&mut world.sign_in("olga").await, "webapi", "Olga's").await;
        let mut mia = world.sign_in("mia").await;
        issue(&mut mia, "webapi", "Mia's").await;
        let (ended, _) = issue(&mut mia, "mobile", "Mia's old one").await;
        mia.revoke(&ended).await;
        let at_mias = at_the_page_of(&world, "mia").await;
        assert_eq!(at_mias.text("#own-keys").await, "You see and manage the keys that you made.");
        assert_eq!(names(&at_mias).await, ["Mia's old one", "Mia's"]);
        at_mias.click("#tab-active").await;
        at_mias.until("document.querySelectorAll('#rows tr').length === 1").await;
        assert_eq!(names(&at_mias).await, ["Mia's"]);
        assert!(!at_mias.document().await.contains("Olga's"));
        // Without the setting they see none.
        world.let_members_manage_keys(TEAM, false);
        assert_eq!(mia.get(LIST).await.status, 403);
    }
);

statement!(
    "soul-machines",
    async fn the_table_names_project_and_kind_of_each(world) {
        let mut person = world.sign_in("olga").await;
        let project = person.create_project("Museum guide").await;
        let filed = [("kind", "mobile"), ("name", "App"), ("permission", "sessions:start"), ("project", project.as_str())];
        person.create_key_of(&filed).await;
        issue(&mut person, "analytics", "Numbers").await;
        let olga = at_the_page_of(&world, "olga").await;
        let seen = async |css: &str| -> Vec<String> {
            olga.see(&format!("[...document.querySelectorAll({css:?})].filter(e => e.checkVisibility()).map(e => e.textContent.trim())")).await
        };
        assert_eq!(seen("#rows td.key-project").await, ["", "Museum guide"]);
        assert_eq!(seen("#rows td.key-kind").await, ["Analytics", "Mobile"]);
        let heads = seen("thead th").await;
        assert!(heads.contains(&"Kind".to_owned()) && heads.contains(&"Project".to_owned()), "{heads:?}");
        // On a phone, where there are no columns, each card says it.
        olga.resize(390).await;
        olga.until("innerWidth === 390").await;
        assert_eq!(seen("#rows .card-note").await, ["Analytics", "Mobile · Museum guide"]);
    }
);

statement!(
    "soul-machines",
    async fn owners_and_those_who_look_on_see_the_keys_of_all(world) {
        world.let_members_manage_keys(TEAM, true);
        issue(&mut world.sign_in("olga").await, "webapi", "Olga's").await;
        issue(&mut world.sign_in("mia").await, "mobile", "Mia's").await;
        issue(&mut world.sign_in("sam").await, "mobile", "Harbour's").await;
        for (who, sees) in [("olga", vec!["Mia's", "Olga's"]), ("adam", vec!["Mia's", "Olga's"]), ("vera", vec!["Mia's", "Olga's"]), ("mia", vec!["Mia's"]), ("sam", vec!["Harbour's"])] {
            let page = world.sign_in(who).await.get(&format!("{LIST}?sort=name")).await;
            assert_eq!((page.names(), page.tabs().remove(0)), (sees.iter().map(ToString::to_string).collect(), format!("All {}", sees.len())), "{who}");
        }
    }
);

statement!(
    "soul-machines",
    async fn the_table_sorts_by_kind_and_by_creation_both_ways(world) {
        let mut person = world.sign_in("olga").await;
        for (name, kind) in [("First", "mobile"), ("Second", "webapi"), ("Third", "analytics")] {
            issue(&mut person, kind, name).await;
            world.clock.advance(60);
        }
        let olga = at_the_page_of(&world, "olga").await;
        assert_eq!(names(&olga).await, ["Third", "Second", "First"], "the newest first");
        for (sort, direction, order) in [
            ("created", "ascending", ["First", "Second", "Third"]),
            ("created", "descending", ["Third", "Second", "First"]),
            ("kind", "ascending", ["Third", "First", "Second"]),
            ("kind", "descending", ["Second", "First", "Third"]),
        ] {
            olga.click(&format!("#sort-{sort}")).await;
            olga.until(&format!("document.querySelector('th.key-{sort}').ariaSort === '{direction}'")).await;
            assert_eq!(names(&olga).await, order, "{sort}, {direction}");
        }
        olga.expect_quiet_console().await;
    }
);

statement!(
    "soul-machines",
    async fn the_details_vary_with_the_kind(world) {
        let mut person = world.sign_in("olga").await;
        for (kind, name) in [("webapi", "Widget"), ("mobile", "App"), ("analytics", "Numbers")] {
            issue(&mut person, kind, name).await;
        }
        // Somebody who looks on, since owners see the same in the edit dialog.
        let vera = at_the_page_of(&world, "vera").await;
        let ends = ["Kind", "Permissions", "Expiration", "Created"];
        for (name, is_whole, facts) in [
            ("Widget", true, vec!["Name", "Status", "Trusted domains", "Speak a greeting", "Allow microphone", "Allow camera", "Show captions"]),
            ("App", true, vec!["Name", "Status", "Trusted domains", "Speak a greeting", "Allow microphone", "Play on in the background"]),
            ("Numbers", false, vec!["Name", "Status", "Key"]),
        ] {
            choose(&vera, name, "View details").await;
            vera.until_shown("#details-dialog").await;
            assert_eq!(vera.texts("#details-dialog .facts dt").await, [facts, ends.to_vec()].concat(), "{name}");
            assert_eq!(vera.is_shown("#details-dialog [data-secret]").await, is_whole, "{name}");
            vera.click_text("#details-dialog", "Close").await;
            vera.until_gone("dialog").await;
        }
        vera.expect_quiet_console().await;
    }
);

statement!(
    "soul-machines",
    async fn every_live_key_can_be_renamed_and_only_published_kinds_have_domains_and_toggles(world) {
        let mut person = world.sign_in("olga").await;
        for (kind, name) in [("webapi", "Widget"), ("mobile", "App"), ("analytics", "Numbers")] {
            issue(&mut person, kind, name).await;
        }
        let olga = at_the_page_of(&world, "olga").await;
        let address = "Restrict by address";
        for (name, fields) in [
            ("Widget", vec!["Key name", "Trusted domains", "Speak a greeting", "Allow microphone", "Allow camera", "Show captions", address]),
            ("App", vec!["Key name", "Trusted domains", "Speak a greeting", "Allow microphone", "Play on in the background", address]),
            ("Numbers", vec!["Key name", address]),
        ] {
            choose(&olga, name, "Edit").await;
            olga.until_shown("#edit-dialog").await;
            assert_eq!(shown_fields(&olga).await, fields, "{name}");
            olga.fill("#key-name", &format!("{name} 2")).await;
            olga.click_text("#edit-dialog", "Save").await;
            olga.until_gone("dialog").await;
        }
        assert_eq!(names(&olga).await, ["Numbers 2", "App 2", "Widget 2"]);
        olga.expect_quiet_console().await;
    }
);

statement!(
    "soul-machines",
    async fn a_key_is_revoked_while_it_works_and_deleted_once_it_does_not(world) {
        let mut person = world.sign_in("olga").await;
        for kind in ["webapi", "mobile", "analytics"] {
            let (id, key) = issue(&mut person, kind, kind).await;
            assert_eq!(person.delete(&id).await.status, 409, "{kind}: a key that works is not deleted");
            assert_eq!((person.revoke(&id).await.status, person.knock(&key).await), (303, 401), "{kind}");
            assert_eq!(person.get(LIST).await.names().len(), 1, "it stays in the table");
            assert_eq!(person.delete(&id).await.status, 303);
            assert!(person.get(LIST).await.names().is_empty());
        }
    }
);

statement!(
    "soul-machines",
    async fn a_key_that_is_no_secret_is_copied_from_its_menu(world) {
        let mut person = world.sign_in("olga").await;
        let (_, key) = issue(&mut person, "webapi", "Widget").await;
        let (numbers, _) = issue(&mut person, "analytics", "Numbers").await;
        for who in ["olga", "vera"] {
            let browser = Browser::open(&world).await;
            let rights = json!({ "origin": world.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
            browser.tell("Browser.grantPermissions", rights).await;
            browser.sign_in(who).await;
            choose(&browser, "Widget", "Copy key").await;
            browser.until("document.querySelector('#notice').textContent === '“Widget” copied.'").await;
            assert_eq!(browser.later::<String>("navigator.clipboard.readText()").await, key, "{who}");
            assert!(!browser.is_there("dialog").await && browser.path().await == LIST, "{who} is led nowhere");
            // In the dialog where the key stands, too.
            choose(&browser, "Widget", if who == "olga" { "Edit" } else { "View details" }).await;
            let _: bool = browser.later("navigator.clipboard.writeText('other').then(() => true)").await;
            browser.click("dialog [data-copy=key]").await;
            browser.until("document.querySelector('[data-copied-text]').textContent === 'Copied.'").await;
            assert_eq!(browser.later::<String>("navigator.clipboard.readText()").await, key, "{who}");
            browser.press(thirtyfour::prelude::Key::Escape).await;
            browser.until_gone("dialog").await;
            assert!(!browser.is_there(&format!("#menu-{numbers} [data-copies]")).await, "a secret is not copied");
            browser.expect_quiet_console().await;
        }
    }
);

statement!(
    "soul-machines",
    async fn an_analytics_key_is_seen_once(world) {
        let olga = at_the_page_of(&world, "olga").await;
        olga.click("#new-key").await;
        olga.until_shown("#create-dialog").await;
        olga.fill("#key-name", "Numbers").await;
        olga.click("[name=kind][value=analytics]").await;
        olga.click("[value='usage:read']").await;
        olga.click_text("#create-dialog", "Create Key").await;
        let secret = revealed(&olga).await;
        assert!(olga.text("#reveal-dialog .callout").await.contains("You will not be able to view the full key again"));
        olga.click_text("#reveal-dialog", "I've saved it").await;
        olga.until_gone("dialog").await;
        let body = &secret[16..36];
        let id = id_of(&olga, "Numbers").await;
        for path in [LIST.to_owned(), format!("{LIST}/keys/{id}"), format!("{LIST}/keys/{id}/edit")] {
            assert!(!olga.document().await.contains(body), "before {path}");
            olga.visit(&path).await;
            assert!(!olga.document().await.contains(body) && !olga.is_there("[data-secret]").await, "{path}");
        }
        world.assert_not_stored(&secret);
        assert_eq!(use_key(&world, &secret).await, 200);
    }
);

statement!(
    "soul-machines",
    async fn who_lost_an_analytics_key_is_told_to_make_a_new_one(world) {
        let mut olga = world.sign_in("olga").await;
        let (lost, old) = issue(&mut olga, "analytics", "Numbers").await;
        let (web, _) = issue(&mut olga, "webapi", "Widget").await;
        let help = "Lost the key? It can't be shown again: create a new one, then revoke this one.";
        assert!(olga.get(&url(address::EDIT, &lost)).await.text().contains(help));
        assert!(!olga.get(&url(address::EDIT, &web)).await.text().contains("Lost the key?"), "that one stands there");
        let (_, new) = issue(&mut olga, "analytics", "Numbers").await;
        olga.revoke(&lost).await;
        assert_eq!((olga.knock(&old).await, olga.knock(&new).await), (401, 200));
    }
);

statement!(
    "soul-machines",
    async fn it_is_said_where_it_matters_when_to_revoke_a_key(world) {
        let docs = world.visitor().get("/docs/api").await.text();
        // Compromised, not in use any more, lost.
        assert!(docs.contains("Put it out of use") && docs.contains("when it turned up where it should not be"), "{docs}");
        assert!(docs.contains("When an application goes, its key goes on the same day."));
        // What holds for secrets alone is not said of keys that anyone can read.
        for kind in ["WebAPI: pk_web_ , 39 characters", "Mobile: pk_mobile_ , 42 characters"] {
            assert!(docs.contains(kind), "{kind}: {docs}");
        }
        assert!(docs.contains("WebAPI, Mobile: these keys are no secret and may stand in web pages and apps."), "{docs}");
        assert!(docs.contains("Whoever holds a secret key can do it too") && docs.contains("Keep secret keys in"), "{docs}");
        assert!(docs.contains("A key that is no secret cannot revoke itself: the answer is 403 ."), "{docs}");
        let mut olga = world.sign_in("olga").await;
        let (id, _) = issue(&mut olga, "analytics", "Numbers").await;
        assert!(olga.get(&url(address::EDIT, &id)).await.text().contains("create a new one, then revoke this one."));
    }
);

statement!(
    "soul-machines",
    async fn what_uses_a_revoked_key_is_refused_from_then_on(world) {
        let mut olga = world.sign_in("olga").await;
        for kind in ["webapi", "mobile", "analytics"] {
            let (id, key) = issue(&mut olga, kind, kind).await;
            let dialog = olga.get(&url(address::REVOCATION, &id)).await;
            assert!(dialog.texts("#revoke-what")[0].contains("loses access immediately"), "{}", dialog.text());
            assert_eq!(olga.knock(&key).await, 200);
            olga.revoke(&id).await;
            for _ in 0..3 {
                assert_eq!(olga.knock(&key).await, 401, "{kind}");
            }
        }
    }
);

statement!(
    "soul-machines",
    async fn a_revoked_key_does_not_come_back(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, key) = issue(&mut olga, "webapi", "Widget").await;
        olga.revoke(&id).await;
        let revoked = world.key_row(&id).unwrap();
        assert_eq!(olga.edit(&id, &[("name", "Widget"), ("domain", "app.example.com")]).await.status, 409);
        assert_eq!(olga.revoke(&id).await.status, 303);
        assert_eq!(olga.get(LIST).await.texts(&format!("#menu-{id} a")), ["View details", "Delete"]);
        assert_eq!(world.key_row(&id).unwrap(), revoked);
        olga.delete(&id).await;
        assert_eq!(olga.knock(&key).await, 401);
    }
);

statement!(
    "soul-machines",
    async fn a_new_key_takes_the_place_of_a_revoked_one(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, old) = issue(&mut olga, "mobile", "App").await;
        olga.revoke(&id).await;
        let (_, new) = issue(&mut olga, "mobile", "App").await;
        assert!(old != new && olga.knock(&new).await == 200);
        assert_eq!(olga.get(LIST).await.texts("tr.key .badge"), ["Active", "Revoked"]);
    }
);

statement!(
    "soul-machines",
    async fn revoking_takes_a_choice_in_the_row_and_a_confirmation(world) {
        let (_, key) = issue(&mut world.sign_in("olga").await, "webapi", "Widget").await;
        let olga = at_the_page_of(&world, "olga").await;
        choose(&olga, "Widget", "Revoke").await;
        olga.until_shown("#revoke-dialog").await;
        assert_eq!(olga.texts("#revoke-dialog .acts > *").await, ["Keep key", "Revoke Key"]);
        olga.click_text("#revoke-dialog", "Keep key").await;
        olga.until_gone("dialog").await;
        assert_eq!(use_key(&world, &key).await, 200);
        choose(&olga, "Widget", "Revoke").await;
        olga.click_text("#revoke-dialog", "Revoke Key").await;
        olga.until_gone("dialog").await;
        assert_eq!((use_key(&world, &key).await, olga.texts("#rows .badge").await), (401, vec!["Revoked".to_owned()]));
        // What was there to be copied is gone with it.
        assert!(!olga.is_there("[data-copies]").await);
        olga.expect_quiet_console().await;
    }
);

statement!(
    "soul-machines",
    async fn trusted_domains_are_added_and_edited_while_the_key_stays_the_same(world) {
        let (id, key) = issue(&mut world.sign_in("olga").await, "webapi", "Widget").await;
        let before = world.key_row(&id).unwrap();
        let olga = at_the_page_of(&world, "olga").await;
        for (typed, kept, shown) in [
            ("https://museum.example/\n", "museum.example", "museum.example"),
            ("museum.example\n*.museum.example\nlocalhost:3000", "museum.example\n*.museum.example\nlocalhost:3000", "museum.example and 2 more"),
        ] {
            choose(&olga, "Widget", "Edit").await;
            olga.until_shown("#domains").await;
            olga.fill("#domains", typed).await;
            olga.click_text("#edit-dialog", "Save").await;
            olga.until_gone("dialog").await;
            assert_eq!(olga.text(&format!("#row-{id} .key-domains")).await, shown);
            let after = world.key_row(&id).unwrap();
            assert_eq!((after.domains.as_str(), &after.digest, &after.published), (kept, &before.digest, &before.published));
            assert_eq!(olga.attribute(&format!("#menu-{id} [data-copies]"), "data-copies").await.as_deref(), Some(key.as_str()));
        }
        // A line that is no domain is told beside the field, and what was typed stands there.
        choose(&olga, "Widget", "Edit").await;
        olga.until_shown("#domains").await;
        assert_eq!(olga.value("#domains").await, "museum.example\n*.museum.example\nlocalhost:3000");
        olga.fill("#domains", "http://museum.example").await;
        olga.click_text("#edit-dialog", "Save").await;
        olga.until_shown("#domains-error").await;
        assert_eq!(olga.text("#domains-error").await, "“http://museum.example” is not https. Only localhost, 127.0.0.1 and [::1] may be http.");
        assert_eq!((olga.focus().await, olga.value("#domains").await), ("domains".into(), "http://museum.example".into()));
        assert_eq!(use_key(&world, &key).await, 200);
        olga.expect_quiet_console().await;
    }
);

statement!(
    "soul-machines",
    async fn the_edit_dialog_has_the_name_the_toggles_and_the_domains(world) {
        let (id, key) = issue(&mut world.sign_in("olga").await, "webapi", "Widget").await;
        let olga = at_the_page_of(&world, "olga").await;
        choose(&olga, "Widget", "Edit").await;
        olga.until_shown("#edit-dialog").await;
        assert_eq!(olga.text("#edit-title").await, "Edit API key");
        olga.fill("#key-name", "Museum").await;
        olga.click("[name='toggle.webapi.greeting'][value=off]").await;
        olga.click("[name='toggle.webapi.captions'][value=on]").await;
        olga.fill("#domains", "museum.example").await;
        olga.click_text("#edit-dialog", "Save").await;
        olga.until_gone("dialog").await;
        let row = world.key_row(&id).unwrap();
        let toggles = "camera=off captions=on greeting=off microphone=on";
        assert_eq!((row.name.as_str(), row.domains.as_str(), row.toggles.as_str()), ("Museum", "museum.example", toggles));
        assert_eq!(world.history(&id), ["key_created: Widget", "key_renamed: Widget → Museum", "key_bounded: Museum: domains, toggles"]);
        // Opened again, it stands as it was saved.
        choose(&olga, "Museum", "Edit").await;
        olga.until_shown("#edit-dialog").await;
        let set = "[...document.querySelectorAll('#edit-dialog [name^=\"toggle.\"]:checked')].map(e => `${e.name}=${e.value}`)";
        let set: Vec<String> = olga.see(set).await;
        assert_eq!(set, ["toggle.webapi.greeting=off", "toggle.webapi.microphone=on", "toggle.webapi.camera=off", "toggle.webapi.captions=on"]);
        assert_eq!((olga.value("#domains").await.as_str(), olga.text("#edit-dialog [data-secret]").await), ("museum.example", key));
        olga.expect_quiet_console().await;
    }
);
