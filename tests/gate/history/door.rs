//! A machine at a door: one kept connection, and what it is told. Written by hand, because a hundred
//! thousand questions are to take little of the time of those that are asked.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::question::{Answer, Question};
use super::record::{Tells, Told};
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
    pub async fn verify(&mut self, url: &str, secret: &str, question: Question) -> (Told, Tells) {
        match self.ask(url, |host| question.request(host, secret)).await {
            Some(answer) => question.read(&answer),
            None => (Told::Nothing, Tells::default()),
        }
    }

    /// Lets a key revoke itself. One that is revoked has been told so: that is the same promise.
    pub async fn revoke(&mut self, url: &str, secret: &str) -> Told {
        let request =
            |host: &str| format!("DELETE {SELF} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n\r\n");
        match self.ask(url, request).await {
            Some(Answer { status: 204, .. }) => Told::Yes,
            Some(Answer { status: 401, body, .. }) if body.contains("\"REVOKED\"") => Told::Yes,
            Some(Answer { status: 401, .. }) => Told::Refused,
            Some(Answer { status: 503 | 408, .. }) => Told::NotNow,
            Some(Answer { status, .. }) => Told::Odd(status),
            None => Told::Nothing,
        }
    }

    async fn ask(&mut self, url: &str, request: impl FnOnce(&str) -> String) -> Option<Answer> {
        let open = self.open.take().filter(|(to, _)| to == url);
        let host = url.trim_start_matches("http://");
        let request = request(host);
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

/// Reads one answer whole.
async fn answer(stream: &mut TcpStream) -> Option<Answer> {
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
                return Some(Answer { status, head: head.to_owned(), body: body.to_owned() });
            }
        }
        match stream.read(&mut piece).await {
            Ok(length @ 1..) => read.extend_from_slice(&piece[..length]),
            _ => return None,
        }
    }
}
