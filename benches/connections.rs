//! What requests wait while 20,000 idle connections are open, with descriptors for all of them and with few:
//! `cargo bench --bench connections`. Each request has a connection of its own. The crowd is renewed all the time: the
//! server closes connections that never send a request after five seconds.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};

const CROWD: usize = 20_000;
const REQUESTS: usize = 4_000;
const READY: &str = "/readyz";
const SELF: &str = "/v1/keys/self";

fn main() {
    // For the crowd's side. Above the hard limit only root may raise it.
    let limit = CROWD as u64 + 1_000;
    setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum: Some(limit) })
        .expect("this needs 21,000 open files: raise the hard limit, or run it as root");
    println!("| open files | idle connections | p50, ms | p99, ms | longest, ms | failed |\n|---|---|---|---|---|---|");
    for files in [2 * limit, 1_024] {
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
    renewed_a_second: usize,
}

impl Crowd {
    const ASKED_ONCE: Crowd = Crowd { name: "20,000 that sent one request", asks: true, renewed_a_second: 257 };
    const SILENT: Crowd = Crowd { name: "20,000 that send nothing", asks: false, renewed_a_second: 257 };
    const ATTACK: Crowd = Crowd { name: "20,000 that send nothing, renewed", asks: false, renewed_a_second: 4_000 };

    fn gather(self, host: &str) -> Gathered {
        let open = move |host: &str| {
            let mut connection = TcpStream::connect(host).ok()?;
            if self.asks {
                let _ = write!(connection, "GET {READY} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            }
            Some(connection)
        };
        let (ended, opened, host) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), host.to_owned());
        let (end, count) = (ended.clone(), opened.clone());
        let thread = std::thread::spawn(move || {
            let mut all: Vec<_> = Vec::with_capacity(CROWD);
            while all.len() < CROWD {
                all.push(open(&host));
                count.fetch_add(1, Ordering::Relaxed);
            }
            for at in (0..CROWD).cycle() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                all[at] = open(&host);
                std::thread::sleep(Duration::from_secs(1) / self.renewed_a_second as u32); // the load's pace
            }
        });
        while opened.load(Ordering::Relaxed) < CROWD {
            std::thread::yield_now();
        }
        Gathered { ended, thread: Some(thread) }
    }
}

struct Gathered {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Gathered {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
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
