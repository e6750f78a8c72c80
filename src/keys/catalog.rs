//! What may be granted, and for what sorts of key: the deployment's to say.
//!
//! A [`Catalog`] is coherent or does not exist. It knows no keys, and not yet the file that it will be read from.

use std::collections::BTreeSet;
use std::fmt;

/// Whose API the keys open, for the texts that say how to use them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// `Soon`.
    pub name: String,
    /// Where its API answers, without a slash at the end.
    pub api_url: String,
    /// Its documentation; none means the built-in `/docs/api`.
    pub docs_url: Option<String>,
    /// Where to ask for help.
    pub support_url: Option<String>,
}

/// A sort of key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// `secret`.
    pub id: String,
    /// `Secret key`.
    pub label: String,
    /// What its keys begin with, brand included: small letters, digits and underscores, one of these at the end.
    pub prefix: String,
}

/// Something that can be done with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// `read`.
    pub id: String,
    /// `Read`.
    pub label: String,
}

impl Action {
    /// An action labelled by its id, capitalised.
    pub fn new(id: &str) -> Action {
        Action { id: id.to_owned(), label: capitalised(id) }
    }

    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !matches!(self.id.as_str(), "read" | "list" | "view" | "download" | "export")
    }
}

/// One column of a resource's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// `start`.
    pub id: String,
    /// `start`.
    pub label: String,
}

impl Field {
    /// A field labelled by its id.
    pub fn new(id: &str) -> Field {
        Field { id: id.to_owned(), label: id.to_owned() }
    }
}

/// Something of the product's that keys open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `shifts`.
    pub id: String,
    /// `Shifts`.
    pub label: String,
    /// What can be done with it; at least one.
    pub actions: Vec<Action>,
    /// To which a key can be held; may be empty.
    pub fields: Vec<Field>,
}

impl Resource {
    /// A resource labelled by its id, capitalised, with actions and fields by their ids.
    pub fn new(id: &str, actions: &[&str], fields: &[&str]) -> Resource {
        Resource {
            id: id.to_owned(),
            label: capitalised(id),
            actions: actions.iter().map(|id| Action::new(id)).collect(),
            fields: fields.iter().map(|id| Field::new(id)).collect(),
        }
    }

    /// The action of that id, if it is offered.
    pub fn action(&self, id: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// The field of that id, if it is offered.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }
}

/// All that may be granted. Ids are unique where they stand, and there is always a kind, a resource and an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    product: Product,
    kinds: Vec<Kind>,
    resources: Vec<Resource>,
}

/// Why these parts make no catalog, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoherent(String);

impl fmt::Display for Incoherent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Incoherent {}

impl Catalog {
    /// Puts a catalog together; the order of kinds, resources and actions is the order on the page.
    pub fn new(product: Product, kinds: Vec<Kind>, resources: Vec<Resource>) -> Result<Catalog, Incoherent> {
        check_ids("kind", kinds.iter().map(|kind| kind.id.as_str()))?;
        check_prefixes(&kinds)?;
        check_ids("resource", resources.iter().map(|resource| resource.id.as_str()))?;
        for Resource { id, actions, fields, .. } in &resources {
            check_ids(&format!("action of “{id}”"), actions.iter().map(|action| action.id.as_str()))?;
            if !fields.is_empty() {
                check_ids(&format!("field of “{id}”"), fields.iter().map(|field| field.id.as_str()))?;
            }
        }
        check_labels(&product, &kinds, &resources)?;
        Ok(Catalog { product, kinds, resources })
    }

    /// Soon's: the default where no catalog is given.
    pub fn built_in() -> Catalog {
        let product = Product {
            name: "Soon".to_owned(),
            api_url: "https://api.example.com".to_owned(),
            docs_url: None,
            support_url: None,
        };
        let secret = Kind { id: "secret".to_owned(), label: "Secret key".to_owned(), prefix: "sk_live_".to_owned() };
        let resources = vec![
            Resource::new("shifts", &["read", "write"], &[]),
            Resource::new("assignments", &["read", "write"], &[]),
            Resource::new("users", &["read"], &[]),
            Resource::new("leaves", &["read"], &[]),
        ];
        Catalog::new(product, vec![secret], resources).expect("the built-in catalog is coherent, and a test says so")
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

    /// The resources, in order; never empty.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The resource of that id.
    pub fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == id)
    }

    /// The distinct actions in the order they first appear: the columns of the matrix. One label heads an id, the
    /// first resource's.
    pub fn actions(&self) -> Vec<&Action> {
        let mut seen = BTreeSet::new();
        self.resources.iter().flat_map(|resource| &resource.actions).filter(|action| seen.insert(&action.id)).collect()
    }
}

/// Whether `text` can be an id: 1 to 40 small letters, digits, `_` and `-`, a letter first. Stored text and forms
/// rely on ids holding no space and none of `:` `=` `,` `;` `.`.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

/// `time_off` → `Time off`.
pub(crate) fn capitalised(id: &str) -> String {
    let mut words = id.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

fn check_ids<'a>(what: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), Incoherent> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !is_id(id) {
            return Err(Incoherent(format!("“{id}” cannot be the id of a {what}.")));
        }
        if !seen.insert(id) {
            return Err(Incoherent(format!("“{id}” is twice the id of a {what}.")));
        }
    }
    if seen.is_empty() { Err(Incoherent(format!("There must be at least one {what}."))) } else { Ok(()) }
}

fn check_prefixes(kinds: &[Kind]) -> Result<(), Incoherent> {
    let mut seen = BTreeSet::new();
    for Kind { id, prefix, .. } in kinds {
        let words = prefix.strip_suffix('_').unwrap_or_default();
        let clean = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if prefix.len() > 40 || !words.split('_').all(clean) {
            return Err(Incoherent(format!("“{prefix}” cannot be the prefix of kind “{id}”.")));
        }
        if !seen.insert(prefix) {
            return Err(Incoherent(format!("“{prefix}” is the prefix of two kinds.")));
        }
    }
    Ok(())
}

fn check_labels(product: &Product, kinds: &[Kind], resources: &[Resource]) -> Result<(), Incoherent> {
    let of_kinds = kinds.iter().map(|kind| &kind.label);
    let of_resources = resources.iter().flat_map(|resource| {
        let actions = resource.actions.iter().map(|action| &action.label);
        let fields = resource.fields.iter().map(|field| &field.label);
        std::iter::once(&resource.label).chain(actions).chain(fields)
    });
    let mut labels = std::iter::once(&product.name).chain(of_kinds).chain(of_resources);
    let blank = labels.any(|label| label.trim().is_empty());
    if blank { Err(Incoherent("A label is blank.".to_owned())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(id: &str, prefix: &str) -> Kind {
        Kind { id: id.to_owned(), label: capitalised(id), prefix: prefix.to_owned() }
    }

    fn refused(kinds: Vec<Kind>, resources: Vec<Resource>) -> String {
        let product = Catalog::built_in().product;
        Catalog::new(product, kinds, resources).expect_err("incoherent").to_string()
    }

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

    #[test]
    fn an_incoherent_catalog_does_not_exist() {
        let good = || vec![kind("secret", "sk_live_")];
        let shifts = || Resource::new("shifts", &["read"], &["start"]);
        assert_eq!(refused(vec![], vec![shifts()]), "There must be at least one kind.");
        assert_eq!(refused(good(), vec![]), "There must be at least one resource.");
        assert_eq!(refused(good(), vec![shifts(), shifts()]), "“shifts” is twice the id of a resource.");
        let twins = vec![kind("a", "sk_live_"), kind("b", "sk_live_")];
        assert_eq!(refused(twins, vec![shifts()]), "“sk_live_” is the prefix of two kinds.");
        let long = format!("{}_", "x".repeat(40));
        for bad in ["", "_", "sk", "sk__", "SK_", "s-k_", "_sk_", &long] {
            assert!(refused(vec![kind("a", bad)], vec![shifts()]).contains("cannot be the prefix"), "{bad}");
        }
        for bad in ["", "a:b", "a b", "a;b", "a=b", "a,b", "A", "é", "1a"] {
            assert!(refused(good(), vec![Resource::new(bad, &["read"], &[])]).contains("cannot be the id"), "{bad}");
            assert!(refused(good(), vec![Resource::new("a", &[bad], &[])]).contains("action of “a”"), "{bad}");
            assert!(refused(good(), vec![Resource::new("a", &["read"], &[bad])]).contains("field of “a”"), "{bad}");
        }
        assert!(refused(good(), vec![Resource::new("a", &[], &[])]).contains("at least one action"));
        let unlabelled = Resource { label: " ".to_owned(), ..shifts() };
        assert_eq!(refused(good(), vec![unlabelled]), "A label is blank.");
    }
}
