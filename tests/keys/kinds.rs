//! Kinds of key: which can be chosen, what each may be granted, which are secrets, and what can be on or off.

use keyrack::keys::address;
use keyrack::keys::catalog::{Catalog, file};
use keyrack::keys::key::KeyId;

use crate::both_engines;
use crate::world::keys::url;
use crate::world::{Engine, Person, World};

const TEAM: &str = "Northwind Rota";

/// Two publishable kinds, WebAPI and Mobile, and a secret one, Analytics.
async fn soul_machines(engine: Engine) -> World {
    World::of_catalog(engine, "soul-machines").await
}

fn catalog() -> Catalog {
    file::parse(include_str!("../../examples/catalogs/soul-machines.toml")).unwrap()
}

/// What a key of that kind may be granted.
fn grant_for(kind: &str) -> &'static str {
    if kind == "analytics" { "usage:read" } else { "sessions:start" }
}

async fn create(person: &mut Person, kind: &str, name: &str) -> (KeyId, String) {
    person.create_key_of(&[("kind", kind), ("name", name), ("permission", grant_for(kind))]).await
}

/// The whole text of whatever the page shows of a key, in whatever place.
async fn pages_of(person: &mut Person, id: &KeyId) -> Vec<(String, u16, String)> {
    let mut pages = Vec::new();
    for path in [address::LIST.to_owned(), url(address::KEY, id), url(address::EDIT, id), url(address::REVOCATION, id)]
    {
        for htmx in [false, true] {
            let mut person = if htmx { person.by_htmx() } else { person.clone() };
            let answer = person.get(&path).await;
            pages.push((path.clone(), answer.status, answer.body));
        }
    }
    pages
}

both_engines!(
    soul_machines => async fn each_is_offered_with_what_it_means(world) {
        let mut olga = world.sign_in("olga").await;
        let page = olga.get(address::NEW).await;
        assert_eq!(page.attributes("[name=kind]", "value"), ["webapi", "mobile", "analytics"]);
        assert_eq!(page.texts(".pill:has([name=kind])"), ["WebAPI", "Mobile", "Analytics Servers only"]);
        assert_eq!(page.attributes("[name=kind][checked]", "value"), ["webapi"], "the first is preselected");
        let said = page.texts("#kind-said p");
        assert!(said[0].contains("no secret") && said[1].contains("no secret"), "{said:?}");
        assert!(said[2].contains("is a secret: it is shown once"), "{said:?}");
    }
);

both_engines!(
    async fn where_there_is_one_there_is_nothing_to_choose(world) {
        let mut olga = world.sign_in("olga").await;
        let page = olga.get(address::NEW).await;
        assert_eq!(page.attributes("[name=kind]", "type"), ["hidden"]);
        let (id, _) = olga.create_by(&olga.clone().filled_form(&[("permission", "shifts:read")]).await.without("kind")).await;
        assert_eq!(world.key_row(&id).unwrap().kind, "secret");
        assert!(!olga.get(address::LIST).await.texts("thead th").contains(&"Kind".to_owned()));
        assert_eq!(olga.get(&url(address::KEY, &id)).await.fact("Kind"), None);
    }
);

both_engines!(
    soul_machines => async fn one_of_them_must_be_said(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.filled_form(&[("permission", "sessions:start")]).await;
        let choose = "Choose what kind of key.";
        let unknown = "This kind of key is not offered.";
        let bad = [
            (form.without("kind"), choose),
            (form.with("kind", ""), choose),
            (form.with("kind", "secret"), unknown),
            (form.with("kind", "WebAPI"), unknown),
            (form.with("kind", " webapi"), unknown),
        ];
        for (form, says) in bad {
            let answer = olga.submit(&form).await;
            assert_eq!((answer.status, answer.texts("#kind-error")), (422, vec![says.to_owned()]), "{:?}", form.value("kind"));
        }
        assert_eq!(olga.submit(&form.and("kind", "mobile")).await.status, 400);
        assert!(world.key_rows().is_empty() && world.creations().is_empty());
    }
);

both_engines!(
    soul_machines => async fn none_is_granted_what_it_may_not_be(world) {
        let mut olga = world.sign_in("olga").await;
        let catalog = catalog();
        let mut made = 0;
        for kind in catalog.kinds() {
            for resource in catalog.resources() {
                let permission = format!("{}:{}", resource.id, resource.actions[0].id);
                let form = olga.filled_form(&[("kind", &kind.id), ("permission", &permission)]).await;
                let answer = olga.submit(&form).await;
                if kind.may_be_granted(&resource.id) {
                    answer.secret();
                    made += 1;
                    continue;
                }
                let says = format!("{} is not offered for {}.", resource.label, kind.keys());
                assert_eq!((answer.status, answer.texts("#permissions-error")), (422, vec![says]), "{} {permission}", kind.id);
                // The kind and the tick are kept: either of the two can be mended.
                let again = answer.form(address::LIST_OF_KEYS);
                assert_eq!((again.value("kind"), again.value("permission")), (kind.id.as_str(), permission.as_str()));
            }
        }
        assert_eq!((made, world.key_rows().len()), (6, 6));
        // One good grant beside it does not carry it in.
        let form = olga.filled_form(&[("kind", "webapi"), ("permission", "sessions:start"), ("permission", "usage:read")]).await;
        assert_eq!(olga.submit(&form).await.status, 422);
        assert_eq!(world.key_rows().len(), 6);
    }
);

both_engines!(
    soul_machines => async fn each_key_begins_with_the_prefix_of_its_kind(world) {
        let mut olga = world.sign_in("olga").await;
        for (kind, prefix) in [("webapi", "pk_web_"), ("mobile", "pk_mobile_"), ("analytics", "sk_analytics_")] {
            let (id, key) = create(&mut olga, kind, kind).await;
            assert!(key.starts_with(prefix) && key.len() == prefix.len() + 32, "{kind}");
            let row = world.key_row(&id).unwrap();
            assert_eq!((row.kind.as_str(), row.preview), (kind, format!("{}…{}", &key[..prefix.len() + 3], &key[key.len() - 4..])));
            assert_eq!(olga.told(&key).await["kind"], kind);
            // The checksum covers the prefix: under another kind's name it is no key at all.
            for other in ["pk_web_", "pk_mobile_", "sk_analytics_"].into_iter().filter(|other| *other != prefix) {
                let swapped = format!("{other}{}", &key[prefix.len()..]);
                let answer = olga.present(reqwest::Method::GET, &swapped).await;
                assert!(answer.status == 401 && answer.body.contains("MALFORMED"), "{}", answer.body);
            }
        }
    }
);

both_engines!(
    soul_machines => async fn a_publishable_key_is_stored_and_shown_to_those_who_may_see_it_and_to_nobody_else(world) {
        let mut olga = world.sign_in("olga").await;
        world.let_members_manage_keys(TEAM, true);
        let (hers, key) = create(&mut olga, "webapi", "Hers").await;
        let mut mia = world.sign_in("mia").await;
        let (own, own_key) = create(&mut mia, "mobile", "Mia's").await;
        assert_eq!(world.key_row(&hers).unwrap().published.as_ref(), Some(&key));

        // Who may edit sees it in list, details and form; who may only look on, in list and details.
        for (who, id, key, shown_on) in [
            ("olga", &hers, &key, 6),
            ("olga", &own, &own_key, 6),
            ("adam", &hers, &key, 4),
            ("vera", &hers, &key, 4),
            ("mia", &own, &own_key, 6),
        ] {
            let mut person = world.sign_in(who).await;
            let pages = pages_of(&mut person, id).await;
            let showing = pages.iter().filter(|(_, status, body)| *status == 200 && body.contains(key.as_str())).count();
            assert_eq!(showing, shown_on, "{who} {id}");
            assert!(pages.iter().all(|(_, status, body)| *status == 200 || !body.contains(key.as_str())), "{who}");
        }
        // Another member's, another team's, nobody's.
        world.let_members_manage_keys(TEAM, false);
        let unlucky = [mia.clone(), world.sign_in("sam").await, world.visitor()];
        for mut person in unlucky {
            for (path, status, body) in pages_of(&mut person, &hers).await.into_iter().chain(pages_of(&mut person, &own).await) {
                assert!(!body.contains(&key) && !body.contains(&own_key), "{path}: {status}");
            }
        }
        world.let_members_manage_keys(TEAM, true);
        for (path, status, body) in pages_of(&mut mia, &hers).await {
            assert!(!body.contains(&key), "{path}: {status}: another's key is shown to a member");
        }
        // It is kept in its own column, and nowhere else.
        let rows = |table: &str| world.texts(match (world.engine, table) {
            (Engine::Sqlite, "audit_log") => "SELECT quote(id) || quote(subject) || quote(detail) AS value FROM audit_log",
            (Engine::Postgres, "audit_log") => "SELECT row_to_json(t)::text AS value FROM audit_log t",
            (Engine::Sqlite, _) => "SELECT quote(state) AS value FROM sessions",
            (Engine::Postgres, _) => "SELECT row_to_json(t)::text AS value FROM sessions t",
        });
        for table in ["audit_log", "sessions"] {
            assert!(rows(table).iter().all(|row| !row.contains(&key)), "{table} holds the key");
        }
    }
);

both_engines!(
    soul_machines => async fn a_key_of_a_secret_kind_is_never_stored_and_never_shown_again(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = create(&mut olga, "analytics", "Numbers").await;
        assert_eq!(world.key_row(&id).unwrap().published, None);
        world.assert_not_stored(&secret);
        for who in ["olga", "adam", "vera"] {
            let mut person = world.sign_in(who).await;
            for (path, _, body) in pages_of(&mut person, &id).await {
                assert!(!body.contains(&secret[17..40]), "{who}: {path} shows a part of the secret");
            }
            let list = person.get(address::LIST).await;
            assert!(list.attributes("[data-copies]", "data-copies").is_empty() && list.texts("[data-secret]").is_empty());
        }
        assert!(olga.get(&url(address::EDIT, &id)).await.text().contains("Lost the key? It can't be shown again"));
        // Nor is it after it has been edited, revoked, and looked at again.
        assert_eq!(olga.edit(&id, &[("name", "Numbers 2"), ("address", "203.0.113.7")]).await.status, 303);
        olga.revoke(&id).await;
        assert_eq!(world.key_row(&id).unwrap().published, None);
        world.assert_not_stored(&secret);
    }
);

both_engines!(
    soul_machines => async fn a_key_is_copied_from_its_menu_where_it_is_no_secret_and_works(world) {
        let mut olga = world.sign_in("olga").await;
        let (web, key) = create(&mut olga, "webapi", "Widget").await;
        let (secret, _) = create(&mut olga, "analytics", "Numbers").await;
        let (over, over_key) = create(&mut olga, "mobile", "App").await;
        olga.revoke(&over).await;
        let menu = |id: &KeyId| format!("#menu-{id} a");
        for (who, of_web, of_secret, of_over) in [
            ("olga", vec!["Edit", "Copy key", "Revoke"], vec!["Edit", "Revoke"], vec!["View details", "Delete"]),
            ("adam", vec!["View details", "Copy key"], vec!["View details"], vec!["View details"]),
            ("vera", vec!["View details", "Copy key"], vec!["View details"], vec!["View details"]),
        ] {
            let list = world.sign_in(who).await.get(address::LIST).await;
            let shown = [&web, &secret, &over].map(|id| list.texts(&menu(id)));
            assert_eq!(shown, [of_web, of_secret, of_over], "{who}");
            let copies = format!("#menu-{web} [data-copies]");
            assert_eq!((list.attributes(&copies, "data-copies"), list.attributes(&copies, "data-name")), (vec![key.clone()], vec!["Widget".to_owned()]));
            // Without a script it leads to where the key stands.
            assert_eq!(list.attributes(&copies, "href"), [url(address::KEY, &web)]);
        }
        let details = olga.get(&url(address::KEY, &web)).await;
        assert_eq!(details.texts("[data-secret]"), [key.as_str()]);
        assert_eq!(details.fact("Key"), None, "the whole key stands above, no preview beside it");
        let over = olga.get(&url(address::KEY, &over)).await;
        assert!(over.texts("[data-secret]").is_empty() && !over.body.contains(&over_key), "what ended is not shown to be copied");
        assert!(over.fact("Key").is_some());
    }
);

both_engines!(
    soul_machines => async fn a_toggle_is_as_the_catalog_has_it_until_it_is_switched(world) {
        let mut olga = world.sign_in("olga").await;
        let page = olga.get(address::NEW).await;
        let ons = page.attributes("[name^='toggle.webapi.'][checked]", "value");
        assert_eq!(ons, ["on", "on", "off", "off"], "greeting, microphone, camera, captions");
        assert!(page.attributes("[name^='toggle.analytics.']", "name").is_empty());

        // Nothing sent: the defaults. Something sent: that, of its own kind alone.
        let form = olga.filled_form(&[("kind", "webapi"), ("permission", "sessions:start")]).await;
        let toggles: Vec<String> = form.fields.iter().map(|(name, _)| name.clone()).filter(|name| name.starts_with("toggle.")).collect();
        assert_eq!(toggles.len(), 7);
        let bare = toggles.iter().fold(form.clone(), |form, name| form.without(name));
        let (id, _) = olga.create_by(&bare).await;
        assert_eq!(world.key_row(&id).unwrap().toggles, "camera=off captions=off greeting=on microphone=on");
        let chosen = form.with("nonce", olga.create_form().await.value("nonce"));
        let chosen = chosen.with("toggle.webapi.captions", "on").with("toggle.webapi.greeting", "off");
        let (id, _) = olga.create_by(&chosen.with("toggle.mobile.microphone", "off")).await;
        assert_eq!(world.key_row(&id).unwrap().toggles, "camera=off captions=on greeting=off microphone=on");
        let shown = olga.get(&url(address::KEY, &id)).await;
        let facts = ["Speak a greeting", "Allow microphone", "Allow camera", "Show captions"].map(|label| shown.fact(label));
        assert_eq!(facts, ["Off", "On", "Off", "On"].map(|word| Some(word.to_owned())));

        // Edited: what is sent changes, what is not stays.
        assert_eq!(olga.edit(&id, &[("name", "HR sync"), ("toggle.webapi.camera", "on")]).await.status, 303);
        assert_eq!(world.key_row(&id).unwrap().toggles, "camera=on captions=on greeting=off microphone=on");
        assert_eq!(olga.edit(&id, &[("name", "HR sync"), ("toggle.mobile.greeting", "on")]).await.status, 303);
        assert_eq!(world.key_row(&id).unwrap().toggles, "camera=on captions=on greeting=off microphone=on");
        assert_eq!(world.history(&id), ["key_created: HR sync", "key_bounded: HR sync: toggles"]);
        let form = olga.get(&url(address::EDIT, &id)).await.form(&url(address::EDIT, &id));
        let set = ["greeting", "microphone", "camera", "captions"].map(|toggle| form.value(&format!("toggle.webapi.{toggle}")).to_owned());
        assert_eq!(set, ["off", "on", "on", "on"]);
    }
);

both_engines!(
    soul_machines => async fn a_toggle_that_the_kind_does_not_have_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = create(&mut olga, "webapi", "Widget").await;
        let (secret, _) = create(&mut olga, "analytics", "Numbers").await;
        let before = world.key_rows();
        let (unknown, neither) = ("One of these options is not offered.", "An option is either on or off.");
        let bad = [
            ("toggle.webapi.rockets", "on", unknown),
            ("toggle.webapi.background_audio", "on", unknown),
            ("toggle.greeting", "on", unknown),
            ("toggle.webapi.greeting", "yes", neither),
            ("toggle.webapi.greeting", "", neither),
        ];
        for (name, value, says) in bad {
            let form = olga.filled_form(&[("kind", "webapi"), ("permission", "sessions:start"), (name, value)]).await;
            let answer = olga.submit(&form).await;
            assert_eq!((answer.status, answer.texts("#toggles-error")), (422, vec![says.to_owned()]), "{name}={value}");
            assert!(answer.texts("[data-kinds=webapi] #toggles-error").len() == 1, "beside the options of the kind");
            let answer = olga.edit(&id, &[("name", "Widget"), (name, value)]).await;
            assert_eq!((answer.status, answer.texts("#toggles-error")), (422, vec![says.to_owned()]), "{name}={value}");
        }
        let twice = [("name", "Widget"), ("toggle.webapi.greeting", "on"), ("toggle.webapi.greeting", "off")];
        assert_eq!(olga.edit(&id, &twice).await.status, 400);
        assert_eq!(olga.edit(&secret, &[("name", "Numbers"), ("toggle.analytics.greeting", "on")]).await.status, 422);
        assert_eq!(world.key_rows(), before);
    }
);

both_engines!(
    soul_machines => async fn only_kinds_that_have_trusted_domains_take_some(world) {
        let mut olga = world.sign_in("olga").await;
        let says = "Trusted domains are not for keys of the kind “Analytics”.";
        let form = olga.filled_form(&[("kind", "analytics"), ("permission", "usage:read")]).await;
        let answer = olga.submit(&form.with("domain", "app.example.com")).await;
        assert_eq!((answer.status, answer.texts("#domains-error")), (422, vec![says.to_owned()]));
        assert_eq!(answer.form(address::LIST_OF_KEYS).value("domain"), "app.example.com");
        let (id, _) = olga.create_by(&form.with("domain", " \r\n")).await;
        let page = olga.get(&url(address::EDIT, &id)).await;
        assert!(page.attributes("[name=domain]", "name").is_empty() && page.attributes("[name=address]", "name").len() == 1);
        assert_eq!(olga.get(&url(address::KEY, &id)).await.fact("Trusted domains"), None);
        let answer = olga.edit(&id, &[("name", "HR sync"), ("domain", "app.example.com")]).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(world.history(&id), ["key_created: HR sync"]);
        let (web, _) = olga.create_key_of(&[("kind", "mobile"), ("permission", "sessions:start"), ("domain", "app.example.com")]).await;
        assert_eq!(world.key_row(&web).unwrap().domains, "app.example.com");
    }
);

both_engines!(
    soul_machines => async fn a_key_s_kind_never_changes(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = create(&mut olga, "analytics", "Numbers").await;
        assert_eq!(olga.edit(&id, &[("name", "Numbers"), ("kind", "webapi")]).await.status, 400);
        let row = world.key_row(&id).unwrap();
        assert_eq!((row.kind.as_str(), row.published), ("analytics", None));
        let list = olga.get(address::LIST).await;
        assert_eq!(list.texts("td.key-kind"), ["Analytics"]);
        assert_eq!(olga.get(&url(address::KEY, &id)).await.fact("Kind").as_deref(), Some("Analytics (Servers only)"));
    }
);
