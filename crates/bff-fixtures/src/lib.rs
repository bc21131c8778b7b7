//! What a test of any crate needs, whichever crate that is: this crate depends on none of ours.
#![forbid(unsafe_code)]

pub mod chromium;
pub mod http;
pub mod issuer;
pub mod keys;
mod lines;
mod log_line;
mod mounted;
pub mod redis;
mod rollout;
mod test_file;
mod ticker;
pub mod token_endpoint;

pub use chromium::Chromium;
pub use issuer::Issuer;
pub use lines::Lines;
pub use log_line::log_line;
pub use mounted::Mounted;
pub use rollout::Rollout;
/// JSON as tests write and compare it.
pub use serde_json::{Value as Json, json};
pub use test_file::TestFile;
pub use ticker::Ticker;
