//! What clients' connections get: room for those that are in use, however many idle ones there are.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::world::installed;
use crate::world::program::{PROGRAM, Serving, bare};

const SELF: &str = "GET /v1/keys/self HTTP/1.1\r\nHost: keyrack\r\n\r\n";
const READY: &str = "GET /readyz HTTP/1.1\r\nHost: keyrack\r\n\r\n";
const OPENAPI: &str = "GET /openapi.json HTTP/1.1\r\nHost: keyrack\r\n\r\n";

/// A server of two workers that may open `soft` files, and raise that to `hard`.
fn with_file_limit(folder: &Path, soft: u32, hard: u32) -> Serving {
    let mut command = bare("prlimit", folder);
    command.arg(format!("--nofile={soft}:{hard}")).args([PROGRAM, "--bind", "127.0.0.1:0", "--workers", "2"]);
    Serving::of(command)
}

fn connect(server: &Serving) -> TcpStream {
    let connection = TcpStream::connect(server.url.trim_start_matches("http://")).expect("the server listens");
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    connection
}

/// Sends a request and reads the status of its response, on a connection that stays open.
fn status(connection: &mut TcpStream, request: &str) -> u16 {
    connection.write_all(request.as_bytes()).expect("the connection is open");
    let mut response = Vec::new();
    let mut byte = [0];
    while !response.ends_with(b"\r\n\r\n") {
        assert_eq!(connection.read(&mut byte).expect("a response"), 1, "the server closed the connection");
        response.push(byte[0]);
    }
    let head = String::from_utf8(response).expect("a plain head");
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    connection.read_exact(&mut vec![0; length.unwrap_or(0)]).expect("the body");
    head[9..12].parse().expect("a status")
}

/// What the server sends until it closes the connection.
fn rest(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = connection.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn silent_connections_make_room_for_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_file_limit(folder.path(), 256, 256);
    let mut silent: Vec<TcpStream> = (0..600).map(|_| connect(&server)).collect();
    for _ in 0..50 {
        assert_eq!(status(&mut connect(&server), SELF), 401);
        assert_eq!(status(&mut connect(&server), READY), 200);
    }
    assert_eq!(rest(&mut silent[0]), "", "the oldest was closed for a newer one, not for being slow (408)");
    assert_eq!(status(silent.last_mut().unwrap(), READY), 200, "the newest still works");
    let log = server.stop().err;
    assert!(!log.contains("Too many open files"), "{log}");
}

/// Each asks for more than fits into the buffers between, and reads nothing.
#[test]
fn clients_that_read_no_response_make_room_for_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_file_limit(folder.path(), 128, 128);
    let requests = OPENAPI.repeat(400);
    let mut stalled: Vec<TcpStream> = (0..80).map(|_| connect(&server)).collect();
    for connection in &mut stalled {
        let _ = connection.write_all(requests.as_bytes()); // it may be closed already
    }
    for _ in 0..50 {
        assert_eq!(status(&mut connect(&server), SELF), 401);
        assert_eq!(status(&mut connect(&server), READY), 200);
    }
    let log = server.stop().err;
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn a_connection_in_use_stays_open_among_silent_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_file_limit(folder.path(), 256, 256);
    let mut proxy = connect(&server);
    let mut silent = Vec::new();
    for _ in 0..60 {
        assert_eq!(status(&mut proxy, SELF), 401);
        silent.extend((0..10).map(|_| connect(&server)));
        // Connections are accepted in order: when this one is answered, none of the ten waits any more.
        assert_eq!(status(&mut connect(&server), READY), 200);
    }
    assert_eq!(status(&mut proxy, READY), 200);
}

#[test]
fn the_soft_limit_on_open_files_is_raised_and_logged() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_file_limit(folder.path(), 256, 4_096);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("the limit on open files");
    assert_eq!(files.split_whitespace().skip(3).collect::<Vec<_>>(), ["4096", "4096", "files"]);
    let log = server.stop().err;
    assert!(log.contains("soft_limit=256 limit=4096"), "{log}");
}

/// A connection that is closed while its client still sends is reset, and the response may be lost.
#[test]
fn a_client_that_goes_on_sending_after_a_refusal_is_not_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_file_limit(folder.path(), 256, 256);
    for path in ["/v1/keys/verify", "/login"] {
        let mut connection = connect(&server);
        let head = format!("POST {path} HTTP/1.1\r\nHost: keyrack\r\nContent-Length: 100000\r\n\r\n");
        let refused = status(&mut connection, &format!("{head}{}", "a".repeat(20_000)));
        assert!((400..500).contains(&refused), "{path}: {refused}");
        for _ in 0..8 {
            connection.write_all(&[b'a'; 10_000]).expect("the rest of the body is read, and discarded");
        }
        connection.shutdown(Shutdown::Write).unwrap();
        assert_eq!(connection.read(&mut [0]).expect("it is not reset"), 0);
    }
}

/// Proxies keep their connections for 60 seconds (nginx): the server's own limit is longer.
#[test]
fn an_idle_connection_stays_open_for_75_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let clock = folder.path().join("clock");
    let set_clock = |seconds: u32| fs::write(&clock, format!("+{seconds}s")).unwrap();
    set_clock(0);
    let mut command = bare(PROGRAM, folder.path());
    command.args(["--bind", "127.0.0.1:0", "--workers", "1"]);
    command.env("LD_PRELOAD", installed::faketime()).env("FAKETIME_TIMESTAMP_FILE", &clock);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "0");
    let server = Serving::of(command);
    // A worker reads its clock twice a second. Until it has, a new connection is taken for a slow one (408).
    let move_clock = |seconds| {
        set_clock(seconds);
        assert!((0..100_000).any(|_| status(&mut connect(&server), READY) == 200));
    };
    let mut idle = connect(&server);
    assert_eq!(status(&mut idle, READY), 200);
    move_clock(70);
    assert_eq!(status(&mut idle, READY), 200, "after 70 seconds it is open");
    move_clock(150);
    assert_eq!(rest(&mut idle), "", "after 80 seconds it is closed");
}
