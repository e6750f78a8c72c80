//! A Postgres of the checker's own, which it may restart, kill and send to another hour: started by an
//! ordinary user (initdb refuses root), reached through a socket in its folder, gone with the value.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use tempfile::TempDir;

use crate::world::installed;

pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    faketime: PathBuf,
}

/// The newest of the paths that match `FOLDER/*/REST`.
fn is_root() -> bool {
    let said = Command::new("id").arg("-u").output().unwrap().stdout;
    said == b"0\n"
}

impl Cluster {
    /// Makes one and starts it.
    pub fn start() -> Cluster {
        let folder = tempfile::Builder::new().prefix("keyrack-history.").tempdir().unwrap();
        let programs = installed::newest("/usr/lib/postgresql", "bin/initdb").map(|initdb| initdb.with_file_name(""));
        let cluster = Cluster { folder, programs: programs.unwrap_or_default(), faketime: installed::faketime() };
        cluster.step_clock(0);
        if is_root() {
            let owned = Command::new("chown").arg("nobody:nogroup").arg(cluster.folder.path()).status().unwrap();
            assert!(owned.success());
        }
        cluster.run("initdb", &["-U", "keyrack", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        cluster.begin();
        cluster
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where it is spoken to.
    pub fn socket(&self) -> PathBuf {
        self.path(".s.PGSQL.5432")
    }

    /// The address of a database, past every relay.
    pub fn url(&self, database: &str) -> String {
        let host = self.folder.path().to_string_lossy().replace('/', "%2F");
        format!("postgres://keyrack@{host}/{database}")
    }

    /// Runs one of Postgres's programs on this cluster as an ordinary user, whose clock can be moved.
    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "env"]);
        if !is_root() {
            command = Command::new("env");
        }
        // Set by `env`: nothing is preloaded into what runs as root.
        let set = |name: &str, value: &Path| format!("{name}={}", value.display());
        command.args([set("HOME", self.folder.path()), set("LD_PRELOAD", &self.faketime)]);
        command.args([set("FAKETIME_TIMESTAMP_FILE", &self.path("clock")), "FAKETIME_NO_CACHE=1".to_owned()]);
        command.args(["FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_DISABLE_SHM=1"]).arg(self.programs.join(program));
        command.arg("-D").arg(self.path("data")).args(arguments).current_dir(self.folder.path());
        let said = fs::OpenOptions::new().create(true).append(true).open(self.path("said")).unwrap();
        command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said);
        let done = command.status().unwrap();
        let said = |name| fs::read_to_string(self.path(name)).unwrap_or_default();
        assert!(done.success(), "{program} {arguments:?}: {}\n{}", said("said"), said("log"));
    }

    /// Starts it. What a crash of the machine would lose does not matter: it is never asked to survive one.
    pub fn begin(&self) {
        let socket = self.folder.path().display();
        let options = format!(
            "-k {socket} -c listen_addresses= -c max_connections=400 -c fsync=off -c full_page_writes=off \
             -c shared_buffers=32MB"
        );
        self.run("pg_ctl", &["-l", &self.path("log").to_string_lossy(), "-w", "-o", &options, "start"]);
    }

    /// Stops it as a crash does: nobody is told.
    pub fn crash(&self) {
        self.run("pg_ctl", &["-m", "immediate", "-w", "stop"]);
    }

    /// Its clock is so many seconds ahead of ours from now on; only its clock of the day, as on a real machine.
    pub fn step_clock(&self, seconds: i64) {
        let next = self.path("clock.next");
        fs::write(&next, format!("{seconds:+}\n")).unwrap();
        fs::rename(next, self.path("clock")).unwrap();
    }

    pub fn ask(&self, database: &str, sql: &str) {
        PgConnection::establish(&self.url(database)).unwrap().batch_execute(sql).unwrap();
    }

    /// An empty database of a name that nobody has.
    pub fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("keyrack_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.ask("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// A copy of a database that nobody is using any more.
    pub fn copy(&self, database: &str, copy: &str) {
        // Those who used it may still be leaving.
        self.ask(
            "postgres",
            &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"),
        );
        self.ask("postgres", &format!("CREATE DATABASE {copy} TEMPLATE {database}"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return self.crash();
        }
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.crash()));
    }
}

#[test]
fn the_clock_of_the_database_is_moved_and_no_other() {
    use diesel::RunQueryDsl;
    use diesel::sql_types::BigInt;

    #[derive(diesel::QueryableByName)]
    struct Now {
        #[diesel(sql_type = BigInt)]
        seconds: i64,
    }
    let cluster = Cluster::start();
    let mut db = PgConnection::establish(&cluster.url("postgres")).unwrap();
    for step in [3_600, -3_600, 0] {
        cluster.step_clock(step);
        let asked = "SELECT extract(epoch FROM clock_timestamp())::bigint AS seconds";
        let told: Now = diesel::sql_query(asked).get_result(&mut db).unwrap();
        let ours = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
        assert!((told.seconds - ours - step).abs() < 60, "it is {} there and {ours} here", told.seconds);
    }
}
