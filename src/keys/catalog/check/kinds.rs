//! Sorts of key: each is told from the others by its prefix, and may be granted something that there is.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, quoted};
use crate::keys::catalog::{Kind, Parts, Place, branded};
use crate::keys::secret::{BODY_CHARACTERS, MAX_LENGTH, SEPARATORS};

const KINDS: usize = 20;
const TOGGLES: usize = 20;

pub(super) fn check(parts: &Parts, found: &mut Found) {
    let place = |at: usize| Place::whole().key("kind").nth(at);
    if parts.kinds.is_empty() {
        found.add(Place::whole(), "There must be at least one [[kind]].");
    }
    found.at_most(place(KINDS), "The catalog", "kinds", parts.kinds.len(), KINDS);
    found.ids("kinds", parts.kinds.iter().enumerate().map(|(at, kind)| (place(at).key("id"), kind.id.as_str())));
    prefixes(parts, found);
    let mut switches = BTreeSet::new();
    for (at, kind) in parts.kinds.iter().enumerate() {
        let (place, name) = (place(at), format!("kind “{}”", quoted(&kind.id)));
        found.label(place.key("label"), &name, &kind.id, &kind.label);
        if let Some(environment) = &kind.environment {
            found.line(place.key("environment"), &format!("The environment of {name}"), environment);
        }
        toggles(kind, &place, &mut switches, found);
        granted(kind, parts, &place, found);
    }
}

fn prefixes(parts: &Parts, found: &mut Found) {
    let mut seen = BTreeMap::new();
    for (at, Kind { id, prefix, .. }) in parts.kinds.iter().enumerate() {
        let place = Place::whole().key("kind").nth(at).key("prefix");
        let (shown, id) = (quoted(prefix), quoted(id));
        let length = branded(parts.brand.as_deref(), prefix).len() + BODY_CHARACTERS;
        if !is_prefix(prefix) {
            let why = "a prefix is words of letters and digits, each followed by “_” or “-”, like sk_live_";
            found.add(place, format!("“{shown}” cannot be the prefix of kind “{id}”: {why}."));
            continue;
        }
        if length > MAX_LENGTH {
            let most = MAX_LENGTH;
            let why = format!("its keys would have {length} characters; at most {most} fit");
            found.add(place, format!("“{shown}” is too long a prefix of kind “{id}”: {why}."));
            continue;
        }
        match seen.insert(prefix.to_ascii_lowercase(), (prefix, id.clone())) {
            Some((same, other)) if same == prefix => {
                found.add(place, format!("“{shown}” is the prefix of two kinds, “{other}” and “{id}”."));
            }
            Some((similar, other)) => {
                let why = "differ only in upper and lower case";
                found.add(place, format!("The prefixes “{similar}” of kind “{other}” and “{shown}” of “{id}” {why}."));
            }
            None => {}
        }
    }
}

fn is_prefix(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    text.strip_suffix(SEPARATORS).unwrap_or_default().split(SEPARATORS).all(is_word)
}

/// `names` are those of the toggles of other kinds, as forms write them: `KIND.TOGGLE`.
fn toggles(kind: &Kind, place: &Place, names: &mut BTreeSet<String>, found: &mut Found) {
    let place = |at: usize| place.key("toggle").nth(at);
    let name = format!("Kind “{}”", quoted(&kind.id));
    found.at_most(place(TOGGLES), &name, "toggles", kind.toggles.len(), TOGGLES);
    let ids = kind.toggles.iter().enumerate().map(|(at, toggle)| (place(at).key("id"), toggle.id.as_str()));
    found.ids(&format!("toggles of “{}”", quoted(&kind.id)), ids);
    let own: BTreeSet<String> = kind.toggles.iter().map(|toggle| format!("{}.{}", kind.id, toggle.id)).collect();
    // Both ids may contain dots.
    if let Some(name) = own.intersection(names).next() {
        let why = format!(
            "Kind “{}” has a toggle that forms name “{}” like one of another kind.",
            quoted(&kind.id),
            quoted(name)
        );
        found.add(place(0), why);
    }
    names.extend(own);
    for (at, toggle) in kind.toggles.iter().enumerate() {
        found.label(place(at).key("label"), &format!("toggle “{}”", quoted(&toggle.id)), &toggle.id, &toggle.label);
    }
}

fn granted(kind: &Kind, parts: &Parts, place: &Place, found: &mut Found) {
    let Some(ids) = &kind.resources else { return };
    let (place, name) = (place.key("resources"), quoted(&kind.id));
    if ids.is_empty() {
        found.add(place.clone(), format!("Kind “{name}” may be granted nothing: leave resources out to mean all."));
    }
    let known: BTreeSet<&str> = parts.resources.iter().map(|resource| resource.id.as_str()).collect();
    let mut seen = BTreeSet::new();
    for (at, id) in ids.iter().enumerate() {
        if !known.contains(id.as_str()) {
            let why = "which is no resource of this catalog";
            found.add(place.nth(at), format!("Kind “{name}” may be granted “{}”, {why}.", quoted(id)));
        } else if !seen.insert(id) {
            found.add(place.nth(at), format!("Kind “{name}” may be granted “{id}” twice."));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{right, wrong};
    use super::*;
    use crate::keys::catalog::Toggle;

    fn kinds(prefixes: &[&str]) -> Vec<Kind> {
        prefixes.iter().enumerate().map(|(at, prefix)| Kind::new(&format!("k{at}"), prefix)).collect()
    }

    fn toggle(id: &str, label: &str) -> Toggle {
        Toggle { id: id.to_owned(), label: label.to_owned(), default: true }
    }

    #[test]
    fn there_are_some_kinds_and_not_too_many() {
        assert_eq!(wrong(|parts| parts.kinds.clear()), [": There must be at least one [[kind]]."]);
        let many = |count| (0..count).map(|at| Kind::new(&format!("k{at}"), &format!("k{at}_"))).collect();
        right(|parts| parts.kinds = many(20));
        assert_eq!(wrong(|parts| parts.kinds = many(21)), ["kind[20]: The catalog has 21 kinds; at most 20 fit."]);
    }

    #[test]
    fn a_kind_stands_once_and_has_labels_that_can_be_read() {
        let twice = wrong(|parts| parts.kinds = vec![Kind::new("a", "a_"), Kind::new("a", "b_")]);
        assert_eq!(twice, ["kind[1].id: “a” stands twice among the kinds."]);
        let blank = wrong(|parts| parts.kinds[0].label = "\u{200B}".to_owned());
        assert_eq!(blank, ["kind[0].label: The label of kind “secret” cannot be seen."]);
        let two_lines = wrong(|parts| parts.kinds[0].environment = Some("Pro\nduction".to_owned()));
        let why = "The environment of kind “secret” holds a line break or a control character.";
        assert_eq!(two_lines, [format!("kind[0].environment: {why}")]);
        let long = wrong(|parts| parts.kinds[0].label = "x".repeat(61));
        assert!(long[0].ends_with("has 61 characters; at most 60 fit."), "{long:?}");
    }

    #[test]
    fn prefixes_keep_to_their_alphabet() {
        for good in ["sk_live_", "k_", "pk_web_2_", "GLPAT-", "sk-live-", "Sk-Live_9-"] {
            right(|parts| parts.kinds = kinds(&[good]));
        }
        for bad in ["", "_", "-", "sk", "sk__", "sk-_", "-sk_", "_sk_", "sk_é_", "sk live_", "sk_live", "sk.live_"] {
            let told = wrong(|parts| parts.kinds = kinds(&[bad]));
            assert!(
                told[0].starts_with(&format!(
                    "kind[0].prefix: “{bad}” cannot be the prefix of kind “k0”: a prefix is words"
                )),
                "{told:?}"
            );
        }
    }

    #[test]
    fn prefixes_differ() {
        right(|parts| parts.kinds = kinds(&["sk_", "sk_live_"]));
        let told = wrong(|parts| parts.kinds = kinds(&["sk_live_", "pk_", "sk_live_"]));
        assert_eq!(told, ["kind[2].prefix: “sk_live_” is the prefix of two kinds, “k0” and “k2”."]);
        right(|parts| parts.kinds = kinds(&["sk_live_", "sk-live-"]));
        let told = wrong(|parts| parts.kinds = kinds(&["glpat-", "GLPAT-"]));
        let why = "The prefixes “glpat-” of kind “k0” and “GLPAT-” of “k1” differ only in upper and lower case.";
        assert_eq!(told, [format!("kind[1].prefix: {why}")]);
    }

    #[test]
    fn a_whole_key_fits_into_what_the_gate_reads() {
        let prefix = |length: usize| format!("{}_", "x".repeat(length - 1));
        right(|parts| parts.kinds[0].prefix = prefix(96));
        let told = wrong(|parts| parts.kinds[0].prefix = prefix(97));
        assert!(told[0].ends_with("its keys would have 129 characters; at most 128 fit."), "{told:?}");
        let branded = |length: usize| {
            move |parts: &mut Parts| {
                (parts.brand, parts.kinds[0].prefix) = (Some("acme".to_owned()), prefix(length));
            }
        };
        right(branded(91));
        assert!(wrong(branded(92))[0].contains("129 characters"));
    }

    #[test]
    fn toggles_stand_once_and_have_labels() {
        let told = wrong(|parts| parts.kinds[0].toggles = vec![toggle("a", "A"), toggle("a", " "), toggle("_", "_")]);
        let places: Vec<_> = told.iter().map(|line| line.split(": ").next().unwrap_or_default()).collect();
        assert_eq!(places, ["kind[0].toggle[1].id", "kind[0].toggle[2].id", "kind[0].toggle[1].label"]);
        let many = |count| (0..count).map(|at| toggle(&format!("t{at}"), "T")).collect();
        right(|parts| parts.kinds[0].toggles = many(20));
        let told = wrong(|parts| parts.kinds[0].toggles = many(21));
        assert_eq!(told, ["kind[0].toggle[20]: Kind “secret” has 21 toggles; at most 20 fit."]);
    }

    #[test]
    fn no_two_toggles_have_the_same_name_in_a_form() {
        let with = |id: &str, prefix: &str, of: &str| Kind { toggles: vec![toggle(of, "T")], ..Kind::new(id, prefix) };
        right(|parts| parts.kinds = vec![with("a", "a_", "b"), with("a.b", "b_", "c"), with("c", "c_", "b")]);
        let told = wrong(|parts| parts.kinds = vec![with("a", "a_", "b.c"), with("a.b", "b_", "c")]);
        let why = "Kind “a.b” has a toggle that forms name “a.b.c” like one of another kind.";
        assert_eq!(told, [format!("kind[1].toggle[0]: {why}")]);
    }

    #[test]
    fn a_kind_is_granted_only_what_there_is() {
        let of = |ids: &[&str]| Some(ids.iter().map(|&id| id.to_owned()).collect());
        right(|parts| parts.kinds[0].resources = of(&["users", "shifts"]));
        let told = wrong(|parts| parts.kinds[0].resources = of(&["users", "payroll", "users"]));
        let expected = [
            "kind[0].resources[1]: Kind “secret” may be granted “payroll”, which is no resource of this catalog.",
            "kind[0].resources[2]: Kind “secret” may be granted “users” twice.",
        ];
        assert_eq!(told, expected);
        let nothing = wrong(|parts| parts.kinds[0].resources = of(&[]));
        assert!(nothing[0].starts_with("kind[0].resources: Kind “secret” may be granted nothing"), "{nothing:?}");
    }
}
