//! A listener with boards on loopback, and boards that keep what they were shown.

use crate::source::{KIND, Shared, Source};
use actix_web::App;
use cabinet::edge::listen::{AllowedOrigins, ListenOptions, Listening, Reaper, ReaperOptions, Transport, listen, tls};
use cabinet::edge::live::{Hubs, LiveOptions, configure_live};
use cabinet_domain::ids::Seq;
use cabinet_proto::v1::board::BoardFrame;
use futures_util::{SinkExt, StreamExt};
use prometheus::Registry;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest};

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}
pub(crate) type Wire = Box<dyn Duplex>;

/// A running listener. Stops when dropped.
pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    pub(crate) hubs: Hubs,
    pub(crate) reaper: Arc<Reaper>,
    pub(crate) registry: Registry,
    handle: actix_web::dev::ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
    tls: Option<tokio_rustls::TlsConnector>,
}

impl Rig {
    /// Plain or TLS, over `source`.
    pub(crate) fn start(source: &Arc<Source>, options: LiveOptions, with_tls: bool) -> Self {
        let registry = Registry::new();
        let reaper = Reaper::start(ReaperOptions::default(), &registry).unwrap();
        let origins = AllowedOrigins::new(vec!["https://rdv.example".to_owned()]);
        let hubs = Hubs::start(Arc::new(Shared(source.clone())), options, origins, &registry).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        let transport = if with_tls {
            Transport::Tls(tls::self_signed(&ca_file).unwrap())
        } else {
            Transport::PlainOnLoopback
        };
        let tls = with_tls.then(|| trusting(&ca_file));
        let listen_options = ListenOptions::at(SocketAddr::from(([127, 0, 0, 1], 0)), transport);
        let (report, reported) = std::sync::mpsc::channel();
        let (serving_hubs, keeper) = (hubs.clone(), reaper.clone());
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let factory = move || {
                    let hubs = serving_hubs.clone();
                    App::new().configure(move |cfg| configure_live(cfg, hubs))
                };
                let Listening {
                    address,
                    handle,
                    server,
                    ..
                } = listen(&listen_options, &keeper, factory).unwrap();
                report.send((address, handle)).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = reported.recv().unwrap();
        Self {
            address,
            hubs,
            reaper,
            registry,
            handle,
            thread: Some(thread),
            tls,
        }
    }

    /// A connection whose receive buffer is `receive_bytes` (the kernel doubles it), or the kernel's choice.
    pub(crate) async fn connect(&self, receive_bytes: Option<usize>) -> Wire {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        if let Some(bytes) = receive_bytes {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        socket.connect(&self.address.into()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(socket.into()).unwrap();
        match &self.tls {
            None => Box::new(stream),
            Some(tls) => Box::new(
                tls.connect(ServerName::try_from("localhost").unwrap(), stream)
                    .await
                    .unwrap(),
            ),
        }
    }

    /// The WebSocket, or the status that refused it.
    pub(crate) async fn open(&self, query: &str, origin: Option<&str>) -> Result<WebSocketStream<Wire>, u16> {
        let wire = self.connect(None).await;
        let mut request = format!("ws://localhost/live?{query}").into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match tokio_tungstenite::client_async(request, wire).await {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A board of `agenda`, with its first frame. Asks again while the hub's mailbox is full.
    pub(crate) async fn board(&self, agenda: u128, from: Option<(&str, Seq)>) -> Board {
        let position = from
            .map(|(history, seq)| format!("&history={history}&seq={seq}"))
            .unwrap_or_default();
        let query = format!("practice=cabinet&practitioner=agenda-{agenda}{position}");
        let socket = loop {
            match self.open(&query, None).await {
                Err(503) => {}
                opened => break opened.unwrap(),
            }
        };
        let mut board = Board {
            socket,
            history: String::new(),
            seq: 0,
            slots: BTreeSet::new(),
            snapshots: 0,
            resumed: false,
        };
        board.step().await;
        board
    }

    /// A connection that has done the handshake by hand and will not read what follows unless told to.
    pub(crate) async fn raw(&self, agenda: u128, receive_bytes: Option<usize>) -> Wire {
        let mut wire = self.connect(receive_bytes).await;
        let request = format!(
            "GET /live?practice=cabinet&practitioner=agenda-{agenda} HTTP/1.1\r\nHost: localhost\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        wire.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(wire.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        wire
    }

    /// Stops the listener once its connections have ended, or its patience has.
    pub(crate) async fn stop_gracefully(&mut self) {
        self.handle.stop(true).await;
    }

    /// The value of a metric without labels, or summed over them.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let families = self.registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == name)
            .unwrap_or_else(|| panic!("no {name}"));
        let counter = family.get_field_type() == prometheus::proto::MetricType::COUNTER;
        let value = |metric: &prometheus::proto::Metric| {
            if counter {
                metric.get_counter().get_value()
            } else {
                metric.get_gauge().get_value()
            }
        };
        family.get_metric().iter().map(value).sum()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.hubs.stop();
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn trusting(ca_file: &std::path::Path) -> tokio_rustls::TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tokio_rustls::TlsConnector::from(Arc::new(config))
}

/// A board that checks what it is shown: positions without gaps, slots as told.
pub(crate) struct Board {
    pub(crate) socket: WebSocketStream<Wire>,
    pub(crate) history: String,
    pub(crate) seq: Seq,
    pub(crate) slots: BTreeSet<i64>,
    pub(crate) snapshots: usize,
    pub(crate) resumed: bool,
}

impl Board {
    /// Takes one data frame in. Panics at a gap or the socket's end.
    pub(crate) async fn step(&mut self) {
        let frame = loop {
            match self
                .socket
                .next()
                .await
                .expect("the socket ended")
                .expect("the socket failed")
            {
                Message::Text(text) => break serde_json::from_str::<BoardFrame>(&text).unwrap(),
                Message::Ping(_) => {}
                other @ (Message::Binary(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("{other:?}")
                }
            }
        };
        match frame {
            BoardFrame::Snapshot {
                history, seq, types, ..
            } => {
                self.snapshots += 1;
                (self.history, self.seq) = (history, seq);
                let slots = types.iter().flat_map(|kind| &kind.slots);
                self.slots = slots.map(|slot| slot.start_ms / 60_000).collect();
            }
            BoardFrame::Resumed { history, seq, .. } => {
                self.resumed = true;
                (self.history, self.seq) = (history, seq);
            }
            BoardFrame::Delta { from, to, types, .. } => {
                assert!(
                    from <= self.seq && self.seq < to,
                    "gap: at {}, told {from} to {to}",
                    self.seq
                );
                self.seq = to;
                for changes in types {
                    assert_eq!(changes.kind, KIND.to_string());
                    for start in changes.removed_ms {
                        assert!(self.slots.remove(&(start / 60_000)), "{start} was not free");
                    }
                    self.slots
                        .extend(changes.added.iter().map(|slot| slot.start_ms / 60_000));
                }
            }
            BoardFrame::TypesChanged { to, .. } => self.seq = to,
        }
    }

    /// Takes frames in until it stands at `seq`.
    pub(crate) async fn reach(&mut self, seq: Seq) {
        let all = async {
            while self.seq < seq {
                self.step().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all)
            .await
            .expect("the position was not reached");
    }

    /// Sends bytes as they are, below the WebSocket, and answers the close code that follows.
    pub(crate) async fn closes_after(mut self, bytes: &[u8]) -> Option<u16> {
        self.socket.get_mut().write_all(bytes).await.unwrap();
        self.close_code().await
    }

    /// Reads until the server closes.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        while let Some(Ok(message)) = self.socket.next().await {
            if let Message::Close(frame) = message {
                return frame.map(|frame| frame.code.into());
            }
        }
        None
    }

    /// Says goodbye and is gone, whatever is still on the way.
    pub(crate) async fn leave_now(mut self) -> (String, Seq) {
        self.socket.send(Message::Close(None)).await.unwrap();
        (self.history, self.seq)
    }

    /// Says goodbye.
    pub(crate) async fn leave(mut self) -> (String, Seq) {
        self.socket.send(Message::Close(None)).await.unwrap();
        assert_eq!(self.close_code().await, Some(1000));
        (self.history, self.seq)
    }
}
