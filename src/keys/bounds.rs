//! The bounds of a key: what of it can be changed while it lives, beside its name.
//!
//! It knows the key's kind, which says which bounds there are, and nothing of the key itself.

use std::collections::BTreeMap;

use crate::keys::addresses::Addresses;
use crate::keys::catalog::Kind;
use crate::keys::domains::Domains;
use crate::keys::toggles::Toggles;

/// From where a key may be used, and how the product's own parts treat it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Whose pages may use it; kinds without trusted domains have none.
    pub domains: Domains,
    /// From which addresses it may be used.
    pub addresses: Addresses,
    /// Its kind's switches.
    pub toggles: Toggles,
}

/// What was typed of the bounds, unread; absent ones stay as they were.
#[derive(Clone, Copy, Debug)]
pub struct RawBounds<'a> {
    /// `domain`, one a line.
    pub domains: Option<&'a str>,
    /// `address`, one a line.
    pub addresses: Option<&'a str>,
    /// KIND.ID of `toggle.KIND.ID` → `on` or `off`.
    pub toggles: &'a BTreeMap<String, String>,
}

impl RawBounds<'_> {
    /// Reads the bounds of a key of that kind, which had those `before`.
    pub fn read(&self, kind: &Kind, before: Option<&Bounds>) -> Result<Bounds, BoundsErrors> {
        let domains = match self.domains {
            None => Ok(before.map(|bounds| bounds.domains.clone()).unwrap_or_default()),
            Some(typed) if kind.has_domains || typed.trim().is_empty() => {
                Domains::parse(typed).map_err(|error| error.to_string())
            }
            Some(_) => Err(format!("Trusted domains are not for keys of the kind “{}”.", kind.label)),
        };
        let addresses = match self.addresses {
            None => Ok(before.map(|bounds| bounds.addresses.clone()).unwrap_or_default()),
            Some(typed) => Addresses::parse(typed).map_err(|error| error.to_string()),
        };
        let toggles = match before {
            None => Toggles::choose(kind, self.toggles),
            Some(bounds) => bounds.toggles.clone().changed(kind, self.toggles),
        };
        match (domains, addresses, toggles) {
            (Ok(domains), Ok(addresses), Ok(toggles)) => Ok(Bounds { domains, addresses, toggles }),
            (domains, addresses, toggles) => Err(BoundsErrors {
                domains: domains.err(),
                addresses: addresses.err(),
                toggles: toggles.err().map(|error| error.to_string()),
            }),
        }
    }
}

/// What is wrong with what can be changed later, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoundsErrors {
    /// Beside `Trusted domains`.
    pub domains: Option<String>,
    /// Beside `Allowed addresses`.
    pub addresses: Option<String>,
    /// Beside the options of the kind.
    pub toggles: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::catalog::{Catalog, Reveal};

    fn read(
        kind: &Kind,
        domains: Option<&str>,
        addresses: Option<&str>,
        before: Option<&Bounds>,
    ) -> Result<Bounds, BoundsErrors> {
        RawBounds { domains, addresses, toggles: &BTreeMap::new() }.read(kind, before)
    }

    fn secret() -> Kind {
        Catalog::built_in().default_kind().clone()
    }

    fn web() -> Kind {
        Kind { reveal: Reveal::Always, has_domains: true, ..secret() }
    }

    #[test]
    fn what_is_absent_stays_as_it_was() {
        let before = read(&web(), Some("app.example.com"), Some("203.0.113.7"), None).expect("good");
        assert_eq!(read(&web(), None, None, Some(&before)), Ok(before.clone()));
        let after = read(&web(), Some(""), None, Some(&before)).expect("good");
        assert!(after.domains.is_empty() && after.addresses == before.addresses);
    }

    #[test]
    fn only_kinds_that_have_trusted_domains_take_some() {
        assert!(read(&secret(), Some(" "), None, None).is_ok());
        let errors = read(&secret(), Some("app.example.com"), None, None).expect_err("none there");
        assert_eq!(errors.domains.as_deref(), Some("Trusted domains are not for keys of the kind “Secret key”."));
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let errors = read(&web(), Some("ftp://a"), Some("b"), None).expect_err("bad");
        assert!(errors.domains.is_some() && errors.addresses.is_some() && errors.toggles.is_none());
    }
}
