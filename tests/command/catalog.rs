//! `keyrack catalog check`, and what a catalog does to a start.

use std::path::Path;

use keyrack::keys::catalog::{Catalog, file};
use tempfile::TempDir;

use crate::both_databases;
use crate::world::Person;
use crate::world::program::{Ended, finish, program, run};

const GOOD: &str =
    "[[kind]]\nid = \"secret\"\nprefix = \"sk_live_\"\n[[resource]]\nid = \"users\"\nactions = [\"read\"]\n";

/// A folder with a catalog in it.
fn folder_with(catalog: impl AsRef<[u8]>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("catalog.toml"), catalog).unwrap();
    folder
}

fn check(catalog: impl AsRef<[u8]>) -> Ended {
    run(folder_with(catalog).path(), &["catalog", "check", "catalog.toml"], "")
}

/// Checks that these are the mistakes: plain lines on standard error, and 2.
#[track_caller]
fn assert_mistakes(catalog: impl AsRef<[u8]>, expected: &[&str]) {
    let ended = check(catalog);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    assert_eq!(ended.err.lines().collect::<Vec<_>>(), expected);
}

fn examples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/catalogs");
    let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all.iter().map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn a_good_catalog_is_summed_up() {
    let ended = check(GOOD);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let told = "catalog.toml is a good catalog: 1 kind, 1 resource, 1 permission, no fields and no routes.\n\
                A key's identity headers have at most 983 bytes.\n";
    assert_eq!(ended.out, told);
}

#[test]
fn identity_headers_that_a_proxy_may_not_take_are_a_warning() {
    let fields: Vec<String> = (0..200).map(|at| format!("\"field_{at:03}_of_users\"")).collect();
    let large = format!("{GOOD}fields = [{}]\n", fields.join(", "));
    let ended = check(&large);
    let (bytes, all) = (983 - "*".len() + 200 * "field_000_of_users,".len() - 1, &ended.out);
    assert_eq!((ended.code, all.contains(&format!("at most {bytes} bytes."))), (Some(0), true), "{ended:?}");
    let [warning] = ended.err.lines().collect::<Vec<_>>()[..] else { panic!("{ended:?}") };
    assert!(warning.starts_with(&format!("catalog.toml: warning: identity headers of {bytes} bytes")), "{warning}");
    // The other headers of a response need room in the same buffer.
    for (fields, is_warned) in [(153, false), (154, true)] {
        let fields: Vec<String> = (0..fields).map(|at| format!("\"field_{at:03}_of_users\"")).collect();
        let ended = check(format!("{GOOD}fields = [{}]\n", fields.join(", ")));
        assert_eq!(ended.err.contains("warning"), is_warned, "{ended:?}");
    }
    // Those that carry no value do not count.
    let ended = check(format!("{large}[gate]\nidentity_headers = [\"X-Key-Id\"]\n"));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert_mistakes(
        format!("{GOOD}[gate]\nidentity_headers = [\"X-Key-Team\", \"X-Key-team\"]\n"),
        &["catalog.toml:8: “X-Key-team” is listed twice."],
    );
}

fn routes(routes: &[(&str, &str)]) -> String {
    let table = |(path, require): &(&str, &str)| format!("[[route]]\npath = \"{path}\"\nrequire = {require}\n");
    routes.iter().map(table).collect()
}

#[test]
fn a_later_wider_route_that_requires_less_is_a_warning() {
    let good = GOOD.replace("\"read\"", "\"read\", \"write\"");
    let (read, write) = ("[\"users:read\"]", "[\"users:write\"]");
    let ended = check(format!("{good}{}", routes(&[("/admin/**", write), ("/payouts", write), ("/**", read)])));
    let told = "catalog.toml:13: warning: “/**” is wider than “/admin/**” before it, but does not require “users:write”. \
                1 more route before it is stricter, too.\n";
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), told));
    assert!(ended.out.starts_with("catalog.toml is a good catalog: "), "{ended:?}");
    let both = "[\"users:read\", \"users:write\"]";
    let ended = check(format!("{good}{}", routes(&[("/admin/**", write), ("/**", both)])));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
}

#[test]
fn five_thousand_long_routes_fit() {
    let path = |at: usize| format!("/api/v2/organizations/*/environments/*/{}/resource-{at}/*", "x".repeat(100));
    let paths: Vec<String> = (0..5_000).map(path).collect();
    let all: Vec<_> = paths.iter().map(|path| (path.as_str(), "[\"users:read\"]")).collect();
    let ended = check(format!("{GOOD}{}", routes(&all)));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.out.contains("and 5000 routes."), "{ended:?}");
    let more = [all.as_slice(), &[("/a", "[\"users:read\"]")]].concat();
    assert_mistakes(
        format!("{GOOD}{}", routes(&more)),
        &["catalog.toml:15007: The catalog has 5001 routes; at most 5000 fit."],
    );
}

#[test]
fn every_example_is_good() {
    let examples = examples();
    let names: Vec<_> = examples.iter().map(|(path, _)| path.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["admin-v2.toml", "large.toml", "soku.toml", "soon.toml", "soul-machines.toml"]);
    for (path, _) in &examples {
        let ended = run(Path::new("/"), &["catalog", "check", path], "");
        let warnings = match path.rsplit('/').next() {
            Some("admin-v2.toml") => [" identity headers of "].as_slice(),
            Some("large.toml") => {
                &["“/user/codespaces/*” is wider than “/user/codespaces/secrets”", " identity headers of "]
            }
            Some("soku.toml") => &["“/v1/analytics/**” is wider than “/v1/analytics/exports/**”"],
            Some("soul-machines.toml") => &["“/v1/analytics/conversations/**” is wider than “/v1/analytics/"],
            _ => &[],
        };
        assert_eq!((ended.code, ended.err.lines().count()), (Some(0), warnings.len()), "{path}: {ended:?}");
        let are_told = ended.err.lines().zip(warnings).all(|(line, warning)| line.contains(warning));
        assert!(are_told, "{path}: {ended:?}");
    }
    let read = |name: &str| {
        let (_, text) = examples.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        file::parse(text).unwrap()
    };
    assert_eq!(read("/soon.toml"), Catalog::built_in(), "Soon's is the one that is built in");
    assert_eq!(read("/soku.toml").default_kind().prefix, "sk_live_");
    let admin = read("/admin-v2.toml");
    let actions: Vec<_> = admin.actions().iter().map(|action| action.label.clone()).collect();
    assert_eq!(actions, ["Create", "Read", "Update", "Delete", "Download"]);
    assert!(admin.resources().len() >= 30 && admin.resources().iter().any(|resource| resource.fields.len() == 40));
    let large = read("/large.toml");
    assert!(large.routes().len() >= 500 && large.resources().len() >= 50 && large.default_kind().prefix == "CH-pat-");
    let machines = read("/soul-machines.toml");
    let kinds: Vec<_> =
        machines.kinds().iter().map(|kind| (kind.label.as_str(), kind.is_publishable(), kind.has_domains)).collect();
    assert_eq!(kinds, [("WebAPI", true, true), ("Mobile", true, true), ("Analytics", false, false)]);
    assert!(!machines.kind("analytics").unwrap().may_be_granted("sessions"));
}

#[test]
fn duplicates_are_told() {
    assert_mistakes(
        format!(
            "{GOOD}fields = [\"name\", \"name\"]\n[[resource]]\nid = \"users\"\nactions = [\"read\", \"read\"]\n\
             [[kind]]\nid = \"secret\"\nprefix = \"pk_\"\n[[kind.toggle]]\nid = \"a\"\n[[kind.toggle]]\nid = \"a\"\n"
        ),
        &[
            "catalog.toml:7: “name” stands twice among the fields of “users”.",
            "catalog.toml:9: “users” stands twice among the resources.",
            "catalog.toml:10: “read” stands twice among the actions of “users”.",
            "catalog.toml:12: “secret” stands twice among the kinds.",
            "catalog.toml:17: “a” stands twice among the toggles of “secret”.",
        ],
    );
    assert_mistakes(format!("{GOOD}id = \"b\"\n"), &["catalog.toml:7: `id` stands here twice"]);
}

#[test]
fn unknown_keys_are_told_with_the_known_ones() {
    let known = "expected one of `id`, `label`, `actions`, `fields`, `labels`, `scopes`";
    assert_mistakes(
        format!("{GOOD}lable = \"Users\"\n"),
        &[&format!("catalog.toml:7: unknown field `lable`, {known}")],
    );
}

#[test]
fn a_reference_to_nothing_is_told() {
    assert_mistakes(
        format!(
            "{GOOD}[resource.labels]\nwrite = \"Write\"\n[[kind]]\nid = \"few\"\nprefix = \"few_\"\nresources = [\"payroll\"]\n\
             [[route]]\npath = \"/v2/users\"\nrequire = [\"users:read\", \"users:write\"]\n"
        ),
        &[
            "catalog.toml:8: “write” has a label, and is no action and no field of “users”.",
            "catalog.toml:12: Kind “few” may be granted “payroll”, which is no resource of this catalog.",
            "catalog.toml:15: “users:write” names no action of “users”.",
        ],
    );
}

#[test]
fn ten_thousand_fields_are_too_many() {
    let fields: Vec<String> = (0..10_000).map(|at| format!("\"f{at}\"")).collect();
    assert_mistakes(
        format!("{GOOD}fields = [{}]\n", fields.join(", ")),
        &[
            "catalog.toml:1: The catalog has 10000 fields in all; at most 5000 fit.",
            "catalog.toml:7: Resource “users” has 10000 fields; at most 200 fit.",
        ],
    );
}

#[test]
fn a_prefix_that_collides_or_breaks_the_alphabet_is_told() {
    let kind = |id: &str, prefix: &str| format!("[[kind]]\nid = \"{id}\"\nprefix = \"{prefix}\"\n");
    let alphabet = "a prefix is words of letters and digits, each followed by “_” or “-”, like sk_live_";
    assert_mistakes(
        format!("brand = \"Acme!\"\n{GOOD}{}{}", kind("other", "sk_live_"), kind("third", "sk-Live")),
        &[
            "catalog.toml:1: “Acme!” cannot be the brand: a brand is 2 to 12 small letters and digits.",
            "catalog.toml:10: “sk_live_” is the prefix of two kinds, “secret” and “other”.",
            &format!("catalog.toml:13: “sk-Live” cannot be the prefix of kind “third”: {alphabet}."),
        ],
    );
}

#[test]
fn of_very_many_mistakes_the_first_are_told_and_the_rest_counted() {
    let bad: Vec<String> = (0..90).map(|at| format!("\"_{at}\"")).collect();
    let ended = check(format!("{GOOD}fields = [{}]\n", bad.join(",\n")));
    assert_eq!((ended.code, ended.err.lines().count()), (Some(2), 51), "{ended:?}");
    assert!(ended.err.lines().next().unwrap().starts_with("catalog.toml:7: “_0” cannot be an id"), "{ended:?}");
    assert_eq!(ended.err.lines().next_back(), Some("catalog.toml: and 40 more mistakes"));
}

#[test]
fn what_is_no_file_of_text_is_one_line() {
    assert_mistakes(
        "",
        &["catalog.toml:1: This catalog is empty: it needs at least one [[kind]] and one [[resource]]."],
    );
    assert_mistakes(b"brand = \"acme\"\nbrand2 = \"\xff\"\n", &["catalog.toml:2: this is not UTF-8"]);
    let utf_16: Vec<u8> = [0xFEFF].into_iter().chain(GOOD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_mistakes(utf_16, &["catalog.toml: this is UTF-16; save it as UTF-8"]);
    assert_mistakes("#".repeat(2_097_153), &["catalog.toml: a catalog has at most 2097152 bytes (2 MiB)"]);
    let longest = format!("{GOOD}{}", "#".repeat(2_097_152 - GOOD.len()));
    assert_eq!(check(longest).code, Some(0));
    assert_eq!(check(format!("\u{FEFF}{GOOD}")).code, Some(0), "what Windows writes in front is no mistake");

    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| run(folder.path(), &["catalog", "check", path], "");
    at("nowhere.toml").refuses("nowhere.toml: there is no such file");
    at(".").refuses(".: this is a folder, not a file");
    run(folder.path(), &["catalog", "check"], "").refuses("<FILE>");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "checking makes nothing");
}

#[test]
fn a_bad_catalog_stops_the_start() {
    let folder = folder_with(format!("{GOOD}lable = \"Users\"\n"));
    for command in ["serve", "demo"] {
        let with = |catalog: &str| run(folder.path(), &[command, "--bind", "127.0.0.1:0", "--catalog", catalog], "");
        with("catalog.toml").refuses("keyrack: --catalog catalog.toml:7: unknown field `lable`");
        with("nowhere.toml").refuses("keyrack: --catalog nowhere.toml: there is no such file");
    }
    assert!(!folder.path().join("data").exists(), "it is looked at before anything is made");

    let folder = folder_with(format!("{GOOD}lable = \"Users\"\n[[route]]\n"));
    let ended = run(folder.path(), &["--catalog", "catalog.toml"], "");
    let lines: Vec<_> = ended.err.lines().collect();
    assert_eq!((ended.code, lines.len()), (Some(2), 2), "{ended:?}");
    assert_eq!(lines[1], "catalog.toml:8: missing field `path`");

    let mut command = program(folder.path());
    command.env("KEYRACK_CATALOG", "catalog.toml");
    let ended = finish(command.spawn().unwrap(), "");
    assert!(ended.code == Some(2) && ended.err.contains("--catalog catalog.toml:7:"), "{ended:?}");
}

both_databases!(
    async fn a_catalog_says_what_is_asked_for(place) {
        std::fs::write(place.folder.path().join("catalog.toml"), GOOD.replace("users", "kiosks")).unwrap();
        let mut serving = place.serve(&["--catalog", "catalog.toml"]);
        let path = serving.setup_link().strip_prefix(&serving.url).unwrap().to_owned();
        let mut olga = Person::new(&serving.url);
        let form = olga.get(&path).await.form("/setup").with("team_name", "Northwind Rota").with("name", "Olga Berg");
        let form = form.with("email", "olga@northwind.example").with("password", crate::world::PASSWORD);
        assert_eq!(olga.submit(&form).await.status, 303);
        let asked = olga.get("/settings/developers/keys/new").await;
        assert_eq!(asked.attributes("input[name=permission]", "value"), ["kiosks:read"]);
        assert_eq!(serving.stop().code, Some(0));
    }
);
