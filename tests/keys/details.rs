//! A key's details, read only.

use keyrack::keys::address;
use reqwest::Method;

use crate::both_engines;
use crate::world::form::Answer;
use crate::world::keys::{assert_nothing_found, url};

/// What the details say, by their labels.
fn fact(answer: &Answer, label: &str) -> Option<String> {
    let (labels, facts) = (answer.texts(".facts dt"), answer.texts(".facts dd"));
    let at = labels.iter().position(|known| known == label)?;
    Some(facts[at].clone())
}

both_engines!(
    async fn a_revoked_key_tells_who_made_it_and_who_revoked_it_when(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key_for("3m", "HR <i>sync</i>", &["shifts:write", "shifts:read", "users:read"]).await;
        world.clock.advance(3_600);
        olga.revoke(&id).await;
        let page = olga.get(&format!("{}?q=hr&status=revoked", url(address::KEY, &id))).await;
        assert_eq!((page.status, page.texts("h1")), (200, vec!["API Key Details".to_owned()]));
        let facts = ["Name", "Status", "Key", "Permissions", "Expiration", "Created", "Revoked"];
        assert_eq!(page.texts(".facts dt"), facts);
        assert_eq!(fact(&page, "Name").unwrap(), "HR <i>sync</i>");
        assert_eq!(fact(&page, "Status").unwrap(), "Revoked");
        assert_eq!(fact(&page, "Key").unwrap(), format!("{}…{}", &secret[..11], &secret[36..]));
        assert_eq!(page.texts(".grants li"), ["Shifts Read, Write", "Users Read"]);
        assert!(fact(&page, "Created").unwrap().ends_with("by Olga Berg"));
        assert!(fact(&page, "Revoked").unwrap().ends_with("by Olga Berg"));
        let times = ["2027-02-21T12:00:00Z", "2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z"];
        assert_eq!(page.attributes(".facts time", "datetime"), times);
        assert_eq!(page.attributes("#details-delete", "href"), [format!("{}?q=hr&status=revoked", url(address::DELETION, &id))]);
        assert_eq!(page.attributes(".acts a", "href").pop().unwrap(), "/settings/developers?q=hr&status=revoked");
        assert!(page.texts("main form").is_empty() && page.header("cache-control") == "no-store");
    }
);

both_engines!(
    async fn a_key_that_revoked_itself_says_so(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        assert_eq!(olga.present(Method::DELETE, &secret).await.status, 204);
        let page = olga.get(&url(address::KEY, &id)).await;
        assert!(fact(&page, "Revoked").unwrap().ends_with("by the key itself"), "{}", page.text());
    }
);

both_engines!(
    async fn a_live_key_s_details_offer_no_delete_and_an_expired_one_s_do(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key_for("7d", "HR sync", &["shifts:read"]).await;
        let live = olga.get(&url(address::KEY, &id)).await;
        assert_eq!((fact(&live, "Status").unwrap().as_str(), fact(&live, "Revoked")), ("Active", None));
        assert!(live.texts("#details-delete").is_empty());
        world.clock.advance(7 * 86_400);
        let mut olga = world.sign_in("olga").await;
        let expired = olga.get(&url(address::KEY, &id)).await;
        assert_eq!((fact(&expired, "Status").unwrap().as_str(), fact(&expired, "Revoked")), ("Expired", None));
        assert_eq!(expired.texts("#details-delete"), ["Delete Key"]);
    }
);

both_engines!(
    async fn htmx_gets_a_dialog(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let dialog = olga.by_htmx().get(&url(address::KEY, &id)).await;
        assert!(dialog.body.starts_with("<dialog") && dialog.texts("h2") == ["API Key Details"], "{}", dialog.body);
    }
);

both_engines!(
    async fn a_viewer_s_zone_decides_the_day(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key_for("7d", "HR sync", &["shifts:read"]).await;
        world.clock.advance(14 * 3_600); // 02:00 in UTC, the evening before in New York
        let mut olga = world.sign_in("olga").await;
        let in_utc = olga.get(&url(address::KEY, &id)).await;
        assert!(!fact(&in_utc, "Created").unwrap().starts_with("Today"));
        olga.cookies.insert("tz".into(), "America%2FNew_York".into());
        let in_new_york = olga.get(&url(address::KEY, &id)).await;
        assert!(fact(&in_new_york, "Created").unwrap().starts_with("Today"), "{}", in_new_york.text());
        olga.cookies.insert("tz".into(), "Mars%2FOlympus".into());
        assert_eq!(fact(&olga.get(&url(address::KEY, &id)).await, "Created"), fact(&in_utc, "Created"));
    }
);

both_engines!(
    async fn admins_and_viewers_read_every_key_s_details_and_nothing_more(world) {
        let mut olga = world.sign_in("olga").await;
        let (live, _) = olga.create_key("Live", &["shifts:read"]).await;
        let (spent, _) = olga.create_key("Spent", &["shifts:read"]).await;
        olga.revoke(&spent).await;
        for who in ["adam", "vera"] {
            let mut person = world.sign_in(who).await;
            for (id, status) in [(&live, "Active"), (&spent, "Revoked")] {
                let page = person.get(&url(address::KEY, id)).await;
                assert_eq!((page.status, fact(&page, "Status").unwrap().as_str()), (200, status));
                assert!(fact(&page, "Created").unwrap().ends_with("by Olga Berg"));
                assert!(page.text().contains("Only owners can manage keys."));
                assert_eq!(page.texts(".acts a"), ["Close"]);
                assert!(page.texts("main form").is_empty());
            }
        }
    }
);

both_engines!(
    async fn a_member_and_a_visitor_see_none(world) {
        let (id, _) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        let mut mia = world.sign_in("mia").await;
        for id in [id.as_str(), "key_1"] {
            let page = mia.get(&address::KEY.replace("{id}", id)).await;
            assert_eq!((page.status, page.texts("main .people li")), (403, vec!["Olga Berg".to_owned()]));
            assert!(!page.body.contains("HR sync"));
        }
        let answer = world.visitor().get(&url(address::KEY, &id)).await;
        assert_eq!((answer.status, answer.location()), (303, format!("/login?next={}", url(address::KEY, &id)).as_str()));
    }
);

both_engines!(
    async fn another_team_s_key_is_like_none_at_all(world) {
        assert_nothing_found(&world, address::KEY, &[], false).await;
    }
);
