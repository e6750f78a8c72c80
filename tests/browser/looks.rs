//! Every page and dialog, light and dark, wide and on a phone: axe-core finds nothing, nothing scrolls
//! sideways, fingers find the controls, the console is quiet. With `KEYRACK_PICTURES=FOLDER` in the
//! environment a picture of each is kept there, to be looked at.

use std::path::PathBuf;

use data_encoding::BASE64;
use keyrack::people::member::Role;
use serde::Deserialize;
use serde_json::json;
use thirtyfour::prelude::Key;

use super::{LIST, choose, create, id_of, revealed};
use crate::world::browser::AT_REST;
use crate::world::{Browser, Engine, PASSWORD, World};

const AXE: &str = include_str!("../vendor/axe-core/axe.min.js");

/// What axe-core finds, a line an element.
const FIND: &str = "axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations.flatMap(v =>
    v.nodes.map(n => `${v.id}: ${n.target.join(' ')}: ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? v.help}`)))";

/// By how many pixels the page, the body of a dialog or the table is wider than there is room.
const OVERHANG: &str = "Math.max(document.documentElement.scrollWidth - innerWidth,
    ...[...document.querySelectorAll('.sheet-body, .table-frame')].map(e => e.scrollWidth - e.clientWidth))";

/// Where nothing is looked at but whether it all fits.
const NARROWER: [u32; 3] = [1024, 800, 320];

/// Controls lower than a finger, of the top dialog or the page; links within text are none.
const SMALL: &str = "(() => {
    const top = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
    const isText = e => e.matches('a:not(.button)') && e.closest('p, dd, pre, th.key-name, .docs');
    return [...top.querySelectorAll('a, button, input:not([type=hidden]), summary')]
        .filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.matches('.skip, .unseen-until-focus') && !isText(e))
        .map(e => [e, (e.closest('label') ?? e).getBoundingClientRect()])
        .filter(([, box]) => box.height > 0 && box.height < 43.5)
        .map(([e, box]) => `${e.id || e.name || e.textContent.trim()}: ${box.height}`);
})()";

#[derive(Deserialize)]
struct Screenshot {
    data: String,
}

/// A visitor with an eye for detail.
pub(super) struct Critic<'a> {
    at: &'a Browser,
    pictures: Option<PathBuf>,
    found: Vec<String>,
}

impl Critic<'_> {
    pub(super) fn new(at: &Browser) -> Critic<'_> {
        let pictures = std::env::var_os("KEYRACK_PICTURES").map(PathBuf::from);
        if let Some(folder) = &pictures {
            std::fs::create_dir_all(folder).unwrap();
        }
        Critic { at, pictures, found: Vec::new() }
    }

    /// Looks at what is on the screen from all sides.
    pub(super) async fn look(&mut self, name: &str) {
        self.at.until(AT_REST).await;
        if !self.at.see::<bool>("'axe' in window").await {
            self.at.driver.execute(AXE, Vec::new()).await.unwrap();
        }
        let sizes = [(1280, "light"), (1280, "dark"), (390, "dark"), (390, "light")];
        for (width, theme) in sizes.into_iter().chain(NARROWER.map(|width| (width, "light"))) {
            self.at.resize(width).await;
            self.at.theme(theme).await;
            self.at.until(&format!("innerWidth === {width} && {AT_REST}")).await;
            let here = format!("{name}, {width} px, {theme}");
            let overhang: i64 = self.at.see(OVERHANG).await;
            if overhang > 0 {
                self.found.push(format!("{here}: scrolls sideways by {overhang} px"));
            }
            if NARROWER.contains(&width) {
                continue;
            }
            let faults: Vec<String> = self.at.later(FIND).await;
            self.found.extend(faults.into_iter().map(|fault| format!("{here}: {fault}")));
            if width == 390 && theme == "light" {
                let small: Vec<String> = self.at.see(SMALL).await;
                self.found.extend(small.into_iter().map(|small| format!("{here}: too low: {small}")));
            }
            self.keep_picture(&format!("{name}-{width}-{theme}.png")).await;
        }
        self.at.resize(1280).await;
        self.at.theme("light").await;
        self.at.expect_quiet_console().await;
    }

    /// Of the window where a dialog is open, else of the whole page.
    async fn keep_picture(&self, file: &str) {
        let Some(folder) = &self.pictures else { return };
        let is_whole: bool = self.at.see("!document.querySelector('dialog[open], :popover-open')").await;
        let taken = self.at.tell("Page.captureScreenshot", json!({ "captureBeyondViewport": is_whole })).await;
        let taken: Screenshot = serde_json::from_value(taken).unwrap();
        std::fs::write(folder.join(file), BASE64.decode(taken.data.as_bytes()).unwrap()).unwrap();
    }

    pub(super) fn expect_nothing_found(self) {
        assert!(self.found.is_empty(), "{}", self.found.join("\n"));
    }
}

pub(super) fn fill(world: &World) {
    let wish = keyrack::command::demo::Wish {
        catalog: &keyrack::keys::catalog::Catalog::built_in(),
        password: Some(PASSWORD),
        keys: 0,
        secrets: None,
    };
    keyrack::command::demo::fill(&world.store, &wish, world.now()).unwrap();
}

async fn close(at: &Browser) {
    at.press(Key::Escape).await;
    at.until_gone("dialog").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_in_and_the_pages_round_it_are_sound() {
    let world = World::empty(Engine::Sqlite).await;
    let at = Browser::open(&world).await;
    let mut critic = Critic::new(&at);
    let link = world.setup_link.clone().unwrap();
    at.visit(link.strip_prefix(&world.url).unwrap()).await;
    critic.look("setup").await;
    at.fill("#email", "not an address").await;
    at.fill("#password", "short").await;
    at.click(".submit").await;
    at.until_shown("#password-error").await;
    critic.look("setup-mistakes").await;
    at.visit("/setup?token=none").await;
    critic.look("setup-refused").await;

    fill(&world);
    at.visit("/login").await;
    critic.look("login").await;
    at.fill("#email", "olga@northwind.example").await;
    at.fill("#password", "not her password").await;
    at.click(".submit").await;
    at.until_shown("#login-error").await;
    critic.look("login-refused").await;
    world.clock.advance(60);
    at.visit("/docs/api").await;
    critic.look("docs").await;
    at.visit("/docs/gateway").await;
    critic.look("gateway").await;

    at.sign_in("mia").await;
    critic.look("no-access").await;
    at.visit("/account/security").await;
    critic.look("security").await;
    at.fill("#current-password", "not her password").await;
    at.fill("#new-password", "short").await;
    at.click(".panel .submit").await;
    at.until_shown(".panel .error").await;
    critic.look("security-mistakes").await;
    at.visit("/nothing/here").await;
    critic.look("fault-404").await;
    at.forget().await;
    at.sign_in("adam").await;
    critic.look("list-admin").await;
    at.visit(&format!("{LIST}/keys/new")).await;
    critic.look("fault-403").await;
    at.visit(&format!("{LIST}?sort=mood")).await;
    critic.look("fault-400").await;
    critic.expect_nothing_found();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_and_its_dialogs_are_sound() {
    let world = World::empty(Engine::Sqlite).await;
    fill(&world);
    let at = Browser::open(&world).await;
    at.visit("/login").await; // so that the zone is known
    at.sign_in("olga").await;
    let mut critic = Critic::new(&at);
    critic.look("list").await;
    at.click("#using > summary").await;
    at.click("#using [data-copy=text]").await;
    at.until("document.querySelector('#notice').textContent === 'Copied.'").await;
    critic.look("list-using").await;
    for proxy in ["ingress-nginx", "caddy", "traefik", "envoy"] {
        at.click(&format!("#using-{proxy}")).await;
        at.until_shown(&format!("#using-{proxy}[aria-current]")).await;
        critic.look(&format!("list-using-{proxy}")).await;
    }
    at.click("#using > summary").await;
    at.resize(390).await;
    at.click(".menu-switch summary").await;
    critic.look("list-menu").await;
    at.visit(&format!("{LIST}?q=zapier&status=active")).await;
    critic.look("list-nothing-found").await;
    at.visit(&format!("{LIST}?status=revoked&sort=name")).await;
    critic.look("list-revoked").await;
    at.visit(LIST).await;

    let id = id_of(&at, "HR sync – production").await;
    at.click(&format!("#more-{id}")).await;
    critic.look("row-menu").await;
    at.press(Key::Escape).await;
    choose(&at, "HR sync – production", "Revoke").await;
    at.until_shown("#revoke-dialog").await;
    critic.look("revoke").await;
    close(&at).await;
    at.click(&format!("#name-{id}")).await;
    at.until_shown("#edit-dialog").await;
    critic.look("edit").await;
    at.click("#edit-revoke").await;
    at.until_shown("#revoke-dialog").await;
    critic.look("edit-revoke").await;
    at.press(Key::Escape).await;
    at.until_gone("#revoke-dialog").await;
    at.fill("#key-name", " ").await;
    at.click_text("#edit-dialog", "Save").await;
    at.until_shown("#key-name-error").await;
    critic.look("edit-mistakes").await;
    close(&at).await;
    choose(&at, "Old Zapier hook", "View details").await;
    at.until_shown("#details-dialog").await;
    critic.look("details").await;
    at.click("#details-delete").await;
    at.until_shown("#delete-dialog").await;
    critic.look("delete").await;
    at.visit(LIST).await;

    at.click("#new-key").await;
    at.until_shown("#create-dialog").await;
    critic.look("create").await;
    at.click("[value='custom']").await;
    at.click_text("#create-dialog", "Create Key").await;
    at.until_shown("#key-name-error").await;
    critic.look("create-mistakes").await;
    at.click("[value='never']").await;
    let form = "new URLSearchParams(new FormData(document.querySelector('#create-dialog form')))";
    let create_elsewhere = format!(
        "fetch(document.querySelector('#create-dialog form').action, {{ method: 'POST', body: {form} }}).then(a => a.status)"
    );
    at.fill("#key-name", "Payroll nightly export").await;
    at.click("[value='shifts:read']").await;
    at.click("[value='users:read']").await;
    critic.look("create-filled").await;
    assert_eq!(at.later::<u16>(&create_elsewhere).await, 200);
    at.click_text("#create-dialog", "Create Key").await;
    at.until("document.querySelector('#create-dialog [name=replaces]')").await;
    critic.look("conflict").await;
    at.click_text("#create-dialog", "Revoke it and create it again").await;
    revealed(&at).await;
    critic.look("reveal").await;
    at.press(Key::Escape).await;
    at.until_shown("[data-unsaved]").await;
    critic.look("reveal-unsaved").await;
    at.click("[data-copy=key]").await;
    at.until("document.querySelector('[data-copied-text]').textContent").await;
    critic.look("reveal-copied").await;
    close(&at).await;
    critic.look("list-notice").await;

    // A session that ended.
    at.click("#new-key").await;
    at.until_shown("#create-dialog").await;
    world.clock.advance(9 * 3_600);
    at.click_text("#create-dialog", "Create Key").await;
    at.until_shown(".trouble [data-signed-out]").await;
    critic.look("create-signed-out").await;
    close(&at).await;
    at.click("#new-key").await;
    at.until_shown("#fault-dialog").await;
    critic.look("fault-signed-out").await;
    critic.expect_nothing_found();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_that_stand_without_a_script_are_sound() {
    let world = World::begin(Engine::Sqlite).await;
    let at = Browser::open(&world).await;
    at.sign_in("olga").await;
    let mut critic = Critic::new(&at);
    critic.look("list-empty").await;
    at.forget().await;
    at.sign_in("vera").await;
    critic.look("list-empty-viewer").await;
    at.forget().await;
    at.sign_in("olga").await;
    at.visit(&format!("{LIST}/keys/new")).await;
    critic.look("page-create").await;
    at.click_text("#create-sheet", "Create Key").await;
    at.until_shown("#key-name-error").await;
    critic.look("page-create-mistakes").await;
    create(&at, "A name as long as one may give to a key, with sixty signs ##", &["shifts:write", "leaves:read"]).await;
    critic.look("page-reveal").await;
    at.click_text("#reveal-sheet", "I've saved it").await;
    at.until_shown("#rows tr").await;
    critic.look("list-long-name").await;
    let id = at.see::<String>("document.querySelector('#rows tr').id.slice(4)").await;
    for page in ["edit", "revocation"] {
        at.visit(&format!("{LIST}/keys/{id}/{page}")).await;
        critic.look(&format!("page-{page}")).await;
    }
    at.click_text("#revoke-sheet", "Revoke Key").await;
    at.until_shown("#rows tr").await;
    for page in ["", "/deletion"] {
        at.visit(&format!("{LIST}/keys/{id}{page}")).await;
        critic.look(&format!("page-{}", if page.is_empty() { "details" } else { "deletion" })).await;
    }
    // A form that was sent before, as a page.
    at.visit(&format!("{LIST}/keys/new")).await;
    at.fill("#key-name", "Twice").await;
    at.click("[value='shifts:read']").await;
    let form = "document.querySelector('#create-sheet form')";
    let send = format!(
        "fetch({form}.action, {{ method: 'POST', body: new URLSearchParams(new FormData({form})) }}).then(a => a.status)"
    );
    assert_eq!(at.later::<u16>(&send).await, 200);
    at.click_text("#create-sheet", "Create Key").await;
    at.until("document.querySelector('[name=replaces]')").await;
    critic.look("page-conflict").await;

    // A database that is broken, last.
    if let keyrack::store::DatabaseUrl::Sqlite(file) = &world.database {
        use diesel::Connection;
        use diesel::connection::SimpleConnection;
        let mut db = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        db.batch_execute("PRAGMA foreign_keys=OFF; ALTER TABLE keys RENAME TO gone").unwrap();
    }
    at.visit(LIST).await;
    critic.look("fault-500").await;
    critic.expect_nothing_found();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_a_team_are_sound() {
    let world = World::empty(Engine::Sqlite).await;
    fill(&world);
    let at = Browser::open(&world).await;
    at.sign_in("olga").await;
    let mut critic = Critic::new(&at);
    at.visit("/settings/team").await;
    critic.look("team").await;
    at.click("label.box").await;
    at.click_text("main", "Save").await;
    at.until_shown(".callout").await;
    critic.look("team-saved").await;
    at.forget().await;
    at.sign_in("adam").await;
    at.visit("/settings/team").await;
    critic.look("team-admin").await;
    at.forget().await;
    at.sign_in("vera").await;
    at.visit("/settings/team").await;
    critic.look("team-refused").await;
    world.join("olga@northwind.example", "Harbour", Role::Admin);
    at.forget().await;
    at.sign_in("olga").await;
    at.click(".teams summary").await;
    critic.look("teams").await;
    at.resize(390).await;
    at.click(".menu-switch summary").await;
    critic.look("teams-menu").await;
    critic.expect_nothing_found();
}
