//! Endpoints for machines answer at their literal path alone: what a proxy in front hides stays hidden.

use keyrack::app::{DOORS, GATE_DOORS};
use keyrack::assets;

use crate::both_engines;
use crate::world::gate::{bearer, with_routes};
use crate::world::wire;

/// The same path with one byte written as an escape, for each of its bytes.
fn escaped(path: &str) -> impl Iterator<Item = String> {
    path.char_indices().skip(1).flat_map(|(at, c)| {
        let (before, after) = (&path[..at], &path[at + c.len_utf8()..]);
        let code = c as u32;
        [format!("{before}%{code:02x}{after}"), format!("{before}%{code:02X}{after}")]
    })
}

both_engines!(with_routes =>
    async fn an_escaped_spelling_of_a_machine_path_is_not_found(world) {
        let (_, secret) = world.sign_in("olga").await.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await;
        let (_, key) = bearer(&secret);
        let routes = GATE_DOORS.iter().chain(DOORS).filter(|route| route.0 != assets::ADDRESS);
        let mut tried = 0;
        for (pattern, method, _) in routes {
            let (path, rest) = pattern.split_once('{').map_or((*pattern, ""), |(path, _)| (path, "/v2/shifts/7"));
            let method = if *method == "ANY" { "GET" } else { method };
            for spelling in escaped(path) {
                let line = format!("{method} {spelling}{rest} HTTP/1.1");
                let key = format!("Authorization: {key}");
                let told = ["X-Original-Method: GET", "X-Original-URI: /v2/shifts/7", "X-Forwarded-Method: GET", "X-Forwarded-Uri: /v2/shifts/7"];
                let host = format!("Host: {}", world.url.trim_start_matches("http://"));
                let lines = [&[line.as_str(), &host, &key, "Content-Length: 0"], &told[..]].concat();
                let (status, head, _) = wire::send(&world.url, &lines);
                // POST and DELETE of pages are refused before anything is looked for.
                let expected: &[u16] = if matches!(method, "GET") { &[404] } else { &[403, 404] };
                assert!(expected.contains(&status), "{line}: {head}");
                assert!(!head.to_lowercase().contains("x-key-"), "{line}: {head}");
                tried += 1;
            }
        }
        assert!(tried > 200, "{tried}");
    }
);
