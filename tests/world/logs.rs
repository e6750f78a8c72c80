//! What the servers of this run logged, and every secret that anybody was shown: the two must not meet.

use std::io::Write;
use std::sync::{LazyLock, Mutex, Once};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static SECRETS: LazyLock<Mutex<Vec<String>>> = LazyLock::new(Mutex::default);

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The tests' own hands, which tell what they type and read.
const HANDS: [&str; 7] = ["thirtyfour", "reqwest", "hyper", "hyper_util", "html5ever", "selectors", "mio"];

/// Everything that the server logs, down to its libraries' own traces, is kept.
pub fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let all = Targets::new().with_default(LevelFilter::TRACE);
        let all_but_hands = HANDS.into_iter().fold(all, |all, hand| all.with_target(hand, LevelFilter::OFF));
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Lines);
        tracing_subscriber::registry().with(lines.with_filter(all_but_hands)).init();
    });
}

/// Remembers a secret that must never be logged.
pub fn remember(secret: &str) {
    assert!(secret.len() >= 8, "too short to look for: {secret}");
    SECRETS.lock().unwrap().push(secret.to_owned());
}

/// What was logged so far.
pub fn text() -> String {
    String::from_utf8_lossy(&LINES.lock().unwrap()).into_owned()
}

/// How much was logged, and how many secrets were remembered, so far.
#[derive(Clone, Copy)]
pub struct Mark {
    logged: usize,
    remembered: usize,
}

/// Where we are now. What is shown to a test is made after its world begins: it looks from there on, or
/// the many worlds of a run would read all of its log over and over.
pub fn mark() -> Mark {
    Mark { logged: LINES.lock().unwrap().len(), remembered: SECRETS.lock().unwrap().len() }
}

/// Fails if a secret that was remembered since then was logged since then. Names no secret itself.
pub fn assert_no_secret_leaked(since: Mark) {
    let logged = String::from_utf8_lossy(&LINES.lock().unwrap()[since.logged..]).into_owned();
    let leaked = SECRETS.lock().unwrap()[since.remembered..].iter().position(|secret| logged.contains(secret));
    assert!(leaked.is_none(), "secret number {} of this test stands in the logs", leaked.unwrap());
}

/// Fails if a secret that was remembered in this run stands in what another program logged. Names no secret itself.
pub fn assert_free_of_secrets(logged: &str) {
    let leaked = SECRETS.lock().unwrap().iter().filter(|secret| logged.contains(*secret)).count();
    assert_eq!(leaked, 0, "secrets stand in what a program beside us logged");
}
