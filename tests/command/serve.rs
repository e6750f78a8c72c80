//! `keyrack serve`, also without its name.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use keyrack::store::DatabaseUrl;

use crate::both_databases;
use crate::world::program::{Ended, Place, Serving, finish, program, run};
use crate::world::{Engine, PASSWORD, Person};

both_databases!(
    async fn it_serves_prints_the_link_of_the_first_run_and_stops_when_asked(place) {
        let mut serving = place.serve(&["serve"]);
        let link = serving.setup_link();
        let path = link.strip_prefix(&serving.url).expect("under its own address").to_owned();
        let mut olga = Person::new(&serving.url);
        let form = olga.get(&path).await.form("/setup").with("team_name", "Northwind Rota").with("name", "Olga Berg");
        let answer = olga.submit(&form.with("email", "olga@northwind.example").with("password", PASSWORD)).await;
        assert_eq!((answer.status, answer.location()), (303, "/settings/developers"));
        assert_eq!(olga.get("/readyz").await.status, 200);
        let ended = serving.stop();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!format!("{ended:?}").contains(PASSWORD));

        let again = place.serve(&[]);
        assert_eq!(olga_at(&again, &olga).get("/settings/developers").await.status, 200, "sessions outlive a restart");
        assert_eq!(Person::new(&again.url).get(&path).await.status, 404);
        let ended = again.stop();
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "no further link");
    }
);

/// The same browser, at the address of another start.
fn olga_at(serving: &Serving, before: &Person) -> Person {
    let mut person = Person::new(&serving.url);
    person.cookies = before.cookies.clone();
    person
}

both_databases!(
    async fn each_start_prints_a_link_and_all_of_them_work(place) {
        let mut first = place.serve(&[]);
        let one = first.setup_link();
        let ended = first.stop();
        assert_eq!(ended.code, Some(0));
        let mut second = place.serve(&[]);
        let two = second.setup_link();
        let (one, two) = (one.split_once("/setup").unwrap().1, two.split_once("/setup").unwrap().1);
        assert_ne!(one, two);
        for query in [one, two] {
            assert_eq!(Person::new(&second.url).get(&format!("/setup{query}")).await.status, 200);
        }
        let ended = second.stop();
        assert!(!ended.err.contains("token") && !ended.err.contains(two), "no query is logged: {}", ended.err);
    }
);

#[test]
fn without_any_setting_it_keeps_its_data_in_the_folder_it_is_started_in() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--bind", "127.0.0.1:0"]);
    for (path, mode) in [("data", 0o700), ("data/keyrack.db", 0o600), ("data/keyrack.db-wal", 0o600)] {
        let found = std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path} is its owner's alone: {found:o}");
    }
    assert_eq!(serving.stop().code, Some(0));
}

#[test]
fn ctrl_c_stops_it_too() {
    let place = Place::on(Engine::Sqlite);
    let serving = place.serve(&[]);
    serving.signal("INT");
    assert_eq!(serving.ended().code, Some(0));
}

#[test]
fn settings_are_read_from_the_environment() {
    let place = Place::on(Engine::Sqlite);
    let mut command = program(place.folder.path());
    command.env("KEYRACK_DATABASE_URL", "mysql://h/d");
    let ended = finish(command.spawn().unwrap(), "");
    ended.refuses("unknown scheme mysql://");
    let mut command = program(place.folder.path());
    command.env("KEYRACK_BIND", "nonsense").env("KEYRACK_DATABASE_URL", &place.url);
    finish(command.spawn().unwrap(), "").refuses("--bind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_lines_for_machines_are_json_one_a_request() {
    let place = Place::on(Engine::Sqlite);
    let serving = place.serve(&["--log-format", "json"]);
    let mut nobody = Person::new(&serving.url);
    nobody.cookies.insert("__Host-session".into(), "confidential-cookie".into());
    let mut ids = Vec::new();
    for path in ["/login?next=confidential", "/nowhere/confidential", "/healthz", "/assets/confidential"] {
        ids.push(nobody.get(path).await.header("x-request-id").to_owned());
    }
    nobody.headers.push(("Authorization", "Bearer confidential".into()));
    let verdict = nobody.get("/v1/keys/self?key=confidential").await.header("x-request-id").to_owned();
    let ended = serving.stop();
    assert!(!ended.err.contains("confidential"), "{}", ended.err);
    let lines: Vec<serde_json::Value> =
        ended.err.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect();
    assert!(!ended.err.contains(&verdict), "of verdicts there is no line: {}", ended.err);
    for id in ids {
        let told: Vec<_> = lines.iter().filter(|line| line["request"] == id.as_str()).collect();
        assert_eq!(told.len(), 1, "{id} in {}", ended.err);
        assert!(told[0]["status"].is_u64() && told[0]["micros"].is_u64() && told[0]["method"] == "GET", "{}", told[0]);
        assert!(told[0]["path"].is_string() && told[0]["client"] == "127.0.0.1", "{}", told[0]);
    }
}

fn try_settings(settings: &[&str]) -> Ended {
    let place = Place::on(Engine::Sqlite);
    let with_url: Vec<&str> = match settings.contains(&"--database-url") {
        true => settings.to_vec(),
        false => settings.iter().copied().chain(["--database-url", &place.url]).collect(),
    };
    run(place.folder.path(), &with_url, "")
}

#[test]
fn a_setting_that_cannot_work_is_one_line_and_2() {
    for (settings, word) in [
        (&["--database-url", "mysql://h/d"][..], "unknown scheme mysql://"),
        (&["--database-url", "data/k.db"], "neither sqlite://PATH nor postgres://"),
        (&["--database-url", "sqlite://"], "lacks the path"),
        (&["--database-url", "postgres://me:hush@127.0.0.1:1/none"], "cannot open the database"),
        (&["--bind", "nonsense"], "--bind"),
        (&["--bind", "127.0.0.1:99999"], "--bind"),
        (&["--bind", "192.0.2.1:0", "--allow-plain-http"], "cannot listen on 192.0.2.1:0"),
        (&["--bind", "0.0.0.0:0"], "--allow-plain-http"),
        (&["--public-url", "http://keys.example.com"], "plain http"),
        (&["--public-url", "keys.example.com"], "--public-url"),
        (&["--public-url", "https://keys.example.com/path"], "--public-url"),
        (&["--trusted-proxies", "10.0.0.0/99"], "--trusted-proxies"),
        (&["--workers", "0"], "--workers"),
        (&["--workers", "many"], "--workers"),
        (&["--workers=-1"], "--workers"),
        (&["--sign-in-limit", "0"], "--sign-in-limit"),
        (&["--session-idle-hours", "99999999999999999999"], "--session-idle-hours"),
        (&["--session-hours", "1.5"], "--session-hours"),
        (&["--secret-file", "/nowhere/secret"], "--secret-file"),
        (&["--log-format", "xml"], "--log-format"),
        (&["--nonsense"], "--nonsense"),
        (&["--bind"], "--bind"),
        (&["nonsense"], "nonsense"),
    ] {
        let ended = try_settings(settings);
        ended.refuses(word);
        assert!(!ended.err.contains("hush"), "{}", ended.err);
    }
}

#[test]
fn a_port_that_is_taken_is_one_line_and_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap().to_string();
    try_settings(&["--bind", &bind]).refuses(&format!("cannot listen on {bind}"));
}

#[test]
fn a_folder_that_cannot_be_written_is_one_line_and_2() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let url = format!("sqlite://{}/file/keyrack.db", folder.path().display());
    try_settings(&["--database-url", &url]).refuses("cannot make the folder");

    // Root may write anywhere but here.
    try_settings(&["--database-url", "sqlite:///proc/keyrack/k.db"]).refuses("cannot make the folder");
    try_settings(&["--database-url", "sqlite:///proc/k.db"]).refuses("/proc/k.db");
    let is_root = std::fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me)).unwrap_or(0) == 0;
    if !is_root {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
        let url = format!("sqlite://{}/k.db", folder.path().display());
        try_settings(&["--database-url", &url]).refuses("cannot write");
    }
}

#[test]
fn a_file_that_is_no_database_is_one_line_and_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.db");
    std::fs::write(&path, "this is a letter, not a database".repeat(100)).unwrap();
    try_settings(&["--database-url", &format!("sqlite://{}", path.display())]).refuses("k.db");
}

#[test]
fn a_secret_file_that_is_too_short_is_one_line_and_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, [1; 63]).unwrap();
    try_settings(&["--secret-file", &path.display().to_string(), "--bind", "127.0.0.1:0"])
        .refuses("fewer than 64 bytes");
    std::fs::write(&path, [1; 64]).unwrap();
    let place = Place::on(Engine::Sqlite);
    assert_eq!(place.serve(&["--secret-file", &path.display().to_string()]).stop().code, Some(0));
}

#[test]
fn a_second_server_on_the_same_file_is_one_line_and_2() {
    let place = Place::on(Engine::Sqlite);
    let serving = place.serve(&[]);
    for arguments in [&["serve", "--bind", "127.0.0.1:0"][..], &["demo", "--bind", "127.0.0.1:0"], &["migrate"]] {
        place.run(arguments, "").refuses("is being served by another keyrack");
    }
    // By whatever name: a symbolic link, a hard link, another path.
    let DatabaseUrl::Sqlite(file) = &place.database else { unreachable!() };
    let (soft, hard) = (place.folder.path().join("soft.db"), file.with_file_name("hard.db"));
    std::os::unix::fs::symlink(file, &soft).unwrap();
    std::fs::hard_link(file, &hard).unwrap();
    let dotted = file.parent().unwrap().join(".").join(file.file_name().unwrap());
    for name in [&soft, &hard, &dotted] {
        for arguments in [&["serve", "--bind", "127.0.0.1:0"][..], &["demo", "--bind", "127.0.0.1:0"], &["migrate"]] {
            at(&place, name, arguments, "").refuses("is being served by another keyrack");
        }
    }
    // A command works on the journal that the server has: not under another name, beside which there would be another.
    let add = ["user", "add", "--email", "vera@northwind.example", "--name", "Vera", "--role", "viewer", "--team"];
    let add = |team| [&add[..], &[team]].concat();
    at(&place, &hard, &add("Nowhere"), PASSWORD).refuses("under another name");
    for (name, team) in [(file, "Northwind Rota"), (&soft, "Harbour")] {
        let added = at(&place, name, &add(team), PASSWORD);
        assert_eq!(added.code, Some(0), "{added:?}");
    }
    assert_eq!(serving.stop().code, Some(0));
    assert_eq!(place.run(&["migrate"], "").code, Some(0));
}

/// Under its new name it would have a second journal.
#[test]
fn a_file_that_was_moved_while_it_is_served_takes_no_commands() {
    let place = Place::on(Engine::Sqlite);
    let serving = place.serve(&[]);
    let DatabaseUrl::Sqlite(file) = &place.database else { unreachable!() };
    let moved = file.with_file_name("moved.db");
    std::fs::rename(file, &moved).unwrap();
    at(&place, &moved, &["gate-token", "add", "ci"], "").refuses("under another name");
    at(&place, &moved, &["serve", "--bind", "127.0.0.1:0"], "").refuses("is being served by another keyrack");
    assert!(!moved.with_file_name("moved.db-wal").exists());
    std::fs::rename(&moved, file).unwrap();
    assert_eq!(place.run(&["gate-token", "add", "ci"], "").code, Some(0));
    assert_eq!(serving.stop().code, Some(0));
    std::fs::rename(file, &moved).unwrap();
    assert!(at(&place, &moved, &["gate-token", "list"], "").out.contains("ci"));
}

#[test]
fn a_ballast_that_cannot_be_written_is_one_line_and_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.db");
    std::fs::create_dir(folder.path().join("k.db.ballast")).unwrap();
    try_settings(&["--database-url", &format!("sqlite://{}", path.display())]).refuses("k.db.ballast");
}

/// Runs the program on a file.
fn at(place: &Place, file: &std::path::Path, arguments: &[&str], input: &str) -> Ended {
    let url = format!("sqlite://{}", file.display());
    run(place.folder.path(), &[arguments, &["--database-url", &url]].concat(), input)
}

#[test]
fn a_hard_link_is_a_name_like_any_other_while_nobody_serves() {
    let place = Place::on(Engine::Sqlite);
    assert_eq!(place.run(&["migrate"], "").code, Some(0));
    let DatabaseUrl::Sqlite(file) = &place.database else { unreachable!() };
    let hard = file.with_file_name("hard.db");
    std::fs::hard_link(file, &hard).unwrap();
    let serving = Serving::start(
        place.folder.path(),
        &["--bind", "127.0.0.1:0", "--database-url", &format!("sqlite://{}", hard.display())],
    );
    place.run(&["serve", "--bind", "127.0.0.1:0"], "").refuses("is being served by another keyrack");
    place.run(&["gate-token", "list"], "").refuses("under another name");
    assert_eq!(at(&place, &hard, &["gate-token", "list"], "").code, Some(0));
    assert_eq!(serving.stop().code, Some(0));
    assert_eq!(place.run(&["gate-token", "list"], "").code, Some(0));
}

#[test]
fn plain_http_under_a_name_of_others_is_served_on_request_with_a_warning() {
    let place = Place::on(Engine::Sqlite);
    let serving = place.serve(&["--public-url", "http://keys.test:8080", "--allow-plain-http"]);
    assert_eq!(serving.url, "http://keys.test:8080");
    let ended = serving.stop();
    assert!(ended.err.contains("WARN") && ended.err.contains("plain http"), "{}", ended.err);
}

#[test]
fn help_is_worth_reading() {
    let folder = tempfile::tempdir().unwrap();
    for (command, words) in [
        (
            &[][..],
            &[
                "serve",
                "demo",
                "user",
                "migrate",
                "--bind",
                "--database-url",
                "--public-url",
                "--catalog",
                "KEYRACK_BIND",
                "keyrack demo",
                "--allow-plain-http",
                "--secret-file",
                "--trusted-proxies",
                "--workers",
                "--log-format",
            ][..],
        ),
        (&["serve"], &["--bind", "127.0.0.1:8080", "KEYRACK_PUBLIC_URL", "--sign-in-limit", "sqlite://PATH"]),
        (&["demo"], &["--password", "--keys", "--secrets", "throw-away", "--bind"]),
        (&["user"], &["add", "password"]),
        (
            &["user", "add"],
            &[
                "--email",
                "--name",
                "--role",
                "--team",
                "owner, admin, viewer or member",
                "--database-url",
                "standard input",
            ],
        ),
        (&["user", "password"], &["--email", "standard input"]),
        (&["migrate"], &["--database-url", "up to date"]),
        (&["catalog"], &["check"]),
        (&["catalog", "check"], &["<FILE>", "line"]),
    ] {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let ended = run(folder.path(), &arguments, "");
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{command:?}");
        for word in words {
            assert!(ended.out.contains(word), "{word:?} is not in the help of {command:?}:\n{}", ended.out);
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "help makes nothing");
}
