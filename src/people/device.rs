//! Device cookies: a browser that has signed in to an account before is recognized, and its failures are counted
//! apart from those of strangers (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
//!
//! The cookie carries one random id for each account that signed in on the browser, and our signature. It signs
//! nobody in: it only selects the counter. Whoever steals it gets the guesses that are left of [`MAX_FAILURES`].

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::clock::{CLOCK_SKEW_S, Moment};
use crate::people::session::{self, Holder};

/// A device that nobody signed in on for so long is forgotten.
pub const LIFETIME_S: i64 = 180 * 86_400;
/// After so many wrong passwords a device counts as unknown. A right one does not start the count again: it gives the
/// browser a new id, and a stolen cookie keeps the count of the old one.
pub const MAX_FAILURES: i64 = 10;
/// So many devices of one person are kept, those used last.
pub const MAX_PER_PERSON: i64 = 50;
/// So many accounts are recognized on one browser, those used last.
const MAX_IN_COOKIE: usize = 8;

/// The ids in a browser's cookie, the one used last first.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DeviceIds(Vec<String>);

/// A device as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// SHA-256 of its id.
    pub digest: Vec<u8>,
    /// Who signed in on it, with which of their passwords.
    pub holder: Holder,
    /// Wrong passwords for that person from that device.
    pub failures: i64,
    /// When they last signed in on it.
    pub seen: Moment,
}

impl Device {
    /// Whether its failures are counted apart. A device that was seen in the future is not known, like a session from
    /// there.
    pub fn is_known(&self, now: Moment) -> bool {
        self.failures < MAX_FAILURES && (-CLOCK_SKEW_S..LIFETIME_S).contains(&now.seconds_since(self.seen))
    }
}

impl DeviceIds {
    /// Reads a cookie; empty if we did not sign it.
    pub fn from_cookie(cookie_key: &[u8], value: &str) -> DeviceIds {
        let signed = value.split_once('.').filter(|(signature, ids)| {
            let given = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap_or_default();
            bool::from(given.ct_eq(&mac(cookie_key, ids)))
        });
        DeviceIds(signed.map_or_else(Vec::new, |(_, ids)| ids.split('.').map(str::to_owned).collect()))
    }

    /// The cookie's value: the signature and the ids, separated by dots.
    pub fn to_cookie(&self, cookie_key: &[u8]) -> String {
        let ids = self.0.join(".");
        format!("{}.{ids}", BASE64URL_NOPAD.encode(&mac(cookie_key, &ids)))
    }

    /// By which devices are found.
    pub fn digests(&self) -> Vec<Vec<u8>> {
        self.0.iter().map(|id| session::digest(id)).collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// With `id` in front, and of the others those that `is_kept` by their digest.
    pub fn with_first(&self, id: &str, is_kept: impl Fn(&[u8]) -> bool) -> DeviceIds {
        let others = self.0.iter().filter(|other| *other != id && is_kept(&session::digest(other)));
        DeviceIds(
            std::iter::once(id).chain(others.map(String::as_str)).take(MAX_IN_COOKIE).map(str::to_owned).collect(),
        )
    }

    /// The id with that digest.
    pub fn id_of(&self, digest: &[u8]) -> Option<&str> {
        self.0.iter().map(String::as_str).find(|id| session::digest(id) == digest)
    }
}

fn mac(cookie_key: &[u8], ids: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(cookie_key).expect("HMAC takes keys of any length");
    mac.update(b"keyrack device\0");
    mac.update(ids.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &[u8] = b"key";

    fn drawn(count: usize) -> DeviceIds {
        DeviceIds((0..count).map(|_| session::draw()).collect())
    }

    #[test]
    fn a_cookie_reads_back() {
        for count in [1, 2, MAX_IN_COOKIE] {
            let ids = drawn(count);
            assert!(DeviceIds::from_cookie(KEY, &ids.to_cookie(KEY)) == ids, "{count}");
        }
    }

    #[test]
    fn a_cookie_that_we_did_not_sign_is_empty() {
        let (ids, other) = (drawn(2), drawn(2));
        let value = ids.to_cookie(KEY);
        let signature = value.split('.').next().expect("a signature");
        let swapped = format!("{signature}.{}", other.0.join("."));
        for forged in ["", ".", "a.b", &value[..value.len() - 1], &swapped, &ids.0.join("."), &format!("{value}.")] {
            assert!(DeviceIds::from_cookie(KEY, forged).is_empty(), "{forged}");
        }
        assert!(DeviceIds::from_cookie(b"other", &value).is_empty(), "signed with another key");
    }

    #[test]
    fn the_accounts_used_last_stay_in_the_cookie() {
        let mut ids = DeviceIds::default();
        let drawn: Vec<String> = (0..10).map(|_| session::draw()).collect();
        for id in &drawn {
            ids = ids.with_first(id, |_| true);
        }
        assert!(ids.0.iter().eq(drawn.iter().rev().take(MAX_IN_COOKIE)));
        let forgotten = session::digest(&drawn[8]);
        let ids = ids.with_first(&drawn[5], |digest| digest != forgotten);
        assert_eq!(ids.0[..3], [drawn[5].clone(), drawn[9].clone(), drawn[7].clone()]);
        assert_eq!(ids.0.len(), MAX_IN_COOKIE - 1);
        assert_eq!(ids.id_of(&session::digest(&drawn[9])), Some(drawn[9].as_str()));
        assert_eq!(ids.id_of(&forgotten), None);
    }

    #[test]
    fn a_device_is_known_for_ten_failures_and_180_days() {
        let at = |seconds| Moment::from_unix(seconds).expect("in range");
        let person = crate::people::member::PersonId::mint(at(0));
        let holder = Holder { person, password_version: 0 };
        let device = Device { digest: Vec::new(), holder, failures: MAX_FAILURES - 1, seen: at(0) };
        assert!(device.is_known(at(LIFETIME_S - 1)) && !device.is_known(at(LIFETIME_S)));
        assert!(device.is_known(at(-CLOCK_SKEW_S)) && !device.is_known(at(-CLOCK_SKEW_S - 1)));
        assert!(!Device { failures: MAX_FAILURES, ..device }.is_known(at(0)));
    }

    proptest! {
        #[test]
        fn no_text_is_taken_for_a_cookie_of_ours(text in "\\PC{0,200}") {
            prop_assert!(DeviceIds::from_cookie(KEY, &text).is_empty());
        }
    }
}
