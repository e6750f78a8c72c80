//! Several teams, and what one team's members may do.

use keyrack::people::member::Role;

use super::{LIST, create, names};
use crate::both_engines;
use crate::world::{Browser, World, cast};

/// Vera views Northwind Rota, and owns Harbour; so does Sam.
fn join(world: &World) {
    world.join(&cast::email("vera"), "Harbour", Role::Owner);
}

async fn switch(at: &Browser, team: &str) {
    if !at.is_shown(".teams ul").await {
        at.click(".teams summary").await;
    }
    at.click_text(".teams ul", team).await;
    at.until(&format!("document.querySelector('.brand-name').textContent === {team:?}")).await;
}

both_engines!(
    async fn one_goes_on_in_another_team_with_a_script_and_without(world) {
        join(&world);
        for at in [Browser::open(&world).await, Browser::without_javascript(&world).await] {
            at.sign_in("vera").await;
            assert_eq!(at.text(".brand-name").await, "Northwind Rota");
            assert!(!at.is_shown(".teams ul").await, "the list of teams is folded");
            assert!(!at.is_there("#new-key").await);
            at.visit("/account/security").await;
            switch(&at, "Harbour").await;
            assert_eq!(at.path().await, LIST);
            assert!(at.is_shown("#new-key").await, "an owner there");
            at.visit("/settings/team").await;
            assert!(at.is_shown("#members-manage-keys").await);
            // On a phone the switch is in the menu, and only there.
            at.resize(390).await;
            assert!(!at.is_shown(".teams").await);
            at.click(".menu-switch summary").await;
            switch(&at, "Northwind Rota").await;
            at.resize(1280).await;
            assert_eq!(at.text("#read-only").await, "Only owners can manage keys.");
            at.expect_quiet_console().await;
        }
        assert_eq!(world.events_of("team_switched").len(), 4);
    }
);

both_engines!(
    async fn a_tab_of_the_team_that_was_left_shows_nothing_of_another(world) {
        join(&world);
        let mut sam = world.sign_in("sam").await;
        sam.create_key("Quay clock", &["shifts:read"]).await;
        let mut olga = world.sign_in("olga").await;
        olga.create_key("Payroll export", &["leaves:read"]).await;

        let at = Browser::open(&world).await;
        at.sign_in("vera").await;
        assert_eq!(names(&at).await, ["Payroll export"]);
        let first = at.driver.window().await.unwrap();
        at.driver.new_tab().await.unwrap();
        at.until_windows(2).await;
        let second = at.driver.windows().await.unwrap().into_iter().find(|tab| *tab != first).unwrap();
        at.driver.switch_to_window(second).await.unwrap();
        at.visit(LIST).await;
        switch(&at, "Harbour").await;
        assert_eq!(names(&at).await, ["Quay clock"]);

        at.driver.switch_to_window(first).await.unwrap();
        at.fill("#q", "clock").await;
        at.until_shown("#fault-dialog").await;
        assert_eq!(at.text("#fault-title").await, "This page is for another team");
        assert!(!at.document().await.contains("Quay clock"));
        at.click_text("#fault-dialog", "Load the page again").await;
        at.until("document.querySelector('.brand-name').textContent === 'Harbour'").await;
        assert_eq!(names(&at).await, ["Quay clock"]);
        at.expect_quiet_console().await;
    }
);

both_engines!(
    async fn an_owner_lets_members_manage_their_own_keys(world) {
        let mut olga = world.sign_in("olga").await;
        olga.create_key("Payroll export", &["leaves:read"]).await;
        for at in [Browser::open(&world).await, Browser::without_javascript(&world).await] {
            at.sign_in("olga").await;
            at.click_text(".nav", "Settings").await;
            at.until_shown("#members-manage-keys").await;
            assert!(!at.see::<bool>("document.querySelector('#members-manage-keys').checked").await);
            at.click("label.box").await;
            at.click_text("main", "Save").await;
            at.until_shown(".callout").await;
            assert_eq!(at.text(".callout").await, "Saved. Members manage their own keys from now on.");

            at.forget().await;
            at.sign_in("mia").await;
            assert!(names(&at).await.is_empty(), "none of the keys is hers");
            at.click_text("#empty", "Create the first key").await;
            at.until_shown("#create-sheet").await;
            create(&at, "My script", &["shifts:read"]).await;
            at.click_text("#reveal-sheet", "I've saved it").await;
            at.visit(LIST).await;
            assert_eq!(names(&at).await, ["My script"]);
            assert_eq!(at.texts(".nav a").await, ["Security", "Developers"]);

            at.forget().await;
            at.sign_in("olga").await;
            assert_eq!(names(&at).await, ["My script", "Payroll export"]);
            at.visit("/settings/team").await;
            at.click("label.box").await;
            at.click_text("main", "Save").await;
            at.until_shown(".callout").await;
            at.expect_quiet_console().await;
            world.execute("DELETE FROM creations").unwrap();
            world.execute("DELETE FROM keys WHERE name = 'My script'").unwrap();
        }
    }
);
