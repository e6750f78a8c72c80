//! Requests that no HTTP client would send, written byte by byte.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends the lines of a request, one CRLF after each and one at the end, and reads until the server
/// hangs up: status, head, body.
pub fn send(url: &str, lines: &[&str]) -> (u16, String, String) {
    exchange(url, &format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n")))
}

/// As [`send`], with a body behind the lines.
pub fn send_body(url: &str, lines: &[&str], body: &str) -> (u16, String, String) {
    exchange(url, &format!("{}\r\nConnection: close\r\n\r\n{body}", lines.join("\r\n")))
}

fn exchange(url: &str, text: &str) -> (u16, String, String) {
    let mut wire = TcpStream::connect(url.trim_start_matches("http://")).expect("the server listens");
    wire.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    wire.write_all(text.as_bytes()).unwrap();
    let mut answer = Vec::new();
    wire.read_to_end(&mut answer).expect("the server answers and hangs up");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, head.to_owned(), body.to_owned())
}

/// Begins a request, says no more, and tells how long it took until the server hung up, and its last words.
pub fn dawdle(url: &str, beginning: &str) -> (Duration, String) {
    let started = std::time::Instant::now();
    let mut wire = TcpStream::connect(url.trim_start_matches("http://")).expect("the server listens");
    wire.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    wire.write_all(beginning.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = wire.read_to_end(&mut answer);
    (started.elapsed(), String::from_utf8_lossy(&answer).into_owned())
}

/// Sends any bytes and reads what comes until the server hangs up: status and all of it. 0 and nothing, where it hung up
/// before it had read them: then its answer may be lost on the way.
pub fn send_bytes(url: &str, bytes: &[u8]) -> (u16, String) {
    let mut wire = TcpStream::connect(url.trim_start_matches("http://")).expect("the server listens");
    wire.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let _ = wire.write_all(bytes);
    // Says that no more will come, so that a request that is cut short ends too.
    let _ = wire.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = wire.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer)
}
