//! A relay between one instance and Postgres: it can be cut, swallow everything, and be healed; and it can
//! stop one connection at a chosen statement, while the instance's others go on.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

use super::statements::Statements;

/// What becomes of everything that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Every connection is reset, and every new one.
    Cut,
    /// Connections stand, and nothing comes through.
    Swallowing,
}

/// Where one connection is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// Before it reads the changes.
    ReadingChanges,
    /// When it has read the changes, before it hears of them.
    HearingOfChanges,
    /// Before it reads the head.
    ReadingHead,
    /// In the middle of a change: it holds the head, so that nobody else can change anything.
    HoldingHead,
    /// When its lease was granted, before it hears of that.
    HearingOfGrant,
    /// Before a change takes its number.
    TakingANumber,
}

/// What a connection is in the middle of, as far as traps ask.
#[derive(Default)]
struct Course {
    is_in_transaction: bool,
    has_read_head: bool,
    is_granting: bool,
}

impl Course {
    /// Goes on by a statement, and tells whether that is where the trap lies. Changes are read outside of transactions,
    /// and sometimes within one that keeps others from changing anything: who is stopped there stops everybody.
    fn meets(&mut self, trap: Option<Trap>, sql: &str) -> Option<Stop> {
        let sql = sql.trim_start();
        let (reads, names) = (sql.starts_with("select"), |table: &str| sql.contains(table));
        let ends = sql.starts_with("commit") || sql.starts_with("rollback");
        let reads_changes = reads && names("changes") && !self.is_in_transaction;
        let reads_head = names("head") && !names("changes") && (reads || names("instances"));
        let grants_at_once = !reads && names("instances") && names("head");
        let is_granted = grants_at_once || self.is_granting && sql.starts_with("commit");
        if sql.starts_with("begin") || ends {
            *self = Course { is_in_transaction: !ends, ..Course::default() };
        }
        self.has_read_head |= reads_head;
        self.is_granting |= self.is_in_transaction && self.has_read_head && !reads && names("instances");
        match trap? {
            Trap::ReadingChanges => reads_changes.then_some(Stop::Request),
            Trap::HearingOfChanges => reads_changes.then_some(Stop::Answer),
            Trap::ReadingHead => reads_head.then_some(Stop::Request),
            Trap::HoldingHead => (reads_head && self.is_in_transaction).then_some(Stop::Answer),
            Trap::HearingOfGrant => is_granted.then_some(Stop::Answer),
            Trap::TakingANumber => (!reads && names("update") && names("head")).then_some(Stop::Request),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    Request,
    Answer,
}

struct State {
    way: Way,
    /// How often it was cut.
    cuts: u64,
    trap: Option<Trap>,
    /// Which connections are stopped, and in which direction.
    stopped: BTreeSet<(u64, Stop)>,
    /// Whether one of them has come to where it is to stand: an answer is held when it is there.
    is_caught: bool,
}

/// A relay that listens on a port of its own, for as long as the runtime lives.
pub struct Relay {
    pub port: u16,
    state: watch::Sender<State>,
}

impl Relay {
    /// Relays to the Postgres at that socket.
    pub async fn to(socket: PathBuf) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { way: Way::Open, cuts: 0, trap: None, stopped: BTreeSet::new(), is_caught: false };
        let state = watch::Sender::new(state);
        let its_state = state.clone();
        tokio::spawn(async move {
            for number in 0.. {
                let Ok((client, _)) = listener.accept().await else { continue };
                tokio::spawn(carry(number, client, socket.clone(), its_state.clone()));
            }
        });
        Relay { port, state }
    }

    /// Changes what becomes of what is sent. What was swallowed comes through when it is open again.
    pub fn set(&self, way: Way) {
        self.state.send_modify(|state| {
            state.way = way;
            state.cuts += u64::from(way == Way::Cut);
        });
    }

    /// Resets every connection; new ones are let through.
    pub fn cut_once(&self) {
        self.set(Way::Cut);
        self.set(Way::Open);
    }

    /// Lays a trap for the next connection that comes so far.
    pub fn lay(&self, trap: Trap) {
        self.state.send_modify(|state| state.trap = Some(trap));
    }

    /// Waits until a connection is caught, and fails if none is.
    pub async fn caught(&self) {
        let mut state = self.state.subscribe();
        let caught = state.wait_for(|state| state.is_caught);
        let caught = tokio::time::timeout(Duration::from_secs(20), caught).await;
        assert!(caught.is_ok(), "nothing came to the trap {:?}", self.state.borrow().trap);
    }

    /// Lets those that are stopped go on, to the next trap if there is one.
    pub fn release(&self, next: Option<Trap>) {
        self.state.send_modify(|state| {
            state.trap = next;
            state.stopped.clear();
            state.is_caught = false;
        });
    }
}

/// Carries one connection until either side hangs up, or it is cut.
async fn carry(number: u64, client: TcpStream, socket: PathBuf, state: watch::Sender<State>) {
    let mut mine = state.subscribe();
    let cuts = mine.borrow().cuts;
    let _ = client.set_nodelay(true);
    let cut = async move {
        let _ = mine.wait_for(|state| state.cuts != cuts || state.way == Way::Cut).await;
    };
    // When this is dropped without a shutdown, the peer is reset.
    let _ = client.set_zero_linger();
    tokio::select! {
        () = cut => {}
        () = both_ways(number, client, socket, state) => {}
    }
}

async fn both_ways(number: u64, client: TcpStream, socket: PathBuf, state: watch::Sender<State>) {
    pass(&state, number, Stop::Request).await;
    let Ok(server) = UnixStream::connect(socket).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = requests(number, from_client, to_server, state.clone()) => {}
        () = answers(number, from_server, to_client, state) => {}
    }
}

/// Waits until this connection may go on in that direction.
async fn pass(state: &watch::Sender<State>, number: u64, direction: Stop) {
    let mut state = state.subscribe();
    let open = |state: &State| state.way == Way::Open && !state.stopped.contains(&(number, direction));
    let _ = state.wait_for(open).await;
}

async fn requests(
    number: u64,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    state: watch::Sender<State>,
) {
    let (mut statements, mut course, mut piece) = (Statements::default(), Course::default(), [0; 8_192]);
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        for message in statements.read(&piece[..length]) {
            if let Some(sql) = &message.runs {
                state.send_if_modified(|state| {
                    let Some(stop) = course.meets(state.trap, sql) else { return false };
                    state.trap = None;
                    state.is_caught = stop == Stop::Request;
                    state.stopped.insert((number, stop))
                });
            }
            pass(&state, number, Stop::Request).await;
            if to.write_all(&message.bytes).await.is_err() {
                return;
            }
        }
    }
}

async fn answers(
    number: u64,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    state: watch::Sender<State>,
) {
    let mut piece = [0; 8_192];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        state.send_if_modified(|state| {
            let is_held = state.stopped.contains(&(number, Stop::Answer));
            state.is_caught |= is_held;
            is_held
        });
        pass(&state, number, Stop::Answer).await;
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
