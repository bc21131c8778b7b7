//! What a collector is sent: one complete trace per request, and the metrics that a scrape would show.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod bed;
mod metrics;
mod trace;
