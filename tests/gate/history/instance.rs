//! Three real instances of the program, each behind a relay of its own, that can be paused, killed and
//! started again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use keyrack::clock::Clock;
use keyrack::store::{DatabaseUrl, Store};
use tempfile::TempDir;

use super::cluster::Cluster;
use super::relay::Relay;
use crate::world::cast;
use crate::world::program::{Serving, program};

/// One instance, running or not.
pub struct Instance {
    pub relay: Relay,
    database: String,
    settings: Vec<(&'static str, String)>,
    folder: TempDir,
    running: Mutex<Option<Serving>>,
    url: Mutex<String>,
    /// What those that ended wrote to their log.
    logged: Mutex<String>,
}

impl Instance {
    /// One on that database that is not running yet, with these variables of its own.
    pub async fn on(socket: PathBuf, database: &str, settings: &[(&'static str, String)]) -> Instance {
        Instance {
            relay: Relay::to(socket).await,
            database: database.to_owned(),
            settings: settings.to_vec(),
            folder: tempfile::tempdir().unwrap(),
            running: Mutex::default(),
            url: Mutex::default(),
            logged: Mutex::default(),
        }
    }

    /// Starts it; the error is why it did not.
    pub fn start(&self) -> Result<(), String> {
        let mut command = program(self.folder.path());
        let database = format!("postgres://keyrack@127.0.0.1:{}/{}", self.relay.port, self.database);
        command.args(["serve", "--bind", "127.0.0.1:0", "--workers", "2", "--database-url", &database]);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        let serving = Serving::try_of(command)?;
        *self.url.lock().unwrap() = serving.url.clone();
        *self.running.lock().unwrap() = Some(serving);
        Ok(())
    }

    /// Where it is, or was last.
    pub fn url(&self) -> String {
        self.url.lock().unwrap().clone()
    }

    /// Sends it a signal by name, if it runs.
    pub fn signal(&self, name: &str) {
        if let Some(serving) = &*self.running.lock().unwrap() {
            serving.signal(name);
        }
    }

    /// Waits for its end, which a signal has begun.
    pub fn ended(&self) {
        let serving = self.running.lock().unwrap().take();
        if let Some(serving) = serving {
            self.logged.lock().unwrap().push_str(&serving.ended().err);
        }
    }

    /// Ends it as a power cut does.
    pub fn kill(&self) {
        self.signal("KILL");
        self.ended();
    }

    /// All that it has written to its log. It is ended for that.
    pub fn log(&self) -> String {
        self.signal("CONT");
        self.kill();
        self.logged.lock().unwrap().clone()
    }
}

/// Some instances on a database with the cast in it.
pub async fn several(cluster: &Cluster, database: &str, settings: &[&[(&'static str, String)]]) -> Vec<Arc<Instance>> {
    let store = Store::join(&DatabaseUrl::Postgres(cluster.url(database))).unwrap();
    cast::enter(&store, Clock::System.now());
    let mut instances = Vec::new();
    for settings in settings {
        instances.push(Arc::new(Instance::on(cluster.socket(), database, settings).await));
    }
    instances
}

/// Fails if anything as long as a key stands in what an instance logged. It ends them for that.
pub fn assert_no_key_logged(instances: &[Arc<Instance>]) {
    for instance in instances {
        let log = instance.log();
        let keys = log.match_indices("sk_live_").filter(|(at, marker)| {
            log[at + marker.len()..].bytes().take_while(u8::is_ascii_alphanumeric).count() >= 24
        });
        assert_eq!(keys.count(), 0, "keys stand in the log");
    }
}
