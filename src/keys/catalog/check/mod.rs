//! Whether parts make a catalog: all that is wrong with them, each with its place.

mod gate;
mod kinds;
mod product;
mod resources;
mod routes;
mod scopes;

use std::collections::BTreeMap;

use super::{Catalog, Mistake, Parts, Place, capitalised, is_id};
use crate::keys::name::{NameError, visible_line};

/// The longest label, in characters.
const LABEL_CHARACTERS: usize = 60;

/// Everything that is wrong, part by part.
pub(super) fn all(parts: &Parts) -> Vec<Mistake> {
    let mut found = Found::default();
    product::check(parts, &mut found);
    kinds::check(parts, &mut found);
    resources::check(parts, &mut found);
    scopes::check(parts, &mut found);
    routes::check(parts, &mut found);
    gate::check(parts, &mut found);
    found.mistakes
}

/// What is allowed but may be an oversight.
pub(super) fn warnings(catalog: &Catalog) -> Vec<Mistake> {
    routes::warnings(catalog)
}

/// What was found to be wrong so far.
#[derive(Default)]
struct Found {
    mistakes: Vec<Mistake>,
}

impl Found {
    fn add(&mut self, place: Place, why: impl Into<String>) {
        self.mistakes.push(Mistake::at(place, why));
    }

    /// Ids are well formed, and each stands once. `among` says whose they are: `resources`, `actions of “shifts”`.
    fn ids<'a>(&mut self, among: &str, ids: impl IntoIterator<Item = (Place, &'a str)>) {
        let mut seen = BTreeMap::new();
        for (place, id) in ids {
            if !is_id(id) {
                let form = "1 to 40 letters, digits, “_”, “-” and “.”, a letter or digit first";
                self.add(place, format!("“{}” cannot be an id, which is {form}.", quoted(id)));
                continue;
            }
            match seen.insert(id.to_ascii_lowercase(), id) {
                Some(other) if other == id => self.add(place, format!("“{id}” stands twice among the {among}.")),
                Some(other) => {
                    self.add(place, format!("“{other}” and “{id}” differ only in upper and lower case: {among}."));
                }
                None => {}
            }
        }
    }

    /// A text that people read is one visible line. `whose` it is begins a sentence: `The label of kind “secret”`.
    fn line(&mut self, place: Place, whose: &str, text: &str) {
        let why = match visible_line(text, LABEL_CHARACTERS) {
            Ok(_) => return,
            Err(NameError::Empty) => "is blank".to_owned(),
            Err(NameError::Invisible) => "cannot be seen".to_owned(),
            Err(NameError::TooLong { count, most }) => format!("has {count} characters; at most {most} fit"),
            Err(NameError::Control) => "holds a line break or a control character".to_owned(),
            Err(NameError::Direction) => "holds a character that changes the direction of the text".to_owned(),
        };
        self.add(place, format!("{whose} {why}."));
    }

    /// A label is a line. One that is made of the id has all said of it already.
    fn label(&mut self, place: Place, of: &str, id: &str, label: &str) {
        if label != id && label != capitalised(id) {
            self.line(place, &format!("The label of {of}"), label);
        }
    }

    /// There are at most so many. `who` begins a sentence: `Resource “shifts”`.
    fn at_most(&mut self, place: Place, who: &str, what: &str, count: usize, most: usize) {
        if count > most {
            self.add(place, format!("{who} has {count} {what}; at most {most} fit."));
        }
    }
}

/// What somebody wrote, as far as one wants to read it again, on one line.
pub(super) fn quoted(text: &str) -> String {
    const CHARACTERS: usize = 60;
    let shown: String = text.chars().take(CHARACTERS).flat_map(char::escape_debug).collect();
    if text.chars().nth(CHARACTERS).is_some() { format!("{shown}…") } else { shown.replace("\\'", "'") }
}

#[cfg(test)]
mod tests {
    use super::super::{Catalog, Parts};
    use super::*;

    /// What is wrong with the built-in parts once they are changed: `PLACE: WHY`.
    #[track_caller]
    pub(super) fn wrong(change: impl FnOnce(&mut Parts)) -> Vec<String> {
        let mut parts = Parts::built_in();
        change(&mut parts);
        Catalog::new(parts).expect_err("incoherent").iter().map(Mistake::to_string).collect()
    }

    /// That the built-in parts are still a catalog once they are changed.
    #[track_caller]
    pub(super) fn right(change: impl FnOnce(&mut Parts)) -> Catalog {
        let mut parts = Parts::built_in();
        change(&mut parts);
        Catalog::new(parts).expect("coherent")
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let told = wrong(|parts| {
            parts.brand = Some("Acme".to_owned());
            parts.kinds[0].prefix = "sk.live".to_owned();
            parts.resources[1].label = String::new();
            parts.resources[3].actions.clear();
        });
        let places: Vec<&str> = told.iter().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(places, ["brand", "kind[0].prefix", "resource[1].label", "resource[3].actions"]);
    }

    #[test]
    fn what_was_written_is_quoted_on_one_line() {
        assert_eq!(quoted("a\nb’s it's"), "a\\nb’s it's");
        assert_eq!(quoted(&"x".repeat(61)), format!("{}…", "x".repeat(60)));
    }
}
