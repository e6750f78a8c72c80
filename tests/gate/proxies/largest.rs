//! The largest identity headers that a key can have, through the real proxies: with every catalog that we ship, and with
//! one that fills what the examples allow.

use std::path::Path;

use keyrack::gate::identity;
use keyrack::keys::catalog::{Catalog, Kind as KeyKind, file};

use super::haproxy::Pair;
use super::{Front, IDENTITY, bearer};
use crate::with_each_proxy;
use crate::world::form::Form;
use crate::world::{Person, wire};

/// Name and text of every catalog in `examples/catalogs`; `soon.toml` is the built-in one.
fn shipped() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/catalogs");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> =
        paths.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect();
    all.sort();
    assert!(all.len() >= 4, "{all:?}");
    all
}

/// A catalog whose largest key has almost as many bytes of identity headers as the examples have room for.
fn as_large_as_fits() -> (String, String) {
    let fields: Vec<String> = (0..185).map(|at| format!("\"{:x<37}{at:03}\"", "")).collect();
    let resource =
        |id: &str| format!("[[resource]]\nid = \"{id}\"\nactions = [\"read\"]\nfields = [{}]\n", fields.join(", "));
    let text =
        format!("[[kind]]\nid = \"secret\"\nprefix = \"sk_live_\"\n{}", ["a", "b", "c", "d"].map(resource).concat());
    ("filled".to_owned(), text)
}

/// The catalog, with a route for every request if it has none.
fn with_routes(text: &str) -> String {
    let catalog = file::parse(text).unwrap();
    if !catalog.routes().is_empty() {
        return text.to_owned();
    }
    let grant = catalog.resources()[0].grants().next().unwrap();
    format!("{text}\n[[route]]\npath = \"/**\"\nrequire = [\"{grant}\"]\n")
}

/// The create form for the largest key of a kind: everything that can be chosen, and the longest name.
async fn largest_form(olga: &mut Person, catalog: &Catalog, kind: &KeyKind) -> Form {
    let name = "\u{1D49C}".repeat(60);
    let mut fields = vec![("name", name), ("kind", kind.id.clone()), ("expiration", "3m".to_owned())];
    let mut form = olga.create_form().await;
    let choices: Vec<String> = catalog.resources().iter().map(|resource| format!("fields.{}", resource.id)).collect();
    for (resource, choice) in catalog.resources().iter().zip(&choices) {
        if !kind.may_be_granted(&resource.id) {
            continue;
        }
        fields.extend(resource.grants().map(|grant| ("permission", grant.to_string())));
        if !resource.fields.is_empty() {
            fields.push((choice, "some".to_owned()));
            fields.extend(resource.fields.iter().map(|field| ("field", format!("{}:{}", resource.id, field.id))));
        }
    }
    for (name, value) in fields {
        form = if matches!(name, "permission" | "field") { form.and(name, &value) } else { form.with(name, &value) };
    }
    form
}

/// A request that the first route of a catalog means, and a permission that a key of this kind has for it.
fn request(catalog: &Catalog, kind: &KeyKind) -> String {
    let is_open = |route: &&keyrack::keys::catalog::Route| {
        route.require.iter().all(|grant| kind.may_be_granted(grant.resource()))
    };
    let route = catalog.routes().iter().find(is_open).unwrap();
    let method = route.methods.first().map_or("GET", String::as_str);
    let path = route.path.to_string().replace("**", "x").replace('*', "x");
    format!("{method} {path} HTTP/1.1")
}

with_each_proxy!(
    async fn the_largest_key_of_every_catalog_passes(front) {
        let kind_of_proxy = front.kind;
        drop(front);
        for (name, text) in shipped().into_iter().chain([as_large_as_fits()]) {
            let text = with_routes(&text);
            let catalog = file::parse(&text).unwrap();
            let front = Front::with(kind_of_proxy, &text).await;
            let mut olga = front.world.sign_in("olga").await;
            let project = olga.get("/settings/projects").await.form("/settings/projects");
            assert_eq!(olga.submit(&project.with("name", "Kiosk")).await.status, 303);
            let project = front.world.texts("SELECT id AS value FROM projects").remove(0);
            let mut largest = 0;
            for kind in catalog.kinds() {
                let form = largest_form(&mut olga, &catalog, kind).await.with("project", &project);
                let (id, secret) = olga.create_by(&form).await;
                let (status, got) = front.send(&request(&catalog, kind), &[&bearer(&secret), "Content-Length: 0"]);
                assert_eq!((status, got.len()), (200, 1), "{name}, {}: {}", kind.id, front.proxy.said());
                assert_eq!(got[0].one("x-key-id"), id.as_str(), "{name}");
                let line = |header: &&str| format!("{header}: {}\r\n", got[0].one(header)).len();
                largest = largest.max(IDENTITY.iter().map(line).sum());
            }
            assert_eq!(largest, identity::largest_set(&catalog), "{name}: what `catalog check` says");
        }
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_key_passes_through_haproxy() {
    for (name, text) in shipped().into_iter().chain([as_large_as_fits()]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.toml");
        std::fs::write(&path, with_routes(&text)).unwrap();
        let catalog = file::parse(&with_routes(&text)).unwrap();
        let pair = Pair::start_with(&["--catalog", path.to_str().unwrap()]);
        let mut olga = pair.olga().await;
        for kind in catalog.kinds() {
            let form = largest_form(&mut olga, &catalog, kind).await;
            let (id, secret) = olga.create_by(&form).await;
            let request = request(&catalog, kind);
            let (method, target) = request.trim_end_matches(" HTTP/1.1").split_once(' ').unwrap();
            let (method, target) = (format!("X-Original-Method: {method}"), format!("X-Original-URI: {target}"));
            let lines = ["GET /auth/nginx HTTP/1.1", "Host: x", &method, &target, &bearer(&secret)];
            let (status, head, _) = wire::send(&pair.gate, &lines);
            assert!(status == 200 && head.contains(id.as_str()), "{name}: {status} {head}");
        }
    }
}
