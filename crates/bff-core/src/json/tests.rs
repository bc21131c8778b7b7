//! The reader against `serde_json`, and its error texts.

mod agreement;
mod documents;
mod errors;
