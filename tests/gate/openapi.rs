//! The description for machines: of every door, and as it really answers.

use std::collections::BTreeSet;

use keyrack::app::{DOORS, GATE_DOORS, Route};
use keyrack::{assets, docs};
use serde_json::{Value, json};

use crate::both_engines;
use crate::world::World;
use crate::world::form::Answer;
use crate::world::gate::{PROXIES, Proxy, bearer, unknown_key, with_routes};

const ADDRESS: &str = "/openapi.json";

async fn document(world: &World) -> Value {
    let answer = world.visitor().get(ADDRESS).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.json()
}

/// What a `$ref` leads to.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => document.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path} leads nowhere")),
        None => schema,
    }
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("tell tests/gate/openapi.rs what {other} is"),
    }
}

/// Why a value is not as a schema has it, by as much of JSON Schema as the document uses.
fn misfit(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    let schema = resolved(document, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|choice| misfit(document, choice, value).is_none()).count();
        return (fitting != 1).then(|| format!("{value} fits {fitting} of {choices:?}"));
    }
    if let Some(wanted) = schema.get("const") {
        return (wanted != value).then(|| format!("{value} is not {wanted}"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        several => {
            several.as_array().unwrap_or_else(|| panic!("{schema}")).iter().map(|one| one.as_str().unwrap()).collect()
        }
    };
    if !types.iter().any(|name| is_of_type(name, value)) {
        return Some(format!("{value} is none of {types:?}"));
    }
    if let Some(known) = schema["enum"].as_array().filter(|known| !known.contains(value)) {
        return Some(format!("{value} is none of {known:?}"));
    }
    if let Some(list) = value.as_array() {
        return list.iter().find_map(|one| misfit(document, &schema["items"], one));
    }
    let members = value.as_object()?;
    let required = schema["required"].as_array().into_iter().flatten();
    if let Some(missing) = required.map(|name| name.as_str().unwrap()).find(|name| !members.contains_key(*name)) {
        return Some(format!("{missing} is missing in {value}"));
    }
    members.iter().find_map(|(name, member)| match (schema["properties"].get(name), &schema["additionalProperties"]) {
        (Some(schema), _) => misfit(document, schema, member),
        (None, Value::Bool(false)) => Some(format!("{name} is not described")),
        (None, Value::Object(_)) => misfit(document, &schema["additionalProperties"], member),
        (None, _) => None,
    })
}

/// A route's path as the document writes it.
fn path_of(route: &Route) -> String {
    route.0.replace("{target}*", "/{target}")
}

/// Holds an answer to what is said of it: its status, its body, its own headers.
#[track_caller]
fn assert_described(document: &Value, (method, path): (&str, &str), answer: &Answer) {
    let operation = &document["paths"][path][method.to_lowercase()];
    let described = &operation["responses"][answer.status.to_string()];
    assert!(described.is_object(), "{method} {path}: {} is not described: {}", answer.status, answer.body);
    match described["content"].as_object() {
        None => assert_eq!(answer.body, "", "{method} {path}"),
        Some(content) => {
            let kind = answer.header("content-type").split(';').next().unwrap();
            let schema = &content.get(kind).unwrap_or_else(|| panic!("{method} {path}: {kind}"))["schema"];
            let value = if kind.ends_with("json") { answer.json() } else { json!(answer.body) };
            assert_eq!(misfit(document, schema, &value), None, "{method} {path} {}", answer.status);
        }
    }
    let said: BTreeSet<String> = described["headers"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys())
        .map(|name| name.to_lowercase())
        .collect();
    let own = answer
        .headers
        .keys()
        .map(|name| name.as_str())
        .filter(|name| name.starts_with("x-") || *name == "www-authenticate" || *name == "retry-after");
    let is_door = GATE_DOORS.iter().any(|route| path_of(route) == path);
    for name in own.filter(|name| *name != "x-content-type-options" && (is_door || *name != "x-request-id")) {
        assert!(said.contains(name), "{method} {path} {}: {name} is not described", answer.status);
    }
    if is_door {
        assert_eq!(answer.body.contains("\"request_id\""), said.contains("x-request-id"), "{method} {path}");
    }
    if answer.status == 200 {
        for name in said.iter().filter(|name| path.starts_with("/auth/") && name.starts_with("x-")) {
            assert!(answer.headers.contains_key(name.as_str()), "{method} {path}: {name} is described and not there");
        }
    }
}

both_engines!(with_routes =>
    async fn every_door_for_machines_is_described_and_nothing_else(world) {
        let document = document(&world).await;
        assert_eq!(document["openapi"], "3.1.0");
        let doors = GATE_DOORS.iter().chain(DOORS).filter(|route| route.0 != assets::ADDRESS);
        let mut routes: Vec<(String, String)> = doors
            .map(|route| (path_of(route), route.1.replace("ANY", "GET").to_lowercase()))
            .collect();
        let paths = document["paths"].as_object().unwrap();
        let mut described: Vec<(String, String)> = paths
            .iter()
            .flat_map(|(path, all)| all.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone())))
            .collect();
        routes.sort();
        described.sort();
        assert_eq!(described, routes);
        assert!(world.visitor().get(docs::ADDRESS).await.body.contains(&format!("href=\"{ADDRESS}\"")));
    }
);

/// Every `$ref` in it.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("$ref") {
                found.push(value);
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(list) => list.iter().for_each(|one| references(one, found)),
        _ => {}
    }
}

both_engines!(with_routes =>
    async fn the_doors_answer_as_is_described(world) {
        let document = document(&world).await;
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 30 && found.into_iter().all(|one| resolved(&document, one).is_object()));

        let mut olga = world.sign_in("olga").await;
        let fields = [("kind", "secret"), ("permission", "users:read"), ("fields.users", "some"), ("field", "users:name"), ("expiration", "7d")];
        let (_, narrow) = olga.create_key_of(&fields).await;
        let (id, revoked) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await;
        let (_, published) = olga.create_key_of(&[("kind", "web"), ("permission", "shifts:read")]).await;
        let (_, good) = olga.create_key_of(&[("kind", "secret"), ("permission", "shifts:read")]).await;
        assert_eq!(olga.revoke(&id).await.status, 303);
        let unknown = unknown_key();

        let own = ("GET", "/v1/keys/self");
        for key in [&narrow, &good, &published, &revoked, &unknown, "x", ""] {
            assert_described(&document, own, &world.at("GET", own.1, &[bearer(key)]).await);
        }
        for key in [&published, &good, &good] {
            assert_described(&document, ("DELETE", own.1), &world.at("DELETE", own.1, &[bearer(key)]).await);
        }
        let verify = ("POST", "/v1/keys/verify");
        for body in [
            json!({"key": narrow}),
            json!({"key": narrow, "permissions": ["shifts:read"]}),
            json!({"key": narrow, "fields": {"users": ["salary"]}}),
            json!({"key": revoked}),
            json!({"key": unknown}),
            json!({"key": ""}),
            json!({"key": "x".repeat(20_000)}),
            json!({}),
        ] {
            let known = &document["components"]["schemas"]["Question"];
            assert_eq!(misfit(&document, known, &body).is_none(), body.get("key").is_some(), "{body}");
            assert_described(&document, verify, &world.verify_as(&[], &body).await);
        }
        assert_described(&document, verify, &world.verify_as(&[("Forwarded", "for=x".into())], &json!({})).await);
        let introspect = ("POST", "/v1/introspect");
        for form in [vec![("token", narrow.as_str())], vec![("token", &published)], vec![("token", "x")], vec![]] {
            assert_described(&document, introspect, &world.introspect(&form).await);
        }
        for proxy in PROXIES {
            let described = if proxy == Proxy::Envoy { "/auth/envoy/{target}" } else { proxy.door() };
            for (target, key) in [("/v2/users/7", narrow.as_str()), ("/v2/shifts/7", &narrow), ("/v2/shifts/7", &revoked), ("/nowhere", &narrow), ("/v2/shifts/7", "x"), ("/v2/a%2fb", "x")] {
                let answer = world.held(proxy, ("GET", target, ""), &[bearer(key)]).await;
                assert_described(&document, ("GET", described), &answer);
            }
            let from = (proxy.address_header(), "192.0.2.7".to_owned());
            for _ in 0..101 {
                let answer = world.held(proxy, ("GET", "/v2/shifts/7", ""), &[bearer("x"), from.clone()]).await;
                assert_described(&document, ("GET", described), &answer);
            }
            world.clock.advance(60);
        }
        for path in ["/healthz", "/readyz", ADDRESS] {
            assert_described(&document, ("GET", path), &world.at("GET", path, &[]).await);
        }
    }
);
