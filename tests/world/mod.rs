//! The world a test lives in: a real server on a database of its own, a clock that is set by hand, a
//! cast of people, and a record of every secret that anybody saw.

pub mod browser;
pub mod cast;
pub mod form;
pub mod gate;
pub mod installed;
pub mod keys;
pub mod logs;
pub mod postgres;
pub mod program;
pub mod rows;
pub mod small_disk;
pub mod uses;
pub mod wire;

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use keyrack::app::{self, Listening};
use keyrack::clock::{Clock, Moment};
use keyrack::config::{LogFormat, Settings};
use keyrack::gate::Gate;
use keyrack::keys::catalog::Catalog;
use keyrack::store::{DatabaseUrl, Store};
use keyrack::usage::Usage;

pub use browser::Browser;
pub use cast::{PASSWORD, Person};

/// Saturday, 21 November 2026, noon in UTC: the day of the pictures.
pub const NOON: i64 = 1_795_262_400;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A test that runs on both engines: `both_engines!(async fn it_works(world) { … })`; in another world than
/// [`World::begin`] makes, `both_engines!(soku => async fn it_works(world) { … })`.
#[macro_export]
macro_rules! both_engines {
    ($(#[$meta:meta])* async fn $name:ident($world:ident) $body:block) => {
        $crate::both_engines!($crate::world::World::begin => $(#[$meta])* async fn $name($world) $body);
    };
    ($begin:expr => $(#[$meta:meta])* async fn $name:ident($world:ident) $body:block) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($world: $crate::world::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                test($begin($crate::world::Engine::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                test($begin($crate::world::Engine::Postgres).await).await;
            }
        }
    };
}

/// A running server and all around it. Dropping it stops the server, removes the database, and fails
/// the test if a secret that it knows stands in the logs.
pub struct World {
    pub engine: Engine,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// Stands at [`NOON`] until a test moves it.
    pub clock: Clock,
    /// The server's own store, to look into and to prepare.
    pub store: Store,
    /// What the server notes of the use of keys.
    pub usage: Arc<Usage>,
    /// The printed link of the first run, while there is no owner.
    pub setup_link: Option<String>,
    /// Where the figures of the process are told, if a test asked for it.
    pub metrics_url: Option<String>,
    pub database: DatabaseUrl,
    begun: logs::Mark,
    server: Option<Server>,
    _home: Home,
}

/// Where the database lives, removed at the end.
pub enum Home {
    Folder(#[allow(dead_code)] tempfile::TempDir),
    Database(#[allow(dead_code)] postgres::Database),
}

impl World {
    /// A world with the cast in it.
    pub async fn begin(engine: Engine) -> World {
        let world = World::empty(engine).await;
        cast::enter(&world.store, world.clock.now());
        world
    }

    /// A world with the cast in it, in which a catalog of the test's own says what may be granted.
    pub async fn begin_with(engine: Engine, catalog: Catalog) -> World {
        let world = World::with(engine, |settings| settings.catalog = catalog).await;
        cast::enter(&world.store, world.clock.now());
        world
    }

    /// A world in which nobody has set anything up.
    pub async fn empty(engine: Engine) -> World {
        World::with(engine, |_| {}).await
    }

    /// A world with the cast in it, where keys are granted what the example catalog of that name says.
    pub async fn of_catalog(engine: Engine, name: &str) -> World {
        let file = format!("{}/examples/catalogs/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let catalog = keyrack::command::catalog::read(file.as_ref()).expect("a good catalog");
        World::begin_with(engine, catalog).await
    }

    /// An empty world with other settings.
    pub async fn with(engine: Engine, change: impl FnOnce(&mut Settings)) -> World {
        logs::capture();
        let begun = logs::mark();
        let (database, home) = home(engine);
        let mut settings = settings(database.clone());
        change(&mut settings);
        let clock = Clock::by_hand(Moment::from_unix(NOON).unwrap());
        let store = Store::serve(&settings.database).expect("the database opens");
        let Started { url, setup_link, metrics_url, usage, server } = start(settings, clock.clone(), store.clone());
        let server = Some(server);
        World { engine, url, clock, store, usage, setup_link, metrics_url, database, begun, server, _home: home }
    }

    /// Stops the server and starts another on the same database, with other settings and under another address.
    pub fn start_again(&mut self, change: impl FnOnce(&mut Settings)) {
        self.stop();
        let mut settings = settings(self.database.clone());
        change(&mut settings);
        let started = start(settings, self.clock.clone(), self.store.clone());
        (self.url, self.setup_link, self.usage) = (started.url, started.setup_link, started.usage);
        self.server = Some(started.server);
    }

    /// A browser-like client that nobody has signed in with.
    pub fn visitor(&self) -> Person {
        Person::new(&self.url)
    }

    /// One of the cast, signed in through the form.
    pub async fn sign_in(&self, who: &str) -> Person {
        let mut person = self.visitor();
        let page = person.get("/login").await;
        let form = page.form("/login");
        let answer = person.submit(&form.with("email", &cast::email(who)).with("password", PASSWORD)).await;
        assert_eq!(answer.status, 303, "{who} cannot sign in: {}", answer.body);
        person
    }

    /// Stops the server, as a crash or a cut cable would.
    pub fn stop(&mut self) {
        if let Some((handle, gate, thread)) = self.server.take() {
            gate.close();
            drop(handle.stop(false));
            let _ = thread.join();
        }
    }

    /// Writes what was noted of the use of keys, as the server does every two seconds.
    pub async fn flush(&self) {
        self.usage.flush().await.expect("the use of keys is written");
    }

    pub fn now(&self) -> Moment {
        self.clock.now()
    }
}

type Server = (actix_web::dev::ServerHandle, Arc<Gate>, JoinHandle<()>);

/// A server that was started.
struct Started {
    url: String,
    setup_link: Option<String>,
    metrics_url: Option<String>,
    usage: Arc<Usage>,
    server: Server,
}

/// Starts a server in a thread of its own.
fn start(settings: Settings, clock: Clock, store: Store) -> Started {
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let Listening { server, public_url, setup_link, metrics_url, gate, usage } =
                app::listen_with(&settings, clock, store).expect("the server listens");
            tell.send((public_url.to_string(), setup_link, metrics_url, usage, (server.handle(), gate))).unwrap();
            server.await.unwrap();
        });
    });
    let (url, setup_link, metrics_url, usage, (handle, gate)) = told.recv().expect("the server starts");
    Started { url, setup_link, metrics_url, usage, server: (handle, gate, thread) }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop();
        if !std::thread::panicking() {
            logs::assert_no_secret_leaked(self.begun);
        }
    }
}

pub fn home(engine: Engine) -> (DatabaseUrl, Home) {
    match engine {
        Engine::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            (DatabaseUrl::Sqlite(folder.path().join("keyrack.db")), Home::Folder(folder))
        }
        Engine::Postgres => {
            let database = postgres::Database::create();
            (DatabaseUrl::Postgres(database.url.clone()), Home::Database(database))
        }
    }
}

/// What a test's server runs with: the default settings on a free port.
pub fn settings(database: DatabaseUrl) -> Settings {
    Settings {
        database,
        bind: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        catalog: Catalog::built_in(),
        trusted_proxies: Vec::new(),
        judges_by_index: true,
        gate_allow: vec!["127.0.0.0/8".parse().unwrap()],
        workers: Some(2),
        metrics_bind: None,
        log_format: LogFormat::Text,
        secret_file: None,
        sign_in_limit: 20,
        session_idle_s: 8 * 3_600,
        session_absolute_s: 7 * 24 * 3_600,
    }
}
