//! The servers that are compared: the real program, and the least that actix can do.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

pub struct Server {
    child: Child,
    pub url: String,
    pub answered_ms: u128,
    pub ready_ms: u128,
}

/// The yardstick: looks whether a key was sent, and answers a few bytes.
pub fn serve_bare(port: u16) {
    async fn answer(request: HttpRequest) -> HttpResponse {
        match request.headers().get(header::AUTHORIZATION) {
            Some(_) => HttpResponse::Ok().content_type("application/json").body(r#"{"valid":true,"id":1234,"team":1}"#),
            None => HttpResponse::Unauthorized().finish(),
        }
    }
    let server = HttpServer::new(|| App::new().route("/verify", web::get().to(answer))).workers(1);
    let bound = server.bind(("127.0.0.1", port)).unwrap();
    println!("Keyrack is at http://{}", bound.addrs()[0]);
    actix_web::rt::System::new().block_on(bound.run()).unwrap();
}

impl Server {
    pub fn bare() -> Server {
        Server::start(
            Command::new("taskset").args(["-c", "0"]).arg(std::env::current_exe().unwrap()).args(["bare", "0"]),
            "/verify",
        )
    }

    pub fn keyrack(database: &Path) -> Server {
        Server::start(&mut Server::command(database), "/readyz")
    }

    pub fn with_catalog(database: &Path, catalog: &Path) -> Server {
        Server::start(Server::command(database).arg("--catalog").arg(catalog), "/readyz")
    }

    fn command(database: &Path) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", "0", env!("CARGO_BIN_EXE_keyrack"), "--bind", "127.0.0.1:0", "--workers", "1"]);
        command.args(["--database-url", &format!("sqlite://{}", database.display())]);
        command
    }

    /// One of several on a Postgres, wherever there is a core.
    pub fn shared(url: &str) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyrack"));
        command.args(["--bind", "127.0.0.1:0", "--workers", "1", "--database-url", url]);
        Server::start(&mut command, "/readyz")
    }

    /// Without a key: what is resident in any case.
    pub fn empty(folder: &Path) -> Server {
        Server::keyrack(&folder.join("empty.db"))
    }

    fn start(command: &mut Command, ready: &str) -> Server {
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let url =
            said.lines().map_while(Result::ok).find_map(|line| line.strip_prefix("Keyrack is at ").map(str::to_owned));
        let mut server = Server { child, url: url.expect("the server starts"), answered_ms: 0, ready_ms: 0 };
        server.status("/healthz");
        server.answered_ms = started.elapsed().as_millis();
        while server.status(ready) == 503 {}
        server.ready_ms = started.elapsed().as_millis();
        server
    }

    fn status(&self, path: &str) -> u16 {
        self.request("GET", path, "")
    }

    /// The status that a request with a key is answered.
    pub fn ask(&self, method: &str, path: &str, key: &str) -> u16 {
        self.request(method, path, &format!("Authorization: Bearer {key}\r\n"))
    }

    fn request(&self, method: &str, path: &str, headers: &str) -> u16 {
        let host = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Of all its threads, as the kernel's scheduler counts it.
    pub fn cpu_ns(&self) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let one = |path: &Path| fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        tasks.map(|task| one(&task.unwrap().path()).split(' ').next().map_or(0, |ns| ns.parse().unwrap_or(0))).sum()
    }

    pub fn resident_bytes(&self) -> u64 {
        let told = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = told.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
