//! Where in a text things stand: the line of a byte, the byte of a place, the entry around a byte.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Located;
use crate::keys::catalog::{Place, Step};

/// Where each line of a text begins.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Lines {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Lines(std::iter::once(0).chain(ends).collect())
    }

    /// What is wrong at a byte, with its line.
    pub(super) fn locate(&self, byte: usize, why: String) -> Located {
        Located { line: self.0.partition_point(|begin| *begin <= byte), why }
    }
}

/// The byte at which a place begins; of one that is not written, the nearest around it that is.
pub(super) fn place_of(root: &DeTable<'_>, place: &Place) -> usize {
    let mut steps = place.steps().iter();
    let Some(Step::Key(first)) = steps.next() else { return 0 };
    let Some((key, mut value)) = root.get_key_value(first.as_str()) else { return 0 };
    let mut byte = key.span().start;
    for step in steps {
        let found = match (step, value.get_ref()) {
            (Step::Key(name), DeValue::Table(table)) => {
                table.get_key_value(name.as_str()).map(|(key, value)| (key.span().start, value))
            }
            (Step::Nth(at), DeValue::Array(array)) => array.get(*at).map(|value| (value.span().start, value)),
            _ => None,
        };
        let Some(found) = found else { return byte };
        (byte, value) = found;
    }
    byte
}

/// The name of the innermost entry whose value holds a byte.
pub(super) fn entry_at<'a>(value: &'a Spanned<DeValue<'_>>, byte: usize) -> Option<&'a str> {
    match value.get_ref() {
        DeValue::Table(table) => table.iter().find_map(|(key, value)| {
            let is_within = value.span().contains(&byte);
            entry_at(value, byte).or_else(|| is_within.then(|| key.get_ref().as_ref()))
        }),
        DeValue::Array(array) => array.iter().find_map(|value| entry_at(value, byte)),
        _ => None,
    }
}
