//! What a catalog offers to the keys of one kind: what they can be given, and what of theirs still counts.

use super::{Catalog, Kind, Resource};

/// A catalog, seen by the keys of one kind. A kind that the catalog does not have is offered nothing.
#[derive(Clone, Copy, Debug)]
pub struct Offered<'a> {
    catalog: &'a Catalog,
    kind: Option<&'a Kind>,
}

impl Catalog {
    /// What is offered to keys of the kind with that id, which the catalog may have dropped since.
    pub fn offered_to(&self, kind_id: &str) -> Offered<'_> {
        Offered { catalog: self, kind: self.kind(kind_id) }
    }
}

impl<'a> Offered<'a> {
    /// The resources, in order.
    pub fn resources(self) -> impl Iterator<Item = &'a Resource> + Clone {
        let kind = self.kind;
        self.catalog
            .resources()
            .iter()
            .filter(move |resource| kind.is_some_and(|kind| kind.may_be_granted(&resource.id)))
    }

    /// The resource of that id, if it is offered.
    pub fn resource(self, id: &str) -> Option<&'a Resource> {
        self.catalog.resource(id).filter(|resource| self.kind.is_some_and(|kind| kind.may_be_granted(&resource.id)))
    }

    /// The whole catalog, for its labels.
    pub fn catalog(self) -> &'a Catalog {
        self.catalog
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parts;
    use super::*;

    #[test]
    fn a_kind_is_offered_what_it_may_be_granted_and_an_unknown_one_nothing() {
        let few = Kind { resources: Some(vec!["leaves".to_owned()]), ..Kind::new("few", "few_") };
        let mut parts = Parts::built_in();
        parts.kinds.push(few);
        let catalog = Catalog::new(parts).expect("coherent");
        let ids = |kind: &str| catalog.offered_to(kind).resources().map(|r| r.id.as_str()).collect::<Vec<_>>();
        assert_eq!(ids("secret"), ["shifts", "assignments", "users", "leaves"]);
        assert_eq!(ids("few"), ["leaves"]);
        assert_eq!(ids("gone"), [""; 0]);
        let is_offered = |kind: &str, id: &str| catalog.offered_to(kind).resource(id).is_some();
        assert!(is_offered("few", "leaves") && !is_offered("few", "shifts") && !is_offered("gone", "leaves"));
        assert!(!is_offered("secret", "payroll"));
    }
}
