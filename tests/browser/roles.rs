//! Those who look on, and those who may not.

use super::{LIST, id_of, issue, names, use_key};
use crate::both_engines;
use crate::world::Browser;

/// Posts a form from the page itself, with the page's own token; answers the status.
async fn post(at: &Browser, path: &str, fields: &str) -> u16 {
    at.later(&format!(
        "(() => {{ const body = new URLSearchParams({fields:?});
           for (const name of ['token', 'team']) body.set(name, document.querySelector(`.person [name=${{name}}]`).value);
           return fetch({path:?}, {{ method: 'POST', body, redirect: 'manual' }}).then(a => a.status); }})()"
    ))
    .await
}

both_engines!(
    async fn admins_and_viewers_see_everything_and_can_change_nothing(world) {
        let mut olga = world.sign_in("olga").await;
        let secret = issue(&mut olga, "Payroll export", "leaves:read").await;
        let browser = Browser::open(&world).await;
        for who in ["adam", "vera"] {
            browser.forget().await;
            browser.sign_in(who).await;
            assert_eq!(names(&browser).await, ["Payroll export"]);
            assert_eq!(browser.text("#read-only").await, "Only owners can manage keys.");
            let id = id_of(&browser, "Payroll export").await;
            browser.click(&format!("#more-{id}")).await;
            assert_eq!(browser.texts(&format!("#menu-{id} a")).await, ["View details"]);
            let words: Vec<String> = browser.texts("a, button").await;
            for word in ["+ API key", "Create the first key", "Edit", "Revoke", "Delete", "Save"] {
                assert!(!words.iter().any(|shown| shown == word), "{who} is offered {word}");
            }
            browser.click_text(&format!("#menu-{id}"), "View details").await;
            browser.until_shown("#details-dialog").await;
            assert!(browser.text("#details-dialog").await.contains("Only owners can manage keys."));
            assert!(!browser.is_there("#dialogs form").await, "{who} is shown a form");
            assert_eq!(browser.texts("#details-dialog .sheet-foot :is(a, button)").await, ["Close"]);
            browser.click_text("#details-dialog", "Close").await;
            browser.until_gone("dialog").await;
            browser.click("#rows .key-preview").await;
            browser.until_shown("#details-dialog").await;
            browser.click_text("#details-dialog", "Close").await;
            browser.until_gone("dialog").await;
            browser.press("n").await;
            let create = "name=Mine&permission=shifts:read&expiration=never&kind=secret&nonce=";
            let keys = format!("{LIST}/keys");
            assert_eq!(post(&browser, &keys, create).await, 403);
            assert_eq!(post(&browser, &format!("{keys}/{id}/edit"), "name=Mine").await, 403);
            assert_eq!(post(&browser, &format!("{keys}/{id}/revocation"), "").await, 403);
            assert_eq!(post(&browser, &format!("{keys}/{id}/deletion"), "").await, 403);
            for page in ["new".to_owned(), format!("{id}/edit"), format!("{id}/revocation"), format!("{id}/deletion")] {
                browser.visit(&format!("{keys}/{page}")).await;
                assert!(browser.text("main").await.contains("Only owners can manage keys."), "{who}, {page}");
                assert!(!browser.is_there("main form").await);
            }
            browser.visit(LIST).await;
            assert_eq!(names(&browser).await, ["Payroll export"]);
            assert_eq!(use_key(&world, &secret).await, 200);
            browser.expect_quiet_console().await;
        }
    }
);

both_engines!(
    async fn a_member_is_told_who_can_help_and_a_stranger_sees_nothing(world) {
        issue(&mut world.sign_in("olga").await, "Payroll export", "leaves:read").await;
        let browser = Browser::open(&world).await;
        browser.sign_in("olga").await;
        let id = id_of(&browser, "Payroll export").await;

        browser.forget().await;
        browser.sign_in("mia").await;
        assert_eq!(browser.text("#no-access-title").await, "Your role has no access to this page");
        assert_eq!(browser.texts(".people li").await, ["Olga Berg"]);
        assert!(!browser.document().await.contains("Payroll"));
        assert_eq!(browser.texts(".nav a").await, ["Security"], "only what works for a member");

        browser.forget().await;
        browser.sign_in("sam").await;
        assert_eq!(browser.text("#empty h2").await, "No API keys yet");
        assert_eq!(browser.text(".brand-name").await, "Harbour");
        for page in ["", "/edit", "/revocation", "/deletion"] {
            browser.visit(&format!("{LIST}/keys/{id}{page}")).await;
            assert_eq!(browser.text("h1").await, "There is nothing here");
            assert!(!browser.document().await.contains("Payroll"));
        }
        browser.visit(&format!("{LIST}?q=Payroll")).await;
        assert!(names(&browser).await.is_empty());
    }
);
