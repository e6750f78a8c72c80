//! How it is asked about a key at each of the doors, and what an answer tells.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::record::{Edition, Tells, Told, Word};
use crate::world::keys::SELF;

/// The network that bound keys are held to, an address in it, and one that is not.
pub const NETWORK: &str = "198.51.100.0/24";
const INSIDE: &str = "198.51.100.7";
const OUTSIDE: &str = "192.0.2.7";

/// A door at which a key is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// The key asks about itself. This door judges by no address.
    OwnKey,
    /// A program asks.
    Program,
    /// A program asks as OAuth's do. Of a key that is not good it is told nothing.
    Introspection,
    /// nginx asks.
    Nginx,
}

impl Entrance {
    pub const ALL: [Entrance; 4] = [Entrance::OwnKey, Entrance::Program, Entrance::Introspection, Entrance::Nginx];
}

/// What is asked about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    pub at: Entrance,
    /// Whether the request that brought the key comes from outside of the network that bound keys are held to.
    pub is_from_outside: bool,
}

/// An answer as it came.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Question {
    /// The one that a key asks.
    pub const OWN: Question = Question { at: Entrance::OwnKey, is_from_outside: true };

    /// Whether a bound key is refused.
    pub fn refuses_bound(self) -> bool {
        self.is_from_outside && self.at != Entrance::OwnKey
    }

    /// The bytes that ask it of a host.
    pub fn request(self, host: &str, secret: &str) -> String {
        let address = if self.is_from_outside { OUTSIDE } else { INSIDE };
        let get = |target: &str, headers: &str| {
            format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n{headers}\r\n")
        };
        let post = |target: &str, media: &str, body: String| {
            let length = body.len();
            let head = format!("POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {media}");
            format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}")
        };
        match self.at {
            Entrance::OwnKey => get(SELF, ""),
            Entrance::Program => {
                let body =
                    format!("{{\"key\":\"{secret}\",\"permissions\":[\"shifts:read\"],\"address\":\"{address}\"}}");
                post("/v1/keys/verify", "application/json", body)
            }
            Entrance::Introspection => {
                let body = format!("token={secret}&address={address}");
                post("/v1/introspect", "application/x-www-form-urlencoded", body)
            }
            Entrance::Nginx => {
                let told = format!("X-Original-Method: GET\r\nX-Original-URI: /v2/shifts\r\nX-Real-IP: {address}\r\n");
                get("/auth/nginx?require=shifts:read", &told)
            }
        }
    }

    /// What an answer tells.
    pub fn read(self, answer: &Answer) -> (Told, Tells) {
        let odd = (Told::Odd(answer.status), Tells::default());
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let edition = |name: &Value| name.as_str().and_then(Edition::of_name);
        // What a good key is called is told at each of the doors.
        let good = |name: &Value| match edition(name) {
            Some(edition) => (Told::Yes, Tells { word: None, edition: Some(edition) }),
            None => odd,
        };
        let refused = |name: &Value| match body["code"].as_str().and_then(Word::parse) {
            Some(word) => (Told::Refused, Tells { word: Some(word), edition: edition(name) }),
            None => odd,
        };
        match (self.at, answer.status) {
            // 408: it stood still for longer than it waits for a request's head, and now says so.
            (_, 503 | 408) => (Told::NotNow, Tells::default()),
            (Entrance::OwnKey, 200) => good(&body["name"]),
            (Entrance::Introspection, 200) if body["active"] == true => good(&body["name"]),
            (Entrance::Introspection, 200) if body["active"] == false => (Told::Refused, Tells::default()),
            (Entrance::Program, 200) if body["valid"] == true => good(&body["key"]["name"]),
            (Entrance::Program, 200) if body["valid"] == false => refused(&body["key"]["name"]),
            (Entrance::Nginx, 200) => good(&Value::from(header(&answer.head, "x-key-name"))),
            (Entrance::OwnKey | Entrance::Nginx, 401) | (Entrance::Nginx, 403) => match refused(&Value::Null) {
                // 403: the key is good. 401: it is not.
                (_, tells) if (tells.word == Some(Word::AddressNotAllowed)) != (answer.status == 403) => odd,
                told => told,
            },
            _ => odd,
        }
    }
}

/// A header's value, decoded.
fn header(head: &str, name: &str) -> Option<String> {
    let line = head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })?;
    Some(percent_decode_str(line).decode_utf8_lossy().into_owned())
}
