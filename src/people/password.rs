//! Passwords: which are good enough, and how they are kept (Argon2id v19, m = 19 MiB, t = 2, p = 1;
//! ASVS V11.4.2). One hash takes about 30 ms of a core and 19 MiB.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use data_encoding::BASE64URL_NOPAD;
use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The shortest password (ASVS V6.2.1 asks for 8, better 15).
pub const MIN_BYTES: usize = 12;
/// The longest.
pub const MAX_BYTES: usize = 1_024;
/// The least strength, as zxcvbn scores it from 0 to 4.
const MIN_SCORE: u8 = 3;
/// zxcvbn's time grows with the length, and a hundred characters are strong or hopeless.
const SCORED_CHARS: usize = 100;

/// A password that may be set: long enough and hard to guess. Composed (NFC), since keyboards differ in how they write
/// the same letter (RFC 8265, OpaqueString).
#[derive(Debug)]
pub struct NewPassword(SecretString);

/// What is kept of a password: a PHC string. It tells the password's cost, not the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHashText(pub(super) String);

impl NewPassword {
    /// Judges a password. `dictionary` holds what an attacker would try first: the person's names,
    /// the team's, the product's, the e-mail address.
    pub fn parse(text: &str, dictionary: &[&str]) -> Result<NewPassword, String> {
        let composed = composed(text);
        let text = composed.expose_secret();
        if text.len() < MIN_BYTES {
            return Err(format!("Use at least {MIN_BYTES} characters."));
        }
        if text.len() > MAX_BYTES {
            return Err(format!("Use at most {MAX_BYTES} bytes."));
        }
        let scored: String = text.chars().take(SCORED_CHARS).collect();
        let words: Vec<&str> = dictionary.iter().flat_map(|text| text.split(['@', '.', ' ', '-'])).collect();
        let inputs: Vec<&str> = dictionary.iter().copied().chain(words).filter(|word| word.len() > 2).collect();
        if u8::from(zxcvbn::zxcvbn(&scored, &inputs).score()) < MIN_SCORE {
            return Err("This password is easy to guess. Use a few unrelated words, or a password manager.".into());
        }
        Ok(NewPassword(composed))
    }
}

fn composed(typed: &str) -> SecretString {
    SecretString::from(typed.nfc().collect::<String>())
}

/// A password for people to type once: 20 characters, drawn from the operating system.
pub fn draw() -> String {
    let mut bytes = [0; 15];
    SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives random bytes");
    BASE64URL_NOPAD.encode(&bytes)
}

fn argon2id() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// Hashes a password with a salt of its own.
pub fn hash(password: &NewPassword) -> PasswordHashText {
    hash_bytes(password.0.expose_secret().as_bytes())
}

fn hash_bytes(password: &[u8]) -> PasswordHashText {
    let mut salt = [0; 16];
    SysRng.try_fill_bytes(&mut salt).expect("the operating system gives random bytes");
    let hash =
        argon2id().hash_password_with_salt(password, &salt).expect("the parameters and the salt's length are good");
    PasswordHashText(hash.to_string())
}

/// A hash of nothing, checked for unknown people, so that they cost what known ones cost.
static NOBODY: LazyLock<PasswordHashText> = LazyLock::new(|| hash_bytes(b"nobody"));

/// Whether `password` is the one that was kept. Costs one hash, also when there is none to compare; a second one only
/// for a password that was not typed in NFC, since older versions kept what was typed.
/// A kept text that is no hash is nobody's password.
pub fn verify(password: &SecretString, kept: Option<&PasswordHashText>) -> bool {
    let (typed, hash) = (password.expose_secret(), kept.unwrap_or(&NOBODY));
    let is_same = is_hash_of(&composed(typed), hash) || (!is_nfc(typed) && is_hash_of(password, hash));
    is_same && kept.is_some()
}

fn is_hash_of(password: &SecretString, hash: &PasswordHashText) -> bool {
    PasswordHash::new(&hash.0)
        .is_ok_and(|parsed| argon2id().verify_password(password.expose_secret().as_bytes(), &parsed).is_ok())
}

/// Whether a kept hash is weaker than new ones are.
fn is_outdated(kept: &PasswordHashText) -> bool {
    let Ok(parsed) = PasswordHash::new(&kept.0) else { return true };
    let wanted = Params::DEFAULT;
    let of = |name| parsed.params.get_decimal(name).unwrap_or(0);
    of("m") < wanted.m_cost() || of("t") < wanted.t_cost()
}

/// What to keep instead of a hash that is weaker than new ones are, or not of the composed password; `password` was
/// verified against it.
pub fn renewed(password: &SecretString, kept: &PasswordHashText) -> Option<PasswordHashText> {
    let (typed, composed) = (password.expose_secret(), composed(password.expose_secret()));
    let is_old = is_outdated(kept) || (!is_nfc(typed) && !is_hash_of(&composed, kept));
    is_old.then(|| hash_bytes(composed.expose_secret().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_hard_to_guess() {
        for weak in ["", "short", "aaaaaaaaaaaaaaaa", "password1234", "northwind rota", "olga@northwind.example"] {
            let judged = NewPassword::parse(weak, &["Northwind Rota", "olga@northwind.example"]);
            assert!(judged.is_err(), "{weak}");
        }
        assert!(NewPassword::parse("quartz plover umbrella tin", &[]).is_ok());
        assert!(NewPassword::parse(&"é".repeat(513), &[]).is_err(), "1,026 bytes");
    }

    #[test]
    fn a_drawn_password_may_be_set() {
        assert!(NewPassword::parse(&draw(), &[]).is_ok());
        assert_ne!(draw(), draw());
    }

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let kept = hash(&NewPassword::parse("quartz plover umbrella tin", &[]).expect("good"));
        assert!(kept.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.0);
        let check = |text: &str, kept| verify(&SecretString::from(text), kept);
        assert!(check("quartz plover umbrella tin", Some(&kept)));
        assert!(!check("quartz plover umbrella ti", Some(&kept)));
        assert!(!check("nobody", None), "nobody's password signs nobody in");
    }

    #[test]
    fn a_weaker_hash_is_outdated() {
        let old = |params: &str| {
            is_outdated(&PasswordHashText(format!("$argon2id$v=19${params}$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA")))
        };
        assert!(old("m=9216,t=2,p=1") && old("m=19456,t=1,p=1"));
        assert!(!old("m=19456,t=2,p=1"));
    }
}
