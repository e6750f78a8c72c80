//! What requests wait while 20,000 idle connections are open, with descriptors for all of them and with few:
//! `cargo bench --bench connections`. Each request has a connection of its own. The crowd is renewed all the time: the
//! server closes connections that never send a request after five seconds.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const CROWD: usize = 20_000;
const PARTS: usize = 2;
const REQUESTS: usize = 4_000;
const READY: &str = "/readyz";
const SELF: &str = "/v1/keys/self";

fn main() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|text| text != "--bench").collect();
    if let [mode, host, asks, renewed_a_second] = arguments.as_slice()
        && mode == "crowd"
    {
        return Crowd::stay(host, asks == "true", renewed_a_second.parse().unwrap());
    }
    println!("| open files | idle connections | p50, ms | p99, ms | longest, ms | failed |\n|---|---|---|---|---|---|");
    for files in [maximum.unwrap_or(u64::MAX).min(3 * CROWD as u64), 1_024] {
        for crowd in [None, Some(Crowd::ASKED_ONCE), Some(Crowd::SILENT), Some(Crowd::ATTACK)] {
            let server = Server::start(files);
            let crowd = crowd.map(|kind| (kind.name, kind.gather(&server.host)));
            let (mut waits, failed) = requests(&server.host);
            waits.sort();
            let ms = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
            let name = crowd.as_ref().map_or("none", |(name, _)| name);
            println!("| {files} | {name} | {:.2} | {:.2} | {:.1} | {failed} |", ms(0.5), ms(0.99), ms(1.0));
        }
    }
}

struct Server {
    child: Child,
    host: String,
}

impl Server {
    fn start(files: u64) -> Server {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap().keep();
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={files}")).args([env!("CARGO_BIN_EXE_keyrack"), "demo", "--bind", "127.0.0.1:0"]);
        let mut child = command.current_dir(&folder).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let host = said.lines().map_while(Result::ok);
        let host = host.into_iter().find_map(|line| line.strip_prefix("Keyrack is at http://").map(str::to_owned));
        std::fs::remove_dir_all(folder).unwrap();
        let server = Server { child, host: host.expect("the server starts") };
        while status(&server.host, READY) != Some(200) {}
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Idle connections from one client.
#[derive(Clone, Copy)]
struct Crowd {
    name: &'static str,
    /// Whether each sends a request first.
    asks: bool,
    renewed_a_second: u32,
}

impl Crowd {
    const ASKED_ONCE: Crowd = Crowd { name: "20,000 that sent one request", asks: true, renewed_a_second: 257 };
    const SILENT: Crowd = Crowd { name: "20,000 that send nothing", asks: false, renewed_a_second: 257 };
    const ATTACK: Crowd = Crowd { name: "20,000 that send nothing, renewed", asks: false, renewed_a_second: 4_000 };

    /// Opens the crowd from two processes, since one may not have enough files.
    fn gather(self, host: &str) -> Gathered {
        let program = std::env::current_exe().unwrap();
        let start = |_| {
            let mut command = Command::new(&program);
            command.args(["crowd", host, &self.asks.to_string(), &self.renewed_a_second.to_string()]);
            command.stdout(Stdio::piped()).spawn().unwrap()
        };
        let mut children: Vec<Child> = (0..PARTS).map(start).collect();
        for child in &mut children {
            child.stdout.as_mut().unwrap().read_exact(&mut [0]).expect("the crowd is there");
        }
        Gathered(children)
    }

    /// Opens its part, says so, and renews it until it is killed.
    fn stay(host: &str, asks: bool, renewed_a_second: u32) {
        let open = || {
            let mut connection = TcpStream::connect(host).ok()?;
            if asks {
                let _ = write!(connection, "GET {READY} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            }
            Some(connection)
        };
        let mut all: Vec<_> = (0..CROWD / PARTS).map(|_| open()).collect();
        println!("there");
        for at in (0..all.len()).cycle() {
            all[at] = open();
            std::thread::sleep(Duration::from_secs(1) * PARTS as u32 / renewed_a_second); // the load's pace
        }
    }
}

struct Gathered(Vec<Child>);

impl Drop for Gathered {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn requests(host: &str) -> (Vec<Duration>, usize) {
    let (mut waits, mut failed) = (Vec::new(), 0);
    for at in 0..REQUESTS {
        let (path, expected) = if at % 2 == 0 { (READY, 200) } else { (SELF, 401) };
        let begun = Instant::now();
        failed += usize::from(status(host, path) != Some(expected));
        waits.push(begun.elapsed());
    }
    (waits, failed)
}

fn status(host: &str, path: &str) -> Option<u16> {
    let mut connection = TcpStream::connect(host).ok()?;
    connection.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    write!(connection, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
    let mut response = String::new();
    connection.read_to_string(&mut response).ok()?;
    response.split(' ').nth(1)?.parse().ok()
}
