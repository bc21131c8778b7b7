//! The scenarios: each one runs, and says what it saw.

pub mod availability;
pub mod brownout;
pub mod hedging;
pub mod retry_storm;
pub mod slow_host;
