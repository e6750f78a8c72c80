//! The bounds of a key: what of it can be changed while it lives, beside its name.
//!
//! It knows the key's kind, which says which bounds there are, and nothing of the key itself.

use std::collections::BTreeMap;

use crate::keys::addresses::Addresses;
use crate::keys::catalog::Kind;
use crate::keys::domains::Domains;
use crate::keys::toggles::{Toggles, TogglesError};

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

impl Bounds {
    /// Which of them differ, in a word each.
    pub fn changes(&self, after: &Bounds) -> Vec<&'static str> {
        let differs = [
            ("domains", self.domains != after.domains),
            ("addresses", self.addresses != after.addresses),
            ("toggles", self.toggles != after.toggles),
        ];
        differs.into_iter().filter_map(|(what, differs)| differs.then_some(what)).collect()
    }
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
    /// Reads the bounds of a new key of that kind.
    pub fn read(&self, kind: &Kind) -> Result<Bounds, BoundsErrors> {
        self.read_from(Some(kind), Bounds::default(), Toggles::choose(kind, self.toggles))
    }

    /// Reads the bounds of a key that had those `before`; its kind may be one that is no longer offered.
    pub fn read_again(&self, kind: Option<&Kind>, before: &Bounds) -> Result<Bounds, BoundsErrors> {
        let toggles = match kind {
            Some(kind) => before.toggles.clone().changed(kind, self.toggles),
            None if self.toggles.is_empty() => Ok(before.toggles.clone()),
            None => Err(TogglesError::Unknown),
        };
        self.read_from(kind, before.clone(), toggles)
    }

    fn read_from(
        &self,
        kind: Option<&Kind>,
        before: Bounds,
        toggles: Result<Toggles, TogglesError>,
    ) -> Result<Bounds, BoundsErrors> {
        let domains = match self.domains {
            None => Ok(before.domains),
            Some(typed) => match kind {
                _ if typed.trim().is_empty() => Ok(Domains::default()),
                Some(kind) if kind.has_domains => Domains::parse(typed).map_err(|error| error.to_string()),
                Some(kind) => Err(format!("Trusted domains are not for keys of the kind “{}”.", kind.label)),
                None => Err("This kind of key is no longer offered.".to_owned()),
            },
        };
        let addresses = match self.addresses {
            None => Ok(before.addresses),
            Some(typed) => Addresses::parse(typed).map_err(|error| error.to_string()),
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
        let raw = RawBounds { domains, addresses, toggles: &BTreeMap::new() };
        before.map_or_else(|| raw.read(kind), |before| raw.read_again(Some(kind), before))
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
    fn a_key_of_a_kind_that_is_gone_keeps_what_it_had() {
        let before = read(&web(), Some("app.example.com"), None, None).expect("good");
        let (none, some) = (BTreeMap::new(), BTreeMap::from([("web.a".to_owned(), "on".to_owned())]));
        let raw = RawBounds { domains: None, addresses: Some("203.0.113.7"), toggles: &none };
        assert_eq!(raw.read_again(None, &before).expect("good").domains, before.domains);
        let raw = RawBounds { domains: Some("b.example.com"), addresses: None, toggles: &some };
        let errors = raw.read_again(None, &before).expect_err("gone");
        assert!(errors.domains.is_some() && errors.toggles.is_some());
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let errors = read(&web(), Some("ftp://a"), Some("b"), None).expect_err("bad");
        assert!(errors.domains.is_some() && errors.addresses.is_some() && errors.toggles.is_none());
    }
}
