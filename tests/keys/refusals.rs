//! What is refused of a key since it was revoked, as its row says it.

use keyrack::keys::address;

use crate::both_engines;
use crate::world::form::Answer;
use crate::world::keys::{assert_nothing_found, url};

/// The note of a row, and where it asks for news.
fn note(answer: &Answer) -> (Vec<String>, Vec<String>) {
    (answer.texts(".refusals"), answer.attributes(".refusals", "data-watch"))
}

both_engines!(
    async fn a_row_says_for_a_day_what_is_refused_and_asks_for_news_for_ten_minutes(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        assert_eq!(olga.knock(&secret).await, 200);
        assert!(note(&olga.get(address::LIST).await).0.is_empty());
        olga.revoke(&id).await;
        let watched = vec![url(address::REFUSALS, &id)];
        assert_eq!(note(&olga.get(address::LIST).await), (vec!["None refused since".into()], watched.clone()));
        for _ in 0..38 {
            assert_eq!(olga.knock(&secret).await, 401);
        }
        world.flush().await;
        let said = vec!["38 refused since".to_owned()];
        assert_eq!(note(&olga.get(address::LIST).await), (said.clone(), watched.clone()));
        let news = olga.by_htmx().get(&watched[0]).await;
        assert_eq!((news.status, news.header("cache-control")), (200, "no-store"));
        assert_eq!(note(&news), (said.clone(), watched.clone()));
        assert!(news.body.trim_start().starts_with("<span"), "nothing but the note: {}", news.body);

        world.clock.advance(599);
        assert_eq!(note(&olga.by_htmx().get(&watched[0]).await), (said.clone(), watched.clone()));
        world.clock.advance(1);
        for answer in [olga.by_htmx().get(&watched[0]).await, olga.get(address::LIST).await] {
            assert_eq!(note(&answer), (said.clone(), Vec::new()), "it stops asking");
        }
        world.clock.advance(86_400 - 600);
        let mut olga = world.sign_in("olga").await;
        assert!(note(&olga.get(address::LIST).await).0.is_empty(), "it is no news any more");
    }
);

both_engines!(
    async fn htmx_gets_the_note_with_the_row_that_was_revoked(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let dialog = olga.by_htmx().get(&url(address::REVOCATION, &id)).await;
        let changed = olga.by_htmx().submit(&dialog.form(&url(address::REVOCATION, &id))).await;
        assert!(changed.body.contains(&format!("data-watch=\"{}\"", url(address::REFUSALS, &id))), "{}", changed.body);
    }
);

both_engines!(
    async fn without_htmx_it_leads_to_the_details_and_a_live_key_has_none(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        let plain = olga.get(&url(address::REFUSALS, &id)).await;
        assert_eq!((plain.status, plain.location()), (303, url(address::KEY, &id).as_str()));
        let live = olga.by_htmx().get(&url(address::REFUSALS, &id)).await;
        assert_eq!((live.status, live.texts(".refusals")), (200, Vec::new()));
    }
);

both_engines!(
    async fn who_may_see_keys_sees_it_and_nobody_else(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key("HR sync", &["shifts:read"]).await;
        olga.revoke(&id).await;
        for (who, status) in [("adam", 200), ("vera", 200), ("mia", 403), ("sam", 404)] {
            let answer = world.sign_in(who).await.by_htmx().get(&url(address::REFUSALS, &id)).await;
            assert_eq!(answer.status, status, "{who}");
        }
        assert_eq!(world.visitor().by_htmx().get(&url(address::REFUSALS, &id)).await.status, 401);
    }
);

both_engines!(
    async fn another_team_s_key_is_like_none_at_all(world) {
        // What htmx gets is compared there, too.
        assert_nothing_found(&world, address::REFUSALS, &[], false).await;
    }
);
