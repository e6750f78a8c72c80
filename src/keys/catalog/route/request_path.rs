//! The path of a request in every form in which a server may route it.

use std::borrow::Cow;

/// The path of a request, more or less decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPath<'a> {
    /// Decoded once, except for escaped slashes: they stay `%2f`.
    pub decoded: Cow<'a, str>,
    /// With the escaped slashes decoded, too; `None` if there are none.
    pub slashes_decoded: Option<String>,
    /// As the client sent it; `None` if nothing is escaped. Some servers route a path before they decode it.
    pub escaped: Option<&'a str>,
}

impl RequestPath<'_> {
    /// Only a route can allow one.
    pub fn has_encoded_slash(&self) -> bool {
        self.slashes_decoded.is_some()
    }

    pub(super) fn readings(&self) -> impl Iterator<Item = &str> {
        [Some(&*self.decoded), self.slashes_decoded.as_deref(), self.escaped].into_iter().flatten()
    }
}
