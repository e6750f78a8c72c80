//! The client's IP address at the gate, in every way in which proxies and programs write it.

use serde_json::json;

use crate::both_engines;
use crate::world::World;
use crate::world::gate::{CATALOG, PROXIES, Proxy, bearer, with_routes};

const READ: (&str, &str, &str) = ("GET", "/v2/shifts/7", "");
const FORMS: [&str; 6] = [
    "203.0.113.7:51008",
    "[::ffff:203.0.113.7]:80",
    "2001:db8::7",
    "[2001:db8::7]",
    "[2001:db8::7]:51008",
    "2001:db8::7%eth0",
];

/// A key that may be used from two IP addresses.
async fn restricted_key(world: &World) -> String {
    let addresses = "203.0.113.7\n2001:db8::7";
    let fields = [("kind", "secret"), ("permission", "shifts:read"), ("address", addresses)];
    world.sign_in("olga").await.create_key_of(&fields).await.1
}

both_engines!(with_routes =>
    async fn a_key_restricted_to_an_ip_address_is_accepted_with_a_port_and_in_brackets(world) {
        let key = restricted_key(&world).await;
        for form in FORMS {
            for proxy in PROXIES {
                let headers = [(proxy.address_header(), form.to_owned()), bearer(&key)];
                assert_eq!(world.held(proxy, READ, &headers).await.status, 200, "{proxy:?} {form}");
            }
            assert_eq!(world.verify(&json!({"key": key, "address": form})).await["code"], "VALID", "{form}");
            assert_eq!(world.introspect(&[("token", &key), ("address", form)]).await.json()["active"], true, "{form}");
        }
        for form in ["203.0.113.8:51008", "[2001:db8::8]:51008", "203.0.113.7:", "203.0.113.7:99999", "203.0.113.7:80:80", "[203.0.113.7]", "[2001:db8::7]80", "203.0.113.7%eth0"] {
            for proxy in PROXIES {
                let headers = [(proxy.address_header(), form.to_owned()), bearer(&key)];
                let answer = world.held(proxy, READ, &headers).await;
                assert_eq!(answer.refusal(), (403, "ADDRESS_NOT_ALLOWED".into()), "{proxy:?} {form}");
            }
        }
    }
);

both_engines!(with_routes =>
    async fn forwarded_counts_from_trusted_proxies_and_without_x_forwarded_for(world) {
        let key = restricted_key(&world).await;
        let forwarded = |value: &str| ("Forwarded", value.to_owned());
        for proxy in PROXIES {
            let answer = world.held(proxy, READ, &[forwarded("for=203.0.113.7"), bearer(&key)]).await;
            assert_eq!(answer.refusal(), (403, "ADDRESS_NOT_ALLOWED".into()), "{proxy:?}: the peer is not trusted");
        }
        let mut world = world;
        world.start_again(|settings| {
            settings.catalog = keyrack::keys::catalog::file::parse(CATALOG).unwrap();
            settings.trusted_proxies = vec!["127.0.0.1".parse::<std::net::IpAddr>().unwrap().into(), "10.0.0.0/8".parse().unwrap()];
        });
        for (value, status) in [
            ("for=203.0.113.7", 200),
            ("FOR=\"203.0.113.7:51008\";proto=http", 200),
            ("for=\"[2001:db8::7]\"", 200),
            ("by=_gateway;for=\"[2001:db8::7]:51008\"", 200),
            ("for=198.51.100.1, for=203.0.113.7, for=10.0.0.1", 200),
            ("for=203.0.113.7, for=198.51.100.1", 403),
            ("for=203.0.113.7, for=unknown", 403),
            ("for=203.0.113.7, for=_hidden", 403),
            ("for=203.0.113.7;for=203.0.113.7", 403),
            ("for=198.51.100.1;host=\"x, for=203.0.113.7\"", 403),
            ("proto=https", 403),
            ("", 403),
        ] {
            for proxy in [Proxy::Traefik, Proxy::Caddy, Proxy::Envoy] {
                let answer = world.held(proxy, READ, &[forwarded(value), bearer(&key)]).await;
                assert_eq!(answer.status, status, "{proxy:?} {value}");
                // Most proxies let a client's own pass.
                let both = [forwarded(value), ("X-Forwarded-For", "198.51.100.1".to_owned()), bearer(&key)];
                assert_eq!(world.held(proxy, READ, &both).await.status, 403, "{proxy:?} {value} with X-Forwarded-For");
            }
            assert_eq!(world.held(Proxy::Nginx, READ, &[forwarded(value), bearer(&key)]).await.status, 403, "{value}");
        }
    }
);
