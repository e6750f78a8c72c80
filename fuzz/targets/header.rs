//! Headers, as many and as odd as a client likes: what is taken for a key is one header's text, whole and plain.
#![no_main]

use keyrack::gate::bearer::{self, Presented};
use keyrack::keys::catalog::KeyHeaders;
use libfuzzer_sys::fuzz_target;

const PREFIX: &[u8] = b"sk_live_";

// A line a header: those that begin with `x` are X-API-Key, the others Authorization.
fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').take(6).collect();
    let (own, authorization): (Vec<&[u8]>, Vec<&[u8]>) = lines.iter().partition(|line| line.first() == Some(&b'x'));
    let own: Vec<&[u8]> = own.iter().map(|line| &line[1..]).collect();
    let bearers: Vec<&[u8]> = authorization.iter().filter_map(|line| bearer::credentials(line, "bearer")).collect();
    let values = |name: &http::HeaderName| {
        let values = if name == "authorization" { &authorization } else { &own };
        values.iter().copied()
    };
    let is_ours = |text: &[u8]| text.starts_with(PREFIX);
    let sent: Vec<&[u8]> = own.iter().chain(&bearers).copied().collect();
    let mut ours: Vec<&[u8]> = sent.iter().copied().filter(|text| is_ours(text)).collect();
    ours.sort_unstable();
    ours.dedup();
    match bearer::read(&KeyHeaders::default(), values, is_ours) {
        Presented::Text(text) => {
            assert!(!text.is_empty() && text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(sent.contains(&text.as_bytes()) && (ours.is_empty() || ours == [text.as_bytes()]));
            assert!(authorization.len() <= 1 || own.iter().any(|own| is_ours(own) && *own == text.as_bytes()));
        }
        Presented::Several => assert!(ours.len() > 1),
        Presented::Nothing => assert!(sent.is_empty() && authorization.len() <= 1),
        Presented::Spaced | Presented::Unreadable => assert!(!own.is_empty() || !authorization.is_empty()),
    }
});
