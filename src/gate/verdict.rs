//! The verdict on a presented secret, and why. Checked in this order, the first that fails names it:
//! form (no look-up), digest, revocation, expiration.

use crate::clock::Moment;
use crate::keys::expiration::Expiration;
use crate::keys::grants::Grants;
use crate::keys::key::{KeyId, Status};
use crate::people::member::Team;

/// A key that was found by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundKey {
    /// Its id.
    pub id: KeyId,
    /// What it is called.
    pub name: String,
    /// Whose it is.
    pub team: Team,
    /// The id of its kind.
    pub kind: String,
    /// What it may.
    pub grants: Grants,
    /// When it was made.
    pub created_at: Moment,
    /// When it ends.
    pub expiration: Expiration,
    /// Whether it was revoked.
    pub is_revoked: bool,
}

/// Whether a key is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Valid(Box<FoundKey>),
    /// None was presented.
    Missing,
    /// It cannot be a key at all.
    Malformed,
    /// It is no key of ours.
    NotFound,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
}

impl Verdict {
    /// The verdict on a key that was found, at `now`.
    pub fn on(found: FoundKey, now: Moment) -> Verdict {
        match Status::at(found.is_revoked, found.expiration, now) {
            Status::Active => Verdict::Valid(Box::new(found)),
            Status::Expired => Verdict::Expired,
            Status::Revoked => Verdict::Revoked,
        }
    }
}
