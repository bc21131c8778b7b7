//! Answers: the view's own members plus `meta`, written once into one buffer.

use crate::{Note, TraceId};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::time::{Duration, SystemTime};

/// A rendered view that waits for its `meta`.
#[derive(Debug)]
pub struct Answer {
    /// The view as a JSON object without its closing brace.
    open: Vec<u8>,
}

/// What the envelope says about the answer itself.
#[derive(Debug)]
pub struct Meta<'a> {
    /// The request's trace.
    pub trace_id: TraceId,
    /// When the answer was made.
    pub generated_at: SystemTime,
    /// How long it took.
    pub latency: Duration,
    /// The sections that are degraded.
    pub notes: &'a [Note],
}

/// Room for `meta`, so that adding it does not move the view.
const META_BYTES: usize = 256;
/// What most screens need; larger ones grow the buffer.
const TYPICAL_BYTES: usize = 4096;

impl Answer {
    pub(crate) fn render<V: Serialize>(view: &V) -> Result<Self, serde_json::Error> {
        let mut open = Vec::with_capacity(TYPICAL_BYTES + META_BYTES);
        serde_json::to_writer(&mut open, view)?;
        open.pop();
        Ok(Self { open })
    }

    /// The same content for another request.
    #[must_use]
    pub fn of_content(content: &[u8]) -> Self {
        let mut open = Vec::with_capacity(content.len() + META_BYTES);
        open.extend_from_slice(content);
        Self { open }
    }

    /// The bytes that depend on the view alone: what an `ETag` is made of.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.open
    }

    /// The whole body: `{ ...view, "meta": { ... } }`.
    #[must_use]
    pub fn into_body(self, meta: &Meta<'_>) -> Vec<u8> {
        let mut body = self.open;
        let first = body.len() <= 1;
        body.extend_from_slice(if first { br#""meta":"# } else { br#","meta":"# });
        // Strings and numbers into memory: nothing here can fail.
        let _ = serde_json::to_writer(&mut body, meta);
        body.push(b'}');
        body
    }
}

impl Serialize for Meta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut meta = serializer.serialize_struct("Meta", 5)?;
        meta.serialize_field("traceId", &format_args!("{}", self.trace_id))?;
        meta.serialize_field(
            "generatedAt",
            &format_args!("{}", humantime::format_rfc3339_millis(self.generated_at)),
        )?;
        meta.serialize_field(
            "latencyMs",
            &u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX),
        )?;
        meta.serialize_field("degraded", &!self.notes.is_empty())?;
        meta.serialize_field("sections", self.notes)?;
        meta.end()
    }
}
