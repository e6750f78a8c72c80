//! What catalogs with more in them than Soon's bring to the page, and only a script does: kinds that show what is
//! theirs, rows that open, a filter, the sentence, keys copied off the list.

use keyrack::keys::catalog::file;
use serde_json::{Value, json};
use thirtyfour::prelude::Key;

use super::looks::Critic;
use super::{LIST, choose, create, id_of, names, revealed};
use crate::world::{Browser, Engine, World};

const SENTENCE: &str = "#permissions-sentence";
const EMPLOYEES: &str = ".resource[data-resource='Employees']";

/// A browser with the create dialog open, in the world of that catalog.
async fn creating(catalog: &str) -> (World, Browser) {
    let world = World::of_catalog(Engine::Sqlite, catalog).await;
    let olga = Browser::open(&world).await;
    olga.sign_in("olga").await;
    olga.click("#new-key").await;
    olga.until_shown("#create-dialog").await;
    (world, olga)
}

/// The names and values that the form would send now, of the fields that are asked for.
async fn would_send(at: &Browser, names: &[&str]) -> Vec<(String, String)> {
    let all: Vec<(String, String)> =
        at.see("[...new FormData(document.querySelector('#create-sheet form'))].map(([n, v]) => [n, String(v)])").await;
    all.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect()
}

/// What the server makes of the form as it stands, without a name: its own sentence, and what it opened.
async fn said_by_server(at: &Browser) -> String {
    at.later(
        "(() => { const form = document.querySelector('#create-sheet form'), data = new FormData(form);
          data.set('name', '');
          return fetch(form.action, { method: 'POST', body: new URLSearchParams(data) }).then(a => a.text())
            .then(text => new DOMParser().parseFromString(text, 'text/html').querySelector('#permissions-sentence').textContent) })()",
    )
    .await
}

async fn shown_resources(at: &Browser) -> Vec<String> {
    at.see("[...document.querySelectorAll('.resource')].filter(r => r.checkVisibility()).map(r => r.dataset.resource)")
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_opens_for_its_fields_and_ticking_one_means_only_these() {
    let (_world, olga) = creating("admin-v2").await;
    let said = format!("{EMPLOYEES} [data-fields-said]");
    let (all, some) = (format!("{EMPLOYEES} [value=all]"), format!("{EMPLOYEES} [value=some]"));
    let is_on = |css: &str| format!("document.querySelector({css:?}).checked");
    assert_eq!(olga.text(&said).await, "all");
    assert!(!olga.is_shown(&format!("{EMPLOYEES} .fields")).await);
    olga.click("[value='employees:read']").await;
    assert_eq!(olga.text(SENTENCE).await, "Can read Employees. Cannot change anything.");

    olga.click(&format!("{EMPLOYEES} summary")).await;
    assert!(olga.is_shown(&format!("{EMPLOYEES} .fields")).await && olga.see::<bool>(&is_on(&all)).await);
    olga.click("[value='employees:first_name']").await;
    olga.click("[value='employees:start_date']").await;
    assert!(olga.see::<bool>(&is_on(&some)).await, "a ticked field is meant");
    assert_eq!(olga.text(&said).await, "2 of 40");
    assert_eq!(olga.text(SENTENCE).await, "Can read 2 fields of Employees. Cannot change anything.");
    assert_eq!(said_by_server(&olga).await, olga.text(SENTENCE).await);

    // All takes the ticks away; the way back brings them again.
    olga.click(&all).await;
    assert_eq!((olga.text(&said).await, would_send(&olga, &["field"]).await.len()), ("all".into(), 0));
    olga.click(&some).await;
    assert_eq!((olga.text(&said).await, would_send(&olga, &["field"]).await.len()), ("2 of 40".into(), 2));
    olga.click(&format!("{EMPLOYEES} [data-fields=all]")).await;
    assert_eq!(olga.text(&said).await, "40 of 40");
    olga.click(&format!("{EMPLOYEES} [data-fields=none]")).await;
    assert_eq!(olga.text(&said).await, "0 of 40");
    assert_eq!(olga.text(SENTENCE).await, "Can read no field of Employees. Cannot change anything.");
    assert_eq!(said_by_server(&olga).await, olga.text(SENTENCE).await);

    // The server says what is wrong, and the row is still open.
    olga.fill("#key-name", "Calendar").await;
    olga.click_text("#create-dialog", "Create Key").await;
    olga.until_shown("#permissions-error").await;
    assert!(olga.is_shown(&format!("{EMPLOYEES} .fields")).await && olga.see::<bool>(&is_on(&some)).await);
    olga.click("[value='employees:first_name']").await;
    olga.click_text("#create-dialog", "Create Key").await;
    revealed(&olga).await;
    olga.click("[data-done]").await;
    olga.click("#rows .short .button").await;
    olga.until_shown(".tip").await;
    assert_eq!(olga.texts(".tip:popover-open .grants li").await, ["Employees Read Fields: First name"]);
    olga.expect_quiet_console().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_row_is_ticked_at_once_and_the_sentence_stays_short() {
    let (_world, olga) = creating("admin-v2").await;
    let row = format!("{EMPLOYEES} [data-row]");
    let ticked = || async { would_send(&olga, &["permission"]).await.len() };
    olga.click(&row).await;
    assert_eq!((ticked().await, olga.attribute(&row, "aria-pressed").await), (5, Some("true".into())));
    olga.click("[value='employees:delete']").await;
    assert_eq!((ticked().await, olga.attribute(&row, "aria-pressed").await), (4, Some("false".into())));
    olga.click(&row).await;
    olga.click(&row).await;
    assert_eq!((ticked().await, olga.text(SENTENCE).await), (0, "Nothing is chosen yet.".into()));
    let _: Value = olga.see("(document.querySelectorAll('[data-row]').forEach(b => b.click()), null)").await;
    let said = olga.text(SENTENCE).await;
    assert!(said.len() < 400 && said.contains(" more"), "{said}");
    assert_eq!(said_by_server(&olga).await, said);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_filter_hides_rows_and_loses_no_tick() {
    let (_world, olga) = creating("admin-v2").await;
    let count = "#filter-count";
    let all = shown_resources(&olga).await.len();
    assert_eq!((olga.text(count).await, all >= 30), (format!("{all} resources"), true));
    olga.click("[value='employees:read']").await;
    olga.fill("#filter", " SICK").await;
    assert_eq!(shown_resources(&olga).await, ["Sickness"]);
    assert_eq!(olga.text(count).await, format!("1 of {all} resources; 1 chosen is hidden"));
    olga.click("[value='sickness:read']").await;
    assert_eq!(olga.text(SENTENCE).await, "Can read Employees and Sickness. Cannot change anything.");
    assert_eq!(would_send(&olga, &["permission"]).await.len(), 2, "what is hidden is sent");
    olga.fill("#filter", "zzz").await;
    olga.press(Key::Enter).await;
    // Enter in the filter sends nothing; Esc empties it first, and closes only then.
    assert_eq!(olga.text(count).await, format!("0 of {all} resources; 2 chosen are hidden"));
    assert!(!olga.is_there(".sheet .error, [data-sent]").await);
    olga.press(Key::Escape).await;
    assert_eq!((olga.value("#filter").await, shown_resources(&olga).await.len()), (String::new(), all));
    assert!(olga.is_shown("#create-dialog").await);
    olga.press(Key::Escape).await;
    olga.until_gone("dialog").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_shows_and_sends_only_what_is_its_own() {
    let (_world, olga) = creating("soul-machines").await;
    assert_eq!(shown_resources(&olga).await, ["Sessions", "Digital people"]);
    assert!(olga.is_shown("#domains").await && olga.is_shown("[name='toggle.webapi.greeting']").await);
    assert!(!olga.is_shown("[name='toggle.mobile.greeting']").await);
    assert!(olga.text("#kind-said p:not([hidden])").await.contains("no secret"));
    olga.click("[value='sessions:read']").await;
    olga.fill("#domains", "widget.example.com").await;

    olga.click("[value=analytics]").await;
    assert_eq!(shown_resources(&olga).await, ["Conversations", "Usage"]);
    assert!(olga.text("#kind-said p:not([hidden])").await.contains("shown once"));
    assert!(!olga.is_shown("#domains").await && !olga.is_shown(".toggle").await);
    assert_eq!(olga.text(SENTENCE).await, "Nothing is chosen yet.", "what is not for this kind is not chosen");
    assert_eq!(would_send(&olga, &["permission", "domain", "toggle.webapi.greeting"]).await, []);
    olga.click("[value='usage:read']").await;

    // What was chosen for the other kind is still there.
    olga.click("[value=webapi]").await;
    assert_eq!(
        (olga.text(SENTENCE).await, olga.value("#domains").await),
        ("Can read Sessions. Cannot change anything.".into(), "widget.example.com".into())
    );
    let sent = would_send(&olga, &["kind", "permission", "toggle.webapi.greeting", "toggle.mobile.greeting"]).await;
    let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(sent, [("kind", "webapi"), ("permission", "sessions:read"), ("toggle.webapi.greeting", "on")]);
    olga.expect_quiet_console().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publishable_key_is_copied_off_the_list_and_out_of_its_dialog() {
    let (world, olga) = creating("soul-machines").await;
    let rights = json!({ "origin": world.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    olga.tell("Browser.grantPermissions", rights).await;
    let key = create(&olga, "Website widget", &["sessions:start"]).await;
    assert!(olga.text("#reveal-dialog").await.contains("at any time"));
    olga.press(Key::Escape).await;
    olga.until_gone("dialog").await; // at once: nothing is lost
    let clipboard = || olga.later::<String>("navigator.clipboard.readText()");
    let empty = || olga.later::<Value>("navigator.clipboard.writeText('')");

    choose(&olga, "Website widget", "Copy key").await;
    olga.until("document.querySelector('#notice p')?.textContent === '“Website widget” copied.'").await;
    assert_eq!(clipboard().await, key);
    assert!(!olga.is_there("dialog").await);
    let id = id_of(&olga, "Website widget").await;
    olga.until(&format!("!document.querySelector('#menu-{id}').matches(':popover-open')")).await;

    empty().await;
    olga.click(&format!("#name-{id}")).await;
    olga.until_shown("#edit-dialog").await;
    assert_eq!(olga.text("#edit-dialog [data-secret]").await, key);
    olga.click("#edit-dialog [data-copy=key]").await;
    olga.until("document.querySelector('[data-copied-text]').textContent === 'Copied.'").await;
    assert_eq!(clipboard().await, key);
    olga.press(Key::Escape).await;
    olga.until_gone("dialog").await;

    // Where nothing can be copied, the entry leads to where the key stands.
    let hide = "(Object.defineProperty(navigator, 'clipboard', { value: undefined }), document.execCommand = () => false, null)";
    let _: Value = olga.see(hide).await;
    choose(&olga, "Website widget", "Copy key").await;
    olga.until_shown("#details-dialog [data-secret]").await;
    assert_eq!(olga.text("#details-dialog [data-secret]").await, key);
    olga.expect_quiet_console().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_follows_the_project_that_is_chosen() {
    let world = World::begin(Engine::Sqlite).await;
    let mut elsewhere = world.sign_in("olga").await;
    let rota = elsewhere.create_project("Rota").await.to_string();
    let empty = elsewhere.create_project("Empty").await.to_string();
    let olga = Browser::open(&world).await;
    olga.sign_in("olga").await;
    let pick = async |css: &str, value: &str| {
        let pick = "(e => { e.value = VALUE; return e.dispatchEvent(new Event('input', { bubbles: true })); })";
        let pick = pick.replace("VALUE", &format!("{value:?}"));
        let _: bool = olga.see(&format!("{pick}(document.querySelector({css:?}))")).await;
    };
    for (name, project) in [("Filed", rota.as_str()), ("Unfiled", "")] {
        olga.click("#new-key").await;
        olga.until_shown("#project").await;
        pick("#project", project).await;
        create(&olga, name, &["shifts:read"]).await;
        olga.click("[data-done]").await;
        olga.until_gone("dialog").await;
    }
    assert_eq!(olga.texts("td.key-project").await, ["", "Rota"]);
    olga.visit(LIST).await;
    pick("#in-project", &rota).await;
    olga.until(&format!("location.search === '?project={rota}' && document.querySelectorAll('#rows tr').length === 1"))
        .await;
    assert_eq!(names(&olga).await, ["Filed"]);
    olga.click("#sort-name").await;
    olga.until(&format!("location.search === '?sort=name&project={rota}'")).await;
    assert_eq!(olga.value("#in-project").await, rota);
    pick("#in-project", "none").await;
    olga.until("document.querySelector('#rows .key-name a')?.textContent === 'Unfiled'").await;
    assert!(olga.path().await.contains("project=none") && olga.path().await.contains("sort=name"));
    // A link that leaves the project takes the choice along.
    pick("#in-project", &empty).await;
    olga.until_shown("#empty h2").await;
    assert_eq!(olga.text("#empty h2").await, "No keys in this project");
    olga.click_text("#empty", "Show all projects").await;
    olga.until(
        "document.querySelectorAll('#rows tr').length === 2 && document.querySelector('#in-project').value === ''",
    )
    .await;
    olga.driver.back().await.unwrap();
    olga.until(&format!("document.querySelector('#in-project').value === {empty:?}")).await;
    olga.expect_quiet_console().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_and_kinds_are_chosen_without_javascript() {
    let world = World::of_catalog(Engine::Sqlite, "soul-machines").await;
    let olga = Browser::without_javascript(&world).await;
    olga.sign_in("olga").await;
    olga.visit(&format!("{LIST}/keys/new")).await;
    assert_eq!(shown_resources(&olga).await.len(), 4, "all stand there, with the kinds that they are for");
    let usage = ".resource[data-resource='Usage']";
    assert!(olga.text(&format!("{usage} th")).await.contains("for Analytics (Servers only) keys"));
    olga.fill("#key-name", "Monthly figures").await;
    olga.click("[value=analytics]").await;
    olga.click("[value='usage:read']").await;
    olga.click(&format!("{usage} summary")).await;
    assert!(!olga.is_shown("[value='usage:minutes']").await, "a tick that would not count cannot be set");
    olga.click(&format!("{usage} [value=some]")).await;
    olga.click("[value='usage:minutes']").await;
    olga.click_text("#create-sheet", "Create Key").await;
    revealed(&olga).await;
    olga.click_text("main", "I've saved it").await;
    olga.click("#rows .short .button").await;
    assert_eq!(olga.texts(".tip:popover-open .grants li").await, ["Usage Read Fields: Minutes"]);
    assert_eq!(
        (names(&olga).await, olga.text("td.key-kind").await),
        (vec!["Monthly figures".to_owned()], "Analytics".into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_catalogs_bring_is_sound() {
    let (_world, olga) = creating("admin-v2").await;
    let mut critic = Critic::new(&olga);
    critic.look("admin-v2-create").await;
    olga.click("[value='employees:read']").await;
    olga.click(&format!("{EMPLOYEES} summary")).await;
    olga.click("[value='employees:first_name']").await;
    critic.look("admin-v2-create-fields").await;
    olga.fill("#filter", "time").await;
    critic.look("admin-v2-create-filter").await;
    create(&olga, "Calendar", &[]).await;
    olga.click("[data-copy=key]").await;
    olga.click("[data-done]").await;
    olga.click("#rows .short .button").await;
    critic.look("admin-v2-list-permissions").await;
    critic.expect_nothing_found();

    let (world, olga) = creating("soul-machines").await;
    let mut critic = Critic::new(&olga);
    world.sign_in("olga").await.create_project("A project whose name is as long as one may give: sixty signs").await;
    olga.visit(LIST).await;
    olga.click("#new-key").await;
    olga.until_shown("#create-dialog").await;
    critic.look("soul-machines-create").await;
    olga.click("[value='sessions:read']").await;
    olga.fill("#domains", "ftp://widget.example.com").await;
    olga.click("#create-dialog .more summary").await;
    olga.fill("#addresses", "nowhere").await;
    olga.click_text("#create-dialog", "Create Key").await;
    olga.until_shown("#domains-error").await;
    critic.look("soul-machines-create-mistakes").await;
    olga.fill("#domains", "widget.northwind.example\n*.example.com").await;
    olga.fill("#addresses", "203.0.113.0/24").await;
    create(&olga, "Website widget", &[]).await;
    critic.look("soul-machines-reveal").await;
    olga.press(Key::Escape).await;
    olga.until_gone("dialog").await;
    critic.look("soul-machines-list").await;
    let id = id_of(&olga, "Website widget").await;
    olga.click(&format!("#more-{id}")).await;
    critic.look("soul-machines-menu").await;
    olga.press(Key::Escape).await;
    olga.click(&format!("#name-{id}")).await;
    olga.until_shown("#edit-dialog").await;
    critic.look("soul-machines-edit").await;
    olga.press(Key::Escape).await;
    olga.until_gone("dialog").await;
    olga.click("#revoke-all").await;
    olga.until_shown("#revoke-all-dialog").await;
    critic.look("revoke-all").await;
    olga.click_text("#revoke-all-dialog", "Revoke ALL keys").await;
    olga.until_shown("#team-name-error").await;
    critic.look("revoke-all-mistake").await;
    olga.forget().await;
    olga.sign_in("vera").await;
    olga.click(&format!("#name-{id}")).await;
    olga.until_shown("#details-dialog").await;
    critic.look("soul-machines-details").await;
    olga.visit(&format!("{LIST}/keys/{id}")).await;
    critic.look("soul-machines-details-page").await;
    critic.expect_nothing_found();

    let (_world, olga) = creating("soku").await;
    let mut critic = Critic::new(&olga);
    olga.click(".fields-switch summary").await;
    critic.look("soku-create").await;
    critic.expect_nothing_found();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kinds_that_share_an_action_and_no_resource_send_their_own_alone() {
    let kind = |id: &str| format!("[[kind]]\nid = \"{id}\"\nprefix = \"{id}_\"\nresources = [\"{id}_data\"]\n");
    let resource = |id: &str, action: &str| format!("[[resource]]\nid = \"{id}_data\"\nactions = [\"{action}\"]\n");
    let kinds = ["door", "gate", "wall"].map(kind).concat();
    let resources = [resource("door", "open"), resource("gate", "open"), resource("wall", "paint")].concat();
    let catalog = file::parse(&format!("{kinds}{resources}")).unwrap();
    let world = World::begin_with(Engine::Sqlite, catalog).await;
    let olga = Browser::open(&world).await;
    olga.sign_in("olga").await;
    olga.click("#new-key").await;
    olga.until_shown("#create-dialog").await;
    for (kind, permission) in [("door", "door_data:open"), ("gate", "gate_data:open"), ("wall", "wall_data:paint")] {
        olga.click(&format!("[name=kind][value={kind}]")).await;
        olga.click(&format!("[value='{permission}']")).await;
        let sent = would_send(&olga, &["kind", "permission"]).await;
        let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(sent, [("kind", kind), ("permission", permission)]);
        assert_eq!(said_by_server(&olga).await, olga.text(SENTENCE).await);
    }
}
