//! Virtual time: one thread, and a clock that jumps to the next timer when everybody waits.

use std::io;
use tokio::{runtime::Builder, task::LocalSet};

/// Runs `work` from the beginning of time, with the policies' chance seeded.
///
/// # Errors
/// When the runtime cannot be built.
pub(crate) fn in_virtual_time<T>(seed: u64, work: impl Future<Output = T>) -> io::Result<T> {
    // The policies draw from the thread's generator.
    fastrand::seed(seed);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(LocalSet::new().block_on(&runtime, work))
}
