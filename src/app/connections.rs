//! The open connections of one worker. When the process runs out of descriptors for them, the connection that has been
//! silent for the longest is closed for each new one, so that idle connections keep nobody out. Which one that is, the
//! clock algorithm (second chance) finds: reading from a connection, or writing to it, only sets a flag.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The entries of closed connections are removed from the queue once they are the majority of at least this many.
const TIDY_FROM: usize = 64;

/// The connections of one worker.
#[derive(Debug)]
pub(super) struct Connections {
    /// As many may be open before a new one closes a silent one.
    room: usize,
    open: Cell<usize>,
    queue: RefCell<VecDeque<Weak<State>>>,
}

#[derive(Debug)]
struct State {
    owner: Rc<Connections>,
    /// Set when bytes arrive or leave, cleared when the clock algorithm passes.
    was_used: Cell<bool>,
    /// Whether the last thing that happened was not the arrival of a request.
    is_idle: Cell<bool>,
    /// Whether the client does not read what we send: the last write found the socket's buffer full.
    is_stalled: Cell<bool>,
    closing: Cell<Closing>,
    task: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    No,
    /// After the response to the request that is under way, if there is one.
    WhenIdle,
    /// Nothing more is read. A response that is under way is still sent.
    Now,
    /// As `Now`, and a response that the client does not read is dropped: nothing else would ever end it.
    Abort,
}

/// A client's connection: its stream, which ends when the connection has to make room.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    state: Rc<State>,
}

impl Connections {
    pub(super) fn new(room: usize) -> Rc<Connections> {
        Rc::new(Connections { room, open: Cell::new(0), queue: RefCell::default() })
    }

    /// Takes a new connection in, and closes the most silent one if there are too many.
    pub(super) fn admit(self: &Rc<Connections>, stream: TcpStream) -> Connection {
        // A response leaves in several writes: with Nagle's algorithm the last would wait for the client's delayed ACK.
        if let Err(cause) = stream.set_nodelay(true) {
            tracing::debug!(target: "keyrack", %cause, "TCP_NODELAY was not set"); // the client is gone already
        }
        if self.open.get() >= self.room {
            self.close_most_silent();
        }
        let state = Rc::new(State {
            owner: self.clone(),
            was_used: Cell::new(false),
            is_idle: Cell::new(true),
            is_stalled: Cell::new(false),
            closing: Cell::new(Closing::No),
            task: RefCell::default(),
        });
        self.open.set(self.open.get() + 1);
        self.queue.borrow_mut().push_back(Rc::downgrade(&state));
        self.tidy();
        Connection { stream, state }
    }

    /// Closes every connection as soon as it has no request under way.
    pub(super) fn close_when_idle(&self) {
        for state in self.queue.borrow_mut().drain(..).filter_map(|state| state.upgrade()) {
            state.close(Closing::WhenIdle);
        }
    }

    fn close_most_silent(&self) {
        let mut queue = self.queue.borrow_mut();
        // Twice round at most: the first time clears every flag.
        for _ in 0..2 * queue.len() {
            let Some(state) = queue.pop_front().and_then(|state| state.upgrade()) else { continue };
            let was_used = state.was_used.take();
            if !was_used && state.is_stalled.get() {
                return state.close(Closing::Abort);
            }
            // Also if it closes: its client may not read the response that is under way.
            queue.push_back(Rc::downgrade(&state));
            if !was_used && state.closing.get() == Closing::No {
                return state.close(Closing::Now);
            }
        }
    }

    fn tidy(&self) {
        let mut queue = self.queue.borrow_mut();
        if queue.len() >= TIDY_FROM.max(2 * self.open.get()) {
            queue.retain(|state| state.strong_count() > 0);
        }
    }
}

impl State {
    fn close(&self, closing: Closing) {
        self.closing.set(closing);
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    fn is_at_end(&self) -> bool {
        match self.closing.get() {
            Closing::No => false,
            Closing::WhenIdle => self.is_idle.get(),
            Closing::Now | Closing::Abort => true,
        }
    }

    fn wait(&self, cx: &Context<'_>) {
        match &mut *self.task.borrow_mut() {
            Some(task) => task.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    fn note_write(&self, written: Poll<io::Result<usize>>, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        self.is_idle.set(true);
        self.is_stalled.set(written.is_pending());
        if written.is_ready() {
            self.was_used.set(true);
        } else if self.closing.get() == Closing::Abort {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        } else {
            self.wait(cx);
        }
        written
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.owner.open.set(self.owner.open.get() - 1);
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.state.is_at_end() {
            return Poll::Ready(Ok(())); // nothing was read: the end of the stream
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match read {
            Poll::Pending => self.state.wait(cx),
            Poll::Ready(_) => {
                self.state.was_used.set(true);
                self.state.is_idle.set(false);
            }
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.state.note_write(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.state.note_write(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::rt::net::TcpListener;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A client's end and ours.
    async fn connection(open: &Rc<Connections>) -> (TcpStream, Connection) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("it listens");
        let (stream, _) = listener.accept().await.expect("a connection");
        (client, open.admit(stream))
    }

    async fn is_at_end(connection: &mut Connection) -> bool {
        std::future::poll_fn(|cx| {
            let mut bytes = [0; 1];
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut *connection).poll_read(cx, &mut buffer);
            Poll::Ready(matches!(read, Poll::Ready(Ok(()))) && buffer.filled().is_empty())
        })
        .await
    }

    #[actix_web::test]
    async fn packets_leave_at_once() {
        let (_client, connection) = connection(&Connections::new(1)).await;
        assert!(connection.stream.nodelay().expect("a socket"));
    }

    #[actix_web::test]
    async fn the_connection_that_was_silent_for_the_longest_makes_room() {
        let open = Connections::new(3);
        let (mut client, mut oldest) = connection(&open).await;
        let (_kept, mut silent) = connection(&open).await;
        let (_kept, mut third) = connection(&open).await;
        let (_kept, mut fourth) = connection(&open).await;
        assert!(is_at_end(&mut oldest).await, "none was ever read from, and it is the oldest");
        assert!(!is_at_end(&mut silent).await && !is_at_end(&mut third).await && !is_at_end(&mut fourth).await);
        assert_eq!(open.open.get(), 4, "a closed connection counts until it is dropped");
        drop(oldest);
        assert_eq!(open.open.get(), 3);
        assert_eq!(client.read(&mut [0]).await.expect("an end"), 0);

        let (mut client, mut used) = connection(&open).await;
        assert!(is_at_end(&mut silent).await);
        drop(silent);
        client.write_all(b"GET").await.expect("it is open");
        assert_eq!(used.read(&mut [0; 3]).await.expect("three bytes"), 3);
        for _ in 0..2 {
            let (_client, _connection) = connection(&open).await;
        }
        assert!(is_at_end(&mut third).await && is_at_end(&mut fourth).await);
        assert!(!is_at_end(&mut used).await, "it was read from since");
    }

    #[actix_web::test]
    async fn a_waiting_reader_wakes_up() {
        let open = Connections::new(1);
        let (_client, mut waiting) = connection(&open).await;
        let reader = actix_web::rt::spawn(async move { waiting.read(&mut [0]).await });
        actix_web::rt::task::yield_now().await;
        let (_client, _newer) = connection(&open).await;
        assert_eq!(reader.await.expect("no panic").expect("an end"), 0);
    }

    #[actix_web::test]
    async fn a_client_that_does_not_read_its_response_makes_room() {
        let open = Connections::new(1);
        let (mut client, mut stalled) = connection(&open).await;
        let writer = actix_web::rt::spawn(async move { stalled.write_all(&[7; 32 << 20]).await });
        actix_web::rt::task::yield_now().await;
        let (_client, _newer) = connection(&open).await;
        let error = writer.await.expect("no panic").expect_err("the rest of the response is dropped");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        let mut response = Vec::new();
        client.read_to_end(&mut response).await.expect("what was sent before");
        assert!(!response.is_empty() && response.len() < 32 << 20);
    }

    #[actix_web::test]
    async fn a_response_under_way_is_sent_though_its_connection_closes() {
        let open = Connections::new(1);
        let (mut client, mut busy) = connection(&open).await;
        client.write_all(b"GET").await.expect("it is open");
        assert_eq!(busy.read(&mut [0; 3]).await.expect("three bytes"), 3);
        let (_client, _newer) = connection(&open).await;
        assert!(is_at_end(&mut busy).await);
        busy.write_all(b"200").await.expect("the client waits");
        drop(busy);
        let mut response = Vec::new();
        client.read_to_end(&mut response).await.expect("a response");
        assert_eq!(response, b"200");
    }

    #[actix_web::test]
    async fn a_stop_closes_idle_connections_and_lets_requests_end() {
        let open = Connections::new(9);
        let (_client, mut idle) = connection(&open).await;
        let (mut client, mut busy) = connection(&open).await;
        client.write_all(b"GET").await.expect("it is open");
        assert_eq!(busy.read(&mut [0; 3]).await.expect("three bytes"), 3);
        open.close_when_idle();
        assert!(is_at_end(&mut idle).await);
        assert!(!is_at_end(&mut busy).await);
        busy.write_all(b"200").await.expect("the client waits");
        assert!(is_at_end(&mut busy).await);
    }

    #[actix_web::test]
    async fn closed_connections_leave_the_queue() {
        let open = Connections::new(9);
        for _ in 0..10 * TIDY_FROM {
            connection(&open).await;
        }
        assert_eq!(open.open.get(), 0);
        assert!(open.queue.borrow().len() <= TIDY_FROM);
    }
}
