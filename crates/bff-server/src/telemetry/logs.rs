//! Log lines: JSON for machines, text for people on a terminal, each with the trace id of its request.

use super::lines::LINES;
use crate::{LogFormat, LogSettings};
use bff_core::TraceId;
use serde_json::to_writer;
use std::{
    cell::Cell,
    fmt::{self, Debug},
    future::poll_fn,
    io::{IsTerminal, stdout},
    pin::pin,
    time::SystemTime,
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, fmt, format::Writer},
    registry::LookupSpan,
};

thread_local! {
    /// The trace of the request that this thread is working on. Cheaper than a tracing span per request by some
    /// microseconds, and at the top of the line instead of inside it.
    static CURRENT: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Starts logging for the process. A second start in one process, as in tests, changes nothing.
pub(crate) fn init(settings: &LogSettings) {
    let json = match settings.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !stdout().is_terminal(),
    };
    let colours = !json && stdout().is_terminal();
    let lines = fmt()
        .with_env_filter(EnvFilter::new(&settings.level))
        .with_writer(&LINES)
        .with_ansi(colours);
    if lines.event_format(Lined { json }).try_init().is_ok()
        && let Err(error) = LINES.start()
    {
        tracing::error!(%error, "log lines cannot be written");
    }
}

/// Makes a panic one log line under its request's trace id. Only its place is written: the message
/// may quote what a service or a client sent, and walking the stack would hold up the worker's other
/// requests for as long as it takes, at a service's will (see `bff-upstream` on header names).
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked; the request that caused it was ended");
    }));
}

/// Waits until every line is written.
pub(crate) fn flush() {
    LINES.flush();
}

/// Runs `work` with `trace` on its log lines.
pub(crate) async fn in_trace<F: Future>(trace: TraceId, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|cx| {
        let _trace = enter(trace);
        work.as_mut().poll(cx)
    })
    .await
}

/// Puts `trace` on this thread's log lines until the guard is dropped.
pub(crate) fn enter(trace: TraceId) -> Entered {
    Entered(CURRENT.replace(Some(trace)))
}

/// Restores the trace that was current before.
pub(crate) struct Entered(Option<TraceId>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// How a line looks.
struct Lined {
    json: bool,
}

impl<S, N> FormatEvent<S, N> for Lined
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (now, level) =
            (humantime::format_rfc3339_micros(SystemTime::now()), event.metadata().level());
        if !self.json {
            write!(out, "{now} {level:>5}")?;
            event.record(&mut Text(&mut out));
            if let Some(trace) = CURRENT.get() {
                write!(out, " trace_id={trace}")?;
            }
            return writeln!(out);
        }
        let mut line = Vec::with_capacity(512);
        let mut fields = Json(&mut line);
        fields.display("timestamp", &now);
        fields.display("level", level);
        if let Some(trace) = CURRENT.get() {
            fields.display("trace_id", &trace);
        }
        event.record(&mut fields);
        let text = std::str::from_utf8(&line).map_err(|_| fmt::Error)?;
        writeln!(out, "{text}}}")
    }
}

/// Writes fields as members of one object, whose closing brace is the caller's.
struct Json<'a>(&'a mut Vec<u8>);

impl Json<'_> {
    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        // Into memory: this cannot fail, nor can what follows.
        let _ = to_writer(&mut *self.0, name);
        self.0.push(b':');
    }

    fn display(&mut self, name: &str, value: &dyn fmt::Display) {
        self.name(name);
        let _ = to_writer(&mut *self.0, &format_args!("{value}"));
    }
}

impl Visit for Json<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.name(field.name());
        let _ = to_writer(&mut *self.0, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field.name());
        let _ = to_writer(&mut *self.0, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field.name());
        let _ = to_writer(&mut *self.0, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field.name());
        let _ = to_writer(&mut *self.0, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field.name());
        let _ = to_writer(&mut *self.0, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(field.name());
        let _ = to_writer(&mut *self.0, &format_args!("{value:?}"));
    }
}

/// Writes the message, and fields as `name=value`.
struct Text<'a, 'w>(&'a mut Writer<'w>);

impl Visit for Text<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        // A writer that fails says so when the line ends.
        let _ = match field.name() {
            "message" => write!(self.0, " {value}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
