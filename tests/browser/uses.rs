//! How much keys are used, as it is seen.

use keyrack::keys::address;
use thirtyfour::prelude::Key;

use super::looks::{Critic, fill};
use super::{LIST, choose, create, id_of, use_key};
use crate::both_engines;
use crate::world::{Browser, Engine, PASSWORD, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_has_room_for_the_last_use_whatever_the_catalog() {
    for name in ["soon", "soku", "admin-v2", "soul-machines"] {
        let file = format!("{}/examples/catalogs/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let catalog = keyrack::command::catalog::read(file.as_ref()).unwrap();
        let world = World::with(Engine::Sqlite, |settings| settings.catalog = catalog.clone()).await;
        let wish = keyrack::command::demo::Wish { catalog: &catalog, password: Some(PASSWORD), keys: 0, secrets: None };
        keyrack::command::demo::fill(&world.store, &wish, world.now()).unwrap();
        let at = Browser::open(&world).await;
        at.visit("/login").await; // so that the zone is known
        at.sign_in("olga").await;
        let mut critic = Critic::new(&at);
        critic.look(&format!("use-list-{name}")).await;
        critic.expect_nothing_found();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_that_tell_of_use_are_sound() {
    let world = World::empty(Engine::Sqlite).await;
    fill(&world);
    let at = Browser::open(&world).await;
    at.visit("/login").await;
    at.sign_in("olga").await;
    let mut critic = Critic::new(&at);
    critic.look("use-list").await;
    at.click("#sort-used").await;
    at.until("document.querySelector('th.key-used').ariaSort === 'descending'").await;
    let (sync, unused) = (id_of(&at, "HR sync – production").await, id_of(&at, "Staging integration").await);
    at.click(&format!("#name-{sync}")).await;
    at.until_shown("#edit-use").await;
    critic.look("use-edit").await;
    at.click("#edit-use").await;
    at.until_shown("#details-dialog .chart").await;
    critic.look("use-details").await;
    at.click(".chart-table summary").await;
    at.until_shown(".days").await;
    critic.look("use-details-table").await;
    at.press(Key::Escape).await;
    at.press(Key::Escape).await;
    at.until_gone("dialog").await;
    for name in ["Website widget", "Payroll export", "Q2 data migration", "Old Zapier hook"] {
        let id = id_of(&at, name).await;
        at.visit(&address::of(address::KEY, &keyrack::keys::key::KeyId::parse(&id).unwrap())).await;
        at.until_shown("#use-title").await;
        critic.look(&format!("use-page-{}", name.split(' ').next().unwrap())).await;
        at.visit(LIST).await;
    }
    at.visit(&format!("{LIST}/keys/{unused}")).await;
    critic.look("use-page-none").await;
    at.visit(LIST).await;
    choose(&at, "Staging integration", "Revoke").await;
    at.until_shown("#revoke-dialog").await;
    critic.look("use-revoke-unused").await;
    at.press(Key::Escape).await;
    at.until_gone("dialog").await;
    choose(&at, "HR sync – production", "Revoke").await;
    at.until_shown("#revoke-dialog .callout").await;
    critic.look("use-revoke").await;
    assert_eq!(at.text("#revoke-dialog .callout time").await, "12 s ago");
    for width in (320..480).step_by(8) {
        at.resize(width).await;
        let lines: usize =
            at.see("document.querySelector('#revoke-dialog .callout time').getClientRects().length").await;
        assert_eq!(lines, 1, "how long ago it was stands on one line at {width} px");
    }
    at.resize(1280).await;
    at.click_text("#revoke-dialog", "Revoke Key").await;
    at.until_shown(&format!("#refusals-{sync}")).await;
    critic.look("use-list-refusals").await;
    critic.expect_nothing_found();
}

both_engines!(
    async fn after_a_revoke_the_row_says_live_what_is_refused_and_stops_asking_after_a_while(world) {
        let olga = Browser::open(&world).await;
        olga.sign_in("olga").await;
        olga.click_text("#empty", "Create the first key").await;
        olga.until_shown("#create-dialog").await;
        let secret = create(&olga, "HR sync", &["shifts:read"]).await;
        olga.click_text("#reveal-dialog", "I've saved it").await;
        olga.until_gone("dialog").await;
        let id = id_of(&olga, "HR sync").await;
        assert!(!olga.is_there(".refusals").await);
        choose(&olga, "HR sync", "Revoke").await;
        olga.until_shown("#revoke-dialog").await;
        assert!(olga.text("#revoke-what").await.contains("It was never used."));
        olga.click_text("#revoke-dialog", "Revoke Key").await;
        olga.until_gone("dialog").await;
        let note = format!("#refusals-{id}");
        assert_eq!(olga.text(&note).await, "None refused since");
        let _: bool = olga.see("(document.querySelector('#rows tr').kept = true)").await;
        for count in 1..=2 {
            for _ in 0..19 {
                assert_eq!(use_key(&world, &secret).await, 401);
            }
            world.flush().await;
            olga.until(&format!("document.querySelector('{note}').textContent === '{} refused since'", count * 19)).await;
        }
        assert!(olga.see::<bool>("document.querySelector('#rows tr').kept").await, "only the note changes");

        // While nobody looks, nobody asks.
        let asked = "performance.getEntriesByType('resource').filter(e => e.name.includes('/refusals')).length";
        let _: bool = olga.see("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true }), true").await;
        let before: u32 = olga.see(asked).await;
        let ticks = |n: u32| format!("(window.ticks ??= 0, window.ticking ??= setInterval(() => window.ticks++, 3000), window.ticks >= {n})");
        olga.until(&ticks(2)).await;
        assert_eq!(olga.see::<u32>(asked).await, before);
        let _: bool = olga.see("delete document.hidden").await;
        olga.until(&format!("{asked} > {before}")).await;

        // After a while it is no news any more.
        world.clock.advance(600);
        olga.until(&format!("!document.querySelector('{note}').hasAttribute('data-watch')")).await;
        assert_eq!(olga.text(&note).await, "38 refused since");
        olga.driver.refresh().await.unwrap();
        assert_eq!(olga.text(&note).await, "38 refused since", "a reload shows it too");
        assert!(!olga.is_there("[data-watch]").await);
        olga.expect_quiet_console().await;
    }
);
