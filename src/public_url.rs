//! The address under which people reach this instance, and what follows from it: which hosts are
//! ours, which origin our own pages have, and what cookies may look like.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// `scheme://host[:port]`, nothing behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: Scheme,
    host: String,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl PublicUrl {
    /// Reads `http://host[:port]` or `https://host[:port]`; a single `/` may end it.
    pub fn parse(text: &str) -> Result<PublicUrl, String> {
        let wrong = || format!("--public-url {text:?} is not of the form https://keys.example.com");
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(("https", rest)) => (Scheme::Https, rest),
            _ => return Err(wrong()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
        let (host, port) = split_host(&authority).ok_or_else(wrong)?;
        Ok(PublicUrl { scheme, host: host.to_owned(), port: port.unwrap_or(scheme.default_port()) })
    }

    /// `http://` and the address that is listened on.
    pub fn of_bind(bind: SocketAddr) -> PublicUrl {
        let host = match bind.ip() {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        };
        PublicUrl { scheme: Scheme::Http, host, port: bind.port() }
    }

    /// The name or address, without the port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether browsers reach us over TLS.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// Whether only this machine can reach us under this address.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Whether cookies can carry `Secure` and the `__Host-` prefix: under https, and on loopback
    /// names, which browsers trust without it.
    pub fn keeps_secure_cookies(&self) -> bool {
        self.is_https() || self.is_loopback()
    }

    /// Whether a `Host` header names this instance. Loopback names count as one.
    pub fn is_host(&self, header: &str) -> bool {
        let header = header.to_ascii_lowercase();
        let Some((host, port)) = split_host(&header) else { return false };
        let same_name = host == self.host || (self.is_loopback() && is_loopback(host));
        same_name && port.unwrap_or(self.scheme.default_port()) == self.port
    }

    /// Whether an `Origin` header is that of our own pages. Loopback names count as one.
    pub fn is_origin(&self, header: &str) -> bool {
        let scheme = match self.scheme {
            Scheme::Http => "http://",
            Scheme::Https => "https://",
        };
        header.strip_prefix(scheme).is_some_and(|host| self.is_host(host))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https() { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// Splits `host[:port]`; none if it is not one.
fn split_host(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match authority[after_bracket..].find(':') {
        Some(at) => (&authority[..after_bracket + at], Some(authority[after_bracket + at + 1..].parse().ok()?)),
        None => (authority, None),
    };
    let is_name = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let is_v6 = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).is_some_and(|h| h.parse::<IpAddr>().is_ok());
    (is_name || is_v6).then_some((host, port))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> PublicUrl {
        PublicUrl::parse(text).expect("a good address")
    }

    #[test]
    fn an_address_prints_as_it_was_given() {
        for text in ["https://keys.example.com", "http://127.0.0.1:8080", "https://[2001:db8::1]:8443"] {
            assert_eq!(url(text).to_string(), text);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in
            ["", "keys.example.com", "ftp://x", "https://", "https://a/b", "https://a:b", "https://a@b", "http://[x]"]
        {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_its_own_host_is_it() {
        let url = url("https://keys.example.com");
        assert!(url.is_host("keys.example.com") && url.is_host("KEYS.example.com:443"));
        for other in ["", "example.com", "keys.example.com:80", "keys.example.com.evil.example", "127.0.0.1"] {
            assert!(!url.is_host(other), "{other}");
        }
    }

    #[test]
    fn loopback_names_count_as_one() {
        let url = url("http://127.0.0.1:8080");
        for name in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(url.is_host(name), "{name}");
            assert!(url.is_origin(&format!("http://{name}")), "{name}");
        }
        assert!(!url.is_host("localhost:8081") && !url.is_host("localhost") && !url.is_host("evil.example:8080"));
    }

    #[test]
    fn an_origin_has_our_scheme() {
        let url = url("https://keys.example.com");
        assert!(url.is_origin("https://keys.example.com"));
        assert!(!url.is_origin("http://keys.example.com") && !url.is_origin("null") && !url.is_origin(""));
    }

    #[test]
    fn secure_cookies_need_https_or_loopback() {
        assert!(url("https://keys.example.com").keeps_secure_cookies());
        assert!(url("http://localhost:8080").keeps_secure_cookies());
        assert!(!url("http://keys.lan:8080").keeps_secure_cookies());
    }
}
