//! The sites from which a publishable key may be used: how they are typed, stored and compared with an origin.
//!
//! Hosts are read as browsers read them (the URL standard), so that what is stored is what an `Origin` will say.
//! This file refuses to know requests: it is handed the header's text.

use std::fmt;

use url::{Host, Url};

use crate::keys::lines::{self, LinesError};

/// The trusted domains of a key; none: every origin is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Domains(Vec<Domain>);

/// One trusted domain. Displays in its one form: lower case, punycode, `*.` before and `:port` behind where given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    host: Host,
    /// Whether it stands for what lies below the host, and not for the host.
    is_wildcard: bool,
    /// None: any port.
    port: Option<u16>,
}

/// Why a list of domains is refused; displays as the sentence beside the field.
pub type DomainsError = LinesError<WrongDomain>;

/// What is wrong with a line; displays as what follows its quotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongDomain {
    /// More than one domain in the line.
    Several,
    /// `http://` before a host that others can listen to.
    Http,
    /// Another scheme than http and https.
    Scheme(String),
    /// A user before the host.
    User,
    /// A path, a query or a fragment behind the host.
    Path,
    /// `*` alone.
    Everything,
    /// `*` elsewhere than as the whole first part.
    Star,
    /// A wildcard over a name under which anybody can have a site.
    PublicSuffix(String),
    /// A wildcard before an address, which has no names below it.
    WildcardAddress,
    /// An IPv6 address without its brackets.
    Brackets(String),
    /// An IPv4 address in a form that browsers write otherwise.
    OddAddress(String),
    /// Not a number from 1 to 65535 behind the colon.
    Port,
    /// No host at all.
    NoHost,
    /// An underscore.
    Underscore,
    /// A dot at the end.
    TrailingDot,
    /// Nothing between two dots, or before the first one.
    EmptyLabel,
    /// A part that begins or ends with a hyphen.
    Hyphen,
    /// A part of more than 63 bytes.
    LongLabel,
    /// More than 253 bytes.
    LongName,
    /// Nothing that could be a host.
    NotAHost,
}

impl fmt::Display for WrongDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use WrongDomain as Wrong;
        match self {
            Wrong::Several => f.write_str("is more than one domain. Put each on a line of its own."),
            Wrong::Http => f.write_str("is not https. Only localhost, 127.0.0.1 and [::1] may be http."),
            Wrong::Scheme(scheme) => write!(f, "starts with {scheme}://. Only sites over https can be trusted."),
            Wrong::User => f.write_str("has an @. Leave out everything before the host name."),
            Wrong::Path => f.write_str("goes on behind the host name. Leave out the path; a domain counts as a whole."),
            Wrong::Everything => f.write_str("would trust every site. To do that, leave the list empty."),
            Wrong::Star => {
                f.write_str("has a * in the wrong place. It can only be the whole first part: *.example.com")
            }
            Wrong::PublicSuffix(suffix) => {
                write!(f, "would trust sites of strangers: anybody can have one under {suffix}. Name your own domain.")
            }
            Wrong::WildcardAddress => f.write_str("is an IP address, which has no names below it. Leave out the *."),
            Wrong::Brackets(right) => write!(f, "is an IPv6 address. Write it in brackets: {right}"),
            Wrong::OddAddress(right) => write!(f, "is an unusual way to write an IP address. Did you mean {right}?"),
            Wrong::Port => f.write_str("has no good port. Behind the colon stands a number from 1 to 65535."),
            Wrong::NoHost => f.write_str("names no host. Write a domain like app.example.com."),
            Wrong::Underscore => f.write_str("has an underscore. Host names have letters, digits and hyphens."),
            Wrong::TrailingDot => f.write_str("ends in a dot. Leave it out."),
            Wrong::EmptyLabel => f.write_str("has a dot with nothing before it."),
            Wrong::Hyphen => f.write_str("has a part that begins or ends with a hyphen."),
            Wrong::LongLabel => f.write_str("has a part of more than 63 characters."),
            Wrong::LongName => f.write_str("is longer than the 253 characters that a host name can have."),
            Wrong::NotAHost => f.write_str("is not a domain. Write one like app.example.com."),
        }
    }
}

impl Domains {
    /// Reads domains as they were typed, one a line.
    pub fn parse(typed: &str) -> Result<Domains, DomainsError> {
        lines::parse(typed, |line| {
            let domain = Domain::read(line)?;
            match domain.public_suffix() {
                Some(suffix) => Err(WrongDomain::PublicSuffix(suffix.to_owned())),
                None => Ok(domain),
            }
        })
        .map(Domains)
    }

    /// Reads [`Domains::to_text`]. What has become a public suffix since then stays readable.
    pub fn from_stored(text: &str) -> Option<Domains> {
        lines::parse(text, Domain::read).ok().map(Domains)
    }

    /// As they are stored, and shown to be edited: one a line.
    pub fn to_text(&self) -> String {
        lines::to_text(&self.0)
    }

    /// The domains, in the order in which they were typed.
    pub fn iter(&self) -> impl Iterator<Item = &Domain> {
        self.0.iter()
    }

    /// Whether every origin is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a page of that `Origin` (or `Referer`) may use the key. `null` is nobody's origin.
    pub fn allow(&self, origin: Option<&str>) -> bool {
        if self.is_empty() {
            return true;
        }
        let Some(origin) = origin.and_then(|text| Url::parse(text).ok()) else { return false };
        let Some(host) = origin.host() else { return false };
        let is_plain_and_mine = origin.scheme() == "http" && is_loopback(&host);
        let has_user = !origin.username().is_empty() || origin.password().is_some();
        (origin.scheme() == "https" || is_plain_and_mine)
            && !has_user
            && self.iter().any(|domain| domain.covers(&host, origin.port_or_known_default()))
    }
}

impl Domain {
    /// Reads one domain; whether it may be a wildcard is not asked.
    fn read(line: &str) -> Result<Domain, WrongDomain> {
        let (scheme, rest) = match line.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("https".to_owned(), line),
        };
        if scheme != "https" && scheme != "http" {
            return Err(if is_scheme(&scheme) { WrongDomain::Scheme(scheme) } else { WrongDomain::NotAHost });
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        check_authority(authority)?;
        let (name, port) = split_port(authority)?;
        let (is_wildcard, name) = match name.strip_prefix("*.") {
            Some(below) => (true, below),
            None => (false, name),
        };
        let host = read_host(name)?;
        if is_wildcard && !matches!(host, Host::Domain(_)) {
            return Err(WrongDomain::WildcardAddress);
        }
        if scheme == "http" && (is_wildcard || !is_loopback(&host)) {
            return Err(WrongDomain::Http);
        }
        Ok(Domain { host, is_wildcard, port })
    }

    /// The public suffix that a wildcard stands on, if it stands directly on one. A name that the list does not know
    /// ends in one of its last part.
    fn public_suffix(&self) -> Option<&str> {
        let Host::Domain(name) = &self.host else { return None };
        psl::suffix_str(name).filter(|suffix| self.is_wildcard && suffix == name)
    }

    fn covers<Name: AsRef<str>>(&self, host: &Host<Name>, port: Option<u16>) -> bool {
        let is_here = match (&self.host, host) {
            (Host::Domain(name), Host::Domain(host)) if self.is_wildcard => {
                host.as_ref().strip_suffix(name.as_str()).is_some_and(|below| below.len() > 1 && below.ends_with('.'))
            }
            (Host::Domain(name), Host::Domain(host)) => name == host.as_ref(),
            (Host::Ipv4(ours), Host::Ipv4(theirs)) => ours == theirs,
            (Host::Ipv6(ours), Host::Ipv6(theirs)) => ours == theirs,
            _ => false,
        };
        is_here && (self.port.is_none() || self.port == port)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wildcard = if self.is_wildcard { "*." } else { "" };
        write!(f, "{wildcard}{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Refuses what stands around a host, or instead of one.
fn check_authority(authority: &str) -> Result<(), WrongDomain> {
    if authority.is_empty() {
        Err(WrongDomain::NoHost)
    } else if authority.contains(|c: char| c.is_whitespace() || c == ',' || c == ';') {
        Err(WrongDomain::Several)
    } else if authority.contains('@') {
        Err(WrongDomain::User)
    } else if authority.contains(['/', '?', '#', '\\']) {
        Err(if authority.starts_with('/') { WrongDomain::NoHost } else { WrongDomain::Path })
    } else if authority == "*" {
        Err(WrongDomain::Everything)
    } else if authority.strip_prefix("*.").unwrap_or(authority).contains('*') {
        Err(WrongDomain::Star)
    } else {
        Ok(())
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), WrongDomain> {
    if let Ok(v6) = authority.parse() {
        return Err(WrongDomain::Brackets(Host::<String>::Ipv6(v6).to_string()));
    }
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    if authority.starts_with('[') && after_bracket == 0 {
        return Err(WrongDomain::NotAHost);
    }
    let Some(colon) = authority[after_bracket..].find(':') else { return Ok((authority, None)) };
    let (name, port) = (&authority[..after_bracket + colon], &authority[after_bracket + colon + 1..]);
    let is_number = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(number) if is_number && number > 0 => Ok((name, Some(number))),
        _ => Err(WrongDomain::Port),
    }
}

/// A host in the form in which browsers send it; stricter than they are with names that no one can register.
fn read_host(name: &str) -> Result<Host, WrongDomain> {
    // The standard would decode it: nobody types that.
    if name.contains('%') {
        return Err(WrongDomain::NotAHost);
    }
    if name.is_empty() {
        return Err(WrongDomain::NoHost);
    }
    let host = Host::parse(name).map_err(|_| WrongDomain::NotAHost)?;
    match &host {
        Host::Domain(name) => check_name(name)?,
        Host::Ipv4(v4) if v4.to_string() != name => return Err(WrongDomain::OddAddress(v4.to_string())),
        Host::Ipv4(_) | Host::Ipv6(_) => {}
    }
    Ok(host)
}

/// What the domain name system asks of a name (RFC 1035 2.3.4, RFC 1123 2.1).
fn check_name(name: &str) -> Result<(), WrongDomain> {
    if name.contains('_') {
        Err(WrongDomain::Underscore)
    } else if name.ends_with('.') {
        Err(WrongDomain::TrailingDot)
    } else if name.split('.').any(str::is_empty) {
        Err(WrongDomain::EmptyLabel)
    } else if name.contains(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.') {
        Err(WrongDomain::NotAHost)
    } else if name.split('.').any(|label| label.starts_with('-') || label.ends_with('-')) {
        Err(WrongDomain::Hyphen)
    } else if name.split('.').any(|label| label.len() > 63) {
        Err(WrongDomain::LongLabel)
    } else if name.len() > 253 {
        Err(WrongDomain::LongName)
    } else {
        Ok(())
    }
}

/// The hosts that only the machine itself can answer for, by the names that product and browsers agree on.
fn is_loopback<Name: AsRef<str>>(host: &Host<Name>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref() == "localhost",
        Host::Ipv4(v4) => *v4 == std::net::Ipv4Addr::LOCALHOST,
        Host::Ipv6(v6) => *v6 == std::net::Ipv6Addr::LOCALHOST,
    }
}

/// A scheme as RFC 3986 3.1 writes it.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn domains(typed: &str) -> Domains {
        Domains::parse(typed).unwrap_or_else(|error| panic!("{typed:?}: {error}"))
    }

    /// What `typed` is kept as.
    fn kept(typed: &str) -> String {
        domains(typed).to_text()
    }

    fn refused(typed: &str) -> String {
        match Domains::parse(typed) {
            Ok(domains) => panic!("{typed:?} is read as {domains:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_domain_is_kept_in_one_form() {
        for (typed, form) in [
            ("app.example.com", "app.example.com"),
            ("  https://App.EXAMPLE.com/ ", "app.example.com"),
            ("HTTPS://app.example.com:8443", "app.example.com:8443"),
            ("*.Example.com", "*.example.com"),
            ("https://*.example.co.uk:444", "*.example.co.uk:444"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("*.食狮.公司.cn", "*.xn--85x722f.xn--55qx5d.cn"),
            ("intranet", "intranet"),
            ("r3---sn.example.com", "r3---sn.example.com"),
            ("http://localhost:3000", "localhost:3000"),
            ("http://127.0.0.1/", "127.0.0.1"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("[2001:DB8::0:1]", "[2001:db8::1]"),
            ("192.0.2.7:8443", "192.0.2.7:8443"),
            ("app.example.com:00443", "app.example.com:443"),
            ("", ""),
        ] {
            assert_eq!(kept(typed), form, "{typed:?}");
        }
    }

    #[test]
    fn each_is_kept_once_in_the_order_typed() {
        let list = domains("b.example\r\n\r\nhttps://A.example/\nB.example\na.example:443\n");
        assert_eq!(list.to_text(), "b.example\na.example\na.example:443");
        assert_eq!((list.len(), list.is_empty()), (3, false));
        assert_eq!(list.iter().map(Domain::to_string).collect::<Vec<_>>(), ["b.example", "a.example", "a.example:443"]);
        assert!(Domains::default().is_empty() && domains(" \n").is_empty());
    }

    #[test]
    fn what_is_no_domain_is_refused_with_what_is_wrong() {
        let http = "is not https. Only localhost, 127.0.0.1 and [::1] may be http.";
        let path = "goes on behind the host name. Leave out the path; a domain counts as a whole.";
        let star = "has a * in the wrong place. It can only be the whole first part: *.example.com";
        let port = "has no good port. Behind the colon stands a number from 1 to 65535.";
        let none = "names no host. Write a domain like app.example.com.";
        let not = "is not a domain. Write one like app.example.com.";
        let several = "is more than one domain. Put each on a line of its own.";
        let under = |suffix: &str| {
            format!("would trust sites of strangers: anybody can have one under {suffix}. Name your own domain.")
        };
        let long_name = vec!["a".repeat(60); 5].join(".");
        for (typed, why) in [
            ("http://app.example.com", http),
            ("http://127.0.0.2", http),
            ("http://*.localhost", http),
            ("ftp://example.com", "starts with ftp://. Only sites over https can be trusted."),
            ("chrome-extension://abcdef", "starts with chrome-extension://. Only sites over https can be trusted."),
            ("a b://example.com", not),
            ("https://", none),
            ("https:///", none),
            ("//app.example.com", none),
            (":443", none),
            ("*.", none),
            ("app.example.com/login", path),
            ("app.example.com//", path),
            ("app.example.com?x=1", path),
            ("app.example.com#top", path),
            ("app.example.com\\x", path),
            ("me:pass@example.com", "has an @. Leave out everything before the host name."),
            ("*", "would trust every site. To do that, leave the list empty."),
            ("a.*.example.com", star),
            ("*app.example.com", star),
            ("*.*.example.com", star),
            ("example.*", star),
            ("**", star),
            ("*:443", star),
            ("*.co.uk", &under("co.uk")),
            ("*.com", &under("com")),
            ("*.github.io", &under("github.io")),
            ("*.公司.cn", &under("xn--55qx5d.cn")),
            ("*.localhost", &under("localhost")),
            ("*.foo.ck", &under("foo.ck")),
            ("*.127.0.0.1", "is an IP address, which has no names below it. Leave out the *."),
            ("*.[::1]", "is an IP address, which has no names below it. Leave out the *."),
            ("2001:db8::0:1", "is an IPv6 address. Write it in brackets: [2001:db8::1]"),
            ("127.1", "is an unusual way to write an IP address. Did you mean 127.0.0.1?"),
            ("0x7f.0.0.1", "is an unusual way to write an IP address. Did you mean 127.0.0.1?"),
            ("app.example.com:0", port),
            ("app.example.com:65536", port),
            ("app.example.com:+80", port),
            ("app.example.com:", port),
            ("app.example.com:80:80", port),
            ("mailto:somebody", port),
            ("[::1]x:80", not),
            ("[::1", not),
            ("[::1%25eth0]", not),
            ("256.0.0.1", not),
            ("1.2.3.4.5", not),
            ("my_app.example.com", "has an underscore. Host names have letters, digits and hyphens."),
            ("app.example.com.", "ends in a dot. Leave it out."),
            ("app..example.com", "has a dot with nothing before it."),
            (".example.com", "has a dot with nothing before it."),
            ("-app.example.com", "has a part that begins or ends with a hyphen."),
            ("%61pp.example.com", not),
            ("xn--a.example", not),
            ("a\u{202E}b.example", not),
            ("a!b.example", not),
            ("app.example.com, www.example.com", several),
            ("app.example.com;www.example.com", several),
            (&format!("{}.example", "a".repeat(64)), "has a part of more than 63 characters."),
            (&long_name, "is longer than the 253 characters that a host name can have."),
        ] {
            let sentence = refused(typed);
            assert!(sentence.starts_with('“') && sentence.ends_with(&format!("” {why}")), "{typed:?}: {sentence}");
        }
    }

    #[test]
    fn the_line_that_is_wrong_is_named() {
        assert!(refused("a.example\n\n *.com \nb.example").starts_with("“*.com” would trust sites of strangers"));
        assert_eq!(refused(&"a.example\n".repeat(51)), "Use at most 50 lines; these are 51.");
    }

    #[test]
    fn names_of_the_longest_kind_fit() {
        let label = "a".repeat(63);
        let name = format!("{label}.{label}.{label}.{}", "b".repeat(61));
        assert_eq!((name.len(), kept(&name)), (253, name.clone()));
    }

    #[test]
    fn no_domains_trust_every_origin() {
        for origin in [None, Some("null"), Some(""), Some("https://evil.example")] {
            assert!(Domains::default().allow(origin), "{origin:?}");
        }
    }

    #[test]
    fn an_origin_must_be_there_and_have_one_of_the_hosts() {
        let list = domains("app.example.com\nbücher.example\n[2001:db8::1]");
        for origin in [
            "https://app.example.com",
            "https://app.example.com:8443",
            "https://APP.example.com/some/page?x=1",
            "https://xn--bcher-kva.example",
            "https://[2001:db8::1]",
        ] {
            assert!(list.allow(Some(origin)), "{origin}");
        }
        assert!(!list.allow(None));
        for origin in [
            "null",
            "",
            "app.example.com",
            "http://app.example.com",
            "ftp://app.example.com",
            "https://example.com",
            "https://www.app.example.com",
            "https://app.example.com.",
            "https://app.example.com.evil.example",
            "https://evilapp.example.com",
            "https://evil.example/app.example.com",
            "https://evil.example\\@app.example.com",
            "https://evil.example#@app.example.com",
            "https://app.example.com@evil.example",
            "https://me@app.example.com",
            "https://me:pass@app.example.com",
            "file:///app.example.com",
            "data:text/html,app.example.com",
        ] {
            assert!(!list.allow(Some(origin)), "{origin}");
        }
    }

    #[test]
    fn a_wildcard_covers_what_lies_below_it_and_not_its_apex() {
        let list = domains("*.example.com");
        assert!(list.allow(Some("https://a.example.com")) && list.allow(Some("https://b.a.example.com:8443")));
        for origin in
            ["https://example.com", "https://evilexample.com", "https://.example.com", "https://a.example.com.evil.org"]
        {
            assert!(!list.allow(Some(origin)), "{origin}");
        }
    }

    #[test]
    fn the_port_must_match_if_it_was_given() {
        let list = domains("a.example:8443\nb.example:443\n*.c.example:444");
        for origin in
            ["https://a.example:8443", "https://b.example", "https://b.example:443", "https://x.c.example:444"]
        {
            assert!(list.allow(Some(origin)), "{origin}");
        }
        for origin in ["https://a.example", "https://b.example:8443", "https://x.c.example"] {
            assert!(!list.allow(Some(origin)), "{origin}");
        }
    }

    #[test]
    fn only_the_machine_itself_may_be_http() {
        let list = domains("localhost:3000\n127.0.0.1\n[::1]\n127.0.0.2");
        for origin in [
            "http://localhost:3000",
            "https://localhost:3000",
            "http://127.0.0.1",
            "http://127.0.0.1:5",
            "http://[::1]:5",
        ] {
            assert!(list.allow(Some(origin)), "{origin}");
        }
        for origin in ["http://localhost", "http://127.0.0.2", "ftp://127.0.0.1"] {
            assert!(!list.allow(Some(origin)), "{origin}");
        }
    }

    #[test]
    fn what_became_a_public_suffix_stays_readable() {
        let stored = Domains::from_stored("*.github.io\na.example").expect("readable");
        assert_eq!(stored.to_text(), "*.github.io\na.example");
        assert!(stored.allow(Some("https://me.github.io")));
        assert_eq!(Domains::from_stored("no domain"), None);
    }

    fn typed_lists() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            any::<String>(),
            "(https?://)?(\\*\\.)?[a-zA-Z0-9éß_-]{0,9}(\\.[a-z食ﬁ0-9]{1,5}){0,4}(:[0-9]{0,6})?/?",
            "(\\*\\.)?\\[?[0-9a-f:.]{0,16}\\]?(:[0-9]{0,5})?",
        ];
        proptest::collection::vec(line, 0..6).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn what_was_read_reads_back_from_its_text(typed in typed_lists()) {
            if let Ok(list) = Domains::parse(&typed) {
                prop_assert_eq!(Domains::parse(&list.to_text()), Ok(list.clone()));
                prop_assert_eq!(Domains::from_stored(&list.to_text()), Some(list));
            }
        }

        #[test]
        fn a_domain_allows_its_own_origin(typed in typed_lists(), origin in any::<String>()) {
            if let Ok(list) = Domains::parse(&typed) {
                let _ = list.allow(Some(&origin));
                for domain in list.iter().filter(|domain| !domain.is_wildcard) {
                    let own = format!("https://{}", domain);
                    prop_assert!(list.allow(Some(&own)), "{}", own);
                }
            }
        }
    }
}
