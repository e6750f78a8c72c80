//! Keys outlive the catalog they were made under: what was dropped from it is not granted, and still shown.

use keyrack::keys::address;
use keyrack::keys::catalog::{Catalog, file};
use reqwest::Method;
use serde_json::{Value, json};

use crate::both_engines;
use crate::world::keys::url;
use crate::world::{Person, World};

const WIDE: &str = r#"
[[kind]]
id = "secret"
label = "Secret key"
prefix = "sk_live_"
[[kind]]
id = "web"
prefix = "pk_web_"
reveal = "always"
[[resource]]
id = "shifts"
actions = ["read", "write"]
[[resource]]
id = "users"
actions = ["read"]
fields = ["name", "start", "salary"]
[[resource]]
id = "payroll"
actions = ["read"]
fields = ["net"]
"#;

fn catalog(text: &str) -> Catalog {
    file::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

fn restart(world: &mut World, text: &str) {
    let catalog = catalog(text);
    world.start_again(|settings| settings.catalog = catalog);
}

/// What the gate tells of a good key: its permissions and its fields.
async fn told(world: &World, secret: &str) -> (Value, Value) {
    let answer = world.visitor().present(Method::GET, secret).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    (told["permissions"].clone(), told["fields"].clone())
}

/// The status and the code of a refusal.
async fn refused(world: &World, method: Method, secret: &str) -> (u16, String) {
    let answer = world.visitor().present(method, secret).await;
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(told["status"].as_u64(), Some(answer.status.into()));
    (answer.status, told["code"].as_str().unwrap().to_owned())
}

/// Makes a key of a kind that is held to some fields of users.
async fn create(olga: &mut Person, kind: &str, permissions: &[&str], fields: &[&str]) -> String {
    let form = olga.create_form().await.with("name", "HR sync").with("expiration", "never").with("kind", kind);
    let form = permissions.iter().fold(form, |form, permission| form.and("permission", permission));
    let of = |field: &str| field.split(':').next().unwrap().to_owned();
    let form =
        fields.iter().fold(form, |form, field| form.with(&format!("fields.{}", of(field)), "some").and("field", field));
    olga.submit(&form).await.secret()
}

both_engines!(
    async fn what_was_dropped_is_no_longer_granted_until_it_is_back(world) {
        let mut world = world;
        restart(&mut world, WIDE);
        let mut olga = world.sign_in("olga").await;
        let all = ["payroll:read", "shifts:read", "shifts:write", "users:read"];
        let secret = create(&mut olga, "secret", &all, &["payroll:net", "users:name", "users:salary"]).await;
        let before = (json!(all), json!({"payroll": ["net"], "users": ["name", "salary"]}));
        assert_eq!(told(&world, &secret).await, before);

        let dropped = WIDE
            .replace("[\"read\", \"write\"]", "[\"read\"]")
            .replace("\"salary\"", "\"team\"")
            .replace("[[resource]]\nid = \"payroll\"\nactions = [\"read\"]\nfields = [\"net\"]\n", "");
        restart(&mut world, &dropped);
        assert_eq!(told(&world, &secret).await, (json!(["shifts:read", "users:read"]), json!({"users": ["name"]})));

        let mut olga = world.sign_in("olga").await;
        let list = olga.get(address::LIST).await.text();
        assert!(list.contains("Payroll Read (no longer offered)"), "{list}");
        assert!(list.contains("Shifts Write (no longer offered)"), "{list}");

        restart(&mut world, WIDE);
        assert_eq!(told(&world, &secret).await, before);
    }
);

both_engines!(
    async fn a_key_whose_fields_are_all_gone_reaches_none(world) {
        let mut world = world;
        restart(&mut world, WIDE);
        let mut olga = world.sign_in("olga").await;
        let secret = create(&mut olga, "secret", &["users:read"], &["users:salary"]).await;
        restart(&mut world, &WIDE.replace("\"salary\"", "\"team\""));
        assert_eq!(told(&world, &secret).await, (json!(["users:read"]), json!({"users": []})));
        restart(&mut world, &WIDE.replace("fields = [\"name\", \"start\", \"salary\"]", ""));
        assert_eq!(told(&world, &secret).await, (json!(["users:read"]), json!({"users": []})));
    }
);

both_engines!(
    async fn what_a_kind_may_no_longer_be_granted_is_not(world) {
        let mut world = world;
        restart(&mut world, WIDE);
        let mut olga = world.sign_in("olga").await;
        let secret = create(&mut olga, "secret", &["payroll:read", "users:read"], &[]).await;
        let web = create(&mut olga, "web", &["payroll:read", "users:read"], &[]).await;
        let held = WIDE.replace("reveal = \"always\"", "reveal = \"always\"\nresources = [\"users\"]");
        restart(&mut world, &held);
        assert_eq!(told(&world, &secret).await.0, json!(["payroll:read", "users:read"]));
        assert_eq!(told(&world, &web).await.0, json!(["users:read"]));

        let mut olga = world.sign_in("olga").await;
        let form = olga.create_form().await.with("name", "Again").with("expiration", "never").with("kind", "web");
        let answer = olga.submit(&form.and("permission", "payroll:read").and("permission", "users:read")).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text().contains("Payroll is not offered for Web keys."), "{}", answer.text());
        assert_eq!(world.key_rows().len(), 2);
    }
);

both_engines!(
    async fn a_key_of_a_kind_that_is_gone_is_refused_and_still_shown(world) {
        let mut world = world;
        restart(&mut world, WIDE);
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["users:read"]).await;

        // The same prefix under another kind: the key is found, and not taken for one of that kind.
        restart(&mut world, &WIDE.replace("id = \"secret\"", "id = \"server\""));
        let before = (world.key_rows(), world.audit());
        for method in [Method::GET, Method::DELETE] {
            assert_eq!(refused(&world, method, &secret).await, (401, "KIND_NOT_OFFERED".to_owned()));
        }
        let mut olga = world.sign_in("olga").await;
        assert!(olga.get(address::LIST).await.text().contains("no longer offered"));
        let details = olga.get(&url(address::KEY, &id)).await;
        assert!(details.status == 200 && details.text().contains("no longer offered"), "{}", details.text());

        // The prefix is gone too: it is told from a key without a look-up.
        restart(&mut world, &WIDE.replace("sk_live_", "sk_new_"));
        assert_eq!(refused(&world, Method::GET, &secret).await, (401, "MALFORMED".to_owned()));
        assert_eq!((world.key_rows(), world.audit()), before, "nothing was changed");

        restart(&mut world, WIDE);
        assert_eq!(told(&world, &secret).await.0, json!(["users:read"]));
        let mut olga = world.sign_in("olga").await;
        assert_eq!(olga.revoke(&id).await.status, 303);
        restart(&mut world, &WIDE.replace("id = \"secret\"", "id = \"server\""));
        assert_eq!(refused(&world, Method::GET, &secret).await, (401, "REVOKED".to_owned()), "that comes first");
    }
);

both_engines!(
    async fn a_publishable_key_cannot_revoke_itself(world) {
        let mut world = world;
        restart(&mut world, WIDE);
        let mut olga = world.sign_in("olga").await;
        let secret = create(&mut olga, "secret", &["users:read"], &[]).await;
        let web = create(&mut olga, "web", &["users:read"], &[]).await;
        let before = (world.key_rows(), world.audit());
        assert_eq!(refused(&world, Method::DELETE, &web).await, (403, "KIND_NOT_ALLOWED".to_owned()));
        assert_eq!((world.key_rows(), world.audit()), before, "anyone can read it, and end it for nobody");
        assert_eq!(told(&world, &web).await.0, json!(["users:read"]));
        assert_eq!(world.visitor().present(Method::DELETE, &secret).await.status, 204);
    }
);
