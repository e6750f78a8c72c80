//! What a session is made of: its key in the cookie, its digest at rest, its end, and the token that
//! every form carries.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock::{CLOCK_SKEW_S, Moment};
use crate::people::member::PersonId;

const SECRET_BYTES: usize = 32;

/// How long sessions last, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Without a request.
    pub idle_s: i64,
    /// In any case.
    pub absolute_s: i64,
}

impl Limits {
    /// Whether a session made at `created` and last used at `seen` still holds. One from the future does not: nobody
    /// knows how long ago a clock that was ahead has written it.
    pub fn hold(&self, created: Moment, seen: Moment, now: Moment) -> bool {
        let holds = |since, limit| (-CLOCK_SKEW_S..limit).contains(&now.seconds_since(since));
        holds(seen, self.idle_s) && holds(created, self.absolute_s)
    }
}

/// Whose a session is. It holds only as long as the password that it was begun with: a new one ends
/// also those that were under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub person: PersonId,
    /// Which of their passwords, counted from 0.
    pub password_version: i64,
}

/// A new random text of 256 bits: a session's key, a link's token, a form's nonce.
pub fn draw() -> String {
    BASE64URL_NOPAD.encode(&random_bytes())
}

/// Random bytes to sign cookies with.
pub fn draw_cookie_key() -> [u8; 64] {
    let mut key = [0; 64];
    SysRng.try_fill_bytes(&mut key).expect("the operating system gives random bytes");
    key
}

fn random_bytes() -> [u8; SECRET_BYTES] {
    let mut bytes = [0; SECRET_BYTES];
    SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// What is kept of a random text: its SHA-256.
pub fn digest(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// A nonce as forms carry it.
pub fn is_nonce(text: &str) -> bool {
    BASE64URL_NOPAD.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == SECRET_BYTES)
}

/// What a form must bring to be believed to come from our own page in this session.
///
/// Every page prints it masked anew, so that squeezed pages tell nothing about it (BREACH).
#[derive(Clone)]
pub struct FormSecret([u8; SECRET_BYTES]);

impl FormSecret {
    /// A new one.
    pub fn draw() -> FormSecret {
        FormSecret(random_bytes())
    }

    /// That of a visitor without a session: bound to the nonce in their cookie by our own key.
    pub fn of_visitor(cookie_key: &[u8], nonce: &str) -> FormSecret {
        let mut mac = Hmac::<Sha256>::new_from_slice(cookie_key).expect("HMAC takes keys of any length");
        mac.update(b"keyrack form\0");
        mac.update(nonce.as_bytes());
        FormSecret(mac.finalize().into_bytes().into())
    }

    /// As a session keeps it.
    pub fn to_text(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// Reads what [`to_text`](FormSecret::to_text) wrote.
    pub fn from_text(text: &str) -> Option<FormSecret> {
        HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(FormSecret)
    }

    /// As a form carries it: a mask, and the secret under it.
    pub fn token(&self) -> String {
        let mask = random_bytes();
        let masked: Vec<u8> = mask.iter().zip(self.0).map(|(m, s)| m ^ s).collect();
        BASE64URL_NOPAD.encode(&[mask.as_slice(), &masked].concat())
    }

    /// Whether a form brought this secret.
    pub fn is_in(&self, token: &str) -> bool {
        let Ok(bytes) = BASE64URL_NOPAD.decode(token.as_bytes()) else { return false };
        if bytes.len() != 2 * SECRET_BYTES {
            return false;
        }
        let (mask, masked) = bytes.split_at(SECRET_BYTES);
        let secret: Vec<u8> = mask.iter().zip(masked).map(|(m, s)| m ^ s).collect();
        secret.ct_eq(&self.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::from_unix(seconds).expect("in range")
    }

    #[test]
    fn a_session_ends_when_idle_and_in_any_case() {
        let limits = Limits { idle_s: 10, absolute_s: 100 };
        assert!(limits.hold(at(0), at(0), at(9)) && !limits.hold(at(0), at(0), at(10)));
        assert!(limits.hold(at(0), at(95), at(99)) && !limits.hold(at(0), at(95), at(100)));
    }

    #[test]
    fn a_session_from_the_future_is_over() {
        let limits = Limits { idle_s: 1_000, absolute_s: 10_000 };
        let (near, far) = (at(CLOCK_SKEW_S), at(CLOCK_SKEW_S + 1));
        assert!(limits.hold(near, near, at(0)));
        assert!(!limits.hold(far, at(0), at(0)) && !limits.hold(at(0), far, at(0)));
    }

    #[test]
    fn a_token_looks_different_each_time_and_is_known_each_time() {
        let secret = FormSecret::draw();
        let (one, two) = (secret.token(), secret.token());
        assert_ne!(one, two);
        assert!(secret.is_in(&one) && secret.is_in(&two));
        assert!(!FormSecret::draw().is_in(&one));
    }

    #[test]
    fn what_is_no_token_is_not_known() {
        let secret = FormSecret::draw();
        for bad in ["", "a", "!!!", &draw(), &"A".repeat(10_000)] {
            assert!(!secret.is_in(bad), "{bad}");
        }
    }

    #[test]
    fn a_form_secret_reads_back() {
        let secret = FormSecret::draw();
        let again = FormSecret::from_text(&secret.to_text()).expect("its own text");
        assert!(again.is_in(&secret.token()));
        assert!(FormSecret::from_text("00").is_none());
    }

    #[test]
    fn a_visitors_secret_is_bound_to_the_cookie_and_our_key() {
        let token = FormSecret::of_visitor(b"key", "nonce").token();
        assert!(FormSecret::of_visitor(b"key", "nonce").is_in(&token));
        assert!(!FormSecret::of_visitor(b"key", "other").is_in(&token));
        assert!(!FormSecret::of_visitor(b"other", "nonce").is_in(&token));
    }

    #[test]
    fn nonces_are_what_we_drew() {
        assert!(is_nonce(&draw()));
        assert!(!is_nonce("") && !is_nonce("x") && !is_nonce(&format!("{}x", draw())));
    }
}
