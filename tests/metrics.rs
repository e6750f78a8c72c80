//! The figures of a process: at an address of their own, and true.

use keyrack::config::Settings;

use crate::world::{Engine, World};

pub async fn figures(world: &World) -> String {
    let url = world.metrics_url.as_deref().expect("the figures are told");
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

pub fn figure(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

async fn world(engine: Engine) -> World {
    let told = |settings: &mut Settings| settings.metrics_bind = Some("127.0.0.1:0".parse().unwrap());
    let world = World::with(engine, told).await;
    crate::world::cast::enter(&world.store, world.clock.now());
    world
}

crate::both_engines!(world => async fn verdicts_are_counted_by_their_word(world) {
    let mut olga = world.sign_in("Olga").await;
    let (_, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
    let ask = async |header: &str| {
        let client = reqwest::Client::new();
        client.get(format!("{}/v1/keys/self", world.url)).header("Authorization", header).send().await.unwrap().status()
    };
    for (header, times) in [(format!("Bearer {}", secret), 3), ("Bearer nonsense".to_owned(), 2)] {
        for _ in 0..times {
            ask(&header).await;
        }
    }
    let text = figures(&world).await;
    assert_eq!(figure(&text, "keyrack_verdicts_total{code=\"VALID\"}"), 3.0);
    assert_eq!(figure(&text, "keyrack_verdicts_total{code=\"MALFORMED\"}"), 2.0);
    let timed = figure(&text, "keyrack_verdict_seconds_count");
    assert!((1.0..=5.0).contains(&timed), "of each worker's verdicts the first is timed, and then one in sixteen: {timed}");
    assert_eq!(figure(&text, "keyrack_index_keys"), 1.0);
    assert_eq!(figure(&text, "keyrack_lease_holds"), 1.0);
    assert!(figure(&text, "keyrack_lease_age_seconds") < 3.0);
    assert!(figure(&text, "keyrack_password_hashes_total") >= 1.0, "somebody signed in");
    assert!(text.contains("keyrack_pool_connections{pool=\"writes\",state=\"idle\"}"));
});

crate::both_engines!(world => async fn nobody_else_is_told(world) {
    let answer = reqwest::get(format!("{}/metrics", world.url)).await.unwrap();
    assert_eq!(answer.status(), 404);
    let elsewhere = world.metrics_url.as_deref().unwrap().replace("/metrics", "/v1/keys/self");
    assert_eq!(reqwest::get(elsewhere).await.unwrap().status(), 404, "the figures' address tells figures alone");
});
