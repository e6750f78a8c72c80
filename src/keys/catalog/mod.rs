//! What may be granted, and for what sorts of key: the deployment's to say.
//!
//! A [`Catalog`] is coherent or does not exist. It knows no keys. [`file`] reads one from text.

mod check;
mod cors;
pub mod file;
mod form_size;
mod identity_headers;
mod key_headers;
mod kind;
mod mistake;
mod offered;
mod resource;
mod route;
mod scope;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use cors::Cors;
pub use identity_headers::{IdentityHeader, IdentityHeaderError, IdentityHeaders};
pub use key_headers::{KeyHeaderError, KeyHeaders};
pub use kind::{Kind, Reveal, Toggle};
pub use mistake::{Mistake, Place, Step};
pub use offered::Offered;
pub use resource::{Action, Field, Resource};
use route::Table;
pub use route::{NoRequirement, PathPattern, PatternError, RequestPath, Route, Routes};
pub(crate) use scope::is_scope;

use crate::keys::grants::Grant;

/// Whose API the keys open, for the texts that say how to use them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// `Soon`; where a catalog does not say, `Your product`.
    pub name: String,
    /// Where its API answers, without a slash at the end; none: the texts do without.
    pub api_url: Option<String>,
    /// Its documentation; none means the built-in `/docs/api`.
    pub docs_url: Option<String>,
    /// Where to ask for help.
    pub support_url: Option<String>,
}

impl Default for Product {
    fn default() -> Product {
        Product { name: "Your product".to_owned(), api_url: None, docs_url: None, support_url: None }
    }
}

/// What holds for every address of the protected API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateRules {
    /// Whether a browser's question before a request (an `OPTIONS` preflight, which never carries a key) passes
    /// without one. Else it is judged like any other request.
    pub lets_preflights_pass: bool,
    /// `[gate] paths`
    pub paths: Paths,
    /// The identity headers that carry a value.
    pub identity_headers: IdentityHeaders,
    /// The headers in which a request may carry its key.
    pub key_headers: KeyHeaders,
    /// Which web pages may read what the gate answers.
    pub cors: Cors,
}

/// How paths are matched with routes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paths {
    /// A request needs what every route requires that a common server could take it for.
    #[default]
    Lenient,
    /// The upstream distinguishes paths that differ in case, final slash, extension or final dots.
    Exact,
}

/// What a catalog is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// What stands in front of every prefix, to tell this product's keys from others': `acme` makes `acme_sk_live_`.
    pub brand: Option<String>,
    /// Whose API the keys open.
    pub product: Product,
    /// The sorts of key, their prefixes without the brand.
    pub kinds: Vec<Kind>,
    /// What keys open.
    pub resources: Vec<Resource>,
    /// What the protected API's addresses need.
    pub routes: Vec<Route>,
    /// What holds for all of them.
    pub gate: GateRules,
}

impl Parts {
    /// Soon's: the default where no catalog is given.
    pub fn built_in() -> Parts {
        let product = Product {
            name: "Soon".to_owned(),
            api_url: Some("https://api.example.com".to_owned()),
            docs_url: None,
            support_url: None,
        };
        let secret = Kind { label: "Secret key".to_owned(), ..Kind::new("secret", "sk_live_") };
        let resources = vec![
            Resource::new("shifts", &["read", "write"], &[]),
            Resource::new("assignments", &["read", "write"], &[]),
            Resource::new("users", &["read"], &[]),
            Resource::new("leaves", &["read"], &[]),
        ];
        let (routes, gate) = (Vec::new(), GateRules::default());
        Parts { brand: None, product, kinds: vec![secret], resources, routes, gate }
    }
}

/// All that may be granted. Ids are unique where they stand, and there is always a kind, a resource and an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    product: Product,
    kinds: Vec<Kind>,
    resources: Vec<Resource>,
    routes: Arc<Routes>,
    gate: GateRules,
    /// All of them by their public names, which requests to the gate use.
    grants: BTreeMap<String, Grant>,
}

impl Catalog {
    /// Puts a catalog together, or tells all that is wrong; the order of kinds, resources and actions is the order on
    /// the page.
    pub fn new(parts: Parts) -> Result<Catalog, Vec<Mistake>> {
        let mistakes = check::all(&parts);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let Parts { brand, mut product, mut kinds, resources, routes, gate } = parts;
        product.api_url = product.api_url.map(|url| url.trim_end_matches('/').to_owned());
        for kind in kinds.iter_mut() {
            kind.prefix = branded(brand.as_deref(), &kind.prefix);
        }
        let grants = resources.iter().flat_map(Resource::public_names).collect();
        let routes = Arc::new(Routes::new(routes, gate.paths));
        Ok(Catalog { product, kinds, resources, routes, gate, grants })
    }

    /// Soon's: the default where no catalog is given.
    pub fn built_in() -> Catalog {
        Catalog::new(Parts::built_in()).expect("the built-in catalog is coherent, and a test says so")
    }

    /// Whose API this is.
    pub fn product(&self) -> &Product {
        &self.product
    }

    /// The kinds, in order; never empty.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The kind of that id.
    pub fn kind(&self, id: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.id == id)
    }

    /// The first kind.
    pub fn default_kind(&self) -> &Kind {
        &self.kinds[0]
    }

    /// What keys of this catalog can begin with.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().map(|kind| kind.prefix.as_str())
    }

    /// Whether a text begins like a key of this catalog, after blanks at most: if not, it is a credential of somebody else.
    pub fn begins_like_a_key(&self, text: &[u8]) -> bool {
        let text = text.trim_ascii_start();
        self.prefixes().any(|prefix| text.starts_with(prefix.as_bytes()))
    }

    /// The resources, in order; never empty.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The resource of that id.
    pub fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == id)
    }

    /// The permission with this public name, if it is offered: `shifts:read`, or the scope of an action that has one.
    pub fn grant(&self, public_name: &str) -> Option<&Grant> {
        self.grants.get(public_name)
    }

    /// What everybody outside Keyrack calls a permission: the scope of its action, or else `shifts:read`.
    pub fn public_name<'a>(&'a self, grant: &Grant) -> Cow<'a, str> {
        let action = self.resource(grant.resource()).and_then(|resource| resource.action(grant.action()));
        match action.and_then(|action| action.scope.as_deref()) {
            Some(scope) => Cow::Borrowed(scope),
            None => Cow::Owned(grant.to_string()),
        }
    }

    /// The resources that keys of a kind may be granted, in order.
    pub fn resources_for<'a>(&'a self, kind: &'a Kind) -> impl Iterator<Item = &'a Resource> + Clone {
        self.resources.iter().filter(|resource| kind.may_be_granted(&resource.id))
    }

    /// The routes of the protected API, in order.
    pub fn routes(&self) -> &[Route] {
        self.routes.all()
    }

    /// The permissions that a request to the protected API needs, by its routes.
    pub fn required(&self, method: &str, path: &RequestPath<'_>) -> Result<Cow<'_, [Grant]>, NoRequirement> {
        self.routes.required(method, path)
    }

    /// Likely oversights. The catalog works all the same.
    pub fn warnings(&self) -> Vec<Mistake> {
        check::warnings(self)
    }

    /// What holds for every address of the protected API.
    pub fn gate(&self) -> &GateRules {
        &self.gate
    }

    /// The distinct actions in the order they first appear: the columns of the matrix. One label heads an id, the
    /// first resource's.
    pub fn actions(&self) -> Vec<&Action> {
        let mut seen = BTreeSet::new();
        self.resources.iter().flat_map(|resource| &resource.actions).filter(|action| seen.insert(&action.id)).collect()
    }
}

/// Whether `text` can be an id: 1 to 40 ASCII letters, digits, `_`, `-` and `.`, a letter or a digit first. Stored text
/// and forms rely on ids that contain no space and none of `:` `=` `,` `;`.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// `time_off` → `Time off`.
pub(crate) fn capitalised(id: &str) -> String {
    let mut words = id.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// `sk_live_` → `acme_sk_live_`.
fn branded(brand: Option<&str>, prefix: &str) -> String {
    brand.map_or_else(|| prefix.to_owned(), |brand| format!("{brand}_{prefix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalog_is_soons() {
        let catalog = Catalog::built_in();
        let offered: Vec<(&str, Vec<&str>)> = catalog
            .resources()
            .iter()
            .map(|r| (r.label.as_str(), r.actions.iter().map(|a| a.label.as_str()).collect()))
            .collect();
        let soons = [
            ("Shifts", vec!["Read", "Write"]),
            ("Assignments", vec!["Read", "Write"]),
            ("Users", vec!["Read"]),
            ("Leaves", vec!["Read"]),
        ];
        assert_eq!(offered, soons);
        assert_eq!((catalog.kinds().len(), catalog.default_kind().prefix.as_str()), (1, "sk_live_"));
    }

    #[test]
    fn each_action_is_one_column_in_order() {
        let catalog = Catalog::built_in();
        let columns: Vec<&str> = catalog.actions().iter().map(|action| action.label.as_str()).collect();
        assert_eq!(columns, ["Read", "Write"]);
    }

    #[test]
    fn a_label_is_the_id_capitalised() {
        assert_eq!(capitalised("time_off"), "Time off");
        assert_eq!(capitalised(""), "");
    }
}
