//! What a transaction changes of what the gate knows: noted in the transaction itself, numbered in the order of the
//! commits, and remembered until [`Store`](super::Store) has seen to it that every instance knows.

use std::cell::Cell;

use diesel::prelude::*;

use super::dialect::{self, Db};
use super::schema::{changes, head};

/// The number of a change. One is taken under the lock of the one row of `head`, so that numbers follow the commits:
/// of a sequence, 11 may be seen before 10.
pub type Seq = i64;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// The key of that id was made, or is another than before.
    Key(&'a str),
    /// The key of that digest, in hexadecimal, is gone.
    Buried(&'a str),
    /// Many keys of the team of that id.
    Team(&'a str),
    /// The name of the project of that id, which keys tell.
    Project(&'a str),
}

impl<'a> Change<'a> {
    /// As it is stored.
    pub fn parts(self) -> (&'static str, &'a str) {
        match self {
            Change::Key(id) => ("key", id),
            Change::Buried(digest) => ("buried", digest),
            Change::Team(id) => ("team", id),
            Change::Project(id) => ("project", id),
        }
    }

    /// Reads [`Change::parts`].
    pub fn from_parts(kind: &str, id: &'a str) -> Option<Change<'a>> {
        match kind {
            "key" => Some(Change::Key(id)),
            "buried" => Some(Change::Buried(id)),
            "team" => Some(Change::Team(id)),
            "project" => Some(Change::Project(id)),
            _ => None,
        }
    }
}

/// What the transaction under way has noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnderWay {
    Nothing,
    /// It changes something, under this number.
    Change(Seq),
    /// It says what a change of others, at the latest of this number, has brought about.
    OthersChange(Seq),
}

thread_local! {
    /// A transaction runs on one thread from its beginning to its end.
    static NOTED: Cell<UnderWay> = const { Cell::new(UnderWay::Nothing) };
}

/// Notes a change within the transaction that makes it. All changes of a transaction have one number.
pub fn note(db: &mut Db, change: Change<'_>) -> QueryResult<()> {
    let seq = match NOTED.get() {
        UnderWay::Change(seq) => seq,
        UnderWay::Nothing | UnderWay::OthersChange(_) => take_number(db)?,
    };
    let (kind, id) = change.parts();
    let noted = (changes::seq.eq(seq), changes::kind.eq(kind), changes::id.eq(id));
    diesel::insert_into(changes::table).values(noted).execute(db).map(|_| ())
}

/// Has the transaction wait, once it is kept, until what others changed before is known everywhere: for an answer
/// that says "it is so already".
pub fn wait_for_others(db: &mut Db) -> QueryResult<()> {
    if NOTED.get() == UnderWay::Nothing {
        NOTED.set(UnderWay::OthersChange(head_seq(db)?));
    }
    Ok(())
}

/// The last number taken by a transaction that was kept.
pub fn head_seq(db: &mut Db) -> QueryResult<Seq> {
    head::table.select(head::seq).first(db)
}

fn take_number(db: &mut Db) -> QueryResult<Seq> {
    diesel::update(head::table).set(head::seq.eq(head::seq + 1)).execute(db)?;
    let seq = head_seq(db)?;
    dialect::notify(db)?;
    NOTED.set(UnderWay::Change(seq));
    Ok(seq)
}

/// Forgets what was noted on this thread: a transaction begins.
pub(super) fn begin() {
    NOTED.set(UnderWay::Nothing);
}

/// The number that must be known everywhere before the transaction that was just kept on this thread is answered.
pub(super) fn take() -> Option<Seq> {
    match NOTED.replace(UnderWay::Nothing) {
        UnderWay::Nothing => None,
        UnderWay::Change(seq) | UnderWay::OthersChange(seq) => Some(seq),
    }
}
