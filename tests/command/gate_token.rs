//! `keyrack gate-token …`, beside a running server. What a token opens, the gate's tests tell.

use crate::both_databases;
use crate::world::logs;
use crate::world::program::Place;
use crate::world::rows::texts_on;

fn query(place: &Place, sql: &str) -> Vec<String> {
    let store = keyrack::store::Store::join(&place.database).unwrap();
    store.read_here(|db| Ok(texts_on(db, sql)?)).unwrap()
}

/// Adds a token, and remembers it as the secret that it is.
fn add(place: &Place, name: &str) -> String {
    let added = place.run(&["gate-token", "add", name], "");
    assert_eq!((added.code, added.err.as_str()), (Some(0), ""), "{added:?}");
    let token = added.out.trim_end().to_owned();
    logs::remember(&token);
    token
}

const EVENTS: &str = "SELECT action || ' ' || detail AS value FROM audit_log ORDER BY action, detail";

both_databases!(
    async fn a_token_is_printed_once_and_kept_as_its_hash(place) {
        let serving = place.serve(&[]);
        let token = add(&place, "nginx of rota");
        assert!(token.starts_with("gate_") && token.len() == 48, "one line, and nothing else");
        assert_ne!(add(&place, "caddy"), token);
        let hashed = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(&token));
        let hex = match &place.database {
            keyrack::store::DatabaseUrl::Sqlite(_) => "lower(hex(digest))",
            keyrack::store::DatabaseUrl::Postgres(_) => "encode(digest, 'hex')",
        };
        assert_eq!(query(&place, &format!("SELECT {hex} AS value FROM gate_tokens ORDER BY name DESC"))[0], hashed);
        assert_eq!(query(&place, EVENTS), ["gate_token_added caddy", "gate_token_added nginx of rota"]);
        let ended = serving.stop();
        assert_eq!(ended.code, Some(0));
        assert!(!format!("{ended:?}").contains(&token));
    }
);

both_databases!(
    async fn tokens_are_listed_by_name_and_removed(place) {
        place.serve(&[]).stop();
        assert_eq!(place.run(&["gate-token", "list"], "").out.trim_end(), "There are no gate tokens.");
        let tokens = [add(&place, "nginx"), add(&place, "caddy")];
        let listed = place.run(&["gate-token", "list"], "");
        let names: Vec<&str> = listed.out.lines().map(|line| line.split("  ").nth(1).unwrap()).collect();
        assert_eq!((listed.code, names), (Some(0), vec!["caddy", "nginx"]));
        assert!(tokens.iter().all(|token| !listed.out.contains(token.as_str())));
        let removed = place.run(&["gate-token", "remove", "nginx"], "");
        assert_eq!((removed.code, removed.err.as_str()), (Some(0), ""), "{removed:?}");
        assert_eq!(query(&place, "SELECT name AS value FROM gate_tokens"), ["caddy"]);
        assert_eq!(query(&place, EVENTS).last().unwrap(), "gate_token_removed nginx");
        place.run(&["gate-token", "remove", "nginx"], "").refuses("there is no gate token called nginx");
    }
);

both_databases!(
    async fn what_cannot_be_added_is_one_line_and_2_and_leaves_nothing(place) {
        add(&place, "nginx");
        place.run(&["gate-token", "add", "nginx"], "").refuses("there is a gate token called nginx already");
        place.run(&["gate-token", "add", " nginx "], "").refuses("already");
        for bad in ["", "  ", "a\nb", "a\u{202e}b", &"n".repeat(81)] {
            place.run(&["gate-token", "add", bad], "").refuses("the name of a gate token");
        }
        assert_eq!(place.run(&["gate-token", "add"], "").code, Some(2));
        assert_eq!(query(&place, "SELECT name AS value FROM gate_tokens"), ["nginx"]);
        assert_eq!(query(&place, EVENTS).len(), 1);
    }
);

#[test]
fn nothing_is_made_where_nothing_is() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["gate-token", "list"][..], &["gate-token", "remove", "nginx"]] {
        crate::world::program::run(folder.path(), arguments, "").refuses("there is no database");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn who_may_ask_is_a_list_of_networks() {
    let folder = tempfile::tempdir().unwrap();
    for bad in ["localhost", "10.0.0.0/33", "127.0.0.1,nginx", "127.0.0.1 ::1"] {
        crate::world::program::run(folder.path(), &["--gate-allow", bad], "").refuses("--gate-allow");
    }
}
