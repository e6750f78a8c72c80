//! The example files of `examples/proxies`, which the tests give to the proxies: filled in with what is known of an
//! instance, whole or brought down to what its API needs. It knows neither the instance nor the page.

use std::net::{Ipv4Addr, SocketAddr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What means nothing special in any of the files.
const PLAIN_IN_FILES: &AsciiSet = &NON_ALPHANUMERIC.remove(b':').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A proxy that can ask the gate, and the files that make it ask.
pub struct Proxy {
    /// Where the page speaks of it.
    pub id: &'static str,
    /// `Caddy`
    pub label: &'static str,
    /// What asks by the catalog's routes, and what asks the same of every request in its place.
    door: [&'static str; 2],
    /// At least one, the one that is to be filled in first.
    pub files: &'static [File],
}

/// A file of `examples/proxies`.
pub struct File {
    /// Its name there.
    pub name: &'static str,
    text: &'static str,
}

macro_rules! files {
    ($($name:literal),+) => {
        &[$(File { name: $name, text: include_str!(concat!("../../examples/proxies/", $name)) }),+]
    };
}

const fn proxy(id: &'static str, label: &'static str, door: [&'static str; 2], files: &'static [File]) -> Proxy {
    Proxy { id, label, door, files }
}

/// Every proxy with an example.
pub static PROXIES: [Proxy; 5] = [
    proxy("nginx", "nginx", ["/auth/nginx;", "/auth/nginx?require=PERMISSION;"], files!["nginx.conf"]),
    proxy(
        "ingress-nginx",
        "ingress-nginx",
        ["/auth/ingress-nginx\n", "/auth/ingress-nginx?require=PERMISSION\n"],
        files!["ingress-nginx.yaml"],
    ),
    proxy("caddy", "Caddy", ["/auth/caddy?\n", "/auth/caddy?require=PERMISSION\n"], files!["Caddyfile"]),
    proxy(
        "traefik",
        "Traefik",
        ["/auth/traefik\n", "/auth/traefik?require=PERMISSION\n"],
        files!["traefik/routes.yaml", "traefik/traefik.yaml"],
    ),
    proxy("envoy", "Envoy", ["/auth/envoy/-/routes/\n", "/auth/envoy/-/PERMISSION/\n"], files!["envoy.yaml"]),
];

/// Stands above what serves Keyrack's own pages: that, and what is indented below it.
const OWN_PAGES: &str = "# Keyrack's own pages";

/// What is known of an instance, as far as it may be told.
pub struct Filling {
    /// The host of the product's API.
    pub api: Option<String>,
    /// The host of Keyrack's pages, where others than this machine know it.
    pub pages: Option<String>,
    /// Where a proxy on this machine finds us.
    pub gate: Option<SocketAddr>,
    /// What every request needs, where the catalog has no routes: else the gate would let nothing through.
    pub permission: Option<String>,
}

/// Where a program on the same machine reaches what listens there.
pub fn reached_at(mut listens_on: SocketAddr) -> SocketAddr {
    if listens_on.ip().is_unspecified() {
        listens_on.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    listens_on
}

impl Filling {
    /// What stands in the files, and what belongs there.
    fn known(&self) -> Vec<(&'static str, String)> {
        let mut known = Vec::new();
        known.extend(self.escaped_permission().map(|permission| ("orders:read", permission)));
        known.extend(self.api.clone().map(|host| ("api.example.com", host)));
        known.extend(self.pages.clone().map(|host| ("keys.example.com", host)));
        if let Some(gate) = self.gate {
            known.push(("127.0.0.1:8080", gate.to_string()));
            // The colons of an IPv6 address would mean something in YAML.
            let ip = if gate.is_ipv6() { format!("\"{}\"", gate.ip()) } else { gate.ip().to_string() };
            let port = gate.port();
            known.push(("address: 127.0.0.1, port_value: 8080", format!("address: {ip}, port_value: {port}")));
        }
        known
    }

    /// As it is written in a query or a path of a configuration: a scope may contain what means something there.
    fn escaped_permission(&self) -> Option<String> {
        self.permission.as_deref().map(|permission| utf8_percent_encode(permission, PLAIN_IN_FILES).to_string())
    }

    /// A file with all that is known in its place.
    pub fn fill(&self, proxy: &Proxy, file: &File) -> String {
        let [by_routes, fixed] = proxy.door;
        let asked = self.escaped_permission().map(|permission| fixed.replace("PERMISSION", &permission));
        let text = asked.iter().fold(file.text.to_owned(), |text, fixed| text.replace(by_routes, fixed));
        self.known().iter().fold(text, |text, (from, to)| text.replace(from, to))
    }

    /// What of a file's essence a reader has to replace: of what its first lines name, what is not known.
    pub fn left(&self, file: &File) -> Vec<ToReplace> {
        let (known, essence) = (self.known(), essence(file.text));
        let is_left = |from: &str| essence.contains(from) && !known.iter().any(|(known, _)| from.contains(known));
        let notes = file.head().filter_map(|line| line.strip_prefix("#   ")?.split_once(" by "));
        let notes = notes.map(|(from, by)| ToReplace { from: from.trim(), by });
        notes.filter(|note| is_left(note.from)).collect()
    }
}

/// Something that stands in a file for what only the reader knows.
pub struct ToReplace {
    /// `127.0.0.1:9000`
    pub from: &'static str,
    /// `where your API answers`
    pub by: &'static str,
}

impl Proxy {
    /// How new it must be: `2.6 or newer`.
    pub fn needs(&self) -> Option<&'static str> {
        let said = |file: &File| file.head().next()?.strip_prefix("# ")?.strip_prefix(self.label)?.strip_prefix(" (");
        self.files.iter().find_map(said)?.split(')').next()
    }
}

impl File {
    /// The comment with which it begins.
    fn head(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.text.lines().take_while(|line| line.starts_with('#'))
    }

    /// What is done with it: ``Try `caddy validate --config Caddyfile`, and replace``.
    pub fn lead(&self) -> Option<&'static str> {
        self.head().find(|line| line.to_lowercase().ends_with("replace"))?.strip_prefix("# ")
    }
}

/// What of a file the API needs: no comments, nothing of Keyrack's own pages.
pub fn essence(text: &str) -> String {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let (mut kept, mut is_apart) = (Vec::new(), false);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == OWN_PAGES {
            lines.next();
            while let Some(below) = lines.next_if(|below| below.is_empty() || depth(below) > depth(line)) {
                is_apart = below.is_empty();
            }
            lines.next_if(|end| end.trim() == "}");
        } else if line.is_empty() {
            is_apart = true;
        } else if !line.trim_start().starts_with('#') {
            if is_apart && !kept.is_empty() {
                kept.push("");
            }
            kept.push(line);
            is_apart = false;
        }
    }
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = (&'static Proxy, &'static File)> {
        PROXIES.iter().flat_map(|proxy| proxy.files.iter().map(move |file| (proxy, file)))
    }

    fn filling(listens_on: &str) -> Filling {
        let some = |text: &str| Some(text.to_owned());
        let gate = Some(reached_at(listens_on.parse().expect("a test's own address")));
        Filling { api: some("api.soon.test"), pages: some("keys.soon.test"), gate, permission: some("shifts:read") }
    }

    const NOTHING: Filling = Filling { api: None, pages: None, gate: None, permission: None };

    #[test]
    fn everything_that_is_known_is_filled_in() {
        for (proxy, file) in all() {
            let text = filling("10.0.0.5:8099").fill(proxy, file);
            for left in ["api.example.com", "keys.example.com", "127.0.0.1:8080", "port_value: 8080", "orders:"] {
                assert!(!text.contains(left), "{}: {left}", file.name);
            }
        }
    }

    #[test]
    fn without_routes_every_request_is_asked_for_the_same() {
        for proxy in &PROXIES {
            let ([by_routes, fixed], file) = (proxy.door, &proxy.files[0]);
            assert_eq!(file.text.matches(by_routes).count(), 1, "{}", file.name);
            let text = filling("127.0.0.1:8099").fill(proxy, file);
            assert!(text.contains(&fixed.replace("PERMISSION", "shifts:read")), "{}: {text}", file.name);
        }
    }

    #[test]
    fn a_scope_is_escaped_where_it_would_mean_something() {
        for proxy in &PROXIES {
            let permission = Some("https://a.example/auth;${x}".to_owned());
            let text = Filling { permission, ..NOTHING }.fill(proxy, &proxy.files[0]);
            assert!(text.contains("https:%2F%2Fa.example%2Fauth%3B%24%7Bx%7D"), "{}: {text}", proxy.id);
            assert!(!text.contains("${x}"), "{}", proxy.id);
        }
    }

    #[test]
    fn what_is_not_known_stays_as_it_is_in_the_file() {
        for (proxy, file) in all() {
            assert_eq!(NOTHING.fill(proxy, file), file.text);
        }
    }

    #[test]
    fn an_address_is_written_as_each_proxy_reads_it() {
        for (address, at, envoys) in [
            ("10.0.0.5:8099", "10.0.0.5:8099", "address: 10.0.0.5, port_value: 8099"),
            ("127.0.0.1:8099", "127.0.0.1:8099", "address: 127.0.0.1, port_value: 8099"),
            ("0.0.0.0:8099", "127.0.0.1:8099", "address: 127.0.0.1, port_value: 8099"),
            ("[::]:8099", "127.0.0.1:8099", "address: 127.0.0.1, port_value: 8099"),
            ("[::1]:8099", "[::1]:8099", "address: \"::1\", port_value: 8099"),
        ] {
            // In a cluster Keyrack is reached by another address than it listens on.
            for proxy in PROXIES.iter().filter(|proxy| proxy.id != "ingress-nginx") {
                let text = essence(&filling(address).fill(proxy, &proxy.files[0]));
                assert!(text.contains(at), "{}: {text}", proxy.id);
                assert_eq!(text.contains(envoys), proxy.id == "envoy", "{}: {text}", proxy.id);
            }
        }
    }

    #[test]
    fn the_essence_is_the_file_without_comments_and_pages() {
        let text = "# Replace\n#   80   by 443\n\na {\n    # why\n    b 80; # kept\n}\n\n# Keyrack's own pages\nc {\n    d;\n\n    e;\n}\n\nf\n";
        assert_eq!(essence(text), "a {\n    b 80; # kept\n}\n\nf");
        let nested =
            "x:\n  # Keyrack's own pages\n  y:\n    z: 1\n  w: 2\n  # Keyrack's own pages\n  v:\n    u: 3\n\nt: 4\n";
        assert_eq!(essence(nested), "x:\n  w: 2\n\nt: 4");
        for (proxy, file) in all() {
            let essence = essence(file.text);
            assert!(
                file.text.lines().count() > essence.lines().count() && !essence.contains("\n\n\n"),
                "{}",
                file.name
            );
            assert!(!essence.lines().any(|line| line.trim_start().starts_with('#')), "{essence}");
            for pages in ["keys.example.com", "/v1/introspect"] {
                assert!(!essence.contains(pages), "{}: {pages}", proxy.id);
            }
        }
        assert!(PROXIES.iter().all(|proxy| essence(proxy.files[0].text).contains(proxy.door[0])));
    }

    #[test]
    fn a_reader_is_told_what_only_they_know() {
        let left = |filling: &Filling| -> Vec<Vec<&str>> {
            all().map(|(_, file)| filling.left(file).iter().map(|left| left.from).collect()).collect()
        };
        let nothing_known = left(&NOTHING);
        assert_eq!(nothing_known[0], ["api.example.com", "127.0.0.1:9000", "127.0.0.1:8080", "listen 80"]);
        assert_eq!(
            left(&filling("127.0.0.1:8080")),
            [
                vec!["127.0.0.1:9000", "listen 80"],
                vec!["namespace: api", "name: orders", "number: 9000", "keyrack.keyrack.svc", "gate_token"],
                vec!["127.0.0.1:9000"],
                vec!["http://127.0.0.1:9000"],
                vec![],
                vec!["address: 127.0.0.1, port_value: 9000", "port_value: 80"],
            ]
        );
    }

    #[test]
    fn the_first_lines_say_what_is_needed_and_done() {
        let needs: Vec<_> = PROXIES.iter().map(Proxy::needs).collect();
        assert_eq!(needs[..3], [None, Some("1.15"), Some("2.6 or newer")]);
        assert!(needs[3].is_some_and(|needs| needs.starts_with("3.7.12 or newer")), "{needs:?}");
        let leads: Vec<_> = all().map(|(_, file)| file.lead()).collect();
        assert!(leads[0].is_some_and(|lead| lead.contains("nginx -t") && lead.ends_with("replace")), "{leads:?}");
        assert_eq!(leads[2], Some("Try `caddy validate --config Caddyfile`, and replace"));
        assert_eq!(leads.iter().filter(|lead| lead.is_none()).count(), 1, "{leads:?}");
    }
}
