//! Keyboard, history, and time as the viewer has it.

use serde_json::json;
use thirtyfour::prelude::Key;

use super::{LIST, id_of, issue, names};
use crate::both_engines;
use crate::world::Browser;

both_engines!(
    async fn the_keyboard_is_enough(world) {
        let olga = Browser::open(&world).await;
        issue(&mut world.sign_in("olga").await, "Payroll export", "leaves:read").await;
        olga.sign_in("olga").await;
        olga.press("/").await;
        assert_eq!((olga.focus().await, olga.value("#q").await), ("q".into(), String::new()));
        olga.press("n").await;
        assert_eq!(olga.value("#q").await, "n", "within a field a letter is a letter");
        assert!(!olga.is_there("dialog").await);
        olga.fill("#q", "").await;
        olga.visit(LIST).await;

        olga.press("n").await;
        olga.until_shown("#create-dialog").await;
        assert_eq!((olga.focus().await, olga.value("#key-name").await), ("key-name".into(), String::new()));
        olga.press("n/").await;
        assert_eq!(olga.value("#key-name").await, "n/");
        olga.press(Key::Escape).await;
        olga.until_gone("dialog").await;
        assert_eq!(olga.focus().await, "new-key");

        // The row's menu.
        let id = id_of(&olga, "Payroll export").await;
        assert_eq!(olga.attribute(&format!("#more-{id}"), "aria-label").await.unwrap(), "Actions for Payroll export");
        let _: serde_json::Value = olga.see(&format!("document.getElementById('more-{id}').focus() ?? null")).await;
        olga.press(Key::Enter).await;
        olga.until_shown(&format!("#menu-{id}")).await;
        for entry in ["Edit", "Revoke", "Edit"] {
            olga.press(Key::Down).await;
            assert_eq!(olga.focus().await, entry);
        }
        olga.press(Key::Up).await;
        assert_eq!(olga.focus().await, "Revoke");
        olga.press(Key::Escape).await;
        olga.until(&format!("!document.querySelector('#menu-{id}').matches(':popover-open')")).await;
        assert_eq!(olga.focus().await, format!("more-{id}"));
        olga.press(Key::Down).await;
        assert_eq!(olga.focus().await, "Edit");
        olga.press(Key::Enter).await;
        olga.until_shown("#edit-dialog").await;
        // Enter in the field saves.
        olga.press(Key::End).await;
        olga.press(" two").await;
        olga.press(Key::Enter).await;
        olga.until_gone("dialog").await;
        assert_eq!(names(&olga).await, ["Payroll export two"]);
        assert_eq!(olga.focus().await, format!("more-{id}"));
    }
);

both_engines!(
    async fn back_and_forward_walk_through_searches_tabs_and_sorts(world) {
        let olga = Browser::open(&world).await;
        let mut elsewhere = world.sign_in("olga").await;
        for name in ["HR sync", "Calendar sync", "Payroll export"] {
            issue(&mut elsewhere, name, "shifts:read").await;
        }
        olga.sign_in("olga").await;
        olga.fill("#q", "sync").await;
        olga.until("document.querySelectorAll('#rows tr').length === 2 && location.search === '?q=sync'").await;
        olga.click("#sort-name").await;
        olga.until("location.search.includes('sort=name')").await;
        assert_eq!(names(&olga).await, ["Calendar sync", "HR sync"]);
        olga.click("#tab-revoked").await;
        olga.until_shown("#empty h2").await;
        assert_eq!(olga.text("#empty h2").await, "No revoked key matches “sync”");
        assert!(olga.text("#empty").await.contains("2 other keys hidden"));

        let back = || async { olga.driver.back().await.unwrap() };
        back().await;
        olga.until("document.querySelectorAll('#rows tr').length === 2").await;
        assert_eq!(names(&olga).await, ["Calendar sync", "HR sync"]);
        back().await;
        olga.until("location.search === '?q=sync' && document.querySelector('th.key-created').ariaSort === 'descending'").await;
        back().await;
        olga.until("location.search === '' && document.querySelectorAll('#rows tr').length === 3").await;
        assert_eq!(olga.value("#q").await, "");
        assert!(olga.is_shown(".side .brand").await && olga.is_shown("h1").await, "the whole page is back");
        olga.driver.forward().await.unwrap();
        olga.until("location.search === '?q=sync' && document.querySelectorAll('#rows tr').length === 2").await;
        olga.until("document.querySelector('#q').value === 'sync'").await;
        // And it still works.
        olga.click("#new-key").await;
        olga.until_shown("#create-dialog").await;
        olga.press(Key::Escape).await;
        olga.until_gone("dialog").await;
        olga.fill("#q", "zapier").await;
        olga.until_shown("#empty h2").await;
        assert_eq!(olga.text("#empty h2").await, "No key matches “zapier”");
        olga.click_text("#empty", "Clear the search").await;
        olga.until("document.querySelectorAll('#rows tr').length === 3").await;
        olga.until("document.querySelector('#q').value === ''").await;
        olga.expect_quiet_console().await;
    }
);

both_engines!(
    async fn the_last_answer_wins(world) {
        let olga = Browser::open(&world).await;
        let mut elsewhere = world.sign_in("olga").await;
        for name in ["Alpha", "Alphabet"] {
            issue(&mut elsewhere, name, "shifts:read").await;
        }
        olga.sign_in("olga").await;
        let conditions = json!({ "offline": false, "latency": 300, "downloadThroughput": -1, "uploadThroughput": -1 });
        olga.tell("Network.emulateNetworkConditions", conditions).await;
        olga.fill("#q", "zzz").await;
        olga.until("document.querySelector('#search').classList.contains('htmx-request')").await;
        olga.fill("#q", "alphabet").await;
        olga.until("document.querySelectorAll('#rows tr').length === 1").await;
        olga.until("!document.querySelector('#search').classList.contains('htmx-request')").await;
        assert_eq!((names(&olga).await, olga.path().await), (vec!["Alphabet".to_owned()], format!("{LIST}?q=alphabet")));
    }
);

both_engines!(
    async fn times_follow_the_viewers_zone_from_the_second_page_on(world) {
        let olga = Browser::open(&world).await;
        issue(&mut world.sign_in("olga").await, "Payroll export", "leaves:read").await;
        olga.tell("Emulation.setTimezoneOverride", json!({ "timezoneId": "Pacific/Auckland" })).await;
        olga.sign_in("olga").await;
        olga.tell("Network.deleteCookies", json!({ "name": "tz", "url": world.url })).await;
        olga.visit(LIST).await;
        let expires = || olga.text("#rows .key-expiration time");
        assert_eq!(expires().await, "21 Feb 2027");
        let exact = olga.attribute("#rows .key-expiration time", "title").await.unwrap();
        assert!(exact.contains("12:00") && exact.contains("UTC"), "{exact}");
        // Noon in UTC is one o'clock of the next day there.
        olga.driver.refresh().await.unwrap();
        assert_eq!(expires().await, "22 Feb 2027");
        let exact = olga.attribute("#rows .key-expiration time", "title").await.unwrap();
        assert!(exact.contains("01:00"), "{exact}");
        assert_eq!(olga.attribute("#rows .key-expiration time", "datetime").await.unwrap(), "2027-02-21T12:00:00Z");
        // A day of one's choice is a day over there.
        olga.click("#new-key").await;
        olga.click("[value='custom']").await;
        assert_eq!(olga.text("#create-dialog [data-zone]").await, "Pacific/Auckland");
    }
);
