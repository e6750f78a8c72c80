//! The rules of the house, read off the files themselves: who may import whom, where time and
//! randomness come from, that siblings stand together. A file that is new here has to be told of below.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Pure rules: the standard library, small libraries, other nouns.
const NOUNS: &[&str] = &[
    "audit/event",
    "calendar",
    "client_ip",
    "clock",
    "docs/example",
    "gate/asked",
    "gate/asker",
    "gate/bearer",
    "gate/credential",
    "gate/identity",
    "gate/index/layers",
    "gate/index/mod",
    "gate/index/settled",
    "gate/known",
    "gate/lease",
    "gate/needs",
    "gate/path",
    "gate/question",
    "gate/shape",
    "gate/throttle",
    "gate/verdict",
    "id",
    "json",
    "lock",
    "keys/addresses",
    "keys/bounds",
    "keys/catalog/check/gate",
    "keys/catalog/check/kinds",
    "keys/catalog/check/mod",
    "keys/catalog/check/product",
    "keys/catalog/check/resources",
    "keys/catalog/check/routes",
    "keys/catalog/check/scopes",
    "keys/catalog/file/lines",
    "keys/catalog/file/mod",
    "keys/catalog/file/permissions",
    "keys/catalog/file/tables",
    "keys/catalog/form_size",
    "keys/catalog/cors",
    "keys/catalog/identity_headers",
    "keys/catalog/key_headers",
    "keys/catalog/kind",
    "keys/catalog/mistake",
    "keys/catalog/mod",
    "keys/catalog/offered",
    "keys/catalog/resource",
    "keys/catalog/route/forms",
    "keys/catalog/route/mod",
    "keys/catalog/route/pattern",
    "keys/catalog/route/request_path",
    "keys/catalog/route/routes",
    "keys/catalog/route/segment",
    "keys/catalog/route/table",
    "keys/catalog/scope",
    "keys/choice",
    "keys/cursor",
    "keys/domains",
    "keys/draft",
    "keys/expiration",
    "keys/grants",
    "keys/in_force",
    "keys/key",
    "keys/lines",
    "keys/listing",
    "keys/name",
    "keys/realm",
    "keys/secret",
    "keys/sort",
    "keys/toggles",
    "keys/wording",
    "people/device",
    "people/member",
    "people/password",
    "people/session",
    "people/slow_down",
    "projects/project",
    "public_url",
    "refusal",
    "usage/clients",
    "usage/history",
    "usage/key_use",
    "usage/noted",
    "usage/outcome",
    "usage/tally",
    "usage/turn",
    "usage/used",
];

/// SQL, and nothing else.
const STORES: &[&str] = &[
    "audit/store",
    "gate/store/changes",
    "gate/store/instances",
    "gate/store/mod",
    "gate/token_store",
    "keys/store/changes",
    "keys/store/counts",
    "keys/store/list",
    "keys/store/mod",
    "keys/store/revoke_all",
    "keys/store/scope",
    "keys/store/uses",
    "people/store/devices",
    "people/store/failed_sign_ins",
    "people/store/mod",
    "people/store/sessions",
    "people/store/sign_in",
    "projects/store",
    "store/ballast",
    "store/changes",
    "store/dialect/claim",
    "store/dialect/migrate",
    "store/dialect/mod",
    "store/dialect/open",
    "store/dialect/transaction",
    "store/mod",
    "store/schema",
    "usage/store",
];

/// Pages and endpoints, one action each: with their template, and their test.
const VERBS: &[(&str, Option<&str>)] = &[
    ("docs/api", Some("docs/api")),
    ("docs/gateway", Some("docs/gateway")),
    ("gate/forward_auth", None),
    ("gate/introspect", None),
    ("gate/oauth_metadata", None),
    ("gate/openapi", None),
    ("gate/own_key", None),
    ("gate/verify", None),
    ("keys/create", Some("keys/create")),
    ("keys/delete", Some("keys/delete")),
    ("keys/details", Some("keys/details")),
    ("keys/edit", Some("keys/edit")),
    ("keys/list", Some("keys/list")),
    ("keys/refusals", Some("keys/refusals")),
    ("keys/revoke", Some("keys/revoke")),
    ("keys/revoke_all", Some("keys/revoke_all")),
    ("keys/using", Some("keys/using")),
    ("people/login", Some("people/login")),
    ("people/logout", None),
    ("people/security", Some("people/security")),
    ("people/setup", Some("people/setup")),
    ("people/switch", None),
    ("people/team", Some("people/team")),
    ("projects/archive", Some("projects/archive")),
    ("projects/edit", Some("projects/edit")),
    ("projects/list", Some("projects/list")),
    ("projects/restore", None),
    ("command/catalog", None),
    ("command/demo", None),
    ("command/gate_token", None),
    ("command/user", None),
];

/// What several verbs of a room share: what is shown, and where from.
const SHARED: &[&str] = &[
    "command/demo_use",
    "gate/at_once",
    "gate/call",
    "gate/cors",
    "gate/judge",
    "gate/learn",
    "gate/planted",
    "gate/askers",
    "gate/body",
    "gate/held",
    "gate/refused",
    "gate/watch/alone",
    "gate/watch/mod",
    "gate/watch/shared",
    "keys/changed",
    "keys/create_page",
    "keys/facts",
    "keys/in_use",
    "keys/matrix",
    "keys/place",
    "keys/shown",
    "people/attempt",
    "people/devices",
    "people/failed_sign_ins",
    "people/hashing",
    "people/sessions",
    "people/unstored",
    "usage/flush",
];

/// The doors of the rooms: what is public of them.
const DOORS: &[&str] =
    &["audit/mod", "command/mod", "docs/mod", "gate/mod", "keys/mod", "people/mod", "projects/mod", "usage/mod"];

/// What holds the rooms together.
const FRAME: &[&str] = &[
    "app",
    "app/connections",
    "app/listener",
    "assets",
    "config",
    "edge",
    "fault",
    "fault_page",
    "form",
    "guard",
    "health",
    "home",
    "huge_pages",
    "lib",
    "main",
    "metrics",
    "page",
    "problem",
    "site",
];

const ROOMS: &[&str] = &["audit", "docs", "gate", "keys", "people", "projects", "usage"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// Path below the repository, and text, of every file in some folders whose name ends so.
fn files(folders: &[&str], ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    folders.iter().for_each(|folder| walk(&root().join(folder), &mut found));
    found.sort();
    let named = found.into_iter().filter(|path| path.to_string_lossy().ends_with(ending));
    named
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            (name, String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned())
        })
        .collect()
}

/// Every file of `src/`.
pub fn sources() -> Vec<(String, String)> {
    files(&["src"], ".rs")
}

/// A file without its tests and comments.
pub fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let bare = |line: &str| line.find("//").filter(|at| !line[..*at].ends_with(':')).map_or(line.len(), |at| at);
    text.lines().map(|line| &line[..bare(line)]).collect::<Vec<_>>().join("\n")
}

/// `src/keys/mod.rs` → `keys/mod`.
fn stem(path: &str) -> &str {
    path.trim_start_matches("src/").trim_end_matches(".rs")
}

/// The nouns as they are imported: one that is a folder by the folder's name.
fn folded_nouns() -> impl Iterator<Item = &'static str> {
    NOUNS.iter().map(|noun| noun.strip_suffix("/mod").unwrap_or(noun))
}

/// Whole paths of what a file imports: `use a::{b, c::d}` imports `a::b` and `a::c::d`. Those that begin
/// at `super` or `self` are told from the crate's root.
fn imports(path: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for statement in code.split(';') {
        let Some(at) = statement.rfind("use ") else { continue };
        let before = statement[..at].trim_end();
        let begins = before.is_empty() || before.ends_with(['}', ']', '{', ')']) || before.ends_with("pub");
        if begins {
            let compact: String = statement[at + 4..].split_whitespace().collect::<Vec<_>>().join(" ");
            expand("", &compact, &mut found);
        }
    }
    let mut here: Vec<&str> = stem(path).split('/').collect();
    if here.last() == Some(&"mod") {
        here.pop();
    }
    let absolute = |import: String| {
        let (mut base, mut rest) = (here.clone(), import.as_str());
        if let Some(below) = rest.strip_prefix("self::") {
            return format!("crate::{}::{below}", base.join("::"));
        }
        if !rest.starts_with("super::") {
            return import;
        }
        while let Some(above) = rest.strip_prefix("super::") {
            base.pop();
            rest = above;
        }
        std::iter::once("crate").chain(base).chain([rest]).collect::<Vec<_>>().join("::")
    };
    found.into_iter().map(absolute).collect()
}

fn expand(prefix: &str, text: &str, found: &mut Vec<String>) {
    let text = text.trim();
    let Some(open) = text.find('{') else {
        let name = text.split(" as ").next().unwrap_or(text).trim();
        let whole = format!("{prefix}{name}");
        found.push(whole.strip_suffix("::self").map_or(whole.clone(), str::to_owned));
        return;
    };
    let prefix = format!("{prefix}{}", &text[..open]);
    let inner = &text[open + 1..text.rfind('}').expect("a group ends")];
    let (mut depth, mut from) = (0, 0);
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !inner[from..at].trim().is_empty() {
                    expand(&prefix, &inner[from..at], found);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// Whether a crate is named in code, at the start of a path.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::"))
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
        || code.contains(&format!("use {name};"))
}

#[track_caller]
fn nothing(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn imports_are_read_as_they_are_written() {
    let code = "use a::b;\nuse super::{c, d::{self, E as F}};\npub use store::record;\nlet because = 1;";
    assert_eq!(
        imports("src/keys/list.rs", code),
        ["a::b", "crate::keys::c", "crate::keys::d", "crate::keys::d::E", "store::record"]
    );
    assert_eq!(imports("src/keys/mod.rs", "use super::x;"), ["crate::x"]);
    assert!(names_crate("fn a() { diesel::b() }", "diesel") && !names_crate("my_diesel::b; a::diesel::c", "diesel"));
}

#[test]
fn every_file_has_a_kind_and_every_kind_its_files() {
    let verbs = VERBS.iter().map(|(stem, _)| *stem);
    let kinds = [NOUNS, STORES, SHARED, DOORS, FRAME];
    let told: Vec<&str> = kinds.into_iter().flatten().copied().chain(verbs).collect();
    let listed: BTreeSet<String> = told.iter().map(ToString::to_string).collect();
    let there: BTreeSet<String> = sources().iter().map(|(path, _)| stem(path).to_owned()).collect();
    assert_eq!(listed.len(), told.len(), "a file has one kind");
    assert_eq!(
        there.difference(&listed).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "tell tests/house.rs what these are"
    );
    assert_eq!(listed.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "these are gone");
}

#[test]
fn nouns_know_no_web_no_database_and_no_verb() {
    let is_noun = |import: &str| {
        let path = import.trim_start_matches("crate::").replace("::", "/");
        folded_nouns().any(|noun| path == noun || path.starts_with(&format!("{noun}/")))
    };
    let mut breaches = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| NOUNS.contains(&stem(path))) {
        let code = code(text);
        for library in ["actix_web", "actix_session", "diesel", "askama", "tracing", "tokio", "clap", "reqwest"] {
            if names_crate(&code, library) {
                breaches.push(format!("{path} names {library}"));
            }
        }
        let ours = imports(path, &code).into_iter().filter(|import| import.starts_with("crate::"));
        breaches.extend(ours.filter(|import| !is_noun(import)).map(|import| format!("{path} imports {import}")));
        for inline in ["std::fs", "std::net::Tcp", "std::env", "std::process", "std::thread"] {
            if code.contains(inline) {
                breaches.push(format!("{path} names {inline}"));
            }
        }
    }
    nothing(breaches);
}

#[test]
fn only_stores_name_diesel() {
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let is_store = STORES.contains(&stem(&path));
        let code = code(&text);
        if !is_store
            && (names_crate(&code, "diesel") || names_crate(&code, "diesel_migrations") || code.contains("sql_query"))
        {
            breaches.push(format!("{path} names diesel"));
        }
        if is_store && ["actix_session", "askama"].iter().any(|library| names_crate(&code, library)) {
            breaches.push(format!("{path} is a store and knows pages"));
        }
        // The pool's threads are actix's; nothing else of it.
        if is_store && code.replace("actix_web::web::block", "").contains("actix_web") {
            breaches.push(format!("{path} is a store and knows the web"));
        }
        if is_store
            && imports(&path, &code)
                .iter()
                .any(|import| import.starts_with("crate::guard") || import.starts_with("crate::page"))
        {
            breaches.push(format!("{path} is a store and imports a verb's tools"));
        }
    }
    nothing(breaches);
}

#[test]
fn only_the_dialect_asks_for_the_engine() {
    let mut breaches = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !path.starts_with("src/store/dialect/")) {
        // The demo's own file is made, not asked about.
        let code = code(text).replace("settings.database = DatabaseUrl::Sqlite(", "");
        for engine in [
            "Db::Sqlite",
            "Db::Postgres",
            "DatabaseUrl::Sqlite",
            "DatabaseUrl::Postgres",
            "SqliteConnection",
            "PgConnection",
        ] {
            if code.contains(engine) {
                breaches.push(format!("{path} names {engine}"));
            }
        }
    }
    nothing(breaches);
}

#[test]
fn only_the_clock_asks_the_time() {
    let asking = ["Utc::now", "Local::now", "SystemTime", "UNIX_EPOCH.elapsed"];
    let askers = |path: &str| path != "src/clock.rs";
    let found = sources().into_iter().filter(|(path, _)| askers(path)).flat_map(|(path, text)| {
        let code = code(&text);
        asking.into_iter().filter(move |asked| code.contains(asked)).map(move |asked| format!("{path}: {asked}"))
    });
    nothing(found.collect());
}

#[test]
fn only_a_few_draw_randomness() {
    let drawers = ["src/keys/secret.rs", "src/people/password.rs", "src/people/session.rs"];
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let code = code(&text);
        if !drawers.contains(&path.as_str())
            && ["rand", "getrandom", "uuid", "fastrand"].iter().any(|name| names_crate(&code, name))
        {
            breaches.push(format!("{path} draws randomness"));
        }
        if path != "src/id.rs" && names_crate(&code, "ulid") {
            breaches.push(format!("{path} mints ids"));
        }
    }
    nothing(breaches);
}

#[test]
fn nothing_imports_the_app_but_main() {
    let mut breaches = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| path != "src/main.rs" && !path.starts_with("src/app/")) {
        let code = code(text);
        let imports_it =
            imports(path, &code).iter().any(|import| import == "crate::app" || import.starts_with("crate::app::"));
        if imports_it || code.contains("crate::app::") {
            breaches.push(path.clone());
        }
    }
    nothing(breaches);
}

/// A room's insides are its own: others name its nouns, or what its `mod.rs` shows. The commands stand in
/// for verbs of every room, the app lists all verbs, the guard reads what a session holds.
#[test]
fn rooms_meet_only_through_their_doors() {
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let here = stem(&path).split('/').next().unwrap_or_default().to_owned();
        if matches!(here.as_str(), "app" | "command" | "main" | "guard") {
            continue;
        }
        let code = code(&text);
        let inline = code.match_indices("crate::").map(|(at, _)| {
            code[at..]
                .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                .next()
                .unwrap_or_default()
                .to_owned()
        });
        let through =
            code.match_indices("people::store").filter(|_| here != "people").map(|_| "crate::people::store".to_owned());
        for import in imports(&path, &code).into_iter().chain(inline).chain(through.collect::<Vec<_>>()) {
            let Some(inside) = import.strip_prefix("crate::") else { continue };
            let Some((room, inside)) = inside.split_once("::") else { continue };
            if room == here || !ROOMS.contains(&room) {
                continue;
            }
            let first = inside.split("::").next().unwrap_or_default();
            let is_noun = folded_nouns().any(|noun| noun == format!("{room}/{first}"));
            let is_there = |path: String| root().join(path).exists();
            let is_insides = !first.is_empty()
                && (is_there(format!("src/{room}/{first}.rs")) || is_there(format!("src/{room}/{first}")));
            if is_insides && !is_noun {
                breaches.push(format!("{path} reaches into {import}"));
            }
        }
    }
    breaches.sort();
    breaches.dedup();
    nothing(breaches);
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| {
        let found = files(&[&format!("migrations/{engine}")], ".sql");
        found.into_iter().map(|(path, _)| path.replace(engine, "ENGINE")).collect::<Vec<_>>()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(names("sqlite").len() >= 6);
    let strict = files(&["migrations/sqlite"], "up.sql");
    for (path, text) in strict {
        assert_eq!(
            text.matches("CREATE TABLE").count(),
            text.matches(") STRICT;").count(),
            "{path}: tables are STRICT"
        );
    }
}

#[test]
fn every_verb_stands_with_its_template_and_its_test() {
    let mut breaches = Vec::new();
    let is_there = |path: &str| root().join(path).exists();
    let read = |path: String| fs::read_to_string(root().join(path)).unwrap();
    for (stem, template) in VERBS {
        if let Some(template) = template {
            let named = read(format!("src/{stem}.rs"));
            let page = read(format!("src/{}.rs", if *stem == "keys/create" { "keys/create_page" } else { stem }));
            let path = format!("path = \"{template}.html\"");
            if !(named.contains(&path) || page.contains(&path)) || !is_there(&format!("templates/{template}.html")) {
                breaches.push(format!("src/{stem}.rs shows no templates/{template}.html"));
            }
        }
        let room = stem.split('/').next().unwrap_or_default();
        // A room's tests come with its door: those of the keys, the gate and the documentation.
        if is_there(&format!("tests/{room}")) && !is_there(&format!("tests/{stem}.rs")) {
            breaches.push(format!("src/{stem}.rs has no tests/{stem}.rs"));
        }
    }
    nothing(breaches);
}

#[test]
fn no_file_is_longer_than_one_can_read() {
    let long = sources().into_iter().map(|(path, text)| {
        let before_tests = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().lines().count();
        (path, before_tests)
    });
    nothing(long.filter(|(_, lines)| *lines > 400).map(|(path, lines)| format!("{path}: {lines} lines")).collect());
}

#[test]
fn no_code_is_unsafe_and_none_gives_up() {
    let settings = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let rust_lints = settings.split("[lints.rust]").nth(1).unwrap().split("\n[").next().unwrap();
    assert!(rust_lints.contains("unsafe_code = \"forbid\""), "{rust_lints}");
    let mut breaches = Vec::new();
    for (path, text) in sources() {
        let code = code(&text);
        for giving_up in [".unwrap()", "todo!(", "unimplemented!(", "dbg!(", "println!(", "unsafe "] {
            if code.replace("eprintln!(", "").contains(giving_up) {
                breaches.push(format!("{path}: {giving_up}"));
            }
        }
    }
    nothing(breaches);
}

#[test]
fn templates_escape_everything_and_hold_no_script_no_style_no_address() {
    let mut breaches = Vec::new();
    for (path, text) in files(&["templates"], ".html") {
        let mut forbid = |what: &str| {
            if text.contains(what) {
                breaches.push(format!("{path}: {what}"));
            }
        };
        for what in
            ["|safe", "| safe", "escape = \"none\"", "<style", "style=\"", "javascript:", "hx-on", "hx-vals='js"]
        {
            forbid(what);
        }
        for address in ["href=\"/", "action=\"/", "src=\"/", "hx-get=\"/", "hx-post=\"/"] {
            forbid(address);
        }
        for event in ["onclick", "onload", "onsubmit", "onchange", "oninput", "onerror", "onfocus"] {
            forbid(&format!(" {event}="));
        }
        for script in text.match_indices("<script").map(|(at, _)| &text[at..]) {
            let tag = script.split('>').next().unwrap_or_default();
            if !tag.contains(" src=") || !script[tag.len()..].starts_with("></script>") {
                breaches.push(format!("{path}: a script stands in the page"));
            }
        }
    }
    let escaping =
        sources().into_iter().filter(|(_, text)| text.contains("escape = \"none\"") || text.contains("|safe"));
    breaches.extend(escaping.map(|(path, _)| path));
    nothing(breaches);
}

#[test]
fn no_key_stands_in_the_repository() {
    let folders = ["src", "tests", "templates", "static", "migrations", "docs", "examples", "benches", "fuzz", ".ci"];
    let mut all = files(&folders, "");
    for single in ["README.md", "Cargo.toml"] {
        all.extend(fs::read_to_string(root().join(single)).ok().map(|text| (single.to_owned(), text)));
    }
    let mut breaches = Vec::new();
    for (path, text) in all {
        for (at, marker) in text.match_indices("_live_").chain(text.match_indices("_test_")) {
            let body = text[at + marker.len()..].chars().take_while(char::is_ascii_alphanumeric).count();
            let has_kind = text[..at].ends_with("sk") || text[..at].ends_with("pk");
            if has_kind && body >= 24 {
                breaches.push(format!("{path}: something like a key, {body} characters long"));
            }
        }
    }
    nothing(breaches);
}
