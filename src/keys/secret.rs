//! The string that opens the API: how it is minted, how it is recognised, and the two things that are kept of it.
//!
//! It draws from the operating system's generator. It knows no records, and never shows a secret unasked.

use std::fmt;

use rand::CryptoRng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};

use crate::keys::catalog::Kind;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// About 155 bits.
const RANDOM_CHARACTERS: usize = 26;
const CHECKSUM_CHARACTERS: usize = 6;
/// What follows the prefix.
pub(crate) const BODY_CHARACTERS: usize = RANDOM_CHARACTERS + CHECKSUM_CHARACTERS;
/// What ends each word of a prefix.
pub(crate) const SEPARATORS: [char; 2] = ['_', '-'];
/// In bytes; what the gate reads at most.
pub(crate) const MAX_LENGTH: usize = 128;

/// A whole key, as its holder sends it: a kind's prefix, 26 random base62 characters, 6 of checksum.
///
/// It is shown only by [`KeySecret::expose`]. This compiles:
///
/// ```
/// let secret = keyrack::keys::secret::KeySecret::mint_from_os("sk_test_");
/// let shown = format!("{}", secret.expose());
/// assert_eq!(format!("{secret:?}"), "KeySecret([REDACTED])");
/// # assert_eq!(shown.len(), 40);
/// ```
///
/// Neither printing the secret itself nor serialising it does:
///
/// ```compile_fail,E0277
/// let secret = keyrack::keys::secret::KeySecret::mint_from_os("sk_test_");
/// let shown = format!("{}", secret);
/// ```
///
/// ```compile_fail,E0277
/// fn send<T: serde::Serialize>(_: &T) {}
/// let secret = keyrack::keys::secret::KeySecret::mint_from_os("sk_test_");
/// send(&secret);
/// ```
pub struct KeySecret(SecretString);

/// Why a text can be no key, found without a look-up, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Longer than 128 bytes, or not as long as a key of its prefix.
    Length,
    /// Something else than ASCII letters, digits, underscores and hyphens.
    Alphabet,
    /// No kind has this prefix.
    Prefix,
    /// A typo, or another prefix than it was made with.
    Checksum,
}

impl KeySecret {
    /// A new key that begins with `prefix`, which ends in a separator (the catalog sees to that).
    pub fn mint(prefix: &str, rng: &mut impl CryptoRng) -> KeySecret {
        // All of its room at once: growing would leave parts of the secret behind in freed memory.
        let mut text = String::with_capacity(prefix.len() + BODY_CHARACTERS);
        text.push_str(prefix);
        text.extend((0..RANDOM_CHARACTERS).map(|_| draw(rng)));
        text.extend(checksum(text.as_bytes()).map(char::from));
        KeySecret(SecretString::from(text))
    }

    /// A new key from the operating system's generator. Panics if that fails, since no key may come of it.
    pub fn mint_from_os(prefix: &str) -> KeySecret {
        KeySecret::mint(prefix, &mut UnwrapErr(SysRng))
    }

    /// Recognises what can be a key of one of these prefixes. Whether it *is* one, only a look-up tells.
    pub fn parse<'a>(text: &str, prefixes: impl IntoIterator<Item = &'a str>) -> Result<KeySecret, Malformed> {
        check(text, prefixes).map(|()| KeySecret(SecretString::from(text)))
    }

    /// What is stored in its place.
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(self.expose().as_bytes()).into())
    }

    /// What of it may be shown at any time.
    pub fn preview(&self) -> Preview {
        let text = self.expose();
        let head = prefix_length(text) + Preview::HEAD;
        Preview(format!("{}…{}", &text[..head], &text[text.len() - Preview::TAIL..]))
    }

    /// All of it, to be kept and shown at any time, if its kind is publishable.
    pub fn published(&self, kind: &Kind) -> Option<Published> {
        kind.is_publishable().then(|| Published(self.expose().to_owned()))
    }

    /// The secret itself, for the one answer that reveals it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySecret([REDACTED])")
    }
}

fn check<'a>(text: &str, prefixes: impl IntoIterator<Item = &'a str>) -> Result<(), Malformed> {
    if text.len() > MAX_LENGTH {
        return Err(Malformed::Length);
    }
    // Without a way out in the middle of it the compiler looks at many bytes at once.
    if !text.bytes().fold(true, |fits, b| fits & (b.is_ascii_alphanumeric() | (b == b'_') | (b == b'-'))) {
        return Err(Malformed::Alphabet);
    }
    let (prefix, body) = text.split_at(prefix_length(text));
    if !prefixes.into_iter().any(|known| known == prefix) {
        return Err(Malformed::Prefix);
    }
    if body.len() != BODY_CHARACTERS {
        return Err(Malformed::Length);
    }
    let (before, given) = text.split_at(text.len() - CHECKSUM_CHARACTERS);
    if checksum(before.as_bytes()) == given.as_bytes() { Ok(()) } else { Err(Malformed::Checksum) }
}

/// A base62 character. Of 64 equally likely values two are thrown away, so that none of the 62 is likelier.
fn draw(rng: &mut impl CryptoRng) -> char {
    loop {
        let six_bits = (rng.next_u32() >> 26) as usize;
        if let Some(&byte) = BASE62.get(six_bits) {
            return char::from(byte);
        }
    }
}

/// CRC-32/ISO-HDLC as a number in base 62, most significant digit first, padded with `0`.
fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_CHARACTERS] {
    let mut rest = crc32fast::hash(bytes);
    let mut digits = [b'0'; CHECKSUM_CHARACTERS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// Everything up to the last separator: what follows is base62, which has none.
fn prefix_length(text: &str) -> usize {
    text.rfind(SEPARATORS).map_or(0, |last| last + 1)
}

/// The SHA-256 of a key: what is stored and looked up. Plain SHA-256 is right for secrets of this entropy
/// (ASVS 5.0 V6.5.2).
///
/// ```compile_fail,E0277
/// let secret = keyrack::keys::secret::KeySecret::mint_from_os("sk_test_");
/// let shown = format!("{}", secret.digest());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// That no key has: nobody knows a text with this hash.
    pub(crate) const NOBODYS: Digest = Digest([0; 32]);

    /// The digest of what can be a key of one of these prefixes: what the gate needs of it, which keeps no copy.
    pub fn of_presented<'a>(text: &str, prefixes: impl IntoIterator<Item = &'a str>) -> Result<Digest, Malformed> {
        check(text, prefixes).map(|()| Digest(Sha256::digest(text.as_bytes()).into()))
    }

    /// A digest as it was stored; none if it is not 32 bytes long.
    pub fn from_bytes(bytes: &[u8]) -> Option<Digest> {
        bytes.try_into().ok().map(Digest)
    }

    /// As it is stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest([REDACTED])")
    }
}

/// The harmless ends of a key: `sk_live_abc…wxyz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview(String);

impl Preview {
    const HEAD: usize = 3;
    const TAIL: usize = 4;

    /// A preview as it was stored; none if the text is not made of two such ends.
    pub fn from_stored(text: &str) -> Option<Preview> {
        let (head, tail) = text.split_once('…')?;
        let (prefix, first) = head.split_at_checked(prefix_length(head))?;
        let is_base62 = |end: &str, length| end.len() == length && end.bytes().all(|b| b.is_ascii_alphanumeric());
        let fits = !prefix.is_empty() && is_base62(first, Preview::HEAD) && is_base62(tail, Preview::TAIL);
        fits.then(|| Preview(text.to_owned()))
    }

    /// As it is shown and stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A whole key that is no secret: pages and apps carry it for all to see. Only a publishable kind's key becomes one.
///
/// ```compile_fail,E0423
/// let forged = keyrack::keys::secret::Published("a secret".to_owned());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published(String);

impl Published {
    /// A published key as it was stored; none if it is not one that fits its preview.
    pub fn from_stored(text: &str, preview: &Preview) -> Option<Published> {
        let prefix = &text[..prefix_length(text)];
        let key = KeySecret::parse(text, [prefix]).ok()?;
        (key.preview() == *preview).then(|| Published(text.to_owned()))
    }

    /// As it is shown and stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PREFIX: &str = "sk_test_";

    fn parse(text: &str) -> Result<KeySecret, Malformed> {
        KeySecret::parse(text, ["pk_test_", PREFIX])
    }

    fn refusal(text: &str) -> Malformed {
        parse(text).expect_err("malformed")
    }

    #[test]
    fn the_checksum_is_the_one_of_the_specification() {
        assert_eq!(&checksum(b"123456789"), b"3jZRME");
        assert_eq!(&checksum(b""), b"000000");
    }

    #[test]
    fn a_minted_key_has_its_prefix_and_32_base62_characters() {
        let secret = KeySecret::mint_from_os(PREFIX);
        let body = secret.expose().strip_prefix(PREFIX).expect("the prefix");
        assert_eq!(body.len(), 32);
        assert!(body.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_ne!(secret.expose(), KeySecret::mint_from_os(PREFIX).expose());
    }

    #[test]
    fn every_character_is_drawn_about_equally_often() {
        let rng = &mut UnwrapErr(SysRng);
        let mut counts = std::collections::BTreeMap::<char, u32>::new();
        (0..62_000).for_each(|_| *counts.entry(draw(rng)).or_default() += 1);
        assert_eq!(counts.len(), 62);
        // 1,000 each with a standard deviation of 31: seven of those never happen by chance.
        assert!(counts.values().all(|count| (780..1_220).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_preview_shows_the_prefix_three_first_and_four_last() {
        let secret = KeySecret::mint_from_os(PREFIX);
        let text = secret.expose();
        assert_eq!(secret.preview().as_str(), format!("{}…{}", &text[..11], &text[36..]));
    }

    #[test]
    fn a_preview_reads_back_and_a_whole_key_is_none() {
        let secret = KeySecret::mint_from_os(PREFIX);
        assert_eq!(Preview::from_stored(secret.preview().as_str()), Some(secret.preview()));
        for bad in ["", "…", "sk_test_abc", "abc…wxyz", "sk_test_abcd…wxyz", "sk_test_abc…wxyz…", secret.expose()]
        {
            assert_eq!(Preview::from_stored(bad), None);
        }
    }

    #[test]
    fn only_a_publishable_kinds_key_is_published() {
        let secret = KeySecret::mint_from_os(PREFIX);
        let once = crate::keys::catalog::Catalog::built_in().default_kind().clone();
        let always = Kind { reveal: crate::keys::catalog::Reveal::Always, ..once.clone() };
        assert_eq!(secret.published(&once), None);
        let published = secret.published(&always).expect("publishable");
        assert_eq!(published.as_str(), secret.expose());
        assert_eq!(Published::from_stored(published.as_str(), &secret.preview()), Some(published));
        let other = KeySecret::mint_from_os(PREFIX).preview();
        for (bad, preview) in [("", secret.preview()), (secret.expose(), other), ("sk_test_x", secret.preview())] {
            assert_eq!(Published::from_stored(bad, &preview), None);
        }
    }

    #[test]
    fn a_digest_is_the_sha_256_of_the_whole_key() {
        let secret = KeySecret::mint_from_os(PREFIX);
        let expected = Sha256::digest(secret.expose());
        assert_eq!(secret.digest().as_bytes()[..], expected[..]);
        assert_eq!(Digest::from_bytes(&expected), Some(secret.digest()));
        assert_eq!(Digest::from_bytes(&expected[1..]), None);
    }

    #[test]
    fn nothing_of_a_secret_is_in_its_debug_text() {
        let secret = KeySecret::mint_from_os(PREFIX);
        assert_eq!(format!("{secret:?} {:?}", secret.digest()), "KeySecret([REDACTED]) Digest([REDACTED])");
    }

    #[test]
    fn the_checks_come_in_their_order() {
        let text = KeySecret::mint_from_os(PREFIX).expose().to_owned();
        assert_eq!(refusal(&"é".repeat(65)), Malformed::Length);
        assert_eq!(refusal(&format!("xx{}+", &text[2..39])), Malformed::Alphabet);
        assert_eq!(refusal(&format!(" {text}")), Malformed::Alphabet);
        assert_eq!(refusal(&text.replace(PREFIX, "sk_live_")), Malformed::Prefix);
        assert_eq!(refusal(""), Malformed::Prefix);
        assert_eq!(refusal(&text[..39]), Malformed::Length);
        assert_eq!(refusal(&format!("{text}0")), Malformed::Length);
        assert_eq!(refusal(&text.replace(PREFIX, "pk_test_")), Malformed::Checksum);
    }

    proptest! {
        #[test]
        fn every_prefix_of_a_catalog_works(prefix in "([A-Za-z0-9]{1,5}[_-]){1,4}") {
            let secret = KeySecret::mint_from_os(&prefix);
            let text = secret.expose();
            prop_assert_eq!(KeySecret::parse(text, [prefix.as_str()]).map(|read| read.digest()), Ok(secret.digest()));
            let head = prefix.len() + 3;
            let ends = format!("{}…{}", &text[..head], &text[text.len() - 4..]);
            let preview = secret.preview();
            prop_assert_eq!(preview.as_str(), &ends);
            prop_assert_eq!(Preview::from_stored(secret.preview().as_str()), Some(secret.preview()));
            // In another case it is a different prefix, and the checksum knows.
            let swapped: String = prefix.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
            if swapped != prefix {
                let other = text.replacen(&prefix, &swapped, 1);
                prop_assert_eq!(KeySecret::parse(&other, [prefix.as_str()]).err(), Some(Malformed::Prefix));
                prop_assert_eq!(KeySecret::parse(&other, [swapped.as_str()]).err(), Some(Malformed::Checksum));
            }
        }

        #[test]
        fn a_minted_key_is_recognised_and_with_one_typo_is_not(at in 8usize..40, typo in 0usize..62) {
            let secret = KeySecret::mint_from_os(PREFIX);
            let typo = char::from(BASE62[typo]);
            let swap = |(i, c)| if i == at { typo } else { c };
            let mistyped: String = secret.expose().chars().enumerate().map(swap).collect();
            prop_assert_eq!(parse(secret.expose()).map(|read| read.digest()), Ok(secret.digest()));
            if mistyped != secret.expose() {
                prop_assert_eq!(refusal(&mistyped), Malformed::Checksum);
            }
        }

        #[test]
        fn no_text_makes_reading_panic(text in any::<String>()) {
            prop_assert!(parse(&text).is_err());
        }

        #[test]
        fn no_text_makes_reading_a_preview_panic(text in "[a-z_…é-]{0,20}") {
            let _ = Preview::from_stored(&text);
        }
    }
}
