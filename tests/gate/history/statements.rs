//! Reads what a client of Postgres says, message by message, and tells which statement each one runs, also
//! where that was prepared long ago. (PostgreSQL documentation, 54.7, "Message Formats".)

use std::collections::HashMap;

const PROTOCOL_3: u32 = 196_608;

/// One message as it came, and the statement that it runs, if it runs one.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub bytes: Vec<u8>,
    pub runs: Option<String>,
}

/// One connection's statements.
#[derive(Default)]
pub struct Statements {
    unread: Vec<u8>,
    has_begun: bool,
    prepared: HashMap<Vec<u8>, String>,
}

impl Statements {
    /// Takes what came in, and gives the messages that are whole now.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.unread.extend_from_slice(bytes);
        let mut whole = Vec::new();
        while let Some(bytes) = self.next() {
            let runs = self.statement_of(&bytes);
            whole.push(Message { bytes, runs });
        }
        whole
    }

    /// The first message has no kind before its length; so have those that ask for encryption before it.
    fn next(&mut self) -> Option<Vec<u8>> {
        let kind = usize::from(self.has_begun);
        let length = self.unread.get(kind..kind + 4)?;
        let length = kind + u32::from_be_bytes(length.try_into().ok()?) as usize;
        if self.unread.len() < length {
            return None;
        }
        let message: Vec<u8> = self.unread.drain(..length).collect();
        if !self.has_begun {
            self.has_begun = message.get(4..8) == Some(PROTOCOL_3.to_be_bytes().as_slice());
        }
        Some(message)
    }

    fn statement_of(&mut self, message: &[u8]) -> Option<String> {
        let body = message.get(5..).unwrap_or_default();
        match message.first()? {
            b'Q' => Some(text(body)),
            b'P' => {
                let (name, rest) = cut(body);
                self.prepared.insert(name.to_vec(), text(rest));
                None
            }
            b'B' => {
                let (_portal, rest) = cut(body);
                self.prepared.get(cut(rest).0).cloned()
            }
            _ => None,
        }
    }
}

/// Up to the first zero, and what follows it.
fn cut(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(cut(bytes).0).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [[kind].as_slice(), &length, body].concat()
    }

    #[test]
    fn statements_are_read_in_whatever_pieces_they_come() {
        let secure = [8_u32.to_be_bytes(), 80_877_103_u32.to_be_bytes()].concat();
        let begin = [10_u32.to_be_bytes().as_slice(), &PROTOCOL_3.to_be_bytes(), b"u\0"].concat();
        let all = [
            secure,
            begin,
            message(b'Q', b"BEGIN\0"),
            message(b'P', b"s1\0SELECT 1\0\0\0"),
            message(b'S', b""),
            message(b'B', b"\0s1\0\0\0"),
            message(b'B', b"\0s2\0\0\0"),
        ];
        let expected = [None, None, Some("begin"), None, None, Some("select 1"), None];
        for size in [1, 3, 7, 1_000] {
            let mut statements = Statements::default();
            let read: Vec<_> = all.concat().chunks(size).flat_map(|piece| statements.read(piece)).collect();
            assert_eq!(read.iter().map(|message| message.runs.as_deref()).collect::<Vec<_>>(), expected);
            assert_eq!(read.iter().map(|message| message.bytes.clone()).collect::<Vec<_>>(), all);
        }
    }
}
