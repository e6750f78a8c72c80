//! JSON that is written by hand, where the gate answers: what it tells is made of texts that are ready.

/// Writes a JSON string behind what stands in `out`. Most texts need no escaping: then it is two quotes and a copy.
pub fn push_text(text: &str, out: &mut String) {
    // Without a way out in the middle of it the compiler looks at many bytes at once.
    let is_plain = text.bytes().fold(true, |plain, b| plain & (b >= b' ') & (b != b'"') & (b != b'\\'));
    if is_plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    proptest::proptest! {
        #[test]
        fn every_text_is_written_as_serde_writes_it(text in "([a-c\"\\\\\n\u{0}\u{1f}\u{7f}é])*") {
            let mut out = String::from("x");
            super::push_text(&text, &mut out);
            proptest::prop_assert_eq!(out[1..].to_owned(), serde_json::to_string(&text).expect("a text is JSON"));
        }
    }
}
