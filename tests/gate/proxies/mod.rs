//! Real proxies with the very files of `examples/proxies`, between a client and a small API, with Keyrack at the gate.
//! Traefik and Envoy are no packages of Debian's: [`documented`] asks as their documentation says that they do.

mod documented;
mod doors;
mod framing;
mod haproxy;
mod largest;
mod panel;
mod refusals;
mod requests;
mod tricks;
mod upstream;
mod wiretap;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyrack::keys::catalog::file;
use tempfile::TempDir;

use crate::world::{Engine, World, logs, wire};
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

/// A test with each of the proxies that are run: `with_each_proxy!(async fn it_works(front) { … })`.
#[macro_export]
macro_rules! with_each_proxy {
    (async fn $name:ident($front:ident) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($front: $crate::gate::proxies::Front) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn nginx() {
                test($crate::gate::proxies::Front::of($crate::gate::proxies::Kind::Nginx).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn caddy() {
                test($crate::gate::proxies::Front::of($crate::gate::proxies::Kind::Caddy).await).await;
            }
        }
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Caddy,
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
            Kind::Caddy => Proxy::caddy(&api, &keyrack),
        };
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
    let text = example(name);
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
