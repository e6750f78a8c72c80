//! Headers, as many and as odd as a client likes: what is taken for a key is one header's text, whole and plain.
#![no_main]

use keyrack::gate::bearer::{self, Presented};
use libfuzzer_sys::fuzz_target;

// A line a header: those that begin with `x` are X-API-Key, the others Authorization.
fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').take(6).collect();
    let (own, authorization): (Vec<&[u8]>, Vec<&[u8]>) = lines.iter().partition(|line| line.first() == Some(&b'x'));
    let own: Vec<&[u8]> = own.iter().map(|line| &line[1..]).collect();
    // `Bearerx` is another scheme, which is nobody's business here.
    let is_bearer = |line: &&[u8]| {
        line.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
            && line.get(6).is_none_or(|behind| *behind == b' ')
    };
    match bearer::read(authorization.iter().copied(), own.iter().copied()) {
        Presented::Text(text) => {
            assert!(!text.is_empty() && text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic()));
            let by_bearer = authorization.len() == 1 && own.is_empty() && authorization[0][7..] == *text.as_bytes();
            let by_own = own.len() == 1 && own[0] == text.as_bytes();
            assert!(
                by_bearer || (by_own && authorization.len() <= 1 && !authorization.iter().any(|line| is_bearer(&line)))
            );
        }
        Presented::Nothing => assert!(own.is_empty() && authorization.len() <= 1),
        Presented::Spaced | Presented::Unreadable => assert!(!own.is_empty() || !authorization.is_empty()),
    }
});
