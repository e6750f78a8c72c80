//! Those who use the instances all the time: some only verify, some create keys and revoke them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use keyrack::keys::address;
use keyrack::keys::key::KeyId;
use keyrack::people::session;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::dice::Dice;
use super::door::{Door, PATIENCE};
use super::instance::Instance;
use super::record::{Deed, History, Told};
use crate::world::form::{Answer, Form};
use crate::world::keys::url;
use crate::world::{PASSWORD, Person, cast};

/// How many of the latest keys are verified all the time.
const LATEST: usize = 16;
/// How many may knock at one instance right behind a revoke, beside those who always do.
const CROWD: usize = 24;

/// A key in the hands of clients.
#[derive(Clone)]
pub struct Held {
    pub number: usize,
    /// None where the page could say no more than the secret: it was made all the same.
    pub id: Option<KeyId>,
    pub secret: Arc<str>,
}

/// What the clients of one run share.
pub struct Run {
    pub instances: Vec<Arc<Instance>>,
    pub history: History,
    keys: RwLock<Vec<Held>>,
    crowd: Vec<Arc<Semaphore>>,
    is_over: AtomicBool,
}

impl Run {
    pub fn on(instances: Vec<Arc<Instance>>) -> Arc<Run> {
        let crowd = instances.iter().map(|_| Arc::new(Semaphore::new(CROWD))).collect();
        let (history, keys, is_over) = (History::begin(), RwLock::default(), AtomicBool::new(false));
        Arc::new(Run { instances, history, keys, crowd, is_over })
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Numbers a key before anybody has asked for it.
    fn take_up(&self, id: Option<KeyId>, secret: &str) -> Held {
        let mut keys = self.keys.write().unwrap();
        let held = Held { number: keys.len(), id, secret: secret.into() };
        keys.push(held.clone());
        held
    }

    fn one_of_the_latest(&self, dice: &mut Dice) -> Option<Held> {
        let keys = self.keys.read().unwrap();
        let latest = &keys[keys.len().saturating_sub(LATEST)..];
        (!latest.is_empty()).then(|| latest[dice.below(latest.len())].clone())
    }

    /// Verifies a key on an instance.
    pub async fn verify(&self, door: &mut Door, at: usize, key: &Held) -> Told {
        let url = self.instances[at].url();
        let started = self.history.now();
        let told = door.verify(&url, &key.secret).await;
        self.history.note(key.number, Deed::Verify, at, started, told);
        told
    }

    /// Lets a key revoke itself on an instance.
    pub async fn let_revoke_itself(&self, at: usize, key: &Held) -> Told {
        let url = self.instances[at].url();
        let started = self.history.now();
        let told = Door::default().revoke(&url, &key.secret).await;
        self.history.note(key.number, Deed::Revoke, at, started, told);
        told
    }
}

/// Verifies on one instance until the run is over.
pub async fn keep_verifying(run: Arc<Run>, at: usize, mut dice: Dice) {
    let mut door = Door::default();
    while !run.is_over() {
        match run.one_of_the_latest(&mut dice) {
            // Who hears nothing or nothing new asks again a little later.
            Some(key) => match run.verify(&mut door, at, &key).await {
                Told::Nothing | Told::NotNow => pause(20).await,
                _ => pause(dice.below(8) as u64).await,
            },
            None => pause(10).await,
        }
    }
}

pub async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await; // other processes: no clock of ours moves them
}

/// Olga at all instances: one session, a browser for each.
#[derive(Clone)]
pub struct Changer {
    run: Arc<Run>,
    cookies: BTreeMap<String, String>,
    /// By the instances' addresses, which change when they are started again.
    browsers: BTreeMap<String, Person>,
    create: Form,
    bare: Form,
}

impl Changer {
    /// Signs in at an instance that runs.
    pub async fn at(run: &Arc<Run>, at: usize) -> Changer {
        let mut olga = Person::new(&run.instances[at].url());
        let page = olga.get("/login").await.form("/login");
        let form = page.with("email", &cast::email("olga")).with("password", PASSWORD);
        assert_eq!(olga.submit(&form).await.status, 303);
        let bare = olga.bare_form("").await;
        let create = olga.create_form().await.with("permission", "shifts:read").with("expiration", "never");
        Changer { run: run.clone(), cookies: olga.cookies.clone(), browsers: BTreeMap::new(), create, bare }
    }

    async fn submit(&mut self, at: usize, form: &Form, by_htmx: bool) -> Option<Answer> {
        let url = self.run.instances[at].url();
        let browser = self.browsers.entry(url.clone()).or_insert_with(|| Person::new(&url));
        browser.cookies.clone_from(&self.cookies);
        let mut browser = if by_htmx { browser.by_htmx() } else { browser.clone() };
        tokio::time::timeout(PATIENCE, browser.try_submit(form)).await.ok()?
    }

    /// Makes a key; none if there was no answer that tells it.
    pub async fn create(&mut self, at: usize) -> Option<Held> {
        let nonce = session::draw();
        let form = self.create.with("name", &nonce[..12]).with("nonce", &nonce);
        let started = self.run.history.now();
        let answer = self.submit(at, &form, true).await?;
        let ended = self.run.history.now();
        if answer.status != 200 {
            assert!(matches!(answer.status, 503 | 408), "a create is answered {}: {}", answer.status, answer.text());
            return None;
        }
        let secret = answer.texts("[data-secret]").pop().expect("a new key is shown");
        let row = answer.body.split_once("id=\"row-").and_then(|(_, row)| row.split('"').next());
        let id = row.map(|id| KeyId::parse(id).expect("an id"));
        let held = self.run.take_up(id, &secret);
        // The page was read after it was answered: that is no time in which the key may be unknown.
        self.run.history.note_ended(held.number, Deed::Create, at, (started, ended), Told::Yes);
        Some(held)
    }

    /// Revokes a key through the page, if the page told which it is.
    pub async fn revoke(&mut self, at: usize, key: &Held) -> Told {
        let Some(id) = &key.id else { return self.run.let_revoke_itself(at, key).await };
        let form = Form { action: url(address::REVOCATION, id), ..self.bare.clone() };
        let started = self.run.history.now();
        let told = match self.submit(at, &form, false).await.map(|answer| answer.status) {
            Some(303) => Told::Yes,
            Some(503 | 408) => Told::NotNow,
            Some(status) => Told::Odd(status),
            None => Told::Nothing,
        };
        self.run.history.note(key.number, Deed::Revoke, at, started, told);
        told
    }

    /// By either way, on any instance.
    async fn revoke_somehow(&mut self, key: &Held, dice: &mut Dice) -> Told {
        let at = dice.below(self.run.instances.len());
        if dice.one_in(2) { self.revoke(at, key).await } else { self.run.let_revoke_itself(at, key).await }
    }
}

/// Creates keys, lets them live for a moment, and revokes them, until the run is over.
pub async fn keep_changing(run: Arc<Run>, mut changer: Changer, mut dice: Dice) {
    while !run.is_over() {
        let Some(key) = changer.create(dice.below(run.instances.len())).await else {
            pause(50).await;
            continue;
        };
        knock_everywhere(&run, &key, 1);
        pause(20 + dice.below(150) as u64).await;
        // Where two revoke at once, neither may be answered before the change is everywhere.
        let mut revokes = JoinSet::new();
        for _ in 0..1 + usize::from(dice.one_in(2)) {
            let (mut changer, key, mut dice, run) = (changer.clone(), key.clone(), dice.split(), run.clone());
            revokes.spawn(async move {
                pause(dice.below(15) as u64).await;
                while changer.revoke_somehow(&key, &mut dice).await != Told::Yes && !run.is_over() {
                    pause(100).await;
                }
                knock_everywhere(&run, &key, 4);
            });
        }
        while let Some(done) = revokes.join_next().await {
            done.expect("a revoke does not fail");
        }
    }
}

/// Verifies a key at every instance right now, so often each: where nobody answers, only a crowd waits.
fn knock_everywhere(run: &Arc<Run>, key: &Held, times: usize) {
    for at in 0..run.instances.len() {
        let Ok(place) = run.crowd[at].clone().try_acquire_owned() else { continue };
        let (run, key) = (run.clone(), key.clone());
        tokio::spawn(async move {
            let _place = place;
            let mut door = Door::default();
            for _ in 0..times {
                run.verify(&mut door, at, &key).await;
            }
        });
    }
}
