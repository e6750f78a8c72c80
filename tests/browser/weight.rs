//! What the list costs over the wire: under 60 kB at the first visit, under 15 kB later.

use serde_json::json;

use super::LIST;
use crate::world::{Browser, Engine, PASSWORD, World, logs};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_light() {
    let world = World::empty(Engine::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets");
    let wish = keyrack::command::demo::Wish {
        catalog: &keyrack::keys::catalog::Catalog::built_in(),
        password: Some(PASSWORD),
        keys: 60,
        secrets: Some(&secrets),
    };
    keyrack::command::demo::fill(&world.store, &wish, world.now()).unwrap();
    std::fs::read_to_string(&secrets).unwrap().lines().for_each(logs::remember);

    let olga = Browser::open(&world).await;
    olga.sign_in("olga").await;
    assert_eq!(olga.see::<usize>("document.querySelectorAll('#rows tr').length").await, 50);
    let weigh = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .map(e => [e.name.replace(location.origin, ''), e.transferSize])";
    let visit = || async {
        olga.visit(LIST).await;
        let parts: Vec<(String, u64)> = olga.see(weigh).await;
        (parts.iter().map(|(_, bytes)| bytes).sum::<u64>(), parts)
    };
    olga.tell("Network.clearBrowserCache", json!({})).await;
    let (first, parts) = visit().await;
    assert!(parts.len() >= 6, "page, styles, scripts: {parts:?}");
    assert!(first > 5_000 && first < 60_000, "the first visit weighs {first} bytes: {parts:?}");
    let (later, parts) = visit().await;
    assert!(later > 1_000 && later < 15_000, "a later visit weighs {later} bytes: {parts:?}");
    println!("first visit {first} bytes, later {later}: {parts:?}");
}
