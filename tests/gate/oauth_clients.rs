//! Introspection by the client libraries that services use, unchanged: they find the endpoint by its metadata (RFC 8414)
//! and send the gate token as HTTP Basic or in the form. `tests/run` installs them.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::both_engines;
use crate::world::World;
use crate::world::gate::{unknown_key, with_routes};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gate/oauth_clients");

/// Where `tests/run` puts the libraries.
fn libraries() -> PathBuf {
    let folder = std::env::var_os("KEYRACK_TEST_OAUTH_CLIENTS");
    folder.map(PathBuf::from).expect("KEYRACK_TEST_OAUTH_CLIENTS is not set: run the tests with tests/run")
}

fn authlib() -> Command {
    let mut command = Command::new("python3");
    command.arg(format!("{SCRIPTS}/authlib_client.py")).env("PYTHONPATH", libraries().join("python"));
    command
}

fn openid_client() -> Command {
    let mut command = Command::new("node");
    command.arg(format!("{SCRIPTS}/openid_client.mjs")).arg(libraries().join("node"));
    command
}

/// What a library was answered about these keys.
fn introspected_by(mut command: Command, world: &World, gate_token: &str, keys: &[&str]) -> Value {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let given = json!({"url": world.url, "gate_token": gate_token, "keys": keys});
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{out} {err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

both_engines!(with_routes =>
    async fn client_libraries_introspect_with_a_gate_token(world) {
        let mut olga = world.sign_in("olga").await;
        let fields = [("kind", "secret"), ("permission", "shifts:read"), ("permission", "users:read")];
        let (id, key) = olga.create_key_of(&fields).await;
        let (revoked_id, revoked) = olga.create_key_of(&fields).await;
        assert_eq!(olga.revoke(&revoked_id).await.status, 303);
        let token = world.add_gate_token("libraries");
        let unknown = unknown_key();
        for (library, command) in [("authlib", authlib()), ("openid-client", openid_client())] {
            let told = introspected_by(command, &world, &token, &[&key, &revoked, &unknown]);
            // By HTTP Basic, and in the form.
            for by_method in [&told["good"][0], &told["good"][1]] {
                assert_eq!(by_method[0]["active"], true, "{library}: {told}");
                assert_eq!(by_method[0]["client_id"], id.as_str(), "{library}: {told}");
                assert_eq!(by_method[0]["scope"], "shifts:read users:read", "{library}: {told}");
                assert_eq!(by_method[1], json!({"active": false}), "{library}: {told}");
                assert_eq!(by_method[2], json!({"active": false}), "{library}: {told}");
            }
            assert_eq!(told["wrong"], json!([401, 401]), "{library}: from loopback too");
        }
    }
);
