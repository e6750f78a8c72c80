//! The switches of a key that its kind has: what the product's own parts read off a key.
//!
//! It knows the catalog's toggles, and keeps what was chosen also when the catalog drops one.

use std::collections::BTreeMap;
use std::fmt;

use crate::keys::catalog::{Kind, Toggle, is_id};

/// Which toggles were set, and how. One that was never set is as its catalog says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Toggles(BTreeMap<String, bool>);

/// Why toggles are refused: no page of ours sends such, or the catalog changed meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TogglesError {
    /// Of no kind, or none that the kind has.
    Unknown,
    /// Neither on nor off.
    NeitherOnNorOff,
}

impl fmt::Display for TogglesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TogglesError::Unknown => "One of these options is not offered.",
            TogglesError::NeitherOnNorOff => "An option is either on or off.",
        })
    }
}

impl std::error::Error for TogglesError {}

impl Toggles {
    /// Those of a new key: what `choices` say (`KIND.ID` → `on` or `off`; other kinds' are passed over), else as
    /// the catalog has it.
    pub fn choose(kind: &Kind, choices: &BTreeMap<String, String>) -> Result<Toggles, TogglesError> {
        let defaults = kind.toggles.iter().map(|toggle| (toggle.id.clone(), toggle.default));
        Toggles(defaults.collect()).changed(kind, choices)
    }

    /// The same, but for what `choices` say of this kind.
    pub fn changed(mut self, kind: &Kind, choices: &BTreeMap<String, String>) -> Result<Toggles, TogglesError> {
        for (name, word) in choices {
            if !name.contains('.') {
                return Err(TogglesError::Unknown);
            }
            let is_on = match word.as_str() {
                "on" => true,
                "off" => false,
                _ => return Err(TogglesError::NeitherOnNorOff),
            };
            let Some(id) = name.strip_prefix(&kind.id).and_then(|rest| rest.strip_prefix('.')) else { continue };
            match kind.toggle(id) {
                Some(toggle) => _ = self.0.insert(toggle.id.clone(), is_on),
                // Perhaps a toggle of a kind whose id begins with this kind's.
                None if id.contains('.') => {}
                None => return Err(TogglesError::Unknown),
            }
        }
        Ok(self)
    }

    /// Reads [`Toggles::to_text`] as it was stored; none if the text is not as that writes it.
    pub fn from_stored(text: &str) -> Option<Toggles> {
        let pair = |part: &str| match part.split_once('=') {
            Some((id, "on")) if is_id(id) => Some((id.to_owned(), true)),
            Some((id, "off")) if is_id(id) => Some((id.to_owned(), false)),
            _ => None,
        };
        let toggles = Toggles(text.split(' ').filter(|part| !part.is_empty()).map(pair).collect::<Option<_>>()?);
        (toggles.to_text() == text).then_some(toggles)
    }

    /// `captions=off greeting=on`, sorted.
    pub fn to_text(&self) -> String {
        let words = self.0.iter().map(|(id, is_on)| format!("{id}={}", if *is_on { "on" } else { "off" }));
        words.collect::<Vec<_>>().join(" ")
    }

    /// Whether a toggle is on.
    pub fn is_on(&self, toggle: &Toggle) -> bool {
        self.0.get(&toggle.id).copied().unwrap_or(toggle.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::catalog::{Catalog, Reveal};

    fn kind() -> Kind {
        let toggle = |id: &str, default| Toggle { id: id.to_owned(), label: id.to_owned(), default };
        Kind {
            id: "web".to_owned(),
            reveal: Reveal::Always,
            toggles: vec![toggle("greeting", true), toggle("captions", false)],
            ..Catalog::built_in().default_kind().clone()
        }
    }

    fn choices(text: &str) -> BTreeMap<String, String> {
        text.split(' ').filter_map(|pair| pair.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    #[test]
    fn what_is_not_chosen_is_as_the_catalog_has_it() {
        assert_eq!(Toggles::choose(&kind(), &choices("")).expect("good").to_text(), "captions=off greeting=on");
        let chosen = Toggles::choose(&kind(), &choices("web.captions=on web.greeting=off mobile.greeting=on"));
        assert_eq!(chosen.expect("good").to_text(), "captions=on greeting=off");
    }

    #[test]
    fn a_change_touches_only_what_it_names() {
        let before = Toggles::from_stored("captions=on greeting=off").expect("canonical");
        let after = before.changed(&kind(), &choices("web.greeting=on")).expect("good");
        assert_eq!(after.to_text(), "captions=on greeting=on");
    }

    #[test]
    fn ids_of_kinds_and_toggles_may_have_dots() {
        let toggle = Toggle { id: "2fa.Required".to_owned(), label: "2FA".to_owned(), default: false };
        let kind = Kind { id: "User.Token".to_owned(), toggles: vec![toggle], ..kind() };
        let chosen =
            Toggles::choose(&kind, &choices("User.Token.2fa.Required=on User.Token.Old.greeting=on User.x=on"));
        let chosen = chosen.expect("good");
        assert_eq!(chosen.to_text(), "2fa.Required=on");
        assert_eq!(Toggles::from_stored("2fa.Required=on"), Some(chosen));
        assert_eq!(Toggles::choose(&kind, &choices("User.Token.2fa=on")), Err(TogglesError::Unknown));
    }

    #[test]
    fn what_no_page_of_ours_sends_is_refused() {
        for bad in ["web.other=on", "greeting=on"] {
            assert_eq!(Toggles::choose(&kind(), &choices(bad)), Err(TogglesError::Unknown), "{bad}");
        }
        assert_eq!(Toggles::choose(&kind(), &choices("web.greeting=yes")), Err(TogglesError::NeitherOnNorOff));
    }

    #[test]
    fn a_toggle_that_is_new_in_the_catalog_is_as_it_says() {
        let kept = Toggles::from_stored("captions=on").expect("canonical");
        assert!(kept.is_on(&kind().toggles[0]) && kept.is_on(&kind().toggles[1]));
    }

    #[test]
    fn only_one_text_stands_for_toggles() {
        for bad in ["greeting=on captions=off", "greeting", "greeting=", " captions=on", "a:b=on", "_=on"] {
            assert_eq!(Toggles::from_stored(bad), None, "{bad}");
        }
        assert_eq!(Toggles::from_stored(""), Some(Toggles::default()));
    }
}
