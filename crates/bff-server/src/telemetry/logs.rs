//! Log lines: JSON with trace ids for machines, text for people on a terminal.

use crate::{LogFormat, LogSettings};
use std::io::{IsTerminal, stdout};
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging for the process. A second start in one process, as in tests, changes nothing.
pub(crate) fn init(settings: &LogSettings) {
    let filter = EnvFilter::new(&settings.level);
    let json = match settings.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !stdout().is_terminal(),
    };
    let lines = fmt().with_env_filter(filter).with_target(false);
    let _already_started = if json {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    } else {
        lines.with_ansi(stdout().is_terminal()).try_init()
    };
}
