//! The verdict on a presented secret, and why. Checked in this order, the first that fails names it:
//! form (no look-up), digest, revocation, expiration, kind.

use crate::clock::Moment;
use crate::keys::catalog::Catalog;
use crate::keys::expiration::Expiration;
use crate::keys::grants::Grants;
use crate::keys::in_force::InForce;
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
    /// What it was granted. What of it counts, [`GoodKey::may`] tells.
    pub grants: Grants,
    /// When it was made.
    pub created_at: Moment,
    /// When it ends.
    pub expiration: Expiration,
    /// Whether it was revoked.
    pub is_revoked: bool,
    /// Whether it is one that anyone may have read.
    pub is_published: bool,
}

/// A key that is good, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoodKey {
    /// Whose it is, and what is known of it.
    pub key: FoundKey,
    /// What it may: of what it was granted, what the catalog still offers.
    pub may: InForce,
}

/// Why a text cannot be a key, as far as it helps who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A blank before it or within it.
    Blank,
    /// It does not begin like a key of any kind.
    Prefix,
    /// Too little, too much, or mistyped.
    Other,
}

/// Whether a key is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Valid(Box<GoodKey>),
    /// None was presented.
    Missing,
    /// It cannot be a key at all.
    Malformed(Flaw),
    /// It is no key of ours.
    NotFound,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
    /// The catalog has no such sort of key any more.
    KindNotOffered,
}

impl Verdict {
    /// The verdict on a key that was found, at `now`.
    pub fn on(found: FoundKey, catalog: &Catalog, now: Moment) -> Verdict {
        match Status::at(found.is_revoked, found.expiration, now) {
            Status::Expired => Verdict::Expired,
            Status::Revoked => Verdict::Revoked,
            Status::Active if catalog.kind(&found.kind).is_none() => Verdict::KindNotOffered,
            Status::Active => {
                let may = found.grants.in_force(catalog.offered_to(&found.kind));
                Verdict::Valid(Box::new(GoodKey { key: found, may }))
            }
        }
    }
}
