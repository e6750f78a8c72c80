//! Creating a key.

use keyrack::clock::Moment;
use keyrack::keys::address;
use keyrack::people::session;

use crate::both_engines;
use crate::world::form::{Answer, Form};
use crate::world::keys::at;
use crate::world::{NOON, Person, World, logs};

/// A form that would make a key.
async fn good_form(person: &mut Person) -> Form {
    person.create_form().await.with("name", "HR sync").with("permission", "shifts:read")
}

/// Nothing was made, and nothing was said to be made.
fn assert_nothing_made(world: &World, answer: &Answer) {
    assert!(answer.texts("[data-secret]").is_empty());
    assert_eq!((world.key_rows(), world.audit(), world.creations()), (vec![], vec![], vec![]), "{}", answer.body);
}

both_engines!(
    async fn a_key_is_made_and_its_secret_shown_once(world) {
        let mut olga = world.sign_in("olga").await;
        let form = good_form(&mut olga).await;
        let answer = olga.submit(&form).await;
        let secret = answer.secret();
        assert_eq!((answer.header("cache-control"), answer.location()), ("no-store", ""));
        assert_eq!(answer.texts("h1"), ["Save your API key"]);
        assert!(secret.starts_with("sk_live_") && secret.len() == 40);
        assert_eq!(answer.body.matches(secret.as_str()).count(), 1);

        let cookies = olga.cookies.values().any(|value| value.contains(&secret));
        assert!(!cookies && !format!("{:?}", answer.headers).contains(&secret));
        let id = world.key_rows()[0].id.clone();
        let again = olga.submit(&form).await;
        let mut later = vec![again];
        for path in ["", "/keys/new", &format!("/keys/{id}"), &format!("/keys/{id}/edit"), "?q=HR"] {
            later.push(olga.get(&format!("{}{path}", address::LIST)).await);
        }
        for page in &later {
            assert!(!page.body.contains(&secret[11..35]), "a later page shows the secret");
        }
        assert!(later[1].names().contains(&"HR sync".to_owned()), "{}", later[1].text());
        assert_eq!(olga.get(address::LIST_OF_KEYS).await.status, 405);
        world.assert_not_stored(&secret);
        assert!(!logs::text().contains(&secret[11..35]), "a part of the secret is logged");
    }
);

both_engines!(
    async fn what_was_chosen_is_stored_in_one_canonical_form(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.create_form().await.with("name", "  Cafe\u{301} É ").with("expiration", "7d");
        let chosen = ["users:read", "shifts:write", "assignments:read", "shifts:read"];
        let form = chosen.into_iter().fold(form, |form, permission| form.and("permission", permission));
        let secret = olga.submit(&form.with("fields.shifts", "all")).await.secret();

        let rows = world.key_rows();
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((row.name.as_str(), row.name_folded.as_str()), ("Café É", "café é"));
        assert_eq!(row.permissions, "assignments:read shifts:read shifts:write users:read");
        assert_eq!((row.kind.as_str(), row.fields.as_str()), ("secret", ""));
        assert_eq!(row.preview, format!("{}…{}", &secret[..11], &secret[36..]));
        assert_eq!((row.created_at, row.expires_at, row.revoked_at), (NOON, Some(NOON + 7 * 86_400), None));
        assert_eq!((&row.team_id, &row.created_by), (&world.team_id("olga"), &world.person_id("olga")));
        assert_eq!(row.revoked_by, None);
        assert_eq!(world.creations(), std::slice::from_ref(&row.id));
    }
);

both_engines!(
    async fn the_audit_log_says_who_made_it_from_where(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["users:read"]).await;
        let audit = world.audit();
        assert_eq!(audit.len(), 1);
        let line = &audit[0];
        assert_eq!((line.at, line.action.as_str(), line.subject.as_str()), (NOON, "key_created", id.as_str()));
        assert_eq!((line.person_id.as_ref(), line.team_id.as_ref()), (Some(&world.person_id("olga")), Some(&world.team_id("olga"))));
        assert_eq!((line.address.as_deref(), line.detail.as_str(), line.result.as_str()), (Some("127.0.0.1"), "HR sync", "done"));
    }
);

both_engines!(
    async fn every_choice_of_expiration_ends_when_it_says(world) {
        let mut olga = world.sign_in("olga").await;
        let choices = [
            ("never", None),
            ("7d", Some("2026-11-28T12:00:00Z")),
            ("30d", Some("2026-12-21T12:00:00Z")),
            ("3m", Some("2027-02-21T12:00:00Z")),
            ("1y", Some("2027-11-21T12:00:00Z")),
        ];
        for (choice, ends) in choices {
            let (id, _) = olga.create_key_for(choice, choice, &["shifts:read"]).await;
            assert_eq!(world.key_row(&id).unwrap().expires_at, ends.map(at), "{choice}");
        }
        assert_eq!(olga.create_form().await.value("expiration"), "3m", "three months are preselected");
    }
);

both_engines!(
    async fn a_day_of_ones_choice_ends_with_its_last_second_in_the_zone_that_was_sent(world) {
        let mut olga = world.sign_in("olga").await;
        let days = [
            ("2026-12-31", None, "2026-12-31T23:59:59Z"),
            ("2026-12-31", Some(""), "2026-12-31T23:59:59Z"),
            ("2026-12-31", Some("Europe/Amsterdam"), "2026-12-31T22:59:59Z"),
            ("2027-07-01", Some("Europe/Amsterdam"), "2027-07-01T21:59:59Z"),
            ("2026-12-31", Some("America/New_York"), "2027-01-01T04:59:59Z"),
            ("2026-11-21", None, "2026-11-21T23:59:59Z"), // today
            ("2026-11-22", Some("Pacific/Kiritimati"), "2026-11-22T09:59:59Z"), // today there
            ("9998-12-31", None, "9998-12-31T23:59:59Z"),
        ];
        for (day, zone, ends) in days {
            let form = good_form(&mut olga).await.with("expiration", "custom").with("expires_on", day);
            let form = zone.map_or(form.clone(), |zone| form.with("time_zone", zone));
            olga.submit(&form).await.secret();
            let newest = world.key_rows().pop().unwrap();
            assert_eq!(newest.expires_at, Some(at(ends)), "{day} {zone:?}");
        }
    }
);

both_engines!(
    async fn htmx_gets_the_reveal_and_what_changed_on_the_list(world) {
        let olga = world.sign_in("olga").await;
        let dialog = olga.by_htmx().get("/settings/developers/keys/new?q=nightly&status=active").await;
        assert!(dialog.body.starts_with("<dialog"), "{}", dialog.body);
        let form = dialog.form(address::LIST_OF_KEYS);
        assert_eq!(form.action, "/settings/developers/keys?q=nightly&status=active");
        let form = form.with("name", "Nightly <b>export</b>").with("permission", "shifts:read");
        let answer = olga.by_htmx().submit(&form).await;
        answer.secret();
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.body.contains("<!doctype"));
        assert_eq!(answer.texts("#reveal-dialog h2"), ["Save your API key"]);
        let targets = answer.attributes("hx-partial", "hx-target");
        assert_eq!(targets, ["#dialogs", "#rows", "#tabs", "#empty", "#count", "#revocation", "#notice"]);
        assert_eq!(answer.tabs(), ["All 1", "Active 1", "Expired 0", "Revoked 0"]);
        assert_eq!(answer.texts("[hx-target='#count']"), ["1 active key matches “nightly”"]);
        assert_eq!(answer.texts("[hx-target='#notice']"), ["“Nightly <b>export</b>” created."]);
        assert!(answer.body.contains("Nightly &#60;b&#62;") && !answer.body.contains("<b>export"));
    }
);

/// What a bad form shows: the error beside its field, and what was typed.
struct Bad {
    change: &'static [(&'static str, &'static str)],
    beside: &'static str,
    says: &'static str,
}

const BAD: &[Bad] = &[
    Bad { change: &[("name", "")], beside: "#key-name-error", says: "Enter a name." },
    Bad { change: &[("name", " \t ")], beside: "#key-name-error", says: "Enter a name." },
    Bad { change: &[("name", "\u{200b}\u{200b}")], beside: "#key-name-error", says: "Enter a name that can be seen." },
    Bad {
        change: &[("name", "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé")],
        beside: "#key-name-error",
        says: "Use at most 60 characters; these are 61.",
    },
    Bad {
        change: &[("name", "a\u{7}b")],
        beside: "#key-name-error",
        says: "Leave out line breaks and control characters.",
    },
    Bad {
        change: &[("name", "a\u{202e}b")],
        beside: "#key-name-error",
        says: "Leave out characters that change the direction of the text.",
    },
    Bad { change: &[("permission", "-")], beside: "#permissions-error", says: "" },
    Bad { change: &[("permission", "shifts:delete")], beside: "#permissions-error", says: "" },
    Bad { change: &[("permission", "planets:read")], beside: "#permissions-error", says: "" },
    Bad { change: &[("permission", "users:write")], beside: "#permissions-error", says: "" },
    Bad { change: &[("fields.shifts", "perhaps")], beside: "#permissions-error", says: "" },
    Bad { change: &[("fields.planets", "all")], beside: "#permissions-error", says: "" },
    Bad { change: &[("field", "shifts:start")], beside: "#permissions-error", says: "" },
    Bad { change: &[("kind", "publishable")], beside: "#kind-error", says: "This kind of key is not offered." },
    Bad { change: &[("expiration", "forever")], beside: "#expiration-error", says: "Choose when the key expires." },
    Bad {
        change: &[("expiration", "custom")],
        beside: "#expiration-error",
        says: "Choose the last day on which the key works.",
    },
    Bad {
        change: &[("expiration", "custom"), ("expires_on", "2026-11-20")],
        beside: "#expiration-error",
        says: "Choose today or a later day.",
    },
    Bad {
        change: &[("expiration", "custom"), ("expires_on", "2026-11-21"), ("time_zone", "Pacific/Kiritimati")],
        beside: "#expiration-error",
        says: "Choose today or a later day.",
    },
    Bad {
        change: &[("expiration", "custom"), ("expires_on", "9999-01-01")],
        beside: "#expiration-error",
        says: "Choose a day before the year 9999.",
    },
    Bad {
        change: &[("expiration", "custom"), ("expires_on", "2027-2-1")],
        beside: "#expiration-error",
        says: "Enter a date as YYYY-MM-DD.",
    },
    Bad {
        change: &[("expiration", "custom"), ("expires_on", "+2027-02-01")],
        beside: "#expiration-error",
        says: "Enter a date as YYYY-MM-DD.",
    },
    Bad {
        change: &[("expiration", "custom"), ("expires_on", "2027-02-30")],
        beside: "#expiration-error",
        says: "Enter a date as YYYY-MM-DD.",
    },
    Bad {
        change: &[("expiration", "custom"), ("expires_on", "tomorrow")],
        beside: "#expiration-error",
        says: "Enter a date as YYYY-MM-DD.",
    },
    Bad {
        change: &[("expiration", "custom"), ("expires_on", "2027-02-01"), ("time_zone", "Mars/Olympus")],
        beside: "#expiration-error",
        says: "Your time zone is not known here.",
    },
];

both_engines!(
    async fn a_bad_field_is_told_beside_it_and_what_was_typed_is_kept(world) {
        let mut olga = world.sign_in("olga").await;
        for Bad { change, beside, says } in BAD {
            let mut form = good_form(&mut olga).await.and("permission", "users:read").with("expiration", "1y");
            for (name, value) in *change {
                form = if *value == "-" { form.without(name) } else { form.with(name, value) };
            }
            let answer = olga.submit(&form).await;
            assert_eq!(answer.status, 422, "{change:?}: {}", answer.text());
            assert_nothing_made(&world, &answer);
            let told = answer.texts(beside);
            assert!(told.len() == 1 && !told[0].is_empty(), "{change:?}: nothing is told at {beside}");
            assert!(says.is_empty() || told == [*says], "{change:?}: {told:?}");
            assert_eq!(answer.texts(".error").len(), 1, "{change:?}: one mistake, one sentence");
            let again = answer.form(address::LIST_OF_KEYS);
            for name in ["name", "nonce", "expires_on"] {
                assert_eq!(again.value(name), form.value(name), "{change:?}: {name} is not kept");
            }
            let known = |form: &Form| {
                let offered = ["never", "7d", "30d", "3m", "1y", "custom", "shifts:read", "users:read"];
                let kept = form.fields.iter().filter(|(name, value)| {
                    ["permission", "expiration"].contains(&name.as_str()) && offered.contains(&value.as_str())
                });
                let mut kept: Vec<_> = kept.cloned().collect();
                kept.sort();
                kept
            };
            assert_eq!(known(&again), known(&form), "{change:?}: choices are not kept");
            assert_eq!(answer.attributes("#key-name", "aria-invalid").len(), usize::from(*beside == "#key-name-error"));
        }
    }
);

both_engines!(
    async fn all_that_is_wrong_is_told_at_once_and_the_corrected_form_works(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.create_form().await.with("expiration", "custom").with("expires_on", "1999-12-31");
        let answer = olga.by_htmx().submit(&form).await;
        assert_eq!(answer.status, 422);
        assert!(answer.body.starts_with("<div class=\"sheet\""), "htmx gets the sheet: {}", answer.body);
        assert_eq!(answer.texts(".error").len(), 3);
        assert_nothing_made(&world, &answer);
        let again = answer.form(address::LIST_OF_KEYS).with("name", "HR").with("permission", "shifts:read");
        olga.submit(&again.with("expiration", "never")).await.secret();
        assert_eq!(world.key_rows().len(), 1);
    }
);

both_engines!(
    async fn a_form_that_is_not_ours_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let good = good_form(&mut olga).await;
        let malformed = [
            ("an unknown field", good.and("colour", "red")),
            ("no name", good.without("name")),
            ("no expiration", good.without("expiration")),
            ("no nonce", good.without("nonce")),
            ("two names", good.and("name", "Two")),
            ("two expirations", good.and("expiration", "1y")),
            ("two nonces", good.and("nonce", &session::draw())),
            ("two choices of fields", good.and("fields.shifts", "all").and("fields.shifts", "all")),
            ("a short nonce", good.with("nonce", "abc")),
            ("an empty nonce", good.with("nonce", "")),
            ("a NUL in a value", good.with("name", "a\0b")),
            ("a NUL in a name", good.and("na\0me", "a")),
            ("no team", good.without("team")),
            ("two teams", good.and("team", good.value("team"))),
        ];
        for (what, form) in malformed {
            let answer = olga.submit(&form).await;
            assert_eq!(answer.status, 400, "{what}: {}", answer.text());
            assert_nothing_made(&world, &answer);
        }
        for body in ["", "token", "%ff=%fe", "=", "&&&", "{\"name\": \"x\"}"] {
            let answer = olga.post_body(address::LIST_OF_KEYS, body.to_owned()).await;
            assert!([400, 403].contains(&answer.status), "{body}: {}", answer.status);
            assert_nothing_made(&world, &answer);
        }
    }
);

both_engines!(
    async fn another_content_type_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let body = serde_html_form::to_string(&good_form(&mut olga).await.fields).unwrap();
        let cookie = olga.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x", ""] {
            let request = reqwest::Client::new().post(format!("{}{}", world.url, address::LIST_OF_KEYS));
            let request = request.header("Cookie", &cookie).header("Sec-Fetch-Site", "same-origin");
            let answer = request.header("Content-Type", kind).body(body.clone()).send().await.unwrap();
            assert_eq!(answer.status(), 400, "{kind}");
        }
        assert!(world.key_rows().is_empty());
    }
);

both_engines!(
    async fn a_body_over_16_kib_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let form = good_form(&mut olga).await;
        let length = |form: &Form| serde_html_form::to_string(&form.fields).unwrap().len();
        let room = 16 * 1024 - length(&form.with("name", ""));
        let fits = olga.submit(&form.with("name", &"a".repeat(room))).await;
        assert_eq!(fits.status, 422, "exactly 16 KiB are read");
        let too_long = olga.submit(&form.with("name", &"a".repeat(room + 1))).await;
        assert_eq!(too_long.status, 413, "{}", too_long.body);
        assert_nothing_made(&world, &too_long);
    }
);

both_engines!(
    async fn a_wrong_or_missing_token_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let form = good_form(&mut olga).await;
        let others = world.sign_in("olga").await.create_form().await;
        let mut bent = form.value("token").to_owned();
        let last = if bent.ends_with('A') { "B" } else { "A" };
        bent.replace_range(40..41, if &bent[40..41] == "A" { "B" } else { "A" });
        let bad = [
            form.without("token"),
            form.with("token", ""),
            form.with("token", &bent),
            form.with("token", &format!("{}{last}", form.value("token"))),
            form.with("token", others.value("token")),
            form.and("token", form.value("token")),
        ];
        for form in bad {
            let answer = olga.submit(&form).await;
            assert_eq!(answer.status, 403, "{}", answer.body);
            assert_nothing_made(&world, &answer);
        }
        olga.submit(&form).await.secret();
    }
);

both_engines!(
    async fn a_form_from_another_site_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let form = good_form(&mut olga).await;
        for site in ["cross-site", "same-site", "none", ""] {
            let mut elsewhere = olga.clone();
            elsewhere.headers.push(("Sec-Fetch-Site", site.into()));
            let answer = elsewhere.submit(&form).await;
            assert_eq!(answer.status, 403, "{site}");
            assert_nothing_made(&world, &answer);
        }
        let body = serde_html_form::to_string(&form.fields).unwrap();
        let cookie = olga.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let origins = [None, Some("null"), Some("http://evil.example"), Some(&world.url[..world.url.len() - 1])];
        for origin in origins {
            let request = reqwest::Client::new().post(format!("{}{}", world.url, address::LIST_OF_KEYS));
            let request = request.header("Cookie", &cookie).header("Content-Type", "application/x-www-form-urlencoded");
            let request = origin.map_or(request.try_clone().unwrap(), |origin| request.header("Origin", origin));
            assert_eq!(request.body(body.clone()).send().await.unwrap().status(), 403, "{origin:?}");
        }
        assert!(world.key_rows().is_empty());
    }
);

both_engines!(
    async fn whoever_may_not_make_keys_makes_none(world) {
        for (who, says) in [("adam", "Only owners can manage keys."), ("vera", "Only owners can manage keys."), ("mia", "Olga Berg")] {
            let mut person = world.sign_in(who).await;
            let form = person.bare_form(address::LIST_OF_KEYS).await;
            let form = form.with("name", "Mine").with("permission", "shifts:read").with("expiration", "never");
            let posted = person.submit(&form.with("nonce", &session::draw())).await;
            let asked = person.get(address::NEW).await;
            for answer in [&posted, &asked] {
                assert_eq!(answer.status, 403, "{who}");
                assert!(answer.text().contains(says), "{who}: {}", answer.text());
                assert_nothing_made(&world, answer);
            }
        }
    }
);

both_engines!(
    async fn a_form_of_another_team_does_nothing(world) {
        let mut olga = world.sign_in("olga").await;
        let form = good_form(&mut olga).await;
        for team in [world.team_id("sam"), "team_none".into()] {
            let answer = olga.submit(&form.with("team", &team)).await;
            assert_eq!(answer.status, 409);
            assert!(answer.text().contains("another team"), "{}", answer.text());
            assert_nothing_made(&world, &answer);
        }
    }
);

both_engines!(
    async fn whoever_is_signed_out_is_asked_to_sign_in(world) {
        let mut nobody = world.visitor();
        let answer = nobody.post_body(address::LIST_OF_KEYS, "name=x".into()).await;
        assert_eq!((answer.status, answer.location()), (303, "/login?next=/settings/developers/keys/new"));
        let answer = nobody.get(address::NEW).await;
        assert_eq!((answer.status, answer.location()), (303, "/login?next=/settings/developers/keys/new"));
        let answer = nobody.by_htmx().post_body(address::LIST_OF_KEYS, "name=x".into()).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.attributes("a", "href"), ["/login"], "{}", answer.body);
        assert_nothing_made(&world, &answer);
    }
);

both_engines!(
    async fn a_form_sent_twice_makes_one_key_and_offers_to_make_it_again(world) {
        let mut olga = world.sign_in("olga").await;
        let form = good_form(&mut olga).await.and("permission", "users:read").with("expiration", "7d");
        let first = olga.submit(&form).await.secret();
        world.clock.advance(60);
        let again = olga.submit(&form.with("name", "Another name")).await;
        assert_eq!(again.status, 409, "{}", again.text());
        let preview = format!("{}…{}", &first[..11], &first[36..]);
        for part in ["HR sync", preview.as_str(), "shown once", "Revoke it and create it again"] {
            assert!(again.text().contains(part), "{part}: {}", again.text());
        }
        assert!(again.texts("[data-secret]").is_empty());
        assert_eq!(world.key_rows().len(), 1);

        let offer = again.form(address::LIST_OF_KEYS);
        assert_ne!(offer.value("nonce"), form.value("nonce"));
        let second = olga.submit(&offer.with("name", "HR sync")).await.secret();
        let rows = world.key_rows();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].revoked_at, rows[1].revoked_at), (Some(NOON + 60), None));
        assert_eq!((&rows[0].permissions, rows[1].expires_at), (&rows[1].permissions, Some(NOON + 60 + 7 * 86_400)));
        let actions: Vec<(String, String)> = world.audit().into_iter().map(|line| (line.action, line.subject)).collect();
        let told = [("key_created", 0), ("key_created", 1), ("key_revoked", 0)];
        assert_eq!(actions, told.map(|(action, n)| (action.to_owned(), rows[n].id.clone())));
        assert_eq!((olga.knock(&first).await, olga.knock(&second).await), (401, 200));

        let third = olga.submit(&offer).await;
        assert_eq!((third.status, world.key_rows().len()), (409, 2), "the offer, too, makes one key");
    }
);

both_engines!(
    async fn htmx_shows_the_replaced_key_as_revoked(world) {
        let mut olga = world.sign_in("olga").await;
        let form = good_form(&mut olga).await;
        olga.submit(&form).await.secret();
        let again = olga.by_htmx().submit(&form).await;
        assert_eq!((again.status, again.attributes("hx-partial", "hx-target")), (409, vec!["#create-sheet".to_owned()]));
        let replaced = olga.by_htmx().submit(&again.form(address::LIST_OF_KEYS)).await;
        replaced.secret();
        let old = &world.key_rows()[0];
        assert!(replaced.attributes("hx-partial", "hx-target").contains(&format!("#row-{}", old.id)));
        assert_eq!(replaced.tabs(), ["All 2", "Active 1", "Expired 0", "Revoked 1"]);
    }
);

both_engines!(
    async fn a_form_sent_again_after_its_key_was_deleted_makes_none(world) {
        let mut olga = world.sign_in("olga").await;
        let form = good_form(&mut olga).await;
        olga.submit(&form).await.secret();
        let id = keyrack::keys::key::KeyId::parse(&world.key_rows()[0].id).unwrap();
        olga.revoke(&id).await;
        let offer = olga.submit(&form).await.form(address::LIST_OF_KEYS);
        assert_eq!(olga.delete(&id).await.status, 303);
        let again = olga.submit(&form).await;
        assert_eq!(again.status, 409);
        assert!(again.text().contains("deleted since"), "{}", again.text());
        assert!(again.texts("[data-secret]").is_empty() && world.key_rows().is_empty());
        // Nothing is left to replace: the offer of the page before creates nothing either.
        let late = olga.submit(&offer).await;
        assert_eq!((late.status, world.key_rows().len()), (404, 0));
    }
);

both_engines!(
    async fn a_nonce_counts_within_its_team(world) {
        let (mut olga, mut sam) = (world.sign_in("olga").await, world.sign_in("sam").await);
        let form = good_form(&mut olga).await;
        olga.submit(&form).await.secret();
        let his = good_form(&mut sam).await.with("nonce", form.value("nonce"));
        sam.submit(&his).await.secret();
        assert_eq!(world.key_rows().len(), 2);
    }
);

both_engines!(
    async fn another_team_s_key_cannot_be_replaced(world) {
        let (mut olga, mut sam) = (world.sign_in("olga").await, world.sign_in("sam").await);
        let (hers, secret) = olga.create_key("Hers", &["shifts:read"]).await;
        let absent = keyrack::keys::key::KeyId::mint(Moment::from_unix(NOON).unwrap());
        for id in [hers.as_str(), absent.as_str(), "key_1", ""] {
            let form = good_form(&mut sam).await.with("replaces", id);
            assert_eq!(sam.submit(&form).await.status, 404, "{id:?}");
        }
        assert_eq!((world.key_rows().len(), world.audit().len(), olga.knock(&secret).await), (1, 1, 200));
    }
);

both_engines!(
    async fn fifty_equal_forms_at_once_make_one_key_and_show_it_once(world) {
        let mut olga = world.sign_in("olga").await;
        let form = good_form(&mut olga).await;
        let sent: Vec<_> = (0..50)
            .map(|_| {
                let (mut olga, form) = (olga.clone(), form.clone());
                tokio::spawn(async move { olga.submit(&form).await })
            })
            .collect();
        let (mut secrets, mut conflicts) = (Vec::new(), 0);
        for answer in sent {
            let answer = answer.await.unwrap();
            match answer.status {
                200 => secrets.push(answer.secret()),
                409 => {
                    assert!(answer.text().contains("HR sync") && answer.texts("[data-secret]").is_empty());
                    conflicts += 1;
                }
                other => panic!("{other}: {}", answer.text()),
            }
        }
        assert_eq!((secrets.len(), conflicts), (1, 49));
        assert_eq!((world.key_rows().len(), world.audit().len(), world.creations().len()), (1, 1, 1));
        assert_eq!(olga.knock(&secrets[0]).await, 200);
    }
);
