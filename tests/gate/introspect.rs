//! The door at which programs ask as OAuth's do (RFC 7662).

use data_encoding::BASE64;
use serde_json::json;

use crate::both_engines;
use crate::world::form::Answer;
use crate::world::gate::{unknown_key, with_routes};
use crate::world::{NOON, World, logs};

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
        assert_eq!(answer.refusal(), (401, "CALLER_NOT_ALLOWED".into()));
        let token = world.add_gate_token("introspection");
        program.headers.push(("Authorization", format!("Bearer {token}")));
        assert_eq!(program.post_body("/v1/introspect", "token=x".into()).await.status, 200);
    }
);

/// The answer to a form that is sent with these headers.
async fn sent(world: &World, headers: &[(&'static str, String)], form: &[(&str, &str)]) -> Answer {
    let mut program = world.program();
    program.headers = headers.to_vec();
    program.content_type = "application/x-www-form-urlencoded";
    program.post_body("/v1/introspect", serde_html_form::to_string(form).unwrap()).await
}

fn basic(user: &str, password: &str) -> (&'static str, String) {
    let value = BASE64.encode(format!("{user}:{password}").as_bytes());
    logs::remember(&value);
    ("Authorization", format!("Basic {value}"))
}

both_engines!(with_routes =>
    async fn the_gate_token_may_come_in_three_ways_with_any_client_id(world) {
        let token = world.add_gate_token("rfc7662");
        let encoded: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let proxied = ("X-Forwarded-For", "192.0.2.7".to_owned());
        for header in [
            ("Authorization", format!("Bearer {token}")),
            basic("client", &token),
            basic("", &token),
            basic("urn%3Aa", &encoded),
        ] {
            let answer = sent(&world, &[proxied.clone(), header.clone()], &[("token", "x")]).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let verified = world.verify_as(&[proxied.clone(), header], &json!({"key": "x"})).await;
            assert_eq!(verified.status, 200, "{}", verified.body);
        }
        for form in [
            vec![("token", "x"), ("client_secret", token.as_str())],
            vec![("client_id", "any"), ("client_secret", &token), ("token", "x"), ("token_type_hint", "access_token")],
        ] {
            assert_eq!(sent(&world, std::slice::from_ref(&proxied), &form).await.status, 200);
        }
        // verify reads JSON: a secret has no place in it.
        let question = json!({"key": "x", "client_secret": token});
        assert_eq!(world.verify_as(&[], &question).await.refusal(), (400, "BAD_REQUEST".into()));
    }
);

both_engines!(with_routes =>
    async fn a_token_that_is_sent_and_wrong_is_refused_from_everywhere(world) {
        let token = world.add_gate_token("rfc7662");
        let wrong = format!("{}{}", &token[..token.len() - 1], if token.ends_with('A') { 'B' } else { 'A' });
        let bearer = |token: &str| ("Authorization", format!("Bearer {token}"));
        for elsewhere in [None, Some(("X-Forwarded-For", "192.0.2.7".to_owned()))] {
            for (header, form) in [
                (Some(bearer(&wrong)), vec![("token", "x")]),
                (Some(basic("client", &wrong)), vec![("token", "x")]),
                (Some(basic("client", "password")), vec![("token", "x")]),
                (Some(basic(&token, "password")), vec![("token", "x")]),
                (Some(("Authorization", "Basic %".to_owned())), vec![("token", "x")]),
                (Some(("Authorization", "Digest x".to_owned())), vec![("token", "x")]),
                (None, vec![("token", "x"), ("client_secret", wrong.as_str())]),
                (None, vec![("token", "x"), ("client_secret", "")]),
                // A wrong one does not become right with a right one next to it.
                (Some(bearer(&wrong)), vec![("token", "x"), ("client_secret", token.as_str())]),
            ] {
                let headers: Vec<_> = elsewhere.iter().cloned().chain(header.clone()).collect();
                let answer = sent(&world, &headers, &form).await;
                assert_eq!(answer.refusal(), (401, "CALLER_NOT_ALLOWED".into()), "{:?}", form.len());
                let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().cloned().collect();
                assert_eq!(challenges, ["Bearer realm=\"Keyrack gate\", error=\"invalid_token\"", "Basic realm=\"Keyrack gate\""]);
                if let Some(header) = header {
                    let headers: Vec<_> = elsewhere.iter().cloned().chain([header]).collect();
                    let verified = world.verify_as(&headers, &json!({"key": "x"})).await;
                    assert_eq!(verified.refusal(), (401, "CALLER_NOT_ALLOWED".into()));
                }
            }
        }
    }
);

both_engines!(with_routes =>
    async fn the_token_is_sent_in_one_way_only(world) {
        let token = world.add_gate_token("rfc7662");
        let header = ("Authorization", format!("Bearer {token}"));
        for secret in [token.as_str(), "wrong", ""] {
            let answer = sent(&world, std::slice::from_ref(&header), &[("token", "x"), ("client_secret", secret)]).await;
            assert_eq!(answer.refusal(), (400, "BAD_REQUEST".into()));
        }
        let twice = [("token", "x"), ("client_secret", token.as_str()), ("client_secret", &token)];
        assert_eq!(sent(&world, &[], &twice).await.refusal(), (400, "BAD_REQUEST".into()));
        // Strangers learn nothing from a body that cannot be read.
        let stranger = ("X-Forwarded-For", "192.0.2.7".to_owned());
        for form in [&twice[..], &[("client_id", "x")], &[]] {
            assert_eq!(sent(&world, std::slice::from_ref(&stranger), form).await.refusal(), (401, "CALLER_NOT_ALLOWED".into()));
        }
        let two = [header.clone(), basic("client", &token)];
        assert_eq!(sent(&world, &two, &[("token", "x")]).await.status, 401);
    }
);
