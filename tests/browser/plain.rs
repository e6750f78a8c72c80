//! The whole life of a key without JavaScript: links are pages, buttons send forms.

use super::{LIST, create, id_of, names, revealed, use_key};
use crate::both_engines;
use crate::world::Browser;

both_engines!(
    async fn everything_works_without_javascript(world) {
        let olga = Browser::without_javascript(&world).await;
        olga.sign_in("olga").await;
        assert_eq!(olga.path().await, LIST);
        assert!(!olga.see::<bool>("'scripted' in document.documentElement.dataset").await, "a script ran");

        // Create: mistakes first.
        olga.click_text("#empty", "Create the first key").await;
        assert_eq!((olga.path().await, olga.text("h1").await), (format!("{LIST}/keys/new"), "Create API key".into()));
        olga.fill("#key-name", "HR sync").await;
        olga.click_text("#create-sheet", "Create Key").await;
        olga.until_shown("#permissions-error").await;
        assert_eq!(olga.value("#key-name").await, "HR sync");
        assert_eq!(olga.path().await, format!("{LIST}/keys"));
        let secret = create(&olga, "HR sync", &["shifts:read"]).await;
        assert_eq!(olga.text("h1").await, "Save your API key");
        assert!(!olga.is_shown("[data-copy]").await, "what needs a script is not shown");
        assert_eq!(use_key(&world, &secret).await, 200);

        // Sent again: no second key, and the way on.
        olga.driver.refresh().await.unwrap();
        olga.until("document.querySelector('h1')?.textContent === 'This key was already created'").await;
        assert!(!olga.document().await.contains(&secret[..20]));
        olga.click_text("main", "Revoke it and create it again").await;
        let second = revealed(&olga).await;
        assert_ne!(second, secret);
        assert_eq!((use_key(&world, &secret).await, use_key(&world, &second).await), (401, 200));
        olga.click_text("main", "I've saved it").await;
        assert_eq!(olga.path().await, LIST);
        assert_eq!((names(&olga).await.len(), olga.text("#tab-active").await), (2, "Active 1".into()));

        // Search, tabs, sort.
        olga.fill("#q", "hr\u{e007}").await; // and Enter
        olga.until("location.search.startsWith('?q=hr')").await;
        olga.click("#tab-active").await;
        olga.until("location.search.includes('status=active')").await;
        assert_eq!(names(&olga).await.len(), 1);
        olga.click("#sort-name").await;
        olga.until("document.querySelector('th.key-name').ariaSort === 'ascending'").await;
        let list = olga.path().await;

        // Rename, and back to the same list.
        let id = id_of(&olga, "HR sync").await;
        olga.click(&format!("#name-{id}")).await;
        olga.until_shown("#edit-sheet").await;
        olga.fill("#key-name", "HR sync two").await;
        olga.click_text("#edit-sheet", "Save").await;
        olga.until_shown("#rows").await;
        assert_eq!((names(&olga).await, olga.path().await), (vec!["HR sync two".to_owned()], list));

        // Revoke from the menu, which opens without a script.
        olga.click(&format!("#more-{id}")).await;
        olga.click_text(&format!("#menu-{id}"), "Revoke").await;
        olga.until_shown("#revoke-sheet").await;
        assert_eq!(olga.text("h1").await, "Revoke “HR sync two”?");
        olga.click_text("#revoke-sheet", "Keep key").await;
        olga.until_shown("#rows").await;
        olga.click(&format!("#name-{id}")).await;
        olga.click_text("#edit-sheet", "Revoke Key").await;
        olga.until_shown("#revoke-sheet").await;
        olga.click_text("#revoke-sheet", "Revoke Key").await;
        olga.until_shown("#empty h2").await;
        assert_eq!(use_key(&world, &second).await, 401);

        // Details, delete.
        olga.visit(&format!("{LIST}?status=revoked&q=two")).await;
        olga.click(&format!("#name-{id}")).await;
        olga.until_shown("#details-sheet").await;
        assert_eq!(olga.text("h1").await, "API Key Details");
        olga.click_text("#details-sheet", "Delete Key").await;
        olga.until_shown("#delete-sheet").await;
        olga.click_text("#delete-sheet", "Delete Key").await;
        olga.until_shown("#empty h2").await;
        olga.visit(LIST).await;
        assert_eq!(names(&olga).await, ["HR sync"]);

        // Out, and nothing is left behind.
        olga.click_text(".person", "Sign out").await;
        olga.until("location.pathname === '/login'").await;
        olga.visit(LIST).await;
        assert_eq!(olga.text("h1").await, "Sign in");
        olga.expect_quiet_console().await;
    }
);

both_engines!(
    async fn a_session_that_ended_comes_back_to_an_empty_form_and_says_so(world) {
        let olga = Browser::without_javascript(&world).await;
        olga.sign_in("olga").await;
        olga.visit(&format!("{LIST}/keys/new")).await;
        olga.fill("#key-name", "Lost").await;
        olga.click("[value='shifts:read']").await;
        world.clock.advance(9 * 3_600);
        olga.click_text("#create-sheet", "Create Key").await;
        olga.until_shown("#email").await;
        assert!(olga.path().await.starts_with("/login?next="));
        assert!(olga.is_shown(".callout[data-tone=note]").await, "it says that the form was lost");
        olga.fill("#email", &crate::world::cast::email("olga")).await;
        olga.fill("#password", crate::world::PASSWORD).await;
        olga.click(".submit").await;
        olga.until_shown("#create-sheet").await;
        assert_eq!((olga.path().await, olga.value("#key-name").await), (format!("{LIST}/keys/new"), String::new()));
    }
);
