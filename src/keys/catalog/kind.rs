//! Sorts of key: what their keys begin with, who may see them again, and what they may be granted.

use super::capitalised;

/// Whether keys of a kind are secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reveal {
    /// A secret: shown once, when it is made.
    Once,
    /// Publishable, since it lives in web pages and apps: seen and copied at any time, and stored whole.
    Always,
}

/// Something that is on or off for a key of a kind that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toggle {
    /// `greeting`.
    pub id: String,
    /// `Speak a greeting`.
    pub label: String,
    /// Whether it is on for a new key of which nobody says otherwise.
    pub default: bool,
}

/// A sort of key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// `secret`.
    pub id: String,
    /// `Secret key`.
    pub label: String,
    /// What its keys begin with: letters, digits, underscores and hyphens, one of the latter two at the end. The brand stands in
    /// front of it once the kind is in a [`Catalog`](super::Catalog), and not before.
    pub prefix: String,
    /// Where its keys count, as the page says it: `Production`.
    pub environment: Option<String>,
    /// Whether its keys are secrets.
    pub reveal: Reveal,
    /// Whether its keys can be held to trusted domains.
    pub has_domains: bool,
    /// What can be on or off for its keys.
    pub toggles: Vec<Toggle>,
    /// The ids of the resources that its keys may be granted; none: every resource.
    pub resources: Option<Vec<String>>,
}

impl Kind {
    /// A secret kind labelled by its id, capitalised, that may be granted everything.
    pub fn new(id: &str, prefix: &str) -> Kind {
        Kind {
            id: id.to_owned(),
            label: capitalised(id),
            prefix: prefix.to_owned(),
            environment: None,
            reveal: Reveal::Once,
            has_domains: false,
            toggles: Vec::new(),
            resources: None,
        }
    }

    /// What its keys are called: `Secret keys`, `WebAPI keys`.
    pub fn keys(&self) -> String {
        let is_said = self.label.to_lowercase().ends_with("key");
        if is_said { format!("{}s", self.label) } else { format!("{} keys", self.label) }
    }

    /// Whether its keys are no secrets, and can be seen at any time by those who may see them.
    pub fn is_publishable(&self) -> bool {
        self.reveal == Reveal::Always
    }

    /// Whether its keys may be granted anything of this resource.
    pub fn may_be_granted(&self, resource_id: &str) -> bool {
        self.resources.as_ref().is_none_or(|ids| ids.iter().any(|id| id == resource_id))
    }

    /// The toggle of that id.
    pub fn toggle(&self, id: &str) -> Option<&Toggle> {
        self.toggles.iter().find(|toggle| toggle.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_called_by_their_kind() {
        let keys = |label: &str| Kind { label: label.to_owned(), ..Kind::new("a", "a_") }.keys();
        assert_eq!((keys("Secret key").as_str(), keys("WebAPI").as_str()), ("Secret keys", "WebAPI keys"));
    }

    #[test]
    fn a_kind_is_granted_everything_unless_it_names_what() {
        let all = Kind::new("secret", "sk_live_");
        assert!(all.may_be_granted("shifts") && !all.is_publishable());
        let few = Kind { resources: Some(vec!["usage".to_owned()]), ..all };
        assert!(few.may_be_granted("usage") && !few.may_be_granted("shifts"));
    }
}
