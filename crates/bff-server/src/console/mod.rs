//! The console: one page for the one who was woken up. What it shows is read off the endpoint table
//! and the same records as the metrics. Beside it the reference, for the one who calls this BFF.

mod findings;
mod page;
mod picture;
mod reference;
mod source;
mod tables;
mod verdict;
mod words;

pub(crate) use page::{SECURITY_POLICY, hash, html};
pub(crate) use picture::Picture;
pub(crate) use reference::{REFERENCE_POLICY, reference};
pub use verdict::FAILING_PERCENT;
pub(crate) use words::Escaped;
