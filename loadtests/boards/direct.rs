//! The reference: the least a server on tokio can do. One thread, its own framing, each change written to each socket from the
//! loop that takes the commands; nothing is queued, nothing is checked, a socket that is full is closed.

use super::frames::put_header;
use super::report;
use anyhow::Context as _;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Payload of every frame, in bytes: what a change that takes one slot and frees another takes.
pub(crate) const PAYLOAD_BYTES: usize = 254;

type Topics = Rc<RefCell<HashMap<u32, Vec<Rc<TcpStream>>>>>;

/// Serves until the control connection ends. Prints `ready BOARDS_PORT CONTROL_PORT`.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let boards = TcpListener::bind("127.0.0.1:0").await?;
        let control = TcpListener::bind("127.0.0.1:0").await?;
        let ports = (boards.local_addr()?.port(), control.local_addr()?.port());
        report::line(&format!("ready {} {}", ports.0, ports.1));
        let topics = Topics::default();
        let joining = Rc::clone(&topics);
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = boards.accept().await {
                tokio::task::spawn_local(board(stream, Rc::clone(&joining)));
            }
        });
        let (commands, _) = control.accept().await?;
        publish(commands, &topics).await
    })
}

async fn board(mut stream: TcpStream, topics: Topics) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let topic = greet(&mut stream).await?;
    let stream = Rc::new(stream);
    topics.borrow_mut().entry(topic).or_default().push(Rc::clone(&stream));
    loop {
        stream.readable().await?;
        if matches!(stream.try_read(&mut [0; 512]), Ok(0)) {
            break;
        }
    }
    if let Some(sockets) = topics.borrow_mut().get_mut(&topic) {
        sockets.retain(|socket| !Rc::ptr_eq(socket, &stream));
    }
    Ok(())
}

/// The handshake; the topic that was asked for.
async fn greet(stream: &mut TcpStream) -> anyhow::Result<u32> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        anyhow::ensure!(stream.read_buf(&mut head).await? > 0, "cut off");
    }
    let head = String::from_utf8(head)?;
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let accept = derive_accept_key(key.context("no key")?.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    let (_, rest) = head.split_once("agenda-").context("no topic")?;
    Ok(rest.split(' ').next().unwrap_or_default().parse()?)
}

async fn publish(commands: TcpStream, topics: &Topics) -> anyhow::Result<()> {
    let mut frame = Vec::new();
    put_header(&mut frame, 0x1, 0, PAYLOAD_BYTES);
    frame.extend(std::iter::repeat_n(b'x', PAYLOAD_BYTES));
    let mut commands = BufReader::new(commands);
    while let Ok(topic) = commands.read_u32_le().await {
        if let Some(sockets) = topics.borrow_mut().get_mut(&topic) {
            sockets.retain(|socket| matches!(socket.try_write(&frame), Ok(bytes) if bytes == frame.len()));
        }
    }
    Ok(())
}
