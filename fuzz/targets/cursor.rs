//! Cursors from the address bar: one that is read is written as it was.
#![no_main]

use keyrack::keys::cursor::Cursor;
use keyrack::keys::sort::{Direction, Sort};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // As it would be encoded, so that what is inside is reached too; and as it is.
    let encoded = base64url(data);
    let texts = [String::from_utf8_lossy(data).into_owned(), encoded];
    for text in &texts {
        for sort in Sort::ALL {
            for direction in [Direction::Asc, Direction::Desc] {
                if let Some(cursor) = Cursor::parse(text, sort, direction) {
                    assert_eq!(cursor.to_string(), *text);
                    assert_eq!((cursor.position.mark.sort(), cursor.direction), (sort, direction));
                }
            }
        }
    }
});

/// Base64url without padding.
fn base64url(data: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in data.chunks(3) {
        let bits = three.iter().chain([&0, &0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        text.extend((0..=three.len()).map(|at| char::from(DIGITS[bits >> (18 - 6 * at) & 63])));
    }
    text
}
