//! The headers in which a request may carry its key. Names are parsed when the catalog is read.

use std::fmt;

use http::header::HeaderName;

/// More would cost every request a look-up each.
const HEADERS: usize = 8;

/// Proxies and servers, and the gate itself, use headers whose names begin like this.
const RESERVED_BEGINNINGS: [&str; 9] = [
    "x-key-",
    "x-forwarded-",
    "x-original-",
    "x-rewrite-",
    "x-envoy-",
    "proxy-",
    "access-control-",
    "sec-",
    "content-",
];
/// And these.
const RESERVED: [&str; 40] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "origin",
    "pragma",
    "range",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "www-authenticate",
    "x-accepted-permissions",
    "x-auth-code",
    "x-auth-status",
    "x-gate-token",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-real-ip",
    "x-request-id",
];

/// Where a key may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHeaders {
    takes_bearer: bool,
    takes_basic: bool,
    named: Vec<HeaderName>,
}

/// Why a text names no header for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHeaderError {
    /// No header can have this name; or proxies drop it, since software reads `X_Key` as `X-Key`.
    NotAName,
    /// The header means something else.
    Reserved,
    /// The list has it already.
    Repeated,
    /// A scheme of `Authorization` that is no header.
    Scheme,
    /// The list is too long.
    TooMany,
}

impl fmt::Display for KeyHeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyHeaderError::NotAName => {
                f.write_str("is not the name of a header for keys, which has only letters, digits and hyphens")
            }
            KeyHeaderError::Reserved => f.write_str("means something else, so it cannot carry a key"),
            KeyHeaderError::Repeated => f.write_str("is listed twice"),
            KeyHeaderError::Scheme => f.write_str("is not a header; write “authorization” for bearer tokens"),
            KeyHeaderError::TooMany => write!(f, "is one too many; at most {HEADERS} fit"),
        }
    }
}

impl KeyHeaders {
    /// No header: for a list that is being read.
    pub const NONE: KeyHeaders = KeyHeaders { takes_bearer: false, takes_basic: false, named: Vec::new() };

    /// Adds `authorization` (a bearer token), `basic` (the user or password of HTTP Basic), or the header with this name.
    pub fn add(&mut self, text: &str) -> Result<(), KeyHeaderError> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let is_name = text.bytes().all(is_plain) && text.starts_with(|c: char| c.is_ascii_alphabetic());
        let name = HeaderName::from_bytes(text.as_bytes()).ok().filter(|_| is_name).ok_or(KeyHeaderError::NotAName)?;
        let is_new = match name.as_str() {
            "authorization" => !std::mem::replace(&mut self.takes_bearer, true),
            "basic" => !std::mem::replace(&mut self.takes_basic, true),
            "bearer" => return Err(KeyHeaderError::Scheme),
            known if is_reserved(known) => return Err(KeyHeaderError::Reserved),
            _ if self.named.contains(&name) => false,
            _ if self.named.len() >= HEADERS => return Err(KeyHeaderError::TooMany),
            _ => {
                self.named.push(name);
                true
            }
        };
        if is_new { Ok(()) } else { Err(KeyHeaderError::Repeated) }
    }

    /// Whether `Authorization: Bearer` carries a key.
    pub fn takes_bearer(&self) -> bool {
        self.takes_bearer
    }

    /// Whether `Authorization: Basic` carries a key.
    pub fn takes_basic(&self) -> bool {
        self.takes_basic
    }

    /// The headers whose whole value is a key.
    pub fn named(&self) -> &[HeaderName] {
        &self.named
    }

    /// The header to show as an example: the first of a bearer token, another header, HTTP Basic.
    pub fn example(&self, key: &str) -> String {
        match (self.takes_bearer, self.named.first()) {
            (true, _) => format!("Authorization: Bearer {key}"),
            (false, Some(name)) => format!("{name}: {key}"),
            (false, None) => format!("Authorization: Basic base64({key}:)"),
        }
    }

    /// How curl sends the key that is in the variable `KEY`.
    pub fn curl_option(&self) -> String {
        match (self.takes_bearer, self.named.is_empty()) {
            (false, true) => "-u \"$KEY:\"".to_owned(),
            _ => format!("-H \"{}\"", self.example("$KEY")),
        }
    }
}

impl Default for KeyHeaders {
    /// `Authorization: Bearer` and `X-API-Key`.
    fn default() -> KeyHeaders {
        KeyHeaders { takes_bearer: true, takes_basic: false, named: vec![HeaderName::from_static("x-api-key")] }
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || RESERVED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &[&str]) -> Result<KeyHeaders, KeyHeaderError> {
        let mut headers = KeyHeaders::NONE;
        list.iter().try_for_each(|text| headers.add(text))?;
        Ok(headers)
    }

    #[test]
    fn the_default_is_what_is_documented() {
        assert_eq!(read(&["authorization", "x-api-key"]), Ok(KeyHeaders::default()));
        assert_eq!(read(&["X-API-Key", "Authorization"]), Ok(KeyHeaders::default()), "names have no case");
    }

    #[test]
    fn any_other_header_can_be_added() {
        let headers = read(&["basic", "X-Key", "PRIVATE-TOKEN", "apikey"]).expect("good");
        assert!(headers.takes_basic() && !headers.takes_bearer());
        let named: Vec<&str> = headers.named().iter().map(HeaderName::as_str).collect();
        assert_eq!(named, ["x-key", "private-token", "apikey"]);
    }

    #[test]
    fn what_can_carry_no_key_is_refused() {
        for (list, why) in [
            (vec![""], KeyHeaderError::NotAName),
            (vec!["x key"], KeyHeaderError::NotAName),
            (vec!["x_api_key"], KeyHeaderError::NotAName),
            (vec!["x.key"], KeyHeaderError::NotAName),
            (vec!["schlüssel"], KeyHeaderError::NotAName),
            (vec!["x-api-key:"], KeyHeaderError::NotAName),
            (vec!["-key"], KeyHeaderError::NotAName),
            (vec!["Cookie"], KeyHeaderError::Reserved),
            (vec!["host"], KeyHeaderError::Reserved),
            (vec!["X-Key-Id"], KeyHeaderError::Reserved),
            (vec!["x-forwarded-for"], KeyHeaderError::Reserved),
            (vec!["x-original-uri"], KeyHeaderError::Reserved),
            (vec!["x-rewrite-url"], KeyHeaderError::Reserved),
            (vec!["x-envoy-external-address"], KeyHeaderError::Reserved),
            (vec!["X-Gate-Token"], KeyHeaderError::Reserved),
            (vec!["proxy-authorization"], KeyHeaderError::Reserved),
            (vec!["content-type"], KeyHeaderError::Reserved),
            (vec!["Bearer"], KeyHeaderError::Scheme),
            (vec!["x-api-key", "X-API-KEY"], KeyHeaderError::Repeated),
            (vec!["authorization", "Authorization"], KeyHeaderError::Repeated),
            (vec!["basic", "basic"], KeyHeaderError::Repeated),
            (vec!["a", "b", "c", "d", "e", "f", "g", "h", "i"], KeyHeaderError::TooMany),
        ] {
            assert_eq!(read(&list), Err(why), "{list:?}");
        }
    }

    #[test]
    fn examples_show_a_header_that_is_accepted() {
        for (list, example, curl) in [
            (vec!["x-token", "authorization"], "Authorization: Bearer K", "-H \"Authorization: Bearer $KEY\""),
            (vec!["basic", "x-token"], "x-token: K", "-H \"x-token: $KEY\""),
            (vec!["basic"], "Authorization: Basic base64(K:)", "-u \"$KEY:\""),
        ] {
            let headers = read(&list).expect("good");
            assert_eq!((headers.example("K").as_str(), headers.curl_option().as_str()), (example, curl));
        }
    }
}
