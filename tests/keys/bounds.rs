//! The bounds of a key, from which pages and addresses it may be used: given when it is made, edited while it lives.

use keyrack::keys::address;
use keyrack::keys::key::KeyId;

use crate::both_engines;
use crate::world::keys::{KeyRow, assert_only_owners, url};
use crate::world::{Engine, NOON, Person, World};

/// Two publishable kinds, which have trusted domains, and a secret one, which has none.
async fn soul_machines(engine: Engine) -> World {
    World::of_catalog(engine, "soul-machines").await
}

const WIDGET: &[(&str, &str)] = &[("kind", "webapi"), ("permission", "sessions:start"), ("name", "Widget")];

/// A WebAPI key with those fields beside.
async fn widget(olga: &mut Person, fields: &[(&str, &str)]) -> KeyId {
    olga.create_key_of(&[WIDGET, fields].concat()).await.0
}

fn bounds(world: &World, id: &KeyId) -> (String, String) {
    let row = world.key_row(id).unwrap();
    (row.domains, row.addresses)
}

/// What is told of a line that is no domain.
const BAD_DOMAINS: &[(&str, &str)] = &[
    ("http://app.example.com", "is not https. Only localhost, 127.0.0.1 and [::1] may be http."),
    ("ftp://example.com", "starts with ftp://. Only sites over https can be trusted."),
    ("app.example.com/login", "goes on behind the host name. Leave out the path; a domain counts as a whole."),
    ("me@example.com", "has an @. Leave out everything before the host name."),
    ("*", "would trust every site. To do that, leave the list empty."),
    ("a.*.example.com", "has a * in the wrong place. It can only be the whole first part: *.example.com"),
    ("*.com", "would trust sites of strangers: anybody can have one under com. Name your own domain."),
    ("*.github.io", "would trust sites of strangers: anybody can have one under github.io. Name your own domain."),
    ("*.127.0.0.1", "is an IP address, which has no names below it. Leave out the *."),
    ("2001:db8::1", "is an IPv6 address. Write it in brackets: [2001:db8::1]"),
    ("app.example.com:0", "has no good port. Behind the colon stands a number from 1 to 65535."),
    ("app.example.com:65536", "has no good port. Behind the colon stands a number from 1 to 65535."),
    ("xn--a.example", "is not a domain. Write one like app.example.com."),
    ("my_app.example.com", "has an underscore. Host names have letters, digits and hyphens."),
    ("app.example.com.", "ends in a dot. Leave it out."),
    ("a.example, b.example", "is more than one domain. Put each on a line of its own."),
    ("<b>.example", "is not a domain. Write one like app.example.com."),
];

/// What is told of a line that is no address.
const BAD_ADDRESSES: &[(&str, &str)] = &[
    ("0.0.0.0/0", "is every address. To allow that, leave the list empty."),
    ("::/0", "is every address. To allow that, leave the list empty."),
    ("10.1.2.3/8", "is an address inside a network, not a network. Did you mean 10.0.0.0/8?"),
    ("2001:db8::1/64", "is an address inside a network, not a network. Did you mean 2001:db8::/64?"),
    ("10.0.0.0/33", "has no good prefix. Behind the slash stands a number from 1 to 32."),
    ("2001:db8::/129", "has no good prefix. Behind the slash stands a number from 1 to 128."),
    ("10.0.0.1:443", "has a port. Leave it out: 10.0.0.1"),
    ("[2001:db8::1]", "is in brackets. Leave them out: 2001:db8::1"),
    ("fe80::1%eth0", "has a zone. Leave out the % and what follows."),
    ("10.0.0.1-10.0.0.9", "is a range. Write networks instead, like 192.0.2.0/24."),
    ("10.0.0.1 10.0.0.2", "is more than one address. Put each on a line of its own."),
    ("office.example.com", "is not an IP address or a network. Write one like 192.0.2.7 or 2001:db8::/32."),
];

both_engines!(
    soul_machines => async fn they_are_kept_in_one_form_and_shown(world) {
        let mut olga = world.sign_in("olga").await;
        let domains = " https://App.Example.com/ \r\n\r\nbücher.example:8443\r\n*.example.org\r\nhttp://localhost:3000\r\nAPP.example.com\r\n";
        let addresses = "203.0.113.7/32\r\n 2001:DB8::/32\r\n::ffff:198.51.100.0/120\r\n203.0.113.7";
        let id = widget(&mut olga, &[("domain", domains), ("address", addresses)]).await;
        let kept = "app.example.com\nxn--bcher-kva.example:8443\n*.example.org\nlocalhost:3000";
        let kept_addresses = "203.0.113.7\n2001:db8::/32\n198.51.100.0/24";
        assert_eq!(bounds(&world, &id), (kept.to_owned(), kept_addresses.to_owned()));

        assert_eq!(olga.get(address::LIST).await.texts("tr.key .key-domains"), ["app.example.com and 3 more"]);
        let details = olga.get(&url(address::KEY, &id)).await;
        assert_eq!(details.fact("Trusted domains").unwrap(), kept.replace('\n', " "));
        assert_eq!(details.fact("Addresses").unwrap(), kept_addresses.replace('\n', " "));
        let form = olga.get(&url(address::EDIT, &id)).await.form(&url(address::EDIT, &id));
        assert_eq!((form.value("domain"), form.value("address")), (kept, kept_addresses));
        // Sent again as it stands, as browsers send it, it is the same.
        let again = form.with("domain", &kept.replace('\n', "\r\n")).with("address", &kept_addresses.replace('\n', "\r\n"));
        assert_eq!(olga.submit(&again).await.status, 303);
        assert_eq!(world.history(&id), ["key_created: Widget"]);
    }
);

both_engines!(
    soul_machines => async fn a_line_that_is_none_is_told_clearly_on_both_forms(world) {
        let mut olga = world.sign_in("olga").await;
        let id = widget(&mut olga, &[("domain", "kept.example"), ("address", "192.0.2.1")]).await;
        let before = world.key_rows();
        let create = olga.filled_form(WIDGET).await;
        for (field, error, bad) in [("domain", "#domains-error", BAD_DOMAINS), ("address", "#addresses-error", BAD_ADDRESSES)] {
            for (line, why) in bad {
                let good = if field == "domain" { "app.example.com" } else { "198.51.100.7" };
                let typed = format!("{good}\r\n{line}\r\n");
                let says = vec![format!("“{line}” {why}")];
                let made = olga.submit(&create.with(field, &typed)).await;
                assert_eq!((made.status, made.texts(error)), (422, says.clone()), "create, {line}");
                let edited = olga.edit(&id, &[("name", "Widget"), (field, &typed)]).await;
                assert_eq!((edited.status, edited.texts(error)), (422, says), "edit, {line}");
                for answer in [&made, &edited] {
                    assert_eq!(answer.texts(".error").len(), 1, "{line}");
                    assert_eq!(answer.attributes(&format!("[name={field}]"), "aria-invalid"), ["true"]);
                }
                // The part that is folded away stands open where something is wrong in it.
                let folded = edited.attributes("details.more", "open").len();
                assert_eq!(folded, 1);
            }
        }
        assert_eq!(world.key_rows(), before);
    }
);

both_engines!(
    soul_machines => async fn everything_typed_is_kept_beside_what_is_wrong(world) {
        let mut olga = world.sign_in("olga").await;
        let typed = [
            ("name", "Nightly"),
            ("domain", "app.example.com\n<i>no domain</i>"),
            ("address", "192.0.2.1\nno address"),
            ("toggle.webapi.greeting", "off"),
            ("toggle.webapi.captions", "on"),
        ];
        let create = olga.filled_form(&[WIDGET, &typed].concat()).await;
        let made = olga.submit(&create).await;
        let id = widget(&mut olga, &[("domain", "kept.example"), ("address", "192.0.2.99")]).await;
        let before = world.key_rows();
        let edited = olga.edit(&id, &typed).await;
        for (answer, action) in [(made, address::LIST_OF_KEYS.to_owned()), (edited, url(address::EDIT, &id))] {
            assert_eq!((answer.status, answer.texts(".error").len()), (422, 2), "{action}: both are told at once");
            let again = answer.form(&action);
            for (name, value) in typed {
                assert_eq!(again.value(name), value, "{action}: {name}");
            }
            assert_eq!(again.value("toggle.webapi.microphone"), "on");
            assert!(!answer.body.contains("<i>no domain"));
        }
        assert_eq!(world.key_rows(), before);
        let sheet = olga.by_htmx().edit(&id, &typed).await;
        assert!(sheet.status == 422 && sheet.body.starts_with("<div class=\"sheet\""), "{}", sheet.body);
    }
);

both_engines!(
    soul_machines => async fn an_edit_of_one_leaves_the_others(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, key) = olga.create_key_of(&[WIDGET, &[("domain", "a.example"), ("address", "192.0.2.1"), ("toggle.webapi.camera", "on")]].concat()).await;
        let name = ("name", "Widget");
        let before = world.key_row(&id).unwrap();
        assert_eq!(olga.edit(&id, &[name, ("domain", "b.example")]).await.status, 303);
        let with_domain = KeyRow { domains: "b.example".into(), ..before };
        assert_eq!(world.key_row(&id).unwrap(), with_domain);
        assert_eq!(olga.edit(&id, &[name, ("address", "2001:db8::/32")]).await.status, 303);
        let with_address = KeyRow { addresses: "2001:db8::/32".into(), ..with_domain };
        assert_eq!(world.key_row(&id).unwrap(), with_address);
        assert_eq!(olga.edit(&id, &[name, ("toggle.webapi.camera", "off")]).await.status, 303);
        let with_toggle = KeyRow { toggles: "camera=off captions=off greeting=on microphone=on".into(), ..with_address };
        assert_eq!(world.key_row(&id).unwrap(), with_toggle);
        assert_eq!(olga.edit(&id, &[("name", "Kiosk")]).await.status, 303);
        let renamed = KeyRow { name: "Kiosk".into(), name_folded: "kiosk".into(), ..with_toggle };
        assert_eq!(world.key_row(&id).unwrap(), renamed);
        assert_eq!(olga.told(&key).await["name"], "Kiosk", "the key itself goes on as it was");
    }
);

both_engines!(
    soul_machines => async fn an_empty_list_takes_them_away(world) {
        let mut olga = world.sign_in("olga").await;
        let id = widget(&mut olga, &[("domain", "a.example"), ("address", "192.0.2.1")]).await;
        assert_eq!(olga.edit(&id, &[("name", "Widget"), ("domain", ""), ("address", " \r\n ")]).await.status, 303);
        assert_eq!(bounds(&world, &id), (String::new(), String::new()));
        let details = olga.get(&url(address::KEY, &id)).await;
        assert_eq!((details.fact("Trusted domains").as_deref(), details.fact("Addresses")), (Some("any web page"), None));
        assert!(olga.get(address::LIST).await.texts(".key-domains").is_empty());
    }
);

both_engines!(
    soul_machines => async fn a_list_has_at_most_fifty_lines(world) {
        let mut olga = world.sign_in("olga").await;
        let lines = |count: usize| (0..count).map(|n| format!("192.0.2.{n}")).collect::<Vec<_>>().join("\r\n");
        let id = widget(&mut olga, &[("address", &lines(50)), ("domain", &lines(50))]).await;
        assert_eq!((bounds(&world, &id).0.lines().count(), bounds(&world, &id).1.lines().count()), (50, 50));
        let answer = olga.edit(&id, &[("name", "Widget"), ("address", &lines(51)), ("domain", &lines(51))]).await;
        let says = "Use at most 50 lines; these are 51.";
        assert_eq!(answer.status, 422);
        assert_eq!([answer.texts("#domains-error"), answer.texts("#addresses-error")], [[says], [says]]);
    }
);

both_engines!(
    async fn addresses_are_for_secret_kinds_too(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key_of(&[("permission", "shifts:read"), ("address", "203.0.113.0/24")]).await;
        let page = olga.get(&url(address::EDIT, &id)).await;
        let form = page.form(&url(address::EDIT, &id));
        assert_eq!(form.value("address"), "203.0.113.0/24");
        assert!(page.attributes("[name=domain]", "name").is_empty());
        assert_eq!(page.attributes("details.more", "open").len(), 1, "a list that is there is seen");
        assert_eq!(olga.submit(&form.with("address", "198.51.100.7")).await.status, 303);
        assert_eq!(bounds(&world, &id), (String::new(), "198.51.100.7".into()));
    }
);

both_engines!(
    soul_machines => async fn the_audit_log_says_what_was_changed_of_them(world) {
        let mut olga = world.sign_in("olga").await;
        let id = widget(&mut olga, &[("domain", "a.example")]).await;
        world.clock.advance(60);
        olga.edit(&id, &[("name", "Widget"), ("address", "192.0.2.1")]).await;
        let row = world.audit().pop().unwrap();
        assert_eq!((row.action.as_str(), row.detail.as_str(), row.at), ("key_bounded", "Widget: addresses", NOON + 60));
        assert_eq!((row.person_id, row.team_id), (Some(world.person_id("olga")), Some(world.team_id("olga"))));
        assert_eq!((row.subject, row.result.as_str(), row.address.as_deref()), (id.to_string(), "done", Some("127.0.0.1")));
        // All of it at once, with a new name: two rows, each says its part.
        let all = [("name", "Kiosk"), ("domain", "b.example"), ("address", ""), ("toggle.webapi.camera", "on")];
        olga.edit(&id, &all).await;
        olga.edit(&id, &all).await;
        assert_eq!(world.history(&id), [
            "key_created: Widget",
            "key_bounded: Widget: addresses",
            "key_renamed: Widget → Kiosk",
            "key_bounded: Kiosk: domains, addresses, toggles",
        ]);
    }
);

both_engines!(
    soul_machines => async fn htmx_gets_the_row_with_its_new_domains(world) {
        let mut olga = world.sign_in("olga").await;
        let id = widget(&mut olga, &[]).await;
        let answer = olga.by_htmx().edit(&id, &[("name", "Widget"), ("domain", "a.example\nb.example")]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.contains("<span class=\"key-domains\">a.example and 1 more</span>"), "{}", answer.body);
        assert_eq!(answer.texts("[hx-target='#notice']"), ["“Widget” saved."]);
    }
);

both_engines!(
    soul_machines => async fn edits_at_once_lose_nothing_of_each_other(world) {
        let mut olga = world.sign_in("olga").await;
        let id = widget(&mut olga, &[("domain", "d.example"), ("address", "192.0.2.200")]).await;
        let form = olga.bare_form(&url(address::EDIT, &id)).await.with("name", "Widget");
        let edits = (0..20).map(|n| {
            let form = match n % 2 {
                0 => form.with("domain", &format!("d{n}.example")),
                _ => form.with("address", &format!("192.0.2.{n}")),
            };
            let mut olga = olga.clone();
            tokio::spawn(async move { olga.submit(&form).await.status })
        });
        for edit in edits.collect::<Vec<_>>() {
            assert_eq!(edit.await.unwrap(), 303);
        }
        // Each changed its own list and no other: had one written back what it had read of the other's, the log told it.
        let mut history = world.history(&id).split_off(1);
        history.sort();
        let expected = [vec!["key_bounded: Widget: addresses"; 10], vec!["key_bounded: Widget: domains"; 10]].concat();
        assert_eq!(history, expected);
        let (domains, addresses) = bounds(&world, &id);
        assert!(domains != "d.example" && addresses != "192.0.2.200", "{domains} {addresses}");
    }
);

both_engines!(
    soul_machines => async fn an_edit_and_a_revocation_at_once_leave_a_revoked_key_that_was_not_edited_later(world) {
        let mut olga = world.sign_in("olga").await;
        for n in 0..8 {
            let id = widget(&mut olga, &[]).await;
            let form = olga.bare_form(&url(address::EDIT, &id)).await.with("name", "Widget").with("address", "192.0.2.1");
            let (mut editor, mut revoker, its_id) = (olga.clone(), olga.clone(), id.clone());
            let edit = tokio::spawn(async move { editor.submit(&form).await.status });
            let revoke = tokio::spawn(async move { revoker.revoke(&its_id).await.status });
            let (edited, revoked) = (edit.await.unwrap(), revoke.await.unwrap());
            assert!(revoked == 303 && [303, 409].contains(&edited), "round {n}: {edited} {revoked}");
            let history = world.history(&id).split_off(1);
            let expected: &[&str] = match edited {
                303 => &["key_bounded: Widget: addresses", "key_revoked: Widget"],
                _ => &["key_revoked: Widget"],
            };
            assert_eq!(history, expected, "round {n}");
            assert_eq!(bounds(&world, &id).1, if edited == 303 { "192.0.2.1" } else { "" });
        }
    }
);

both_engines!(
    soul_machines => async fn those_of_a_spent_key_stay_as_they_are(world) {
        let mut olga = world.sign_in("olga").await;
        let revoked = widget(&mut olga, &[("domain", "a.example")]).await;
        let expired = widget(&mut olga, &[("domain", "a.example"), ("expiration", "7d")]).await;
        olga.revoke(&revoked).await;
        world.clock.advance(7 * 86_400);
        let mut olga = world.sign_in("olga").await;
        let before = world.key_rows();
        for id in [&revoked, &expired] {
            for fields in [[("name", "Widget"), ("domain", "b.example")], [("name", "Widget"), ("address", "192.0.2.1")], [("name", "Widget"), ("domain", "no domain")]] {
                assert_eq!(olga.edit(id, &fields).await.status, 409, "{fields:?}");
            }
            assert_eq!(olga.get(&url(address::EDIT, id)).await.status, 303, "a spent key has details instead");
            assert_eq!(olga.get(&url(address::KEY, id)).await.fact("Trusted domains").as_deref(), Some("a.example"));
        }
        assert_eq!(world.key_rows(), before);
    }
);

both_engines!(
    async fn whoever_may_not_rename_may_not_change_them(world) {
        let (id, _) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        assert_only_owners(&world, address::EDIT, &id, &[("name", "HR sync"), ("address", "192.0.2.1")]).await;
    }
);

both_engines!(
    soul_machines => async fn a_member_changes_those_of_their_own_keys_alone(world) {
        world.let_members_manage_keys("Northwind Rota", true);
        let hers = widget(&mut world.sign_in("olga").await, &[]).await;
        let mut mia = world.sign_in("mia").await;
        let own = widget(&mut mia, &[]).await;
        let fields = [("name", "Widget"), ("domain", "mia.example"), ("address", "192.0.2.1")];
        assert_eq!(mia.edit(&own, &fields).await.status, 303);
        assert_eq!(bounds(&world, &own), ("mia.example".into(), "192.0.2.1".into()));
        let before = world.key_rows();
        assert_eq!((mia.edit(&hers, &fields).await.status, mia.get(&url(address::EDIT, &hers)).await.status), (404, 404));
        world.let_members_manage_keys("Northwind Rota", false);
        assert_eq!(mia.edit(&own, &[("name", "Widget"), ("domain", "")]).await.status, 403);
        assert_eq!(world.key_rows(), before);
    }
);
