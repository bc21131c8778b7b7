//! W3C Trace Context: read from the client, written to every service.

use crate::fields::{self, Quotes};
use std::{fmt, rc::Rc};

/// 16 bytes that name one request through every service.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(u128);

/// 8 bytes that name one step of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(u64);

/// Where a request stands in its trace.
#[derive(Debug, Clone)]
pub struct TraceContext {
    /// The whole trace.
    pub trace_id: TraceId,
    /// The caller's step, when there was one.
    pub parent: Option<SpanId>,
    /// This BFF's step.
    pub span: SpanId,
    /// Whether the trace is being recorded.
    pub sampled: bool,
    /// The vendors' part, passed on entry by entry.
    pub state: Option<Rc<str>>,
}

/// The W3C recommendation allows this many entries of `tracestate` (section 3.3.1.1)...
const MAX_STATE_ENTRIES: usize = 32;
/// ...asks for at least this much of them to be passed on...
const MAX_STATE_BYTES: usize = 512;
/// ...and, where that is too little, for longer entries than this to go first (section 3.3.1.5).
const LONG_ENTRY_BYTES: usize = 128;

impl TraceContext {
    /// Continues the trace that the headers name, or starts one. Headers that do not follow the
    /// recommendation count as absent; they are never a reason to refuse a request. `tracestate` are
    /// the lines of that field; `sample` decides for new traces only.
    #[must_use]
    pub fn continue_from<'a>(
        traceparent: Option<&str>,
        tracestate: impl IntoIterator<Item = &'a [u8]>,
        sample: impl FnOnce() -> bool,
    ) -> Self {
        match traceparent.and_then(parse) {
            Some((trace_id, parent, sampled)) => Self {
                trace_id,
                parent: Some(parent),
                span: SpanId::random(),
                sampled,
                state: state(tracestate).map(Rc::from),
            },
            None => {
                let trace_id = TraceId(fastrand::u128(1..));
                Self {
                    trace_id,
                    parent: None,
                    span: SpanId::random(),
                    sampled: sample(),
                    state: None,
                }
            }
        }
    }

    /// The `traceparent` header for a call made as step `span` of this trace.
    #[must_use]
    pub fn traceparent(&self, span: SpanId) -> String {
        format!("00-{}-{span}-{:02x}", self.trace_id, u8::from(self.sampled))
    }
}

/// Version 00, or a later one that starts the same way (section 4.3 of the recommendation).
fn parse(header: &str) -> Option<(TraceId, SpanId, bool)> {
    let mut parts = header.trim().split('-');
    let version = hex::<2>(parts.next()?)?;
    let trace_id = hex::<32>(parts.next()?)?;
    let parent = u64::try_from(hex::<16>(parts.next()?)?).ok()?;
    let flags = hex::<2>(parts.next()?)?;
    let known = version != 0xff && (version != 0 || parts.next().is_none());
    (known && trace_id != 0 && parent != 0).then_some((
        TraceId(trace_id),
        SpanId(parent),
        flags & 1 == 1,
    ))
}

/// Exactly `DIGITS` lower-case hexadecimal digits.
fn hex<const DIGITS: usize>(text: &str) -> Option<u128> {
    let lower = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (text.len() == DIGITS && lower).then(|| u128::from_str_radix(text, 16).ok())?
}

/// Lower-case hexadecimal digits; `DIGITS` is twice `BYTES`. A page writes ten ids, and the standard
/// formatting of a `u128` divides.
fn hex_of<const BYTES: usize, const DIGITS: usize>(bytes: [u8; BYTES]) -> [u8; DIGITS] {
    const NIBBLES: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [b'0'; DIGITS];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = NIBBLES.get(usize::from(nibble)).copied().unwrap_or_default();
        }
    }
    digits
}

/// The entries of all lines, joined, as far as they fit. One that does not follow the recommendation
/// goes alone: the next reader may drop the whole for it.
fn state<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
    let entries = fields::members(lines, Quotes::None).filter_map(entry);
    let mut entries: Vec<_> = entries.take(MAX_STATE_ENTRIES).collect();
    while entries.iter().map(|entry| entry.len() + 1).sum::<usize>() > MAX_STATE_BYTES + 1 {
        let long = entries.iter().rposition(|entry| entry.len() > LONG_ENTRY_BYTES);
        entries.remove(long.unwrap_or(entries.len() - 1));
    }
    (!entries.is_empty()).then(|| entries.join(","))
}

/// `key=value` (section 3.3.1.3).
fn entry(member: &[u8]) -> Option<&str> {
    let text = str::from_utf8(member).ok()?;
    let (key, value) = text.split_once('=')?;
    let (tenant, system) = key.split_once('@').unwrap_or((key, "-"));
    let is_key = |key: &str| {
        !key.is_empty()
            && key
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/'))
    };
    let is_value = |b: u8| matches!(b, b' '..=b'~') && b != b'=';
    let fits = |part: &str| (1..=256).contains(&part.len());
    (is_key(tenant) && is_key(system) && fits(key) && fits(value) && value.bytes().all(is_value))
        .then_some(text)
}

impl TraceId {
    /// The id as bytes, most significant first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl SpanId {
    /// A new step.
    #[must_use]
    pub fn random() -> Self {
        Self(fastrand::u64(1..))
    }

    /// The id as bytes, most significant first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&hex_of::<16, 32>(self.to_bytes())).unwrap_or_default())
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&hex_of::<8, 16>(self.to_bytes())).unwrap_or_default())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(traceparent: &str) -> Option<String> {
        parse(traceparent).map(|(trace, span, sampled)| format!("{trace} {span} {sampled}"))
    }

    #[test]
    fn a_valid_parent_is_continued_and_anything_else_is_ignored() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let valid = format!("00-{trace}-b7ad6b7169203331-01");
        assert_eq!(
            read(&valid).as_deref(),
            Some("0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 true")
        );
        assert!(read(&format!("cc-{trace}-b7ad6b7169203331-00-more")).is_some(), "a later version");
        for bad in [
            "",
            "00",
            &format!("ff-{trace}-b7ad6b7169203331-01"),
            &format!("00-{trace}-b7ad6b7169203331-01-more"),
            &format!("00-{}-b7ad6b7169203331-01", trace.to_uppercase()),
            &format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
            &format!("00-{trace}-0000000000000000-01"),
            &format!("00-{trace}-b7ad6b716920333-01"),
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_call_continues_the_trace_under_its_own_span() {
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let trace = TraceContext::continue_from(Some(header), None, || false);
        let sent = trace.traceparent(SpanId(7));
        assert_eq!(sent, "00-0af7651916cd43dd8448eb211c80319c-0000000000000007-01");
    }

    /// The state that is passed on of these lines.
    fn passed_on(lines: &[&[u8]]) -> String {
        state(lines.iter().copied()).unwrap_or_default()
    }

    #[test]
    fn c14_a_tracestate_is_joined_from_all_its_lines() {
        for (lines, expected) in [
            (&[&b"a=1"[..], b"b=2"][..], "a=1,b=2"),
            (&[b"a=1", b"", b"b=2"], "a=1,b=2"),
            (&[b"a=1,", b" , b=2 ,,c=3\t"], "a=1,b=2,c=3"),
            (&[b"a=\"1,b=2\""], "a=\"1,b=2\""),
            (
                &[b"fw529a3039@dt=FfAA: x;y,0tenant@sys-*/_=1"],
                "fw529a3039@dt=FfAA: x;y,0tenant@sys-*/_=1",
            ),
            // What is no entry costs no other one.
            (&[b"a=M\xc3\xbcnchen,b=2", b"\xff", b"c=3"], "b=2,c=3"),
            (&[b"Upper=1,a.b=1,@b=1,a@=1,a@b@c=1,=1,a,a=,a=1=2,a=\x7f,b=2"], "b=2"),
            (&[], ""),
            (&[b"", b" , "], ""),
        ] {
            assert_eq!(passed_on(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn c14_a_long_tracestate_loses_whole_entries() {
        let entry = |size: usize| format!("vendor={}", "x".repeat(size - 7));
        let joined =
            |sizes: &[usize]| sizes.iter().map(|n| entry(*n)).collect::<Vec<_>>().join(",");
        for (sizes, kept) in [
            (&[97; 9][..], &[97; 5][..]),
            (&[256, 255], &[256, 255]),
            (&[256, 256], &[256]),
            (&[129, 100, 200, 128, 128], &[129, 100, 128, 128]),
            (&[128, 128, 128, 128, 10], &[128, 128, 128]),
            (&[10; 33], &[10; 32]),
            (&[263, 1000, 10], &[263, 10]),
        ] {
            let (came, expected) = (joined(sizes), joined(kept));
            assert_eq!(passed_on(&[came.as_bytes()]), expected, "{sizes:?}");
        }
    }
}
