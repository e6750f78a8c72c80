//! What a catalog's routes call permissions: the scope of an action that has one, `shifts:read` of any other.

use std::collections::BTreeMap;

use crate::keys::catalog::Resource;
use crate::keys::catalog::check::quoted;
use crate::keys::grants::Grant;

pub(super) struct Permissions {
    by_name: BTreeMap<String, Grant>,
}

impl Permissions {
    pub(super) fn of(resources: &[Resource]) -> Permissions {
        Permissions { by_name: resources.iter().flat_map(Resource::public_names).collect() }
    }

    /// The permission with this name; the error says why there is none. A well-formed one that the catalog does not
    /// offer is found later, with the other mistakes of that sort.
    pub(super) fn read(&self, name: &str) -> Result<Grant, String> {
        if let Some(grant) = self.by_name.get(name) {
            return Ok(grant.clone());
        }
        let name = quoted(name);
        let grant = Grant::parse(&name).ok_or_else(|| format!("“{name}” is no permission like shifts:read."))?;
        match self.by_name.iter().find(|(_, known)| **known == grant) {
            Some((scope, _)) => Err(format!("“{name}” has a scope: write “{}”.", quoted(scope))),
            None => Ok(grant),
        }
    }
}
