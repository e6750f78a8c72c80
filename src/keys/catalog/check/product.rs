//! Whose keys they are: the brand in front of them, the product's name and its addresses.

use url::Url;

use super::{Found, quoted};
use crate::keys::catalog::{Parts, Place};

pub(super) fn check(parts: &Parts, found: &mut Found) {
    if let Some(brand) = &parts.brand
        && !is_brand(brand)
    {
        let why = "a brand is 2 to 12 small letters and digits";
        found.add(Place::whole().key("brand"), format!("“{}” cannot be the brand: {why}.", quoted(brand)));
    }
    let (place, product) = (Place::whole().key("product"), &parts.product);
    found.line(place.key("name"), "The product's name", &product.name);
    for (key, text) in [("api_url", &product.api_url), ("support_url", &product.support_url)] {
        if let Some(text) = text.as_deref().filter(|text| !is_web_address(text)) {
            let why = "is no address like https://api.example.com";
            found.add(place.key(key), format!("{key} “{}” {why}.", quoted(text)));
        }
    }
    if let Some(text) = product.docs_url.as_deref().filter(|text| !is_web_address(text) && !is_own_path(text)) {
        let why = "is neither an address like https://docs.example.com nor a path of Keyrack's own like /docs/api";
        found.add(place.key("docs_url"), format!("docs_url “{}” {why}.", quoted(text)));
    }
}

fn is_brand(text: &str) -> bool {
    (2..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// An http or https address without a name and password in it.
fn is_web_address(text: &str) -> bool {
    is_unbroken(text)
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
        })
}

/// A path that browsers do not take for another host.
fn is_own_path(text: &str) -> bool {
    is_unbroken(text) && text.starts_with('/') && !text.starts_with("//") && !text.contains('\\')
}

/// Blanks and line breaks are dropped by who reads an address: then it would be another than the one that was written.
fn is_unbroken(text: &str) -> bool {
    !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{right, wrong};

    #[test]
    fn a_brand_stands_in_front_of_every_prefix() {
        let catalog = right(|parts| parts.brand = Some("acme".to_owned()));
        assert_eq!(catalog.prefixes().collect::<Vec<_>>(), ["acme_sk_live_"]);
    }

    #[test]
    fn a_brand_is_a_short_word() {
        right(|parts| parts.brand = Some("4you".to_owned()));
        for bad in ["", "a", "acme_", "Acme", "acme-co", "é3", "abcdefghijklm"] {
            let told = wrong(|parts| parts.brand = Some(bad.to_owned()));
            let why = "a brand is 2 to 12 small letters and digits";
            assert_eq!(told, [format!("brand: “{bad}” cannot be the brand: {why}.")]);
        }
    }

    #[test]
    fn a_product_has_a_name() {
        assert_eq!(wrong(|parts| parts.product.name = " ".to_owned()), ["product.name: The product's name is blank."]);
    }

    #[test]
    fn addresses_are_of_the_web() {
        for good in
            ["https://api.example.com", "http://10.0.0.1:8080/v2", "https://[2001:db8::1]/", "https://bücher.example"]
        {
            let catalog = right(|parts| {
                parts.product.api_url = Some(good.to_owned());
                parts.product.docs_url = Some(good.to_owned());
                parts.product.support_url = Some(good.to_owned());
            });
            assert_eq!(catalog.product().api_url.as_deref(), Some(good.trim_end_matches('/')));
        }
        let bad = ["", "api.example.com", "javascript:alert(1)", "ftp://x", "https://", "mailto:a@b.example"];
        for bad in
            bad.into_iter().chain(["https://a b", "https://a\n.example", "https://me:you@a.example", "//a.example"])
        {
            let bad = || Some(bad.to_owned());
            assert!(wrong(|parts| parts.product.api_url = bad())[0].starts_with("product.api_url: api_url “"));
            assert!(wrong(|parts| parts.product.support_url = bad())[0].starts_with("product.support_url: "));
            assert!(wrong(|parts| parts.product.docs_url = bad())[0].starts_with("product.docs_url: "));
        }
    }

    #[test]
    fn the_documentation_may_be_a_path_of_our_own() {
        assert_eq!(
            right(|p| p.product.docs_url = Some("/docs/api".into())).product().docs_url.as_deref(),
            Some("/docs/api")
        );
        for bad in ["docs/api", "//docs.example.com", "/\\docs.example.com", "/docs api"] {
            assert_eq!(wrong(|parts| parts.product.docs_url = Some(bad.to_owned())).len(), 1, "{bad}");
        }
        assert_eq!(wrong(|parts| parts.product.api_url = Some("/v2".to_owned())).len(), 1);
    }
}
