//! What a request to the protected API needs by the configuration of its proxy: `?require=shifts:read&project=…`.
//!
//! It comes from whoever runs the proxy. What cannot be understood is refused, so that a slip of the pen opens nothing.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::keys::catalog::{Catalog, is_scope};
use crate::keys::grants::Grant;

/// What is needed, as far as it is fixed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs<'a> {
    /// All of these; none: what the catalog's routes say.
    pub require: Cow<'a, [Grant]>,
    /// The id of the project that the key must be filed under.
    pub project: Option<Cow<'a, str>>,
}

/// Why what is needed cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedsError {
    /// Something else than `require` and `project`, one of them without a value, or two projects.
    Query,
    /// What is required has not the form of a permission's name.
    NotAPermission,
    /// It is none that the catalog offers.
    NotOffered,
}

impl Needs<'_> {
    /// Reads a query. `require` may repeat, or hold several permissions with commas or blanks between them.
    pub fn of_query<'a>(query: &'a str, catalog: &'a Catalog) -> Result<Needs<'a>, NeedsError> {
        let mut needs = Needs::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("require", list)) => required(&decoded(list)?, catalog, &mut needs.require)?,
                Some(("project", id)) if needs.project.is_none() && !id.is_empty() => {
                    needs.project = Some(decoded(id)?);
                }
                _ => return Err(NeedsError::Query),
            }
        }
        Ok(needs)
    }
}

/// As [`required`], of a list that is part of a path: escaped there, without the `+` of a query.
pub fn required_in_path<'a>(list: &str, catalog: &'a Catalog, found: &mut Cow<'a, [Grant]>) -> Result<(), NeedsError> {
    let list = percent_decode_str(list).decode_utf8().map_err(|_| NeedsError::NotAPermission)?;
    required(&list, catalog, found)
}

/// Adds the permissions of a list, which are at least one, by their public names.
fn required<'a>(list: &str, catalog: &'a Catalog, found: &mut Cow<'a, [Grant]>) -> Result<(), NeedsError> {
    // Mostly it is one, and then it is the catalog's own.
    if found.is_empty()
        && let Some(grant) = catalog.grant(list)
    {
        *found = Cow::Borrowed(std::slice::from_ref(grant));
        return Ok(());
    }
    for text in list.split([',', ' ']) {
        let Some(grant) = catalog.grant(text) else {
            return Err(if is_scope(text) { NeedsError::NotOffered } else { NeedsError::NotAPermission });
        };
        found.to_mut().push(grant.clone());
    }
    Ok(())
}

fn decoded(text: &str) -> Result<Cow<'_, str>, NeedsError> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| NeedsError::Query)?;
    Ok(Cow::Owned(decoded.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<(String, Option<String>), NeedsError> {
        let catalog = Catalog::built_in();
        let needs = Needs::of_query(query, &catalog)?;
        let required: Vec<String> = needs.require.iter().map(Grant::to_string).collect();
        Ok((required.join(" "), needs.project.map(Cow::into_owned)))
    }

    #[test]
    fn what_is_required_is_read_in_every_spelling() {
        for query in [
            "require=shifts:read,users:read",
            "require=shifts%3Aread%2Cusers:read",
            "require=shifts:read+users:read",
            "require=shifts:read%20users:read",
            "require=shifts:read&require=users:read",
            "&require=shifts:read&&require=users:read&",
        ] {
            assert_eq!(read(query), Ok(("shifts:read users:read".to_owned(), None)), "{query}");
        }
        assert_eq!(read(""), Ok((String::new(), None)));
        let project = Some("project_a".to_owned());
        assert_eq!(read("project=project_a"), Ok((String::new(), project.clone())));
        assert_eq!(read("project=project%5Fa&require=users:read"), Ok(("users:read".to_owned(), project)));
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for (query, why) in [
            ("requires=shifts:read", NeedsError::Query),
            ("Require=shifts:read", NeedsError::Query),
            ("require", NeedsError::Query),
            ("require=shifts:read&verbose=1", NeedsError::Query),
            ("project=", NeedsError::Query),
            ("project=a&project=b", NeedsError::Query),
            ("project=%ff", NeedsError::Query),
            ("require=", NeedsError::NotAPermission),
            ("require=,shifts:read", NeedsError::NotAPermission),
            ("require=shifts:read,,users:read", NeedsError::NotAPermission),
            ("require=%22shifts:read%22", NeedsError::NotAPermission),
            ("require=shifts:read%00", NeedsError::NotAPermission),
            ("require=shifts", NeedsError::NotOffered),
            ("require=shifts:read:all", NeedsError::NotOffered),
            ("require=Shifts:read", NeedsError::NotOffered),
            ("require=shifts:delete", NeedsError::NotOffered),
            ("require=payroll:read", NeedsError::NotOffered),
            ("require=shifts:read,payroll:read", NeedsError::NotOffered),
        ] {
            assert_eq!(read(query), Err(why), "{query}");
        }
    }

    #[test]
    fn in_a_path_a_plus_is_a_plus() {
        let catalog = Catalog::built_in();
        let read = |list: &str| {
            let mut found = Cow::default();
            required_in_path(list, &catalog, &mut found)
                .map(|()| found.iter().map(Grant::to_string).collect::<Vec<_>>())
        };
        assert_eq!(read("shifts%3Aread,users:read"), Ok(vec!["shifts:read".to_owned(), "users:read".to_owned()]));
        assert_eq!(read("shifts:read+users:read"), Err(NeedsError::NotOffered));
        assert_eq!(read("shifts:read%ff"), Err(NeedsError::NotAPermission));
    }

    proptest::proptest! {
        #[test]
        fn no_query_makes_reading_panic(query in "(require|project|=|&|%|shifts:read|,|\\+|é|%C3){0,12}") {
            let _ = read(&query);
        }
    }
}
