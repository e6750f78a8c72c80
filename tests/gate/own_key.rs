//! The door at which a key asks about itself, and revokes itself.

use std::io::{Read, Write};
use std::net::TcpStream;

use keyrack::keys::address;
use keyrack::keys::secret::KeySecret;
use reqwest::Method;
use serde_json::{Value, json};

use crate::both_engines;
use crate::world::form::Answer;
use crate::world::keys::{SELF, url};
use crate::world::{NOON, Person, World, logs};

/// What the door answers to these headers, byte for byte as they stand.
fn raw(world: &World, method: &str, path: &str, headers: &[&[u8]]) -> (u16, String) {
    let host = world.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n").into_bytes();
    for header in headers {
        request.extend_from_slice(header);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), answer)
}

fn headers(lines: &[Vec<u8>]) -> Vec<&[u8]> {
    lines.iter().map(Vec::as_slice).collect()
}

/// A key that could have been made here, and was not.
fn unknown_key() -> String {
    let secret = KeySecret::mint_from_os("sk_live_").expose().to_owned();
    logs::remember(&secret);
    secret
}

/// A refusal as RFC 6750 and RFC 9457 want it, with its code; the credential is not echoed.
fn assert_refused(answer: &Answer, code: &str, presented: &str) {
    assert_eq!(answer.status, 401, "{code}: {}", answer.body);
    let challenge =
        if code == "MISSING" { "Bearer realm=\"Soon\"" } else { "Bearer realm=\"Soon\", error=\"invalid_token\"" };
    assert_eq!(answer.header("www-authenticate").replace("Keyrack", "Soon"), challenge, "{code}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((told["code"].as_str(), told["status"].as_u64()), (Some(code), Some(401)));
    assert_eq!(told["request_id"].as_str(), Some(answer.header("x-request-id")));
    assert!(told["request_id"].as_str().unwrap().starts_with("req_"));
    assert!(told["title"].is_string() && told["detail"].is_string());
    for part in ["HR sync", "Northwind", "shifts:read"] {
        assert!(!answer.body.contains(part), "{code} tells {part}");
    }
    assert!(presented.len() < 8 || !answer.body.contains(presented), "the credential is echoed");
}

async fn get(person: &Person, secret: &str) -> Answer {
    person.present(Method::GET, secret).await
}

both_engines!(
    async fn a_good_key_is_told_what_it_may(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key_for("3m", "HR sync – É", &["users:read", "shifts:write", "shifts:read"]).await;
        let answer = get(&olga, &secret).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
        assert_eq!((answer.header("set-cookie"), answer.header("content-security-policy")), ("", ""));
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        let expected = json!({
            "id": id.as_str(),
            "name": "HR sync – É",
            "team": {"id": world.team_id("olga"), "name": "Northwind Rota"},
            "project": null,
            "kind": "secret",
            "permissions": ["shifts:read", "shifts:write", "users:read"],
            "fields": {},
            "created_at": "2026-11-21T12:00:00Z",
            "expires_at": "2027-02-21T12:00:00Z",
            "status": "active",
        });
        assert_eq!(told, expected);
        let order: Vec<_> = ["\"id\"", "\"name\"", "\"team\"", "\"project\"", "\"kind\"", "\"permissions\"", "\"fields\"", "\"created_at\"", "\"expires_at\"", "\"status\""]
            .map(|name| answer.body.find(name).unwrap())
            .into();
        assert!(order.is_sorted(), "{}", answer.body);
        let (_, forever) = olga.create_key("HR sync", &["shifts:read"]).await;
        let told: Value = serde_json::from_str(&get(&olga, &forever).await.body).unwrap();
        assert_eq!(told["expires_at"], Value::Null);
    }
);

both_engines!(
    async fn both_headers_are_taken_and_the_scheme_in_any_case(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            let line = format!("Authorization: {scheme} {secret}").into_bytes();
            assert_eq!(raw(&world, "GET", SELF, &[&line]).0, 200, "{scheme}");
        }
        let own = format!("X-API-Key: {secret}").into_bytes();
        for other in ["", "Authorization: Basic b2xnYTpodXNo", "Authorization: Digest x", "Authorization: Negotiate", "Authorization:"] {
            let lines = [own.clone(), other.as_bytes().to_vec()];
            let lines = headers(if other.is_empty() { &lines[..1] } else { &lines });
            assert_eq!(raw(&world, "GET", SELF, &lines).0, 200, "X-API-Key beside {other:?}");
        }
        assert_eq!(raw(&world, "HEAD", SELF, &[&own]).0, 200);
    }
);

both_engines!(
    async fn a_key_revokes_itself(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        world.clock.advance(60);
        let answer = olga.present(Method::DELETE, &secret).await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header("cache-control")), (204, "", "no-store"));
        assert_eq!(olga.knock(&secret).await, 401);
        let row = world.key_row(&id).unwrap();
        assert_eq!((row.revoked_at, row.revoked_by), (Some(NOON + 60), None));
        let line = world.audit().pop().unwrap();
        assert_eq!((line.action.as_str(), line.person_id, line.address.as_deref()), ("key_revoked", None, Some("127.0.0.1")));
        assert_eq!((line.subject.as_str(), line.team_id, line.at), (id.as_str(), Some(world.team_id("olga")), NOON + 60));
        assert_refused(&olga.present(Method::DELETE, &secret).await, "REVOKED", &secret);
        assert_eq!(world.audit().len(), 2);
        assert_eq!(olga.get(address::LIST).await.texts("td.key-status"), ["Revoked"]);
    }
);

both_engines!(
    async fn a_key_revoking_itself_twenty_times_at_once_does_it_once(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let sent: Vec<_> = (0..20)
            .map(|_| {
                let (machine, secret) = (olga.clone(), secret.clone());
                tokio::spawn(async move { machine.present(Method::DELETE, &secret).await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for status in sent {
            statuses.push(status.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (204, [401; 19].as_slice()));
        assert_eq!(world.history(&id), ["key_created: HR sync", "key_revoked: HR sync"]);
    }
);

both_engines!(
    async fn a_key_is_good_until_one_second_before_its_end_and_refused_at_it(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, secret) = olga.create_key_for("7d", "HR sync", &["shifts:read"]).await;
        world.clock.advance(7 * 86_400 - 1);
        assert_eq!(olga.knock(&secret).await, 200);
        world.clock.advance(1);
        assert_refused(&get(&olga, &secret).await, "EXPIRED", &secret);
        assert_refused(&olga.present(Method::DELETE, &secret).await, "EXPIRED", &secret);
        assert!(world.key_rows()[0].revoked_at.is_none());
        world.clock.advance(365 * 86_400);
        assert_eq!(olga.knock(&secret).await, 401);
    }
);

both_engines!(
    async fn a_key_can_do_nothing_but_that(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:write", "users:read"]).await;
        let mut machine = world.visitor();
        machine.headers.push(("Authorization", format!("Bearer {secret}")));
        for path in [address::LIST, address::NEW, &url(address::KEY, &id), &url(address::EDIT, &id), "/account/security"] {
            assert_eq!(machine.get(path).await.status, 303, "{path}");
        }
        let before = world.key_rows();
        for path in [address::LIST_OF_KEYS, &url(address::REVOCATION, &id), &url(address::DELETION, &id), &url(address::EDIT, &id)] {
            assert_eq!(machine.post_body(path, "name=x".into()).await.status, 303, "{path}");
        }
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            let answer = machine.send(method, SELF, None).await;
            assert_eq!((answer.status, answer.header("content-type")), (405, "application/problem+json"));
        }
        assert_eq!(world.key_rows(), before);
    }
);

both_engines!(
    async fn what_is_no_key_is_refused_and_told_why(world) {
        let olga = world.visitor();
        let mut nobody = world.visitor();
        assert_refused(&nobody.get(SELF).await, "MISSING", "");
        assert_refused(&nobody.send(Method::DELETE, SELF, None).await, "MISSING", "");
        assert_refused(&get(&olga, &unknown_key()).await, "NOT_FOUND", "");
        let good = unknown_key();
        let typo = format!("{}{}", &good[..39], if good.ends_with('x') { 'y' } else { 'x' });
        let swapped = good.replacen("live", "test", 1);
        let malformed = ["x", "sk_live_", &typo, &swapped, &good[..39], &good[1..], &good.to_uppercase(), &format!("{good}{good}{good}{good}")];
        for presented in malformed {
            assert_refused(&get(&olga, presented).await, "MALFORMED", presented);
            assert_refused(&olga.present(Method::DELETE, presented).await, "MALFORMED", presented);
        }
    }
);

both_engines!(
    async fn a_revoke_in_the_browser_holds_at_once_and_for_ever(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key_for("7d", "HR sync", &["shifts:read"]).await;
        assert_eq!(olga.knock(&secret).await, 200);
        olga.revoke(&id).await;
        assert_refused(&get(&olga, &secret).await, "REVOKED", &secret);
        world.clock.advance(30 * 86_400);
        assert_refused(&get(&olga, &secret).await, "REVOKED", &secret);
    }
);

both_engines!(
    async fn a_key_in_the_query_is_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let mut machine = world.visitor();
        for name in ["key", "api_key", "access_token", "token", "X-API-Key", "authorization"] {
            let answer = machine.get(&format!("{SELF}?{name}={secret}")).await;
            assert_refused(&answer, "MISSING", &secret);
        }
        // A cookie is no credential here either, nor does a person's session count.
        machine.cookies.insert("Authorization".into(), secret.clone());
        assert_refused(&machine.get(SELF).await, "MISSING", &secret);
        assert_refused(&olga.get(SELF).await, "MISSING", &secret);
    }
);

both_engines!(
    async fn headers_that_can_be_read_in_two_ways_are_refused(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let (_, other) = olga.create_key("Another", &["shifts:read"]).await;
        let line = |text: &str| text.replace("KEY", &secret).into_bytes();
        let malformed: Vec<Vec<Vec<u8>>> = vec![
            vec![line("Authorization: Bearer KEY"), line("Authorization: Bearer KEY")],
            vec![line("Authorization: Bearer KEY"), line("Authorization: Basic b2xnYTpodXNo")],
            vec![line("Authorization: Basic b2xnYTpodXNo"), line("authorization: Bearer KEY")],
            vec![line("Authorization: Bearer KEY, Bearer OTHER")],
            vec![line("Authorization: Bearer  KEY")],
            vec![line("Authorization: Bearer KEY x")],
            vec![line("Authorization: Bearer \"KEY\"")],
            vec![line("Authorization: Bearer Bearer KEY")],
            vec![line("Authorization: Bearer")],
            vec![line("X-API-Key: Bearer KEY")],
            vec![line("X-API-Key:")],
            vec![format!("Authorization: Bearer {}{secret}", "a".repeat(100)).into_bytes()],
            vec![format!("Authorization: Bearer {}", "a".repeat(6_000)).into_bytes()],
            vec![[b"Authorization: Bearer \xff\xfe".as_slice(), secret.as_bytes()].concat()],
            vec![[b"Authorization: Bearer ".as_slice(), secret.as_bytes(), b"\xc3\xa9"].concat()],
            vec![[b"X-API-Key: ".as_slice(), secret.as_bytes(), b"\x80"].concat()],
        ];
        for lines in malformed {
            let shown = lines.iter().map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join(" | ");
            let (status, answer) = raw(&world, "GET", SELF, &headers(&lines));
            assert_eq!(status, 401, "{shown}: {answer}");
            assert!(answer.contains("\"MALFORMED\"") && answer.contains("error=\"invalid_token\""), "{shown}: {answer}");
            assert!(!answer.contains(&secret), "{shown} is echoed");
            assert_eq!(raw(&world, "DELETE", SELF, &headers(&lines)).0, 401, "{shown}");
        }
        for none in [b"Authorization: Basic b2xnYTpodXNo".as_slice(), b"Authorization: \xff", b"Authorization:", b"X-Api: x"] {
            let (status, answer) = raw(&world, "GET", SELF, &[none]);
            assert!(status == 401 && answer.contains("\"MISSING\""), "{answer}");
            assert!(!answer.contains("invalid_token"), "an error is named only where a credential was sent: {answer}");
        }
        for bytes in [[b"Authorization: Bearer ".as_slice(), secret.as_bytes(), b"\0"].concat(), b"Authorization: Bearer a\x07b".to_vec()] {
            assert!([400, 401].contains(&raw(&world, "GET", SELF, &[&bytes]).0));
        }
        assert_eq!((olga.knock(&secret).await, olga.knock(&other).await), (200, 200), "nobody revoked them by accident");
        assert_eq!(world.audit().len(), 2);
    }
);

both_engines!(
    async fn cookies_and_where_a_page_comes_from_are_ignored(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let mut with_all = olga.clone();
        with_all.cookies.insert("__Host-session".into(), "broken-cookie".into());
        with_all.headers.push(("Authorization", format!("Bearer {secret}")));
        with_all.headers.push(("Sec-Fetch-Site", "cross-site".into()));
        with_all.headers.push(("Origin", "http://evil.example".into()));
        with_all.headers.push(("HX-Request", "true".into()));
        let answer = with_all.get(SELF).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (200, ""));
        let (status, _) = raw(&world, "GET", SELF, &[format!("X-API-Key: {secret}").as_bytes(), b"X-Forwarded-For: 10.0.0.1"]);
        assert_eq!(status, 200);
        assert_eq!(with_all.send(Method::DELETE, SELF, None).await.status, 204);
        assert_eq!(world.audit().pop().unwrap().address.as_deref(), Some("127.0.0.1"));
    }
);
