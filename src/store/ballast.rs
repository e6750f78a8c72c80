//! A file next to a SQLite database that only takes up room. On a full disk its room is given up piece by piece, for
//! what must not wait: revoking keys, and signing in, signing out and switching teams to do so. Until the file has its
//! full size again, nothing else is written.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// Enough to revoke a team of 2,000 keys with the longest names, 500 of them one by one and the rest at once: room for
/// SQLite's journal, for audit rows and for index pages. A test does it.
const BYTES: u64 = 16 << 20;
/// What a write gets first, enough for a revoke. If that does not do, the next piece is twice as large, up to the
/// largest. Pieces are small because whatever filled the disk may go on, and take what a write leaves of them.
const FIRST_PIECE: u64 = 128 << 10;
const LARGEST_PIECE: u64 = 1 << 20;
/// Room that must be left on the disk before the file grows to its full size again.
const SPARE: u64 = 1 << 20;
/// The file is written in blocks of this size.
const BLOCK: usize = 1 << 20;

/// The file. How much of its room is given up is its length, which outlives a restart.
#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
}

impl Ballast {
    /// Makes the file. On a full disk it is what an earlier run has left of it. The error is one line: without the file,
    /// nothing could be written on a full disk, and nobody would notice before.
    pub(super) fn at(path: PathBuf) -> Result<Ballast, String> {
        let ballast = Ballast { path };
        let cannot = |e: io::Error| format!("cannot write {}: {e}", ballast.path.display());
        if !ballast.is_whole() && !ballast.grow().map_err(cannot)? {
            let needed_kb = (BYTES - ballast.bytes().min(BYTES) + SPARE) >> 10;
            tracing::warn!(
                target: "keyrack",
                needed_kb,
                "the disk is full: until it has more room, only revokes, sign-ins and sign-outs are written"
            );
        }
        Ok(ballast)
    }

    /// Whether none of its room is given up.
    pub(super) fn is_whole(&self) -> bool {
        self.bytes() == BYTES
    }

    /// Fails while the disk has no room for the file at its full size.
    pub(super) fn require_whole(&self) -> Result<(), Fault> {
        if self.is_whole() {
            return Ok(());
        }
        let cannot = |e: io::Error| Fault::unavailable(format!("cannot write {}: {e}", self.path.display()));
        if !self.grow().map_err(cannot)? {
            return Err(Fault::unavailable("the disk is full"));
        }
        tracing::info!(target: "keyrack", "the disk has room again: everything is written");
        Ok(())
    }

    /// Does something for which there may be no room, and gives up room until it succeeds or fails otherwise.
    pub(super) fn give_up_for<T>(&self, mut write: impl FnMut() -> Result<T, Fault>) -> Result<T, Fault> {
        self.give_up_while(is_full, &mut write)
    }

    /// As [`give_up_for`](Ballast::give_up_for), to open the database. Not every error of that says that there is no room,
    /// and `statvfs` does not know about quotas.
    pub(super) fn give_up_to_open<T>(&self, mut open: impl FnMut() -> Result<T, String>) -> Result<T, String> {
        let is_full = |error: &String| says_full(error) || room(self.folder()).is_ok_and(|room| room < FIRST_PIECE);
        self.give_up_while(is_full, &mut open)
    }

    fn give_up_while<T, E>(
        &self,
        is_full: impl Fn(&E) -> bool,
        write: &mut dyn FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        let mut piece = FIRST_PIECE;
        loop {
            match write() {
                Err(fault) if is_full(&fault) && self.give_up(piece) => {
                    piece = LARGEST_PIECE.min(2 * piece);
                }
                done => return done,
            }
        }
    }

    /// Gives up a piece, or what is left; false if nothing is.
    fn give_up(&self, piece: u64) -> bool {
        let before = self.bytes();
        let left = before.saturating_sub(piece);
        let is_given_up = before > 0 && self.cut_to(left).is_ok();
        if is_given_up {
            let left_kb = left >> 10;
            tracing::error!(
                target: "keyrack",
                left_kb,
                "the disk is full: room that was set aside is used for revokes and sign-ins, nothing else is written"
            );
        }
        is_given_up
    }

    fn bytes(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    fn cut_to(&self, bytes: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(&self.path)?.set_len(bytes)
    }

    /// Brings the file to its full size, and returns true. False if the disk has no room for it: then it is as before.
    fn grow(&self) -> io::Result<bool> {
        let before = self.bytes();
        let missing = BYTES.saturating_sub(before);
        if room(self.folder()).is_ok_and(|room| room < missing + SPARE) {
            return Ok(false);
        }
        self.fill().map(|()| true).or_else(|e| {
            let _ = self.cut_to(before); // the rest would only take room
            let is_full = matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
            if is_full { Ok(false) } else { Err(e) }
        })
    }

    fn fill(&self) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
        let block = incompressible();
        while let missing @ 1.. = BYTES.saturating_sub(file.metadata()?.len()) {
            let size = usize::try_from(missing).unwrap_or(BLOCK).min(BLOCK);
            file.write_all(&block[..size])?;
        }
        file.set_len(BYTES)?; // of another version it may have been larger
        file.sync_all() // some file systems look for the room only then
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }
}

/// What this user may still write on the disk of a folder, in bytes.
fn room(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Whether there was no room to write, also where a rollback failed as well.
fn is_full(fault: &Fault) -> bool {
    matches!(fault, Fault::Unavailable(cause) if says_full(&format!("{cause:?}")))
}

/// Whether SQLite says that there was no room to write. It calls an exceeded quota (EDQUOT) an I/O error.
fn says_full(error: &str) -> bool {
    ["database or disk is full", "disk I/O error"].iter().any(|words| error.contains(words))
}

/// Bytes that no file system stores in less room. (Sparse or compressed, the file would take up none.)
fn incompressible() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = vec![0; BLOCK];
    for word in block.chunks_exact_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        word.copy_from_slice(&state.to_ne_bytes());
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Fault {
        Fault::unavailable("database or disk is full")
    }

    /// Fails for want of room so many times.
    fn failing(times: u32) -> impl FnMut() -> Result<u32, Fault> {
        let mut tried = 0;
        move || {
            tried += 1;
            if tried > times { Ok(tried) } else { Err(full()) }
        }
    }

    #[test]
    fn its_room_is_given_up_in_growing_pieces_and_outlives_a_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keyrack.db.ballast");
        let ballast = Ballast::at(path.clone()).expect("room");
        assert!(ballast.is_whole());
        assert_eq!(ballast.give_up_for(failing(0)).expect("nothing is missing"), 1);
        assert!(ballast.is_whole());
        assert_eq!(ballast.give_up_for(failing(3)).expect("room is given up"), 4);
        assert_eq!(ballast.bytes(), BYTES - (1 + 2 + 4) * FIRST_PIECE);
        let fault = ballast.give_up_for(|| Err::<(), _>(Fault::unavailable("database is locked")));
        assert!(fault.is_err());
        assert_eq!(ballast.bytes(), BYTES - 7 * FIRST_PIECE, "no other failure costs room");
        assert!(ballast.give_up_for(failing(u32::MAX)).is_err());
        assert_eq!(ballast.bytes(), 0, "until there is no more");
        ballast.require_whole().expect("the disk has room");
        assert!(ballast.is_whole());
    }

    #[test]
    fn a_file_of_another_size_gets_the_right_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keyrack.db.ballast");
        for bytes in [1 << 20, BYTES + 5] {
            fs::write(&path, vec![7; bytes as usize]).expect("written");
            assert!(Ballast::at(path.clone()).expect("room").is_whole(), "{bytes}");
        }
    }

    #[test]
    fn to_open_a_database_its_room_is_given_up_also_beyond_a_quota() {
        let folder = tempfile::tempdir().expect("a folder");
        let ballast = Ballast::at(folder.path().join("keyrack.db.ballast")).expect("room");
        let mut errors = ["disk I/O error", "database or disk is full"].into_iter();
        let open = || errors.next().map_or(Ok(7), |error| Err(format!("cannot open the database: {error}")));
        assert_eq!(ballast.give_up_to_open(open), Ok(7));
        assert_eq!(ballast.bytes(), BYTES - 3 * FIRST_PIECE);
        assert!(ballast.give_up_to_open(|| Err::<(), _>("file is not a database".to_owned())).is_err());
        assert_eq!(ballast.bytes(), BYTES - 3 * FIRST_PIECE, "no other failure costs room");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = Ballast::at(folder.path().join("absent").join("keyrack.db.ballast")).expect_err("no folder");
        assert!(error.contains("cannot write") && error.contains("keyrack.db.ballast"), "{error}");
        let path = folder.path().join("keyrack.db.ballast");
        let ballast = Ballast::at(path.clone()).expect("room");
        fs::remove_file(&path).expect("it is there");
        fs::create_dir(&path).expect("a name that is free");
        let fault = ballast.require_whole().expect_err("a folder");
        assert!(fault.to_string().contains("cannot write"), "{fault}");
        assert!(!ballast.give_up(1));
    }
}
