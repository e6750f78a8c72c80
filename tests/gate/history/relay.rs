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
    /// When its lease was granted, before it hears of that.
    HearingOfGrant,
    /// Before a change takes its number.
    TakingANumber,
}

/// What a connection ran, as far as traps ask.
#[derive(Default)]
struct Course {
    is_granting: bool,
}

impl Course {
    fn meets(&mut self, trap: Option<Trap>, sql: &str) -> Option<Stop> {
        let (reads, names) = (sql.trim_start().starts_with("select"), |table: &str| sql.contains(table));
        let was_granting = self.is_granting;
        if !reads && names("instances") {
            self.is_granting = !sql.trim_start().starts_with("delete");
        } else if sql.starts_with("commit") || sql.starts_with("rollback") {
            self.is_granting = false;
        }
        match trap? {
            Trap::ReadingChanges => (reads && names("changes")).then_some(Stop::Request),
            Trap::HearingOfChanges => (reads && names("changes")).then_some(Stop::Answer),
            Trap::ReadingHead => (reads && names("head") && !names("changes")).then_some(Stop::Request),
            Trap::HearingOfGrant => (was_granting && sql.starts_with("commit")).then_some(Stop::Answer),
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
        let state = State { way: Way::Open, cuts: 0, trap: None, stopped: BTreeSet::new() };
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
        let caught = state.wait_for(|state| state.trap.is_none() && !state.stopped.is_empty());
        let caught = tokio::time::timeout(Duration::from_secs(20), caught).await;
        assert!(caught.is_ok(), "nothing came to the trap {:?}", self.state.borrow().trap);
    }

    /// Lets those that are stopped go on, to the next trap if there is one.
    pub fn release(&self, next: Option<Trap>) {
        self.state.send_modify(|state| {
            state.trap = next;
            state.stopped.clear();
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
        pass(&state, number, Stop::Answer).await;
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
