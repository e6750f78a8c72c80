//! Whether parts make a catalog: all that is wrong with them, in the order of the parts.

use std::collections::BTreeSet;

use super::{Mistake, Parts, Place, is_id};

/// Everything that is wrong.
pub(super) fn all(parts: &Parts) -> Vec<Mistake> {
    let mut found = Found { mistakes: Vec::new() };
    let (kinds, resources) = (Place::whole().key("kind"), Place::whole().key("resource"));
    found.ids("kind", parts.kinds.iter().map(|kind| kind.id.as_str()), &kinds);
    found.prefixes(parts);
    found.ids("resource", parts.resources.iter().map(|resource| resource.id.as_str()), &resources);
    for (at, resource) in parts.resources.iter().enumerate() {
        let actions = resource.actions.iter().map(|action| action.id.as_str());
        found.ids(&format!("action of “{}”", resource.id), actions, &resources.nth(at).key("actions"));
        if !resource.fields.is_empty() {
            let fields = resource.fields.iter().map(|field| field.id.as_str());
            found.ids(&format!("field of “{}”", resource.id), fields, &resources.nth(at).key("fields"));
        }
    }
    found.mistakes
}

struct Found {
    mistakes: Vec<Mistake>,
}

impl Found {
    fn add(&mut self, place: Place, why: String) {
        self.mistakes.push(Mistake { place, why });
    }

    fn ids<'a>(&mut self, what: &str, ids: impl Iterator<Item = &'a str>, place: &Place) {
        let mut seen = BTreeSet::new();
        for (at, id) in ids.enumerate() {
            if !is_id(id) {
                self.add(place.nth(at), format!("“{id}” cannot be the id of a {what}."));
            } else if !seen.insert(id) {
                self.add(place.nth(at), format!("“{id}” is twice the id of a {what}."));
            }
        }
        if seen.is_empty() {
            self.add(place.clone(), format!("There must be at least one {what}."));
        }
    }

    fn prefixes(&mut self, parts: &Parts) {
        let mut seen = BTreeSet::new();
        for (at, kind) in parts.kinds.iter().enumerate() {
            let words = kind.prefix.strip_suffix('_').unwrap_or_default();
            let clean =
                |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            let place = Place::whole().key("kind").nth(at).key("prefix");
            if !words.split('_').all(clean) {
                self.add(place, format!("“{}” cannot be the prefix of kind “{}”.", kind.prefix, kind.id));
            } else if !seen.insert(&kind.prefix) {
                self.add(place, format!("“{}” is the prefix of two kinds.", kind.prefix));
            }
        }
    }
}
