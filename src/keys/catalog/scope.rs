//! What a scope looks like: the name of a permission outside Keyrack, as OAuth writes it.

/// The longest scope, in characters.
pub(crate) const MAX_CHARACTERS: usize = 100;

/// Whether `text` can be a scope: RFC 6749's scope-token (printable ASCII without space, `"` and `\`), and no comma,
/// which separates permissions in `require`.
pub(crate) fn is_scope(text: &str) -> bool {
    (1..=MAX_CHARACTERS).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_scope_token_without_commas() {
        for good in ["shifts:read", "repo", "https://example.com/auth/a.readonly", "a+b", "!#$%&'()*-./;<=>?@[]^`{|}~"]
        {
            assert!(is_scope(good), "{good}");
        }
        assert!(is_scope(&"x".repeat(100)) && !is_scope(&"x".repeat(101)));
        for bad in ["", "a b", "a,b", "a\"b", "a\\b", "a\tb", "\u{7f}", "é"] {
            assert!(!is_scope(bad), "{bad}");
        }
    }
}
