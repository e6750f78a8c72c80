//! One process serves a SQLite file, whatever the names by which it is reached. SQLite keeps its journal under the name
//! by which it opened a file, so two names of one file would have two journals, and each would destroy what the other
//! has written.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::beside;

/// How often a lock is tried, and the pause between: a command holds each lock for a moment to see whether it is taken.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// Which file a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    /// The file of that name, symbolic links followed.
    pub(super) fn of(path: &Path) -> std::io::Result<Inode> {
        fs::metadata(path).map(Inode::in_metadata)
    }

    fn in_metadata(file: fs::Metadata) -> Inode {
        Inode { device: file.dev(), number: file.ino() }
    }
}

/// Held by the process that serves a file, for as long as it has it open: to close any descriptor of the file, this one
/// too, drops the locks that SQLite has on it in this process.
#[derive(Debug)]
pub(in crate::store) struct Claim {
    /// The file.
    pub(in crate::store) inode: Inode,
    /// Its lock (of `flock`, which SQLite does not use) belongs to the inode: it counts for hard links too.
    _file: File,
    /// Shows commands under which name the file is served. Older versions lock nothing else.
    _name: File,
}

impl Claim {
    /// Claims the file of that name.
    pub(super) fn on(path: &Path) -> Result<Claim, String> {
        let cannot = |e: std::io::Error| format!("cannot read {}: {e}", path.display());
        // The name first: whoever finds the inode locked then finds the name locked too.
        let name = OpenOptions::new().create(true).truncate(false).write(true).open(name_lock(path).map_err(cannot)?);
        let name = name.map_err(|e| format!("cannot write next to {}: {e}", path.display()))?;
        lock(&name, path)?;
        let file = File::open(path).map_err(cannot)?;
        // Of what was opened, not of the name, which may lead to another file by now.
        match file.metadata().map_err(cannot).and_then(|opened| lock(&file, path).map(|()| opened)) {
            Ok(opened) => Ok(Claim { inode: Inode::in_metadata(opened), _file: file, _name: name }),
            Err(why) => {
                std::mem::forget(file); // not closed: this process may have the database open
                Err(why)
            }
        }
    }
}

fn lock(file: &File, path: &Path) -> Result<(), String> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(e)) => return Err(format!("cannot lock {}: {e}", path.display())),
        }
    }
    Err(format!("{} is being served by another keyrack: stop that one first", path.display()))
}

/// The file that is locked as long as a database is served under this name. Symbolic links are no names of their own,
/// for SQLite neither.
fn name_lock(path: &Path) -> std::io::Result<PathBuf> {
    Ok(beside(&path.canonicalize()?, ".lock"))
}

/// Refuses a file that is served under another name: a hard link, or the name that it had before it was moved.
pub(super) fn refuse_other_name(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let is_served = is_locked(&file);
    std::mem::forget(file); // not closed: this process may have the database open
    let is_served_so = || File::open(name_lock(path)?).map(|name| is_locked(&name));
    match is_served && !is_served_so().unwrap_or(false) {
        true => Err(format!("{} is being served by another keyrack under another name: use that name", path.display())),
        false => Ok(()),
    }
}

fn is_locked(file: &File) -> bool {
    let is_locked = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    let _ = file.unlock();
    is_locked
}
