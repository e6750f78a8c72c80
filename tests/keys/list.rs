//! The list of keys: searched, sorted, held to a status, a page at a time.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use keyrack::keys::address;
use keyrack::keys::name::fold;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::both_engines;
use crate::world::form::Answer;
use crate::world::keys::{Planted, url};
use crate::world::{NOON, Person};

const DAY_S: i64 = 86_400;
const SORTS: [&str; 5] = ["name", "status", "key", "created", "expiration"];

/// The list with an end of its address.
async fn list(person: &mut Person, query: &str) -> Answer {
    let answer = person.get(&format!("{}{query}", address::LIST)).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// 137 keys with many ties: few names, few moments, few previews.
fn keys_with_ties() -> Vec<Planted> {
    let names = ["Sync", "sync", "Éclair", "zebra", "a_b", "Kiosk sync", "10%"];
    (0..137i64)
        .map(|n| {
            let mut key = Planted::new(names[(n * n % 7) as usize], NOON - DAY_S * (40 + n % 5));
            key.preview = format!("{}abc…00{:02}", "sk_live_", n % 11);
            key.expires_at =
                [None, Some(NOON + DAY_S), Some(NOON), Some(NOON - DAY_S), Some(NOON + 1)][(n % 5) as usize];
            key.revoked_at = (n % 3 == 0).then_some(NOON - DAY_S * 2);
            key
        })
        .collect()
}

fn status(key: &Planted) -> &'static str {
    match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= NOON => "expired",
        _ => "active",
    }
}

/// The ids in the order that the list should have, worked out here.
fn expected(keys: &[Planted], sort: &str, dir: &str, only: &str, search: &str) -> Vec<String> {
    let mut rows: Vec<&Planted> = keys
        .iter()
        .filter(|key| only.is_empty() || status(key) == only)
        .filter(|key| fold(&key.name).contains(&fold(search)))
        .collect();
    let ends = |key: &Planted| key.expires_at.unwrap_or(i64::MAX);
    rows.sort_by_key(|key| key.id.as_str().to_owned());
    match sort {
        "name" => rows.sort_by_key(|key| fold(&key.name)),
        "status" => rows.sort_by_key(|key| (status(key), ends(key))), // active, expired, revoked: the alphabet agrees
        "key" => rows.sort_by_key(|key| key.preview.clone()),
        "created" => rows.sort_by_key(|key| key.created_at),
        _ => rows.sort_by_key(|key| ends(key)),
    }
    if dir == "desc" {
        rows.reverse();
    }
    rows.into_iter().map(|key| key.id.as_str().to_owned()).collect()
}

/// All pages from the first to the last by `Next`, after checking that `Previous` leads back over the same ones.
pub async fn all_pages(person: &mut Person, query: &str) -> Vec<Vec<String>> {
    let mut page = list(person, query).await;
    let mut pages = vec![page.ids()];
    assert!(page.attributes("#page-previous", "href").is_empty(), "{query}: nothing lies before the first page");
    while let Some(next) = page.attributes("#page-next", "href").first() {
        page = person.get(next).await;
        pages.push(page.ids());
        assert!(pages.len() < 20, "{query}: the pages have no end");
    }
    for expected in pages.iter().rev().skip(1) {
        let back = page.attributes("#page-previous", "href");
        page = person.get(back.first().unwrap_or_else(|| panic!("{query}: no way back"))).await;
        assert_eq!(&page.ids(), expected, "{query}: another page backwards");
        assert_eq!(page.attributes("#page-next", "href").len(), 1);
    }
    assert!(page.attributes("#page-previous", "href").is_empty(), "{query}: something lies before the first page");
    pages
}

async fn assert_paged(olga: &mut Person, keys: &[Planted], sort: &str, dir: &str, only: &str, search: &str) {
    let query = format!("?q={}&sort={sort}&dir={dir}&status={only}", escaped(search));
    let pages = all_pages(olga, &query).await;
    let expected = expected(keys, sort, dir, only, search);
    assert!(pages.iter().rev().skip(1).all(|page| page.len() == 50), "{query}: a page is not full");
    assert_eq!(pages.concat(), expected, "{query}");
}

both_engines!(
    async fn the_newest_key_stands_on_top_with_all_that_is_known_of_it(world) {
        let mut olga = world.sign_in("olga").await;
        let (old, _) = olga.create_key("Old", &["users:read"]).await;
        world.clock.advance(60);
        let (id, secret) = olga.create_key_for("7d", "HR <i>sync</i>", &["shifts:read", "shifts:write"]).await;
        let page = list(&mut olga, "").await;
        assert_eq!(page.ids(), [id.as_str(), old.as_str()]);
        assert_eq!(page.header("cache-control"), "no-store");
        let row = format!("#row-{id}");
        assert_eq!(page.texts(&format!("{row} .key-name")), ["HR <i>sync</i>"]);
        assert_eq!(page.texts(&format!("{row} .key-status")), ["Active"]);
        assert_eq!(page.texts(&format!("{row} .key-preview")), [format!("{}…{}", &secret[..11], &secret[36..])]);
        assert_eq!(page.texts(&format!("{row} .key-permissions .short-text")), ["Shifts RW"]);
        assert_eq!(page.attributes(&format!("{row} .key-created time"), "datetime"), ["2026-11-21T12:01:00Z"]);
        assert_eq!(page.attributes(&format!("{row} .key-expiration time"), "datetime"), ["2026-11-28T12:01:00Z"]);
        assert_eq!(page.texts(&format!("#row-{old} .key-expiration")), ["Never expires"]);
        assert_eq!(page.texts(&format!("{row} .menu a")), ["Edit", "Revoke"]);
        assert_eq!(page.texts("#count"), ["2 keys"]);
    }
);

both_engines!(
    async fn a_search_finds_any_part_of_a_name_in_any_case(world) {
        let mut olga = world.sign_in("olga").await;
        let names = ["École", "éclair", "100% sure", "100 sure", "a_b", "axb", "back\\slash", "backslash", "ΣΟΦΟΣ", "σοφος", "Straße", "HR sync"];
        for name in names {
            olga.create_key(name, &["shifts:read"]).await;
        }
        let searches: [(&str, &[&str]); 18] = [
            ("é", &["École", "éclair"]),
            ("ÉC", &["École", "éclair"]),
            ("e\u{301}", &["École", "éclair"]),
            ("ec", &[]),
            ("%", &["100% sure"]),
            ("100% s", &["100% sure"]),
            ("_", &["a_b"]),
            ("A_B", &["a_b"]),
            ("\\", &["back\\slash"]),
            ("k\\s", &["back\\slash"]),
            ("σοφος", &["ΣΟΦΟΣ", "σοφος"]),
            ("ΣΟΦΟΣ", &["ΣΟΦΟΣ", "σοφος"]),
            ("φοσ", &["ΣΟΦΟΣ", "σοφος"]),
            ("ß", &["Straße"]),
            (" sync ", &["HR sync"]),
            ("R S", &["HR sync"]),
            ("'; --", &[]),
            ("*", &[]),
        ];
        for (typed, found) in searches {
            let page = list(&mut olga, &format!("?q={}", escaped(typed))).await;
            let names: BTreeSet<String> = page.names().into_iter().collect();
            assert_eq!(names, found.iter().map(|name| (*name).to_owned()).collect(), "{typed:?}");
            assert_eq!(page.attributes("#q", "value"), [typed]);
            assert_eq!(page.tabs()[0], format!("All {}", found.len()), "the tabs count what is found");
        }
        assert_eq!(list(&mut olga, "?q=+%20").await.names().len(), names.len(), "blanks search nothing");
    }
);

both_engines!(
    async fn tabs_hold_the_list_to_a_status_and_count_each(world) {
        let mut olga = world.sign_in("olga").await;
        let keys = keys_with_ties();
        world.plant(&keys);
        let count = |only: &str| keys.iter().filter(|key| status(key) == only).count();
        let page = list(&mut olga, "").await;
        let (active, expired, revoked) = (count("active"), count("expired"), count("revoked"));
        let tabs = [format!("All {}", keys.len()), format!("Active {active}"), format!("Expired {expired}"), format!("Revoked {revoked}")];
        assert_eq!(page.tabs(), tabs);
        assert_eq!(page.texts("#tabs [aria-current]"), [tabs[0].clone()]);
        for (n, only) in ["active", "expired", "revoked"].into_iter().enumerate() {
            let page = list(&mut olga, &format!("?status={only}")).await;
            assert_eq!(page.texts("#tabs [aria-current]"), [tabs[n + 1].clone()]);
            assert!(page.attributes("tr.key", "data-status").iter().all(|shown| shown == only));
            assert_eq!(page.texts("#count"), [format!("{} {only} keys", count(only))]);
        }
        world.clock.advance(1);
        let moved = keys.iter().filter(|key| status(key) == "active" && key.expires_at == Some(NOON + 1)).count();
        let page = list(&mut olga, "").await;
        assert_eq!(page.tabs()[1..3], [format!("Active {}", active - moved), format!("Expired {}", expired + moved)]);
    }
);

both_engines!(
    async fn every_sort_pages_through_all_keys_both_ways_without_loss_or_repetition(world) {
        let mut olga = world.sign_in("olga").await;
        let keys = keys_with_ties();
        world.plant(&keys);
        for sort in SORTS {
            for dir in ["asc", "desc"] {
                assert_paged(&mut olga, &keys, sort, dir, "", "").await;
            }
        }
    }
);

both_engines!(
    async fn so_does_every_sort_of_one_status(world) {
        let mut olga = world.sign_in("olga").await;
        // Three times as many, so that each status has more than a page.
        let keys: Vec<Planted> = (0..3).flat_map(|_| keys_with_ties()).collect();
        world.plant(&keys);
        for sort in SORTS {
            for (dir, only) in [("asc", "active"), ("desc", "active"), ("desc", "expired"), ("asc", "revoked")] {
                assert_paged(&mut olga, &keys, sort, dir, only, "").await;
            }
        }
    }
);

both_engines!(
    async fn so_does_every_sort_of_what_a_search_finds(world) {
        let mut olga = world.sign_in("olga").await;
        let keys: Vec<Planted> = (0..2).flat_map(|_| keys_with_ties()).collect();
        world.plant(&keys);
        for sort in SORTS {
            assert_paged(&mut olga, &keys, sort, "asc", "", "SYNC").await;
            assert_paged(&mut olga, &keys, sort, "desc", "", "sync").await;
            assert_paged(&mut olga, &keys, sort, "desc", "active", "é").await;
        }
    }
);

both_engines!(
    async fn a_tab_with_more_keys_than_are_counted_pages_as_well(world) {
        let mut olga = world.sign_in("olga").await;
        world.plant_many(10_050, NOON - DAY_S);
        let mut revoked = Planted::new("Bulk 00003 revoked", NOON);
        revoked.revoked_at = Some(NOON);
        world.plant(&[revoked]);
        let page = list(&mut olga, "?status=active&sort=name&dir=desc").await;
        assert_eq!(page.tabs(), ["All 10,000+", "Active 10,000+", "Expired 0", "Revoked 1"]);
        assert_eq!(page.texts("#count"), ["10,000+ active keys"]);
        for (sort, dir) in [("name", "asc"), ("name", "desc"), ("key", "asc"), ("created", "desc"), ("status", "asc"), ("expiration", "desc")] {
            let mut numbers: Vec<u32> = (1..=10_050).collect();
            match (sort, dir) {
                ("key", _) => numbers.sort_by_key(|n| (n % 10_000, *n)),
                (_, "desc") => numbers.sort_by_key(|n| Reverse(*n)),
                _ => {}
            }
            let names: Vec<String> = numbers.iter().map(|n| format!("Bulk {n:05}")).collect();
            let first = list(&mut olga, &format!("?status=active&sort={sort}&dir={dir}")).await;
            assert_eq!(first.names(), names[..50], "{sort} {dir}");
            let second = olga.get(&first.attributes("#page-next", "href")[0]).await;
            assert_eq!(second.names(), names[50..100], "{sort} {dir}");
            let third = olga.get(&second.attributes("#page-next", "href")[0]).await;
            assert_eq!(third.names(), names[100..150], "{sort} {dir}");
            let back = olga.get(&third.attributes("#page-previous", "href")[0]).await;
            assert_eq!(back.names(), names[50..100], "{sort} {dir} backwards");
        }
    }
);

both_engines!(
    async fn pages_stay_whole_when_their_marks_are_renamed_revoked_or_deleted(world) {
        let mut olga = world.sign_in("olga").await;
        let keys: Vec<Planted> = (0..120).map(|n| Planted::new(&format!("Key {n:03}"), NOON - 1_000 + n)).collect();
        world.plant(&keys);
        let first = list(&mut olga, "?sort=name").await;
        let next = first.attributes("#page-next", "href")[0].clone();
        olga.revoke(&keys[49].id).await;
        assert_eq!(olga.delete(&keys[49].id).await.status, 303);
        let second = olga.get(&next).await;
        assert_eq!(second.names(), (50..100).map(|n| format!("Key {n:03}")).collect::<Vec<_>>());
    }
);

both_engines!(
    async fn a_link_to_rows_that_are_gone_leads_to_the_first_page(world) {
        let keys: Vec<Planted> = (0..51).map(|n| Planted::new(&format!("Key {n:02}"), NOON - n)).collect();
        world.plant(&keys);
        let mut olga = world.sign_in("olga").await;
        let next = list(&mut olga, "").await.attributes("#page-next", "href").remove(0);
        assert_eq!(olga.get(&next).await.names(), ["Key 50"]);
        olga.revoke(&keys[50].id).await;
        assert_eq!(olga.delete(&keys[50].id).await.status, 303);
        let page = olga.get(&next).await;
        assert_eq!(page.names(), (0..50).map(|n| format!("Key {n:02}")).collect::<Vec<_>>());
        assert_eq!(page.attributes("#page-previous", "href").len(), 0);
    }
);

both_engines!(
    async fn headings_sort_and_say_so(world) {
        let mut olga = world.sign_in("olga").await;
        let page = list(&mut olga, "").await;
        assert_eq!(page.texts("thead th"), ["Name", "Status", "Key", "Permissions", "Created", "Expiration", "Actions"]);
        assert_eq!(page.attributes("th.key-created", "aria-sort"), ["descending"]);
        assert_eq!(page.attributes("thead th", "aria-sort").len(), 1);
        assert!(page.texts("th.key-permissions a").is_empty());
        for sort in SORTS {
            let heading = format!("#sort-{sort}");
            let once = olga.get(&page.attributes(&heading, "href")[0]).await;
            let twice = olga.get(&once.attributes(&heading, "href")[0]).await;
            let column = format!("th.key-{sort}");
            let mut said = [once.attributes(&column, "aria-sort"), twice.attributes(&column, "aria-sort")].concat();
            said.sort();
            assert_eq!(said, ["ascending", "descending"], "{sort}");
        }
    }
);

both_engines!(
    async fn everything_in_the_address_is_kept_by_every_link(world) {
        let mut olga = world.sign_in("olga").await;
        let keys: Vec<Planted> = (0..120).map(|n| Planted::new(&format!("HR & sync {n}"), NOON - n)).collect();
        world.plant(&keys);
        let first = list(&mut olga, "?q=HR%20%26&sort=key&dir=desc&status=active").await;
        let page = olga.get(&first.attributes("#page-next", "href")[0]).await;
        let kept = "?q=HR%20%26&sort=key&dir=desc&status=active";
        let id = &page.ids()[0];
        let here = |path: &str| format!("/settings/developers{path}{kept}");
        assert_eq!(page.attributes("#new-key", "href"), [here("/keys/new")]);
        let menu = ["/edit", "/revocation"].map(|part| here(&format!("/keys/{id}{part}")));
        assert_eq!(page.attributes(&format!("#row-{id} .menu a"), "href"), menu);
        assert_eq!(page.attributes(&format!("#name-{id}"), "href"), [menu[0].clone()]);
        let paging = [page.attributes("#page-next", "href"), page.attributes("#page-previous", "href")].concat();
        assert!(paging.len() == 2 && paging.iter().all(|url| url.starts_with(&format!("{}&cursor=", here("")))), "{paging:?}");
        assert_eq!(page.attributes("#tab-all", "href"), ["/settings/developers?q=HR%20%26&sort=key&dir=desc"]);
        assert_eq!(page.attributes("#tab-revoked", "href"), ["/settings/developers?q=HR%20%26&sort=key&dir=desc&status=revoked"]);
        assert_eq!(page.attributes("#sort-key", "href"), ["/settings/developers?q=HR%20%26&sort=key&status=active"]);
        assert_eq!(page.attributes("#sort-name", "href"), ["/settings/developers?q=HR%20%26&sort=name&status=active"]);
        // The search form sends the rest along.
        let hidden = [page.attributes("[form=search]", "name"), page.attributes("[form=search]", "value")];
        assert_eq!(hidden, [["sort", "dir", "status"], ["key", "desc", "active"]]);
        assert_eq!(page.attributes("#q", "value"), ["HR &"]);
        // The dialogs lead back to it.
        let edit = olga.get(&menu[0]).await;
        assert_eq!(edit.form(&menu[0]).action, menu[0]);
        assert!(edit.attributes(".acts a", "href").contains(&here("")));
    }
);

both_engines!(
    async fn htmx_gets_the_list_alone_and_the_whole_page_when_it_restores_history(world) {
        let mut olga = world.sign_in("olga").await;
        olga.create_key("HR sync", &["shifts:read"]).await;
        let part = olga.by_htmx().get("/settings/developers?q=hr").await;
        assert!(part.body.trim_start().starts_with("<div class=\"list\" id=\"list\""), "{}", part.body);
        assert_eq!((part.names(), part.header("cache-control")), (vec!["HR sync".to_owned()], "no-store"));
        assert!(part.attributes("h1, #search, header", "id").is_empty());
        let mut restoring = olga.by_htmx();
        restoring.headers.push(("HX-History-Restore-Request", "true".into()));
        let whole = restoring.get("/settings/developers?q=hr").await;
        assert!(whole.body.starts_with("<!doctype html>") && whole.texts("h1") == ["Developers"], "{}", whole.body);
    }
);

both_engines!(
    async fn the_address_of_other_products_leads_here_for_good(world) {
        let mut olga = world.sign_in("olga").await;
        let answer = olga.get("/settings/api").await;
        assert_eq!((answer.status, answer.location()), (308, "/settings/developers"));
        assert_eq!(world.visitor().get("/settings/api").await.status, 303);
    }
);

both_engines!(
    async fn a_team_without_keys_reads_what_they_are_for(world) {
        let mut olga = world.sign_in("olga").await;
        let page = list(&mut olga, "").await;
        assert_eq!(page.texts("#empty h2"), ["No API keys yet"]);
        assert_eq!(page.texts("#empty a"), ["Create the first key", "How a key is used"]);
        assert_eq!((page.tabs()[0].as_str(), page.texts("#read-only").len()), ("All 0", 0));
        for who in ["adam", "vera"] {
            let mut person = world.sign_in(who).await;
            let page = list(&mut person, "").await;
            assert_eq!(page.texts("#empty h2"), ["No API keys yet"]);
            assert_eq!(page.texts("#empty a"), ["How a key is used"]);
            assert_eq!(page.texts("#read-only"), ["Only owners can manage keys."]);
        }
    }
);

both_engines!(
    async fn a_search_without_result_says_what_is_hidden_and_leads_back(world) {
        let mut olga = world.sign_in("olga").await;
        let mut spent: Vec<Planted> = (0..3).map(|n| Planted::new(&format!("Old sync {n}"), NOON - n)).collect();
        spent[0].revoked_at = Some(NOON);
        spent[1].revoked_at = Some(NOON);
        spent[2].expires_at = Some(NOON);
        world.plant(&spent);
        let nothing = list(&mut olga, "?q=%3Cb%3Ezzz").await;
        assert_eq!(nothing.texts("#empty h2"), ["No key matches “<b>zzz”"]);
        assert_eq!(nothing.texts("#empty a"), ["Clear the search"]);
        let hidden = list(&mut olga, "?q=sync&status=active&sort=name").await;
        assert_eq!(hidden.texts("#empty h2"), ["No active key matches “sync”"]);
        assert_eq!(hidden.texts("#empty a"), ["3 inactive keys hidden", "Clear the search"]);
        let ways = hidden.attributes("#empty a", "href");
        assert_eq!(ways, ["/settings/developers?q=sync&sort=name", "/settings/developers?sort=name&status=active"]);
        assert_eq!(olga.get(&ways[0]).await.ids().len(), 3);
        let other = list(&mut olga, "?q=sync&status=revoked").await;
        assert!(other.texts("#empty h2").is_empty() && other.ids().len() == 2);
        assert_eq!(list(&mut olga, "?status=active").await.texts("#empty a"), ["3 inactive keys hidden", "Show all keys"]);
    }
);

both_engines!(
    async fn an_address_that_asks_for_no_list_is_refused_with_a_way_back(world) {
        let mut olga = world.sign_in("olga").await;
        let keys: Vec<Planted> = (0..60).map(|n| Planted::new("Key", NOON - n)).collect();
        world.plant(&keys);
        let next = list(&mut olga, "?sort=name").await.attributes("#page-next", "href")[0].clone();
        let cursor = next.split_once("cursor=").unwrap().1;
        let long = format!("?q={}", "a".repeat(201));
        let (turned, bent) = (format!("?sort=name&dir=desc&cursor={cursor}"), format!("?sort=name&cursor={cursor}A"));
        let other_sort = format!("?sort=key&cursor={cursor}");
        let bad = [
            "?sort=permissions", "?sort=Name", "?sort=name'", "?dir=up", "?status=deleted", "?status=active,revoked", "?cursor=x",
            "?cursor=!!!!", &turned, &other_sort, &bent, "?q=a%00b", "?q=%00", "?q=a%0ab", &long, "?sort=na%00me", "?status=%00",
            "?cursor=%00", "?q=a&q=b", "?sort=name&sort=name", "?dir=asc&dir=asc", "?status=active&status=revoked",
        ];
        for query in bad {
            for path in [address::LIST, address::NEW, &url(address::EDIT, &keys[0].id), &url(address::REVOCATION, &keys[0].id)] {
                let answer = olga.get(&format!("{path}{query}")).await;
                assert_eq!(answer.status, 400, "{path}{query}: {}", answer.text());
                assert!(answer.attributes("main a, .acts a", "href").contains(&"/".to_owned()), "no way back: {}", answer.body);
            }
            let dialog = olga.by_htmx().get(&format!("{}{query}", address::LIST)).await;
            assert!(dialog.status == 400 && dialog.body.starts_with("<dialog"), "{query}: {}", dialog.body);
        }
        for odd in ["?q=%ff%fe", "?q", "?&&", "?=", "?q=%"] {
            let answer = olga.get(&format!("{}{odd}", address::LIST)).await;
            assert!([200, 400].contains(&answer.status), "{odd}: {}", answer.status);
        }
    }
);

both_engines!(
    async fn unknown_parameters_and_empty_ones_are_ignored(world) {
        let mut olga = world.sign_in("olga").await;
        olga.create_key("HR sync", &["shifts:read"]).await;
        for query in ["?utm_source=x&colour=red&colour=blue", "?q=&sort=&dir=&status=&cursor=", "?Q=zzz"] {
            let page = list(&mut olga, query).await;
            assert_eq!(page.names(), ["HR sync"], "{query}");
            assert!(!page.body.contains("colour"), "{query}");
        }
    }
);

both_engines!(
    async fn admins_and_viewers_see_every_key_and_no_way_to_change_one(world) {
        let mut olga = world.sign_in("olga").await;
        let (live, _) = olga.create_key("Live", &["shifts:read"]).await;
        let (spent, _) = olga.create_key("Spent", &["shifts:read"]).await;
        olga.revoke(&spent).await;
        for who in ["adam", "vera"] {
            let mut person = world.sign_in(who).await;
            let page = list(&mut person, "").await;
            assert_eq!(page.names(), ["Spent", "Live"]);
            assert_eq!(page.texts("#read-only"), ["Only owners can manage keys."]);
            assert_eq!(page.texts(".menu a"), ["View details", "View details"]);
            assert_eq!(page.attributes(&format!("#name-{live}"), "href"), [url(address::KEY, &live)]);
            for part in ["/new", "/edit", "/revocation", "/deletion", "+ API key"] {
                assert!(!page.body.contains(part), "{who} sees {part}");
            }
        }
    }
);

both_engines!(
    async fn a_member_reads_who_can_help(world) {
        let mut olga = world.sign_in("olga").await;
        olga.create_key("Hidden from Mia", &["shifts:read"]).await;
        let mut mia = world.sign_in("mia").await;
        let page = mia.get(address::LIST).await;
        assert_eq!((page.status, page.texts("main .people li")), (403, vec!["Olga Berg".to_owned()]));
        assert!(!page.body.contains("Hidden from Mia"));
        let part = mia.by_htmx().get(address::LIST).await;
        assert!(part.status == 403 && part.text().contains("Olga Berg") && !part.body.contains("Hidden from Mia"));
    }
);

both_engines!(
    async fn another_team_sees_its_own_keys_only(world) {
        let (mut olga, mut sam) = (world.sign_in("olga").await, world.sign_in("sam").await);
        olga.create_key("Northwind's", &["shifts:read"]).await;
        sam.create_key("Harbour's", &["shifts:read"]).await;
        for query in ["", "?q=s", "?sort=name&status=active", "?sort=status", "?sort=key&dir=asc"] {
            assert_eq!(list(&mut sam, query).await.names(), ["Harbour's"], "{query}");
            assert_eq!(list(&mut olga, query).await.names(), ["Northwind's"], "{query}");
        }
        assert_eq!(list(&mut sam, "").await.tabs()[0], "All 1");
    }
);

both_engines!(
    async fn whoever_is_signed_out_is_asked_to_sign_in_and_comes_back_to_the_same_list(world) {
        let mut nobody = world.visitor();
        let answer = nobody.get("/settings/developers?q=hr&status=active").await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.location(), "/login?next=/settings/developers%3Fq%3Dhr%26status%3Dactive");
        let answer = nobody.by_htmx().get(address::LIST).await;
        assert_eq!((answer.status, answer.attributes("a[target=_blank]", "href")), (401, vec!["/login".to_owned()]));
        assert_eq!(world.key_rows(), []);
    }
);
