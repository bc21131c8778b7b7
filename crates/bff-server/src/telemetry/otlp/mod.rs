//! Metrics by OTLP: what a scrape would show, sent again and again by a thread of its own.
//!
//! The registry is read as a scraper reads it and translated by the rules of OpenTelemetry's "Prometheus and
//! OpenMetrics Compatibility", so that names and labels are the same both ways. No worker knows that it happens.

mod exposition;
mod message;
mod push;
mod watch;

pub(crate) use self::{push::Push, watch::Watch};

use std::time::Duration;

/// The longest wait for a collector's answer, per batch.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The longest wait for the last spans and metrics when the process ends, together; part of `REST` in `lifecycle.rs`.
pub(crate) const LAST_WITHIN: Duration = Duration::from_secs(2);
