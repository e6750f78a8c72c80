//! Many at once: no error, no lost row, every answer true.

use keyrack::keys::address;
use keyrack::keys::key::KeyId;
use keyrack::people::session;

use crate::both_engines;
use crate::world::form::{Answer, Form};
use crate::world::keys::url;
use crate::world::{Person, World};

const CROWD: usize = 120;

/// Sends all forms at once; the answers in the forms' order.
async fn all_at_once(person: &Person, forms: Vec<Form>) -> Vec<Answer> {
    let sent: Vec<_> = forms
        .into_iter()
        .map(|form| {
            let mut person = person.by_htmx();
            tokio::spawn(async move { person.submit(&form).await })
        })
        .collect();
    let mut answers = Vec::new();
    for answer in sent {
        let answer = answer.await.unwrap();
        if answer.status >= 500 {
            let log = crate::world::logs::text();
            panic!("{}: {:?}", answer.text(), log.lines().rfind(|line| line.contains("cause=")));
        }
        answers.push(answer);
    }
    answers
}

/// What the answer to a create says it made.
fn made(answer: &Answer) -> (KeyId, String) {
    let secret = answer.secret();
    let (_, row) = answer.body.split_once("id=\"row-").unwrap();
    (KeyId::parse(row.split('"').next().unwrap()).unwrap(), secret)
}

async fn create_form(olga: &mut Person) -> Form {
    olga.create_form().await.with("permission", "shifts:read").with("expiration", "never")
}

fn assert_whole(world: &World, names: &[String]) {
    let rows = world.key_rows();
    assert_eq!(rows.len(), names.len(), "rows were lost or doubled");
    for row in &rows {
        let id = KeyId::parse(&row.id).unwrap();
        let history = world.history(&id);
        assert!(history.last().unwrap().ends_with(&row.name), "{history:?} and not {}", row.name);
    }
    let mut stored: Vec<String> = rows.into_iter().map(|row| row.name).collect();
    let mut expected = names.to_vec();
    stored.sort();
    expected.sort();
    assert_eq!(stored, expected);
}

both_engines!(
    async fn two_hundred_creates_and_then_renames_at_once_all_succeed(world) {
        let mut olga = world.sign_in("olga").await;
        let form = create_form(&mut olga).await;
        let named = |n: usize| form.with("name", &format!("Key {n}")).with("nonce", &session::draw());
        let answers = all_at_once(&olga, (0..CROWD).map(named).collect()).await;
        let keys: Vec<(KeyId, String)> = answers.iter().map(made).collect();
        for (n, (id, _)) in keys.iter().enumerate() {
            assert_eq!(world.key_row(id).unwrap().name, format!("Key {n}"), "the answer told of another key");
        }
        let renames: Vec<Form> = keys.iter().enumerate().map(|(n, (id, _))| {
            Form { action: url(address::EDIT, id), ..form.without("nonce").without("permission").without("expiration").without("kind") }
                .without("expires_on")
                .with("name", &format!("Renamed {n}"))
        }).collect();
        let answers = all_at_once(&olga, renames).await;
        for (n, answer) in answers.iter().enumerate() {
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(answer.body.contains(&format!(">Renamed {n}</a>")), "the answer tells of another key");
        }
        assert_whole(&world, &(0..CROWD).map(|n| format!("Renamed {n}")).collect::<Vec<_>>());
        for (_, secret) in keys.iter().step_by(20) {
            assert_eq!(olga.knock(secret).await, 200);
        }
    }
);

both_engines!(
    async fn creates_renames_and_revokes_mixed_at_once_all_succeed(world) {
        let mut olga = world.sign_in("olga").await;
        let form = create_form(&mut olga).await;
        let bare = olga.bare_form("").await;
        let named = |n: usize| form.with("name", &format!("Key {n}")).with("nonce", &session::draw());
        let half = CROWD / 2;
        let keys: Vec<_> = all_at_once(&olga, (0..half).map(named).collect()).await.iter().map(made).collect();
        let forms = (0..CROWD).map(|n| match n % 4 {
            0 | 1 => named(half + n),
            2 => Form { action: url(address::EDIT, &keys[n / 2 - 1].0), ..bare.clone() }.with("name", &format!("Renamed {n}")),
            _ => Form { action: url(address::REVOCATION, &keys[n / 2].0), ..bare.clone() },
        });
        let answers = all_at_once(&olga, forms.collect()).await;
        let mut names: Vec<String> = (0..half).map(|n| format!("Key {n}")).collect();
        for (n, answer) in answers.iter().enumerate() {
            match n % 4 {
                0 | 1 => {
                    made(answer);
                    names.push(format!("Key {}", half + n));
                }
                2 => {
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    names[n / 2 - 1] = format!("Renamed {n}");
                }
                _ => {
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    assert_eq!(olga.knock(&keys[n / 2].1).await, 401, "an answered revoke holds");
                }
            }
        }
        let rows = world.key_rows();
        assert_eq!(rows.len(), names.len());
        assert_eq!(rows.iter().filter(|row| row.revoked_at.is_some()).count(), CROWD / 4);
        assert_eq!(world.audit().len(), half + CROWD);
        let mut stored: Vec<String> = rows.into_iter().map(|row| row.name).collect();
        stored.sort();
        names.sort();
        assert_eq!(stored, names);
    }
);
