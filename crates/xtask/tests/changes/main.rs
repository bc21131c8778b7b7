//! Per-crate CI and releases, on a small repository of the same layout and on this one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod affected;
mod ci;
mod refusals;
mod release;
mod scratch;
#[path = "../shared/sources.rs"]
mod sources;
