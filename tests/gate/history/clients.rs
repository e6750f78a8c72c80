//! Those who use the instances: whoever holds a key, and who keeps a team's keys.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use keyrack::keys::address;
use keyrack::keys::key::KeyId;
use keyrack::people::session;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::dice::Dice;
use super::door::{Door, PATIENCE};
use super::instance::Instance;
use super::question::{NETWORK, Question};
use super::record::{Deed, Edition, History, Operation, Tells, Told};
use crate::world::form::{Answer, Form};
use crate::world::keys::url;
use crate::world::{PASSWORD, Person, cast};

/// How many of the latest keys are verified all the time.
const LATEST: usize = 16;
/// How many may knock at one instance right behind a change, beside those who always do.
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

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Numbers a key before anybody has asked for it.
    fn take_up(&self, id: Option<KeyId>, secret: &str) -> Held {
        let mut keys = self.keys.write().unwrap();
        let held = Held { number: keys.len(), id, secret: secret.into() };
        keys.push(held.clone());
        held
    }

    pub fn one_of_the_latest(&self, dice: &mut Dice) -> Option<Held> {
        let keys = self.keys.read().unwrap();
        let latest = &keys[keys.len().saturating_sub(LATEST)..];
        (!latest.is_empty()).then(|| latest[dice.below(latest.len())].clone())
    }

    /// A place in the crowd before an instance; none if that is full.
    pub fn place_at(&self, at: usize) -> Option<OwnedSemaphorePermit> {
        self.crowd[at].clone().try_acquire_owned().ok()
    }

    /// Asks a key about itself on an instance.
    pub async fn verify(&self, door: &mut Door, at: usize, key: &Held) -> Told {
        self.ask(door, at, key, Question::OWN).await
    }

    /// Asks something about a key on an instance.
    pub async fn ask(&self, door: &mut Door, at: usize, key: &Held, question: Question) -> Told {
        let url = self.instances[at].url();
        let started = self.history.now();
        let (told, tells) = door.verify(&url, &key.secret, question).await;
        let (key, ended) = (key.number, self.history.now());
        self.history.write(Operation { key, deed: Deed::Verify(question), at, started, ended, told, tells });
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

pub async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await; // other processes: no clock of ours moves them
}

/// The owner of a team at all instances: one session, a browser for each.
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
    /// Olga signs in at an instance that runs.
    pub async fn at(run: &Arc<Run>, at: usize) -> Changer {
        Changer::of("olga", run, at).await
    }

    /// One of the cast signs in at an instance that runs.
    pub async fn of(who: &str, run: &Arc<Run>, at: usize) -> Changer {
        let mut owner = Person::new(&run.instances[at].url());
        let page = owner.get("/login").await.form("/login");
        let form = page.with("email", &cast::email(who)).with("password", PASSWORD);
        assert_eq!(owner.submit(&form).await.status, 303);
        let bare = owner.bare_form("").await;
        let create = owner.create_form().await.with("permission", "shifts:read").with("expiration", "never");
        Changer { run: run.clone(), cookies: owner.cookies.clone(), browsers: BTreeMap::new(), create, bare }
    }

    async fn submit(&mut self, at: usize, form: &Form, by_htmx: bool) -> Option<Answer> {
        let url = self.run.instances[at].url();
        let browser = self.browsers.entry(url.clone()).or_insert_with(|| Person::new(&url));
        browser.cookies.clone_from(&self.cookies);
        let mut browser = if by_htmx { browser.by_htmx() } else { browser.clone() };
        tokio::time::timeout(PATIENCE, browser.try_submit(form)).await.ok()?
    }

    /// Sends a form that changes something, and tells what came of it, and when it was sent.
    async fn change(&mut self, at: usize, form: &Form) -> (Told, Duration) {
        let started = self.run.history.now();
        let told = match self.submit(at, form, false).await.map(|answer| answer.status) {
            Some(303) => Told::Yes,
            Some(503 | 408) => Told::NotNow,
            Some(status) => Told::Odd(status),
            None => Told::Nothing,
        };
        (told, started)
    }

    fn form(&self, pattern: &str, id: &KeyId) -> Form {
        Form { action: url(pattern, id), ..self.bare.clone() }
    }

    /// Makes a key; none if there was no answer that tells it.
    pub async fn create(&mut self, at: usize) -> Option<Held> {
        let form = self.create.with("name", &Edition::default().name()).with("nonce", &session::draw());
        let started = self.run.history.now();
        let answer = self.submit(at, &form, true).await?;
        // The page is read after it was answered: that is no time in which the key may be unknown.
        let ended = self.run.history.now();
        if answer.status != 200 {
            assert!(matches!(answer.status, 503 | 408), "a create is answered {}: {}", answer.status, answer.text());
            return None;
        }
        let secret = answer.texts("[data-secret]").pop().expect("a new key is shown");
        let row = answer.body.split_once("id=\"row-").and_then(|(_, row)| row.split('"').next());
        let id = row.map(|id| KeyId::parse(id).expect("an id"));
        let held = self.run.take_up(id, &secret);
        let (key, deed, told, tells) = (held.number, Deed::Create, Told::Yes, Tells::default());
        self.run.history.write(Operation { key, deed, at, started, ended, told, tells });
        Some(held)
    }

    /// Makes another edition of a key that the page told of.
    pub async fn edit(&mut self, at: usize, (key, id): (&Held, &KeyId), to: Edition) -> Told {
        let form = self.form(address::EDIT, id).with("name", &to.name());
        let form = form.with("address", if to.is_bound { NETWORK } else { "" });
        let (told, started) = self.change(at, &form).await;
        self.run.history.note(key.number, Deed::Edit(to), at, started, told);
        told
    }

    /// Revokes a key through the page, if the page told which it is.
    pub async fn revoke(&mut self, at: usize, key: &Held) -> Told {
        let Some(id) = &key.id else { return self.run.let_revoke_itself(at, key).await };
        let form = self.form(address::REVOCATION, id);
        let (told, started) = self.change(at, &form).await;
        self.run.history.note(key.number, Deed::Revoke, at, started, told);
        told
    }

    /// Deletes a revoked key. To a second try may be said that there is no such key: that promises nothing.
    pub async fn delete(&mut self, at: usize, (key, id): (&Held, &KeyId), is_first: bool) -> Told {
        let form = self.form(address::DELETION, id);
        let (told, started) = match self.change(at, &form).await {
            (Told::Odd(404), started) if !is_first => (Told::Refused, started),
            answered => answered,
        };
        self.run.history.note(key.number, Deed::Delete, at, started, told);
        told
    }

    /// Revokes all keys of the team of that name, and notes it of these; tells also when that was asked for.
    pub async fn revoke_all(&mut self, at: usize, team: &str, keys: &[Held]) -> (Told, Duration) {
        let form = Form { action: address::REVOCATION_OF_ALL.to_owned(), ..self.bare.clone() };
        let (told, started) = self.change(at, &form.with("team_name", team)).await;
        for key in keys {
            self.run.history.note(key.number, Deed::RevokeAll, at, started, told);
        }
        (told, started)
    }
}
