//! The whole life of a key, at Olga's browser.

use serde_json::json;
use thirtyfour::prelude::Key;

use super::{LIST, choose, create, id_of, issue, names, revealed, use_key};
use crate::both_engines;
use crate::world::{Browser, PASSWORD, cast};

both_engines!(
    async fn a_key_is_made_seen_once_used_found_renamed_revoked_refused_and_deleted(world) {
        let olga = Browser::open(&world).await;
        olga.visit("/").await;
        assert_eq!(olga.path().await, "/login");
        olga.fill("#email", &cast::email("olga")).await;
        olga.fill("#password", PASSWORD).await;
        olga.click_text("form", "Sign in").await;
        olga.until_shown("#empty h2").await;
        assert_eq!(olga.path().await, LIST);
        assert_eq!(olga.text("#empty h2").await, "No API keys yet");
        assert_eq!(olga.text("#tab-all").await, "All 0");

        // Made.
        olga.click_text("#empty", "Create the first key").await;
        olga.until_shown("#create-dialog").await;
        assert_eq!((olga.focus().await.as_str(), olga.path().await.as_str()), ("key-name", LIST));
        let secret = create(&olga, "HR sync – production", &["shifts:read", "users:read"]).await;
        assert_eq!(olga.path().await, LIST);
        assert!(secret.starts_with("sk_live_") && secret.len() == 40);
        assert!(!olga.is_there("#create-dialog").await, "the form's dialog gave way to the key's");
        assert_eq!(names(&olga).await, ["HR sync – production"], "the row stands behind the dialog already");
        assert_eq!((olga.text("#tab-all").await, olga.text("#count").await), ("All 1".into(), "1 key".into()));
        assert!(!olga.is_there("#empty h2").await);

        // Used.
        assert_eq!(use_key(&world, &secret).await, 200);

        // Seen once.
        olga.click_text("#reveal-dialog", "I've saved it").await;
        olga.until_gone("dialog").await;
        assert_eq!(olga.focus().await, "Developers", "what opened the dialog is gone with the empty list");
        assert!(!olga.document().await.contains(&secret[..20]), "the key is still in the document");
        olga.driver.refresh().await.unwrap();
        assert!(!olga.document().await.contains(&secret[..20]));
        olga.visit("/docs/api").await;
        olga.driver.back().await.unwrap();
        olga.until_shown("#rows tr").await;
        assert!(!olga.document().await.contains(&secret[..20]), "Back brings the key back");

        // Found and sorted, among others.
        let mut elsewhere = world.sign_in("olga").await;
        issue(&mut elsewhere, "Payroll export", "leaves:read").await;
        issue(&mut elsewhere, "Calendar sync", "shifts:read").await;
        olga.fill("#q", "SYNC").await;
        olga.until("document.querySelectorAll('#rows tr').length === 2").await;
        assert_eq!(olga.path().await, format!("{LIST}?q=SYNC"));
        assert_eq!(olga.text("#count").await, "2 keys match “SYNC”");
        assert_eq!(olga.focus().await, "q", "one can go on typing");
        olga.click("#sort-name").await;
        olga.until("document.querySelector('th.key-name').ariaSort === 'ascending'").await;
        assert_eq!(names(&olga).await, ["Calendar sync", "HR sync – production"]);
        olga.click("#sort-name").await;
        olga.until("document.querySelector('th.key-name').ariaSort === 'descending'").await;
        assert_eq!(names(&olga).await, ["HR sync – production", "Calendar sync"]);
        let here = olga.path().await;
        assert!(here.contains("q=SYNC") && here.contains("sort=name") && here.contains("dir=desc"), "{here}");

        // Renamed, in place: the other row is the same element as before.
        let id = id_of(&olga, "HR sync – production").await;
        let _: bool = olga.see("(document.querySelector('#rows tr:last-child').kept = true)").await;
        olga.click(&format!("#name-{id}")).await;
        olga.until_shown("#edit-dialog").await;
        assert_eq!(olga.value("#key-name").await, "HR sync – production");
        olga.fill("#key-name", "HR sync").await;
        olga.click_text("#edit-dialog", "Save").await;
        olga.until_gone("dialog").await;
        assert_eq!(names(&olga).await, ["HR sync", "Calendar sync"]);
        assert_eq!(olga.text("#notice").await, "“HR sync” saved.");
        assert_eq!(olga.focus().await, format!("name-{id}"));
        assert!(olga.see::<bool>("document.querySelector('#rows tr:last-child').kept").await, "the whole list moved");
        assert_eq!((olga.path().await, olga.value("#q").await), (here.clone(), "SYNC".into()));
        assert_eq!(use_key(&world, &secret).await, 200, "a key goes on working under another name");

        // Revoked, and refused at once.
        choose(&olga, "HR sync", "Revoke").await;
        olga.until_shown("#revoke-dialog").await;
        assert_eq!(olga.text("#revoke-title").await, "Revoke “HR sync”?");
        assert!(olga.text("#revoke-what").await.contains(&secret[secret.len() - 4..]), "its preview is shown");
        assert_eq!(olga.focus().await, "Keep key", "the safe button has the focus");
        olga.press(Key::Escape).await;
        olga.until_gone("dialog").await;
        assert_eq!(olga.focus().await, format!("more-{id}"));
        assert_eq!(use_key(&world, &secret).await, 200);
        choose(&olga, "HR sync", "Revoke").await;
        olga.click_text("#revoke-dialog", "Revoke Key").await;
        olga.until_gone("dialog").await;
        assert_eq!(use_key(&world, &secret).await, 401);
        assert_eq!(olga.text(&format!("#row-{id} .badge")).await, "Revoked");
        assert_eq!((olga.text("#tab-active").await, olga.text("#tab-revoked").await), ("Active 1".into(), "Revoked 1".into()));
        assert_eq!(olga.text("#notice").await, "“HR sync” revoked. It stopped working at once.");
        assert_eq!(olga.path().await, here);

        // Looked at, and deleted.
        olga.click(&format!("#name-{id}")).await;
        olga.until_shown("#details-dialog").await;
        let facts = olga.text("#details-dialog .facts").await;
        assert!(facts.contains("RevokedToday by Olga Berg") && facts.contains("CreatedToday by Olga Berg"), "{facts}");
        olga.click_text("#details-dialog", "Delete Key").await;
        olga.until_shown("#delete-dialog").await;
        assert_eq!((olga.text("#delete-title").await, olga.focus().await), ("Delete “HR sync”?".into(), "Keep key".into()));
        olga.click_text("#delete-dialog", "Delete Key").await;
        olga.until_gone("dialog").await;
        assert_eq!(names(&olga).await, ["Calendar sync"]);
        assert_eq!((olga.text("#tab-all").await, olga.text("#count").await), ("All 1".into(), "1 key matches “SYNC”".into()));
        assert_eq!(olga.text("#notice").await, "“HR sync” deleted.");
        assert_eq!(use_key(&world, &secret).await, 401);
        olga.driver.refresh().await.unwrap();
        assert_eq!(names(&olga).await, ["Calendar sync"]);
        olga.expect_quiet_console().await;
    }
);

both_engines!(
    async fn mistakes_stand_beside_their_field_and_what_was_typed_stays(world) {
        let olga = Browser::open(&world).await;
        olga.sign_in("olga").await;
        olga.click("#new-key").await;
        olga.until_shown("#create-dialog").await;
        let long = "x".repeat(61);
        olga.fill("#key-name", &long).await;
        assert_eq!(olga.text("#key-name-count").await, "61 / 60 characters");
        olga.click("[value='30d']").await;
        olga.click_text("#create-dialog", "Create Key").await;
        olga.until_shown("#key-name-error").await;
        assert!(olga.is_shown("#create-dialog").await);
        assert_eq!(olga.focus().await, "key-name", "the first mistake has the focus");
        assert_eq!(olga.value("#key-name").await, long);
        assert!(olga.is_shown("#permissions-error").await);
        assert!(olga.see::<bool>("document.querySelector('[value=\"30d\"]').checked").await);

        // Custom without a day, then with one that is past.
        olga.fill("#key-name", "Night job").await;
        olga.click("[value='leaves:read']").await;
        assert!(!olga.is_there(".error").await, "what was mended is still called wrong");
        olga.click("[value='custom']").await;
        olga.click_text("#create-dialog", "Create Key").await;
        olga.until_shown("#expiration-error").await;
        assert_eq!(olga.texts(".error").await.len(), 1);
        olga.set("#expires-on", "2026-11-20").await;
        olga.click_text("#create-dialog", "Create Key").await;
        olga.until_shown("#expiration-error").await;
        assert_eq!(olga.value("#expires-on").await, "2026-11-20");
        assert_eq!(olga.value("#key-name").await, "Night job");
        olga.set("#expires-on", "2026-12-31").await;
        olga.click_text("#create-dialog", "Create Key").await;
        revealed(&olga).await;
        assert!(olga.text("#reveal-dialog .facts").await.contains("31 December 2026"));
        olga.click_text("#reveal-dialog", "I've saved it").await;
        olga.until_gone("dialog").await;
        assert_eq!(names(&olga).await, ["Night job"], "of all these forms one made a key");

        // Renaming to nothing.
        olga.click("#rows .key-name a").await;
        olga.fill("#edit-dialog #key-name", " ").await;
        olga.click_text("#edit-dialog", "Save").await;
        olga.until_shown("#edit-dialog #key-name-error").await;
        assert_eq!(names(&olga).await, ["Night job"]);
        olga.expect_quiet_console().await;
    }
);

both_engines!(
    async fn the_form_says_back_what_is_typed_and_chosen(world) {
        let olga = Browser::open(&world).await;
        olga.sign_in("olga").await;
        olga.click("#new-key").await;
        olga.until_shown("#create-dialog").await;
        let sentence = || olga.text("#permissions-sentence");

        // Characters are counted as the server counts them: composed, and without blanks around.
        olga.set("#key-name", " e\u{301}👩‍👧 ").await;
        assert_eq!(olga.text("[data-counted]").await, "4");
        assert_eq!(sentence().await, "Nothing is chosen yet.");
        olga.click("[value='shifts:read']").await;
        assert_eq!(sentence().await, "Can read Shifts. Cannot change anything.");
        olga.click("[value='users:read']").await;
        assert_eq!(sentence().await, "Can read Shifts and Users. Cannot change anything.");
        olga.click("[value='shifts:write']").await;
        assert_eq!(sentence().await, "Can read and write Shifts. Can read Users.");
        olga.click("[value='shifts:read']").await;
        olga.click("[value='users:read']").await;
        assert_eq!(sentence().await, "Can write Shifts. Cannot read anything.");

        // Of the outcomes only that of the choice can be seen.
        let outcome = "[...document.querySelectorAll('#expiration-outcome p')].filter(p => p.checkVisibility()).map(p => p.textContent)";
        let dates = [("3m", "21 February 2027"), ("7d", "28 November 2026"), ("30d", "21 December 2026"), ("1y", "21 November 2027")];
        for (choice, date) in dates {
            if choice != "3m" {
                olga.click(&format!("[value='{choice}']")).await;
            }
            assert_eq!(olga.see::<Vec<String>>(outcome).await, [format!("Expires on {date}.")]);
        }
        assert!(!olga.is_shown("#expires-on").await);
        olga.click("[value='custom']").await;
        assert!(olga.is_shown("#expires-on").await);
        olga.click("[value='never']").await;
        assert!(olga.is_shown(".callout[data-for='never']").await);
    }
);

both_engines!(
    async fn the_key_is_copied_in_every_form_with_and_without_the_clipboard_api(world) {
        let olga = Browser::open(&world).await;
        let rights = json!({ "origin": world.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        olga.tell("Browser.grantPermissions", rights).await;
        olga.sign_in("olga").await;
        olga.click("#new-key").await;
        let secret = create(&olga, "Copied", &["shifts:read"]).await;
        let clipboard = || olga.later::<String>("navigator.clipboard.readText()");

        for is_missing in [false, true] {
            if is_missing {
                let hide = "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })";
                let _: serde_json::Value = olga.see(&format!("({hide}, null)")).await;
            }
            let bearer = format!("Authorization: Bearer {secret}");
            let curl = format!("curl -H \"{bearer}\" {}/v1/keys/self", world.url);
            let wanted = [
                ("header", bearer, "Copied as Authorization header."),
                ("env", format!("SOON_API_KEY={secret}"), "Copied as .env line."),
                ("curl", curl, "Copied as curl."),
                ("key", secret.clone(), "Copied."),
            ];
            for (form, text, said) in wanted {
                olga.click(&format!("[data-copy='{form}']")).await;
                olga.until(&format!("document.querySelector('[data-copied-text]').textContent === {said:?}")).await;
                if is_missing {
                    let _: bool = olga.see("delete navigator.clipboard").await;
                }
                assert_eq!(clipboard().await, text);
                if is_missing {
                    let hide = "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })";
                    let _: serde_json::Value = olga.see(&format!("({hide}, null)")).await;
                }
            }
        }
        assert_eq!(olga.attribute("[data-copied-text]", "role").await.as_deref(), Some("status"));
        olga.press(Key::Escape).await;
        olga.until_gone("dialog").await;
        assert_eq!(olga.focus().await, "new-key");
        olga.expect_quiet_console().await;
    }
);

both_engines!(
    async fn a_key_that_was_not_copied_is_not_lost_at_the_first_attempt_to_close(world) {
        let olga = Browser::open(&world).await;
        olga.sign_in("olga").await;
        olga.click("#new-key").await;
        let secret = create(&olga, "Uncopied", &["shifts:read"]).await;
        // One click selects all of it.
        olga.click("[data-secret]").await;
        assert_eq!(olga.see::<String>("String(getSelection()).trim()").await, secret);
        olga.press(Key::Escape).await;
        olga.until_shown("[data-unsaved]").await;
        assert!(olga.is_shown("#reveal-dialog").await);
        olga.press(Key::Escape).await;
        olga.until_gone("dialog").await;
        assert!(!olga.document().await.contains(&secret[..20]));
    }
);

both_engines!(
    async fn a_key_is_revoked_from_its_edit_dialog_and_only_the_top_dialog_closes(world) {
        let olga = Browser::open(&world).await;
        let secret = issue(&mut world.sign_in("olga").await, "Doomed", "shifts:read").await;
        olga.sign_in("olga").await;
        olga.click("#rows .key-preview").await; // anywhere on the row
        olga.until_shown("#edit-dialog").await;
        olga.fill("#key-name", "Half typed").await;
        olga.click("#edit-revoke").await;
        olga.until_shown("#revoke-dialog").await;
        assert!(olga.is_shown("#edit-dialog").await, "the one stands on the other");
        olga.press(Key::Escape).await;
        olga.until_gone("#revoke-dialog").await;
        assert!(olga.is_shown("#edit-dialog").await);
        assert_eq!((olga.focus().await, olga.value("#key-name").await), ("edit-revoke".into(), "Half typed".into()));
        olga.click("#edit-revoke").await;
        olga.click_text("#revoke-dialog", "Revoke Key").await;
        olga.until_gone("dialog").await;
        assert_eq!(use_key(&world, &secret).await, 401);
        assert_eq!(olga.texts("#rows .badge").await, ["Revoked"]);
        assert_eq!(names(&olga).await, ["Doomed"]);
        assert_eq!(olga.focus().await, format!("name-{}", id_of(&olga, "Doomed").await));
        // A spent key opens its details.
        olga.click("#rows .key-status").await;
        olga.until_shown("#details-dialog").await;
        olga.expect_quiet_console().await;
    }
);

both_engines!(
    async fn signing_out_leaves_nothing_in_the_browser_but_that_it_is_known(world) {
        let olga = Browser::open(&world).await;
        issue(&mut world.sign_in("olga").await, "Payroll export", "leaves:read").await;
        olga.sign_in("olga").await;
        olga.click("#tab-revoked").await;
        olga.until("location.search.includes('revoked')").await;
        let _: serde_json::Value = olga.see("(sessionStorage.setItem('a', 'b'), localStorage.setItem('a', 'b'), null)").await;
        olga.click_text(".person", "Sign out").await;
        olga.until("location.pathname === '/login'").await;
        assert_eq!(olga.see::<Vec<usize>>("[sessionStorage.length, localStorage.length]").await, [0, 0]);
        let cookies = olga.tell("Network.getCookies", json!({ "urls": [world.url] })).await;
        let kept: Vec<&str> = cookies["cookies"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
        assert!(kept.contains(&"__Host-device") && !kept.contains(&"__Host-session"), "{kept:?}");
        // The page is whole: its style sheet is fetched again.
        assert!(olga.see::<bool>("document.styleSheets[0].cssRules.length > 0").await);
        olga.driver.back().await.unwrap();
        olga.until("location.pathname === '/login'").await;
        assert!(!olga.document().await.contains("Payroll export"));
        olga.sign_in("olga").await;
        assert_eq!(names(&olga).await, ["Payroll export"]);
        olga.expect_quiet_console().await;
    }
);
