//! How long a form gets on which everything is chosen: what a page offers, it has to take.

use super::Catalog;

impl Catalog {
    /// The bytes of everything that can be chosen of this catalog at once, as a create form sends it.
    pub fn choice_bytes(&self) -> usize {
        // Ids need no escape; the colon between them does.
        let pair = |name: &str, one: &str, other: &str| format!("&{name}={one}%3A{other}").len();
        let of_resources = self.resources().iter().map(|resource| {
            let id = resource.id.as_str();
            let permissions: usize = resource.actions.iter().map(|action| pair("permission", id, &action.id)).sum();
            let fields: usize = resource.fields.iter().map(|field| pair("field", id, &field.id)).sum();
            permissions + fields + format!("&fields.{id}=some").len()
        });
        let of_toggles = self
            .kinds()
            .iter()
            .flat_map(|kind| kind.toggles.iter().map(|toggle| format!("&toggle.{}.{}=off", kind.id, toggle.id).len()));
        of_resources.chain(of_toggles).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Parts, Resource, Toggle};
    use super::*;

    #[test]
    fn everything_that_can_be_chosen_is_counted() {
        let web = Kind {
            toggles: vec![Toggle { id: "greeting".to_owned(), label: "Greet".to_owned(), default: true }],
            ..Kind::new("web", "pk_web_")
        };
        let resources =
            vec![Resource::new("users", &["read", "write"], &["name"]), Resource::new("leaves", &["read"], &[])];
        let catalog = Catalog::new(Parts { kinds: vec![web], resources, ..Parts::built_in() }).expect("coherent");
        let sent = "&permission=users%3Aread&permission=users%3Awrite&field=users%3Aname&fields.users=some\
                    &permission=leaves%3Aread&fields.leaves=some&toggle.web.greeting=off";
        assert_eq!(catalog.choice_bytes(), sent.len());
    }
}
