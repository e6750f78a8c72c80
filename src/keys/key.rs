//! A key as it is recorded, and the two lives that it can be in.
//!
//! [`Status::at`] is the one place where time decides. It knows neither the secret nor where records are kept.

use std::ops::Deref;

use crate::clock::Moment;
use crate::id::id_type;
use crate::keys::bounds::Bounds;
use crate::keys::expiration::Expiration;
use crate::keys::grants::Grants;
use crate::keys::name::KeyName;
use crate::keys::secret::{Preview, Published};
use crate::people::member::{PersonId, TeamId};
use crate::projects::project::Filing;
use crate::usage::used::LastUse;

id_type!(
    /// Names a key in addresses and tables; no secret.
    KeyId,
    "key_"
);

/// Who did something, with the name that was theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Whose id it is.
    pub person: PersonId,
    /// What they are called on the page.
    pub name: String,
}

/// That a key was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// From this second on it is refused.
    pub at: Moment,
    /// By whom; none if the key revoked itself.
    pub by: Option<Actor>,
}

/// All that is recorded of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub team: TeamId,
    /// What it is called.
    pub name: KeyName,
    /// The id of its kind, which the catalog may have dropped since.
    pub kind: String,
    /// The harmless ends of its secret.
    pub preview: Preview,
    /// All of it, if its kind is publishable: then it is no secret.
    pub published: Option<Published>,
    /// Where it is filed.
    pub filing: Option<Filing>,
    /// What it may do.
    pub grants: Grants,
    /// What of it can be changed while it lives, beside the name.
    pub bounds: Bounds,
    /// When it was created.
    pub created_at: Moment,
    /// By whom.
    pub created_by: Actor,
    /// When it stops by itself.
    pub expiration: Expiration,
    /// Whether it was stopped.
    pub revoked: Option<Revocation>,
    /// The last request with it while it worked; none: there was none.
    pub last_use: Option<LastUse>,
}

/// What is shown of a key's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Opens the API.
    Active,
    /// Stopped by itself.
    Expired,
    /// Was stopped.
    Revoked,
}

impl Status {
    /// In the order in which they are shown and sorted.
    pub const ALL: [Status; 3] = [Status::Active, Status::Expired, Status::Revoked];

    /// As in addresses and JSON: `active`.
    pub fn word(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Expired => "expired",
            Status::Revoked => "revoked",
        }
    }

    /// As on a badge: `Active`.
    pub fn label(self) -> &'static str {
        match self {
            Status::Active => "Active",
            Status::Expired => "Expired",
            Status::Revoked => "Revoked",
        }
    }

    /// Which it is at `now`: the one place where time decides. Revoked wins over expired.
    pub fn at(is_revoked: bool, expiration: Expiration, now: Moment) -> Status {
        match (is_revoked, expiration.is_past(now)) {
            (true, _) => Status::Revoked,
            (false, true) => Status::Expired,
            (false, false) => Status::Active,
        }
    }

    /// Reads a [`Status::word`].
    pub fn parse(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.word() == word)
    }
}

impl ApiKey {
    /// A word that is another one after every edit: by it a form tells what it was made from.
    pub fn revision(&self) -> String {
        let Bounds { domains, addresses, toggles } = &self.bounds;
        let parts = [self.name.as_str(), &domains.to_text(), &addresses.to_text(), &toggles.to_text()];
        format!("{:08x}", crc32fast::hash(parts.join("\0").as_bytes()))
    }

    /// Which life the key is in at `now`.
    pub fn at(self, now: Moment) -> Standing {
        match Status::at(self.revoked.is_some(), self.expiration, now) {
            Status::Active => Standing::Live(LiveKey(self)),
            Status::Expired => Standing::Spent(SpentKey { key: self, ended: Ended::Expired }),
            Status::Revoked => Standing::Spent(SpentKey { key: self, ended: Ended::Revoked }),
        }
    }
}

/// The two lives of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It works, and can be renamed and revoked.
    Live(LiveKey),
    /// It works no more, and can only be deleted.
    Spent(SpentKey),
}

impl Standing {
    /// What is shown of it.
    pub fn status(&self) -> Status {
        match self {
            Standing::Live(_) => Status::Active,
            Standing::Spent(spent) => spent.status(),
        }
    }

    /// The record, for reading.
    pub fn key(&self) -> &ApiKey {
        match self {
            Standing::Live(live) => live,
            Standing::Spent(spent) => spent,
        }
    }
}

/// A key that works. Only [`ApiKey::at`] makes one, and it reads as the record does.
///
/// ```
/// use keyrack::{clock::Moment, keys::{key::{LiveKey, SpentKey}, name::KeyName}};
/// fn both(live: LiveKey, to: KeyName, at: Moment) -> SpentKey { live.rename(to).revoke(at, None) }
/// ```
///
/// Once revoked it is gone:
///
/// ```compile_fail,E0382
/// use keyrack::{clock::Moment, keys::{key::LiveKey, name::KeyName}};
/// fn both(live: LiveKey, to: KeyName, at: Moment) { live.revoke(at, None); live.rename(to); }
/// ```
///
/// ```compile_fail,E0423
/// use keyrack::keys::key::{ApiKey, LiveKey};
/// fn revive(key: ApiKey) -> LiveKey { LiveKey(key) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveKey(ApiKey);

impl LiveKey {
    /// The same key under another name.
    pub fn rename(mut self, to: KeyName) -> LiveKey {
        self.0.name = to;
        self
    }

    /// The same key within other bounds.
    pub fn bound(mut self, to: Bounds) -> LiveKey {
        self.0.bounds = to;
        self
    }

    /// Ends it, at once and for good; `by` nobody means that the key did it itself.
    pub fn revoke(mut self, at: Moment, by: Option<Actor>) -> SpentKey {
        self.0.revoked = Some(Revocation { at, by });
        SpentKey { key: self.0, ended: Ended::Revoked }
    }

    /// The record, for reading.
    pub fn key(&self) -> &ApiKey {
        &self.0
    }
}

impl Deref for LiveKey {
    type Target = ApiKey;

    fn deref(&self) -> &ApiKey {
        &self.0
    }
}

/// A key that works no more. It reads as the record does, and there is nothing else that it can do.
///
/// ```compile_fail,E0599
/// use keyrack::{clock::Moment, keys::key::SpentKey};
/// fn again(spent: SpentKey, at: Moment) { spent.revoke(at, None); }
/// ```
///
/// ```compile_fail,E0599
/// use keyrack::keys::{key::SpentKey, name::KeyName};
/// fn late(spent: SpentKey, to: KeyName) { spent.rename(to); }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentKey {
    key: ApiKey,
    ended: Ended,
}

/// A status that is not Active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Expired,
    Revoked,
}

impl SpentKey {
    /// How it ended: Expired or Revoked.
    pub fn status(&self) -> Status {
        match self.ended {
            Ended::Expired => Status::Expired,
            Ended::Revoked => Status::Revoked,
        }
    }

    /// The record, for reading.
    pub fn key(&self) -> &ApiKey {
        &self.key
    }
}

impl Deref for SpentKey {
    type Target = ApiKey;

    fn deref(&self) -> &ApiKey {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_262_400;

    fn moment(seconds: i64) -> Moment {
        Moment::from_unix(NOON + seconds).expect("in range")
    }

    fn olga() -> Actor {
        Actor { person: PersonId::mint(moment(0)), name: "Olga Berg".to_owned() }
    }

    fn key(expires_at: Option<Moment>) -> ApiKey {
        ApiKey {
            id: KeyId::mint(moment(0)),
            team: TeamId::mint(moment(0)),
            name: KeyName::parse("HR sync").expect("a name"),
            kind: "secret".to_owned(),
            preview: Preview::from_stored("sk_test_abc…wxyz").expect("a preview"),
            published: None,
            filing: None,
            bounds: Bounds::default(),
            grants: Grants::from_stored("shifts:read", "").expect("grants"),
            created_at: moment(0),
            created_by: olga(),
            expiration: Expiration(expires_at),
            revoked: None,
            last_use: None,
        }
    }

    fn live(key: ApiKey) -> LiveKey {
        match key.at(moment(0)) {
            Standing::Live(live) => live,
            Standing::Spent(spent) => panic!("spent: {:?}", spent.status()),
        }
    }

    #[test]
    fn a_key_is_expired_at_the_very_second() {
        let key = key(Some(moment(60)));
        assert_eq!(key.clone().at(moment(59)).status(), Status::Active);
        assert_eq!(key.at(moment(60)).status(), Status::Expired);
    }

    #[test]
    fn revoked_wins_over_expired() {
        let spent = live(key(Some(moment(60)))).revoke(moment(30), Some(olga()));
        assert_eq!(spent.status(), Status::Revoked);
        assert_eq!(spent.key().clone().at(moment(90)).status(), Status::Revoked);
    }

    #[test]
    fn revoking_records_when_and_by_whom() {
        let by = olga();
        let spent = live(key(None)).revoke(moment(30), Some(by.clone()));
        assert_eq!(spent.revoked, Some(Revocation { at: moment(30), by: Some(by) }));
    }

    #[test]
    fn renaming_changes_the_name_alone() {
        let before = live(key(None));
        let name = KeyName::parse("Payroll").expect("a name");
        let after = before.clone().rename(name.clone());
        assert_eq!(*after, ApiKey { name, ..before.key().clone() });
    }

    #[test]
    fn a_status_reads_back_from_its_word() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.word()), Some(status));
        }
        assert_eq!(Status::parse("Active"), None);
    }
}
