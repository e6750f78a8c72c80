//! A machine at a door: one kept connection, and what it is told. Written by hand, because a hundred
//! thousand questions are to take little of the time of those that are asked.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::record::Told;
use crate::world::keys::SELF;

/// Longer than any instance is held up here: its late answers are heard, too.
pub const PATIENCE: Duration = Duration::from_secs(12);

#[derive(Default)]
pub struct Door {
    /// The address that it leads to, and the connection there.
    open: Option<(String, TcpStream)>,
}

impl Door {
    /// Asks whether a key is good.
    pub async fn verify(&mut self, url: &str, secret: &str) -> Told {
        match self.ask(url, "GET", secret).await {
            Some((200, _)) => Told::Yes,
            Some((401, _)) => Told::Refused,
            // 408: it stood still for longer than it waits for a request's head, and now says so.
            Some((503 | 408, _)) => Told::NotNow,
            Some((status, _)) => Told::Odd(status),
            None => Told::Nothing,
        }
    }

    /// Lets a key revoke itself. One that is revoked has been told so: that is the same promise.
    pub async fn revoke(&mut self, url: &str, secret: &str) -> Told {
        match self.ask(url, "DELETE", secret).await {
            Some((204, _)) => Told::Yes,
            Some((401, body)) if body.contains("\"REVOKED\"") => Told::Yes,
            Some((401, _)) => Told::Refused,
            Some((503 | 408, _)) => Told::NotNow,
            Some((status, _)) => Told::Odd(status),
            None => Told::Nothing,
        }
    }

    async fn ask(&mut self, url: &str, method: &str, secret: &str) -> Option<(u16, String)> {
        let open = self.open.take().filter(|(to, _)| to == url);
        let host = url.trim_start_matches("http://");
        let request = format!("{method} {SELF} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n\r\n");
        let asked = async {
            let mut stream = match open {
                Some((_, stream)) => stream,
                None => TcpStream::connect(host).await.ok()?,
            };
            stream.set_nodelay(true).ok()?;
            stream.write_all(request.as_bytes()).await.ok()?;
            let answer = answer(&mut stream).await?;
            Some((stream, answer))
        };
        let (stream, answer) = tokio::time::timeout(PATIENCE, asked).await.ok()??;
        self.open = Some((url.to_owned(), stream));
        Some(answer)
    }
}

/// Reads one answer whole: its status and its body.
async fn answer(stream: &mut TcpStream) -> Option<(u16, String)> {
    let (mut read, mut piece) = (Vec::new(), [0; 2_048]);
    loop {
        let text = String::from_utf8_lossy(&read);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let status = head.split(' ').nth(1)?.parse().ok()?;
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Some((status, body.to_owned()));
            }
        }
        match stream.read(&mut piece).await {
            Ok(length @ 1..) => read.extend_from_slice(&piece[..length]),
            _ => return None,
        }
    }
}
