//! The document by which OAuth's clients find the introspection endpoint (RFC 8414).

use keyrack::public_url::PublicUrl;
use serde_json::json;

use crate::both_engines;
use crate::world::gate::with_routes;

const PATH: &str = "/.well-known/oauth-authorization-server";

both_engines!(with_routes =>
    async fn it_names_the_introspection_endpoint_and_its_authentication_methods(world) {
        let answer = world.at("GET", PATH, &[]).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
        assert_eq!((answer.header("set-cookie"), answer.header("content-security-policy")), ("", ""));
        let expected = json!({
            "issuer": world.url,
            "introspection_endpoint": format!("{}/v1/introspect", world.url),
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "Bearer"],
            "response_types_supported": ["none"],
            "service_documentation": format!("{}/docs/api", world.url),
        });
        assert_eq!(answer.json(), expected);
        assert_eq!(world.at("HEAD", PATH, &[]).await.status, 200);
        assert_eq!(world.at("POST", PATH, &[]).await.refusal().0, 405);
        assert_eq!(world.at("GET", "/.well-known/openid-configuration", &[]).await.refusal().0, 404);
    }
);

both_engines!(with_routes =>
    async fn its_urls_are_the_public_ones(world) {
        let mut world = world;
        let listens_on = world.url.trim_start_matches("http://").parse().unwrap();
        world.start_again(|settings| {
            settings.bind = listens_on;
            settings.public_url = Some(PublicUrl::parse("https://keys.example.com").unwrap());
        });
        world.url = format!("http://{listens_on}");
        let told = world.at("GET", PATH, &[]).await.json();
        assert_eq!(told["issuer"], "https://keys.example.com");
        assert_eq!(told["introspection_endpoint"], "https://keys.example.com/v1/introspect");
    }
);
