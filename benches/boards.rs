//! The server of the load scenarios of boards: the real listener, hubs and `/live` over agendas that change on command, so that
//! what is measured is the way from a change to the sockets and not the journal before it.
//!
//! `cabinet-load-boards` starts it with `--serve`; it prints `ready BOARDS_PORT CONTROL_PORT`. Each four bytes that come over the
//! control connection (little endian) name an agenda that changes once. Without `--serve` it measures nothing and says so.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot start must say so")]
#![expect(
    clippy::indexing_slicing,
    reason = "the stand-in for agendas is shared with the tests"
)]
#![expect(clippy::print_stdout, reason = "the ready line is this program's output")]

#[path = "../tests/live/source.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod source;

use actix_web::App;
use cabinet::edge::listen::{AllowedOrigins, ListenOptions, Listening, Reaper, ReaperOptions, Transport, listen, tls};
use cabinet::edge::live::{Hubs, LiveOptions, configure_live};
use prometheus::Registry;
use source::{Shared, Source};
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

/// Room for every board the descriptor limit allows, all of them from one address.
const BOARDS_MAX: usize = 20_000;
/// Free slots of each agenda: a snapshot of a few kilobytes.
const SLOTS: i64 = 20;
/// Starts that are taken and freed in turn; beyond the free ones.
const TAKEN_AND_FREED: [i64; 2] = [1_000_000, 1_000_001];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == "--serve") {
        println!("a server, not a benchmark: make load SCENARIO=boards-one starts and measures it");
        return;
    }
    let after = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let topics = after("--topics").unwrap().parse().unwrap();
    let transport = match after("--tls-ca-file") {
        Some(file) => Transport::Tls(tls::self_signed(&PathBuf::from(file)).unwrap()),
        None => Transport::PlainOnLoopback,
    };
    let source = Source::new(topics, SLOTS, 0);
    let control = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let control_port = control.local_addr().unwrap().port();
    let publishing = Arc::clone(&source);
    std::thread::spawn(move || publish(&control, &publishing));
    actix_web::rt::System::new().block_on(serve(source, transport, control_port));
}

async fn serve(source: Arc<Source>, transport: Transport, control_port: u16) {
    let registry = Registry::new();
    let reaper = Reaper::start(ReaperOptions::default(), &registry).unwrap();
    let options = LiveOptions {
        boards_max: BOARDS_MAX,
        boards_per_address_max: BOARDS_MAX,
        ..LiveOptions::default()
    };
    let hubs = Hubs::start(
        Arc::new(Shared(source)),
        options,
        AllowedOrigins::new(Vec::new()),
        &registry,
    )
    .unwrap();
    let factory = move || {
        let hubs = hubs.clone();
        App::new().configure(move |config| configure_live(config, hubs))
    };
    let options = ListenOptions::at(SocketAddr::from(([127, 0, 0, 1], 0)), transport);
    let Listening { address, server, .. } = listen(&options, &reaper, factory).unwrap();
    println!("ready {} {control_port}", address.port());
    server.await.unwrap();
}

/// Carries out the commands of the one control connection. The process ends with it, however the client ended.
fn publish(control: &TcpListener, source: &Source) {
    let (mut commands, _) = control.accept().unwrap();
    let mut turn = 0;
    let mut number = [0; 4];
    while commands.read_exact(&mut number).is_ok() {
        let agenda = u128::from(u32::from_le_bytes(number));
        let (taken, freed) = (TAKEN_AND_FREED[turn % 2], TAKEN_AND_FREED[(turn + 1) % 2]);
        source.change(agenda, &[taken], [freed]);
        turn += 1;
    }
    std::process::exit(0);
}
