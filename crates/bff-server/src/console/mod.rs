//! The console: one page for the one who was woken up. What it shows is read off the endpoint table
//! and the same records as the metrics.

mod findings;
mod page;
mod picture;
mod source;
mod verdict;
mod words;

pub(crate) use page::{SECURITY_POLICY, html};
pub(crate) use picture::Picture;
pub use verdict::FAILING_PERCENT;
