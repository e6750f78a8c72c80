//! Texts that may be keys: what is recognised has the form of one, and no key is still one after a slip.
#![no_main]

use std::sync::OnceLock;

use keyrack::keys::secret::{KeySecret, Preview};
use libfuzzer_sys::fuzz_target;

const PREFIXES: [&str; 4] = ["sk_live_", "pk_web_", "acme_sk_test_", "PAT-"];

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Ok(secret) = KeySecret::parse(&text, PREFIXES) {
        assert_eq!(secret.expose(), text);
        let prefix = PREFIXES.iter().find(|prefix| text.starts_with(*prefix)).expect("a prefix of ours");
        let body = &text[prefix.len()..];
        assert!(body.len() == 32 && body.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(Preview::from_stored(secret.preview().as_str()), Some(secret.preview()));
    }
    let _ = Preview::from_stored(&text);
    slip(data);
});

/// A good key with one character written over, cut off behind it, or doubled.
fn slip(data: &[u8]) {
    static GOOD: OnceLock<KeySecret> = OnceLock::new();
    let good = GOOD.get_or_init(|| KeySecret::mint_from_os(PREFIXES[0])).expose();
    let &[at, byte, how, ..] = data else { return };
    let (at, byte) = (usize::from(at) % good.len(), char::from(byte));
    let slipped = match how % 3 {
        0 => format!("{}{byte}{}", &good[..at], &good[at + 1..]),
        1 => format!("{}{}", &good[..at], &good[at + 1..]),
        _ => format!("{}{byte}{}", &good[..at], &good[at..]),
    };
    assert!(slipped == good || KeySecret::parse(&slipped, PREFIXES).is_err(), "a slip at {at} is not found");
}
