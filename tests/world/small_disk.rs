//! A small disk of a test's own, with a database on it, and servers that run there one after the other.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use diesel::prelude::*;

use super::program::{Ended, PROGRAM, Serving, bare};

/// A symbolic link to the database, on another disk.
const LINK: &str = "link.db";

/// A file system in memory, in a mount namespace that a process of ours keeps open.
pub struct SmallDisk {
    keeper: Child,
    /// How `nsenter` enters the namespace.
    entry: &'static [&'static str],
    folder: tempfile::TempDir,
    serving: Option<Serving>,
}

/// How a disk of one's own is had on this machine: as root, or as a user who is root in a namespace of their own. What
/// `unshare` takes for it, and `nsenter`.
fn namespaces() -> Option<(&'static str, &'static [&'static str])> {
    let may = |(how, _): &(&str, &[&str])| {
        let tried = Command::new("unshare").args([how, "mount", "-t", "tmpfs", "none", "/mnt"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    [("-m", &["-m"][..]), ("-rm", &["-U", "-m", "--preserve-credentials"])].into_iter().find(may)
}

impl SmallDisk {
    /// A disk of so many megabytes, with a copy of the database `seed.db` of that folder. None, and said so, where the
    /// machine allows no disk.
    pub fn begin(megabytes: u32, folder: tempfile::TempDir) -> Option<SmallDisk> {
        let Some((how, entry)) = namespaces() else {
            // Not by `eprintln!`, which is kept from who reads a test that passes.
            let told =
                "NOT TESTED: a full disk. This machine allows neither `unshare -m` nor `unshare -rm` with a tmpfs.\n";
            let _ = std::io::stderr().write_all(told.as_bytes());
            return None;
        };
        fs::create_dir(folder.path().join("disk")).unwrap();
        let script =
            format!("mount -t tmpfs -o size={megabytes}m none disk && cp seed.db* disk/ && echo ready && exec cat");
        let mut keeper = bare("unshare", folder.path()).args([how, "sh", "-c", &script]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        std::os::unix::fs::symlink("disk/seed.db", folder.path().join(LINK)).unwrap();
        let mut disk = SmallDisk { keeper, entry, folder, serving: None };
        disk.start();
        Some(disk)
    }

    /// Starts a server, of which there is none. It knows the database by a name on another disk, where its own files
    /// would be of no use.
    pub fn start(&mut self) {
        let mut command = bare("nsenter", self.folder.path());
        command.args(["-t", &self.keeper.id().to_string()]).args(self.entry).arg(PROGRAM);
        command.args(["serve", "--bind", "127.0.0.1:0", "--database-url"]);
        command.arg(format!("sqlite://{}", self.folder.path().join(LINK).display()));
        command.env("SQLITE_TMPDIR", self.folder.path().join("disk")); // where a machine has one disk
        self.serving = Some(Serving::of(command));
    }

    /// Stops the server as an init system does, and tells what it said.
    pub fn stop(&mut self) -> Ended {
        self.serving.take().expect("a server runs").stop()
    }

    /// Where the server is.
    pub fn url(&self) -> &str {
        &self.serving.as_ref().expect("a server runs").url
    }

    /// A file on the disk, as one reaches it from outside.
    pub fn path(&self, name: &str) -> PathBuf {
        let disk = self.folder.path().join("disk").join(name);
        Path::new("/proc").join(self.keeper.id().to_string()).join("root").join(disk.strip_prefix("/").unwrap())
    }

    /// Fills it to the last byte.
    pub fn fill(&self) {
        let mut filler = File::options().create(true).append(true).open(self.path("filler")).unwrap();
        for size in [65_536, 4_096, 1] {
            while filler.write(&vec![7; size]).is_ok_and(|written| written == size) {}
        }
    }

    /// Makes room again.
    pub fn empty(&self) {
        fs::remove_file(self.path("filler")).unwrap();
    }

    /// How many bytes a file on it has.
    pub fn bytes_of(&self, name: &str) -> Option<u64> {
        fs::metadata(self.path(name)).map(|file| file.len()).ok()
    }

    /// The database as it lies on the disk while the server stands still, checked whole by SQLite: a copy of it.
    pub fn whole_copy(&self) -> SqliteConnection {
        #[derive(QueryableByName)]
        struct Told {
            #[diesel(sql_type = diesel::sql_types::Text)]
            integrity_check: String,
        }
        let signal = |name| self.serving.iter().for_each(|serving| serving.signal(name));
        signal("STOP");
        for ending in ["", "-wal"] {
            let copy = self.folder.path().join(format!("copy.db{ending}"));
            let _ = fs::remove_file(&copy);
            let copied = fs::copy(self.path(&format!("seed.db{ending}")), copy);
            assert!(copied.is_ok() || ending == "-wal", "{copied:?}");
        }
        signal("CONT");
        let mut copy = SqliteConnection::establish(&self.folder.path().join("copy.db").to_string_lossy()).unwrap();
        let told: Told = diesel::sql_query("PRAGMA integrity_check").get_result(&mut copy).unwrap();
        assert_eq!(told.integrity_check, "ok");
        copy
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.serving = None;
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
