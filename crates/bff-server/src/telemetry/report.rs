//! The report of one request: written when it ends, however it ends, and the source of its log
//! line, metrics and spans.

use super::{handles::Handles, logs, spans::Spans};
use bff_core::{CallRecord, Cx, Failure, Fault, Looked, Note, Reason, TraceContext};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

/// What nginx and others write for a client that left before the answer.
const CLIENT_LEFT: u16 = 499;
/// What the client gets when a request panics.
const PANICKED: u16 = 500;

/// Where one worker's reports go.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) handles: Handles,
    pub(crate) spans: Option<Arc<Spans>>,
}

/// The route of a request, as spans name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// With `{name}` for parameters.
    pub(crate) path: &'static str,
}

/// A request on its way. Dropping it without [`end`](Self::end) reports that the client left.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    telemetry: &'a Telemetry,
    pub(crate) endpoint: &'static str,
    /// `None` when there is none.
    route: Option<Route>,
    pub(crate) cx: Cx,
    pub(crate) received: SystemTime,
    ended: bool,
}

/// A request that ended.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) endpoint: &'static str,
    pub(crate) route: Option<Route>,
    pub(crate) status: u16,
    pub(crate) trace: &'a TraceContext,
    /// Whether a collector is sent its spans.
    pub(crate) recorded: bool,
    pub(crate) received: SystemTime,
    pub(crate) started: Instant,
    pub(crate) took: Duration,
    pub(crate) bytes_sent: usize,
    pub(crate) notes: Vec<Note>,
    /// The sections of which there is none.
    pub(crate) absent: Vec<&'static str>,
    pub(crate) calls: Vec<CallRecord>,
    pub(crate) lookups: Vec<Looked>,
}

impl<'a> Running<'a> {
    pub(crate) fn begin(
        telemetry: &'a Telemetry,
        endpoint: &'static str,
        route: Option<Route>,
        received: SystemTime,
        cx: Cx,
    ) -> Self {
        telemetry.handles.begin();
        Self { telemetry, endpoint, route, cx, received, ended: false }
    }

    /// `lookups` are those that the context gave away.
    pub(crate) fn end(mut self, status: u16, bytes_sent: usize, lookups: Vec<Looked>) {
        self.report(status, bytes_sent, lookups);
    }

    fn report(&mut self, status: u16, bytes_sent: usize, lookups: Vec<Looked>) {
        self.ended = true;
        // A request that is dropped is not being polled, and has no current trace of its own.
        let _trace = logs::enter(self.cx.trace().trace_id);
        let started = self.cx.deadline().start();
        self.telemetry.write(&Report {
            endpoint: self.endpoint,
            route: self.route,
            status,
            trace: self.cx.trace(),
            recorded: self.telemetry.spans.is_some() && self.cx.trace().sampled,
            received: self.received,
            started,
            took: started.elapsed(),
            bytes_sent,
            notes: self.cx.notes(),
            absent: self.cx.absent(),
            calls: self.cx.take_calls(),
            lookups,
        });
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let status = if std::thread::panicking() { PANICKED } else { CLIENT_LEFT };
            self.report(status, 0, self.cx.take_lookups());
        }
    }
}

impl Telemetry {
    fn write(&self, report: &Report<'_>) {
        self.handles.end(report);
        if let Some(spans) = self.spans.as_ref().filter(|_| report.recorded) {
            spans.write(report);
        }
        for call in &report.calls {
            log_failure(call);
        }
        tracing::info!(
            endpoint = report.endpoint,
            status = report.status,
            latency_ms = milliseconds(report.took),
            bytes_sent = report.bytes_sent,
            bytes_read = report.bytes_read(),
            degraded =
                (!report.notes.is_empty()).then(|| tracing::field::display(Listed(&report.notes))),
            absent = (!report.absent.is_empty())
                .then(|| tracing::field::display(Listed(&report.absent))),
            "request"
        );
    }
}

/// Milliseconds with the microseconds behind the point.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// One line per failed call, with what an operator needs and a client never sees. A thing that does
/// not exist, or a cursor that no page gave out, is no failure of anybody; and a call that was not made because of a state has the line
/// that was written when the state began.
fn log_failure(call: &CallRecord) {
    let Some(Failure::Fault(fault)) = &call.failure else { return };
    if matches!(fault, Fault::Skipped | Fault::Full | Fault::Open | Fault::UnknownCursor) {
        return;
    }
    if matches!(fault.reason(), Reason::NotFound | Reason::Unauthenticated) {
        return;
    }
    let advice = match fault {
        Fault::NoCredential(_) => {
            "look at [credentials] in the configuration and at the issuer's token endpoint"
        }
        Fault::Unconfigured => "add [services.<name>] to the configuration",
        Fault::TimedOut(_) | Fault::Late => {
            "look at the service's latency, or raise its timeout or the route's budget"
        }
        Fault::NoContent => {
            "let the service answer what the view reads, or declare the write with `answers_nothing`"
        }
        Fault::Malformed(_) | Fault::TooLarge { .. } => {
            "compare the service's answer with the view that reads it"
        }
        Fault::Unreachable(_) | Fault::Broken(_) => {
            "check that the service runs and that its url is right"
        }
        _ => "look at the service's own logs for this trace",
    };
    tracing::warn!(
        dependency = call.dependency,
        service = call.service,
        criticality = ?call.criticality,
        elapsed_ms = milliseconds(call.elapsed),
        attempts = call.way.attempts,
        hedged = call.way.hedged.then_some(true),
        shared = call.way.shared.then_some(true),
        fault = %fault,
        advice,
        "call failed"
    );
}

impl Report<'_> {
    /// The decoded bytes of all bodies that were read from services.
    pub(crate) fn bytes_read(&self) -> usize {
        self.calls.iter().map(|call| call.bytes_read).sum()
    }
}

/// Items of a header, separated as a structured-field list.
pub(crate) struct Listed<'a, T>(pub(crate) &'a [T]);

impl<T: fmt::Display> fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
