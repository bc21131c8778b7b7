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

/// A client's connection. actix decodes all that it is given into requests, some kilobytes each, before
/// it answers the first; so it is given one head at a time.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpStream,
    flow: Rc<Flow>,
    /// What came behind the end of a head.
    ahead: Vec<u8>,
    /// Where the reading of a head stands.
    head: HeadEnd,
    /// actix has been given a part, and is to look at it before it gets the next one.
    given: bool,
    /// What was read and dropped since the last byte was sent.
    dropped: Option<usize>,
}

impl Socket {
    pub(crate) fn new(tcp: TcpStream, flow: Rc<Flow>) -> Self {
        let (ahead, head) = (Vec::new(), HeadEnd::default());
        Self { tcp, flow, ahead, head, given: false, dropped: None }
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

    /// Lets actix look at what it has been given; it comes back for the rest unless a request begins.
    fn poll_after(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.given = false;
        if self.ahead.is_empty() {
            match self.tcp.poll_peek(cx, &mut ReadBuf::new(&mut [0]))? {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(0) => return Poll::Ready(Ok(())),
                Poll::Ready(_) => {}
            }
        }
        self.flow.left_unread();
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads what came ahead, or else what comes.
    fn poll_next(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.tcp).poll_read(cx, buf);
        }
        let fits = self.ahead.len().min(buf.remaining());
        buf.put_slice(self.ahead.get(..fits).unwrap_or_default());
        self.ahead.drain(..fits);
        Poll::Ready(Ok(()))
    }

    /// Keeps back what stands behind the end of a head.
    fn keep_ahead(&mut self, buf: &mut ReadBuf<'_>, before: usize) {
        let new = buf.filled().get(before..).unwrap_or_default();
        let Some(end) = self.head.find(new) else { return };
        self.given = true;
        let ahead = new.get(end..).unwrap_or_default();
        if !ahead.is_empty() {
            self.ahead.splice(..0, ahead.iter().copied());
            buf.set_filled(before + end);
            self.flow.left_unread();
        }
    }
}

/// Finds the empty line that ends a head. Lines may end with a bare LF, as actix's parser has it.
#[derive(Debug, Default)]
struct HeadEnd {
    /// A line has just ended, or only a CR came since then.
    at_line_start: bool,
}

impl HeadEnd {
    /// How many of these bytes belong to the head that ends in them.
    fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut from = 0;
        while let Some(rest) = bytes.get(from..).filter(|rest| !rest.is_empty()) {
            if self.at_line_start {
                match rest {
                    [b'\n', ..] => {
                        self.at_line_start = false;
                        return Some(from + 1);
                    }
                    [b'\r', ..] => {
                        from += 1;
                        continue;
                    }
                    _ => self.at_line_start = false,
                }
            }
            from += memchr::memchr(b'\n', rest)? + 1;
            self.at_line_start = true;
        }
        None
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
            this.given = false;
            return this.poll_left(cx);
        }
        // An end makes actix close the connection.
        if this.flow.is_over() {
            return Poll::Ready(Ok(()));
        }
        if this.given {
            return this.poll_after(cx);
        }
        let before = buf.filled().len();
        match this.poll_next(cx, buf) {
            Poll::Pending if this.flow.ends_when_idle() => Poll::Ready(Ok(())),
            Poll::Ready(Ok(())) if buf.filled().len() > before => {
                match this.flow.phase() {
                    Phase::Body => this.given = true,
                    _ => this.keep_ahead(buf, before),
                }
                this.flow.read();
                Poll::Ready(Ok(()))
            }
            other => other,
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

#[cfg(test)]
mod tests {
    use super::HeadEnd;

    #[test]
    fn a_head_ends_with_its_empty_line_however_it_is_cut() {
        for (bytes, end) in [
            ("GET / HTTP/1.1\r\nhost: a\r\n\r\nGET", Some(27)),
            ("GET / HTTP/1.1\nhost: a\n\nGET", Some(24)),
            ("GET / HTTP/1.1\r\nhost: a\n\r\nGET", Some(26)),
            ("GET / HTTP/1.1\r\nhost: a\r\n", None),
            ("\r\nGET / HTTP/1.1\r\n\r\n", Some(20)),
            ("", None),
        ] {
            assert_eq!(HeadEnd::default().find(bytes.as_bytes()), end, "{bytes:?}");
            for cut in 0..bytes.len() {
                let (first, second) = bytes.as_bytes().split_at(cut);
                let mut head = HeadEnd::default();
                let found = head.find(first).or_else(|| Some(cut + head.find(second)?));
                assert_eq!(found, end, "{bytes:?} cut at {cut}");
            }
        }
    }
}
