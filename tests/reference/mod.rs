//! The pages of real products that Keyrack can stand in for. Every behaviour that a product's document states has
//! a test here, in the document's order, with the catalog of that product; where Keyrack decides otherwise, the
//! test shows what it does instead, and its name says so.
//!
//! Each file begins with its list of statements: `N.`, the statement, and after an arrow the test.

/// A statement of a product's document: it holds on both engines, with the catalog of that product.
macro_rules! statement {
    ($product:literal, async fn $name:ident($world:ident) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($world: $crate::world::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                test($crate::world::World::of_catalog($crate::world::Engine::Sqlite, $product).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                test($crate::world::World::of_catalog($crate::world::Engine::Postgres, $product).await).await;
            }
        }
    };
}

mod admin_v2;
mod soku;
mod soon;
mod soul_machines;

use keyrack::keys::catalog::{Catalog, file};
use keyrack::keys::key::KeyId;
use reqwest::Method;
use serde_json::Value;

use crate::world::World;
use crate::world::form::Answer;
use crate::world::keys::SELF;

/// The text of the example catalog of that name.
fn catalog_text(product: &str) -> String {
    let path = format!("{}/examples/catalogs/{product}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn catalog(text: &str) -> Catalog {
    file::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

/// What the gate tells of a good key.
async fn told(world: &World, secret: &str) -> Value {
    let answer = world.visitor().present(Method::GET, secret).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// What the gate says to one whom it refuses: code and advice.
async fn refused(world: &World, header: Option<(&'static str, String)>) -> (String, String) {
    let mut machine = world.visitor();
    machine.headers.extend(header);
    let answer = machine.get(SELF).await;
    assert_eq!((answer.status, answer.header("content-type")), (401, "application/problem+json"), "{}", answer.body);
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    (told["code"].as_str().unwrap().to_owned(), told["detail"].as_str().unwrap().to_owned())
}

/// As [`refused`], with a key in the header where it belongs.
async fn refused_key(world: &World, key: &str) -> (String, String) {
    refused(world, Some(("Authorization", format!("Bearer {key}")))).await
}

/// What a page of details or an edit form says, by its label.
fn fact(answer: &Answer, label: &str) -> String {
    let (labels, facts) = (answer.texts(".facts dt"), answer.texts(".facts dd"));
    let at = labels.iter().position(|known| known == label);
    facts[at.unwrap_or_else(|| panic!("no {label} among {labels:?}"))].clone()
}

/// The text of the cell of that column in the row of that key.
fn cell(list: &Answer, id: &KeyId, column: &str) -> String {
    list.texts(&format!("#row-{id} .key-{column}")).remove(0)
}

/// The entries of that key's menu.
fn menu(list: &Answer, id: &KeyId) -> Vec<String> {
    list.texts(&format!("#menu-{id} a"))
}

/// What is stated at the head of a file, by number, and the name of its test.
fn stated(text: &str) -> Vec<(usize, String)> {
    let head: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let mut stated: Vec<(usize, String)> = Vec::new();
    for line in head {
        let number = line.split_once(". ").and_then(|(number, _)| number.parse().ok());
        if let Some(number) = number {
            stated.push((number, String::new()));
        }
        if let Some(name) = line.split_once("→ `").and_then(|(_, name)| name.strip_suffix('`')) {
            stated.last_mut().expect("a statement before its test").1 = name.to_owned();
        }
    }
    stated
}

#[test]
fn every_statement_that_is_listed_has_its_test_and_every_test_its_statement() {
    for file in ["admin_v2.rs", "soku.rs", "soon.rs", "soul_machines.rs"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        let tests = text.lines().filter_map(|line| line.strip_prefix("    async fn ")?.strip_suffix("(world) {"));
        let tests: Vec<_> = tests.enumerate().map(|(n, name)| (n + 1, name.to_owned())).collect();
        assert_eq!(stated(&text), tests, "{file}");
    }
}
