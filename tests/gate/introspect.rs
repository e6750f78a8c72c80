//! The door at which programs ask as OAuth's do (RFC 7662).

use serde_json::json;

use crate::both_engines;
use crate::world::NOON;
use crate::world::gate::{unknown_key, with_routes};

both_engines!(with_routes =>
    async fn a_good_key_is_active(world) {
        let mut olga = world.sign_in("olga").await;
        let fields = [("kind", "secret"), ("permission", "users:read"), ("permission", "shifts:read"), ("expiration", "7d"), ("fields.users", "some"), ("field", "users:name")];
        let (id, secret) = olga.create_key_of(&fields).await;
        for form in [vec![("token", secret.as_str())], vec![("token", &secret), ("token_type_hint", "access_token"), ("client_id", "x")]] {
            let answer = world.introspect(&form).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
            assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
            let expected = json!({
                "active": true,
                "scope": "shifts:read users:read",
                "client_id": id.as_str(),
                "token_type": "Bearer",
                "exp": NOON + 7 * 86_400,
                "iat": NOON,
                "sub": world.team_id("olga"),
                "iss": world.url,
                "name": "HR sync",
                "kind": "secret",
                "project": null,
                "fields": {"users": ["name"]},
            });
            assert_eq!(answer.json(), expected);
        }
        let (_, forever) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await;
        assert_eq!(world.introspect(&[("token", &forever)]).await.json().get("exp"), None);
    }
);

both_engines!(with_routes =>
    async fn of_any_other_text_nothing_is_told(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, expired) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read"), ("expiration", "7d")]).await;
        let (id, revoked) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await;
        assert_eq!(olga.revoke(&id).await.status, 303);
        world.clock.advance(7 * 86_400);
        for text in [&expired, &revoked, &unknown_key(), "", "x", "\u{0}", "schlüssel", &format!("{revoked} ")] {
            let answer = world.introspect(&[("token", text)]).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, "{\"active\":false}"));
        }
    }
);

both_engines!(with_routes =>
    async fn a_bounded_key_is_active_for_a_request_within_its_bounds(world) {
        let mut olga = world.sign_in("olga").await;
        let fields = [("kind", "web"), ("permission", "shifts:read"), ("domain", "app.example.com"), ("address", "192.0.2.0/24")];
        let (_, key) = olga.create_key_of(&fields).await;
        let (origin, address) = (("origin", "https://app.example.com"), ("address", "192.0.2.7"));
        for (more, is_active) in [
            (vec![origin, address], true),
            (vec![origin], false),
            (vec![address], false),
            (vec![], false),
            (vec![("origin", "https://evil.example"), address], false),
            (vec![origin, ("address", "198.51.100.1")], false),
        ] {
            let form: Vec<_> = std::iter::once(("token", key.as_str())).chain(more.iter().copied()).collect();
            assert_eq!(world.introspect(&form).await.json()["active"], json!(is_active), "{more:?}");
        }
    }
);

both_engines!(with_routes =>
    async fn what_is_no_such_form_is_told_so(world) {
        for form in [
            vec![],
            vec![("Token", "x")],
            vec![("token", "x"), ("token", "x")],
            vec![("token", "x"), ("address", "here")],
            vec![("token", "x"), ("origin", "a"), ("origin", "a")],
        ] {
            assert_eq!(world.introspect(&form).await.refusal(), (400, "BAD_REQUEST".into()), "{form:?}");
        }
        assert_eq!(world.introspect(&[("token", &"x".repeat(17_000))]).await.refusal(), (413, "BODY_TOO_LARGE".into()));
        let mut program = world.program();
        assert_eq!(program.post_body("/v1/introspect", "{\"token\":\"x\"}".into()).await.status, 400);
    }
);

both_engines!(with_routes =>
    async fn only_those_who_may_ask_are_answered(world) {
        let mut program = world.program();
        program.headers.push(("X-Forwarded-For", "127.0.0.1".into()));
        let answer = program.post_body("/v1/introspect", "token=x".into()).await;
        assert_eq!(answer.refusal(), (401, "ASKER_NOT_ALLOWED".into()));
        let token = world.add_gate_token("introspection");
        program.headers.push(("Authorization", format!("Bearer {token}")));
        assert_eq!(program.post_body("/v1/introspect", "token=x".into()).await.status, 200);
    }
);
