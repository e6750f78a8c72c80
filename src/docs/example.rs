//! The example files of `examples/proxies`, which the tests give to the proxies, filled in with what is known of an
//! instance. It knows neither the instance nor the page.

use std::net::{Ipv4Addr, SocketAddr};

/// A proxy that can ask the gate, and the files that make it ask.
pub struct Proxy {
    /// Where the page speaks of it.
    pub id: &'static str,
    /// `Caddy`
    pub label: &'static str,
    /// What asks by the catalog's routes, and what asks the same of every request in its place.
    door: [&'static str; 2],
    /// At least one.
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
pub static PROXIES: [Proxy; 4] = [
    proxy("nginx", "nginx", ["/auth/nginx;", "/auth/nginx?require=PERMISSION;"], files!["nginx.conf"]),
    proxy("caddy", "Caddy", ["/auth/caddy?\n", "/auth/caddy?require=PERMISSION\n"], files!["Caddyfile"]),
    proxy(
        "traefik",
        "Traefik",
        ["/auth/traefik\n", "/auth/traefik?require=PERMISSION\n"],
        files!["traefik/routes.yaml", "traefik/traefik.yaml"],
    ),
    proxy("envoy", "Envoy", ["/auth/envoy/-/routes/\n", "/auth/envoy/-/PERMISSION/\n"], files!["envoy.yaml"]),
];

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
        known.extend(self.permission.clone().map(|permission| ("orders:read", permission)));
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

    /// A file with all that is known in its place.
    pub fn fill(&self, proxy: &Proxy, file: &File) -> String {
        let [by_routes, fixed] = proxy.door;
        let asked = self.permission.iter().map(|permission| fixed.replace("PERMISSION", permission));
        let text = asked.fold(file.text.to_owned(), |text, fixed| text.replace(by_routes, &fixed));
        self.known().iter().fold(text, |text, (from, to)| text.replace(from, to))
    }
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
            for proxy in &PROXIES {
                let text = filling(address).fill(proxy, &proxy.files[0]);
                assert!(text.contains(at), "{}: {text}", proxy.id);
                assert_eq!(text.contains(envoys), proxy.id == "envoy", "{}: {text}", proxy.id);
            }
        }
    }
}
