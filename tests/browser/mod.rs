//! What a person does and sees, in real Chromium against the real server.

mod catalogs;
mod habits;
mod life;
mod looks;
mod plain;
mod roles;
mod teams;
mod trouble;
mod uses;
mod using;
mod weight;

use crate::world::{Browser, Person, World, logs};

/// The page.
pub const LIST: &str = "/settings/developers";

/// Fills and sends the create form that is open, as a dialog or a page; answers the secret.
pub async fn create(at: &Browser, name: &str, permissions: &[&str]) -> String {
    at.fill("#key-name", name).await;
    for permission in permissions {
        at.click(&format!("[value='{permission}']")).await;
    }
    at.click_text("#create-sheet", "Create Key").await;
    revealed(at).await
}

/// The secret on the page, remembered as one that must not be logged.
pub async fn revealed(at: &Browser) -> String {
    at.until_shown("[data-secret]").await;
    let secret = at.text("[data-secret]").await;
    logs::remember(&secret);
    secret
}

/// Makes a key without a browser, where it is not what the test is about; answers the secret.
pub async fn issue(person: &mut Person, name: &str, permission: &str) -> String {
    let page = person.get("/settings/developers/keys/new").await;
    let form = page.form("/settings/developers/keys").with("name", name).and("permission", permission);
    let answer = person.submit(&form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let secret = answer.texts("[data-secret]").remove(0);
    logs::remember(&secret);
    secret
}

/// The status with which the machine's door answers a key.
pub async fn use_key(world: &World, secret: &str) -> u16 {
    let url = format!("{}/v1/keys/self", world.url);
    let request = reqwest::Client::new().get(url).header("Authorization", format!("Bearer {secret}"));
    request.send().await.unwrap().status().as_u16()
}

/// The id of the key of that name on the list.
pub async fn id_of(at: &Browser, name: &str) -> String {
    let links = "[...document.querySelectorAll('#rows .key-name a')]";
    at.see(&format!("{links}.find(a => a.textContent === {name:?}).closest('tr').id.slice('row-'.length)")).await
}

/// The names on the list, from top to bottom.
pub async fn names(at: &Browser) -> Vec<String> {
    at.texts("#rows .key-name a").await
}

/// Chooses from the menu of the key of that name.
pub async fn choose(at: &Browser, name: &str, entry: &str) {
    let id = id_of(at, name).await;
    at.click(&format!("#more-{id}")).await;
    at.click_text(&format!("#menu-{id}"), entry).await;
}
