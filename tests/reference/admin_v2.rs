//! AdminV2's page "How to generate API keys", statement by statement, with its catalog.
//!
//! 1. Only Administrators add and manage keys. Here an Administrator is an Owner.
//!    → `only_an_owner_adds_and_manages_keys`
//! 2. The page is reached through a menu path. Here the labels are Soon's.
//!    → `the_developers_page_stands_in_the_menu_and_under_the_other_products_address`
//! 3. The page shows what is needed to add a key.
//!    → `the_page_leads_to_a_new_key_and_shows_how_to_use_one`
//! 4. The endpoint is chosen in the left column, its permissions in its row.
//!    → `endpoints_stand_in_the_left_column_and_their_permissions_in_the_row`
//! 5. Create lets a key create.
//!    → `create_lets_a_key_make_new_data_and_nothing_else`
//! 6. Read lets a key read.
//!    → `read_lets_a_key_look_at_data_and_nothing_else`
//! 7. Update lets a key update.
//!    → `update_lets_a_key_change_data_and_nothing_else`
//! 8. Delete lets a key delete.
//!    → `delete_lets_a_key_remove_data_and_nothing_else`
//! 9. Download lets a key download a document.
//!    → `download_lets_a_key_fetch_a_document_and_nothing_else`
//! 10. The fields can be chosen, such as name, start and end for a calendar.
//!     → `a_key_can_be_held_to_a_few_fields`
//! 11. Without a choice of fields it is all of them.
//!     → `without_a_choice_of_fields_a_key_reaches_all_also_later_ones`
//! 12. A key cannot be held to some employees.
//!     → `a_key_cannot_be_held_to_some_employees_and_the_form_says_so`
//! 13. The example: time off, Read, in the last column Fields. Here the switch stands beside the endpoint's name.
//!     → `the_example_is_chosen_by_hand_with_the_fields_below_their_endpoint`
//! 14. Generate key stands at the bottom left. Here it is `Create Key`, at the right.
//!     → `the_button_that_makes_the_key_stands_at_the_foot_of_the_form`
//! 15. A success message has the key in it.
//!     → `the_answer_says_so_and_has_the_key_in_it`
//! 16. The current keys stand at the bottom of the page. Here they are the page.
//!     → `the_current_keys_stand_on_the_same_page`
//! 17. The (i) shows the fields of a key.
//!     → `the_i_of_a_row_shows_the_fields_of_its_key`
//! 18. One key is revoked by its (x) in the list. Here by `Revoke` in its menu, which asks again.
//!     → `one_key_is_revoked_from_its_row_in_the_list`
//! 19. A red Revoke ALL keys stands in the bottom bar. Here it asks for the team's name.
//!     → `revoke_all_keys_is_red_and_stands_at_the_foot_of_the_page`
//! 20. It removes all keys immediately. Here they stay in the table as Revoked, Expired ones as they are.
//!     → `revoking_all_ends_every_key_at_once_and_keeps_them_in_the_table_as_revoked`
//! 21. It prevents further access.
//!     → `revoking_all_leaves_no_key_with_access`
//! 22. It cannot be reversed.
//!     → `nothing_brings_a_revoked_key_back`
//! 23. All keys have to be generated and put in again.
//!     → `after_it_every_application_needs_a_new_key`

use keyrack::keys::address;
use keyrack::keys::catalog::{Catalog, file};
use serde_json::json;

use crate::browser::{choose, create, id_of, names, revealed, use_key};
use crate::world::keys::url;
use crate::world::{Browser, World};

const TEXT: &str = include_str!("../../examples/catalogs/admin-v2.toml");
const TEAM: &str = "Northwind Rota";

fn catalog() -> Catalog {
    file::parse(TEXT).unwrap()
}

/// Olga's browser, on the page.
async fn at_olgas(world: &World) -> Browser {
    let olga = Browser::open(world).await;
    olga.sign_in("olga").await;
    olga
}

/// The same with the create dialog open.
async fn at_the_form(world: &World) -> Browser {
    let olga = at_olgas(world).await;
    olga.click("#new-key").await;
    olga.until_shown("#create-dialog").await;
    olga
}

/// What is done with the ticks of an endpoint.
const ROW: &str = ".resource[data-resource='Employee time off']";

statement!(
    "admin-v2",
    async fn only_an_owner_adds_and_manages_keys(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("Calendar", &["employees:read"]).await;
        let before = world.key_rows();
        for who in ["adam", "vera", "mia"] {
            let mut person = world.sign_in(who).await;
            assert!(person.get(address::LIST).await.texts("#new-key").is_empty());
            let new = person.bare_form(address::LIST_OF_KEYS).await;
            let new = new.with("name", "Mine").with("permission", "employees:read").with("expiration", "never");
            let nonce = keyrack::people::session::draw();
            assert_eq!(person.get(address::NEW).await.status, 403, "{who}");
            assert_eq!(person.submit(&new.with("nonce", &nonce)).await.status, 403, "{who}");
            assert_eq!(person.rename(&id, "Mine").await.status, 403, "{who}");
            assert_eq!(person.revoke(&id).await.status, 403, "{who}");
            assert_eq!(person.delete(&id).await.status, 403, "{who}");
        }
        assert_eq!(world.key_rows(), before);
        assert_eq!(olga.rename(&id, "Rota").await.status, 303);
        assert_eq!(olga.revoke(&id).await.status, 303);
        assert_eq!(olga.delete(&id).await.status, 303);
    }
);

statement!(
    "admin-v2",
    async fn the_developers_page_stands_in_the_menu_and_under_the_other_products_address(world) {
        let mut olga = world.sign_in("olga").await;
        let elsewhere = olga.get("/settings/team").await;
        let (labels, urls) = (elsewhere.texts(".nav a"), elsewhere.attributes(".nav a", "href"));
        let at = labels.iter().position(|label| label == "Developers").expect("it stands in the menu");
        assert_eq!(urls[at], address::LIST);
        assert_eq!(olga.get(&urls[at]).await.texts(".nav [aria-current]"), ["Developers"]);
        let alias = olga.get("/settings/api").await;
        assert_eq!((alias.status, alias.location()), (308, address::LIST));
    }
);

statement!(
    "admin-v2",
    async fn the_page_leads_to_a_new_key_and_shows_how_to_use_one(world) {
        let olga = at_olgas(&world).await;
        assert_eq!((olga.text("h1").await, olga.text("#new-key").await), ("Developers".to_owned(), "+ API key".to_owned()));
        assert_eq!(olga.text("#empty h2").await, "No API keys yet");
        assert!(!olga.is_shown("#revoke-all").await, "there is none to revoke");
        assert_eq!(olga.texts("#empty a").await, ["Create the first key", "How a key is used"]);
        assert_eq!(olga.attribute(".purpose a", "href").await.as_deref(), Some("/docs/api"));
    }
);

statement!(
    "admin-v2",
    async fn endpoints_stand_in_the_left_column_and_their_permissions_in_the_row(world) {
        let olga = at_the_form(&world).await;
        let catalog = catalog();
        let labels: Vec<&str> = catalog.resources().iter().map(|resource| resource.label.as_str()).collect();
        assert!(labels.len() >= 30);
        assert_eq!(olga.texts(".matrix .resource-name").await, labels);
        let heads: Vec<String> = olga.texts(".matrix thead .matrix-cell").await;
        assert_eq!(heads, ["Create", "Read", "Update", "Delete", "Download"]);
        // The names are at the left of every tick, and each tick below the heading of its action.
        let is_in_place: bool = olga.see(
            "(() => { const heads = [...document.querySelectorAll('.matrix thead .matrix-cell')];
               const middle = e => { const box = e.getBoundingClientRect(); return box.left + box.width / 2; };
               return [...document.querySelectorAll('.matrix tr:has([name=permission])')].every(row => {
                 const name = row.querySelector('th').getBoundingClientRect();
                 return [...row.querySelectorAll('td.matrix-cell')].every((cell, n) =>
                   cell.getBoundingClientRect().left >= name.right - 1 && Math.abs(middle(cell) - middle(heads[n])) < 2
                   && (!cell.querySelector('input') || cell.querySelector('input').ariaLabel.endsWith(heads[n].textContent))); }); })()",
        ).await;
        assert!(is_in_place, "the matrix is no matrix");
        // What an endpoint does not offer has no box.
        assert!(!olga.is_there("[value='payroll_exports:delete']").await && olga.is_there("[value='payroll_exports:download']").await);

        // Thirty of them are found by typing, a whole row is one click, and what is hidden stays chosen.
        olga.click("[value='employees:read']").await;
        olga.fill("#filter", "TIME OFF").await;
        olga.until("[...document.querySelectorAll('.resource')].filter(e => e.checkVisibility()).length === 3").await;
        assert_eq!(olga.text("#filter-count").await, format!("3 of {} resources; 1 chosen is hidden", labels.len()));
        olga.click(&format!("{ROW} [data-row]")).await;
        assert_eq!(olga.see::<i64>(&format!("document.querySelectorAll({:?}).length", format!("{ROW} [name=permission]:checked"))).await, 5);
        assert_eq!(olga.attribute(&format!("{ROW} [data-row]"), "aria-pressed").await.as_deref(), Some("true"));
        olga.click("[value='employee_time_off:delete']").await;
        assert_eq!(olga.attribute(&format!("{ROW} [data-row]"), "aria-pressed").await.as_deref(), Some("false"));
        olga.click("[value='employee_time_off:download']").await;
        let sentence = "Can read Employees. Can create, read and update Employee time off.";
        assert_eq!(olga.text("#permissions-sentence").await, sentence);
        create(&olga, "Calendar", &[]).await;
        let row = &world.key_rows()[0];
        assert_eq!(row.permissions, "employee_time_off:create employee_time_off:read employee_time_off:update employees:read");
        olga.expect_quiet_console().await;
    }
);

/// A key with one permission on employees is told that one, and it opens just the addresses that need it.
async fn assert_opens(world: &World, action: &str, opens: &[(&str, &str)]) {
    let mut olga = world.sign_in("olga").await;
    let grant = format!("employees:{action}");
    let (_, secret) = olga.create_key("Calendar", &[&grant]).await;
    assert_eq!(olga.told(&secret).await["permissions"], json!([grant]));
    let of_employees = |path: &str| path.starts_with("/api/v2/employees/") || path == "/api/v2/employees";
    let catalog = catalog();
    let routes = catalog.routes().iter().map(|route| (route, route.path.to_string()));
    let mut opened = Vec::new();
    for (route, path) in routes.filter(|(_, path)| of_employees(path)) {
        let needs: Vec<String> = route.require.iter().map(ToString::to_string).collect();
        if needs == [grant.as_str()] {
            opened.extend(route.methods.iter().map(|method| (method.clone(), path.clone())));
        }
        assert_eq!(needs.len(), 1, "{path} needs one permission");
    }
    let opens: Vec<_> = opens.iter().map(|&(method, path)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(opened, opens);
}

statement!(
    "admin-v2",
    async fn create_lets_a_key_make_new_data_and_nothing_else(world) {
        assert_opens(&world, "create", &[("POST", "/api/v2/employees")]).await;
    }
);

statement!(
    "admin-v2",
    async fn read_lets_a_key_look_at_data_and_nothing_else(world) {
        let (all, one) = ("/api/v2/employees", "/api/v2/employees/*");
        assert_opens(&world, "read", &[("GET", all), ("HEAD", all), ("GET", one), ("HEAD", one)]).await;
    }
);

statement!(
    "admin-v2",
    async fn update_lets_a_key_change_data_and_nothing_else(world) {
        assert_opens(&world, "update", &[("PUT", "/api/v2/employees/*"), ("PATCH", "/api/v2/employees/*")]).await;
    }
);

statement!(
    "admin-v2",
    async fn delete_lets_a_key_remove_data_and_nothing_else(world) {
        assert_opens(&world, "delete", &[("DELETE", "/api/v2/employees/*")]).await;
    }
);

statement!(
    "admin-v2",
    async fn download_lets_a_key_fetch_a_document_and_nothing_else(world) {
        let document = "/api/v2/employees/*/document";
        assert_opens(&world, "download", &[("GET", document), ("HEAD", document)]).await;
    }
);

statement!(
    "admin-v2",
    async fn a_key_can_be_held_to_a_few_fields(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, secret) = olga.create_key_of(&[
            ("permission", "employee_time_off:read"),
            ("fields.employee_time_off", "some"),
            ("field", "employee_time_off:employee_name"),
            ("field", "employee_time_off:start_date"),
            ("field", "employee_time_off:end_date"),
        ]).await;
        let told = olga.told(&secret).await;
        assert_eq!(told["fields"], json!({ "employee_time_off": ["employee_name", "end_date", "start_date"] }));
    }
);

statement!(
    "admin-v2",
    async fn without_a_choice_of_fields_a_key_reaches_all_also_later_ones(world) {
        let mut world = world;
        let olga = at_the_form(&world).await;
        assert!(olga.text("#permissions-limits").await.contains("A key reaches all fields of a resource unless you choose a few."));
        let all_are_all: bool = olga.see(
            "[...document.querySelectorAll('[name^=\"fields.\"]')].every(e => e.checked === (e.value === 'all'))
             && [...document.querySelectorAll('[data-fields-said]')].every(e => e.textContent === 'all')",
        ).await;
        assert!(all_are_all, "all fields are preselected, and said");
        let secret = create(&olga, "Calendar", &["employees:read"]).await;
        let machine = world.visitor();
        assert_eq!(machine.told(&secret).await["fields"], json!({}), "none is left out");
        drop(olga);
        // A field that comes later is among them.
        let later = TEXT.replacen("fields = [", "fields = [\"shoe_size\", ", 1);
        let catalog = file::parse(&later).unwrap();
        assert!(catalog.resource("employees").unwrap().field("shoe_size").is_some());
        world.start_again(|settings| settings.catalog = catalog);
        assert_eq!(world.visitor().told(&secret).await["fields"], json!({}));
        let list = world.sign_in("olga").await.get(address::LIST).await;
        assert_eq!(list.texts("[popover] .grants li"), ["Employees Read · all fields"]);
    }
);

statement!(
    "admin-v2",
    async fn a_key_cannot_be_held_to_some_employees_and_the_form_says_so(world) {
        let mut olga = world.sign_in("olga").await;
        let page = olga.get(address::NEW).await;
        assert!(page.texts("#permissions-limits")[0].ends_with("It cannot be limited to some rows or employees."));
        let form = olga.filled_form(&[("permission", "employees:read")]).await;
        for (name, value) in [("employee", "42"), ("rows.employees", "42"), ("filter", "team=42"), ("permission.employees", "42")] {
            assert_eq!(olga.submit(&form.and(name, value)).await.status, 400, "{name}");
        }
        assert!(world.key_rows().is_empty());
        let (_, secret) = olga.create_by(&form).await;
        let told = olga.told(&secret).await;
        let told: Vec<&String> = told.as_object().unwrap().keys().collect();
        assert!(!told.iter().any(|part| part.contains("row") || part.contains("employee")), "{told:?}");
    }
);

statement!(
    "admin-v2",
    async fn the_example_is_chosen_by_hand_with_the_fields_below_their_endpoint(world) {
        let olga = at_the_form(&world).await;
        olga.click("[value='employee_time_off:read']").await;
        let fields = format!("{ROW} .fields-row");
        assert!(!olga.is_shown(&fields).await, "the fields are folded away");
        olga.click(&format!("{ROW} summary")).await;
        olga.until_shown(&fields).await;
        let is_below: bool = olga.see(&format!(
            "document.querySelector({fields:?}).getBoundingClientRect().top
             >= document.querySelector({:?}).closest('tr').getBoundingClientRect().bottom - 1", "[value='employee_time_off:read']")).await;
        assert!(is_below);
        // A field that is ticked means: only these.
        for field in ["employee_name", "start_date", "end_date"] {
            olga.click(&format!("[value='employee_time_off:{field}']")).await;
        }
        assert!(olga.see::<bool>("document.querySelector('[name=\"fields.employee_time_off\"][value=some]').checked").await);
        assert_eq!(olga.text(&format!("{ROW} [data-fields-said]")).await, "3 of 23");
        assert_eq!(olga.text("#permissions-sentence").await, "Can read 3 fields of Employee time off. Cannot change anything.");
        create(&olga, "Calendar", &[]).await;
        let row = &world.key_rows()[0];
        assert_eq!((row.permissions.as_str(), row.fields.as_str()), ("employee_time_off:read", "employee_time_off=employee_name,end_date,start_date"));
        olga.expect_quiet_console().await;
    }
);

statement!(
    "admin-v2",
    async fn the_button_that_makes_the_key_stands_at_the_foot_of_the_form(world) {
        let olga = at_the_form(&world).await;
        for width in [1280, 390] {
            olga.resize(width).await;
            olga.until(&format!("innerWidth === {width}")).await;
            // It is in sight however long the form above it, and below all of it.
            let stands: bool = olga.see(
                "(() => { const [button, body] = ['#create-dialog .submit', '#create-dialog .sheet-body']
                     .map(css => document.querySelector(css).getBoundingClientRect());
                   return button.top >= body.bottom - 1 && button.bottom <= innerHeight; })()",
            ).await;
            assert!(stands, "at {width} px");
            assert_eq!(olga.text("#create-dialog .submit").await, "Create Key");
        }
    }
);

statement!(
    "admin-v2",
    async fn the_answer_says_so_and_has_the_key_in_it(world) {
        let olga = at_the_form(&world).await;
        olga.fill("#key-name", "Calendar").await;
        olga.click("[value='employees:read']").await;
        olga.click_text("#create-dialog", "Create Key").await;
        let secret = revealed(&olga).await;
        assert_eq!(olga.text("#reveal-title").await, "Save your API key");
        assert_eq!(olga.text("#notice").await, "“Calendar” created.");
        assert!(olga.is_shown("#reveal-dialog [data-copy=key]").await);
        assert_eq!(use_key(&world, &secret).await, 200);
        assert_eq!(names(&olga).await, ["Calendar"]);
        olga.click_text("#reveal-dialog", "I've saved it").await;
        olga.until_gone("dialog").await;
        assert!(olga.is_shown("#revoke-all").await, "now there is one to revoke");
    }
);

statement!(
    "admin-v2",
    async fn the_current_keys_stand_on_the_same_page(world) {
        let mut person = world.sign_in("olga").await;
        person.create_key("Calendar", &["employees:read"]).await;
        person.create_key("Payroll", &["salaries:read"]).await;
        let olga = at_olgas(&world).await;
        assert_eq!(olga.path().await, address::LIST);
        assert_eq!(names(&olga).await, ["Payroll", "Calendar"]);
        // They are what the page is about: nobody has to scroll to its end for them.
        assert!(olga.see::<bool>("document.querySelector('#rows tr').getBoundingClientRect().top < innerHeight / 2").await);
    }
);

statement!(
    "admin-v2",
    async fn the_i_of_a_row_shows_the_fields_of_its_key(world) {
        let mut person = world.sign_in("olga").await;
        let few = [
            ("permission", "employee_time_off:read"),
            ("permission", "lateness:read"),
            ("fields.employee_time_off", "some"),
            ("field", "employee_time_off:employee_name"),
            ("field", "employee_time_off:start_date"),
        ];
        person.create_key_of(&[&few[..], &[("name", "Calendar")]].concat()).await;
        person.create_key("Payroll", &["salaries:read"]).await;
        let lines = ["Employee time off Read Fields: Employee name, Start date", "Lateness Read · all fields"];
        let browser = Browser::open(&world).await;
        for who in ["olga", "vera"] {
            browser.forget().await;
            browser.resize(1280).await;
            browser.sign_in(who).await;
            let (id, other) = (id_of(&browser, "Calendar").await, id_of(&browser, "Payroll").await);
            let tip = format!("#grants-{id}");
            let button = |id: &str| format!("#row-{id} [popovertarget='grants-{id}']");
            assert!(!browser.is_shown(&tip).await);
            assert_eq!(browser.text(&button(&id)).await, "i");
            assert_eq!(browser.attribute(&button(&id), "aria-label").await.as_deref(), Some("Permissions of Calendar"));
            browser.click(&button(&id)).await;
            browser.until_shown(&tip).await;
            assert_eq!(browser.texts(&format!("{tip} li")).await, lines, "{who}");
            let box_of = format!("document.querySelector({tip:?}).getBoundingClientRect()");
            let is_in_sight = format!("(box => box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight)({box_of})");
            assert!(browser.see::<bool>(&is_in_sight).await, "{who}: it opens beside the screen");
            // It closes by Esc, another one opens in its place, and neither opens a dialog.
            browser.press(thirtyfour::prelude::Key::Escape).await;
            browser.until(&format!("!document.querySelector({tip:?}).matches(':popover-open')")).await;
            browser.click(&button(&id)).await;
            browser.until_shown(&tip).await;
            browser.click(&button(&other)).await;
            browser.until_shown(&format!("#grants-{other}")).await;
            assert_eq!(browser.texts(&format!("#grants-{other} li")).await, ["Salaries Read · all fields"]);
            assert!(!browser.is_shown(&tip).await && !browser.is_there("dialog").await);

            // On a phone a card has no room for it: the key's own dialog says the same.
            browser.resize(390).await;
            browser.visit(address::LIST).await;
            browser.click(&format!("#name-{id}")).await;
            browser.until_shown("dialog .grants").await;
            assert_eq!(browser.texts("dialog .grants li").await, lines, "{who}");
        }
        browser.expect_quiet_console().await;
    }
);

statement!(
    "admin-v2",
    async fn one_key_is_revoked_from_its_row_in_the_list(world) {
        let mut person = world.sign_in("olga").await;
        let (_, calendar) = person.create_key("Calendar", &["employees:read"]).await;
        let (_, payroll) = person.create_key("Payroll", &["salaries:read"]).await;
        let olga = at_olgas(&world).await;
        choose(&olga, "Calendar", "Revoke").await;
        olga.until_shown("#revoke-dialog").await;
        assert_eq!((use_key(&world, &calendar).await, olga.text("#revoke-title").await.as_str()), (200, "Revoke “Calendar”?"));
        olga.click_text("#revoke-dialog", "Revoke Key").await;
        olga.until_gone("dialog").await;
        assert_eq!((use_key(&world, &calendar).await, use_key(&world, &payroll).await), (401, 200));
        assert_eq!(olga.texts("#rows .badge").await, ["Active", "Revoked"]);
    }
);

/// Whether what matches is red: its words, or what they stand on.
async fn is_red(at: &Browser, css: &str, property: &str) -> bool {
    let color: Vec<i32> = at
        .see(&format!(
            "(() => {{ const paint = document.createElement('canvas').getContext('2d');
           paint.fillStyle = getComputedStyle(document.querySelector({css:?})).{property};
           paint.fillRect(0, 0, 1, 1); return [...paint.getImageData(0, 0, 1, 1).data]; }})()"
        ))
        .await;
    color[0] > 2 * color[1] && color[0] > 2 * color[2]
}

statement!(
    "admin-v2",
    async fn revoke_all_keys_is_red_and_stands_at_the_foot_of_the_page(world) {
        let mut person = world.sign_in("olga").await;
        let (_, calendar) = person.create_key("Calendar", &["employees:read"]).await;
        let (_, payroll) = person.create_key("Payroll", &["salaries:read"]).await;
        let olga = at_olgas(&world).await;
        assert_eq!(olga.text("#foot #revoke-all").await, "Revoke all keys…");
        assert!(is_red(&olga, "#revoke-all", "color").await);
        let is_last: bool = olga.see(
            "document.querySelector('#revoke-all').getBoundingClientRect().top >= document.querySelector('.table').getBoundingClientRect().bottom - 1",
        ).await;
        assert!(is_last, "it stands below the table");

        olga.click("#revoke-all").await;
        olga.until_shown("#revoke-all-dialog").await;
        assert_eq!(olga.text("#revoke-all-dialog .submit").await, "Revoke ALL keys");
        assert!(is_red(&olga, "#revoke-all-dialog .submit", "backgroundColor").await);
        assert_eq!(olga.text("#revoke-all-what strong").await, "2 Active keys stop working immediately");
        // Not by accident: only with the team's name, as it is written.
        for wrong in ["", "northwind rota"] {
            olga.fill("#team-name", wrong).await;
            olga.click_text("#revoke-all-dialog", "Revoke ALL keys").await;
            olga.until_shown("#team-name-error").await;
            assert_eq!((use_key(&world, &calendar).await, olga.value("#team-name").await.as_str()), (200, wrong));
            olga.fill("#team-name", "x").await;
            olga.until_gone("#team-name-error").await;
        }
        olga.fill("#team-name", &format!(" {TEAM} ")).await;
        olga.click_text("#revoke-all-dialog", "Revoke ALL keys").await;
        olga.until_gone("dialog").await;
        assert_eq!(olga.text("#notice").await, "2 keys revoked. They stopped working at once.");
        assert_eq!(olga.texts("#rows .badge").await, ["Revoked", "Revoked"]);
        assert_eq!((use_key(&world, &calendar).await, use_key(&world, &payroll).await), (401, 401));
        olga.expect_quiet_console().await;
    }
);

statement!(
    "admin-v2",
    async fn revoking_all_ends_every_key_at_once_and_keeps_them_in_the_table_as_revoked(world) {
        world.sign_in("olga").await.create_key_for("7d", "Over", &["employees:read"]).await;
        world.clock.advance(7 * 86_400);
        let mut olga = world.sign_in("olga").await;
        for n in 0..3 {
            olga.create_key(&format!("Key {n}"), &["employees:read"]).await;
        }
        let before = world.key_rows();
        let form = olga.bare_form(address::REVOCATION_OF_ALL).await.with("team_name", TEAM);
        assert_eq!(olga.submit(&form).await.status, 303);
        let list = olga.get(&format!("{}?sort=name", address::LIST)).await;
        assert_eq!(list.names(), ["Key 0", "Key 1", "Key 2", "Over"]);
        assert_eq!(list.texts("tr.key .badge"), ["Revoked", "Revoked", "Revoked", "Expired"]);
        let now = world.now().unix();
        let after: Vec<_> = world.key_rows().into_iter().map(|row| (row.id, row.revoked_at)).collect();
        let ended: Vec<_> = before.into_iter().map(|row| (row.id, (row.name != "Over").then_some(now))).collect();
        assert_eq!(after, ended, "all that were active, in the same moment");
    }
);

statement!(
    "admin-v2",
    async fn revoking_all_leaves_no_key_with_access(world) {
        let mut olga = world.sign_in("olga").await;
        let mut secrets = Vec::new();
        for n in 0..5 {
            secrets.push(olga.create_key(&format!("Key {n}"), &["employees:read"]).await.1);
        }
        let (_, harbours) = world.sign_in("sam").await.create_key("Harbour's", &["employees:read"]).await;
        let form = olga.bare_form(address::REVOCATION_OF_ALL).await.with("team_name", TEAM);
        assert_eq!(olga.submit(&form).await.status, 303);
        for secret in &secrets {
            let answer = olga.present(reqwest::Method::GET, secret).await;
            assert!(answer.status == 401 && answer.body.contains("REVOKED"), "{}", answer.body);
        }
        assert_eq!(olga.knock(&harbours).await, 200, "another team's keys are none of these");
    }
);

statement!(
    "admin-v2",
    async fn nothing_brings_a_revoked_key_back(world) {
        let mut olga = world.sign_in("olga").await;
        let (one, secret) = olga.create_key("One", &["employees:read"]).await;
        let (other, _) = olga.create_key("Other", &["employees:read"]).await;
        assert!(olga.get(&url(address::REVOCATION, &one)).await.texts("#revoke-what")[0].contains("This cannot be undone."));
        assert!(olga.get(address::REVOCATION_OF_ALL).await.texts("#revoke-all-what")[0].contains("This cannot be undone."));
        olga.revoke(&one).await;
        let form = olga.bare_form(address::REVOCATION_OF_ALL).await.with("team_name", TEAM);
        olga.submit(&form).await;
        for id in [&one, &other] {
            let revoked = world.key_row(id).unwrap();
            assert_eq!(olga.edit(id, &[("name", "Back")]).await.status, 409);
            assert_eq!(olga.revoke(id).await.status, 303);
            assert_eq!(olga.submit(&form).await.status, 303);
            let offered = olga.get(address::LIST).await.texts(&format!("#menu-{id} a"));
            assert_eq!(offered, ["View details", "Delete"]);
            assert_eq!(world.key_row(id).unwrap(), revoked);
        }
        assert_eq!(olga.delete(&one).await.status, 303);
        assert_eq!(olga.knock(&secret).await, 401, "not even once it is deleted");
    }
);

statement!(
    "admin-v2",
    async fn after_it_every_application_needs_a_new_key(world) {
        let mut olga = world.sign_in("olga").await;
        let same = [("name", "Calendar"), ("permission", "employees:read")];
        let (_, old) = olga.create_key_of(&same).await;
        assert!(olga.get(address::REVOCATION_OF_ALL).await.text().contains("Every application needs a new key afterwards."));
        let form = olga.bare_form(address::REVOCATION_OF_ALL).await.with("team_name", TEAM);
        olga.submit(&form).await;
        let (_, new) = olga.create_key_of(&same).await;
        assert_ne!(old, new);
        assert_eq!((olga.knock(&old).await, olga.knock(&new).await), (401, 200));
    }
);
