//! HAProxy as load balancer before two instances of the program on one Postgres.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use keyrack::keys::address;

use super::doors::{WRITTEN, assert_closed};
use super::{IDENTITY, Proxy, bearer, filled, write};
use crate::world::program::{Place, Serving};
use crate::world::{Engine, PASSWORD, Person, logs, wire};

/// Two instances, each with its own address, and HAProxy before them.
pub struct Pair {
    haproxy: Proxy,
    one: Option<Serving>,
    two: Option<Serving>,
    /// Where proxies and services ask.
    pub gate: String,
    /// Keys of the demo.
    secrets: Vec<String>,
    _place: Place,
}

impl Pair {
    fn start() -> Pair {
        Pair::start_with(&[])
    }

    /// With more settings for both instances.
    pub fn start_with(more: &[&str]) -> Pair {
        let place = Place::on(Engine::Postgres);
        let [public, gate, one, two] = free_ports();
        let secrets = place.folder.path().join("secrets");
        let (url, file) = (format!("http://127.0.0.1:{public}"), secrets.display().to_string());
        logs::remember(PASSWORD);
        let serve = |command: &[&str], port: u16| {
            let bind = format!("127.0.0.1:{port}");
            let settings =
                ["--database-url", &place.url, "--bind", &bind, "--public-url", &url, "--trusted-proxies", "127.0.0.1"];
            Serving::start(place.folder.path(), &[command, &settings, more].concat())
        };
        let first = serve(&["demo", "--password", PASSWORD, "--keys", "8", "--secrets", &file], one);
        let second = serve(&["serve"], two);
        let secrets: Vec<String> = std::fs::read_to_string(secrets).unwrap().lines().map(str::to_owned).collect();
        secrets.iter().for_each(|secret| logs::remember(secret));
        let haproxy = Proxy::haproxy(public, gate, [one, two]);
        let gate = format!("http://127.0.0.1:{gate}");
        let pair = Pair { haproxy, one: Some(first), two: Some(second), gate, secrets, _place: place };
        // It takes requests a moment before it can be asked about them.
        pair.until(|pair| pair.socket().exists());
        pair.until(|pair| pair.servers().iter().all(|server| server.is_ready));
        pair
    }

    fn socket(&self) -> PathBuf {
        self.haproxy.folder.path().join("socket")
    }

    fn until(&self, condition: impl Fn(&Pair) -> bool) {
        let started = Instant::now();
        while !condition(self) {
            assert!(started.elapsed() < Duration::from_secs(20), "{:?} {}", self.servers(), self.haproxy.said());
            std::thread::sleep(Duration::from_millis(20)); // another process: no clock of ours moves it
        }
    }

    /// What HAProxy says of the two.
    fn servers(&self) -> [Server; 2] {
        let mut socket = UnixStream::connect(self.socket()).unwrap();
        socket.write_all(b"show stat\n").unwrap();
        let mut told = String::new();
        socket.read_to_string(&mut told).unwrap();
        let mut lines = told.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let names = lines.next().unwrap();
        let column = |name: &str| names.iter().position(|known| known.trim_start_matches("# ") == name).unwrap();
        let lines: Vec<Vec<&str>> = lines.collect();
        ["one", "two"].map(|name| {
            let line = lines.iter().find(|line| line.len() > 1 && line[1] == name).unwrap();
            let is_ready = line[column("status")] == "UP" && line[column("check_status")] == "L7OK";
            Server { is_ready, requests: line[column("hrsp_2xx")].parse().unwrap() }
        })
    }

    fn knock(&self, secret: &str) -> u16 {
        wire::send(&self.haproxy.url, &["GET /v1/keys/self HTTP/1.1", "Host: x", &bearer(secret)]).0
    }

    pub async fn olga(&self) -> Person {
        let mut olga = Person::new(&self.haproxy.url);
        let form = olga.get("/login").await.form("/login");
        let answer = olga.submit(&form.with("email", "olga@northwind.example").with("password", PASSWORD)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        olga
    }
}

#[derive(Debug)]
struct Server {
    /// Whether it gets requests, after its health was asked.
    is_ready: bool,
    /// How many it answered with success.
    requests: u64,
}

fn free_ports() -> [u16; 4] {
    let listeners = [(); 4].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

impl Proxy {
    fn haproxy(public: u16, gate: u16, instances: [u16; 2]) -> Proxy {
        let started = Proxy::start_at(public, |folder, public| {
            let at = |port: u16| format!("127.0.0.1:{port}");
            let (public, gate, [one, two]) = (at(public), at(gate), instances.map(at));
            let replaced =
                [("*:80", &*public), ("127.0.0.1:8090", &gate), ("127.0.0.1:8081", &one), ("127.0.0.1:8082", &two)];
            let asked = format!("\nglobal\n    stats socket {}/socket\n", folder.display());
            let file = write(folder, "haproxy.cfg", &[filled("haproxy.cfg", &replaced), asked].concat());
            let mut command = Command::new("haproxy");
            command.args(["-db", "-f"]).arg(file);
            command
        });
        started.unwrap_or_else(|said| panic!("HAProxy does not start: {said}"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_instances_answer_and_a_session_holds_at_both() {
    let pair = Pair::start();
    for _ in 0..20 {
        assert_eq!(pair.knock(&pair.secrets[0]), 200);
    }
    let mut olga = pair.olga().await;
    for _ in 0..6 {
        assert_eq!(olga.get(address::LIST).await.status, 200);
    }
    let requests = pair.servers().map(|server| server.requests);
    assert!(requests.iter().all(|requests| *requests >= 10), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_was_revoked_at_one_instance_is_refused_by_both_at_once() {
    let pair = Pair::start();
    let mut olga = pair.olga().await;
    for _ in 0..6 {
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        assert_eq!([(); 4].map(|()| pair.knock(&secret)), [200; 4], "at once after it was made");
        assert!(olga.revoke(&id).await.status < 400);
        assert_eq!([(); 4].map(|()| pair.knock(&secret)), [401; 4], "at once after the answer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_an_instance_dies_no_question_goes_unanswered() {
    let mut pair = Pair::start();
    pair.two.as_ref().unwrap().signal("KILL");
    for secret in pair.secrets.iter().cycle().take(40) {
        assert_eq!(pair.knock(secret), 200);
    }
    pair.two.take();
    pair.until(|pair| !pair.servers()[1].is_ready);
    assert_eq!(pair.knock(&pair.secrets[0]), 200);
    // Without any, nobody says yes.
    pair.one.take();
    assert_eq!(pair.knock(&pair.secrets[0]), 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doors_are_closed_from_outside_and_open_inside() {
    let pair = Pair::start();
    let bearer = bearer(&pair.secrets[0]);
    let told = ["Host: x", "X-Original-Method: GET", "X-Original-URI: /v2/shifts", &bearer, "Content-Length: 0"];
    for target in WRITTEN {
        for method in ["GET", "POST"] {
            let line = format!("{method} {target} HTTP/1.1");
            let lines: Vec<&str> = [line.as_str()].into_iter().chain(told).collect();
            assert_closed(target, wire::send(&pair.haproxy.url, &lines));
        }
    }
    let lines: Vec<&str> = ["GET /auth/nginx?require=shifts:read HTTP/1.1"].into_iter().chain(told).collect();
    let (status, head, _) = wire::send(&pair.gate, &lines);
    let head = head.to_lowercase();
    assert!(status == 200 && IDENTITY.iter().all(|name| head.contains(&name.to_lowercase())), "{head}");
}
