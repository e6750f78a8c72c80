//! The door at which programs ask about a key that somebody sent them.

use serde_json::{Value, json};

use crate::both_engines;
use crate::world::form::Answer;
use crate::world::gate::{bearer, unknown_key, with_routes};
use crate::world::{Person, World};

const VERIFY: &str = "/v1/keys/verify";

/// Puts any bytes into the body.
async fn post(world: &World, body: &str) -> Answer {
    world.program().post_body(VERIFY, body.to_owned()).await
}

async fn code(world: &World, body: Value) -> String {
    let told = world.verify(&body).await;
    assert_eq!(told["valid"], json!(told["code"] == "VALID"));
    told["code"].as_str().unwrap().to_owned()
}

async fn make(olga: &mut Person, fields: &[(&str, &str)]) -> String {
    olga.create_key_of(&[&[("kind", "secret")], fields].concat()).await.1
}

both_engines!(with_routes =>
    async fn a_good_key_is_told_with_all_that_it_tells_of_itself(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.get("/settings/projects").await.form("/settings/projects");
        assert_eq!(olga.submit(&form.with("name", "Kiosk \"1\"")).await.status, 303);
        let project = world.texts("SELECT id AS value FROM projects").remove(0);
        let fields = [("project", project.as_str()), ("permission", "users:read"), ("fields.users", "some"), ("field", "users:name")];
        let secret = make(&mut olga, &fields).await;
        let answer = world.verify_as(&[], &json!({"key": secret})).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
        let told = answer.json();
        assert_eq!(told["key"], olga.told(&secret).await);
        assert_eq!(told["key"]["project"], json!({"id": project, "name": "Kiosk \"1\""}));
        assert_eq!((&told["valid"], &told["code"]), (&json!(true), &json!("VALID")));
        assert_eq!(told["request_id"].as_str(), Some(answer.header("x-request-id")));
        assert_eq!(told.as_object().unwrap().len(), 4);
        assert!(!answer.body.contains(&secret), "a key is never echoed");
    }
);

both_engines!(with_routes =>
    async fn everything_that_is_asked_is_judged_and_the_first_that_fails_is_told(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.get("/settings/projects").await.form("/settings/projects");
        assert_eq!(olga.submit(&form.with("name", "Kiosk")).await.status, 303);
        let project = world.texts("SELECT id AS value FROM projects").remove(0);
        let key = olga
            .create_key_of(&[
                ("kind", "web"),
                ("project", &project),
                ("domain", "app.example.com"),
                ("address", "192.0.2.0/24"),
                ("permission", "shifts:read"),
                ("permission", "users:read"),
                ("fields.users", "some"),
                ("field", "users:name"),
            ])
            .await
            .1;
        let all = json!({
            "key": key, "project": project, "origin": "https://app.example.com", "address": "192.0.2.7",
            "permissions": ["shifts:read", "users:read"], "fields": {"users": ["name"], "shifts": ["start"]},
        });
        assert_eq!(code(&world, all.clone()).await, "VALID");
        let order = [
            ("fields", json!({"users": ["name", "salary"]}), "FIELD_NOT_ALLOWED"),
            ("permissions", json!(["shifts:read", "shifts:write"]), "INSUFFICIENT_PERMISSIONS"),
            ("address", json!("198.51.100.1"), "ADDRESS_NOT_ALLOWED"),
            ("origin", json!("https://evil.example"), "ORIGIN_NOT_ALLOWED"),
            ("project", json!("project_other"), "PROJECT_NOT_ALLOWED"),
        ];
        let mut wrong = all.clone();
        for (member, value, expected) in order {
            let mut alone = all.clone();
            alone[member] = value.clone();
            wrong[member] = value;
            assert_eq!(code(&world, alone).await, expected);
            assert_eq!(code(&world, wrong.clone()).await, expected, "comes before all that is wrong behind it");
        }
        // Who tells nothing asks for a request that has none.
        for (member, expected) in [("origin", "ORIGIN_NOT_ALLOWED"), ("address", "ADDRESS_NOT_ALLOWED")] {
            let mut untold = all.clone();
            untold.as_object_mut().unwrap().remove(member);
            assert_eq!(code(&world, untold.clone()).await, expected);
            untold[member] = Value::Null;
            assert_eq!(code(&world, untold).await, expected);
        }
        for member in ["project", "permissions", "fields"] {
            let mut unasked = all.clone();
            unasked[member] = Value::Null;
            assert_eq!(code(&world, unasked).await, "VALID", "{member}");
        }
        // What nobody can be granted, nobody has.
        assert_eq!(code(&world, json!({"key": make(&mut olga, &[("permission", "shifts:read")]).await, "permissions": ["payroll:read"]})).await, "INSUFFICIENT_PERMISSIONS");
    }
);

both_engines!(with_routes =>
    async fn of_a_key_that_was_found_all_is_told_and_of_others_nothing(world) {
        let mut olga = world.sign_in("olga").await;
        let (expiring, expired) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read"), ("expiration", "7d")]).await;
        let (revoked_id, revoked) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await;
        let (deleted_id, deleted) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await;
        for id in [&revoked_id, &deleted_id] {
            assert_eq!(olga.revoke(id).await.status, 303);
        }
        assert_eq!(olga.delete(&deleted_id).await.status, 303);
        world.clock.advance(7 * 86_400);
        for (secret, id, status, code) in [(&expired, &expiring, "expired", "EXPIRED"), (&revoked, &revoked_id, "revoked", "REVOKED")] {
            let told = world.verify(&json!({"key": secret})).await;
            assert_eq!((&told["valid"], &told["code"]), (&json!(false), &json!(code)));
            assert_eq!((&told["key"]["id"], &told["key"]["status"]), (&json!(id.as_str()), &json!(status)));
        }
        let unknown = unknown_key();
        for (text, code) in [
            (deleted.as_str(), "NOT_FOUND"),
            (&unknown, "NOT_FOUND"),
            ("", "MALFORMED"),
            ("x", "MALFORMED"),
            (&unknown[..unknown.len() - 1], "MALFORMED"),
            (&format!("{unknown} "), "MALFORMED"),
            (&unknown.to_uppercase(), "MALFORMED"),
            (&unknown.replace("sk_", "pk_"), "MALFORMED"),
            ("\u{0}", "MALFORMED"),
            ("schlüssel", "MALFORMED"),
            (&"x".repeat(10_000), "MALFORMED"),
        ] {
            let told = world.verify(&json!({"key": text})).await;
            assert_eq!((&told["valid"], &told["code"], &told["key"]), (&json!(false), &json!(code), &Value::Null));
        }
    }
);

both_engines!(with_routes =>
    async fn a_body_that_is_no_question_is_told_so(world) {
        let secret = make(&mut world.sign_in("olga").await, &[("permission", "shifts:read")]).await;
        let deep = format!("{{\"key\":{}", "[".repeat(10_000));
        let deep_and_whole = format!("{{\"key\":{}{}}}", "[".repeat(4_000), "]".repeat(4_000));
        for body in [
            String::new(),
            "null".into(),
            "[]".into(),
            format!("\"{secret}\""),
            format!("key={secret}"),
            "{}".into(),
            format!("{{\"key\":\"{secret}\""),
            format!("{{\"key\":\"{secret}\",\"key\":\"{secret}\"}}"),
            format!("{{\"key\":\"{secret}\",\"valid\":true}}"),
            format!("{{\"{secret}\":\"key\"}}"),
            format!("{{\"key\":[\"{secret}\"]}}"),
            format!("{{\"key\":\"{secret}\",\"permissions\":\"{secret}\"}}"),
            format!("{{\"key\":\"{secret}\",\"permissions\":[\"{secret} x\"]}}"),
            format!("{{\"key\":\"{secret}\",\"fields\":{{\"users\":[\"{secret}!\"]}}}}"),
            format!("{{\"key\":\"{secret}\",\"address\":\"{secret}\"}}"),
            format!("{{\"key\":\"{secret}\"}}{{}}"),
            deep,
            deep_and_whole,
        ] {
            let answer = post(&world, &body).await;
            assert_eq!(answer.refusal(), (400, "BAD_REQUEST".into()), "{}", body.chars().take(60).collect::<String>());
            assert!(!answer.body.contains(&secret), "{}", answer.body);
        }
        let huge = format!("{{\"key\":\"{}\"}}", "x".repeat(20_000));
        assert_eq!(post(&world, &huge).await.refusal(), (413, "BODY_TOO_LARGE".into()));
        assert_eq!(post(&world, &"[".repeat(1_000_000)).await.status, 413);
        assert_eq!(post(&world, &json!({"key": secret}).to_string()).await.status, 200);
    }
);

both_engines!(with_routes =>
    async fn malformed_keys_of_one_client_are_told_a_hundred_times_a_minute(world) {
        let malformed = |address: &str| json!({"key": "x", "address": address});
        for _ in 0..100 {
            assert_eq!(code(&world, malformed("192.0.2.7")).await, "MALFORMED");
        }
        assert_eq!(code(&world, malformed("192.0.2.7")).await, "RATE_LIMITED");
        assert_eq!(code(&world, malformed("192.0.2.8")).await, "MALFORMED");
        // Whose it is is not known: nobody is counted for it.
        for _ in 0..101 {
            assert_eq!(code(&world, json!({"key": "x"})).await, "MALFORMED");
        }
    }
);

both_engines!(with_routes =>
    async fn a_program_of_this_machine_may_ask_unless_its_request_was_forwarded(world) {
        let question = json!({"key": "x"});
        assert_eq!(world.verify_as(&[], &question).await.status, 200);
        for name in ["X-Forwarded-For", "X-Forwarded-Proto", "x-forwarded-host", "Forwarded", "X-Forwarded-Anything", "Via", "X-Real-IP"] {
            let answer = world.verify_as(&[(name, "127.0.0.1".into())], &question).await;
            assert_eq!(answer.refusal(), (401, "CALLER_NOT_ALLOWED".into()), "{name}");
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"Keyrack gate\"");
        }
        let secret = make(&mut world.sign_in("olga").await, &[("permission", "shifts:read")]).await;
        for (headers, status) in [
            (vec![("Authorization", "Basic eDp5".to_owned())], 401),
            (vec![("Authorization", "Bearer x".to_owned())], 401),
            (vec![bearer(&secret)], 401),
            (vec![("X-API-Key", secret.clone())], 200),
            (vec![("Cookie", "session=x".to_owned()), ("Sec-Fetch-Site", "cross-site".into()), ("Origin", "https://evil.example".into())], 200),
        ] {
            assert_eq!(world.verify_as(&headers, &question).await.status, status, "{:?}", headers[0].0);
        }
        // The question of who asks comes before the question.
        let mut forwarded = world.program();
        forwarded.headers.push(("Forwarded", "for=192.0.2.7".into()));
        assert_eq!(forwarded.post_body(VERIFY, "no question".into()).await.status, 401);
    }
);
