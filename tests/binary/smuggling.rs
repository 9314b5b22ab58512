//! HTTP requests that two readers might cut in two different ways, sent raw, each with a following request on the same
//! connection. What hides inside one of them must never be answered.

use crate::server::{Server, data_dir};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Hidden in bodies; its answer holds [`MARK`].
const HIDDEN: &str = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: h\r\n\r\n";
const MARK: &str = "\"openapi\":";
/// What follows on the same connection.
const NEXT: &str = "GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
/// A connection that stays silent this long has no more to say.
const SILENCE: Duration = Duration::from_millis(700);

/// What must become of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Must {
    /// Refused, and nothing after it on this connection is answered.
    Refuse,
    /// Framed in the one way that RFC 9112 leaves: the next request is answered as itself.
    Frame,
    /// Either.
    Either,
}

/// A request with these header lines and this body.
fn post(lines: &str, body: &str) -> Vec<u8> {
    format!("POST /api/v1/staff/sign-out HTTP/1.1\r\nhost: h\r\n{lines}\r\n\r\n{body}").into_bytes()
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len())
}

/// Name, what must become of it, the request.
fn corpus() -> Vec<(String, Must, Vec<u8>)> {
    let bytes = HIDDEN.len();
    let length = format!("content-length: {bytes}");
    let mut cases = conflicts(&length);
    cases.extend(lengths(bytes));
    cases.extend(chunks());
    cases.extend(heads(&length));
    cases.extend(versions(&length));
    cases
}

fn row(name: impl Into<String>, must: Must, request: Vec<u8>) -> (String, Must, Vec<u8>) {
    (name.into(), must, request)
}

/// Both ways of saying where a body ends, in every disguise.
fn conflicts(length: &str) -> Vec<(String, Must, Vec<u8>)> {
    let after_end = format!("0\r\n\r\n{HIDDEN}");
    let mut cases = vec![
        row(
            "CL.TE",
            Must::Refuse,
            post(
                &format!("content-length: {}\r\ntransfer-encoding: chunked", after_end.len()),
                &after_end,
            ),
        ),
        row(
            "TE.CL",
            Must::Refuse,
            post("transfer-encoding: chunked\r\ncontent-length: 4", &chunk(HIDDEN)),
        ),
        row(
            "CL 0 and TE",
            Must::Refuse,
            post("content-length: 0\r\ntransfer-encoding: chunked", &chunk(HIDDEN)),
        ),
    ];
    for (name, line) in [
        ("unknown coding", "transfer-encoding: xchunked"),
        ("chunked, identity", "transfer-encoding: chunked, identity"),
        ("identity, chunked", "transfer-encoding: identity, chunked"),
        ("chunked twice in a line", "transfer-encoding: chunked, chunked"),
        (
            "chunked on two lines",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        ),
        (
            "chunked, then another coding on a line of its own",
            "transfer-encoding: chunked\r\ntransfer-encoding: cow",
        ),
        ("gzip, chunked", "transfer-encoding: gzip, chunked"),
        ("quoted", "transfer-encoding: \"chunked\""),
        ("space before the colon", "transfer-encoding : chunked"),
        ("tab before the colon", "transfer-encoding\t: chunked"),
        ("vertical tab", "transfer-encoding: \x0bchunked"),
        ("folded", "transfer-encoding:\r\n chunked"),
        ("folded name", "transfer\r\n -encoding: chunked"),
        ("underscore", "transfer_encoding: chunked"),
        ("NUL in the value", "transfer-encoding: chunked\0"),
        ("semicolon", "transfer-encoding: chunked;q=1"),
    ] {
        // With a length beside it, a reader that overlooks the coding cuts elsewhere than one that does not.
        let must = if name == "underscore" {
            Must::Either
        } else {
            Must::Refuse
        };
        let request = post(&format!("{length}\r\n{line}"), HIDDEN);
        cases.push(row(format!("{name}, with a length"), must, request));
    }
    cases
}

fn lengths(bytes: usize) -> Vec<(String, Must, Vec<u8>)> {
    let with = |lines: String, must| row(lines.clone(), must, post(&lines, HIDDEN));
    vec![
        with(format!("content-length: {bytes}\r\ncontent-length: 0"), Must::Refuse),
        with(format!("content-length: 0\r\ncontent-length: {bytes}"), Must::Refuse),
        with(format!("content-length: {bytes}, 0"), Must::Refuse),
        with(format!("content-length: +{bytes}"), Must::Refuse),
        with(format!("content-length: -{bytes}"), Must::Refuse),
        with(format!("content-length: 0x{bytes:x}"), Must::Refuse),
        with(format!("content-length: {bytes}.0"), Must::Refuse),
        with(format!("content-length: {bytes} {bytes}"), Must::Refuse),
        with("content-length: 18446744073709551617".to_owned(), Must::Refuse),
        with("content-length:".to_owned(), Must::Refuse),
        with("content-length: abc".to_owned(), Must::Refuse),
        with(format!("content-length : {bytes}"), Must::Refuse),
        with(format!("content-length:\r\n {bytes}"), Must::Refuse),
        with(format!("content-length: {bytes}\0"), Must::Refuse),
        with(format!("content-length: {bytes}"), Must::Frame),
    ]
}

fn chunks() -> Vec<(String, Must, Vec<u8>)> {
    let with = |name: &str, must, body: &str| row(name, must, post("transfer-encoding: chunked", body));
    let bytes = HIDDEN.len();
    vec![
        with("chunk: well formed", Must::Frame, &chunk(HIDDEN)),
        with("chunk: no size", Must::Refuse, &format!("\r\n{HIDDEN}\r\n0\r\n\r\n")),
        with(
            "chunk: size not hexadecimal",
            Must::Refuse,
            &format!("zz\r\n{HIDDEN}\r\n0\r\n\r\n"),
        ),
        with(
            "chunk: negative size",
            Must::Refuse,
            &format!("-{bytes:x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
        ),
        with(
            "chunk: size with a plus",
            Must::Refuse,
            &format!("+{bytes:x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
        ),
        with(
            "chunk: size with 0x",
            Must::Refuse,
            &format!("0x{bytes:x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
        ),
        with(
            "chunk: size overflows",
            Must::Refuse,
            &format!("1{}\r\n{HIDDEN}\r\n0\r\n\r\n", "0".repeat(16)),
        ),
        with(
            "chunk: size ends with a bare LF",
            Must::Refuse,
            &format!("{bytes:x}\n{HIDDEN}\r\n0\r\n\r\n"),
        ),
        with(
            "chunk: data ends with a bare LF",
            Must::Refuse,
            &format!("{bytes:x}\r\n{HIDDEN}\n0\r\n\r\n"),
        ),
        with(
            "chunk: longer than it says",
            Must::Refuse,
            &format!("2\r\n{HIDDEN}\r\n0\r\n\r\n"),
        ),
        with(
            "chunk: extension with a bare LF",
            Must::Refuse,
            &format!("{bytes:x};a\n{HIDDEN}\r\n0\r\n\r\n"),
        ),
        with(
            "chunk: extension with a bare CR",
            Must::Refuse,
            &format!("{bytes:x};a\rb\r\n{HIDDEN}\r\n0\r\n\r\n"),
        ),
        with(
            "chunk: NUL in the size line",
            Must::Refuse,
            &format!("{bytes:x}\0\r\n{HIDDEN}\r\n0\r\n\r\n"),
        ),
        with(
            "chunk: the last one ends with a bare LF",
            Must::Refuse,
            &format!("{bytes:x}\r\n{HIDDEN}\r\n0\n\n"),
        ),
    ]
}

fn heads(length: &str) -> Vec<(String, Must, Vec<u8>)> {
    let raw = |name: &str, must, text: String| row(name, must, text.into_bytes());
    let line = "POST /api/v1/staff/sign-out HTTP/1.1";
    let many = "x: y\r\n".repeat(500);
    vec![
        raw(
            "bare LF after every line",
            Must::Either,
            format!("{line}\nhost: h\n{length}\n\n{HIDDEN}"),
        ),
        raw(
            "bare CR inside a value",
            Must::Refuse,
            format!("{line}\r\nhost: h\r\nx: y\r{length}\r\n\r\n{HIDDEN}"),
        ),
        raw(
            "NUL in a name",
            Must::Refuse,
            format!("{line}\r\nhost: h\r\nx\0y: z\r\n{length}\r\n\r\n{HIDDEN}"),
        ),
        raw(
            "NUL in a value",
            Must::Refuse,
            format!("{line}\r\nhost: h\r\nx: y\0\r\n{length}\r\n\r\n{HIDDEN}"),
        ),
        raw(
            "space before the first header",
            Must::Refuse,
            format!("{line}\r\n x: y\r\n{length}\r\n\r\n{HIDDEN}"),
        ),
        raw(
            "a folded header",
            Must::Refuse,
            format!("{line}\r\nhost: h\r\nx: y\r\n z\r\n{length}\r\n\r\n{HIDDEN}"),
        ),
        raw(
            "a line without a colon",
            Must::Refuse,
            format!("{line}\r\nhost: h\r\nnothing\r\n{length}\r\n\r\n{HIDDEN}"),
        ),
        raw(
            "a space in a name",
            Must::Refuse,
            format!("{line}\r\nhost: h\r\nx y: z\r\n{length}\r\n\r\n{HIDDEN}"),
        ),
        raw(
            "a header of a megabyte",
            Must::Refuse,
            format!("{line}\r\nhost: h\r\nx: {}\r\n\r\n{HIDDEN}", "y".repeat(1 << 20)),
        ),
        raw(
            "500 headers",
            Must::Refuse,
            format!("{line}\r\nhost: h\r\n{many}{length}\r\n\r\n{HIDDEN}"),
        ),
    ]
}

/// Other versions and methods, and what they make of bodies.
fn versions(length: &str) -> Vec<(String, Must, Vec<u8>)> {
    let raw = |name: &str, must, text: String| row(name, must, text.into_bytes());
    vec![
        raw(
            "version 1.9",
            Must::Refuse,
            format!("POST / HTTP/1.9\r\nhost: h\r\n{length}\r\n\r\n{HIDDEN}"),
        ),
        raw("version 9", Must::Refuse, "GET /\r\n".to_owned()),
        raw(
            "the preface of HTTP/2",
            Must::Refuse,
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        ),
        raw(
            "chunked in HTTP/1.0",
            Must::Refuse,
            format!("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n{}", chunk(HIDDEN)),
        ),
        raw(
            "a body on GET",
            Must::Frame,
            format!("GET /healthz HTTP/1.1\r\nhost: h\r\n{length}\r\n\r\n{HIDDEN}"),
        ),
        raw(
            "NUL in the target",
            Must::Refuse,
            format!("GET /\0 HTTP/1.1\r\nhost: h\r\n{length}\r\n\r\n{HIDDEN}"),
        ),
    ]
}

/// Sends it all in one write, and reads until the server is silent or has ended.
async fn answers(host: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(host).await.expect("connect");
    // A server that has ended does not take the rest.
    drop(stream.write_all(&[request, NEXT.as_bytes()].concat()).await);
    let mut said = Vec::new();
    let mut buffer = [0; 16 * 1024];
    while let Ok(Ok(count @ 1..)) = tokio::time::timeout(SILENCE, stream.read(&mut buffer)).await {
        said.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

fn complaint(must: Must, said: &str) -> Option<String> {
    let statuses: Vec<&str> = said
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| answer.get(..3).unwrap_or(""))
        .collect();
    if said.contains(MARK) {
        return Some("the hidden request was answered".to_owned());
    }
    let refused = statuses.iter().all(|status| status.starts_with('4')) && statuses.len() <= 1;
    let framed = statuses.len() == 2 && statuses[1] == "200";
    let good = match must {
        Must::Refuse => refused,
        Must::Frame => framed,
        Must::Either => refused || framed,
    };
    (!good).then(|| format!("{must:?}, but the answers were {statuses:?}"))
}

#[tokio::test]
async fn no_request_hidden_in_another_is_answered() {
    let (_guard, data) = data_dir();
    let server = Server::start(&data);
    let seen = answers(&server.host, HIDDEN.as_bytes()).await;
    assert!(
        complaint(Must::Either, &seen).is_some(),
        "the check does not see an answer to the hidden request"
    );
    let cases = corpus();
    assert!(cases.len() >= 40, "{}", cases.len());
    let all = cases.iter().map(|(_, _, request)| answers(&server.host, request));
    let said = futures_util::future::join_all(all).await;
    let mut complaints = Vec::new();
    for ((name, must, _), said) in cases.iter().zip(&said) {
        complaints.extend(complaint(*must, said).map(|complaint| format!("{name:?}: {complaint}")));
    }
    println!("{} requests, {} complaints", cases.len(), complaints.len());
    assert!(complaints.is_empty(), "{complaints:#?}");
}
