//! What the policies do in trouble: storms, slow hosts, long tails, overload, services that fail.
//!
//! The code that decides is the real one ([`bff_upstream::Upstream`] and
//! [`bff_limits::overload::Pressure`]); the network, the servers behind it and the users are made
//! up, and the clock jumps from one event to the next. One thread, seeded chance: two runs write
//! the same numbers, so the tests assert what the report says.
#![forbid(unsafe_code)]

mod clock;
mod crowd;
mod event_loop;
mod figures;
mod html;
mod instance;
mod plot;
mod report;
pub mod scenarios;
mod server;

pub use report::Report;

/// Whatever ends a run before its report, with its text.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How much is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// For the report.
    Full,
    /// The same with fewer users, for the tests.
    Small,
}

impl Size {
    pub(crate) fn of<T>(self, full: T, small: T) -> T {
        match self {
            Self::Full => full,
            Self::Small => small,
        }
    }
}
