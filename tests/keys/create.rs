//! Creating a key.

use crate::both_engines;

both_engines!(
    async fn a_key_is_made_and_its_secret_shown_once(world) {
        let mut olga = world.sign_in("olga").await;
        let page = olga.get("/settings/developers/keys/new").await;
        let form = page.form("/settings/developers/keys");
        let answer = olga.submit(&form.with("name", "HR sync").and("permission", "shifts:read")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        let secrets = answer.texts("[data-secret]");
        assert_eq!(secrets.len(), 1);
        let list = olga.get("/settings/developers").await;
        assert!(list.text().contains("HR sync"), "{}", list.text());
        assert!(!list.body.contains(&secrets[0]));
    }
);
