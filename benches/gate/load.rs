//! One round of `wrk` against one server.

use std::path::Path;
use std::process::Command;

use crate::server::Server;

pub struct Load<'a> {
    pub keys: &'a Path,
    /// Which of how many parts of them this round brings.
    pub part: (usize, usize),
    pub pipelined: usize,
    /// The number of paths that the requests name; 0: they name none.
    pub targets: usize,
    /// What every answer must be.
    pub status: u16,
}

pub struct Round {
    pub cpu_us: f64,
    pub per_second: f64,
    /// Answers of another status, and requests without any.
    pub unexpected: u64,
}

impl Load<'_> {
    pub fn run(&self, server: &Server, path: &str, seconds: u32) -> Round {
        let before = server.cpu_ns();
        let ran = Command::new("taskset")
            .args(["-c", "1", "wrk", "-t1", "-c64", &format!("-d{seconds}s"), "-s"])
            .arg(crate::script())
            .arg(format!("{}{path}", server.url))
            .env("KEYS", self.keys)
            .env("PART", self.part.0.to_string())
            .env("PARTS", self.part.1.to_string())
            .env("PIPELINED", self.pipelined.to_string())
            .env("TARGETS", self.targets.to_string())
            .output()
            .expect("wrk and taskset are installed");
        let cpu = server.cpu_ns() - before;
        let told = String::from_utf8_lossy(&ran.stderr);
        let line = told.lines().find_map(|line| line.strip_prefix("ROUND ")).unwrap_or_else(|| panic!("{told}"));
        let figures: Vec<f64> = line.split(' ').map(|figure| figure.parse().unwrap()).collect();
        let [requests, seconds, refused, lost] = figures[..] else { panic!("{line}") };
        // wrk counts every answer of 400 and more.
        let unexpected = if self.status < 400 { refused } else { requests - refused };
        Round {
            cpu_us: cpu as f64 / 1e3 / requests,
            per_second: requests / seconds,
            unexpected: (unexpected + lost) as u64,
        }
    }
}
