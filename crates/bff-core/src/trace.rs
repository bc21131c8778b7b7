//! W3C Trace Context: read from the client, written to every service.

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
    /// The vendors' part, passed on as it came.
    pub state: Option<Rc<str>>,
}

/// The W3C recommendation asks for at least this much of `tracestate` to be passed on.
const MAX_STATE_BYTES: usize = 512;

impl TraceContext {
    /// Continues the trace that the headers name, or starts one. Headers that do not follow the
    /// recommendation count as absent; they are never a reason to refuse a request. `sample`
    /// decides for new traces only.
    #[must_use]
    pub fn continue_from(
        traceparent: Option<&str>,
        tracestate: Option<&str>,
        sample: impl FnOnce() -> bool,
    ) -> Self {
        match traceparent.and_then(parse) {
            Some((trace_id, parent, sampled)) => Self {
                trace_id,
                parent: Some(parent),
                span: SpanId::random(),
                sampled,
                state: tracestate.and_then(whole_entries).map(Rc::from),
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

/// As many whole entries as fit into the limit, first ones first.
fn whole_entries(state: &str) -> Option<&str> {
    if state.len() <= MAX_STATE_BYTES {
        return (!state.is_empty()).then_some(state);
    }
    let head = state.get(..=MAX_STATE_BYTES)?;
    state.get(..head.rfind(',')?)
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

    #[test]
    fn a_long_tracestate_loses_whole_entries() {
        let entry = format!("vendor={}", "x".repeat(90));
        let long = [entry.as_str(); 9].join(",");
        let kept = whole_entries(&long).unwrap_or_default();
        assert!(kept.len() <= MAX_STATE_BYTES && kept.split(',').all(|e| e == entry), "{kept}");
        assert_eq!(kept.split(',').count(), 5);
    }
}
