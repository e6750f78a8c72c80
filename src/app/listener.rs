//! Accepts connections and hands their requests to the app.

use std::fmt;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::body::MessageBody;
use actix_http::{HttpService, Request, Response};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::connections::Connections;

/// A client that is slow to send its headers is let go.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than proxies keep their connections to us (nginx: 60 s): whoever closes first must not be us.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a connection is still read after a response to a request whose body was not: a close with bytes unread would
/// reset it, and the client might lose the response.
const LINGER: Duration = Duration::from_secs(1);
/// How long a stop waits for the requests that are under way.
const SHUTDOWN_S: u64 = 10;
/// Connections that the kernel keeps waiting while we have no descriptor for them; it may keep fewer (somaxconn).
const BACKLOG: i32 = 4_096;
/// Descriptors for everything but clients' connections: the database's pools, listeners, files.
const RESERVED: u64 = 128;
/// Descriptors of each worker's own: its event queue, and what wakes it up. Measured.
const RESERVED_PER_WORKER: u64 = 4;
/// A worker's most connections, however many descriptors there are.
const MOST: u64 = 25_000;
/// The fewest that a worker can work with: an eighth of them is at least one.
const FEWEST: u64 = 8;

/// Raises the soft limit on open files to the hard one (getrlimit(2)), and returns what is the limit then.
pub(super) fn raise_file_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let (from, to) = (current.unwrap_or(u64::MAX), maximum.unwrap_or(u64::MAX));
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => {
            tracing::info!(target: "keyrack", soft_limit = from, limit = to, "limit on open files");
            to
        }
        Err(cause) => {
            tracing::warn!(target: "keyrack", limit = from, %cause, "the soft limit on open files could not be raised");
            from
        }
    }
}

/// How many connections each worker may have open.
pub(super) fn connections_per_worker(file_limit: u64, workers: usize) -> usize {
    let workers = workers as u64;
    let reserved = RESERVED + RESERVED_PER_WORKER * workers;
    let for_clients = file_limit - reserved.min(file_limit / 2);
    let each = (for_clients / workers).clamp(FEWEST, MOST);
    usize::try_from(each).unwrap_or(usize::MAX)
}

/// Prepares a server; `app` is called once in each worker.
pub(super) fn serve<F, I, S, B>(
    listener: TcpListener,
    workers: usize,
    connections: usize,
    app: F,
) -> std::io::Result<ServerBuilder>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error>,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as actix_service::Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    // Again, since the standard library asks for 128.
    rustix::net::listen(&listener, BACKLOG)?;
    let server = Server::build().workers(workers).max_concurrent_connections(connections).shutdown_timeout(SHUTDOWN_S);
    let stopping = server.graceful_shutdown_signal();
    server.listen("http", listener, move || {
        // The last eighth is for those that have to close and are still open.
        let open = Connections::new(connections - connections / 8);
        let (stopping, stopped) = (stopping.clone(), open.clone());
        actix_web::rt::spawn(async move {
            stopping.notified().await;
            stopped.close_when_idle();
        });
        let app = app().into_factory().map_err(|error| error.into().error_response());
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEADER_TIMEOUT)
            .client_disconnect_timeout(LINGER)
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| {
            let client = stream.peer_addr().ok();
            let connection = open.admit(stream);
            async move { Ok((connection, client)) }
        })
        .and_then(http)
    })
}

#[cfg(test)]
mod tests {
    use super::connections_per_worker;

    #[test]
    fn workers_share_the_descriptors_that_nothing_else_needs() {
        assert_eq!(connections_per_worker(1_024, 2), 444);
        assert_eq!(connections_per_worker(1_024, 64), 10, "more workers need more descriptors themselves");
        assert_eq!(connections_per_worker(20_000, 4), 4_964);
        assert_eq!(connections_per_worker(u64::MAX, 2), 25_000);
        assert_eq!(connections_per_worker(128, 1), 64, "of few descriptors clients get half");
        assert_eq!(connections_per_worker(64, 8), 8);
    }
}
