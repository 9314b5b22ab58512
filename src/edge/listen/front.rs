//! What every accepted connection passes before and after the HTTP library: TLS, TCP options, the reaper's register, and a
//! stream that can be taken back ([`super::lent`]). One per worker.
//!
//! Must not be here: HTTP, limits.

use super::lent::{self, Lent};
use super::reaper::Reaper;
use super::wire::Wire;
use actix_http::Protocol;
use actix_tls::accept::rustls_0_23::{Acceptor, AcceptorService};
use actix_web::dev::{Service, ServiceFactory};
use actix_web::rt::net::TcpStream;
use futures_util::future::LocalBoxFuture;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// What the HTTP library serves.
pub(super) type Served = (Lent, Protocol, Option<SocketAddr>);

/// Makes a [`Front`].
pub(super) struct FrontFactory<H> {
    pub(super) http: H,
    pub(super) tls: Option<Acceptor>,
    pub(super) reaper: Arc<Reaper>,
    pub(super) user_timeout: Duration,
}

/// See the module.
pub(super) struct Front<H> {
    http: Rc<H>,
    tls: Option<AcceptorService>,
    reaper: Arc<Reaper>,
    user_timeout: Duration,
}

impl<H> ServiceFactory<TcpStream> for FrontFactory<H>
where
    H: ServiceFactory<Served, Config = (), Response = (), InitError = ()>,
    H::Service: 'static,
    H::Future: 'static,
{
    type Response = ();
    type Error = ();
    type Config = ();
    type Service = Front<H::Service>;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<Self::Service, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let http = self.http.new_service(());
        let tls = self.tls.clone();
        let (reaper, user_timeout) = (Arc::clone(&self.reaper), self.user_timeout);
        Box::pin(async move {
            let tls = match tls {
                Some(acceptor) => Some(ServiceFactory::<TcpStream>::new_service(&acceptor, ()).await?),
                None => None,
            };
            Ok(Front {
                http: Rc::new(http.await?),
                tls,
                reaper,
                user_timeout,
            })
        })
    }
}

impl<H> Service<TcpStream> for Front<H>
where
    H: Service<Served, Response = ()> + 'static,
    H::Future: 'static,
{
    type Response = ();
    type Error = ();
    type Future = LocalBoxFuture<'static, Result<(), ()>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        if let Some(tls) = &self.tls {
            ready!(Service::<TcpStream>::poll_ready(tls, cx)).map_err(drop)?;
        }
        self.http.poll_ready(cx).map_err(drop)
    }

    fn call(&self, stream: TcpStream) -> Self::Future {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no delay");
        }
        // Boxed apart: its size is not kept for as long as the connection.
        let accepting: LocalBoxFuture<'static, Option<Wire>> = match &self.tls {
            None => Box::pin(std::future::ready(Some(Wire::Plain(stream)))),
            Some(tls) => {
                let accepting = tls.call(stream);
                Box::pin(async move { Some(Wire::Tls(Box::new(accepting.await.ok()?))) })
            }
        };
        let (http, reaper, user_timeout) = (Rc::clone(&self.http), Arc::clone(&self.reaper), self.user_timeout);
        Box::pin(async move {
            let Some(wire) = accepting.await else { return Ok(()) };
            let peer = wire.tcp().peer_addr().ok();
            let connection = reaper.register(wire.tcp(), user_timeout);
            drop(reaper);
            let lent = Lent::new(wire, connection.clone());
            let handover = lent.handover();
            let library = Box::pin(http.call((lent, Protocol::Http1, peer)));
            drop(http);
            lent::serve(library, handover, connection).await;
            Ok(())
        })
    }
}
