//! The instances that judge by an index, and which change each of them knows.

use diesel::dsl::min;
use diesel::prelude::*;

use crate::fault::Fault;
use crate::store::schema::instances;
use crate::store::{Db, Seq};

/// Tells that an instance knows all changes up to that number, whether or not it is the last one.
pub fn acknowledge_unseen(db: &mut Db, id: &str, acked: Seq) -> Result<(), Fault> {
    let ours = diesel::update(instances::table.find(id)).set(instances::acked.eq(acked)).execute(db)?;
    if ours == 0 {
        let row = (instances::id.eq(id), instances::acked.eq(acked));
        diesel::insert_into(instances::table).values(row).execute(db)?;
    }
    Ok(())
}

/// The last change that all of them know; none if there is no instance.
pub fn known_to_all(db: &mut Db) -> Result<Option<Seq>, Fault> {
    Ok(instances::table.select(min(instances::acked)).first(db)?)
}

/// Forgets those that do not know a change, when the leases that they had before it are over: they have to
/// acknowledge it before they get another.
pub fn fence(db: &mut Db, seq: Seq) -> Result<usize, Fault> {
    Ok(diesel::delete(instances::table.filter(instances::acked.lt(seq))).execute(db)?)
}

/// An instance judges no more.
pub fn leave(db: &mut Db, id: &str) -> Result<(), Fault> {
    diesel::delete(instances::table.find(id)).execute(db)?;
    Ok(())
}
