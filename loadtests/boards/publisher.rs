//! How a server is told to publish: numbers over its control connection, or, for a server without one, a message per topic.

use super::frames::put_masked;
use std::io::Write as _;
use std::net::TcpStream;

const BINARY: u8 = 0x2;
const TEXT: u8 = 0x1;

/// How.
pub(crate) enum Way {
    /// Four bytes per change, over plain TCP.
    Numbers(TcpStream),
    /// The same, in WebSocket messages.
    Framed(TcpStream),
    /// A WebSocket per topic, over which the payload itself is sent.
    PerTopic {
        /// By topic.
        sockets: Vec<TcpStream>,
        /// One message.
        frame: Vec<u8>,
    },
}

/// Publishes on command.
pub(crate) struct Publisher {
    way: Way,
    pending: Vec<u8>,
    framed: Vec<u8>,
}

impl Publisher {
    pub(crate) fn new(way: Way) -> Self {
        Self {
            way,
            pending: Vec::new(),
            framed: Vec::new(),
        }
    }

    /// A payload of `bytes` bytes, sent to the topic's own socket.
    pub(crate) fn per_topic(sockets: Vec<TcpStream>, bytes: usize) -> Self {
        let mut frame = Vec::new();
        put_masked(&mut frame, TEXT, &vec![b'x'; bytes]);
        Self::new(Way::PerTopic { sockets, frame })
    }

    /// Sockets that are answered what was published: somebody must read it.
    pub(crate) fn answers(&self) -> std::io::Result<Vec<TcpStream>> {
        match &self.way {
            Way::Numbers(_) | Way::Framed(_) => Ok(Vec::new()),
            Way::PerTopic { sockets, .. } => sockets.iter().map(TcpStream::try_clone).collect(),
        }
    }

    /// Has one change of a topic published, at the latest at the next [`Publisher::flush`].
    pub(crate) fn publish(&mut self, topic: u32) -> anyhow::Result<()> {
        match &mut self.way {
            Way::Numbers(_) | Way::Framed(_) => self.pending.extend_from_slice(&topic.to_le_bytes()),
            Way::PerTopic { sockets, frame } => {
                let socket = usize::try_from(topic).ok().and_then(|topic| sockets.get_mut(topic));
                let socket = socket.ok_or_else(|| anyhow::anyhow!("no publisher of topic {topic}"))?;
                socket.write_all(frame)?;
            }
        }
        Ok(())
    }

    /// Sends what has gathered.
    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        match &mut self.way {
            Way::Numbers(socket) => socket.write_all(&self.pending)?,
            Way::Framed(socket) => {
                self.framed.clear();
                put_masked(&mut self.framed, BINARY, &self.pending);
                socket.write_all(&self.framed)?;
            }
            Way::PerTopic { .. } => {}
        }
        self.pending.clear();
        Ok(())
    }
}
