//! `keyrack demo`.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::both_databases;
use crate::world::program::{Place, Serving, program, run};
use crate::world::rows::texts_on;
use crate::world::{Engine, PASSWORD, Person, cast, logs};

async fn sign_in(serving: &Serving, email: &str, password: &str) -> Person {
    let mut person = Person::new(&serving.url);
    let form = person.get("/login").await.form("/login");
    let answer = person.submit(&form.with("email", email).with("password", password)).await;
    assert_eq!(answer.status, 303, "{email}");
    person
}

/// The password that it printed.
fn printed_password(serving: &Serving) -> String {
    let line = serving.said.iter().find_map(|line| line.strip_prefix("Password of all: "));
    let password = line.unwrap_or_else(|| panic!("no password in {:?}", serving.said)).to_owned();
    logs::remember(&password);
    password
}

both_databases!(
    async fn an_account_a_role_one_password_and_six_keys(place) {
        let serving = place.serve(&["demo"]);
        let password = printed_password(&serving);
        assert!(password.len() >= 12 && password != PASSWORD);
        for who in cast::ALL {
            let email = cast::email(who);
            assert!(serving.said.iter().any(|line| line.contains(&email)), "{email} is printed: {:?}", serving.said);
            sign_in(&serving, &email, &password).await;
        }
        let mut olga = sign_in(&serving, "olga@northwind.example", &password).await;
        let list = olga.get("/settings/developers").await.text();
        for name in ["Old Zapier hook", "Q2 data migration", "Website widget", "Payroll export", "HR sync – production", "Staging integration"] {
            assert!(list.contains(name), "{name} is not in {list}");
        }
        let mut sam = sign_in(&serving, "sam@harbour.example", &password).await;
        let theirs = sam.get("/settings/developers").await.text();
        assert!(theirs.contains("Harbour") && !theirs.contains("Payroll export"), "{theirs}");
        let mut nobody = Person::new(&serving.url);
        assert_eq!(nobody.get("/setup").await.status, 404);
        assert_eq!(nobody.get("/readyz").await.status, 200);
        let ended = serving.stop();
        assert_eq!(ended.code, Some(0));
        assert!(!ended.err.contains(&password), "{}", ended.err);
    }
);

both_databases!(
    async fn a_database_with_an_owner_is_refused_and_left_alone(place) {
        let add = ["user", "add", "--email", "o@x.example", "--name", "O", "--role", "owner", "--team", "T"];
        assert_eq!(place.run(&add, PASSWORD).code, Some(0));
        place.run(&["demo", "--bind", "127.0.0.1:0"], "").refuses("empty database");
        let store = keyrack::store::Store::join(&place.database).unwrap();
        let people = store.read_here(|db| Ok(texts_on(db, "SELECT email AS value FROM people")?)).unwrap();
        assert_eq!(people, ["o@x.example"]);
    }
);

both_databases!(
    async fn a_database_that_a_demo_filled_is_not_empty(place) {
        assert_eq!(place.serve(&["demo", "--password", PASSWORD]).stop().code, Some(0));
        place.run(&["demo", "--bind", "127.0.0.1:0"], "").refuses("empty database");
    }
);

both_databases!(
    async fn more_keys_come_with_their_secrets_in_a_file_of_ones_own(place) {
        let file = place.folder.path().join("secrets");
        let name = file.display().to_string();
        let serving = place.serve(&["demo", "--password", PASSWORD, "--keys", "25", "--secrets", &name]);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let secrets: Vec<String> = std::fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(secrets.len(), 25);
        for secret in [&secrets[0], &secrets[24]] {
            logs::remember(secret);
            let mut machine = Person::new(&serving.url);
            machine.headers.push(("Authorization", format!("Bearer {secret}")));
            let answer = machine.get("/v1/keys/self").await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(told["team"]["name"], "Northwind Rota");
            assert_eq!(told["permissions"], serde_json::json!(["shifts:read"]));
            assert_eq!(told["expires_at"], serde_json::Value::Null);
        }
        let ended = serving.stop();
        assert!(secrets.iter().all(|secret| !ended.err.contains(secret.as_str())));
    }
);

#[test]
fn a_file_of_secrets_is_never_overwritten() {
    let place = Place::on(Engine::Sqlite);
    let file = place.folder.path().join("secrets");
    std::fs::write(&file, "mine").unwrap();
    place
        .run(&["demo", "--bind", "127.0.0.1:0", "--keys", "3", "--secrets", &file.display().to_string()], "")
        .refuses("--secrets");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn bad_wishes_are_one_line_and_2() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, word) in [
        (&["--password", "short"][..], "--password is refused"),
        (&["--keys", "many", "--secrets", "s"], "--keys"),
        (&["--keys", "3"], "--secrets"),
        (&["--keys", "3", "--secrets", "/nowhere/secrets"], "--secrets"),
    ] {
        let arguments: Vec<&str> =
            ["demo", "--bind", "127.0.0.1:0"].into_iter().chain(arguments.iter().copied()).collect();
        run(folder.path(), &arguments, "").refuses(word);
    }
}

/// What stands in a folder.
fn entries(folder: &std::path::Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn its_temporary_file_is_gone_when_it_ends() {
    let (folder, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut command = program(folder.path());
    command.env("TMPDIR", temporary.path()).args(["demo", "--bind", "127.0.0.1:0", "--password", PASSWORD]);
    let serving = Serving::of(command);
    assert_eq!(serving.said.iter().filter(|line| line.contains(PASSWORD)).count(), 1);
    assert_eq!(entries(temporary.path()).len(), 1, "it lives there");
    assert_eq!(serving.stop().code, Some(0));
    assert_eq!(entries(temporary.path()), Vec::<PathBuf>::new());
    assert_eq!(entries(folder.path()), Vec::<PathBuf>::new(), "and nowhere else");
}
