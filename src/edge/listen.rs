//! Listening sockets: binding, TLS, TCP options, limits, and the reaper that ends connections from outside.
//!
//! Deliberately absent: routes, frames, anything of the product's rules. What listens here is handed in as an application
//! factory.
//!
//! Every accepted connection is tuned (no delay, user timeout), registered with the [`Reaper`] (which keeps a duplicate of
//! the socket, so that a connection whose future is stuck in a write can still be ended) and named: handlers find it as
//! `request.conn_data::<Connection>()`. Its stream is lent to the HTTP library, and a handler that goes on with it by itself
//! takes it back: `request.conn_data::<Handover>()`. `HttpServer` allows neither TLS nor plain streams of another type, so the
//! server is put together here from the same parts.

mod certificate;
mod front;
pub mod guard;
pub mod lent;
pub mod origin;
pub mod reaper;
pub mod tls;
pub mod wire;

pub use certificate::Certificate;
pub use guard::{FrameGuard, FrameLimits, FrameRefusal, GuardVerdict, GuardedPayload};
pub use lent::Handover;
pub use origin::AllowedOrigins;
pub use reaper::{Connection, ConnectionHandle, KillReason, ProgressWatch, Reaper, ReaperOptions};
pub use tls::{TlsError, TlsFiles};
pub use wire::Wire;

use actix_http::{HttpService, Request, Response};
use actix_service::{IntoServiceFactory, ServiceFactoryExt as _, map_config};
use actix_tls::accept::rustls_0_23::Acceptor;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServerHandle, Service, ServiceFactory};
use front::FrontFactory;
use lent::Lent;
use std::fmt::Debug;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// How a listener speaks.
#[derive(Clone)]
pub enum Transport {
    /// Plain HTTP. Refused unless the address is on loopback.
    PlainOnLoopback,
    /// TLS 1.2 or newer.
    Tls(Arc<rustls::ServerConfig>),
}

/// What a listener is allowed to do. Every queue and wait has its bound here (law L5).
#[derive(Clone)]
pub struct ListenOptions {
    /// Where to listen. Port 0 picks a free one.
    pub address: SocketAddr,
    /// Plain or TLS.
    pub transport: Transport,
    /// HTTP worker threads, at least 1.
    pub workers: usize,
    /// Connections open at once, over all workers; further ones wait in the backlog.
    pub connections_max: usize,
    /// Connections waiting to be accepted.
    pub backlog_connections: i32,
    /// A request's head must have arrived within this time.
    pub head_timeout: Duration,
    /// An idle connection is kept this long for a next request.
    pub keep_alive: Duration,
    /// A TLS handshake must be done within this time.
    pub tls_handshake_timeout: Duration,
    /// A connection that ends is flushed for at most this long.
    pub disconnect_timeout: Duration,
    /// Bytes of a response that wait for the socket before its body is asked for more.
    pub write_buffer_bytes: usize,
    /// Kernel send buffer per connection; the kernel doubles it for its bookkeeping.
    pub send_buffer_bytes: usize,
    /// The kernel gives up a connection whose sent bytes stay unacknowledged, or whose window stays shut, this long.
    pub user_timeout: Duration,
    /// How long a stopping server waits for requests under way.
    pub shutdown_timeout_seconds: u64,
}

impl ListenOptions {
    /// The defaults at an address.
    #[must_use]
    pub fn at(address: SocketAddr, transport: Transport) -> Self {
        Self {
            address,
            transport,
            workers: 1,
            connections_max: 25_000,
            backlog_connections: 2_048,
            head_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
            tls_handshake_timeout: Duration::from_secs(5),
            disconnect_timeout: Duration::from_secs(1),
            write_buffer_bytes: 32 * 1024,
            send_buffer_bytes: 64 * 1024,
            user_timeout: Duration::from_secs(10),
            shutdown_timeout_seconds: 5,
        }
    }
}

/// Why a listener could not start.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Plain HTTP was asked for an address that others can reach.
    #[error("plain HTTP is allowed on loopback only, not on {0}: give a certificate and a key")]
    PlainOffLoopback(SocketAddr),
    /// The address cannot be bound.
    #[error("cannot listen on {address}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A listener that has been bound. It accepts once `server` is awaited or spawned.
pub struct Listening {
    /// The address in fact bound (the port picked, if 0 was asked).
    pub address: SocketAddr,
    /// `https` or `http`.
    pub scheme: &'static str,
    /// Stops it.
    pub handle: ServerHandle,
    /// The server; runs while polled.
    pub server: Server,
}

/// Binds `options.address` and builds the server around `factory`, which makes an `App`. Must be called inside an actix
/// system.
///
/// The application's own idea of its host and scheme is the library's default: no address is made from it.
///
/// # Errors
/// [`ListenError`] when the address is not allowed for plain HTTP or cannot be bound.
pub fn listen<F, A, S, B>(options: &ListenOptions, reaper: &Arc<Reaper>, factory: F) -> Result<Listening, ListenError>
where
    F: Fn() -> A + Send + Clone + 'static,
    A: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let failed = |source| ListenError::Bind {
        address: options.address,
        source,
    };
    let listener = bind(options)?;
    let address = listener.local_addr().map_err(failed)?;
    let (tls, scheme) = match &options.transport {
        Transport::PlainOnLoopback => (None, "http"),
        Transport::Tls(config) => {
            let mut acceptor = Acceptor::new(rustls::ServerConfig::clone(config));
            acceptor.set_handshake_timeout(options.tls_handshake_timeout);
            (Some(acceptor), "https")
        }
    };
    let workers = options.workers.max(1);
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections((options.connections_max / workers).max(1))
        .shutdown_timeout(options.shutdown_timeout_seconds)
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let (limits, keeper) = (options.clone(), Arc::clone(reaper));
    let front = move || {
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let signal = stopping.clone();
                async move { signal.notified().await }
            })
            .client_request_timeout(limits.head_timeout)
            .client_disconnect_timeout(limits.disconnect_timeout)
            .keep_alive(limits.keep_alive)
            .h1_write_buffer_size(limits.write_buffer_bytes.max(1))
            .local_addr(address)
            .on_connect_ext(|lent: &Lent, extensions| {
                extensions.insert(lent.connection());
                extensions.insert(lent.handover());
            });
        let application = factory().into_factory().map_err(|error| error.into().error_response());
        FrontFactory {
            http: http.finish(map_config(application, |()| AppConfig::default())),
            tls: tls.clone(),
            reaper: Arc::clone(&keeper),
            user_timeout: limits.user_timeout,
        }
    };
    let server = server.listen("http", listener, front).map_err(failed)?.run();
    Ok(Listening {
        address,
        scheme,
        handle: server.handle(),
        server,
    })
}

fn bind(options: &ListenOptions) -> Result<TcpListener, ListenError> {
    let address = options.address;
    if matches!(options.transport, Transport::PlainOnLoopback) && !address.ip().is_loopback() {
        return Err(ListenError::PlainOffLoopback(address));
    }
    let open = || -> std::io::Result<TcpListener> {
        let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        // Accepted sockets inherit it: without a bound the kernel hides megabytes per slow reader before anyone notices.
        socket.set_send_buffer_size(options.send_buffer_bytes)?;
        socket.bind(&address.into())?;
        socket.listen(options.backlog_connections)?;
        Ok(socket.into())
    };
    open().map_err(|source| ListenError::Bind { address, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_refused_off_loopback_before_anything_is_bound() {
        for (address, allowed) in [
            ("127.0.0.1:0", true),
            ("[::1]:0", true),
            ("0.0.0.0:0", false),
            ("192.0.2.1:80", false),
        ] {
            let options = ListenOptions::at(address.parse().unwrap(), Transport::PlainOnLoopback);
            let refused = matches!(bind(&options), Err(ListenError::PlainOffLoopback(_)));
            assert_eq!(refused, !allowed, "{address}");
        }
    }
}
