//! What became of a call: one record behind its log line, its metrics and its span.

use crate::{Cx, Fault, SpanId, ports::Way};
use std::{cell::Cell, time::Duration};
use tokio::time::Instant;

/// What the failure of a call means to the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Criticality {
    /// It ends the request.
    Critical,
    /// It becomes a fallback.
    Optional,
}

impl Criticality {
    /// The word for it, as in metrics and on the console.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Optional => "optional",
        }
    }
}

/// What became of one call: the one value behind its log line, its metrics and its span.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// The name of the call.
    pub dependency: &'static str,
    /// The service that was called.
    pub service: &'static str,
    /// What its failure means to the page.
    pub criticality: Criticality,
    /// Its step of the trace.
    pub span: SpanId,
    /// When it began.
    pub started: Instant,
    /// How long it took.
    pub elapsed: Duration,
    /// The size of the decoded body that was read; 0 without one.
    pub bytes_read: usize,
    /// How it travelled.
    pub way: Way,
    /// `None` for an answer that became a view.
    pub failure: Option<Failure>,
}

/// Why a call yielded nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It failed.
    Fault(Fault),
    /// Nobody waited for it any more: another critical call failed, or the client left.
    Cancelled,
}

/// Writes a [`CallRecord`] when the call ends, also when it ends by being dropped.
pub(crate) struct Recording<'a> {
    cx: &'a Cx,
    pub(crate) dependency: &'static str,
    service: &'static str,
    pub(crate) criticality: Criticality,
    pub(crate) span: SpanId,
    started: Instant,
    pub(crate) bytes_read: Cell<usize>,
    pub(crate) way: Cell<Way>,
    failure: Option<Failure>,
}

impl<'a> Recording<'a> {
    pub(crate) fn begin(
        cx: &'a Cx,
        dependency: &'static str,
        service: &'static str,
        criticality: Criticality,
    ) -> Self {
        Self {
            cx,
            dependency,
            service,
            criticality,
            span: SpanId::random(),
            started: Instant::now(),
            bytes_read: Cell::new(0),
            way: Cell::default(),
            failure: Some(Failure::Cancelled),
        }
    }

    pub(crate) fn end(mut self, fault: Option<&Fault>) {
        self.failure = fault.cloned().map(Failure::Fault);
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        self.cx.recorded(CallRecord {
            dependency: self.dependency,
            service: self.service,
            criticality: self.criticality,
            span: self.span,
            started: self.started,
            elapsed: self.started.elapsed(),
            bytes_read: self.bytes_read.get(),
            way: self.way.get(),
            failure: self.failure.take(),
        });
    }
}
