//! Whatever bytes come to a machine's door, it answers, and never with more than a refusal.

use keyrack::keys::secret::KeySecret;

use crate::both_engines;
use crate::world::gate::{unknown_key, with_routes};
use crate::world::{Person, World, wire};

/// A door that answers 200 to a good key that may read shifts: method, address, and the headers it needs.
type Door = (&'static str, &'static str, &'static str);

const DOORS: [Door; 5] = [
    ("GET", "/v1/keys/self", ""),
    ("GET", "/auth/nginx", "X-Original-Method: GET\r\nX-Original-URI: /v2/shifts/7\r\n"),
    ("GET", "/auth/traefik", "X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /v2/shifts/7\r\n"),
    ("GET", "/auth/caddy?require=shifts:read", ""),
    ("GET", "/auth/envoy/v2/shifts/7", ""),
];

async fn key(world: &World) -> String {
    let mut olga: Person = world.sign_in("olga").await;
    olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await.1
}

/// Sends header lines as they stand to a door; each ends as it says itself.
fn knock(world: &World, (method, path, own): Door, lines: &[u8]) -> (u16, String) {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: keyrack\r\nConnection: close\r\n{own}").into_bytes();
    request.extend_from_slice(lines);
    request.extend_from_slice(b"\r\n");
    wire::send_bytes(&world.url, &request)
}

#[track_caller]
fn assert_refused((status, answer): (u16, String), secret: &str, what: &str) {
    assert!(matches!(status, 400 | 401 | 403 | 429 | 431), "{what}: {status} {answer}");
    assert!(!answer.contains(secret), "{what}: the key is echoed");
}

/// Whether the server still takes good requests.
#[track_caller]
fn assert_well(world: &World, secret: &str) {
    for door in DOORS {
        let line = format!("Authorization: Bearer {secret}\r\n");
        assert_eq!(knock(world, door, line.as_bytes()).0, 200, "{door:?}");
    }
}

both_engines!(with_routes =>
    async fn a_key_that_is_altered_in_any_way_is_refused(world) {
        let secret = key(&world).await;
        let swapped = secret.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
        let mut altered = vec![swapped.collect(), secret.to_uppercase(), secret.to_lowercase(), secret.replace('_', "-")];
        altered.extend((1..secret.len()).flat_map(|at| [secret[..at].to_owned(), secret[at..].to_owned()]));
        altered.extend([format!("{secret}{secret}"), format!("0{secret}"), format!("{secret}0"), format!("{secret}="), format!("\"{secret}\"")]);
        altered.extend([format!("{secret},{secret}"), format!("{secret};"), format!("{secret}%20"), format!("{secret}\\n"), secret.replacen("sk", "%73k", 1)]);
        for door in DOORS {
            for text in &altered {
                let answered = knock(&world, door, format!("Authorization: Bearer {text}\r\n").as_bytes());
                assert!(matches!(answered.0, 401 | 403 | 429), "{door:?} {}: {}", text.len(), answered.0);
                assert!(!answered.1.contains(&secret), "the key is echoed");
            }
            world.clock.advance(60);
        }
        assert_well(&world, &secret);
    }
);

both_engines!(with_routes =>
    async fn no_bytes_in_a_header_open_a_door(world) {
        let secret = key(&world).await;
        let lines: Vec<Vec<u8>> = vec![
            format!("Authorization: Bearer {secret}\0\r\n").into(),
            format!("Authorization: Bearer \0{secret}\r\n").into(),
            format!("Authorization:\0Bearer {secret}\r\n").into(),
            format!("Authorization\0: Bearer {secret}\r\n").into(),
            [b"Authorization: Bearer ", secret.as_bytes(), b"\xff\r\n"].concat(),
            [b"Authorization: Bearer \xc3\xa9", secret.as_bytes(), b"\r\n"].concat(),
            [b"Authorization: Bearer\xa0", secret.as_bytes(), b"\r\n"].concat(),
            format!("Authorization: Bearer\u{200b} {secret}\r\n").into(),
            format!("Authorization: Bearer {secret}\u{200b}\r\n").into(),
            format!("Authorization: Bearer\t{secret}\r\n").into(),
            format!("Authorization: Bearer  {secret}\r\n").into(),
            format!("Authorization: Bearer {secret} x\r\n").into(),
            format!("Authorization : Bearer {secret}\r\n").into(),
            format!(" Authorization: Bearer {secret}\r\n").into(),
            format!("Authorization: Bearer\r\n {secret}\r\n").into(),
            format!("X: y\r\n Authorization: Bearer {secret}\r\n").into(),
            format!("Authorization: Bearer {secret}\rX: y\r\n").into(),
            format!("Authorization Bearer {secret}\r\n").into(),
            format!(": Bearer {secret}\r\n").into(),
            format!("Auth\u{f6}rization: Bearer {secret}\r\n").into(),
            format!("Authorization_: Bearer {secret}\r\n").into(),
            format!("Proxy-Authorization: Bearer {secret}\r\n").into(),
            format!("X_API_Key: {secret}\r\n").into(),
            format!("Cookie: Authorization=Bearer {secret}; key={secret}\r\n").into(),
            format!("Authorization: {secret}\r\n").into(),
            format!("Authorization: Basic {secret}\r\n").into(),
            format!("Authorization: Bearer={secret}\r\n").into(),
            format!("Authorization: Bearer token={secret}\r\n").into(),
            format!("Authorization: Bearer Bearer {secret}\r\n").into(),
            format!("X-API-Key: Bearer {secret}\r\n").into(),
        ];
        for door in DOORS {
            for line in &lines {
                assert_refused(knock(&world, door, line), &secret, &format!("{door:?} {:?}", String::from_utf8_lossy(line).replace(&secret, "KEY")));
            }
            world.clock.advance(60);
        }
        assert_well(&world, &secret);
    }
);

both_engines!(with_routes =>
    async fn two_credentials_of_ours_are_none(world) {
        let (secret, other) = (key(&world).await, unknown_key());
        let bearer = |secret: &str| format!("Authorization: Bearer {secret}\r\n");
        let own = |secret: &str| format!("X-API-Key: {secret}\r\n");
        for door in DOORS {
            for lines in [
                [bearer(&secret), bearer(&secret)],
                [bearer(&secret), bearer(&other)],
                [bearer(&other), bearer(&secret)],
                [bearer(&secret), "authorization: Basic eDp5\r\n".into()],
                ["AUTHORIZATION: Basic eDp5\r\n".into(), bearer(&secret)],
                [bearer(&secret), "Authorization:\r\n".into()],
                [bearer(&secret), own(&other)],
                [own(&secret), own(&other)],
                [format!("Authorization: Bearer {secret}, Bearer {secret}\r\n"), String::new()],
                [format!("Authorization: Bearer {secret},{other}\r\n"), String::new()],
            ] {
                let lines = lines.concat();
                assert_refused(knock(&world, door, lines.as_bytes()), &secret, &format!("{door:?} {}", lines.replace(&secret, "KEY")));
            }
        }
        assert_well(&world, &secret);
    }
);

both_engines!(with_routes =>
    async fn headers_of_a_megabyte_are_refused(world) {
        let secret = key(&world).await;
        let (long, good) = ("x".repeat(1_000_000), format!("Authorization: Bearer {secret}\r\n"));
        let many: String = (0..5_000).map(|n| format!("X-{n}: {n}\r\n")).collect();
        for door in DOORS {
            for lines in [
                format!("Authorization: Bearer {long}\r\n"),
                format!("X-API-Key: {long}\r\n"),
                format!("{good}X-Long: {long}\r\n"),
                format!("{long}: x\r\n{good}"),
                format!("{many}{good}"),
                format!("X-Original-URI: /{long}\r\nX-Forwarded-Uri: /{long}\r\n{good}"),
            ] {
                let (status, answer) = knock(&world, door, lines.as_bytes());
                assert!(matches!(status, 0 | 400 | 401 | 403 | 413 | 414 | 431), "{door:?}: {status}");
                assert!(!answer.contains(&secret));
            }
            let (method, path, own) = door;
            let path = format!("{path}?{long}");
            let request = format!("{method} {path} HTTP/1.1\r\nHost: keyrack\r\n{own}{good}\r\n");
            let (status, _) = wire::send_bytes(&world.url, request.as_bytes());
            assert!(matches!(status, 0 | 400 | 401 | 403 | 414 | 431), "{door:?}: {status}");
            assert_eq!(knock(&world, door, good.as_bytes()).0, 200, "{door:?}");
        }
    }
);

both_engines!(with_routes =>
    async fn a_request_that_can_be_framed_in_two_ways_is_refused(world) {
        let secret = key(&world).await;
        let good = format!("Authorization: Bearer {secret}\r\n");
        for door in DOORS {
            for framing in [
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
                "Content-Length: -1\r\n",
                "Content-Length: +5\r\n\r\nhello",
                "Content-Length: 99999999999999999999999\r\n",
                "Content-Length: 0x5\r\n\r\nhello",
                "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            ] {
                let (status, _) = knock(&world, door, format!("{good}{framing}").as_bytes());
                assert!((400..500).contains(&status), "{door:?} {framing:?}: {status}");
            }
            // What is one request is answered, whatever it brings along.
            for body in ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "Content-Length: 100000\r\n\r\ncut"] {
                assert_eq!(knock(&world, door, format!("{good}{body}").as_bytes()).0, 200, "{door:?} {body:?}");
            }
        }
        for line in ["GET /v1/keys/self", "GET  /v1/keys/self HTTP/1.1", "GET /v1/keys/self HTTP/9.9", "GET\t/v1/keys/self HTTP/1.1", "\0 / HTTP/1.1", "GET /v1/keys/self\0 HTTP/1.1", "", "GET * HTTP/1.1", "GET v1/keys/self HTTP/1.1", "CONNECT keyrack:80 HTTP/1.1"] {
            let (status, answer) = wire::send_bytes(&world.url, format!("{line}\r\nHost: keyrack\r\n{good}\r\n").as_bytes());
            assert!(status == 0 || (400..500).contains(&status), "{line:?}: {answer}");
        }
        assert_well(&world, &secret);
    }
);

both_engines!(with_routes =>
    async fn no_body_makes_a_program_s_door_fail(world) {
        let secret = key(&world).await;
        let post = |path: &str, head: &str, body: &[u8]| {
            let head = format!("POST {path} HTTP/1.1\r\nHost: keyrack\r\nConnection: close\r\n{head}\r\n");
            wire::send_bytes(&world.url, &[head.as_bytes(), body].concat())
        };
        let sized = |path: &str, body: &[u8]| post(path, &format!("Content-Length: {}\r\n", body.len()), body);
        let question = format!("{{\"key\":\"{secret}\"}}");
        assert_eq!(sized("/v1/keys/verify", question.as_bytes()).0, 200);
        let bodies: Vec<Vec<u8>> = vec![
            b"".into(),
            b"\0".into(),
            b"\xff\xfe{\0\"\0".into(),
            b"\xef\xbb\xbf{}".into(),
            b"{\"key\":\"\xff\"}".into(),
            b"{\"key\":\"\0\"}".into(),
            b"{\"key\":\"\\ud800\"}".into(),
            b"{\"key\":1e999}".into(),
            b"{\"key\":{\"key\":{\"key\":{}}}}".into(),
            vec![b'['; 16_000],
            b"{\"a\":".repeat(3_000),
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00".into(),
            format!("--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n{secret}\r\n--x--").into(),
        ];
        for body in &bodies {
            for path in ["/v1/keys/verify", "/v1/introspect"] {
                let (status, answer) = sized(path, body);
                assert_eq!(status, 400, "{path} {:?}: {answer}", String::from_utf8_lossy(body).replace(&secret, "KEY"));
                assert!(answer.contains("application/problem+json") && !answer.contains(&secret), "{answer}");
            }
        }
        let long = vec![b' '; 20_000];
        for path in ["/v1/keys/verify", "/v1/introspect"] {
            assert_eq!(sized(path, &long).0, 413, "{path}");
            assert_eq!(post(path, "Content-Length: 20000\r\n", b"").0, 413, "{path}: it is not waited for");
            let chunked = [b"4e20\r\n".as_slice(), &long, b"\r\n0\r\n\r\n"].concat();
            assert_eq!(post(path, "Transfer-Encoding: chunked\r\n", &chunked).0, 413, "{path}");
            for (head, body) in [("Content-Length: 100\r\n", "{\"key\""), ("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n")] {
                let (status, answer) = post(path, head, body.as_bytes());
                assert!(matches!(status, 0 | 400), "{path} {head}: {answer}");
            }
        }
        assert_eq!(sized("/v1/keys/verify", question.as_bytes()).0, 200);
    }
);

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

both_engines!(with_routes =>
    async fn requests_of_scraps_are_answered_without_a_fault(world) {
        let secret = key(&world).await;
        // Of a framing that it cannot read a library tells all at its lowest level, to which no log of ours is set: it is
        // not the key that the logs are searched for.
        let bearer = format!("Bearer {}", KeySecret::mint_from_os("sk_live_").expose());
        let scraps: Vec<&[u8]> = vec![
            b"Authorization: ", b"X-API-Key: ", b"X-Original-URI: ", b"X-Original-Method: ", b"X-Forwarded-Uri: ",
            b"X-Forwarded-Method: ", b"X-Forwarded-For: ", b"X-Gate-Token: ", b"Origin: ", b"X-Real-IP: ", b"\r\n", b"\r\n",
            b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b"\xff", b":", b",", b"/v2/shifts/7", b"%2e%2e", b"GET", b"OPTIONS",
            b"Bearer ", bearer.as_bytes(), b"gate_", b"192.0.2.7", b"[::1]", b"https://app.example.com", b"Transfer-Encoding: chunked",
            b"Content-Length: 3", b"Expect: 100-continue", b"Upgrade: websocket", b"{\"key\":", b"token=",
        ];
        let starts = ["GET /auth/nginx HTTP/1.1", "GET /auth/caddy?require=shifts:read HTTP/1.1", "POST /auth/envoy/-/shifts:read//x HTTP/1.1", "GET /v1/keys/self HTTP/1.1", "POST /v1/keys/verify HTTP/1.1", "POST /v1/introspect HTTP/1.0"];
        let mut dice = Dice(7);
        for _ in 0..400 {
            let mut request = format!("{}\r\nHost: keyrack\r\nConnection: close\r\n", starts[dice.below(starts.len())]).into_bytes();
            for _ in 0..dice.below(16) {
                request.extend_from_slice(scraps[dice.below(scraps.len())]);
            }
            request.extend_from_slice(b"\r\n\r\n");
            let (status, answer) = wire::send_bytes(&world.url, &request);
            assert!(status < 500 && !answer.contains(&bearer[7..]), "{:?}: {answer}", String::from_utf8_lossy(&request));
        }
        world.clock.advance(60);
        assert_well(&world, &secret);
    }
);
