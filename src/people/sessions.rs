//! Keeps the sessions of actix-session in our database: only the digest of a session's key, for as
//! long as the limits hold.

use std::collections::HashMap;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;

use super::member::PersonId;
use super::session::{self, Limits};
use super::store::{self, SessionRow};
use crate::clock::{CLOCK_SKEW_S, Clock, Moment};
use crate::fault::Fault;
use crate::store::{Db, Store};

/// The entry of a session that names its person.
pub(crate) const PERSON: &str = "person";
/// The entry of a session that counts that person's passwords.
pub(crate) const PASSWORD_VERSION: &str = "password_version";
/// The entry of a session that holds its form secret.
pub(crate) const FORM_SECRET: &str = "form_secret";
/// The entry of a session that names the current team; none: the one joined first.
pub(crate) const TEAM: &str = "team";
/// The entry of a session that says when it began, in seconds since 1970. It outlives a new key: who switches teams
/// does not stay signed in for longer.
pub(crate) const BEGAN: &str = "began";

/// Being seen is written at most so often.
const SEEN_EVERY_S: i64 = 60;

/// The session store.
#[derive(Clone)]
pub struct Sessions {
    store: Store,
    clock: Clock,
    limits: Limits,
}

impl Sessions {
    /// Keeps sessions in `store`.
    pub fn new(store: Store, clock: Clock, limits: Limits) -> Sessions {
        Sessions { store, clock, limits }
    }

    async fn find(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, Fault> {
        let (digest, now, limits) = (session::digest(key.as_ref()), self.clock.now(), self.limits);
        let asked = digest.clone();
        let Some(row) = self.store.read(move |db| store::find_session(db, &asked)).await? else { return Ok(None) };
        if !limits.hold(row.created, row.seen, now) {
            let delete = move |db: &mut Db| store::delete_session(db, &digest);
            self.store.clean_up("expired sessions are not deleted", delete).await;
            return Ok(None);
        }
        if now.seconds_since(row.seen) >= SEEN_EVERY_S {
            // If this cannot be written, the session only ages.
            let see = move |db: &mut Db| store::see_session(db, &digest, now);
            self.store.clean_up("the last use of a session is not written", see).await;
        }
        serde_json::from_str(&row.state).map(Some).map_err(Fault::broken)
    }

    async fn keep(&self, state: HashMap<String, String>) -> Result<SessionKey, Fault> {
        let key = session::draw();
        let digest = session::digest(&key);
        // actix-session keeps each entry as JSON.
        let person = state.get(PERSON).and_then(|json| serde_json::from_str::<String>(json).ok());
        let person = person.and_then(|id| PersonId::parse(&id)).ok_or_else(|| Fault::broken("a session of nobody"))?;
        let began = state.get(BEGAN).and_then(|json| serde_json::from_str(json).ok()).and_then(Moment::from_unix);
        let now = self.clock.now();
        let row = SessionRow {
            state: serde_json::to_string(&state).map_err(Fault::broken)?,
            created: began.unwrap_or(now),
            seen: now,
        };
        self.store.write_at_any_cost(move |db| store::insert_session(db, &digest, &person, &row)).await?;
        let (oldest, newest) = (now.plus_seconds(-self.limits.absolute_s), now.plus_seconds(CLOCK_SKEW_S));
        let delete = move |db: &mut Db| store::delete_sessions_outside(db, oldest, newest);
        self.store.clean_up("expired sessions are not deleted", delete).await;
        SessionKey::try_from(key).map_err(|e| Fault::broken(e.to_string()))
    }

    /// Whoever is told that they are signed out, is: this is no cleanup.
    async fn end(&self, key: &SessionKey) -> Result<(), Fault> {
        let digest = session::digest(key.as_ref());
        self.store.write_at_any_cost(move |db| store::delete_session(db, &digest)).await
    }
}

/// actix-session wants errors of the `anyhow` kind.
fn told(fault: Fault) -> anyhow::Error {
    anyhow::anyhow!("{fault}")
}

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        self.find(key).await.map_err(|fault| LoadError::Other(told(fault)))
    }

    async fn save(&self, state: HashMap<String, String>, _: &Duration) -> Result<SessionKey, SaveError> {
        self.keep(state).await.map_err(|fault| SaveError::Other(told(fault)))
    }

    /// What a session holds never changes: it is made at sign-in and made anew when rights change.
    async fn update(&self, _: SessionKey, _: HashMap<String, String>, _: &Duration) -> Result<SessionKey, UpdateError> {
        Err(UpdateError::Other(anyhow::anyhow!("a session is renewed, not changed")))
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.end(key).await.map_err(told)
    }
}
