//! The socket that actix reads and writes: it reads only when it is the client's turn, and closes so
//! that the client gets the last answer.

use super::{
    LINGER_BYTES,
    flow::{Flow, Phase},
};
use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A client's connection.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    flow: Rc<Flow>,
    /// What was read and dropped since the last byte was sent.
    dropped: Option<usize>,
}

impl Socket {
    pub(crate) fn new(tcp: TcpStream, flow: Rc<Flow>) -> Self {
        Self { tcp, flow, dropped: None }
    }

    pub(crate) fn flow(&self) -> &Rc<Flow> {
        &self.flow
    }

    /// Looks whether the client has left, and leaves what it sent where it is.
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut byte = [0];
        match ready!(self.tcp.poll_peek(cx, &mut ReadBuf::new(&mut byte)))? {
            0 => Poll::Ready(Ok(())),
            _ => {
                self.flow.left_unread();
                Poll::Pending
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if matches!(this.flow.phase(), Phase::Request | Phase::Answer) {
            return this.poll_left(cx);
        }
        // An end makes actix close the connection.
        if this.flow.is_over() {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        match Pin::new(&mut this.tcp).poll_read(cx, buf) {
            Poll::Pending if this.flow.ends_when_idle() => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
            Poll::Ready(read) => {
                if read.is_ok() && buf.filled().len() > before {
                    this.flow.read();
                }
                Poll::Ready(read)
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.tcp).poll_write(cx, bytes);
        this.flow.wrote(written.is_pending());
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // actix flushes when it has written all that there was.
        if self.flow.flushed() {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    /// Sends the end, and then reads on for a while: a connection that is closed while something
    /// unread arrives is reset, and a reset can overtake the answer (RFC 9112, section 9.6).
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.dropped.is_none() {
            ready!(Pin::new(&mut this.tcp).poll_shutdown(cx))?;
            this.dropped = Some(0);
            this.flow.close();
        }
        let mut scratch = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut buf));
            let dropped = this.dropped.get_or_insert_default();
            *dropped += buf.filled().len();
            if read.is_err() || buf.filled().is_empty() || *dropped >= LINGER_BYTES {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
