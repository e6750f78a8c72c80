//! What is wrong with a catalog, and where: places are named as the file names them, so that a line can be found.

use std::fmt;

/// A step on the way to a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into the entry of this name.
    Key(String),
    /// To the one with this number of several, from 0.
    Nth(usize),
}

/// Where in a catalog something is: `kind[0].prefix`; the catalog as a whole is the empty way.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(Vec<Step>);

impl Place {
    /// The catalog as a whole.
    pub fn whole() -> Place {
        Place::default()
    }

    /// The entry of this name in it.
    pub fn key(&self, name: &str) -> Place {
        self.then(Step::Key(name.to_owned()))
    }

    /// The one with this number of them, from 0.
    pub fn nth(&self, number: usize) -> Place {
        self.then(Step::Nth(number))
    }

    /// The way there.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The same place where the entries of `key` have these numbers: `route[1]` is `route[numbers[1]]`.
    pub(super) fn renumbered(mut self, key: &str, numbers: &[usize]) -> Place {
        if let [Step::Key(name), Step::Nth(at), ..] = self.0.as_mut_slice()
            && name == key
        {
            *at = numbers.get(*at).copied().unwrap_or(*at);
        }
        self
    }

    fn then(&self, step: Step) -> Place {
        Place(self.0.iter().cloned().chain([step]).collect())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, step)| match step {
            Step::Key(name) if at == 0 => f.write_str(name),
            Step::Key(name) => write!(f, ".{name}"),
            Step::Nth(number) => write!(f, "[{number}]"),
        })
    }
}

/// Something that is wrong with a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What, as a sentence.
    pub why: String,
}

impl Mistake {
    /// A mistake at a place.
    pub fn at(place: Place, why: impl Into<String>) -> Mistake {
        Mistake { place, why: why.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}
