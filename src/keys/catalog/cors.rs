//! Which web pages may read what the gate answers (the Fetch standard's CORS).

use url::Url;

/// Whose scripts may read refusals, and what a key says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// Nobody's.
    #[default]
    Off,
    /// Those of pages at these origins, each as browsers write it: `https://app.example.com`.
    Origins(Vec<String>),
    /// Those of pages within the trusted domains of the key that they send. Where no key was found, anybody's: such a
    /// response says nothing about anyone.
    TrustedDomains,
}

/// How browsers write the origin that a text means; `Err` with the reason if the text means none.
pub(super) fn origin(text: &str) -> Result<String, &'static str> {
    const FORM: &str = "is not an origin like https://app.example.com";
    if text.contains('*') {
        return Err("has a star: list each origin");
    }
    let url = Url::parse(text).map_err(|_| FORM)?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_plain {
        return Err(FORM);
    }
    Ok(url.origin().ascii_serialization())
}
