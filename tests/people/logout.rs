//! Signing out.

use super::cookie;
use crate::both_engines;
use crate::world::PASSWORD;

both_engines!(
    async fn signing_out_ends_the_session_on_the_server(world) {
        let mut olga = world.sign_in("olga").await;
        let mut stolen = olga.clone();
        let form = olga.get("/settings/developers").await.form("/logout");
        let answer = olga.submit(&form).await;
        assert_eq!((answer.status, answer.location()), (303, "/login"));
        assert!(!olga.cookies.contains_key("__Host-session"), "the cookie is taken back");
        assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"");
        assert!(olga.cookies.contains_key("__Host-device"), "the browser is still known");
        assert!(world.sessions().is_empty());
        let rows = world.events_of("signed_out");
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].person.as_deref(), Some(world.person_with("olga@northwind.example").as_str()));

        let answer = stolen.get("/settings/developers").await;
        assert_eq!((answer.status, answer.location()), (303, "/login?next=/settings/developers"));
        let answer = stolen.get(answer.location()).await;
        assert!(answer.text().contains("You were signed out"), "{}", answer.text());
    }
);

both_engines!(
    async fn signing_out_leaves_the_sessions_of_other_browsers(world) {
        let mut here = world.sign_in("olga").await;
        let mut there = world.sign_in("olga").await;
        assert_ne!(cookie(&here, "session"), cookie(&there, "session"));
        let form = here.get("/account/security").await.form("/logout");
        assert_eq!(here.submit(&form).await.status, 303);
        assert_eq!(there.get("/settings/developers").await.status, 200);
    }
);

both_engines!(
    async fn nobody_is_signed_out_by_a_link_or_a_bare_form(world) {
        let mut olga = world.sign_in("olga").await;
        assert_eq!(olga.get("/logout").await.status, 405);
        assert_eq!(olga.post_body("/logout", String::new()).await.status, 403);
        let form = olga.get("/account/security").await.form("/logout");
        assert_eq!(olga.submit(&form.and("password", PASSWORD)).await.status, 400);
        assert_eq!(olga.get("/settings/developers").await.status, 200);
        assert!(world.events_of("signed_out").is_empty());
    }
);

both_engines!(
    async fn who_is_signed_out_is_led_to_sign_in_and_then_to_the_start(world) {
        let answer = world.visitor().post_body("/logout", String::new()).await;
        assert_eq!((answer.status, answer.location()), (303, "/login?next=/"));
    }
);
