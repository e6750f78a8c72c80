//! A file beside a SQLite database that takes up room. On a full disk it is given up, for what cannot wait: revoking
//! a key, and signing in to do so. Until there is room for it again, nothing else is written.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// Room for some dozens of revokes, and for many more once the journal of changes is used over again.
const BYTES: usize = 1 << 20;

/// The file, and whether it is there.
#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
    is_there: AtomicBool,
}

impl Ballast {
    /// Makes it, unless it has outlived the last run. A disk that is full already has none, which is said in the log.
    pub(super) fn at(path: PathBuf) -> Ballast {
        let is_there = fs::metadata(&path).is_ok_and(|file| file.len() == BYTES as u64);
        let ballast = Ballast { path, is_there: AtomicBool::new(is_there) };
        if !ballast.is_there_again() {
            tracing::warn!(target: "keyrack", "the disk is full: nothing is written but revokes");
        }
        ballast
    }

    /// Whether it is there, or could be made just now.
    pub(super) fn is_there_again(&self) -> bool {
        if self.is_there.load(Ordering::Acquire) {
            return true;
        }
        let is_made = self.make().is_ok();
        if is_made {
            self.is_there.store(true, Ordering::Release);
        } else {
            let _ = fs::remove_file(&self.path); // what there is of it would only take room
        }
        is_made
    }

    /// Gives its room up; false if that has been done before.
    pub(super) fn give_up(&self) -> bool {
        let is_given_up = self.is_there.swap(false, Ordering::AcqRel) && fs::remove_file(&self.path).is_ok();
        if is_given_up {
            tracing::error!(target: "keyrack", "the disk is full: its last room is given up for revokes, nothing else is written");
        }
        is_given_up
    }

    fn make(&self) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&self.path)?;
        file.write_all(&bytes())?;
        file.sync_all() // some file systems look for the room only then
    }
}

/// Bytes that no file system can store in less room.
fn bytes() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_ne_bytes()
    };
    (0..BYTES / 8).flat_map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_given_up_once_and_made_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keyrack.db.ballast");
        let ballast = Ballast::at(path.clone());
        let there = || fs::metadata(&path).map(|file| file.len()).ok();
        assert_eq!(there(), Some(BYTES as u64));
        assert!(ballast.give_up() && !ballast.give_up());
        assert_eq!(there(), None);
        assert!(ballast.is_there_again());
        assert_eq!(there(), Some(BYTES as u64));
        assert!(Ballast::at(path).give_up(), "it outlives a run");
    }

    #[test]
    fn where_it_cannot_be_made_there_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let ballast = Ballast::at(folder.path().join("absent").join("keyrack.db.ballast"));
        assert!(!ballast.is_there_again() && !ballast.give_up());
    }
}
