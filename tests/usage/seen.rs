//! How much a key is used, as its details and the question before its revocation say it.

use keyrack::clock::Moment;
use keyrack::gate::asked::Caller;
use keyrack::gate::verdict::Code;
use keyrack::keys::address;
use keyrack::keys::key::KeyId;

use crate::both_engines;
use crate::world::keys::url;
use crate::world::{NOON, Person, World};

const DAY_S: i64 = 86_400;

/// Notes requests as the gate does: so many seconds before noon, from so many addresses in turn.
fn note(world: &World, id: &KeyId, outcome: Code, ago_s: i64, times: u8, addresses: u8) {
    for n in 0..times {
        let from = [203, 0, 113, n % addresses].into();
        let at = Moment::from_unix(NOON - ago_s).unwrap();
        world.usage.tally.note(id.packed(), outcome, Caller { at, address: Some(from), client: Some("curl/8.5.0") });
    }
}

async fn asked_before_revoking(olga: &mut Person, id: &KeyId) -> String {
    let page = olga.by_htmx().get(&url(address::REVOCATION, id)).await;
    assert_eq!(page.status, 200);
    page.verbatim("#revoke-what").remove(0)
}

both_engines!(
    async fn before_it_is_revoked_its_use_is_told(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let said = asked_before_revoking(&mut olga, &id).await;
        assert!(said.contains("It was never used.") && !said.contains("In use"), "{said}");

        note(&world, &id, Code::Valid, 5 * DAY_S, 2, 1);
        world.flush().await;
        let said = asked_before_revoking(&mut olga, &id).await;
        assert!(said.contains("Not used in the last 24 hours. The last use was 5 days ago."), "{said}");

        note(&world, &id, Code::Valid, 60, 1, 1);
        world.flush().await;
        let said = asked_before_revoking(&mut olga, &id).await;
        assert!(said.contains("In use: 1 request in 24 hours from 1 address, the latest 1 min ago."), "{said}");

        (0..7).for_each(|_| note(&world, &id, Code::Valid, 12, 200, 3));
        note(&world, &id, Code::InsufficientPermissions, 3_600, 8, 2);
        world.flush().await;
        let said = asked_before_revoking(&mut olga, &id).await;
        let wanted = "In use: 1,409 requests in 24 hours from 3 addresses, the latest 12 s ago.";
        assert!(said.contains(wanted), "{said}");

        world.clock.advance(30 * DAY_S);
        let mut olga = world.sign_in("olga").await;
        let said = asked_before_revoking(&mut olga, &id).await;
        assert!(said.contains("Not used in the last 24 hours. The last use was on 21 Nov 2026."), "{said}");
    }
);

both_engines!(
    async fn a_key_used_from_everywhere_says_at_least_how_many_addresses(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("Widget", &["shifts:read"]).await;
        for n in 0..12u8 {
            for m in 0..20u8 {
                let from = [203, 0, n, m].into();
                world.usage.tally.note(id.packed(), Code::Valid, Caller { at: world.now(), address: Some(from), client: None });
            }
            world.flush().await;
        }
        let said = asked_before_revoking(&mut olga, &id).await;
        assert!(said.contains("240 requests in 24 hours from 100+ addresses"), "{said}");
    }
);

both_engines!(
    async fn the_details_tell_the_use_day_by_day_and_by_outcome(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        note(&world, &id, Code::Valid, 0, 40, 1);
        note(&world, &id, Code::Valid, DAY_S, 20, 1);
        note(&world, &id, Code::InsufficientPermissions, DAY_S, 3, 1);
        note(&world, &id, Code::Valid, 89 * DAY_S, 5, 1);
        note(&world, &id, Code::Valid, 90 * DAY_S, 99, 1);
        world.flush().await;
        for answer in [olga.get(&url(address::KEY, &id)).await, olga.by_htmx().get(&url(address::KEY, &id)).await] {
            assert_eq!(answer.texts(".use p")[0], "Last used just now from 203.0.113.0 by curl/8.5.0 . 63 requests in 24 hours from 1 address.");
            assert_eq!(answer.texts(".chart-totals li"), ["Accepted 65", "Not permitted 3"]);
            assert_eq!(answer.texts(".days thead th"), ["Day", "Accepted", "Not permitted"]);
            let rows = ["21 Nov 2026 40 0", "20 Nov 2026 20 3", "24 Aug 2026 5 0"];
            assert_eq!(answer.texts(".days tbody tr"), rows, "the latest first, and no 91st day");
            let titles = ["24 Aug 2026: 5 accepted", "20 Nov 2026: 20 accepted, 3 refused", "21 Nov 2026: 40 accepted"];
            assert_eq!(answer.texts(".chart title"), titles);
            assert_eq!(answer.attributes(".chart rect.chart-refused", "height").len(), 1);
            assert!(answer.attributes(".chart", "aria-label")[0].contains("at most 40 a day"));
            assert!(!answer.body.contains("style="), "the page forbids inline styles");
        }
    }
);

both_engines!(
    async fn the_days_are_the_viewer_s(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        note(&world, &id, Code::Valid, -4 * 3_600, 7, 1); // 16:00 in UTC, 01:00 of the next day in Tokyo
        world.flush().await;
        world.clock.advance(5 * 3_600);
        assert_eq!(olga.get(&url(address::KEY, &id)).await.texts(".days tbody tr"), ["21 Nov 2026 7"]);
        olga.cookies.insert("tz".into(), "Asia%2FTokyo".into());
        assert_eq!(olga.get(&url(address::KEY, &id)).await.texts(".days tbody tr"), ["22 Nov 2026 7"]);
    }
);

both_engines!(
    async fn a_key_without_use_says_so_and_shows_no_chart(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let page = olga.get(&url(address::KEY, &id)).await;
        assert_eq!(page.texts(".use p")[0], "Never used.");
        assert!(page.texts(".chart").is_empty() && page.texts(".days").is_empty());
        assert!(olga.get(&url(address::EDIT, &id)).await.texts("#edit-use").is_empty());
        note(&world, &id, Code::Valid, 100 * DAY_S, 1, 1);
        world.flush().await;
        let page = olga.get(&url(address::KEY, &id)).await;
        assert!(page.texts(".use p")[0].starts_with("Last used 13 Aug 2026 from"), "{}", page.text());
        assert_eq!(page.texts(".use p")[1], "Nothing was asked with it in the last 90 days.");
        let link = olga.get(&url(address::EDIT, &id)).await.attributes("#edit-use", "href");
        assert_eq!(link, [url(address::KEY, &id)], "the edit form leads there");
    }
);
