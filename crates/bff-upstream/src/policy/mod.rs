//! What decides about calls: state machines over counts and durations, without sockets and without
//! a clock of their own.
//!
//! Every method that depends on time takes `now`, the time since the service was configured, so
//! that tests and `make sim` run them in virtual time. All state is shared by the workers of a
//! process. A call to a healthy service takes no lock here: counts are atomic words, and a mutex
//! guards only what is already in trouble.

pub mod breaker;
pub mod budget;
mod gradient;
pub mod latency;
pub mod limiter;
pub mod load;
pub mod window;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic elsewhere does not make counts unusable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
