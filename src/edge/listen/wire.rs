//! The stream of one connection, plain or TLS. The HTTP library reads and writes it as a future; whoever takes it over
//! reads and writes without waiting, from any thread.
//!
//! Must not be here: what the bytes mean.

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::rt::net::TcpStream;
use rustls::ServerConnection;
use std::io::{self, ErrorKind, IoSlice, Read as _, Write as _};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Plain bytes sealed at once: one TLS record. So much may wait, sealed, for a socket that takes no more.
const SEALED_BYTES_MAX: usize = 16 * 1024;

/// An accepted stream.
pub enum Wire {
    /// Plain TCP.
    Plain(TcpStream),
    /// TLS; boxed, because it is a kilobyte and most of what waits here is not that.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// The TCP stream inside: for its readiness and its options, not for its bytes.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Reads what has arrived. Zero: the peer has ended its side.
    ///
    /// # Errors
    /// `WouldBlock` when nothing has; others when the connection is broken.
    pub fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.try_read(buffer),
            Self::Tls(stream) => {
                let (tcp, session) = stream.get_mut();
                read_opened(session, tcp, buffer)
            }
        }
    }

    /// Writes from `parts`, in order, what is taken now, at least one byte. Over TLS what was taken may still wait, sealed:
    /// see [`Wire::try_flush`].
    ///
    /// # Errors
    /// `WouldBlock` when nothing is taken; others when the connection is broken.
    pub fn try_write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let written = match self {
            Self::Plain(stream) => match parts {
                [part] => stream.try_write(part)?,
                parts => stream.try_write_vectored(parts)?,
            },
            Self::Tls(stream) => {
                let (tcp, session) = stream.get_mut();
                flush_sealed(session, tcp)?;
                let taken = seal(session, parts)?;
                match flush_sealed(session, tcp) {
                    Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                    Ok(()) | Err(_) => taken,
                }
            }
        };
        if written == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        Ok(written)
    }

    /// Hands what waits sealed to the socket.
    ///
    /// # Errors
    /// `WouldBlock` when the socket takes no more; others when the connection is broken.
    pub fn try_flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(stream) => {
                let (tcp, session) = stream.get_mut();
                flush_sealed(session, tcp)
            }
        }
    }

    /// Whether everything that was taken has been handed to the socket.
    #[must_use]
    pub fn is_flushed(&self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Tls(stream) => !stream.get_ref().1.wants_write(),
        }
    }

    /// Tells the peer that nothing more will be sent. What it still sends can be read.
    ///
    /// # Errors
    /// When the connection is broken, or its socket takes no more.
    pub fn try_end(&mut self) -> io::Result<()> {
        if let Self::Tls(stream) = self {
            stream.get_mut().1.send_close_notify();
        }
        self.try_flush()?;
        socket2::SockRef::from(self.tcp()).shutdown(Shutdown::Write)
    }
}

/// A socket read and written without waiting.
struct AtOnce<'a>(&'a TcpStream);

impl io::Read for AtOnce<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl io::Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn read_opened(session: &mut ServerConnection, tcp: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match session.reader().read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            read => return read,
        }
        session.read_tls(&mut AtOnce(tcp))?;
        if let Err(error) = session.process_new_packets() {
            // The alert that tells the peer leaves now or never.
            drop(flush_sealed(session, tcp));
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
    }
}

/// Seals one record's worth of `parts`; how much that was.
fn seal(session: &mut ServerConnection, parts: &[IoSlice<'_>]) -> io::Result<usize> {
    let mut room = SEALED_BYTES_MAX;
    let whole = parts.iter().take_while(|part| {
        let fits = part.len() <= room;
        room = room.saturating_sub(part.len());
        fits
    });
    let whole = whole.count();
    match (parts.get(..whole), parts.first()) {
        (Some(whole @ [_, ..]), _) => session.writer().write_vectored(whole),
        (_, Some(long)) => session.writer().write(long.get(..SEALED_BYTES_MAX).unwrap_or(long)),
        (_, None) => Ok(0),
    }
}

fn flush_sealed(session: &mut ServerConnection, tcp: &TcpStream) -> io::Result<()> {
    while session.wants_write() {
        session.write_tls(&mut AtOnce(tcp))?;
    }
    Ok(())
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
