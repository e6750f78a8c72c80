//! One process serves a SQLite file, whatever the names by which it is reached. SQLite keeps its journal under the name
//! by which it opened a file, so two names of one file would have two journals, and each would destroy what the other
//! has written.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::beside;

/// Which file a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    /// The file of that name, symbolic links followed.
    pub(super) fn of(path: &Path) -> std::io::Result<Inode> {
        fs::metadata(path).map(|file| Inode { device: file.dev(), number: file.ino() })
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
        let (inode, file) = (Inode::of(path).map_err(cannot)?, File::open(path).map_err(cannot)?);
        if let Err(why) = lock(&file, path) {
            std::mem::forget(file); // not closed: this process may have the database open
            return Err(why);
        }
        let name = OpenOptions::new().create(true).truncate(false).write(true).open(name_lock(path).map_err(cannot)?);
        let name = name.map_err(|e| format!("cannot write next to {}: {e}", path.display()))?;
        lock(&name, path)?;
        Ok(Claim { inode, _file: file, _name: name })
    }
}

fn lock(file: &File, path: &Path) -> Result<(), String> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            Err(format!("{} is being served by another keyrack: stop that one first", path.display()))
        }
        Err(TryLockError::Error(e)) => Err(format!("cannot lock {}: {e}", path.display())),
    }
}

/// The file that is locked as long as a database is served under this name. Symbolic links are no names of their own,
/// for SQLite neither.
fn name_lock(path: &Path) -> std::io::Result<PathBuf> {
    Ok(beside(&path.canonicalize()?, ".lock"))
}

/// Refuses a file that is served under another of its names.
pub(super) fn refuse_other_name(path: &Path) -> Result<(), String> {
    let cannot = |e: std::io::Error| format!("cannot read {}: {e}", path.display());
    // Nearly every file has one name. Only where there are more are the locks tried, since a server that starts at this
    // moment would find them taken.
    if fs::metadata(path).map_err(cannot)?.nlink() < 2 {
        return Ok(());
    }
    let is_locked = |file: &File| {
        let is_locked = file.try_lock_shared().is_err();
        let _ = file.unlock();
        is_locked
    };
    let file = File::open(path).map_err(cannot)?;
    let is_served = is_locked(&file);
    std::mem::forget(file); // not closed: this process may have the database open
    let is_served_so = || File::open(name_lock(path)?).map(|name| is_locked(&name));
    match is_served && !is_served_so().unwrap_or(false) {
        true => Err(format!("{} is being served by another keyrack under another name: use that name", path.display())),
        false => Ok(()),
    }
}
