//! Whose failed sign-in it is, behind proxies that write the client's IP address in different ways.

use super::try_to_sign_in;
use crate::both_engines;
use crate::world::{Engine, PASSWORD, Person, World, cast};

const WRONG: &str = "plover umbrella quartz pin";

/// A world behind a proxy on the same host.
async fn behind_proxy(engine: Engine) -> World {
    let world = World::with(engine, |settings| {
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
    })
    .await;
    cast::enter(&world.store, world.clock.now());
    world
}

fn from(world: &World, headers: &[(&'static str, &str)]) -> Person {
    let mut person = world.visitor();
    person.headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    person
}

both_engines!(behind_proxy =>
    async fn a_stranger_s_failures_do_not_lock_out_everybody_behind_a_proxy_that_sends_ports(world) {
        for (n, stranger) in [
            ("X-Forwarded-For", "203.0.113.7:51008"),
            ("X-Forwarded-For", "[2001:db8::7]:51008"),
            ("X-Forwarded-For", "[2001:db8:7::7]"),
            ("Forwarded", "for=203.0.113.8"),
            ("Forwarded", "for=\"203.0.113.9:51008\";proto=https"),
        ].into_iter().enumerate() {
            for attempt in 0..20 {
                let email = format!("n{n}-{attempt}@northwind.example");
                assert_eq!(try_to_sign_in(&mut from(&world, &[stranger]), &email, WRONG).await.status, 401);
            }
            let refused = try_to_sign_in(&mut from(&world, &[stranger]), "olga@northwind.example", PASSWORD).await;
            assert_eq!(refused.status, 429, "{stranger:?}: the stranger waits");
            let other = (stranger.0, if stranger.0 == "Forwarded" { "for=198.51.100.1" } else { "198.51.100.1:40000" });
            let olga = try_to_sign_in(&mut from(&world, &[other]), "olga@northwind.example", PASSWORD).await;
            assert_eq!(olga.status, 303, "{stranger:?}: the others do not");
        }
    }
);

both_engines!(behind_proxy =>
    async fn every_way_of_writing_an_ip_address_is_read(world) {
        for (headers, counted) in [
            (vec![("X-Forwarded-For", "198.51.100.7:51008")], "198.51.100.7"),
            (vec![("X-Forwarded-For", "203.0.113.9:1, 198.51.100.7:51008, 10.0.0.3:80")], "198.51.100.7"),
            (vec![("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "198.51.100.7:51008")], "198.51.100.7"),
            (vec![("X-Forwarded-For", "[2001:db8::1]:443")], "2001:db8::1"),
            (vec![("X-Forwarded-For", "[2001:db8::1]")], "2001:db8::1"),
            (vec![("X-Forwarded-For", "[::ffff:198.51.100.7]:443")], "198.51.100.7"),
            // The client's own part of the line spoils nothing behind it.
            (vec![("X-Forwarded-For", "\u{e9}, 198.51.100.7")], "198.51.100.7"),
            (vec![("X-Forwarded-For", "198.51.100.7:51008, unix:")], "127.0.0.1"),
            (vec![("X-Forwarded-For", "198.51.100.7:")], "127.0.0.1"),
            (vec![("Forwarded", "For=\"[2001:db8::1]:4711\";Proto=https;by=203.0.113.43")], "2001:db8::1"),
            (vec![("Forwarded", "for=203.0.113.9, for=198.51.100.7;host=\"a,for=1.2.3.4\", for=10.0.0.3")], "198.51.100.7"),
            (vec![("Forwarded", "for=203.0.113.9"), ("Forwarded", "for=198.51.100.7")], "198.51.100.7"),
            (vec![("Forwarded", "for=\"203.0.113.9, for=198.51.100.7")], "198.51.100.7"),
            (vec![("Forwarded", "for=198.51.100.7, for=_hidden")], "127.0.0.1"),
            (vec![("Forwarded", "for=198.51.100.7, for=unknown")], "127.0.0.1"),
            (vec![("Forwarded", "for=198.51.100.7, proto=https")], "127.0.0.1"),
            (vec![("Forwarded", "for=198.51.100.7"), ("X-Forwarded-For", "198.51.100.8")], "198.51.100.8"),
            (vec![("Forwarded", "for=198.51.100.7"), ("X-Forwarded-For", "unknown")], "127.0.0.1"),
        ] {
            let answer = try_to_sign_in(&mut from(&world, &headers), "olga@northwind.example", PASSWORD).await;
            assert_eq!(answer.status, 303, "{headers:?}");
            let address = world.events_of("signed_in").pop().unwrap().address;
            assert_eq!(address.as_deref(), Some(counted), "{headers:?}");
        }
    }
);

both_engines!(
    async fn forwarded_does_not_count_from_a_peer_that_is_not_trusted(world) {
        let headers = [("Forwarded", "for=198.51.100.7")];
        assert_eq!(try_to_sign_in(&mut from(&world, &headers), "olga@northwind.example", PASSWORD).await.status, 303);
        assert_eq!(world.events_of("signed_in").pop().unwrap().address.as_deref(), Some("127.0.0.1"));
    }
);
