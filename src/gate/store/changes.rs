//! What changed since a number, and how long that is remembered.

use diesel::prelude::*;

use crate::fault::Fault;
use crate::store::schema::changes;
use crate::store::{Db, Seq};

/// What changed after a number, in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Since {
    /// The last number among them.
    pub last: Seq,
    /// Kind and id of each, as [`Change`](crate::store::Change) reads them.
    pub changes: Vec<(String, String)>,
}

/// What changed after `applied`; none if nothing did.
pub fn since(db: &mut Db, applied: Seq) -> Result<Option<Since>, Lost> {
    let rows = changes::table
        .filter(changes::seq.gt(applied))
        .order(changes::seq)
        .select((changes::seq, changes::kind, changes::id))
        .load::<(Seq, String, String)>(db)
        .map_err(Fault::from)?;
    match (rows.first(), rows.last()) {
        (Some((first, ..)), _) if *first > applied + 1 => Err(Lost::Pruned),
        (_, Some(&(last, ..))) => {
            Ok(Some(Since { last, changes: rows.into_iter().map(|(_, kind, id)| (kind, id)).collect() }))
        }
        _ => Ok(None),
    }
}

/// Why what changed cannot be told.
#[derive(Debug)]
pub enum Lost {
    /// Changes are no longer remembered: all keys have to be read anew.
    Pruned,
    /// The database knows less than this instance: it was put back.
    WentBack,
    /// The database failed.
    Fault(Fault),
}

impl From<Fault> for Lost {
    fn from(fault: Fault) -> Lost {
        Lost::Fault(fault)
    }
}

impl From<diesel::result::Error> for Lost {
    fn from(error: diesel::result::Error) -> Lost {
        Lost::Fault(error.into())
    }
}

impl From<Lost> for Fault {
    fn from(lost: Lost) -> Fault {
        match lost {
            Lost::Pruned => Fault::unavailable("changes are missing"),
            Lost::WentBack => Fault::unavailable("the database knows less than this instance"),
            Lost::Fault(fault) => fault,
        }
    }
}

/// Forgets changes before a number.
pub fn prune(db: &mut Db, before: Seq) -> Result<(), Fault> {
    diesel::delete(changes::table.filter(changes::seq.lt(before))).execute(db)?;
    Ok(())
}
