//! HTTP/1.1 messages as far as a benchmark needs them: where they end, and what they ask for.

use memchr::{memchr, memmem};
use std::ops::Range;

/// A whole message at the beginning of a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The bytes of the body; with their chunk sizes when it came in chunks.
    pub body: Range<usize>,
    /// Whether the body came in chunks.
    pub chunked: bool,
}

/// The message at the beginning of `bytes`, once all of it is there.
#[must_use]
pub fn whole(bytes: &[u8]) -> Option<Message> {
    let start = memmem::find(bytes, b"\r\n\r\n")? + 4;
    let (length, chunked) = framing(bytes.get(..start)?);
    let end = if chunked { chunks_end(bytes, start)? } else { start + length };
    (bytes.len() >= end).then_some(Message { body: start..end, chunked })
}

/// The status of a response.
#[must_use]
pub fn status(bytes: &[u8]) -> u16 {
    let digits = bytes.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// The path and query of a request.
#[must_use]
pub fn target(bytes: &[u8]) -> &[u8] {
    let rest = memchr(b' ', bytes).and_then(|at| bytes.get(at + 1..)).unwrap_or_default();
    memchr(b' ', rest).and_then(|end| rest.get(..end)).unwrap_or_default()
}

/// The value of a header, by its name in lower case with the colon.
#[must_use]
pub fn header<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut lines = Lines(bytes);
    lines.find_map(|line| {
        let (start, value) = line.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
    })
}

/// The body without the sizes of its chunks.
#[must_use]
pub fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some((size, data)) = chunk(body) {
        let Some((now, later)) = data.split_at_checked(size) else { break };
        out.extend_from_slice(now);
        body = later.get(2..).unwrap_or_default();
        if size == 0 {
            break;
        }
    }
    out
}

fn framing(head: &[u8]) -> (usize, bool) {
    for line in Lines(head) {
        // Most lines are told apart by their first letter.
        match line.first() {
            Some(b'c' | b'C') if starts(line, b"content-length:") => {
                let text = line.get(15..).unwrap_or_default().trim_ascii();
                let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                return (number.unwrap_or_default(), false);
            }
            Some(b't' | b'T') if starts(line, b"transfer-encoding: chunked") => return (0, true),
            _ => {}
        }
    }
    (0, false)
}

fn starts(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

fn chunks_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let rest = bytes.get(at..)?;
        let (size, data) = chunk(rest)?;
        at += rest.len() - data.len() + size + 2;
        if size == 0 {
            return Some(at);
        }
    }
}

/// The size of the chunk that begins here, and what follows the size.
fn chunk(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let end = memmem::find(bytes, b"\r\n")?;
    let size = std::str::from_utf8(bytes.get(..end)?).ok()?;
    Some((usize::from_str_radix(size.trim(), 16).ok()?, bytes.get(end + 2..)?))
}

struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = memchr(b'\n', self.0)?;
        let line = self.0.get(..end.saturating_sub(1))?;
        self.0 = self.0.get(end + 1..)?;
        (!line.is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_whole_when_its_last_byte_is_there() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
        assert_eq!(whole(text), Some(Message { body: 44..49, chunked: false }));
        assert_eq!(status(text), 200);
        for end in 0..text.len() {
            assert_eq!(whole(&text[..end]), None, "{end}");
        }
    }

    #[test]
    fn a_body_in_chunks_is_put_together() {
        let text = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n";
        let message = whole(text).unwrap();
        assert!(message.chunked && message.body.end == text.len());
        assert_eq!(unchunked(&text[message.body]), b"abc0123456789");
        for end in 0..text.len() {
            assert_eq!(whole(&text[..end]), None, "{end}");
        }
    }

    #[test]
    fn a_request_says_what_it_wants() {
        let text = b"GET /users/u-1?x=y HTTP/1.1\r\nhost: a\r\nX-User-Id: u-1\r\n\r\n";
        assert_eq!(target(text), b"/users/u-1?x=y");
        assert_eq!(header(text, "x-user-id:"), Some(&b"u-1"[..]));
        assert_eq!(header(text, "accept:"), None);
    }
}
