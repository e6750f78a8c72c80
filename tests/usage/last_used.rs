//! The column of the list that says when a key was last used, and the sort by it.

use keyrack::clock::Moment;
use keyrack::gate::asked::Caller;
use keyrack::gate::verdict::Code;
use keyrack::keys::address;
use keyrack::keys::key::KeyId;

use crate::both_engines;
use crate::keys::list::all_pages;
use crate::world::form::Answer;
use crate::world::keys::Planted;
use crate::world::{NOON, Person, World};

const DAY_S: i64 = 86_400;

async fn list(person: &mut Person, query: &str) -> Answer {
    let answer = person.get(&format!("{}{query}", address::LIST)).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer
}

/// Notes a use, as the gate does.
fn note(world: &World, id: &KeyId, at: i64) {
    let from = Some("203.0.113.7".parse().unwrap());
    world.usage.tally.note(
        id.packed(),
        Code::Valid,
        Caller { at: Moment::from_unix(at).unwrap(), address: from, client: Some("curl/8.5.0") },
    );
}

/// 137 keys, with many used in the same second and many never.
async fn keys_with_uses(world: &World) -> Vec<(Planted, i64)> {
    let keys: Vec<(Planted, i64)> = (0..137i64)
        .map(|n| {
            let mut key = Planted::new(["Sync", "Kiosk sync", "zebra"][(n % 3) as usize], NOON - DAY_S * 40);
            key.expires_at = [None, Some(NOON - DAY_S)][(n % 2) as usize];
            key.revoked_at = (n % 7 == 0).then_some(NOON - DAY_S * 2);
            let used_at = if n % 5 == 0 { 0 } else { NOON - DAY_S * 10 - n * n % 11 };
            (key, used_at)
        })
        .collect();
    world.plant(&keys.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>());
    keys.iter().filter(|(_, at)| *at > 0).for_each(|(key, at)| note(world, &key.id, *at));
    world.flush().await;
    keys
}

/// The ids by last use, of those that are wanted.
fn expected(keys: &[(Planted, i64)], dir: &str, wanted: impl Fn(&Planted) -> bool) -> Vec<String> {
    let mut rows: Vec<_> = keys.iter().filter(|(key, _)| wanted(key)).collect();
    rows.sort_by_key(|(key, at)| (*at, key.id.as_str().to_owned()));
    if dir == "desc" {
        rows.reverse();
    }
    rows.into_iter().map(|(key, _)| key.id.as_str().to_owned()).collect()
}

both_engines!(
    async fn the_column_is_there_once_a_key_was_used_and_says_when_from_where_and_by_what(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let (unused, _) = olga.create_key("Unused", &["shifts:read"]).await;
        assert!(!list(&mut olga, "").await.texts("thead th").contains(&"Last used".to_owned()));
        let mut program = world.visitor();
        program.headers.push(("User-Agent", "payroll/2.1 <b>".into()));
        assert_eq!(program.knock(&secret).await, 200);
        world.flush().await;
        world.clock.advance(12);
        let page = list(&mut olga, "").await;
        let columns = ["Name", "Status", "Key", "Permissions", "Last used", "Created", "Expiration", "Actions"];
        assert_eq!(page.texts("thead th"), columns);
        let used = format!("#row-{id} .key-used time");
        assert_eq!(page.texts(&used), ["12 s ago"]);
        assert_eq!(page.attributes(&used, "datetime"), ["2026-11-21T12:00:00Z"]);
        assert_eq!(page.attributes(&used, "title"), ["21 Nov 2026, 12:00:00 UTC from 127.0.0.1 by payroll/2.1 <b>"]);
        assert!(page.texts(&format!("#row-{unused} .key-used"))[0].starts_with("Never"));
        world.clock.advance(2 * 3_600);
        assert_eq!(list(&mut olga, "").await.texts(&used), ["2 h ago"]);
        let mut sam = world.sign_in("sam").await;
        sam.create_key("Harbour's", &["shifts:read"]).await;
        assert!(!list(&mut sam, "").await.texts("thead th").contains(&"Last used".to_owned()), "another team's keys");
    }
);

both_engines!(
    async fn a_row_that_is_renamed_goes_on_saying_when_it_was_used(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        assert_eq!(olga.knock(&secret).await, 200);
        world.flush().await;
        let form = olga.by_htmx().get(&address::of(address::EDIT, &id)).await.form(address::LIST);
        let changed = olga.by_htmx().submit(&form.with("name", "HR sync, nightly")).await;
        assert!(changed.body.contains("HR sync, nightly") && changed.body.contains("just now"), "{}", changed.body);
    }
);

both_engines!(
    async fn by_last_use_all_keys_are_paged_through_both_ways_without_loss_or_repetition(world) {
        let mut olga = world.sign_in("olga").await;
        let keys = keys_with_uses(&world).await;
        for dir in ["asc", "desc"] {
            let pages = all_pages(&mut olga, &format!("?sort=last_used&dir={dir}")).await;
            assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 37]);
            assert_eq!(pages.concat(), expected(&keys, dir, |_| true), "{dir}");
            let found = all_pages(&mut olga, &format!("?sort=last_used&dir={dir}&q=SYNC")).await;
            assert_eq!(found.concat(), expected(&keys, dir, |key| key.name.to_lowercase().contains("sync")), "{dir}");
            let revoked = all_pages(&mut olga, &format!("?sort=last_used&dir={dir}&status=revoked")).await;
            assert_eq!(revoked.concat(), expected(&keys, dir, |key| key.revoked_at.is_some()), "{dir}");
            let expired = all_pages(&mut olga, &format!("?sort=last_used&dir={dir}&status=expired&q=zebra")).await;
            let is_expired = |key: &Planted| key.revoked_at.is_none() && key.expires_at.is_some() && key.name == "zebra";
            assert_eq!(expired.concat(), expected(&keys, dir, is_expired), "{dir}");
        }
        let page = list(&mut olga, "?sort=last_used").await;
        assert_eq!(page.attributes("th.key-used", "aria-sort"), ["descending"], "the latest first");
    }
);

both_engines!(
    async fn by_last_use_a_list_with_more_keys_than_are_counted_pages_as_well(world) {
        let mut olga = world.sign_in("olga").await;
        world.plant_many(10_050, NOON - DAY_S);
        let mut revoked = Planted::new("Bulk revoked", NOON);
        revoked.revoked_at = Some(NOON);
        world.plant(&[revoked]);
        let used = "UPDATE last_uses SET used_at = 1000 + CAST(substr(key_id, 26) AS INTEGER) % 7 WHERE key_id LIKE 'key_000000000000%'";
        world.execute(used).unwrap();
        let order = |n: &u32| (1_000 + n % 7, *n);
        let mut numbers: Vec<u32> = (1..=10_050).collect();
        for (dir, rest) in [("asc", "&status=active"), ("desc", "&status=active"), ("desc", "&status=active&q=bulk"), ("asc", "&q=bulk+0")] {
            numbers.sort_by_key(order);
            if dir == "desc" {
                numbers.reverse();
            }
            let wanted = numbers.iter().filter(|n| !rest.contains("q=bulk+0") || **n < 10_000);
            let names: Vec<String> = wanted.map(|n| format!("Bulk {n:05}")).collect();
            let first = list(&mut olga, &format!("?sort=last_used&dir={dir}{rest}")).await;
            assert_eq!(first.names(), names[..50], "{dir} {rest}");
            let second = olga.get(&first.attributes("#page-next", "href")[0]).await;
            assert_eq!(second.names(), names[50..100], "{dir} {rest}");
            let back = olga.get(&second.attributes("#page-previous", "href")[0]).await;
            assert_eq!(back.names(), names[..50], "{dir} {rest} backwards");
        }
    }
);

both_engines!(
    async fn a_member_s_own_keys_are_sorted_by_last_use_too(world) {
        world.let_members_manage_keys("Northwind Rota", true);
        let mut mia = world.sign_in("mia").await;
        let mut keys: Vec<(Planted, i64)> = (0..60).map(|n| (Planted::new("Own", NOON - 99), NOON - 1_000 - n % 4)).collect();
        keys.iter_mut().for_each(|(key, _)| key.made_by = "mia");
        world.plant(&keys.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>());
        world.plant(&[Planted::new("Olga's", NOON)]);
        keys.iter().for_each(|(key, at)| note(&world, &key.id, *at));
        world.flush().await;
        let pages = all_pages(&mut mia, "?sort=last_used").await;
        assert_eq!(pages.concat(), expected(&keys, "desc", |_| true));
    }
);

both_engines!(
    async fn a_clock_that_was_ahead_does_not_hide_the_uses_that_follow(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        world.clock.advance(DAY_S);
        assert_eq!(olga.knock(&secret).await, 200);
        world.flush().await;
        assert_eq!(world.last_use(&id).unwrap().0, NOON + DAY_S);
        world.clock.advance(10 - DAY_S);
        assert_eq!(olga.knock(&secret).await, 200);
        world.flush().await;
        assert_eq!(world.last_use(&id).unwrap().0, NOON + 10);
        let seen: Vec<i64> = world.use_addresses(&id).into_iter().map(|(_, at)| at).collect();
        assert_eq!(seen, [NOON], "counted as recent for no longer than other uses");
        // Another instance's clock may be a little behind.
        world.clock.advance(-10);
        assert_eq!(olga.knock(&secret).await, 200);
        world.flush().await;
        assert_eq!(world.last_use(&id).unwrap().0, NOON + 10);
    }
);
