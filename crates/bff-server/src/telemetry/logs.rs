//! Log lines: JSON for machines, text for people on a terminal, each with the trace id of its request.

use super::{
    fields::{Members, Text},
    lines::LINES,
};
use crate::{LogFormat, LogSettings};
use bff_core::TraceId;
use std::{
    cell::Cell,
    fmt,
    future::poll_fn,
    io::{IsTerminal, stdout},
    pin::pin,
    time::SystemTime,
};
use tracing::{Event, Subscriber};
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
        let mut members = Members::of(event.metadata(), &mut line);
        members.add("timestamp", &now);
        members.add("level", level);
        if let Some(trace) = CURRENT.get() {
            members.add("trace_id", &trace);
        }
        event.record(&mut members);
        let text = std::str::from_utf8(&line).map_err(|_| fmt::Error)?;
        writeln!(out, "{text}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bff_core::TraceContext;
    use std::{
        io,
        sync::{Arc, Mutex, PoisonError},
    };
    use tracing::{Level, info, subscriber::with_default, warn};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What one event is written as.
    fn line(event: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let lines = fmt().with_max_level(Level::TRACE).with_writer(move || writer.clone());
        with_default(lines.event_format(Lined { json: true }).finish(), event);
        let bytes = written.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn c26_no_name_is_twice_on_a_line_whatever_an_event_calls_its_fields() {
        let cases: [(fn(), &str); 9] = [
            (|| info!(other = 1, "m"), r#""message":"m","other":1"#),
            (|| warn!(level = "Brownout", "m"), r#""message":"m","level_1":"Brownout""#),
            (|| warn!(level = ?Some(2), "m"), r#""message":"m","level_1":"Some(2)""#),
            (|| info!(timestamp = 7, "m"), r#""message":"m","timestamp_1":7"#),
            (|| info!(trace_id = "x", "m"), r#""message":"m","trace_id_1":"x""#),
            (|| info!(message = "a", "b"), r#""message":"b","message_1":"a""#),
            (|| info!(n = 1, n = true, n = 0.5), r#""n":1,"n_1":true,"n_2":0.5"#),
            (|| info!(n_1 = 1, n = 2, n = 3), r#""n_1":1,"n":2,"n_2":3"#),
            (|| info!(level_1 = 1, level = 2), r#""level_1":1,"level_1_1":2"#),
        ];
        for (event, expected) in cases {
            let trace = TraceContext::continue_from(None, None, || true).trace_id;
            let line = line(|| {
                let _trace = enter(trace);
                event();
            });
            let (_, line) = line.split_once(r#","level":""#).unwrap();
            let (_, line) = line.split_once(r#"","trace_id""#).unwrap();
            assert_eq!(line, format!(":\"{trace}\",{expected}}}\n"));
        }
    }
}
