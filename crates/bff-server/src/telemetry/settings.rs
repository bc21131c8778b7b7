//! What operators set about logs, traces and metrics: where they go and how much of them.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// `[logs]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// `json`, `text`, or `auto`: text on a terminal, JSON elsewhere.
    pub format: LogFormat,
    /// What to log, as `tracing-subscriber` filters say it: `info`, or `info,bff_auth=debug`.
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Auto, level: "info,actix_server=warn".to_owned() }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
    /// Text on a terminal, JSON elsewhere.
    Auto,
}

/// `[traces]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TraceSettings {
    /// Where finished spans go: the full URL of an OTLP/HTTP collector, `http://collector:4318/v1/traces`. None when
    /// left out.
    pub otlp_endpoint: Option<String>,
    /// The share of new traces that is recorded, 0 to 1. A caller's own decision is followed.
    pub sample_ratio: f64,
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self { otlp_endpoint: None, sample_ratio: 0.01 }
    }
}

/// `[metrics]`: they are always on the admin port; this sends them as well.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricSettings {
    /// Where they go: the full URL of an OTLP/HTTP collector, `http://collector:4318/v1/metrics`. Nowhere when left
    /// out.
    pub otlp_endpoint: Option<String>,
    /// How often; at least 100 ms.
    #[serde(with = "humantime_serde")]
    pub otlp_interval: Duration,
}

impl Default for MetricSettings {
    fn default() -> Self {
        Self { otlp_endpoint: None, otlp_interval: Duration::from_secs(60) }
    }
}
