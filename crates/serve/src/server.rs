//! The server: an address, connections, and an orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::access::Access;
use crate::limits::Limits;
use crate::routes::{App, router, stopped};
use crate::sessions::{Served, Sessions};
use crate::world::World;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Nothing can listen there.
    #[error("cannot listen on {host}:{port}: {source}")]
    Bind {
        /// The host as given.
        host: String,
        /// The port as given.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// Others than this machine could use it.
    #[error("{address} can be reached from other machines, expected a token that clients have to bring")]
    Open {
        /// Where it would listen.
        address: SocketAddr,
    },
    /// A token that is none.
    #[error("the token {problem}, expected 8 or more printable ASCII characters without spaces")]
    Token {
        /// What is wrong; not the token.
        problem: &'static str,
    },
    /// A limit that nothing fits in.
    #[error("{limit} is {value}, expected {expected}")]
    Limit {
        /// Which.
        limit: &'static str,
        /// What was given.
        value: String,
        /// What may be given.
        expected: &'static str,
    },
}

/// A server that listens and has not begun to answer.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<App>,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Listens on a host (an address, or a name that stands for one) and a port; port 0 is any free one. With a token,
    /// only who brings it is answered, but for `/health`.
    ///
    /// # Errors
    /// If nothing can listen there, a limit allows nothing, the token is none, or there is none although others than this
    /// machine could come.
    pub async fn bind(
        world: World,
        host: &str,
        port: u16,
        limits: Limits,
        token: Option<&str>,
    ) -> Result<Self, ServeError> {
        check(&limits)?;
        if let Some(token) = token {
            check_token(token)?;
        }
        let failed = |source| ServeError::Bind { host: host.to_owned(), port, source };
        let listener = TcpListener::bind((host, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        if token.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(ServeError::Open { address });
        }
        let (stop, stopping) = watch::channel(false);
        let sessions = Sessions::new(limits);
        let app = App { world, limits, sessions, access: Access::new(token), stop: stopping };
        Ok(Self { listener, address, app: Arc::new(app), stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its paths, to be called without a network.
    pub fn router(&self) -> Router {
        router(Arc::clone(&self.app))
    }

    /// Answers until `until` is over. Then nobody is let in any more, requests in work are answered, sessions are told and
    /// ended; what takes longer than ten seconds is cut.
    pub async fn run(self, until: impl Future<Output = ()>) -> Served {
        let routes = self.router();
        let Self { listener, app, stop, .. } = self;
        let connections = Arc::new(Semaphore::new(app.limits.connections()));
        let reaper = tokio::spawn(reap(Arc::clone(&app)));
        tokio::select! {
            () = until => {}
            () = accept(&listener, &connections, &app, &routes) => {}
        }
        drop(listener);
        reaper.abort();
        // The app holds a receiver.
        let _ = stop.send(true);
        let all = u32::try_from(app.limits.connections()).unwrap_or(u32::MAX);
        let ended = async {
            let _ = connections.acquire_many(all).await;
            app.sessions.all_ended().await;
        };
        if timeout(Limits::STOPPING, ended).await.is_err() {
            tracing::warn!("some work did not end in time and is cut");
        }
        app.sessions.served()
    }
}

/// Lets connections in, for ever.
async fn accept(listener: &TcpListener, connections: &Arc<Semaphore>, app: &Arc<App>, routes: &Router) {
    loop {
        let Ok(permit) = Arc::clone(connections).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, routes.clone(), app.stop.clone(), permit));
            }
            Err(error) => {
                // Too many open files, mostly: that passes.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// One connection to its end; what becomes a WebSocket lives on without it.
async fn connection(
    stream: TcpStream,
    routes: Router,
    mut stop: watch::Receiver<bool>,
    permit: OwnedSemaphorePermit,
) {
    // Without it answers would only be slower.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(routes);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(Limits::TRANSFER);
    let served = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stopped(&mut stop) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
    drop(permit);
}

/// Ends idle sessions, for ever.
async fn reap(app: Arc<App>) {
    let often = (app.limits.idle / 4).clamp(Duration::from_millis(20), Duration::from_secs(30));
    let mut ticks = interval(often);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.sessions.reap();
    }
}

fn check(limits: &Limits) -> Result<(), ServeError> {
    let wrong = |limit, value: String, expected| Err(ServeError::Limit { limit, value, expected });
    if !(1..=1_000_000).contains(&limits.sessions) {
        return wrong("the limit of sessions", limits.sessions.to_string(), "1 to 1000000");
    }
    if limits.idle.is_zero() || limits.idle > Duration::from_secs(7 * 86_400) {
        let value = format!("{} s", limits.idle.as_secs_f64());
        return wrong("the idle time-out", value, "more than 0 s and at most 7 d");
    }
    if !(1_024..=1 << 30).contains(&limits.body) {
        return wrong("the limit of a body", format!("{} bytes", limits.body), "1 KiB to 1 GiB");
    }
    Ok(())
}

fn check_token(token: &str) -> Result<(), ServeError> {
    let problem = if token.is_empty() {
        "is empty"
    } else if token.len() < 8 {
        "is too short"
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        "has other characters"
    } else {
        return Ok(());
    };
    Err(ServeError::Token { problem })
}
