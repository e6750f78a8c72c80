//! What the catalogs of real products need: scopes, ids with capitals, dots and digits, prefixes with capitals and
//! hyphens.

use keyrack::keys::catalog::file;
use keyrack::keys::secret::KeySecret;
use serde_json::json;

use crate::both_engines;
use crate::world::gate::{PROXIES, Proxy, bearer};
use crate::world::keys::{SELF, url};
use crate::world::{Engine, World, logs};

const CATALOG: &str = r#"
brand = "acme"
[[kind]]
id = "User.Token"
label = "User token"
prefix = "PAT-"
[[kind.toggle]]
id = "2fa.Required"
label = "Ask for a second factor"
[[kind]]
id = "2nd"
label = "Application"
prefix = "sk-live-"
[[resource]]
id = "admin.Users"
actions = ["read", "write.public"]
fields = ["Name", "2fa.enabled", "start"]
[resource.scopes]
read = "admin.users:read"
[[resource]]
id = "4xx"
actions = ["List"]
[resource.scopes]
List = "https://api.example.com/auth/errors+4xx.readonly"
[[resource]]
id = "commands"
actions = ["run"]
[resource.scopes]
run = "commands"
[[route]]
methods = ["GET"]
path = "/v1/users/**"
require = ["admin.users:read"]
[[route]]
methods = ["POST"]
path = "/v1/users/**"
require = ["admin.users:read", "admin.Users:write.public"]
[[route]]
path = "/v1/commands"
require = ["commands"]
"#;

const URL_SCOPE: &str = "https://api.example.com/auth/errors+4xx.readonly";

async fn with_scopes(engine: Engine) -> World {
    World::begin_with(engine, file::parse(CATALOG).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))).await
}

both_engines!(with_scopes =>
    async fn a_key_has_ids_inside_and_scopes_outside(world) {
        let mut olga = world.sign_in("olga").await;
        let fields = [
            ("kind", "User.Token"),
            ("permission", "admin.Users:read"),
            ("permission", "admin.Users:write.public"),
            ("permission", "4xx:List"),
            ("fields.admin.Users", "some"),
            ("field", "admin.Users:2fa.enabled"),
            ("field", "admin.Users:Name"),
            ("toggle.User.Token.2fa.Required", "on"),
        ];
        let (id, secret) = olga.create_key_of(&fields).await;
        // The store, and the page, have the ids.
        let stored = |column: &str| world.texts(&format!("SELECT {column} AS value FROM keys")).remove(0);
        assert_eq!(stored("permissions"), "4xx:List admin.Users:read admin.Users:write.public");
        assert_eq!(stored("fields"), "admin.Users=2fa.enabled,Name");
        assert_eq!(stored("toggles"), "2fa.Required=on");
        let body = secret.strip_prefix("acme_PAT-").expect("brand and prefix");
        assert_eq!((stored("kind").as_str(), stored("preview")), ("User.Token", format!("acme_PAT-{}…{}", &body[..3], &body[28..])));
        let details = olga.get(&url(keyrack::keys::address::KEY, &id)).await;
        assert_eq!((details.status, details.fact("Ask for a second factor")), (200, Some("On".to_owned())));
        assert!(details.text().contains("Admin.Users") && !details.text().contains("admin.users:read"), "{}", details.text());
        assert_eq!(olga.edit(&id, &[("name", "HR sync"), ("toggle.User.Token.2fa.Required", "off")]).await.status, 303);
        assert_eq!(stored("toggles"), "2fa.Required=off");
        // Everybody else has the scopes.
        let scopes = json!([URL_SCOPE, "admin.users:read", "admin.Users:write.public"]);
        let told = olga.told(&secret).await;
        assert_eq!((&told["permissions"], &told["kind"]), (&scopes, &json!("User.Token")));
        assert_eq!(told["fields"], json!({"admin.Users": ["2fa.enabled", "Name"]}));
        let question = json!({"key": secret, "permissions": ["admin.users:read", URL_SCOPE], "fields": {"admin.Users": ["Name"]}});
        let verdict = world.verify(&question).await;
        assert_eq!((&verdict["code"], &verdict["key"]["permissions"]), (&json!("VALID"), &scopes));
        let introspected = world.introspect(&[("token", &secret)]).await.json();
        assert_eq!(introspected["scope"], format!("{URL_SCOPE} admin.users:read admin.Users:write.public"));
        for proxy in PROXIES {
            let answer = world.held(proxy, ("GET", "/v1/users/7", ""), &[bearer(&secret)]).await;
            assert_eq!(answer.status, 200, "{proxy:?}: {}", answer.body);
            let permissions = format!("{URL_SCOPE} admin.users:read admin.Users:write.public");
            assert_eq!(answer.header("x-key-permissions"), permissions);
            assert_eq!(answer.header("x-key-fields"), "4xx=*; admin.Users=2fa.enabled,Name");
            assert_eq!(answer.header("x-key-kind"), "User.Token");
        }
        assert_eq!(olga.revoke(&id).await.status, 303);
        assert_eq!(olga.present(reqwest::Method::GET, &secret).await.refusal(), (401, "REVOKED".to_owned()));
    }
);

both_engines!(with_scopes =>
    async fn an_action_with_a_scope_has_no_other_name_outside(world) {
        let mut olga = world.sign_in("olga").await;
        let permissions = ["admin.Users:read", "4xx:List", "commands:run"].map(|permission| ("permission", permission));
        let (_, secret) = olga.create_key_of(&[&[("kind", "2nd")], &permissions[..]].concat()).await;
        let code = async |permission: &str| {
            world.verify(&json!({"key": secret, "permissions": [permission]})).await["code"].as_str().unwrap().to_owned()
        };
        for (permission, expected) in [
            ("admin.users:read", "VALID"),
            ("commands", "VALID"),
            (URL_SCOPE, "VALID"),
            ("admin.Users:read", "INSUFFICIENT_PERMISSIONS"),
            ("commands:run", "INSUFFICIENT_PERMISSIONS"),
            ("4xx:List", "INSUFFICIENT_PERMISSIONS"),
            ("Commands", "INSUFFICIENT_PERMISSIONS"),
            ("admin.Users:write.public", "INSUFFICIENT_PERMISSIONS"),
            ("admin.users:read:all", "INSUFFICIENT_PERMISSIONS"),
        ] {
            assert_eq!(code(permission).await, expected, "{permission}");
        }
        for bad in ["", "a b", "a,b", "a\"b", "a\\b", "é"] {
            let answer = world.verify_as(&[], &json!({"key": secret, "permissions": [bad]})).await;
            assert_eq!(answer.refusal(), (400, "BAD_REQUEST".to_owned()), "{bad}");
        }
        let escaped = "https:%2F%2Fapi.example.com%2Fauth%2Ferrors%2B4xx.readonly";
        for proxy in PROXIES {
            let ask = async |require: &str| world.held(proxy, ("GET", "/v1/users/7", require), &[bearer(&secret)]).await;
            for good in ["admin.users:read", "commands,admin.users:read", escaped] {
                let answer = ask(good).await;
                assert_eq!(answer.status, 200, "{proxy:?} {good}: {}", answer.body);
            }
            for bad in ["admin.Users:read", "commands:run", "commands,4xx:List", "payroll"] {
                assert_eq!(ask(bad).await.refusal(), (403, "NEEDS_NOT_OFFERED".to_owned()), "{proxy:?} {bad}");
            }
        }
    }
);

both_engines!(with_scopes =>
    async fn a_refusal_names_scopes(world) {
        let mut olga = world.sign_in("olga").await;
        let (_, secret) = olga.create_key_of(&[("kind", "2nd"), ("permission", "4xx:List")]).await;
        for (request, required) in [
            (("POST", "/v1/users/7", ""), vec!["admin.users:read", "admin.Users:write.public"]),
            (("GET", "/v1/commands", ""), vec!["commands"]),
        ] {
            let answer = world.held(Proxy::Caddy, request, &[bearer(&secret)]).await;
            assert_eq!(answer.refusal(), (403, "INSUFFICIENT_PERMISSIONS".to_owned()));
            assert_eq!(answer.json()["required"], json!(required));
            assert_eq!(answer.header("x-accepted-permissions"), required.join(" "));
            let challenge = format!("error=\"insufficient_scope\", scope=\"{}\"", required.join(" "));
            assert!(answer.header("www-authenticate").ends_with(&challenge), "{}", answer.header("www-authenticate"));
            let answer = world.held(Proxy::Caddy, request, &[]).await;
            assert_eq!((answer.status, &answer.json()["required"]), (401, &json!(required)));
        }
    }
);

both_engines!(with_scopes =>
    async fn prefixes_with_capitals_and_hyphens_are_recognized(world) {
        let mut olga = world.sign_in("olga").await;
        for (kind, prefix) in [("User.Token", "acme_PAT-"), ("2nd", "acme_sk-live-")] {
            let (_, secret) = olga.create_key_of(&[("kind", kind), ("permission", "4xx:List")]).await;
            assert!(secret.starts_with(prefix) && secret.len() == prefix.len() + 32);
            assert_eq!(olga.told(&secret).await["kind"], kind);
            for headers in [[("X-API-Key", secret.clone())], [("Authorization", format!("bearer {secret}"))]] {
                assert_eq!(world.at("GET", SELF, &headers).await.status, 200);
            }
            // Neither in other letters, nor without its brand, nor with one character changed.
            let other = if secret.ends_with('0') { "1" } else { "0" };
            for wrong in [
                secret.replace(prefix, &prefix.to_lowercase().replace("sk-live", "SK-LIVE")),
                secret.trim_start_matches("acme_").to_owned(),
                secret.replace('-', "_"),
                format!("{}{other}", &secret[..secret.len() - 1]),
            ] {
                assert_ne!(wrong, secret);
                assert_eq!(olga.present(reqwest::Method::GET, &wrong).await.refusal(), (401, "MALFORMED".to_owned()));
            }
            let unknown = KeySecret::mint_from_os(prefix).expose().to_owned();
            logs::remember(&unknown);
            assert_eq!(olga.present(reqwest::Method::GET, &unknown).await.refusal(), (401, "NOT_FOUND".to_owned()));
        }
        let list = olga.get(keyrack::keys::address::LIST).await;
        assert!(list.status == 200 && list.text().contains("acme_PAT-") && list.text().contains("acme_sk-live-"));
        let by_kind = olga.get(&format!("{}?sort=kind&dir=asc", keyrack::keys::address::LIST)).await;
        assert_eq!((by_kind.status, by_kind.names().len()), (200, 2));
    }
);

/// `examples/catalogs/large.toml`
async fn large(engine: Engine) -> World {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/catalogs/large.toml");
    let text = std::fs::read_to_string(path).unwrap();
    World::begin_with(engine, file::parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))).await
}

both_engines!(large =>
    async fn every_route_of_the_large_example_lets_in_who_may(world) {
        let catalog = file::parse(include_str!("../../examples/catalogs/large.toml")).unwrap();
        let mut olga = world.sign_in("olga").await;
        let reads: Vec<String> =
            catalog.resources().iter().filter(|r| r.action("read").is_some()).map(|r| format!("{}:read", r.id)).collect();
        let fields: Vec<_> = reads.iter().map(|permission| ("permission", permission.as_str())).collect();
        let (_, secret) = olga.create_key_of(&[&[("kind", "personal")], &fields[..]].concat()).await;
        assert!(secret.starts_with("CH-pat-"));
        let (mut passed, mut refused) = (0, 0);
        for route in catalog.routes() {
            let path = route.path.to_string().replace("**", "x/y").replace('*', "x");
            let answer = world.held(Proxy::Caddy, (&route.methods[0], &path, ""), &[bearer(&secret)]).await;
            let may = route.require.iter().all(|grant| grant.action() == "read");
            if may { passed += 1 } else { refused += 1 }
            let wanted = if may { 200 } else { 403 };
            assert_eq!(answer.status, wanted, "{} {path}: {}", route.methods[0], answer.body);
            if !may {
                let required: Vec<_> = route.require.iter().map(|grant| catalog.public_name(grant)).collect();
                assert_eq!(answer.json()["required"], json!(required));
            }
        }
        assert!(passed > 200 && refused > 200, "{passed} {refused}");
        let told = olga.told(&secret).await;
        for scope in ["user:email", "read:org", "notifications", "contents:read"] {
            assert!(told["permissions"].as_array().unwrap().contains(&json!(scope)), "{scope}");
        }
    }
);
