//! The routes of the protected API, and which permissions a request needs.

mod forms;
mod pattern;
mod request_path;
mod routes;
mod segment;
mod table;

pub use pattern::{PathPattern, PatternError};
pub use request_path::RequestPath;
pub use routes::{NoRequirement, Routes};
pub(super) use table::Table;

use crate::keys::grants::Grant;

/// What requests to some paths need. Of several routes that match a request, the first counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Empty: every method.
    pub methods: Vec<String>,
    /// Which paths.
    pub path: PathPattern,
    /// All of what a key needs there; at least one.
    pub require: Vec<Grant>,
    /// Whether its paths may contain `%2f`.
    pub encoded_slashes: bool,
}

impl Route {
    fn allows(&self, method: &str) -> bool {
        allows(&self.methods, method)
    }

    /// Whether this route is for every method that `other` is for.
    pub(super) fn allows_all_of(&self, other: &Route) -> bool {
        self.methods.is_empty() || !other.methods.is_empty() && other.methods.iter().all(|method| self.allows(method))
    }

    /// Whether there is a method that both routes are for.
    pub(super) fn shares_method_with(&self, other: &Route) -> bool {
        self.methods.is_empty()
            || other.methods.is_empty()
            || self.methods.iter().any(|method| other.allows(method))
            || other.methods.iter().any(|method| self.allows(method))
    }
}

/// Whether a route with these methods is for a method. Methods are case-sensitive (RFC 9110, 9.1). GET includes HEAD:
/// servers answer HEAD with the handler of GET.
fn allows(methods: &[String], method: &str) -> bool {
    let lists = |method: &str| methods.iter().any(|known| known == method);
    methods.is_empty() || lists(method) || method == "HEAD" && lists("GET")
}
