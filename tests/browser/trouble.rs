//! What goes wrong on the way: nothing typed is lost, nothing is done twice.

use serde_json::json;
use thirtyfour::prelude::Key;

use super::{LIST, create, issue, names, revealed};
use crate::both_engines;
use crate::world::{Browser, PASSWORD, cast};

/// A network on which every answer takes so long.
async fn slow_down(at: &Browser, latency_ms: u32) {
    let conditions =
        json!({ "offline": false, "latency": latency_ms, "downloadThroughput": -1, "uploadThroughput": -1 });
    at.tell("Network.emulateNetworkConditions", conditions).await;
}

both_engines!(
    async fn a_double_click_on_create_makes_one_key(world) {
        let olga = Browser::open(&world).await;
        olga.sign_in("olga").await;
        for (n, is_dialog) in [(1, true), (2, false)] {
            if is_dialog { olga.click("#new-key").await } else { olga.visit(&format!("{LIST}/keys/new")).await }
            olga.fill("#key-name", "Once").await;
            olga.click("[value='shifts:read']").await;
            // A plain form may be sent once; Chromium would hide most second times from the server.
            let count = "addEventListener('submit', e => { sessionStorage.sent = Number(sessionStorage.sent ?? 0) + !e.defaultPrevented; })";
            let _: serde_json::Value = olga.see(&format!("({count}, null)")).await;
            slow_down(&olga, 200).await;
            let button = olga.find("#create-sheet .submit").await;
            olga.driver.action_chain().double_click_element(&button).perform().await.unwrap();
            revealed(&olga).await;
            slow_down(&olga, 0).await;
            let sent: usize = if is_dialog {
                let posts = "e => e.initiatorType === 'fetch' && e.name.endsWith('/settings/developers/keys')";
                olga.see(&format!("performance.getEntriesByType('resource').filter({posts}).length")).await
            } else {
                olga.see("Number(sessionStorage.sent)").await
            };
            assert_eq!(sent, 1, "how often the form was sent");
            olga.click_text("#reveal-sheet", "I've saved it").await;
            olga.until_gone("[data-reveal]").await;
            olga.visit(LIST).await;
            assert_eq!(names(&olga).await.len(), n);
        }
    }
);

both_engines!(
    async fn a_lost_connection_is_told_and_nothing_typed_is_lost(world) {
        let olga = Browser::open(&world).await;
        olga.sign_in("olga").await;
        olga.click("#new-key").await;
        olga.fill("#key-name", "Typed with care").await;
        olga.click("[value='users:read']").await;
        olga.tell("Network.setBlockedURLs", json!({ "urls": ["*/settings/developers/keys*"] })).await;
        olga.click_text("#create-dialog", "Create Key").await;
        olga.until_shown("#create-dialog .trouble .callout").await;
        let told = olga.text(".trouble").await;
        assert_eq!(told, "The connection was lost before an answer came. Nothing you typed is lost: try again.");
        assert_eq!(olga.value("#key-name").await, "Typed with care");
        assert!(olga.see::<bool>("document.querySelector('[value=\"users:read\"]').checked").await);
        olga.tell("Network.setBlockedURLs", json!({ "urls": [] })).await;
        olga.click_text("#create-dialog", "Create Key").await;
        revealed(&olga).await;
        assert_eq!(names(&olga).await, ["Typed with care"]);
    }
);

both_engines!(
    async fn a_server_that_is_gone_is_told(world) {
        let mut world = world;
        let olga = Browser::open(&world).await;
        issue(&mut world.sign_in("olga").await, "Doomed", "shifts:read").await;
        olga.sign_in("olga").await;
        olga.click("#rows .key-name a").await;
        olga.fill("#key-name", "Never saved").await;
        world.stop();
        olga.click_text("#edit-dialog", "Save").await;
        olga.until_shown("#edit-dialog .trouble .callout").await;
        assert_eq!(olga.value("#key-name").await, "Never saved");
        olga.press(Key::Escape).await;
        olga.until_gone("dialog").await;
        // Without a form to tell it in, it is told at the foot; the list stays.
        olga.fill("#q", "x").await;
        olga.until("document.querySelector('#notice').textContent.includes('Try again.')").await;
        assert_eq!((names(&olga).await, olga.path().await), (vec!["Doomed".to_owned()], LIST.to_owned()));
    }
);

both_engines!(
    async fn a_session_that_ends_behind_a_dialog_costs_nothing_typed(world) {
        let olga = Browser::open(&world).await;
        olga.sign_in("olga").await;
        olga.click("#new-key").await;
        olga.fill("#key-name", "Typed before lunch").await;
        olga.click("[value='users:read']").await;
        world.clock.advance(9 * 3_600);
        olga.click_text("#create-dialog", "Create Key").await;
        olga.until_shown(".trouble [data-signed-out]").await;
        assert_eq!(olga.value("#key-name").await, "Typed before lunch");

        let page = olga.driver.window().await.unwrap();
        olga.click_text(".trouble", "Sign in in a new tab").await;
        olga.until_windows(2).await;
        let tab = olga.driver.windows().await.unwrap().into_iter().find(|window| *window != page).unwrap();
        olga.driver.switch_to_window(tab).await.unwrap();
        olga.fill("#email", &cast::email("olga")).await;
        olga.fill("#password", PASSWORD).await;
        olga.click_text("form", "Sign in").await;
        olga.until_shown("h1").await;
        olga.until("location.pathname === '/settings/developers'").await;
        olga.driver.close_window().await.unwrap();
        olga.driver.switch_to_window(page).await.unwrap();

        olga.click_text("#create-dialog", "Create Key").await;
        revealed(&olga).await;
        assert_eq!(names(&olga).await, ["Typed before lunch"]);
        // The rest of the page took the new session's token too.
        olga.click_text("#reveal-dialog", "I've saved it").await;
        olga.until_gone("dialog").await;
        olga.click(".person button").await;
        olga.until("location.pathname === '/login'").await;
    }
);

both_engines!(
    async fn a_session_that_ends_behind_the_list_leaves_it_standing(world) {
        let olga = Browser::open(&world).await;
        issue(&mut world.sign_in("olga").await, "Payroll export", "leaves:read").await;
        olga.sign_in("olga").await;
        world.clock.advance(9 * 3_600);
        olga.fill("#q", "pay").await;
        olga.until_shown("#fault-dialog").await;
        assert!(olga.is_shown("#fault-dialog a[target='_blank']").await, "sign-in is offered in a new tab");
        assert_eq!((names(&olga).await, olga.path().await), (vec!["Payroll export".to_owned()], LIST.to_owned()));
        olga.press(Key::Escape).await;
        olga.until_gone("dialog").await;
        assert_eq!((olga.focus().await, olga.value("#q").await), ("q".into(), "pay".into()));
    }
);

both_engines!(
    async fn what_another_browser_did_meanwhile_is_told_in_the_dialog(world) {
        let olga = Browser::open(&world).await;
        issue(&mut world.sign_in("olga").await, "Contested", "shifts:read").await;
        olga.sign_in("olga").await;
        olga.click("#rows .key-name a").await;
        olga.fill("#key-name", "Too late").await;
        let mut elsewhere = world.sign_in("olga").await;
        let revoke = elsewhere.get(LIST).await.attributes("#rows [data-tone=bad]", "href").remove(0);
        let form = elsewhere.get(&revoke).await.form(&revoke);
        assert_eq!(elsewhere.submit(&form).await.status, 303);
        olga.click_text("#edit-dialog", "Save").await;
        olga.until_shown("#edit-dialog .trouble [data-status='409']").await;
        assert_eq!(olga.value("#key-name").await, "Too late");
        olga.click(".trouble a").await;
        olga.until("document.querySelector('#rows .badge')?.textContent === 'Revoked'").await;
        assert_eq!(names(&olga).await, ["Contested"]);
    }
);

both_engines!(
    async fn a_form_that_was_sent_before_offers_to_replace_the_key_whose_secret_was_missed(world) {
        let olga = Browser::open(&world).await;
        olga.sign_in("olga").await;
        // The answer of the first attempt is lost on the way: the key is made, its secret never seen.
        olga.click("#new-key").await;
        olga.until_shown("#create-dialog").await;
        let _: serde_json::Value = olga
            .later(
                "(() => { const form = document.querySelector('#create-dialog form');
                   form.querySelector('#key-name').value = 'Missed';
                   form.querySelector('[value=\"shifts:read\"]').checked = true;
                   return fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) }).then(a => a.status); })()",
            )
            .await;
        olga.click_text("#create-dialog", "Create Key").await;
        olga.until_shown("#create-dialog [name=replaces] ~ .sheet-body").await;
        assert!(olga.text("#create-dialog .sheet-body").await.contains("Missed"));
        olga.click_text("#create-dialog", "Revoke it and create it again").await;
        revealed(&olga).await;
        olga.visit(LIST).await;
        assert_eq!(names(&olga).await, ["Missed", "Missed"]);
        let mut badges = olga.texts("#rows .badge").await;
        badges.sort();
        assert_eq!(badges, ["Active", "Revoked"]);
        // And the dialog for a new key is a new form again.
        olga.click("#new-key").await;
        create(&olga, "Another", &["users:read"]).await;
    }
);
