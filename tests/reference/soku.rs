//! Soku's page of API keys, statement by statement.
//!
//! 1. A key opens the public API to programs.
//!    → `a_key_opens_the_api_to_a_program`
//! 2. Keys are made, seen and revoked on the page at /settings/api.
//!    → `settings_api_leads_to_the_page_on_which_keys_are_made_seen_and_revoked`
//! 3. One logs in first.
//!    → `whoever_is_not_signed_in_signs_in_first_and_arrives_there`
//! 4. The page is found in the side bar, under Settings and API.
//!    → `in_place_of_settings_and_api_the_side_bar_says_developers`
//! 5. "Generate New Key" begins.
//!    → `in_place_of_generate_new_key_the_button_says_api_key`
//! 6. A key is given a descriptive name.
//!    → `a_key_needs_a_name_and_the_form_says_what_makes_a_good_one`
//! 7. "Create" makes the key, which is then on the screen.
//!    → `in_place_of_create_the_button_says_create_key_and_the_key_is_on_the_screen`
//! 8. It is shown only this once.
//!    → `the_key_is_shown_in_one_answer_and_in_no_other`
//! 9. It should be copied at once and kept in a password manager or an environment variable.
//!    → `the_reveal_says_to_copy_it_now_and_where_to_keep_it`
//! 10. Every key is `sk_live_` and 32 characters.
//!     → `a_key_is_the_prefix_and_32_letters_and_digits`
//! 11. What follows the prefix is unique.
//!     → `no_two_keys_are_alike`
//! 12. The key is not stored in plain text.
//!     → `the_key_is_stored_nowhere`
//! 13. Its SHA-256 is.
//!     → `its_sha_256_is_stored`
//! 14. With that, a key can be verified and not be brought back.
//!     → `a_key_is_verified_by_its_hash_and_cannot_be_shown_again`
//! 15. A lost key is revoked, and another is made.
//!     → `the_edit_form_and_the_details_say_what_to_do_about_a_lost_key`
//! 16. Whoever has the database has no key.
//!     → `nothing_that_is_stored_of_a_key_opens_the_api`
//! 17. The page lists all active keys.
//!     → `the_list_shows_spent_keys_too_and_a_tab_the_active_ones_alone`
//! 18. Its columns are name, preview, date of creation and status.
//!     → `the_list_has_these_columns_and_more`
//! 19. Name: what one called it.
//!     → `a_row_shows_the_name`
//! 20. Preview: its first and last few characters, never all of it.
//!     → `a_row_shows_prefix_first_three_and_last_four_characters`
//! 21. Created: when it was made.
//!     → `a_row_shows_the_day_of_creation`
//! 22. Status: active or revoked.
//!     → `a_row_shows_whether_a_key_is_active_or_revoked_and_also_expired`
//! 23. Beside the new key is a button that copies all of it.
//!     → `copy_beside_the_new_key_puts_all_of_it_on_the_clipboard`
//! 24. After leaving or reloading, only the preview is left.
//!     → `after_leaving_or_reloading_only_the_preview_is_left`
//! 25. A key is found in the list, revoked there, and that confirmed.
//!     → `a_key_is_found_revoked_and_that_confirmed`
//! 26. A revoked key stops at once; its requests are answered 401.
//!     → `a_revoked_key_is_answered_401_from_the_next_request_on`
//! 27. That is for good.
//!     → `no_revoked_key_comes_back`
//! 28. Applications should have another key before theirs is revoked.
//!     → `the_question_before_a_revoke_says_to_put_a_new_key_in_first`
//! 29. The key goes with every request, in the header Authorization, after Bearer.
//!     → `every_request_carries_the_key_as_a_bearer_token`
//! 30. There is a page on authentication with all of it.
//!     → `the_page_about_using_keys_explains_the_header_to_anyone`
//! 31. Advice: keys in environment variables, not in code.
//!     → `keeping_keys_out_of_code_is_advised_where_the_key_is_shown`
//! 32. Advice: names after the purpose.
//!     → `names_after_the_purpose_are_advised_where_a_key_is_named`
//! 33. Advice: changing keys regularly.
//!     → `changing_keys_regularly_is_advised_and_three_months_are_proposed`
//! 34. Advice: revoking keys that are out of use.
//!     → `revoking_unused_keys_is_advised`
//! 35. Advice: a key for each integration, so that one can be revoked without the others.
//!     → `a_key_for_each_application_is_advised_and_one_is_revoked_without_the_others`
//! 36. Trouble: the key is lost.
//!     → `whoever_comes_back_to_a_form_already_sent_is_offered_to_replace_the_lost_key`
//! 37. Trouble: 401. Is it the right key?
//!     → `a_401_tells_an_unknown_key_from_a_mistyped_one`
//! 38. Trouble: 401. Was it revoked?
//!     → `a_401_tells_that_the_key_was_revoked`
//! 39. Trouble: 401. Is it in the Authorization header, as a Bearer token?
//!     → `a_401_without_a_bearer_token_says_how_to_send_it`
//! 40. Trouble: a new key does not work. Was all of it copied, the prefix too?
//!     → `a_401_for_a_key_without_its_prefix_or_its_end_says_to_copy_all_of_it`
//! 41. Trouble: a new key does not work. Are there spaces too many?
//!     → `a_401_for_a_key_with_spaces_says_so`
//! 42. There is more help with trouble.
//!     → `the_page_about_using_keys_helps_with_a_401_and_leads_to_the_support`

use keyrack::keys::address;
use keyrack::keys::secret::KeySecret;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{cell, fact, menu, refused, refused_key, told};
use crate::browser::{LIST, create, id_of, names, use_key};
use crate::world::keys::{SELF, url};
use crate::world::{Browser, World, logs};

const DAY: i64 = 86_400;

/// What Olga's key for production may.
const POSTS: [&str; 2] = ["posts:read", "posts:write"];

/// A browser with Olga where a new key has just been revealed.
async fn olga_with_a_new_key(world: &World) -> (Browser, String) {
    let olga = Browser::open(world).await;
    let rights = json!({ "origin": world.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    olga.tell("Browser.grantPermissions", rights).await;
    olga.sign_in("olga").await;
    olga.click("#new-key").await;
    olga.until_shown("#create-dialog").await;
    let secret = create(&olga, "Production Server", &POSTS).await;
    (olga, secret)
}

/// A key that could have been made here, and was not.
fn unknown_key() -> String {
    let secret = KeySecret::mint_from_os("sk_live_").expose().to_owned();
    logs::remember(&secret);
    secret
}

async fn docs(world: &World) -> String {
    world.visitor().get("/docs/api").await.text()
}

statement!("soku",
    async fn a_key_opens_the_api_to_a_program(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("Zapier Integration", &POSTS).await;
        let told = told(&world, &secret).await;
        assert_eq!((&told["name"], &told["permissions"]), (&json!("Zapier Integration"), &json!(POSTS)));
    }
);

statement!("soku",
    async fn settings_api_leads_to_the_page_on_which_keys_are_made_seen_and_revoked(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("Production Server", &POSTS).await;
        let there = olga.get("/settings/api").await;
        assert_eq!((there.status, there.location()), (308, LIST));
        let page = olga.get(there.location()).await;
        assert_eq!((page.names(), menu(&page, &id)), (vec!["Production Server".to_owned()], vec!["Edit".into(), "Revoke".into()]));
        assert_eq!(page.attributes("#new-key", "href"), [address::NEW]);
    }
);

statement!("soku",
    async fn whoever_is_not_signed_in_signs_in_first_and_arrives_there(world) {
        world.sign_in("olga").await.create_key("Production Server", &POSTS).await;
        let nobody = world.visitor().get("/settings/api").await;
        assert_eq!((nobody.status, nobody.location()), (303, "/login?next=/settings/api"));
        let olga = Browser::open(&world).await;
        olga.visit("/settings/api").await;
        assert!(olga.path().await.starts_with("/login") && !olga.document().await.contains("Production Server"));
        olga.fill("#email", &crate::world::cast::email("olga")).await;
        olga.fill("#password", crate::world::PASSWORD).await;
        olga.click(".submit").await;
        olga.until_shown("#rows").await;
        assert_eq!((olga.path().await.as_str(), names(&olga).await), (LIST, vec!["Production Server".to_owned()]));
    }
);

statement!("soku",
    async fn in_place_of_settings_and_api_the_side_bar_says_developers(world) {
        let page = world.sign_in("olga").await.get("/account/security").await;
        let links = page.texts(".nav a").into_iter().zip(page.attributes(".nav a", "href"));
        assert!(links.into_iter().any(|link| link == ("Developers".into(), LIST.into())), "{}", page.text());
    }
);

statement!("soku",
    async fn in_place_of_generate_new_key_the_button_says_api_key(world) {
        let mut olga = world.sign_in("olga").await;
        let list = olga.get(LIST).await;
        assert_eq!(list.texts("#new-key"), ["+ API key"]);
        let form = olga.get(&list.attributes("#new-key", "href")[0]).await;
        assert_eq!((form.status, form.texts("h1")), (200, vec!["Create API key".to_owned()]));
    }
);

statement!("soku",
    async fn a_key_needs_a_name_and_the_form_says_what_makes_a_good_one(world) {
        let mut olga = world.sign_in("olga").await;
        let page = olga.get(address::NEW).await;
        assert!(page.texts("#key-name-hint")[0].starts_with("One key for each purpose and environment"));
        let form = page.form(address::LIST_OF_KEYS).with("permission", "posts:read");
        for nameless in ["", "  \u{200b} "] {
            let refused = olga.submit(&form.with("name", nameless)).await;
            assert_eq!((refused.status, refused.texts("#key-name-error").len()), (422, 1), "{nameless:?}");
        }
        assert!(world.key_rows().is_empty());
        olga.submit(&form.with("name", "Zapier Integration")).await.secret();
    }
);

statement!("soku",
    async fn in_place_of_create_the_button_says_create_key_and_the_key_is_on_the_screen(world) {
        let (olga, secret) = olga_with_a_new_key(&world).await;
        assert_eq!(olga.text("dialog:modal h2").await, "Save your API key");
        assert!(olga.is_shown("dialog:modal [data-secret]").await);
        assert_eq!((olga.text("dialog:modal [data-secret]").await, use_key(&world, &secret).await), (secret, 200));
    }
);

statement!("soku",
    async fn the_key_is_shown_in_one_answer_and_in_no_other(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("Production Server", &POSTS).await;
        let pages = [LIST.to_owned(), url(address::KEY, &id), url(address::EDIT, &id), url(address::REVOCATION, &id)];
        for page in pages {
            let shown = olga.get(&page).await;
            assert!(shown.status == 200 && !shown.body.contains(&secret[11..36]), "{page}");
        }
        assert!(!world.visitor().present(Method::GET, &secret).await.body.contains(&secret[11..36]));
    }
);

statement!("soku",
    async fn the_reveal_says_to_copy_it_now_and_where_to_keep_it(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.create_form().await.with("name", "Production Server").with("permission", "posts:read");
        let reveal = olga.submit(&form).await;
        reveal.secret();
        let said = reveal.text();
        assert!(said.contains("Copy it now. You will not be able to view the full key again"), "{said}");
        assert!(said.contains("Keep it in a password manager or your server's secrets"), "{said}");
        assert_eq!(reveal.attributes("[data-copy=env]", "data-env"), ["SOKU_API_KEY"]);
    }
);

statement!("soku",
    async fn a_key_is_the_prefix_and_32_letters_and_digits(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("Production Server", &POSTS).await;
        let body = secret.strip_prefix("sk_live_").expect("the prefix");
        assert!(body.len() == 32 && body.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
);

statement!("soku",
    async fn no_two_keys_are_alike(world) {
        let mut olga = world.sign_in("olga").await;
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..12 {
            let (_, secret) = olga.create_key("Production Server", &POSTS).await;
            assert!(secret.starts_with("sk_live_") && seen.insert(secret[8..20].to_owned()), "even half of it is unique");
        }
        let digests: std::collections::BTreeSet<_> = world.key_rows().into_iter().map(|row| row.digest).collect();
        assert_eq!(digests.len(), 12);
    }
);

statement!("soku",
    async fn the_key_is_stored_nowhere(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("Production Server", &POSTS).await;
        world.assert_not_stored(&secret);
        olga.knock(&secret).await;
        olga.rename(&id, "Production").await;
        olga.revoke(&id).await;
        world.assert_not_stored(&secret);
        assert!(!logs::text().contains(&secret[11..35]), "a part of it is logged");
    }
);

statement!("soku",
    async fn its_sha_256_is_stored(world) {
        let (id, secret) = world.sign_in("olga").await.create_key("Production Server", &POSTS).await;
        assert_eq!(world.key_row(&id).unwrap().digest, Sha256::digest(&secret).to_vec());
    }
);

statement!("soku",
    async fn a_key_is_verified_by_its_hash_and_cannot_be_shown_again(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("Production Server", &POSTS).await;
        assert_eq!(told(&world, &secret).await["id"], json!(id.as_str()));
        let list = olga.get(LIST).await;
        assert!(!menu(&list, &id).contains(&"Copy key".to_owned()) && list.attributes("[data-copies]", "data-copies").is_empty());
        // The same row with another hash is not this key's any more: nothing else verifies it.
        let other = "1".repeat(64);
        let sql = match world.engine {
            crate::world::Engine::Sqlite => format!("UPDATE keys SET digest = x'{other}'"),
            crate::world::Engine::Postgres => format!("UPDATE keys SET digest = '\\x{other}'"),
        };
        world.execute(&sql).unwrap();
        let mut world = world;
        world.start_again(|_| {}); // what is written past the program, it learns at its next start
        assert_eq!(refused_key(&world, &secret).await.0, "NOT_FOUND");
    }
);

statement!("soku",
    async fn the_edit_form_and_the_details_say_what_to_do_about_a_lost_key(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("Production Server", &POSTS).await;
        let edit = olga.get(&url(address::EDIT, &id)).await.text();
        assert!(edit.contains("Lost the key? It can't be shown again: create a new one, then revoke this one."), "{edit}");
        let mut adam = world.sign_in("adam").await;
        let lost = "Lost the key? It can't be shown again: a new one is created, then this one revoked.";
        assert!(adam.get(&url(address::KEY, &id)).await.text().contains(lost));
        olga.revoke(&id).await;
        assert!(!olga.get(&url(address::KEY, &id)).await.text().contains("Lost the key?"), "too late to matter");
    }
);

statement!("soku",
    async fn nothing_that_is_stored_of_a_key_opens_the_api(world) {
        let (id, secret) = world.sign_in("olga").await.create_key("Production Server", &POSTS).await;
        let row = world.key_row(&id).unwrap();
        let hex = data_encoding::HEXLOWER.encode(&row.digest);
        let stolen = [hex.clone(), format!("sk_live_{hex}"), format!("sk_live_{}", &hex[..32]), row.id, row.preview.replace('…', "")];
        for text in stolen {
            assert_eq!(refused_key(&world, &text).await.0, "MALFORMED", "{text}");
        }
        assert_eq!(world.visitor().knock(&secret).await, 200);
    }
);

statement!("soku",
    async fn the_list_shows_spent_keys_too_and_a_tab_the_active_ones_alone(world) {
        let mut olga = world.sign_in("olga").await;
        let (revoked, _) = olga.create_key("Old", &POSTS).await;
        olga.create_key_for("7d", "Short", &POSTS).await;
        olga.revoke(&revoked).await;
        world.clock.advance(8 * DAY);
        let mut olga = world.sign_in("olga").await;
        olga.create_key("Production Server", &POSTS).await;
        let all = olga.get(LIST).await;
        assert_eq!(all.names(), ["Production Server", "Short", "Old"]);
        assert_eq!(all.tabs(), ["All 3", "Active 1", "Expired 1", "Revoked 1"]);
        let active = olga.get(&all.attributes("#tab-active", "href")[0]).await;
        assert_eq!(active.names(), ["Production Server"]);
    }
);

statement!("soku",
    async fn the_list_has_these_columns_and_more(world) {
        let mut olga = world.sign_in("olga").await;
        olga.create_key("Production Server", &POSTS).await;
        let columns = olga.get(LIST).await.texts("table thead th");
        assert_eq!(columns, ["Name", "Status", "Key", "Permissions", "Created", "Expiration", "Actions"]);
    }
);

statement!("soku",
    async fn a_row_shows_the_name(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("CI/CD Pipeline", &POSTS).await;
        assert_eq!(cell(&olga.get(LIST).await, &id, "name"), "CI/CD Pipeline");
    }
);

statement!("soku",
    async fn a_row_shows_prefix_first_three_and_last_four_characters(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("Production Server", &POSTS).await;
        let list = olga.get(LIST).await;
        assert_eq!(cell(&list, &id, "preview"), format!("{}…{}", &secret[..11], &secret[36..]));
        assert!(!list.body.contains(&secret[..12]) && !list.body.contains(&secret[35..]), "more of it is shown");
    }
);

statement!("soku",
    async fn a_row_shows_the_day_of_creation(world) {
        let (id, _) = world.sign_in("olga").await.create_key("Production Server", &POSTS).await;
        world.clock.advance(40 * DAY);
        assert_eq!(cell(&world.sign_in("olga").await.get(LIST).await, &id, "created"), "21 Nov 2026");
    }
);

statement!("soku",
    async fn a_row_shows_whether_a_key_is_active_or_revoked_and_also_expired(world) {
        let mut olga = world.sign_in("olga").await;
        let (active, _) = olga.create_key("Production Server", &POSTS).await;
        let (revoked, _) = olga.create_key("Old", &POSTS).await;
        let (expired, _) = olga.create_key_for("7d", "Short", &POSTS).await;
        olga.revoke(&revoked).await;
        world.clock.advance(7 * DAY);
        let list = world.sign_in("olga").await.get(LIST).await;
        let shown = [active, revoked, expired].map(|id| cell(&list, &id, "status"));
        assert_eq!(shown, ["Active", "Revoked", "Expired"]);
    }
);

statement!("soku",
    async fn copy_beside_the_new_key_puts_all_of_it_on_the_clipboard(world) {
        let (olga, secret) = olga_with_a_new_key(&world).await;
        olga.click_text("#reveal-dialog .secret", "Copy").await;
        olga.until("document.querySelector('[data-copied-text]').textContent === 'Copied.'").await;
        assert_eq!(olga.later::<String>("navigator.clipboard.readText()").await, secret);
    }
);

statement!("soku",
    async fn after_leaving_or_reloading_only_the_preview_is_left(world) {
        let (olga, secret) = olga_with_a_new_key(&world).await;
        let preview = format!("{}…{}", &secret[..11], &secret[36..]);
        let only_the_preview = || async {
            olga.until_shown("#rows tr").await;
            assert_eq!(olga.text("#rows .key-preview code").await, preview);
            assert!(!olga.document().await.contains(&secret[11..36]), "all of it is there");
        };
        olga.driver.refresh().await.unwrap();
        only_the_preview().await;
        olga.visit("/docs/api").await;
        olga.driver.back().await.unwrap();
        only_the_preview().await;
    }
);

statement!("soku",
    async fn a_key_is_found_revoked_and_that_confirmed(world) {
        let mut elsewhere = world.sign_in("olga").await;
        let (_, secret) = elsewhere.create_key("Production Server", &POSTS).await;
        let (_, other) = elsewhere.create_key("Zapier Integration", &POSTS).await;
        let olga = Browser::open(&world).await;
        olga.sign_in("olga").await;
        olga.visit("/settings/api").await;
        let id = id_of(&olga, "Production Server").await;
        olga.click(&format!("#more-{id}")).await;
        olga.click_text(&format!("#menu-{id}"), "Revoke").await;
        olga.until_shown("#revoke-dialog:modal").await;
        assert_eq!(use_key(&world, &secret).await, 200, "not before it is confirmed");
        olga.click_text("#revoke-dialog", "Revoke Key").await;
        olga.until_gone("dialog").await;
        assert_eq!(olga.text(&format!("#row-{id} .badge")).await, "Revoked");
        assert_eq!((use_key(&world, &secret).await, use_key(&world, &other).await), (401, 200));
    }
);

statement!("soku",
    async fn a_revoked_key_is_answered_401_from_the_next_request_on(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("Production Server", &POSTS).await;
        let program = world.visitor();
        assert_eq!(program.knock(&secret).await, 200);
        olga.revoke(&id).await;
        let answer = program.present(Method::GET, &secret).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer realm=\"Soku\", error=\"invalid_token\""));
        assert_eq!(program.present(Method::DELETE, &secret).await.status, 401);
    }
);

statement!("soku",
    async fn no_revoked_key_comes_back(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("Production Server", &POSTS).await;
        olga.revoke(&id).await;
        let revoked_at = world.key_row(&id).unwrap().revoked_at;
        assert_eq!((olga.revoke(&id).await.status, olga.rename(&id, "Again").await.status), (303, 409));
        world.clock.advance(5 * 365 * DAY);
        assert_eq!((refused_key(&world, &secret).await.0.as_str(), world.key_row(&id).unwrap().revoked_at), ("REVOKED", revoked_at));
    }
);

statement!("soku",
    async fn the_question_before_a_revoke_says_to_put_a_new_key_in_first(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("Production Server", &POSTS).await;
        let asked = olga.get(&url(address::REVOCATION, &id)).await;
        let said = asked.texts("#revoke-what")[0].clone();
        assert!(said.contains("loses access immediately. This cannot be undone."), "{said}");
        assert!(said.contains("Is it still needed? Create a new key and put it in first."), "{said}");
    }
);

statement!("soku",
    async fn every_request_carries_the_key_as_a_bearer_token(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("Production Server", &POSTS).await;
        let mut program = world.visitor();
        program.headers.push(("Authorization", format!("Bearer {secret}")));
        assert_eq!(program.get(SELF).await.status, 200);
        program.headers.clear();
        assert_eq!(program.get(SELF).await.status, 401, "the request after it");
        assert_eq!(program.get(&format!("{SELF}?api_key={secret}")).await.status, 401);
    }
);

statement!("soku",
    async fn the_page_about_using_keys_explains_the_header_to_anyone(world) {
        let page = world.visitor().get("/docs/api").await;
        assert_eq!((page.status, page.texts("h1")), (200, vec!["How to use an API key".to_owned()]));
        assert_eq!(page.texts("[aria-label='The header']"), ["Authorization: Bearer YOUR_KEY"]);
        let mut olga = world.sign_in("olga").await;
        assert_eq!(olga.get(LIST).await.attributes(".purpose a", "href"), ["/docs/api"]);
        let form = olga.create_form().await.with("name", "Production").with("permission", "posts:read");
        let reveal = olga.submit(&form).await;
        reveal.secret();
        assert_eq!(reveal.attributes("#reveal-sheet .hint a", "href"), ["/docs/api"]);
    }
);

statement!("soku",
    async fn keeping_keys_out_of_code_is_advised_where_the_key_is_shown(world) {
        let (olga, secret) = olga_with_a_new_key(&world).await;
        let said = olga.text("#reveal-dialog .sheet-body > .hint").await;
        assert!(said.contains("never in code, a chat or a web page"), "{said}");
        olga.click_text("#reveal-dialog", ".env line").await;
        olga.until("document.querySelector('[data-copied-text]').textContent === 'Copied as .env line.'").await;
        assert_eq!(olga.later::<String>("navigator.clipboard.readText()").await, format!("SOKU_API_KEY={secret}"));
        assert!(docs(&world).await.contains("Keep keys in a secret store or the server's environment; not in code"));
    }
);

statement!("soku",
    async fn names_after_the_purpose_are_advised_where_a_key_is_named(world) {
        let form = world.sign_in("olga").await.by_htmx().get(address::NEW).await;
        assert!(form.texts("#key-name-hint")[0].starts_with("One key for each purpose and environment"), "{}", form.body);
        assert!(docs(&world).await.contains("its name can say what it is for: purpose and environment"));
    }
);

statement!("soku",
    async fn changing_keys_regularly_is_advised_and_three_months_are_proposed(world) {
        let form = world.sign_in("olga").await.create_form().await;
        assert_eq!(form.value("expiration"), "3m");
        assert!(docs(&world).await.contains("create the new one, put it in, then revoke the old one"));
    }
);

statement!("soku",
    async fn revoking_unused_keys_is_advised(world) {
        assert!(docs(&world).await.contains("When an application goes, its key goes on the same day."));
    }
);

statement!("soku",
    async fn a_key_for_each_application_is_advised_and_one_is_revoked_without_the_others(world) {
        let mut olga = world.sign_in("olga").await;
        assert!(olga.get(address::NEW).await.texts("#key-name-hint")[0].starts_with("One key for each purpose and environment"));
        assert!(docs(&world).await.contains("One key for each application."));
        let mut keys = Vec::new();
        for name in ["Production", "Staging", "Zapier"] {
            keys.push(olga.create_key(name, &POSTS).await);
        }
        olga.revoke(&keys[1].0).await;
        let mut statuses = Vec::new();
        for (_, secret) in &keys {
            statuses.push(olga.knock(secret).await);
        }
        assert_eq!(statuses, [200, 401, 200]);
    }
);

statement!("soku",
    async fn whoever_comes_back_to_a_form_already_sent_is_offered_to_replace_the_lost_key(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.create_form().await.with("name", "Production Server").with("permission", "posts:read");
        let first = olga.submit(&form).await.secret();
        let again = olga.submit(&form).await;
        assert_eq!((again.status, again.texts("main button.submit")), (409, vec!["Revoke it and create it again".to_owned()]));
        assert!(again.text().contains("Its secret was shown once, in the first answer, and cannot be shown again."));
        let second = olga.submit(&again.form(address::LIST_OF_KEYS)).await.secret();
        assert_eq!((olga.knock(&first).await, olga.knock(&second).await), (401, 200));
        let help = docs(&world).await;
        assert!(help.contains("if the rest is lost, create a new key and revoke this one"), "{help}");
    }
);

statement!("soku",
    async fn a_401_tells_an_unknown_key_from_a_mistyped_one(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("Production Server", &POSTS).await;
        let unknown = refused_key(&world, &unknown_key()).await;
        assert_eq!(unknown, ("NOT_FOUND".into(), "No such key was made here, or it was deleted.".into()));
        let typo = format!("{}{}", &secret[..39], if secret.ends_with('x') { 'y' } else { 'x' });
        let (code, advice) = refused_key(&world, &typo).await;
        assert_eq!(code, "MALFORMED");
        assert!(advice.starts_with("Compare it with what you copied"), "{advice}");
        assert!(docs(&world).await.contains("Compare its first and last characters with the list"));
    }
);

statement!("soku",
    async fn a_401_tells_that_the_key_was_revoked(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("Production Server", &POSTS).await;
        olga.revoke(&id).await;
        let revoked = refused_key(&world, &secret).await;
        assert_eq!(revoked, ("REVOKED".into(), "Somebody revoked it. Ask for a new one.".into()));
        assert_eq!(fact(&olga.get(&url(address::KEY, &id)).await, "Status"), "Revoked");
        assert!(docs(&world).await.contains("It stands as Revoked in the list"));
    }
);

statement!("soku",
    async fn a_401_without_a_bearer_token_says_how_to_send_it(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("Production Server", &POSTS).await;
        let headers = [
            None,
            Some(("Authorization", secret.clone())),
            Some(("Authorization", format!("Token {secret}"))),
            Some(("Authorization", format!("Basic {secret}"))),
            Some(("X-Auth-Token", secret)),
        ];
        let wanted = ("MISSING".to_owned(), "Send the key as `Authorization: Bearer KEY`.".to_owned());
        for header in headers {
            assert_eq!(refused(&world, header).await, wanted);
        }
        assert!(docs(&world).await.contains("Send exactly one Authorization header that begins with Bearer"));
    }
);

statement!("soku",
    async fn a_401_for_a_key_without_its_prefix_or_its_end_says_to_copy_all_of_it(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("Production Server", &POSTS).await;
        let headless = "It begins like no key from here. Copy all of it, with `sk_live_` in front.";
        for part in [&secret[8..], &secret[3..], &secret.replacen("live", "test", 1)] {
            assert_eq!(refused_key(&world, part).await, ("MALFORMED".into(), headless.into()));
        }
        let (code, advice) = refused_key(&world, &secret[..39]).await;
        assert_eq!(code, "MALFORMED");
        assert!(advice.contains("all of it"), "{advice}");
        assert!(docs(&world).await.contains("Copy all of it, sk_live_ included"));
    }
);

statement!("soku",
    async fn a_401_for_a_key_with_spaces_says_so(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("Production Server", &POSTS).await;
        let advice = "There is a space too many. Send `Bearer`, one space, and the key without any.";
        let (first, rest) = secret.split_at(20);
        for spaced in [format!("Bearer  {secret}"), format!("Bearer {first} {rest}"), format!("Bearer \t{secret}")] {
            let told = refused(&world, Some(("Authorization", spaced.clone()))).await;
            assert_eq!(told, ("MALFORMED".into(), advice.into()));
        }
        assert_eq!(refused(&world, Some(("X-API-Key", format!("{first} {rest}")))).await.1, advice);
        // Behind the value of a header, HTTP itself takes spaces away: these do no harm.
        assert_eq!(world.visitor().knock(&format!("{secret}  ")).await, 200);
        assert!(docs(&world).await.contains("A space, a quotation mark or a line break before or after it"));
    }
);

statement!("soku",
    async fn the_page_about_using_keys_helps_with_a_401_and_leads_to_the_support(world) {
        let page = world.visitor().get("/docs/api").await;
        assert!(page.texts("h2").contains(&"When the answer is 401".to_owned()), "{:?}", page.texts("h2"));
        let causes = page.texts(".docs-table tbody th");
        assert!(causes.len() >= 6 && causes.contains(&"Revoked".to_owned()), "{causes:?}");
        assert_eq!(page.attributes("#more ~ p a", "href"), ["https://support.example.com"]);
        assert_eq!(page.texts("#more ~ p a"), ["Contact support"]);
    }
);
