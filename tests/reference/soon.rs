//! Soon's page of API keys, statement by statement.
//!
//! 1. With a key, an external application gets into the API.
//!    → `a_key_lets_an_external_application_in`
//! 2. A team makes several keys, each with permissions and an expiration of its own.
//!    → `each_of_several_keys_has_its_own_permissions_and_expiration`
//! 3. Keys are managed on Developers, under Account.
//!    → `the_page_is_developers_under_account`
//! 4. Creating, editing and revoking is for owners.
//!    → `only_owners_create_edit_revoke_and_delete`
//! 5. Admins see the keys and their details, read only.
//!    → `admins_see_keys_and_details_and_are_offered_nothing_else`
//! 6. The button "+ API key" opens a dialog for a new key.
//!    → `the_button_opens_a_dialog_for_a_new_key`
//! 7. The name should say later which key it is.
//!    → `the_form_says_how_to_name_a_key_and_the_list_shows_it`
//! 8. A name has at most 60 characters.
//!    → `a_name_has_at_most_sixty_characters`
//! 9. One chooses the resources and what is allowed of each: of Shifts and Assignments reading and writing, of Users
//!    and Leaves reading.
//!    → `four_resources_are_offered_and_a_key_may_just_what_was_ticked`
//! 10. At least one permission has to be chosen.
//!     → `a_key_without_any_permission_is_refused_beside_the_permissions`
//! 11. Permissions and expiration never change.
//!     → `permissions_and_expiration_never_change_and_the_form_says_so_beforehand`
//! 12. For other settings one makes another key.
//!     → `the_edit_form_says_to_make_another_key_for_other_settings`
//! 13. Six choices say when a key expires.
//!     → `six_choices_of_expiration_are_offered`
//! 14. Never: until somebody revokes it.
//!     → `a_key_that_never_expires_works_until_it_is_revoked`
//! 15. 7 days, 30 days, 3 months, 1 year, counted from its creation.
//!     → `the_presets_count_from_the_moment_of_creation`
//! 16. Custom: a date of one's choice.
//!     → `a_key_works_to_the_end_of_a_day_of_ones_choice`
//! 17. "Create Key" makes the key.
//!     → `create_key_makes_the_key`
//! 18. The whole key is shown once.
//!     → `the_whole_key_is_shown_once`
//! 19. It should be copied at once.
//!     → `the_dialog_says_to_copy_the_key_now_and_copies_it`
//! 20. Once the dialog is closed, the whole key is seen no more.
//!     → `once_the_dialog_is_closed_the_whole_key_is_nowhere`
//! 21. In place of a lost key one makes another, and revokes the lost one.
//!     → `the_edit_form_says_to_replace_a_lost_key_and_that_works`
//! 22. All keys stand in a table with name, status, key, creation and expiration.
//!     → `all_keys_stand_in_a_table_with_these_columns`
//! 23. Name: what the key is called.
//!     → `the_name_column_shows_what_a_key_is_called`
//! 24. Status: Active in green, Expired in red, Revoked in grey.
//!     → `active_is_green_expired_is_red_and_revoked_is_grey`
//! 25. Key: masked, only its last 4 characters can be seen.
//!     → `instead_of_its_last_four_alone_a_key_shows_prefix_first_three_and_last_four`
//! 26. Created: when it was made.
//!     → `the_created_column_shows_when_a_key_was_made`
//! 27. Expiration: when it expires, or Never.
//!     → `the_expiration_column_shows_the_end_or_never`
//! 28. Keys are searched by name.
//!     → `the_search_finds_keys_by_name_as_one_types`
//! 29. Every column sorts.
//!     → `every_one_of_these_columns_sorts_both_ways`
//! 30. A click on the row opens the edit dialog.
//!     → `a_click_anywhere_on_the_row_opens_the_edit_dialog`
//! 31. So does "Edit" in the menu behind the three dots.
//!     → `edit_in_the_three_dots_menu_opens_it_too`
//! 32. The name can be changed.
//!     → `a_key_can_be_renamed_and_goes_on_working`
//! 33. There, permissions and expiration are shown, and not to be changed.
//!     → `the_edit_form_shows_permissions_and_expiration_for_reference_only`
//! 34. An active key is revoked from the menu.
//!     → `a_key_is_revoked_from_the_menu`
//! 35. Or by "Revoke Key" in the edit dialog.
//!     → `a_key_is_revoked_from_its_edit_dialog`
//! 36. Before, one is asked to confirm.
//!     → `nothing_is_revoked_before_it_is_confirmed`
//! 37. A revoke is for good.
//!     → `a_revoke_is_for_good`
//! 38. From then on the application is kept out of the API.
//!     → `an_application_with_a_revoked_key_is_kept_out_at_once`
//! 39. A revoked key stays in the table, so that it can be looked up.
//!     → `a_revoked_key_stays_in_the_table_and_tells_who_revoked_it`
//! 40. A click on a revoked or expired key opens "API Key Details".
//!     → `a_click_on_a_spent_key_opens_its_details`
//! 41. These show name, permissions and expiration, read only.
//!     → `the_details_show_name_permissions_and_expiration_read_only`
//! 42. Such a key can only be deleted.
//!     → `a_spent_key_can_be_deleted_and_nothing_else_and_an_active_one_cannot`
//! 43. "Delete" in the menu takes it from the list.
//!     → `a_spent_key_is_deleted_from_the_menu`
//! 44. So does "Delete Key" in the details.
//!     → `a_spent_key_is_deleted_from_its_details`
//! 45. Advice: names that tell purpose or environment.
//!     → `descriptive_names_are_advised_where_a_key_is_named`
//! 46. Advice: an expiration, and changing keys regularly, rather than Never.
//!     → `an_expiration_is_advised_where_it_is_chosen`
//! 47. Advice: no more permissions than an integration needs.
//!     → `few_permissions_are_advised_where_they_are_chosen`
//! 48. Advice: revoking keys that are out of use.
//!     → `revoking_unused_keys_is_advised_on_the_page_about_using_keys`
//! 49. The API documentation has the endpoints, authentication and formats.
//!     → `the_page_leads_to_the_api_documentation`
//! 50. Whoever needs more help is led to the support.
//!     → `the_page_about_using_keys_leads_to_the_support`

use keyrack::keys::address;
use keyrack::keys::key::KeyId;
use reqwest::Method;
use serde_json::json;
use thirtyfour::prelude::Key;

use super::{catalog, catalog_text, cell, fact, menu, refused_key, told};
use crate::browser::{LIST, choose, create, id_of, names, use_key};
use crate::world::form::Answer;
use crate::world::keys::{Planted, SELF, assert_only_owners, at, url};
use crate::world::{Browser, NOON, Person, World};

const DAY: i64 = 86_400;

/// A browser with Olga at the list, on which these active keys stand.
async fn olga_at_the_list(world: &World, keys: &[&str]) -> Browser {
    let mut elsewhere = world.sign_in("olga").await;
    for name in keys {
        elsewhere.create_key(name, &["shifts:read"]).await;
    }
    let olga = Browser::open(world).await;
    olga.sign_in("olga").await;
    olga
}

/// A key that is revoked, and one that has expired.
async fn spent_keys(world: &World) -> (KeyId, KeyId) {
    let mut olga = world.sign_in("olga").await;
    let (revoked, _) = olga.create_key_for("1y", "Old Zapier hook", &["shifts:read", "users:read"]).await;
    let (expired, _) = olga.create_key_for("7d", "Q2 data migration", &["shifts:write"]).await;
    olga.revoke(&revoked).await;
    world.clock.advance(7 * DAY);
    (revoked, expired)
}

/// A world in which the product has links of its own.
async fn world_with(world: &World, links: &str) -> World {
    let text = catalog_text("soon").replace("[product]", &format!("[product]\n{links}"));
    World::begin_with(world.engine, catalog(&text)).await
}

async fn docs(world: &World) -> Answer {
    world.visitor().get("/docs/api").await
}

statement!("soon",
    async fn a_key_lets_an_external_application_in(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        let mut application = world.visitor();
        assert_eq!(application.get(SELF).await.status, 401, "without a key");
        assert_eq!(application.knock(&secret).await, 200);
        assert!(application.cookies.is_empty(), "nobody signed in");
    }
);

statement!("soon",
    async fn each_of_several_keys_has_its_own_permissions_and_expiration(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, first) = olga.create_key_for("7d", "HR sync", &["shifts:read", "users:read"]).await;
        let (_, second) = olga.create_key_for("1y", "Payroll export", &["leaves:read"]).await;
        let (_, third) = olga.create_key_for("never", "Staging integration", &["shifts:write"]).await;
        let wanted = [
            (first, json!(["shifts:read", "users:read"]), json!("2026-11-28T12:00:00Z")),
            (second, json!(["leaves:read"]), json!("2027-11-21T12:00:00Z")),
            (third, json!(["shifts:write"]), json!(null)),
        ];
        for (secret, permissions, expires_at) in wanted {
            let told = told(&world, &secret).await;
            assert_eq!((&told["permissions"], &told["expires_at"]), (&permissions, &expires_at));
        }
        assert_eq!(olga.get(address::LIST).await.names().len(), 3);
    }
);

statement!("soon",
    async fn the_page_is_developers_under_account(world) {
        let page = world.sign_in("olga").await.get(address::LIST).await;
        assert_eq!(page.texts("h1"), ["Developers"]);
        let groups = page.texts(".nav h2");
        let account = 1 + groups.iter().position(|group| group == "Account").expect("a group Account");
        assert_eq!(page.texts(&format!("[aria-labelledby=nav-{account}] [aria-current=page]")), ["Developers"]);
        assert_eq!(page.attributes(".nav [aria-current=page]", "href"), [address::LIST]);
    }
);

statement!("soon",
    async fn only_owners_create_edit_revoke_and_delete(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let fields = [("name", "Mine"), ("kind", "secret"), ("permission", "shifts:read"), ("expiration", "never")];
        for who in ["adam", "vera", "mia"] {
            let mut person = world.sign_in(who).await;
            let form = person.bare_form(address::LIST_OF_KEYS).await.with("nonce", &"n".repeat(43));
            let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
            assert_eq!((person.get(address::NEW).await.status, person.submit(&form).await.status), (403, 403), "{who}");
        }
        assert_only_owners(&world, address::EDIT, &id, &[("name", "Mine")]).await;
        assert_only_owners(&world, address::REVOCATION, &id, &[]).await;
        assert_only_owners(&world, address::DELETION, &id, &[]).await;
        assert_eq!(olga.rename(&id, "Her own").await.status, 303);
        assert_eq!(olga.revoke(&id).await.status, 303);
        assert_eq!(olga.delete(&id).await.status, 303);
        assert!(world.key_rows().is_empty());
    }
);

statement!("soon",
    async fn admins_see_keys_and_details_and_are_offered_nothing_else(world) {
        let (id, secret) = world.sign_in("olga").await.create_key_for("3m", "HR sync", &["users:read"]).await;
        let mut adam = world.sign_in("adam").await;
        let list = adam.get(address::LIST).await;
        assert_eq!((list.status, list.names()), (200, vec!["HR sync".to_owned()]));
        assert_eq!(menu(&list, &id), ["View details"]);
        assert_eq!(list.texts("#read-only"), ["Only owners can manage keys."]);
        let details = adam.get(&url(address::KEY, &id)).await;
        assert_eq!((details.status, details.texts("h1")), (200, vec!["API Key Details".to_owned()]));
        assert_eq!((fact(&details, "Permissions"), fact(&details, "Name")), ("Users Read".into(), "HR sync".into()));
        assert!(fact(&details, "Key").ends_with(&secret[36..]));
        for page in [&list, &details] {
            assert!(page.texts("main form:not(#search)").is_empty(), "a form: {}", page.body);
            for word in ["+ API key", "Edit", "Revoke", "Revoke Key", "Delete", "Delete Key", "Revoke all keys…"] {
                assert!(!page.texts("main :is(a, button)").iter().any(|shown| shown == word), "{word} is offered");
            }
        }
    }
);

statement!("soon",
    async fn the_button_opens_a_dialog_for_a_new_key(world) {
        let olga = olga_at_the_list(&world, &["HR sync"]).await;
        olga.click_text(".page-head", "+ API key").await;
        olga.until_shown("dialog:modal").await;
        assert_eq!(olga.text("dialog:modal h2").await, "Create API key");
        assert_eq!(olga.texts("dialog:modal .field > label, dialog:modal legend").await[0], "Key name");
        assert_eq!((olga.path().await.as_str(), names(&olga).await.len()), (LIST, 1), "the list is still behind it");
    }
);

statement!("soon",
    async fn the_form_says_how_to_name_a_key_and_the_list_shows_it(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.get(address::NEW).await;
        assert!(form.texts("label[for=key-name] ~ .hint")[0].contains("like “HR sync – production”"), "{}", form.text());
        for name in ["Production sync", "Staging integration"] {
            olga.create_key(name, &["shifts:read"]).await;
        }
        assert_eq!(olga.get(address::LIST).await.names(), ["Staging integration", "Production sync"]);
    }
);

statement!("soon",
    async fn a_name_has_at_most_sixty_characters(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.create_form().await.with("permission", "shifts:read");
        let long = olga.submit(&form.with("name", &"é".repeat(61))).await;
        assert_eq!((long.status, long.texts("#key-name-error").len(), world.key_rows().len()), (422, 1, 0));
        assert!(long.texts("#key-name-error")[0].contains("60"), "{}", long.text());
        assert_eq!(olga.submit(&form.with("name", &"é".repeat(60))).await.secret().len(), 40);
    }
);

statement!("soon",
    async fn four_resources_are_offered_and_a_key_may_just_what_was_ticked(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.get(address::NEW).await;
        let ticks = "input[name=permission]";
        let offered = ["Shifts: Read", "Shifts: Write", "Assignments: Read", "Assignments: Write", "Users: Read", "Leaves: Read"];
        assert_eq!(form.attributes(ticks, "aria-label"), offered);
        assert_eq!(form.texts(".resource-name"), ["Shifts", "Assignments", "Users", "Leaves"]);
        for permission in form.attributes(ticks, "value") {
            let (_, secret) = olga.create_key(&permission, &[&permission]).await;
            assert_eq!(told(&world, &secret).await["permissions"], json!([permission]));
        }
        let more = olga.create_form().await.with("name", "Too much").with("permission", "users:write");
        assert_eq!(olga.submit(&more).await.status, 422, "Users can only be read");
    }
);

statement!("soon",
    async fn a_key_without_any_permission_is_refused_beside_the_permissions(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.create_form().await.with("name", "HR sync");
        let refused = olga.submit(&form).await;
        assert_eq!((refused.status, refused.texts("#permissions-error").len()), (422, 1), "{}", refused.text());
        assert_eq!(refused.attributes("#key-name", "value"), ["HR sync"], "what was typed stays");
        assert!(world.key_rows().is_empty());
    }
);

statement!("soon",
    async fn permissions_and_expiration_never_change_and_the_form_says_so_beforehand(world) {
        let mut olga = world.sign_in("olga").await;
        let said = olga.get(address::NEW).await.texts(".hint");
        assert!(said.iter().any(|hint| hint == "Permissions and expiration can't be changed later."), "{said:?}");
        let (id, secret) = olga.create_key_for("7d", "HR sync", &["shifts:read"]).await;
        let (row, before) = (world.key_row(&id), told(&world, &secret).await);
        let form = olga.bare_form(&url(address::EDIT, &id)).await.with("name", "HR sync");
        for (field, value) in [("permission", "shifts:write"), ("expiration", "never"), ("expires_on", "2030-01-01")] {
            assert_eq!(olga.submit(&form.with(field, value)).await.status, 400, "{field}");
        }
        assert_eq!((world.key_row(&id), told(&world, &secret).await), (row, before));
    }
);

statement!("soon",
    async fn the_edit_form_says_to_make_another_key_for_other_settings(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let hints = olga.get(&url(address::EDIT, &id)).await.texts(".hint");
        assert!(hints.iter().any(|hint| hint.contains("For other settings, create a new key")), "{hints:?}");
    }
);

statement!("soon",
    async fn six_choices_of_expiration_are_offered(world) {
        let form = world.sign_in("olga").await.get(address::NEW).await;
        let mut offered = form.texts("fieldset[aria-describedby^=expiration] .pill");
        offered.sort();
        assert_eq!(offered, ["1 year", "3 months", "30 days", "7 days", "Custom", "Never"]);
    }
);

statement!("soon",
    async fn a_key_that_never_expires_works_until_it_is_revoked(world) {
        let (id, secret) = world.sign_in("olga").await.create_key_for("never", "HR sync", &["shifts:read"]).await;
        world.clock.advance(100 * 365 * DAY);
        let mut olga = world.sign_in("olga").await;
        assert_eq!(olga.knock(&secret).await, 200);
        olga.revoke(&id).await;
        assert_eq!(olga.knock(&secret).await, 401);
    }
);

statement!("soon",
    async fn the_presets_count_from_the_moment_of_creation(world) {
        world.clock.advance(4_321); // a moment of its own: not noon, not a day's beginning
        let mut olga = world.sign_in("olga").await;
        let presets = [
            ("7d", "2026-11-28T13:12:01Z"),
            ("30d", "2026-12-21T13:12:01Z"),
            ("3m", "2027-02-21T13:12:01Z"),
            ("1y", "2027-11-21T13:12:01Z"),
        ];
        let mut keys = Vec::new();
        for (preset, ends) in presets {
            let (_, secret) = olga.create_key_for(preset, preset, &["shifts:read"]).await;
            assert_eq!(told(&world, &secret).await["expires_at"], json!(ends), "{preset}");
            keys.push((secret, at(ends)));
        }
        for (secret, ends) in keys {
            world.clock.advance(ends - 1 - world.now().unix());
            assert_eq!(olga.knock(&secret).await, 200, "a second before its end");
            world.clock.advance(1);
            assert_eq!(refused_key(&world, &secret).await.0, "EXPIRED");
        }
    }
);

statement!("soon",
    async fn a_key_works_to_the_end_of_a_day_of_ones_choice(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.create_form().await.with("name", "HR sync").with("permission", "shifts:read");
        let form = form.with("expiration", "custom").with("expires_on", "2026-12-24");
        assert_eq!(olga.submit(&form.with("expires_on", "2026-11-20")).await.status, 422, "yesterday");
        let secret = olga.submit(&form.with("time_zone", "Europe/Amsterdam")).await.secret();
        world.clock.advance(at("2026-12-24T23:59:58+01:00") - NOON);
        assert_eq!(olga.knock(&secret).await, 200);
        world.clock.advance(1);
        assert_eq!(refused_key(&world, &secret).await.0, "EXPIRED");
    }
);

statement!("soon",
    async fn create_key_makes_the_key(world) {
        let olga = olga_at_the_list(&world, &[]).await;
        olga.click("#new-key").await;
        olga.until_shown("#create-dialog").await;
        let secret = create(&olga, "HR sync", &["shifts:read"]).await; // ends with a click on "Create Key"
        assert_eq!(olga.text("dialog:modal h2").await, "Save your API key");
        assert_eq!((names(&olga).await, use_key(&world, &secret).await), (vec!["HR sync".to_owned()], 200));
    }
);

statement!("soon",
    async fn the_whole_key_is_shown_once(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.create_form().await.with("name", "HR sync").with("permission", "shifts:read");
        let answer = olga.submit(&form).await;
        let secret = answer.secret();
        assert_eq!((answer.body.matches(&secret).count(), answer.header("cache-control")), (1, "no-store"));
        let id = KeyId::parse(&world.key_rows()[0].id).unwrap();
        let pages = [LIST.to_owned(), url(address::KEY, &id), url(address::EDIT, &id), url(address::REVOCATION, &id)];
        let mut later = vec![olga.submit(&form).await];
        for page in pages {
            later.push(olga.get(&page).await);
        }
        for page in later {
            assert!(page.body.contains("HR sync") && !page.body.contains(&secret[11..36]), "{}", page.text());
        }
    }
);

statement!("soon",
    async fn the_dialog_says_to_copy_the_key_now_and_copies_it(world) {
        let olga = olga_at_the_list(&world, &[]).await;
        let rights = json!({ "origin": world.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        olga.tell("Browser.grantPermissions", rights).await;
        olga.click("#new-key").await;
        let secret = create(&olga, "HR sync", &["shifts:read"]).await;
        assert!(olga.text("#reveal-dialog .callout").await.starts_with("Copy it now."));
        olga.click_text("#reveal-dialog", "Copy").await;
        olga.until("document.querySelector('[data-copied-text]').textContent === 'Copied.'").await;
        assert_eq!(olga.later::<String>("navigator.clipboard.readText()").await, secret);
    }
);

statement!("soon",
    async fn once_the_dialog_is_closed_the_whole_key_is_nowhere(world) {
        let olga = olga_at_the_list(&world, &[]).await;
        olga.click("#new-key").await;
        let secret = create(&olga, "HR sync", &["shifts:read"]).await;
        let said = olga.text("#reveal-dialog .callout").await;
        assert!(said.contains("not be able to view the full key again after closing this dialog"), "{said}");
        olga.click_text("#reveal-dialog", "I've saved it").await;
        olga.until_gone("dialog").await;
        assert!(!olga.document().await.contains(&secret[..20]), "still in the document");
        olga.driver.refresh().await.unwrap();
        olga.click("#rows .key-name a").await;
        olga.until_shown("#edit-dialog").await;
        assert!(!olga.document().await.contains(&secret[..20]), "shown again");
    }
);

statement!("soon",
    async fn the_edit_form_says_to_replace_a_lost_key_and_that_works(world) {
        let mut olga = world.sign_in("olga").await;
        let (lost, first) = olga.create_key("HR sync", &["shifts:read"]).await;
        let hints = olga.get(&url(address::EDIT, &lost)).await.texts(".hint");
        let wanted = "Lost the key? It can't be shown again: create a new one, then revoke this one.";
        assert!(hints.iter().any(|hint| hint.ends_with(wanted)), "{hints:?}");
        let (_, second) = olga.create_key("HR sync", &["shifts:read"]).await;
        olga.revoke(&lost).await;
        assert_eq!((olga.knock(&first).await, olga.knock(&second).await), (401, 200));
    }
);

statement!("soon",
    async fn all_keys_stand_in_a_table_with_these_columns(world) {
        let (revoked, expired) = spent_keys(&world).await;
        let mut olga = world.sign_in("olga").await;
        let (active, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let list = olga.get(address::LIST).await;
        assert_eq!(list.ids(), [active, expired, revoked].map(|id| id.to_string()), "whatever their status");
        let columns = list.texts("table thead th");
        let soons = columns.iter().filter(|column| !["Permissions", "Actions"].contains(&column.as_str()));
        assert_eq!(soons.collect::<Vec<_>>(), ["Name", "Status", "Key", "Created", "Expiration"]);
    }
);

statement!("soon",
    async fn the_name_column_shows_what_a_key_is_called(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("Prod & <b>staging</b>", &["shifts:read"]).await;
        assert_eq!(cell(&olga.get(address::LIST).await, &id, "name"), "Prod & <b>staging</b>");
    }
);

statement!("soon",
    async fn active_is_green_expired_is_red_and_revoked_is_grey(world) {
        spent_keys(&world).await;
        let olga = olga_at_the_list(&world, &["HR sync"]).await;
        for theme in ["light", "dark"] {
            olga.theme(theme).await;
            for (name, status, colour) in
                [("HR sync", "Active", "green"), ("Q2 data migration", "Expired", "red"), ("Old Zapier hook", "Revoked", "grey")]
            {
                let badge = format!("document.querySelector('#row-{} .badge')", id_of(&olga, name).await);
                assert_eq!(olga.see::<String>(&format!("{badge}.textContent")).await, status);
                // Whatever notation the colour is written in: a canvas knows its red, green and blue.
                let pixel = format!(
                    "(() => {{ const canvas = document.createElement('canvas').getContext('2d');
                       canvas.fillStyle = getComputedStyle({badge}).color; canvas.fillRect(0, 0, 1, 1);
                       return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3) }})()"
                );
                let [red, green, blue]: [i32; 3] = olga.see(&pixel).await;
                let seen = if red - green.max(blue) > 40 {
                    "red"
                } else if green - red.max(blue) > 40 {
                    "green"
                } else if red.max(green).max(blue) - red.min(green).min(blue) < 20 {
                    "grey"
                } else {
                    "another colour"
                };
                assert_eq!(seen, colour, "{status} in {theme}: {red}, {green}, {blue}");
            }
        }
    }
);

statement!("soon",
    async fn instead_of_its_last_four_alone_a_key_shows_prefix_first_three_and_last_four(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let list = olga.get(address::LIST).await;
        assert_eq!(cell(&list, &id, "preview"), format!("sk_live_{}…{}", &secret[8..11], &secret[36..]));
        assert!(!list.body.contains(&secret[8..12]) && !list.body.contains(&secret[35..]), "more of it is shown");
    }
);

statement!("soon",
    async fn the_created_column_shows_when_a_key_was_made(world) {
        let (id, _) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        world.clock.advance(3 * DAY);
        let list = world.sign_in("olga").await.get(address::LIST).await;
        assert_eq!(cell(&list, &id, "created"), "21 Nov 2026");
        assert_eq!(list.attributes(".key-created time", "datetime"), ["2026-11-21T12:00:00Z"]);
    }
);

statement!("soon",
    async fn the_expiration_column_shows_the_end_or_never(world) {
        let mut olga = world.sign_in("olga").await;
        let (ending, _) = olga.create_key_for("3m", "HR sync", &["shifts:read"]).await;
        let (endless, _) = olga.create_key_for("never", "Staging", &["shifts:read"]).await;
        let list = olga.get(address::LIST).await;
        let shown = |id| list.texts(&format!("#row-{id} .key-expiration :is(time, .due)"));
        assert_eq!(shown(&ending).last().unwrap(), "21 Feb 2027");
        assert!(shown(&endless).is_empty() && cell(&list, &endless, "expiration").starts_with("Never"));
        assert_eq!(list.attributes(".key-expiration time", "datetime"), ["2027-02-21T12:00:00Z"]);
    }
);

statement!("soon",
    async fn the_search_finds_keys_by_name_as_one_types(world) {
        let olga = olga_at_the_list(&world, &["HR sync", "Calendar sync", "Payroll export"]).await;
        let count = |rows| format!("document.querySelectorAll('#rows tr').length === {rows}");
        assert_eq!(olga.text("label[for=q]").await, "Search by name");
        olga.fill("#q", "SYN").await;
        olga.until(&count(2)).await;
        assert_eq!(names(&olga).await, ["Calendar sync", "HR sync"]);
        olga.press(Key::Home).await;
        olga.press("hr ").await;
        olga.until(&count(1)).await;
        assert_eq!((names(&olga).await, olga.value("#q").await), (vec!["HR sync".to_owned()], "hr SYN".into()));
        olga.fill("#q", "").await;
        olga.until(&count(3)).await;
    }
);

statement!("soon",
    async fn every_one_of_these_columns_sorts_both_ways(world) {
        let planted = |name: &str, created: i64, preview: &str| Planted {
            preview: format!("sk_live_{preview}…wxyz"),
            ..Planted::new(name, NOON + created)
        };
        world.plant(&[
            Planted { revoked_at: Some(NOON - 5), expires_at: Some(NOON + DAY), ..planted("alpha", -30, "bbb") },
            Planted { expires_at: Some(NOON - 1), ..planted("gamma", -20, "ccc") },
            planted("Delta", -10, "aaa"),
        ]);
        let mut olga = world.sign_in("olga").await;
        let ascending = [
            ("name", "Name", ["alpha", "Delta", "gamma"]),
            ("status", "Status", ["Delta", "gamma", "alpha"]),
            ("key", "Key", ["Delta", "alpha", "gamma"]),
            ("created", "Created", ["alpha", "gamma", "Delta"]),
            ("expiration", "Expiration", ["gamma", "alpha", "Delta"]),
        ];
        for (sort, label, mut wanted) in ascending {
            for direction in ["asc", "desc"] {
                let page = olga.get(&format!("{LIST}?sort={sort}&dir={direction}")).await;
                assert_eq!(page.names(), wanted, "{sort} {direction}");
                let heading = page.texts("th[aria-sort]");
                assert_eq!(heading, [label], "and the heading says so");
                wanted.reverse();
            }
        }
        let headings = olga.get(LIST).await.attributes("thead th a", "id");
        assert_eq!(headings, ["sort-name", "sort-status", "sort-key", "sort-created", "sort-expiration"]);
    }
);

statement!("soon",
    async fn a_click_anywhere_on_the_row_opens_the_edit_dialog(world) {
        let olga = olga_at_the_list(&world, &["HR sync"]).await;
        for part in [".key-status", ".key-preview", ".key-created", ".key-name a"] {
            olga.click(&format!("#rows {part}")).await;
            olga.until_shown("#edit-dialog:modal").await;
            assert_eq!(olga.text("#edit-dialog h2").await, "Edit API key", "{part}");
            assert_eq!(olga.value("#edit-dialog #key-name").await, "HR sync");
            olga.press(Key::Escape).await;
            olga.until_gone("dialog").await;
        }
    }
);

statement!("soon",
    async fn edit_in_the_three_dots_menu_opens_it_too(world) {
        let olga = olga_at_the_list(&world, &["HR sync"]).await;
        let id = id_of(&olga, "HR sync").await;
        olga.click(&format!("#more-{id}")).await;
        olga.until_shown(&format!("#menu-{id}")).await;
        assert_eq!(olga.texts(&format!("#menu-{id} a")).await, ["Edit", "Revoke"]);
        olga.click_text(&format!("#menu-{id}"), "Edit").await;
        olga.until_shown("#edit-dialog:modal").await;
        assert_eq!(olga.value("#edit-dialog #key-name").await, "HR sync");
    }
);

statement!("soon",
    async fn a_key_can_be_renamed_and_goes_on_working(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let form = olga.get(&url(address::EDIT, &id)).await.form(&url(address::EDIT, &id));
        assert_eq!(form.value("name"), "HR sync");
        assert_eq!(olga.submit(&form.with("name", "HR sync – production")).await.status, 303);
        assert_eq!(olga.get(address::LIST).await.names(), ["HR sync – production"]);
        assert_eq!(told(&world, &secret).await["name"], json!("HR sync – production"));
    }
);

statement!("soon",
    async fn the_edit_form_shows_permissions_and_expiration_for_reference_only(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key_for("3m", "HR sync", &["shifts:read", "shifts:write", "users:read"]).await;
        let page = olga.get(&url(address::EDIT, &id)).await;
        assert_eq!(page.texts(".facts .grants li"), ["Shifts Read, Write", "Users Read"]);
        assert_eq!(fact(&page, "Expiration"), "21 Feb 2027");
        let mut changeable = page.attributes("#edit-sheet :is(input, textarea, select):not([type=hidden])", "name");
        changeable.sort();
        assert_eq!(changeable, ["address", "name"], "besides the name, only from where it may be used");
    }
);

statement!("soon",
    async fn a_key_is_revoked_from_the_menu(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("Doomed", &["shifts:read"]).await;
        let olga = olga_at_the_list(&world, &[]).await;
        choose(&olga, "Doomed", "Revoke").await;
        olga.click_text("#revoke-dialog", "Revoke Key").await;
        olga.until_gone("dialog").await;
        assert_eq!((use_key(&world, &secret).await, olga.texts("#rows .badge").await), (401, vec!["Revoked".to_owned()]));
    }
);

statement!("soon",
    async fn a_key_is_revoked_from_its_edit_dialog(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("Doomed", &["shifts:read"]).await;
        let olga = olga_at_the_list(&world, &[]).await;
        olga.click("#rows .key-name a").await;
        olga.click_text("#edit-dialog", "Revoke Key").await;
        olga.click_text("#revoke-dialog", "Revoke Key").await;
        olga.until_gone("dialog").await;
        assert_eq!((use_key(&world, &secret).await, olga.texts("#rows .badge").await), (401, vec!["Revoked".to_owned()]));
    }
);

statement!("soon",
    async fn nothing_is_revoked_before_it_is_confirmed(world) {
        let (id, secret) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        let olga = olga_at_the_list(&world, &[]).await;
        choose(&olga, "HR sync", "Revoke").await;
        olga.until_shown("#revoke-dialog:modal").await;
        assert_eq!(olga.text("#revoke-dialog h2").await, "Revoke “HR sync”?");
        let warned = olga.text("#revoke-what").await;
        assert!(warned.contains("loses access immediately") && warned.contains("cannot be undone"), "{warned}");
        olga.click_text("#revoke-dialog", "Keep key").await;
        olga.until_gone("dialog").await;
        assert_eq!((use_key(&world, &secret).await, olga.texts("#rows .badge").await), (200, vec!["Active".to_owned()]));
        assert_eq!(world.history(&id), ["key_created: HR sync"]);
    }
);

statement!("soon",
    async fn a_revoke_is_for_good(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        assert_eq!(olga.revoke(&id).await.status, 303);
        let row = world.key_row(&id);
        assert_eq!((olga.revoke(&id).await.status, olga.rename(&id, "Back").await.status), (303, 409));
        assert_eq!(menu(&olga.get(address::LIST).await, &id), ["View details", "Delete"], "no way back is offered");
        world.clock.advance(10 * 365 * DAY);
        assert_eq!((world.key_row(&id), refused_key(&world, &secret).await.0), (row, "REVOKED".into()));
    }
);

statement!("soon",
    async fn an_application_with_a_revoked_key_is_kept_out_at_once(world) {
        let mut olga = world.sign_in("olga").await;
        let application = world.visitor();
        for n in 0..5 {
            let (id, secret) = olga.create_key(&format!("Key {n}"), &["shifts:read"]).await;
            assert_eq!(application.knock(&secret).await, 200);
            olga.revoke(&id).await;
            assert_eq!(refused_key(&world, &secret).await.0, "REVOKED");
            assert_eq!(application.present(Method::DELETE, &secret).await.status, 401);
        }
    }
);

statement!("soon",
    async fn a_revoked_key_stays_in_the_table_and_tells_who_revoked_it(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        world.clock.advance(3_600);
        olga.revoke(&id).await;
        let list = olga.get(address::LIST).await;
        assert_eq!(list.texts(&format!("#row-{id} .key-name a")), ["HR sync"]);
        assert_eq!(cell(&list, &id, "status"), "Revoked");
        assert!(cell(&list, &id, "preview").ends_with(&secret[36..]));
        let details = olga.get(&url(address::KEY, &id)).await;
        assert!(fact(&details, "Revoked").ends_with("by Olga Berg"), "{}", details.text());
        assert!(details.attributes(".facts time", "datetime").contains(&"2026-11-21T13:00:00Z".to_owned()));
    }
);

statement!("soon",
    async fn a_click_on_a_spent_key_opens_its_details(world) {
        spent_keys(&world).await;
        let olga = olga_at_the_list(&world, &[]).await;
        for name in ["Old Zapier hook", "Q2 data migration"] {
            olga.click(&format!("#row-{} .key-preview", id_of(&olga, name).await)).await;
            olga.until_shown("#details-dialog:modal").await;
            assert_eq!(olga.text("#details-dialog h2").await, "API Key Details");
            assert_eq!(olga.text("#details-dialog .fact-name").await, name);
            olga.click_text("#details-dialog", "Close").await;
            olga.until_gone("dialog").await;
        }
    }
);

statement!("soon",
    async fn the_details_show_name_permissions_and_expiration_read_only(world) {
        let (revoked, expired) = spent_keys(&world).await;
        let mut olga = world.sign_in("olga").await;
        for (id, name, grants, ends) in [
            (&revoked, "Old Zapier hook", vec!["Shifts Read", "Users Read"], "2027-11-21T12:00:00Z"),
            (&expired, "Q2 data migration", vec!["Shifts Write"], "2026-11-28T12:00:00Z"),
        ] {
            let page = olga.get(&url(address::KEY, id)).await;
            assert_eq!((fact(&page, "Name"), page.texts(".grants li")), (name.into(), grants.into_iter().map(str::to_owned).collect()));
            assert!(page.attributes(".facts time", "datetime").contains(&ends.to_owned()), "{}", page.text());
            assert!(page.texts("main :is(form, input, textarea, select)").is_empty(), "something can be typed");
        }
    }
);

statement!("soon",
    async fn a_spent_key_can_be_deleted_and_nothing_else_and_an_active_one_cannot(world) {
        let (revoked, expired) = spent_keys(&world).await;
        let mut olga = world.sign_in("olga").await;
        let (active, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let list = olga.get(address::LIST).await;
        assert_eq!(menu(&list, &active), ["Edit", "Revoke"]);
        for id in [&revoked, &expired] {
            assert_eq!(menu(&list, id), ["View details", "Delete"]);
            let asked = olga.get(&url(address::EDIT, id)).await;
            assert_eq!((asked.status, asked.location()), (303, url(address::KEY, id).as_str()));
            assert_eq!(olga.rename(id, "Other").await.status, 409);
        }
        assert_eq!(olga.revoke(&expired).await.status, 409);
        assert_eq!(olga.delete(&active).await.status, 409);
        assert_eq!(world.key_rows().len(), 3);
        assert_eq!((olga.delete(&revoked).await.status, olga.delete(&expired).await.status), (303, 303));
        assert_eq!(olga.get(address::LIST).await.names(), ["HR sync"]);
    }
);

statement!("soon",
    async fn a_spent_key_is_deleted_from_the_menu(world) {
        spent_keys(&world).await;
        let olga = olga_at_the_list(&world, &[]).await;
        choose(&olga, "Q2 data migration", "Delete").await;
        olga.until_shown("#delete-dialog:modal").await;
        assert_eq!(names(&olga).await.len(), 2, "not before it is confirmed");
        olga.click_text("#delete-dialog", "Delete Key").await;
        olga.until_gone("dialog").await;
        assert_eq!(names(&olga).await, ["Old Zapier hook"]);
        olga.driver.refresh().await.unwrap();
        assert_eq!(names(&olga).await, ["Old Zapier hook"]);
    }
);

statement!("soon",
    async fn a_spent_key_is_deleted_from_its_details(world) {
        spent_keys(&world).await;
        let olga = olga_at_the_list(&world, &[]).await;
        for name in ["Old Zapier hook", "Q2 data migration"] {
            olga.click(&format!("#name-{}", id_of(&olga, name).await)).await;
            olga.click_text("#details-dialog", "Delete Key").await;
            olga.click_text("#delete-dialog", "Delete Key").await;
            olga.until_gone("dialog").await;
        }
        assert!(names(&olga).await.is_empty() && world.key_rows().is_empty());
    }
);

statement!("soon",
    async fn descriptive_names_are_advised_where_a_key_is_named(world) {
        let form = world.sign_in("olga").await.get(address::NEW).await;
        assert!(form.texts("#key-name-hint")[0].starts_with("One key for each purpose and environment"), "{}", form.text());
        assert_eq!(form.attributes("#key-name", "aria-describedby"), ["key-name-count key-name-hint"]);
        assert!(docs(&world).await.text().contains("its name can say what it is for: purpose and environment"));
    }
);

statement!("soon",
    async fn an_expiration_is_advised_where_it_is_chosen(world) {
        let page = world.sign_in("olga").await.get(address::NEW).await;
        assert_eq!(page.form(address::LIST_OF_KEYS).value("expiration"), "3m", "not Never unless one chooses it");
        let caution = page.texts("[data-for=never][data-tone=caution]");
        assert!(caution[0].ends_with("Give it an end if you can."), "{caution:?}");
        let docs = docs(&world).await.text();
        assert!(docs.contains("Let keys expire, and change them before they do"), "{docs}");
    }
);

statement!("soon",
    async fn few_permissions_are_advised_where_they_are_chosen(world) {
        let form = world.sign_in("olga").await.get(address::NEW).await;
        assert!(form.texts("#permissions-limits")[0].starts_with("Choose no more than the application needs."));
        assert!(form.form(address::LIST_OF_KEYS).value("permission").is_empty(), "nothing is ticked beforehand");
        assert!(docs(&world).await.text().contains("Give what the application does today."));
    }
);

statement!("soon",
    async fn revoking_unused_keys_is_advised_on_the_page_about_using_keys(world) {
        assert!(docs(&world).await.text().contains("When an application goes, its key goes on the same day."));
    }
);

statement!("soon",
    async fn the_page_leads_to_the_api_documentation(world) {
        let list = world.sign_in("olga").await.get(address::LIST).await;
        let link = |page: &Answer| page.attributes(".purpose a", "href");
        assert_eq!((list.texts(".purpose a"), link(&list)), (vec!["API documentation".to_owned()], vec!["/docs/api".to_owned()]));
        let ours = docs(&world).await;
        assert!(ours.status == 200 && ours.text().contains("Authorization: Bearer YOUR_KEY"));
        assert!(ours.text().contains("https://api.example.com"), "where the API is");

        let world = world_with(&world, "docs_url = \"https://docs.example.com/api\"").await;
        let mut olga: Person = world.sign_in("olga").await;
        assert_eq!(link(&olga.get(address::LIST).await), ["https://docs.example.com/api"]);
        assert_eq!(docs(&world).await.attributes("#more ~ p a", "href"), ["https://docs.example.com/api"]);
        // How a key is used is still told where one has just been made.
        let form = olga.create_form().await.with("name", "HR sync").with("permission", "shifts:read");
        let revealed = olga.submit(&form).await;
        revealed.secret();
        assert_eq!(revealed.attributes("#reveal-sheet .hint a", "href"), ["/docs/api"]);
    }
);

statement!("soon",
    async fn the_page_about_using_keys_leads_to_the_support(world) {
        assert!(!docs(&world).await.text().contains("Contact support"), "nobody was named");
        let world = world_with(&world, "support_url = \"https://support.example.com\"").await;
        let page = docs(&world).await;
        let links = page.texts("#more ~ p a").into_iter().zip(page.attributes("#more ~ p a", "href"));
        let wanted = ("Contact support".to_owned(), "https://support.example.com".to_owned());
        assert_eq!(links.collect::<Vec<_>>(), [wanted]);
    }
);
