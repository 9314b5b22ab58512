//! An HTTP/1.1 client over one kept connection, small enough to hold a thousand of them at a barrier.

use serde_json::Value;
use std::io;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

/// Plain TCP or TLS over it.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Duplex for T {}
pub(crate) type Wire = Box<dyn Duplex>;

/// One open connection.
pub(crate) struct Connection {
    stream: BufReader<Wire>,
    host: String,
}

/// A status and a JSON body (null when there is none).
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// `name=value` of a cookie that was set.
    pub(crate) cookie: Option<String>,
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

impl Connection {
    /// Speaks over `wire` to the server that calls itself `host`.
    pub(crate) fn over(wire: Wire, host: &str) -> Self {
        Self {
            stream: BufReader::new(wire),
            host: host.to_owned(),
        }
    }

    /// Sends a GET and reads the answer.
    pub(crate) async fn get(&mut self, path: &str) -> io::Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        self.read().await
    }

    /// Sends a JSON POST and reads the answer.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> io::Result<Answer> {
        self.send(path, body).await?;
        self.read().await
    }

    /// The same with a session's cookie (`name=value`).
    pub(crate) async fn post_as(&mut self, cookie: &str, path: &str, body: &Value) -> io::Result<Answer> {
        self.send_with(&format!("cookie: {cookie}\r\n"), path, body).await?;
        self.read().await
    }

    /// Sends a JSON POST without waiting.
    pub(crate) async fn send(&mut self, path: &str, body: &Value) -> io::Result<()> {
        self.send_with("", path, body).await
    }

    async fn send_with(&mut self, headers: &str, path: &str, body: &Value) -> io::Result<()> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\n{headers}x-cabinet: 1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).await
    }

    /// Reads one answer. An end in the middle is an error: the command's outcome is then unknown to this client.
    pub(crate) async fn read(&mut self) -> io::Result<Answer> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| broken("no status line"))?;
        let mut length = 0_usize;
        let mut chunked = false;
        let mut cookie = None;
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.to_ascii_lowercase().starts_with("set-cookie:") {
                let set = line.split_once(':').map_or("", |(_, set)| set);
                cookie = set.split(';').next().map(|pair| pair.trim().to_owned());
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| broken("bad content-length"))?;
            }
            chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
        }
        let bytes = if chunked {
            self.read_chunks().await?
        } else {
            self.read_exactly(length).await?
        };
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap_or(Value::Null)
        };
        Ok(Answer { status, body, cookie })
    }

    async fn read_exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    async fn read_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).await?;
            let length = usize::from_str_radix(line.trim(), 16).map_err(|_| broken("bad chunk"))?;
            let chunk = self.read_exactly(length + 2).await?;
            if length == 0 {
                return Ok(all);
            }
            all.extend_from_slice(&chunk[..length]);
        }
    }
}
