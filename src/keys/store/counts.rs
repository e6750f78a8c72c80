//! The counts beside the list.

use super::scope::{COUNTED, Scope, count};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::keys::key::Status;
use crate::keys::listing::ListQuery;
use crate::keys::realm::Realm;
use crate::store::Db;

/// How many, exact up to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How many were counted.
    pub counted: usize,
    /// Whether there are more.
    pub is_capped: bool,
}

/// How many keys of each status match the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Live ones.
    pub active: Count,
    /// Those whose time is over.
    pub expired: Count,
    /// Those that were revoked.
    pub revoked: Count,
}

impl Count {
    fn of(counted: usize) -> Count {
        Count { counted: counted.min(COUNTED), is_capped: counted > COUNTED }
    }
}

impl Counts {
    /// All of them.
    pub fn all(&self) -> Count {
        let parts = [self.active, self.expired, self.revoked];
        let sum = Count::of(parts.iter().map(|part| part.counted).sum());
        Count { is_capped: sum.is_capped || parts.iter().any(|part| part.is_capped), ..sum }
    }

    /// Those of one status.
    pub fn of(&self, status: Status) -> Count {
        match status {
            Status::Active => self.active,
            Status::Expired => self.expired,
            Status::Revoked => self.revoked,
        }
    }
}

/// How many keys of each status a list has, whatever status it shows. Each count stops at 10,000.
pub fn counts(db: &mut Db, realm: &Realm, query: &ListQuery, now: Moment) -> Result<Counts, Fault> {
    let scope = Scope::new(realm, query, now);
    let mut of = |status| count(db, scope.ranged(status)).map(Count::of);
    Ok(Counts { active: of(Status::Active)?, expired: of(Status::Expired)?, revoked: of(Status::Revoked)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_over_what_is_counted_is_capped_too() {
        let counts = Counts { active: Count::of(6_000), expired: Count::of(5_000), revoked: Count::of(0) };
        assert_eq!(counts.all(), Count { counted: COUNTED, is_capped: true });
        assert_eq!(Count::of(10_001), Count { counted: COUNTED, is_capped: true });
        assert_eq!(Count::of(10_000), Count { counted: 10_000, is_capped: false });
    }
}
