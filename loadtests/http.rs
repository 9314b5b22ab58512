//! One kept-open HTTP/1.1 connection, with as little between it and the socket as possible: a load test must cost the
//! machine less than what it measures. Only what the server sends is understood: a status, `content-length`, a body.

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Bytes of an answer's head at most.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Room for the first read of an answer.
const READ_BYTES: usize = 16 * 1024;

/// One connection; one request at a time.
pub struct Connection {
    stream: TcpStream,
    host: String,
    /// The present request, then the present answer; kept for its room.
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// Its status line and headers, as they came.
    pub head: &'a [u8],
    /// Its body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(std::str::from_utf8(self.head).ok()?, name)
    }

    /// The body as JSON, if the status is one of success.
    ///
    /// # Errors
    /// When it is not, or the body is not as documented.
    pub fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        if !(200..300).contains(&self.status) {
            bail!("status {}: {}", self.status, String::from_utf8_lossy(self.body));
        }
        Ok(serde_json::from_slice(self.body)?)
    }
}

impl Connection {
    /// Connects to `host`, an address with a port.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(host: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            host: host.to_owned(),
            buffer: Vec::new(),
        })
    }

    /// Asks for `path`.
    ///
    /// # Errors
    /// When the connection ends or the answer is not HTTP as the server speaks it.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer<'_>> {
        self.get_with(path, "").await
    }

    /// Asks for `path` with further headers, each ended by CR LF.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_with(&mut self, path: &str, headers: &str) -> anyhow::Result<Answer<'_>> {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.host);
        self.exchange(head.as_bytes(), &[]).await
    }

    /// Sends `body` as JSON to `path`.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post<T: Serialize>(&mut self, path: &str, body: &T) -> anyhow::Result<Answer<'_>> {
        let body = serde_json::to_vec(body)?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        self.exchange(head.as_bytes(), &body).await
    }

    async fn exchange(&mut self, head: &[u8], body: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.buffer.clear();
        self.buffer.extend_from_slice(head);
        self.buffer.extend_from_slice(body);
        self.stream.write_all(&self.buffer).await?;
        self.buffer.clear();
        self.buffer.reserve(READ_BYTES);
        let (status, from, length) = loop {
            self.fill().await?;
            if let Some(found) = parse(&self.buffer)? {
                break found;
            }
        };
        let missing = (from + length).saturating_sub(self.buffer.len());
        self.buffer.reserve(missing);
        while self.buffer.len() < from + length {
            self.fill().await?;
        }
        let head = self.buffer.get(..from).unwrap_or_default();
        let body = self.buffer.get(from..from + length).context("the body is cut off")?;
        Ok(Answer { status, head, body })
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        if self.buffer.len() == self.buffer.capacity() {
            self.buffer.reserve(READ_BYTES);
        }
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => bail!("the server closed the connection"),
            _ => Ok(()),
        }
    }
}

/// Status, where the body begins, how long it is; none while the head is not complete.
fn parse(bytes: &[u8]) -> anyhow::Result<Option<(u16, usize, usize)>> {
    let Some(end) = bytes
        .windows(4)
        .take(HEAD_BYTES_MAX)
        .position(|four| four == b"\r\n\r\n")
    else {
        if bytes.len() > HEAD_BYTES_MAX {
            bail!("the answer's head is too long");
        }
        return Ok(None);
    };
    let head = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    // "Not modified" never has a body, whatever its head says.
    let length = match (status, header(head, "content-length")) {
        (304, _) => 0,
        (_, length) => length.context("an answer without content-length")?.parse()?,
    };
    Ok(Some((status, end + 4, length)))
}

/// A header's value.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_not_yet() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\nx: y\r\n\r\nabc";
        assert_eq!(parse(text).unwrap(), Some((201, text.len() - 3, 3)));
        assert_eq!(parse(&text[..20]).unwrap(), None);
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        let text = b"HTTP/1.1 304 Not Modified\r\nETag: W/\"a\"\r\n\r\n";
        assert_eq!(parse(text).unwrap(), Some((304, text.len(), 0)));
        assert_eq!(header("HTTP/1.1 304 x\r\nETag: W/\"a\"", "etag"), Some("W/\"a\""));
    }
}
