//! What an operator sees: logs, metrics and traces, all written from one report per request.

mod fields;
pub(crate) mod handles;
mod lines;
pub(crate) mod live;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod otlp;
pub(crate) mod report;
pub(crate) mod settings;
pub(crate) mod spans;
pub(crate) mod window;
