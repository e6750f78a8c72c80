//! What a gate token opens, from when and until when.

use keyrack::keys::catalog::file;
use serde_json::json;

use crate::both_engines;
use crate::world::World;
use crate::world::gate::{CATALOG, Proxy, bearer, with_routes};
use crate::world::keys::SELF;

/// What a program is answered that comes through a proxy, with a token.
async fn asks(world: &World, token: &str) -> u16 {
    let headers = [("X-Forwarded-For", "192.0.2.7".to_owned()), ("Authorization", format!("Bearer {token}"))];
    world.verify_as(&headers, &json!({"key": "x"})).await.status
}

fn altered(token: &str) -> String {
    let (start, last) = token.split_at(token.len() - 1);
    format!("{start}{}", if last == "A" { 'B' } else { 'A' })
}

both_engines!(with_routes =>
    async fn a_token_counts_within_a_second_of_its_making_and_of_its_end(world) {
        let first = world.add_gate_token("first");
        assert_eq!(asks(&world, &first).await, 200, "nobody had asked before");
        let second = world.add_gate_token("second");
        world.clock.advance(1);
        assert_eq!((asks(&world, &second).await, asks(&world, &first).await), (200, 200));
        world.run_command(&["gate-token", "remove", "first"]);
        world.clock.advance(1);
        assert_eq!((asks(&world, &first).await, asks(&world, &second).await), (401, 200));
        // A clock that is set back makes nothing last longer.
        world.run_command(&["gate-token", "remove", "second"]);
        world.clock.advance(-3_600);
        assert_eq!(asks(&world, &second).await, 401);
    }
);

both_engines!(with_routes =>
    async fn what_is_no_token_opens_nothing(world) {
        let token = world.add_gate_token("nginx");
        assert_eq!(asks(&world, &token).await, 200);
        for bad in ["", "gate_", &token[5..], &altered(&token), &token.to_lowercase(), &format!("{token}x"), &format!(" {token}")] {
            assert_eq!(asks(&world, bad).await, 401);
        }
        // Also from an address that may ask: who brings a wrong token is told so.
        let wrong = [("Authorization", format!("Bearer {}", altered(&token)))];
        assert_eq!(world.verify_as(&wrong, &json!({"key": "x"})).await.status, 401);
        // Each door has its header.
        let (secret, gate_token) = (("X-API-Key", "x".to_owned()), ("X-Gate-Token", token.clone()));
        let forwarded = ("X-Forwarded-For", "192.0.2.7".to_owned());
        assert_eq!(world.verify_as(&[forwarded.clone(), gate_token], &json!({"key": "x"})).await.status, 401);
        assert_eq!(world.at("GET", SELF, &[bearer(&token)]).await.problem(), "MALFORMED", "it is no key");
        assert_eq!(world.at("GET", SELF, &[secret, forwarded]).await.status, 401);
    }
);

both_engines!(with_routes =>
    async fn without_the_database_tokens_count_for_three_seconds_more(world) {
        let mut world = world;
        world.start_again(|settings| settings.catalog = file::parse(CATALOG).unwrap());
        let token = world.add_gate_token("nginx");
        assert_eq!(asks(&world, &token).await, 200);
        world.execute("ALTER TABLE gate_tokens RENAME TO gone").unwrap();
        for (passed_s, status) in [(1, 200), (2, 200), (3, 200), (4, 503)] {
            world.clock.advance(1);
            assert_eq!(asks(&world, &token).await, status, "after {passed_s} s");
            assert_eq!(asks(&world, &altered(&token)).await, if status == 200 { 401 } else { 503 });
        }
        // Who proves it by address needs no database for it.
        assert_eq!(world.verify_as(&[], &json!({"key": "x"})).await.status, 200);
        let door = world.held(Proxy::Nginx, ("GET", "/v2/shifts/7", ""), &[]).await;
        assert_eq!(door.refusal(), (401, "MISSING".into()));
        world.execute("ALTER TABLE gone RENAME TO gate_tokens").unwrap();
        assert_eq!(asks(&world, &token).await, 200);
    }
);
