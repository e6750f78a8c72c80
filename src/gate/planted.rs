//! Faults that are planted on purpose, each a way to break the promise that a change is everywhere before it is
//! answered: a test shows that it would be caught. Only with the feature `planted-faults`, which no release has.

#[cfg(all(feature = "planted-faults", not(debug_assertions)))]
compile_error!("planted-faults is for tests: a release must not be able to break its promise");

/// What is wrong with this instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// `no-wait`: a change is answered before others know it.
    NoWait,
    /// `stale-fill`: what changes while all keys are read is taken as read.
    StaleFill,
    /// `grant-unseen`: the lease is renewed without a look at the head.
    GrantUnseen,
    /// `lease-from-answer`: the lease is counted from the answer.
    LeaseFromAnswer,
    /// `second-revoke-at-once`: a revoke that another one made needless does not wait for it.
    SecondRevokeAtOnce,
    /// `no-drift-margin`: all of the lease is counted on.
    NoDriftMargin,
    /// `replica`: without a lease, a copy of the database is asked that lags behind.
    Replica,
    /// `ack-before-apply`: a change is acknowledged before it is in the index.
    AckBeforeApply,
}

/// Whether that is wrong with this instance.
#[cfg(not(feature = "planted-faults"))]
pub const fn is_planted(_: Planted) -> bool {
    false
}

/// Seconds that this instance's clock counts in a second.
#[cfg(not(feature = "planted-faults"))]
pub const fn clock_rate() -> f64 {
    1.0
}

/// The copy that is asked in place of the database.
#[cfg(not(feature = "planted-faults"))]
pub const fn replica() -> Option<crate::store::Store> {
    None
}

#[cfg(feature = "planted-faults")]
pub use chosen::{clock_rate, is_planted, replica};

#[cfg(feature = "planted-faults")]
mod chosen {
    use std::sync::LazyLock;

    use super::Planted;
    use crate::store::{DatabaseUrl, Store};

    static PLANTED: LazyLock<Option<Planted>> = LazyLock::new(|| {
        let name = std::env::var("KEYRACK_PLANTED_FAULT").ok()?;
        Some(match name.as_str() {
            "no-wait" => Planted::NoWait,
            "stale-fill" => Planted::StaleFill,
            "grant-unseen" => Planted::GrantUnseen,
            "lease-from-answer" => Planted::LeaseFromAnswer,
            "second-revoke-at-once" => Planted::SecondRevokeAtOnce,
            "no-drift-margin" => Planted::NoDriftMargin,
            "replica" => Planted::Replica,
            "ack-before-apply" => Planted::AckBeforeApply,
            _ => panic!("KEYRACK_PLANTED_FAULT={name} is none that can be planted"),
        })
    });

    static CLOCK_RATE: LazyLock<f64> = LazyLock::new(|| match std::env::var("KEYRACK_CLOCK_RATE") {
        Ok(rate) => rate.parse().expect("KEYRACK_CLOCK_RATE is a number"),
        Err(_) => 1.0,
    });

    /// Whether that is wrong with this instance.
    pub fn is_planted(fault: Planted) -> bool {
        *PLANTED == Some(fault)
    }

    static REPLICA: LazyLock<Option<Store>> = LazyLock::new(|| {
        let url = std::env::var("KEYRACK_REPLICA_URL").ok().filter(|_| is_planted(Planted::Replica))?;
        let url = DatabaseUrl::parse(&url).expect("KEYRACK_REPLICA_URL is a database's");
        Some(Store::join(&url).expect("the copy opens"))
    });

    /// The copy that is asked in place of the database: `KEYRACK_REPLICA_URL`.
    pub fn replica() -> Option<Store> {
        REPLICA.clone()
    }

    /// Seconds that this instance's clock counts in a second: a quartz that is off.
    pub fn clock_rate() -> f64 {
        *CLOCK_RATE
    }
}
