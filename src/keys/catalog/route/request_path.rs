//! A path in all its readings.

use std::borrow::Cow;

/// The path of a request, in the ways that servers read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPath<'a> {
    /// Decoded once, but for an escaped slash, which stays `%2f`.
    pub decoded: Cow<'a, str>,
    /// With escaped slashes decoded, too, where there are any.
    pub slashes_decoded: Option<String>,
    /// As it was sent, where something is escaped: some servers route it before they decode it.
    pub escaped: Option<&'a str>,
}

impl RequestPath<'_> {
    /// Whether it contains `%2f`: only a route can allow that.
    pub fn has_encoded_slash(&self) -> bool {
        self.slashes_decoded.is_some()
    }

    /// Every reading of it.
    pub(super) fn readings(&self) -> impl Iterator<Item = &str> {
        [Some(&*self.decoded), self.slashes_decoded.as_deref(), self.escaped].into_iter().flatten()
    }
}
