//! A small API of the tests' own behind a proxy: it takes what it gets, byte by byte, and says "Hello".

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Got {
    /// `GET /v2/orders?all=1 HTTP/1.1`
    pub line: String,
    /// Names as they were written, and values.
    pub headers: Vec<(String, String)>,
    /// How many bytes the body had.
    pub body: usize,
}

impl Got {
    /// The target, as it was written.
    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }

    /// All values under a name, however software of the web's reads it: in any case, and with anything between letters
    /// taken for a dash.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let fold = |name: &str| -> String {
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
        };
        self.headers.iter().filter(|(known, _)| fold(known) == fold(name)).map(|(_, value)| value.as_str()).collect()
    }

    /// The value under a name; empty if there is none, or an empty one.
    #[track_caller]
    pub fn one(&self, name: &str) -> &str {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name} comes {} times: {all:?}", all.len());
        all.first().copied().unwrap_or_default()
    }
}

/// The API. It listens until the tests end.
pub struct Upstream {
    pub address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    answer: Arc<Mutex<&'static str>>,
}

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello";

impl Upstream {
    pub fn start() -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = Upstream {
            address: listener.local_addr().unwrap(),
            got: Arc::default(),
            answer: Arc::new(Mutex::new(HELLO)),
        };
        let (got, answer) = (upstream.got.clone(), upstream.answer.clone());
        std::thread::spawn(move || {
            for wire in listener.incoming() {
                let (got, answer) = (got.clone(), answer.clone());
                std::thread::spawn(move || serve(wire.unwrap(), &got, &answer));
            }
        });
        upstream
    }

    /// From now on this is answered.
    pub fn answer(&self, answer: &'static str) {
        *self.answer.lock().unwrap() = answer;
    }

    /// What came since this was asked last.
    pub fn take(&self) -> Vec<Got> {
        std::mem::take(&mut self.got.lock().unwrap())
    }
}

fn serve(wire: TcpStream, got: &Mutex<Vec<Got>>, answer: &Mutex<&'static str>) {
    wire.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answers = wire.try_clone().unwrap();
    let mut reader = BufReader::new(wire);
    while let Some(request) = read(&mut reader) {
        got.lock().unwrap().push(request);
        if answers.write_all(answer.lock().unwrap().as_bytes()).is_err() {
            return;
        }
    }
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes).ok().filter(|read| *read > 0)?;
    Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned())
}

fn read(reader: &mut impl BufRead) -> Option<Got> {
    let mut got = Got { line: line(reader)?, headers: Vec::new(), body: 0 };
    headers(reader, &mut got)?;
    if got.all("transfer-encoding").contains(&"chunked") {
        loop {
            let length = usize::from_str_radix(line(reader)?.trim(), 16).expect("a chunk's length");
            if length == 0 {
                break;
            }
            got.body += skip(reader, length)?;
            line(reader)?;
        }
        // Behind the last chunk, too, headers may stand.
        headers(reader, &mut got)?;
    } else if let Some(length) = got.all("content-length").first().map(|length| length.parse().unwrap()) {
        got.body = skip(reader, length)?;
    }
    Some(got)
}

fn headers(reader: &mut impl BufRead, got: &mut Got) -> Option<()> {
    while let Some((name, value)) = line(reader)?.split_once(':') {
        got.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Some(())
}

fn skip(reader: &mut impl Read, bytes: usize) -> Option<usize> {
    let skipped = std::io::copy(&mut reader.take(bytes as u64), &mut std::io::sink()).ok()?;
    (skipped == bytes as u64).then_some(bytes)
}
