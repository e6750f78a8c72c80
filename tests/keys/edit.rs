//! Editing a live key: its name, and nothing else of it.

use keyrack::keys::address;

use crate::both_engines;
use crate::world::NOON;
use crate::world::keys::{assert_nothing_found, assert_only_our_forms, assert_only_owners, url};

both_engines!(
    async fn a_key_is_renamed_and_nothing_else_of_it_changes(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key_for("7d", "HR sync", &["users:read", "shifts:write"]).await;
        let before = world.key_row(&id).unwrap();
        world.clock.advance(60);
        let page = olga.get(&format!("{}?q=hr&sort=name&status=active", url(address::EDIT, &id))).await;
        assert_eq!((page.status, page.texts("h1")), (200, vec!["Edit API key".to_owned()]));
        assert_eq!(page.texts(".grants li"), ["Shifts Write", "Users Read"]);
        assert_eq!(page.attributes("dd time", "datetime"), ["2026-11-28T12:00:00Z", "2026-11-21T12:00:00Z"]);
        assert_eq!(page.attributes("#edit-revoke", "href"), [format!("{}?q=hr&sort=name&status=active", url(address::REVOCATION, &id))]);
        let form = page.form(&url(address::EDIT, &id));
        assert_eq!(form.value("name"), "HR sync");
        let answer = olga.submit(&form.with("name", " Payroll É ")).await;
        assert_eq!((answer.status, answer.location()), (303, "/settings/developers?q=hr&sort=name&status=active"));
        assert_eq!(answer.header("cache-control"), "no-store");

        let after = world.key_row(&id).unwrap();
        assert_eq!((after.name.as_str(), after.name_folded.as_str()), ("Payroll É", "payroll é"));
        assert_eq!(crate::world::keys::KeyRow { name: before.name.clone(), name_folded: before.name_folded.clone(), ..after }, before);
        assert_eq!(olga.get("/settings/developers?q=payroll%20%C3%A9").await.names(), ["Payroll É"]);
        let told = olga.present(reqwest::Method::GET, &secret).await;
        assert!(told.status == 200 && told.body.contains("\"Payroll É\""), "{}", told.body);
        let line = world.audit().pop().unwrap();
        assert_eq!((line.action.as_str(), line.detail.as_str(), line.at), ("key_renamed", "HR sync → Payroll É", NOON + 60));
        assert_eq!((line.person_id, line.subject), (Some(world.person_id("olga")), id.to_string()));
    }
);

both_engines!(
    async fn htmx_gets_the_row_the_tabs_the_count_and_a_notice(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let address = format!("{}?q=sync", url(address::EDIT, &id));
        let dialog = olga.by_htmx().get(&address).await;
        assert!(dialog.body.starts_with("<dialog"), "{}", dialog.body);
        let answer = olga.by_htmx().submit(&dialog.form(&url(address::EDIT, &id)).with("name", "Nightly sync")).await;
        assert_eq!((answer.status, answer.location(), answer.header("cache-control")), (200, "", "no-store"));
        let targets = answer.attributes("hx-partial", "hx-target");
        assert_eq!(targets, ["#dialogs", &format!("#row-{id}"), "#tabs", "#empty", "#count", "#revocation", "#notice"]);
        assert!(answer.body.contains(">Nightly sync</a>") && !answer.body.contains("HR sync"), "{}", answer.body);
        assert_eq!(answer.tabs(), ["All 1", "Active 1", "Expired 0", "Revoked 0"]);
        assert_eq!(answer.texts("[hx-target='#count']"), ["1 key matches “sync”"]);
        assert_eq!(answer.texts("[hx-target='#notice']"), ["“Nightly sync” saved."]);
    }
);

both_engines!(
    async fn saving_the_same_name_changes_and_records_nothing(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("Café", &["shifts:read"]).await;
        for same in ["Café", "  Cafe\u{301} "] {
            assert_eq!(olga.rename(&id, same).await.status, 303);
        }
        assert_eq!(world.history(&id), ["key_created: Café"]);
    }
);

both_engines!(
    async fn renames_at_once_leave_a_history_without_a_gap(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("Name 00", &["shifts:read"]).await;
        let form = olga.bare_form(&url(address::EDIT, &id)).await;
        let renames = (1..=20).map(|n| {
            let (mut olga, form) = (olga.clone(), form.with("name", &format!("Name {n:02}")));
            tokio::spawn(async move { olga.submit(&form).await.status })
        });
        for rename in renames.collect::<Vec<_>>() {
            assert_eq!(rename.await.unwrap(), 303);
        }
        // Each old name stood once, so the changes can be put in a row from the first name to the last.
        let details = world.texts("SELECT detail AS value FROM audit_log WHERE action = 'key_renamed'");
        let mut steps: std::collections::BTreeMap<&str, &str> =
            details.iter().map(|detail| detail.split_once(" → ").unwrap()).collect();
        assert_eq!(steps.len(), details.len(), "two renames of one name: {details:?}");
        let mut name = "Name 00";
        while let Some(next) = steps.remove(name) {
            name = next;
        }
        assert!(steps.is_empty(), "a gap before {steps:?}");
        assert_eq!(world.key_row(&id).unwrap().name, name);
    }
);

both_engines!(
    async fn two_keys_may_have_the_same_name(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("One", &["shifts:read"]).await;
        olga.create_key("Two", &["shifts:read"]).await;
        assert_eq!(olga.rename(&id, "Two").await.status, 303);
        assert_eq!(olga.get(address::LIST).await.names(), ["Two", "Two"]);
    }
);

both_engines!(
    async fn a_bad_name_is_told_beside_the_field_and_kept(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let long = "é".repeat(61);
        let bad = [
            ("", "Enter a name."),
            ("   ", "Enter a name."),
            ("\u{200b}", "Enter a name that can be seen."),
            (&long, "Use at most 60 characters; these are 61."),
            ("a\u{85}b", "Leave out line breaks and control characters."),
            ("a\u{2067}b", "Leave out characters that change the direction of the text."),
        ];
        for (name, says) in bad {
            let answer = olga.rename(&id, name).await;
            assert_eq!((answer.status, answer.texts("#key-name-error")), (422, vec![says.to_owned()]), "{name:?}");
            assert_eq!(answer.form(&url(address::EDIT, &id)).value("name"), name);
            assert_eq!(answer.attributes("#key-name", "aria-invalid"), ["true"]);
            assert_eq!(answer.texts("#key-name-count [data-counted]")[0].parse(), Ok(name.trim().chars().count()));
        }
        let form = olga.bare_form(&url(address::EDIT, &id)).await.with("name", "");
        let sheet = olga.by_htmx().submit(&form).await;
        assert!(sheet.status == 422 && sheet.body.starts_with("<div class=\"sheet\""), "{}", sheet.body);
        assert_eq!(world.history(&id), ["key_created: HR sync"]);
        assert_eq!(world.key_row(&id).unwrap().name, "HR sync");
        assert_eq!(olga.rename(&id, &"é".repeat(60)).await.status, 303);
    }
);

both_engines!(
    async fn a_form_that_is_not_ours_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let action = url(address::EDIT, &id);
        assert_only_our_forms(&world, &mut olga, &action, &[("name", "Renamed")]).await;
        let form = olga.bare_form(&action).await;
        let malformed = [form.clone(), form.and("name", "a").and("name", "b"), form.with("name", "a\0"), form.with("name", "a").and("permission", "users:read"), form.with("name", "a").and("expiration", "never")];
        for form in malformed {
            assert_eq!(olga.submit(&form).await.status, 400, "{:?}", form.fields);
        }
        assert_eq!(world.history(&id), ["key_created: HR sync"]);
    }
);

both_engines!(
    async fn only_owners_rename(world) {
        let (id, _) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        assert_only_owners(&world, address::EDIT, &id, &[("name", "Renamed")]).await;
    }
);

both_engines!(
    async fn another_team_s_key_is_like_none_at_all(world) {
        assert_nothing_found(&world, address::EDIT, &[("name", "Renamed")], true).await;
    }
);

both_engines!(
    async fn a_spent_key_is_not_renamed_and_leads_to_its_details(world) {
        let mut olga = world.sign_in("olga").await;
        let (revoked, _) = olga.create_key("Revoked", &["shifts:read"]).await;
        let (expired, _) = olga.create_key_for("7d", "Expired", &["shifts:read"]).await;
        olga.revoke(&revoked).await;
        world.clock.advance(7 * 86_400 - 1);
        let mut olga = world.sign_in("olga").await;
        assert_eq!(olga.rename(&expired, "Just in time").await.status, 303);
        world.clock.advance(1);
        let before = world.key_rows();
        for id in [&revoked, &expired] {
            for name in ["Renamed", ""] {
                let answer = olga.rename(id, name).await;
                assert_eq!(answer.status, 409, "{}", answer.text());
                assert!(answer.text().contains("Only active keys can be renamed."));
            }
            let asked = olga.get(&format!("{}?q=x&sort=name", url(address::EDIT, id))).await;
            assert_eq!((asked.status, asked.location()), (303, format!("{}?q=x&sort=name", url(address::KEY, id)).as_str()));
        }
        assert_eq!(world.key_rows(), before);
        assert_eq!(world.history(&expired), ["key_created: Expired", "key_renamed: Expired → Just in time"]);
    }
);

both_engines!(
    async fn a_form_that_was_overtaken_is_refused_and_brings_nothing_back(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let form = olga.get(&url(address::EDIT, &id)).await.form(&url(address::EDIT, &id));
        let bound = form.with("address", "203.0.113.7\n10.0.0.0/8");
        assert_eq!(olga.submit(&bound).await.status, 303);
        let page = olga.get(&url(address::EDIT, &id)).await.form(&url(address::EDIT, &id));
        assert_eq!(olga.submit(&page.with("address", "203.0.113.7")).await.status, 303);

        let late = olga.submit(&page.with("name", "Payroll")).await;
        assert_eq!(late.status, 409, "{}", late.text());
        assert!(late.text().contains("Somebody else edited this key"), "{}", late.text());
        let row = world.key_row(&id).unwrap();
        assert_eq!((row.name.as_str(), row.addresses.as_str()), ("HR sync", "203.0.113.7"));
        assert_eq!(olga.submit(&page.with("name", "Payroll").without("revision")).await.status, 303, "scripts say none");
    }
);
