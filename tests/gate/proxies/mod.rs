//! Real proxies with the very files of `examples/proxies`, between a client and a small API, with Keyrack at the gate.

mod cors;
mod doors;
mod framing;
mod haproxy;
mod ingress;
mod largest;
mod panel;
mod reasons;
mod refusals;
mod requests;
mod tricks;
pub mod upstream;
mod wiretap;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyrack::keys::catalog::file;
use tempfile::TempDir;

use crate::world::{Engine, World, logs, wire};
use ingress::Ingress;
use upstream::Upstream;
use wiretap::Wiretap;

/// Two parts of an API, of which a key can be granted the one and not the other.
const CATALOG: &str = r#"
[[kind]]
id = "secret"
prefix = "sk_live_"
[[resource]]
id = "orders"
actions = ["read", "write"]
[[resource]]
id = "payroll"
actions = ["read"]
[[route]]
methods = ["GET", "HEAD"]
path = "/v2/orders/**"
require = ["orders:read"]
[[route]]
methods = ["POST", "PUT"]
path = "/v2/orders/**"
require = ["orders:write"]
[[route]]
path = "/v2/payroll/**"
require = ["payroll:read"]
"#;

/// What the gate tells the API of who asks.
const IDENTITY: [&str; 8] = [
    "X-Key-Id",
    "X-Key-Name",
    "X-Key-Team",
    "X-Key-Project",
    "X-Key-Kind",
    "X-Key-Permissions",
    "X-Key-Fields",
    "X-Key-Expires",
];

const API: &str = "api.example.com";
const KEYS: &str = "keys.example.com";

/// A test with each of the proxies: `with_each_proxy!(async fn it_works(front) { … })`; with some of them:
/// `with_each_proxy!(caddy Caddy, envoy Envoy => async fn …)`.
#[macro_export]
macro_rules! with_each_proxy {
    (async fn $name:ident($front:ident) $body:block) => {
        $crate::with_each_proxy!(
            nginx Nginx, ingress_nginx IngressNginx, caddy Caddy, traefik Traefik, envoy Envoy
            => async fn $name($front) $body
        );
    };
    ($($test:ident $kind:ident),+ => async fn $name:ident($front:ident) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($front: $crate::gate::proxies::Front) $body

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    test($crate::gate::proxies::Front::of($crate::gate::proxies::Kind::$kind).await).await;
                }
            )+
        }
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    /// nginx with the directives that ingress-nginx generates.
    IngressNginx,
    /// The same where the controller allows snippets.
    IngressNginxWithSnippets,
    Caddy,
    Traefik,
    Envoy,
}

impl Kind {
    /// Whether it decodes escapes that need none and resolves `..`, before it asks and before it passes the request on.
    fn normalizes_paths(self) -> bool {
        matches!(self, Kind::Traefik | Kind::Envoy)
    }

    /// The request line with which it asks; Envoy's ends in the client's path.
    fn asks_with(self) -> &'static str {
        match self {
            Kind::Nginx => "GET /auth/nginx HTTP/1.1",
            Kind::IngressNginx | Kind::IngressNginxWithSnippets => "GET /auth/ingress-nginx HTTP/1.1",
            Kind::Caddy => "GET /auth/caddy HTTP/1.1",
            Kind::Traefik => "GET /auth/traefik HTTP/1.1",
            Kind::Envoy => "GET /auth/envoy/-/routes/",
        }
    }
}

/// A proxy before an API, and Keyrack, each real.
pub struct Front {
    pub kind: Kind,
    pub world: World,
    pub upstream: Upstream,
    /// Between proxy and gate.
    pub tap: Wiretap,
    proxy: Proxy,
}

impl Front {
    pub async fn of(kind: Kind) -> Front {
        Front::with(kind, CATALOG).await
    }

    /// With a catalog of its own.
    pub async fn with(kind: Kind, catalog: &str) -> Front {
        let catalog = file::parse(catalog).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let world = World::begin_with(Engine::Sqlite, catalog).await;
        let (upstream, tap) = (Upstream::start(), Wiretap::before(&world.url));
        let (api, keyrack) = (upstream.address.to_string(), tap.address.to_string());
        let proxy = match kind {
            Kind::Nginx => Proxy::nginx(&api, &keyrack),
            Kind::IngressNginx | Kind::IngressNginxWithSnippets => {
                let read = if kind == Kind::IngressNginx { Ingress::of } else { Ingress::with_snippets };
                let ingress = read(&example("ingress-nginx.yaml"), &world.add_gate_token("ingress-nginx"));
                Proxy::nginx_with(|listen| ingress.directives(listen, &api, &keyrack))
            }
            Kind::Caddy => Proxy::caddy(&api, &keyrack),
            Kind::Traefik => Proxy::traefik(&api, &keyrack),
            Kind::Envoy => Proxy::envoy(&api, &keyrack),
        };
        if kind == Kind::Traefik {
            proxy.until_found(API);
            tap.take();
        }
        Front { kind, world, upstream, tap, proxy }
    }

    /// Sends a request to the API byte by byte: status, head, body.
    pub fn ask(&self, line: &str, headers: &[&str]) -> (u16, String, String) {
        self.ask_host(API, line, headers)
    }

    /// Sends a request to one of the names that the proxy answers under.
    pub fn ask_host(&self, host: &str, line: &str, headers: &[&str]) -> (u16, String, String) {
        let host = format!("Host: {host}");
        let lines: Vec<&str> = [line, &host].into_iter().chain(headers.iter().copied()).collect();
        wire::send(&self.proxy.url, &lines)
    }

    /// A request with a key, and what the API got of it.
    pub fn get(&self, target: &str, secret: &str) -> (u16, Vec<upstream::Got>) {
        self.send(&format!("GET {target} HTTP/1.1"), &[&bearer(secret)])
    }

    /// Any request, and what the API got of it.
    pub fn send(&self, line: &str, headers: &[&str]) -> (u16, Vec<upstream::Got>) {
        let (status, ..) = self.ask(line, headers);
        (status, self.upstream.take())
    }

    /// As [`get`](Front::get), where the proxy may hang up before it has read all of it: status 0 if its answer is lost then.
    fn send_long(&self, target: &str, secret: &str) -> (u16, Vec<upstream::Got>) {
        let text = format!("GET {target} HTTP/1.1\r\nHost: {API}\r\n{}\r\nConnection: close\r\n\r\n", bearer(secret));
        let status = match self.kind {
            Kind::Envoy => wire::send_bytes(&self.proxy.url, text.as_bytes()).0,
            _ => self.ask(&format!("GET {target} HTTP/1.1"), &[&bearer(secret)]).0,
        };
        (status, self.upstream.take())
    }

    /// Whether an address is this machine's. Envoy puts an address of its host in place of a loopback one.
    fn is_here(&self, address: &str) -> bool {
        let is_own = || TcpListener::bind((address, 0)).is_ok();
        address == "127.0.0.1" || self.kind == Kind::Envoy && address.parse::<std::net::IpAddr>().is_ok() && is_own()
    }

    /// The path and query that the gate was asked about last.
    #[track_caller]
    fn judged(&self) -> String {
        let asked = self.tap.take();
        let header = |name: &str| reasons::values(&asked, name).concat();
        match self.kind {
            Kind::Nginx => header("x-original-uri"),
            Kind::IngressNginx | Kind::IngressNginxWithSnippets => {
                header("x-original-url").trim_start_matches("http://api.example.com").to_owned()
            }
            Kind::Caddy | Kind::Traefik => header("x-forwarded-uri"),
            Kind::Envoy => {
                let line = asked.lines().next().unwrap_or_default();
                line.split(' ').nth(1).unwrap().strip_prefix("/auth/envoy/-/routes/").unwrap().to_owned()
            }
        }
    }

    /// Sends a request that must not reach the API; its status.
    #[track_caller]
    pub fn stopped(&self, line: &str, headers: &[&str]) -> u16 {
        let (status, got) = self.send(line, headers);
        assert!(got.is_empty(), "{:?}: {line} with {headers:?} came through: {got:?}", self.kind);
        assert!(status >= 400, "{:?}: {line} with {headers:?} is answered {status}", self.kind);
        status
    }
}

/// Every way of writing a header's name that some software reads as the one with dashes.
fn disguises(name: &str) -> Vec<String> {
    let with = |between: &str| name.replace('-', between);
    let mut names =
        vec![name.to_owned(), name.to_lowercase(), name.to_uppercase(), name.to_uppercase().replacen('X', "x", 1)];
    names.extend(["_", ".", "~", "+", "!", "#", "$", "%", "&", "'", "*", "^", "`", "|"].map(with));
    names.extend([name.replacen('-', "_", 1), name.replacen('-', ".", 1), with("_").to_uppercase()]);
    names
}

fn bearer(secret: &str) -> String {
    format!("Authorization: Bearer {secret}")
}

/// A proxy as a process of its own, in a folder of its own. It ends with the value.
struct Proxy {
    child: Child,
    url: String,
    folder: TempDir,
}

impl Proxy {
    fn nginx(api: &str, keyrack: &str) -> Proxy {
        Proxy::nginx_with(|listen| {
            filled("nginx.conf", &[("listen 80", listen), ("127.0.0.1:9000", api), ("127.0.0.1:8080", keyrack)])
        })
    }

    /// nginx with what a text says of it where it listens.
    fn nginx_with(text: impl Fn(&str) -> String) -> Proxy {
        Proxy::start(|folder, port| {
            let text = text(&format!("listen 127.0.0.1:{port}"));
            let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|name| format!("{name}_temp_path {}/{name};\n", folder.display()))
                .concat();
            let main = format!(
                "daemon off;\nmaster_process off;\npid {0}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{folders}{text}\n}}",
                folder.display()
            );
            let file = write(folder, "nginx.conf", &main);
            let mut command = Command::new("nginx");
            command.arg("-p").arg(folder).args(["-e", "stderr", "-c"]).arg(file);
            command
        })
    }

    fn caddy(api: &str, keyrack: &str) -> Proxy {
        Proxy::caddy_with(|site| {
            let (api_site, keys_site) = (site(API), site(KEYS));
            let replaced =
                [(API, &*api_site), (KEYS, &*keys_site), ("127.0.0.1:9000", api), ("127.0.0.1:8080", keyrack)];
            filled("Caddyfile", &replaced)
        })
    }

    /// Caddy with what a text says of the sites of some names.
    fn caddy_with(text: impl Fn(&dyn Fn(&str) -> String) -> String) -> Proxy {
        Proxy::start(|folder, port| {
            let text = text(&|name| format!("http://{name}:{port}"));
            let global = "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n";
            let file = write(folder, "Caddyfile", &format!("{global}{text}"));
            let mut command = Command::new("caddy");
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
            command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
            command
        })
    }

    fn traefik(api: &str, keyrack: &str) -> Proxy {
        let replaced = [
            ("http://127.0.0.1:9000", &*format!("http://{api}")),
            ("http://127.0.0.1:8080", &*format!("http://{keyrack}")),
        ];
        Proxy::traefik_with(&example("traefik/traefik.yaml"), &filled("traefik/routes.yaml", &replaced))
    }

    /// Traefik with its two files, but without TLS, and where it listens.
    fn traefik_with(main: &str, routes: &str) -> Proxy {
        Proxy::start(|folder, port| {
            let mut main = main.to_owned();
            for (from, to) in [
                ("\":443\"", format!("\"127.0.0.1:{port}\"")),
                ("\":80\"", format!("\"127.0.0.1:{}\"", free_port())),
                ("tls: {}", "# without TLS".to_owned()),
            ] {
                assert_eq!(main.matches(from).count(), 1, "{from}");
                main = main.replace(from, &to);
            }
            main += "\nglobal: { checkNewVersion: false, sendAnonymousUsage: false }\n";
            write(folder, "routes.yaml", routes);
            let file = write(folder, "traefik.yaml", &main);
            let mut command = Command::new("traefik");
            command.current_dir(folder).arg(format!("--configFile={}", file.display()));
            command
        })
    }

    /// Traefik listens before it has read its routes.
    fn until_found(&self, host: &str) {
        let started = Instant::now();
        while wire::send(&self.url, &["GET / HTTP/1.1", &format!("Host: {host}")]).0 == 404 {
            assert!(started.elapsed() < Duration::from_secs(20), "no routes: {}", self.said());
            std::thread::sleep(Duration::from_millis(10)); // another process: no clock of ours moves it
        }
    }

    fn envoy(api: &str, keyrack: &str) -> Proxy {
        let at = |address: &str| address.replacen(':', ", port_value: ", 1);
        let replaced = [
            ("address: 127.0.0.1, port_value: 9000", &*format!("address: {}", at(api))),
            ("address: 127.0.0.1, port_value: 8080", &*format!("address: {}", at(keyrack))),
        ];
        Proxy::envoy_with(&filled("envoy.yaml", &replaced))
    }

    /// Envoy with its file, but where it listens.
    fn envoy_with(text: &str) -> Proxy {
        Proxy::start(|folder, port| {
            let from = "address: 0.0.0.0, port_value: 80 ";
            assert_eq!(text.matches(from).count(), 1, "{from}");
            let file =
                write(folder, "envoy.yaml", &text.replace(from, &format!("address: 127.0.0.1, port_value: {port} ")));
            let mut command = Command::new("envoy");
            command.args(["--disable-hot-restart", "--concurrency", "1", "-c"]).arg(file);
            command
        })
    }

    /// Starts what `command` makes of a folder and a port that is free, and waits until it listens.
    fn start(command: impl Fn(&Path, u16) -> Command) -> Proxy {
        let mut said = String::new();
        for _ in 0..5 {
            match Proxy::start_at(free_port(), &command) {
                Ok(proxy) => return proxy,
                Err(why) => said = why,
            }
            assert!(said.to_lowercase().contains("address already in use"), "the proxy does not start: {said}");
        }
        panic!("no port stays free: {said}");
    }

    /// As [`start`](Proxy::start), at one port; else what it said.
    fn start_at(port: u16, command: impl Fn(&Path, u16) -> Command) -> Result<Proxy, String> {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = command(folder.path(), port);
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn();
        let child = child.unwrap_or_else(|e| panic!("{command:?}: {e}: `tests/run` installs what is missing"));
        let mut proxy = Proxy { child, url: format!("http://127.0.0.1:{port}"), folder };
        if proxy.listens(port) { Ok(proxy) } else { Err(proxy.said()) }
    }

    fn listens(&mut self, port: u16) -> bool {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10)); // another process: no clock of ours moves it
        }
        panic!("the proxy does not listen: {}", self.said());
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            logs::assert_free_of_secrets(&self.said());
        }
    }
}

/// A port that is free at this moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A file of `examples/proxies` with that replaced which it says is to be replaced, and nothing else.
#[track_caller]
fn filled(name: &str, replaced: &[(&str, &str)]) -> String {
    fill(name, &example(name), replaced)
}

#[track_caller]
fn fill(name: &str, text: &str, replaced: &[(&str, &str)]) -> String {
    let (notes, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.trim_start().starts_with('#'));
    let mut rest = rest.join("\n");
    for (from, to) in replaced {
        let is_told = notes.iter().any(|note| note.trim_start_matches(['#', ' ']).starts_with(from));
        assert!(is_told, "{name} does not say that {from} is to be replaced");
        assert!(rest.contains(from), "{name} has no {from}");
        rest = rest.replace(from, to);
    }
    rest
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/proxies").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
