//! The echo server that conformance tests talk to: the listener, guard and socket of `/ws`, an actor that sends back what
//! it receives. Only here; no build of the product holds it.

use actix::{Actor, ActorContext as _, StreamHandler};
use actix_web::web::{Payload, get};
use actix_web::{App, Error, HttpRequest, HttpResponse};
use cabinet::edge::listen::{FrameLimits, ListenOptions, Reaper, ReaperOptions, Transport, listen};
use cabinet::edge::ws::socket::{self, Arrival, Context, Received, Socket};
use cabinet_proto::v1::close::CloseCode;
use prometheus::Registry;
use std::net::SocketAddr;

/// The largest message of group 9.
const MESSAGE_BYTES_MAX: u64 = 16 * 1024 * 1024;

struct Echo(Socket);

impl Echo {
    fn end(&mut self, ctx: &mut Context<Self>, code: CloseCode) {
        self.0.end(ctx, code);
    }
}

impl Actor for Echo {
    type Context = Context<Self>;
}

impl StreamHandler<Arrival> for Echo {
    fn handle(&mut self, arrival: Arrival, ctx: &mut Context<Self>) {
        match self.0.receive(arrival) {
            Received::Text(text) => ctx.text(String::from_utf8(text.to_vec()).expect("the guard saw to it")),
            Received::Binary(bytes) => ctx.binary(bytes),
            Received::Ping(payload) => ctx.pong(&payload),
            Received::Pong | Received::Nothing => {}
            Received::End(code) => self.end(ctx, code),
        }
    }

    fn finished(&mut self, ctx: &mut Context<Self>) {
        match self.0.finished() {
            Some(code) => self.end(ctx, code),
            None => ctx.stop(),
        }
    }
}

async fn echo(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let limits = FrameLimits {
        frame_bytes_max: MESSAGE_BYTES_MAX,
        message_bytes_max: MESSAGE_BYTES_MAX,
    };
    socket::open(&request, payload, (limits, &[]), Echo)
}

/// Starts it on a free loopback port, or on a given one. Must be called inside an actix system.
pub(crate) fn start(port: u16) -> SocketAddr {
    let options = ListenOptions::at(SocketAddr::from(([127, 0, 0, 1], port)), Transport::PlainOnLoopback);
    let reaper = Reaper::start(ReaperOptions::default(), &Registry::new()).expect("a reaper");
    let listening = listen(&options, &reaper, || App::new().route("/", get().to(echo))).expect("listen");
    actix_web::rt::spawn(listening.server);
    listening.address
}
