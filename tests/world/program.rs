//! The `keyrack` program as a person starts it: its own process, its own folder, a bare environment.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use keyrack::store::DatabaseUrl;
use tempfile::TempDir;

use super::{Engine, Home, home, logs};

/// A test of the program on both engines: `both_databases!(async fn it_works(place) { … })`.
#[macro_export]
macro_rules! both_databases {
    (async fn $name:ident($place:ident) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($place: $crate::world::program::Place) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                test($crate::world::program::Place::on($crate::world::Engine::Sqlite)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                test($crate::world::program::Place::on($crate::world::Engine::Postgres)).await;
            }
        }
    };
}

/// An empty database and a folder to start the program in. Both are removed at the end.
pub struct Place {
    pub database: DatabaseUrl,
    /// As `--database-url` takes it.
    pub url: String,
    pub folder: TempDir,
    _home: Home,
}

impl Place {
    pub fn on(engine: Engine) -> Place {
        let (database, home) = home(engine);
        let url = Place::url_of(&database);
        Place { database, url, folder: tempfile::tempdir().unwrap(), _home: home }
    }

    /// As `--database-url` takes it.
    pub fn url_of(database: &DatabaseUrl) -> String {
        match database {
            DatabaseUrl::Sqlite(path) => format!("sqlite://{}", path.display()),
            DatabaseUrl::Postgres(url) => url.clone(),
        }
    }

    /// Runs the program on this database until it ends, with `input` piped in.
    pub fn run(&self, arguments: &[&str], input: &str) -> Ended {
        let with_url: Vec<&str> = arguments.iter().copied().chain(["--database-url", &self.url]).collect();
        run(self.folder.path(), &with_url, input)
    }

    /// Serves this database on a free port, and waits until it says where.
    pub fn serve(&self, arguments: &[&str]) -> Serving {
        let more = ["--database-url", &self.url, "--bind", "127.0.0.1:0"];
        Serving::start(self.folder.path(), &arguments.iter().copied().chain(more).collect::<Vec<_>>())
    }
}

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Fails unless it ended as a bad setting does: with 2, and one line that holds `word`.
    #[track_caller]
    pub fn refuses(&self, word: &str) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert_eq!(self.err.trim_end().lines().count(), 1, "one line: {self:?}");
        assert!(self.err.contains(word), "{word:?} is not in {self:?}");
        assert_eq!(self.out, "", "{self:?}");
    }
}

/// Where the program is.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_keyrack");

/// The program, without a setting from this shell.
pub fn program(folder: &Path) -> Command {
    bare(PROGRAM, folder)
}

/// Any program, without a setting of ours from this shell.
pub fn bare(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KEYRACK_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program until it ends.
pub fn run(folder: &Path, arguments: &[&str], input: &str) -> Ended {
    finish(program(folder).args(arguments).spawn().unwrap(), input)
}

/// Pipes `input` into a started program and waits for its end, for twenty seconds at most.
pub fn finish(mut child: Child, input: &str) -> Ended {
    // A program that refuses its settings reads nothing: then nobody hears this.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let (out, err) = (hear(child.stdout.take().unwrap()), hear(child.stderr.take().unwrap()));
    let status = end_of(&mut child);
    Ended { code: status.code(), out: out.iter().collect(), err: err.iter().collect() }
}

fn end_of(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if started.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("the program does not end: {:?}", child.wait());
        }
        std::thread::sleep(Duration::from_millis(5)); // another process: no clock of ours moves it
    }
}

/// Reads along, line by line, so that the program never waits for us.
fn hear(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
            if tell.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    told
}

/// The program, serving. It is stopped with the value.
pub struct Serving {
    child: Child,
    pub url: String,
    /// What it said so far: the lines before its address, and those right behind it.
    pub said: Vec<String>,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Serving {
    pub fn start(folder: &Path, arguments: &[&str]) -> Serving {
        let mut command = program(folder);
        command.args(arguments);
        Serving::of(command)
    }

    /// Starts a command that serves, and waits until it says where.
    pub fn of(command: Command) -> Serving {
        Serving::try_of(command).unwrap_or_else(|why| panic!("{why}"))
    }

    /// As [`of`](Serving::of), where it may well not be able to; the error is what it said.
    pub fn try_of(mut command: Command) -> Result<Serving, String> {
        let mut child = command.spawn().unwrap();
        let (out, err) = (hear(child.stdout.take().unwrap()), hear(child.stderr.take().unwrap()));
        let mut serving = Serving { child, url: String::new(), said: Vec::new(), out, err };
        while serving.url.is_empty() {
            let Ok(line) = serving.out.recv_timeout(Duration::from_secs(20)) else {
                let _ = serving.child.kill();
                let err = serving.err.iter().collect::<String>();
                return Err(format!("{command:?} does not serve: {:?} {err:?}", serving.said));
            };
            serving.url = line.trim_end().strip_prefix("Keyrack is at ").unwrap_or_default().to_owned();
            serving.said.push(line.trim_end().to_owned());
        }
        Ok(serving)
    }

    /// The printed link of the first run.
    pub fn setup_link(&mut self) -> String {
        let line = self.out.recv_timeout(Duration::from_secs(20)).expect("a link is printed");
        let link = line.trim_end().split(' ').next_back().unwrap().to_owned();
        let (_, token) = link.split_once("token=").unwrap_or_else(|| panic!("no link in {line:?}"));
        logs::remember(token);
        link
    }

    /// Asks it to stop, as an init system does, and tells how it ended and what else it said.
    pub fn stop(self) -> Ended {
        self.signal("TERM");
        self.ended()
    }

    /// How it ended, once it did, and what else it said.
    pub fn ended(mut self) -> Ended {
        let status = end_of(&mut self.child);
        Ended { code: status.code(), out: self.out.iter().collect(), err: self.err.iter().collect() }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
