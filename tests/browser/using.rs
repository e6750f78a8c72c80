//! The panel on using keys, as a person opens, reads and copies it.

use super::{LIST, issue};
use crate::both_engines;
use crate::world::{Browser, Engine, World};

/// What is in the clipboard, told by pasting it.
const PASTED: &str = "navigator.clipboard.readText()";

both_engines!(
    async fn the_lines_for_a_proxy_are_shown_in_place_and_copied(world) {
        let mut olga = world.sign_in("olga").await;
        issue(&mut olga, "Payroll export", "leaves:read").await;
        let at = Browser::open(&world).await;
        at.tell("Browser.grantPermissions", serde_json::json!({ "permissions": ["clipboardReadWrite"] })).await;
        for who in ["olga", "adam", "vera"] {
            at.forget().await;
            at.sign_in(who).await;
            assert!(!at.is_shown("#using-proxy").await, "it waits to be opened");
            at.click("#using > summary").await;
            at.until_shown("#using-proxy [data-snippet]").await;
            at.click("#using-proxy [data-copy]").await;
            at.until("document.querySelector('#notice').textContent === 'Copied.'").await;
            let copied: String = at.later(PASTED).await;
            assert!(copied.starts_with("upstream api") && copied.contains("auth_request /_keyrack;"), "{copied}");
            at.click("#using-caddy").await;
            at.until_shown("#using-caddy[aria-current]").await;
            assert_eq!(at.path().await, LIST, "the address bar stays");
            at.until("document.activeElement.id === 'using-caddy'").await;
            assert_eq!(at.texts("#using-proxy .snippet-head code").await, ["Caddyfile"]);
            assert!(at.is_shown("#rows tr").await && at.is_shown("#using-header").await, "the rest of the page stays");
            at.click("#using-proxy [data-copy]").await;
            at.until(&format!("({PASTED}).then(text => window.pasted = text) && window.pasted?.includes('forward_auth')")).await;
            at.expect_quiet_console().await;
        }
    }
);

both_engines!(
    async fn without_javascript_it_opens_too_and_other_proxies_are_a_link_away(world) {
        let at = Browser::without_javascript(&world).await;
        at.sign_in("olga").await;
        at.click("#using > summary").await;
        at.until_shown("#using-proxy [data-snippet]").await;
        assert!(at.text("#using-proxy [data-snippet]").await.contains("auth_request /_keyrack;"));
        assert!(!at.is_shown("[data-copy]").await, "what needs a script is not shown");
        at.click("#using-traefik").await;
        at.until("location.pathname === '/docs/gateway' && location.hash === '#traefik'").await;
        assert_eq!(at.text(":target").await, "Traefik");
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ended_says_so_and_the_lines_stay() {
    let world = World::begin(Engine::Sqlite).await;
    let at = Browser::open(&world).await;
    at.sign_in("olga").await;
    at.click("#using > summary").await;
    at.until_shown("#using-proxy [data-snippet]").await;
    world.clock.advance(9 * 3_600);
    at.click("#using-envoy").await;
    at.until_shown("dialog[open] [data-signed-out], #fault-dialog").await;
    assert!(at.is_there("#using-nginx[aria-current]").await);
}
