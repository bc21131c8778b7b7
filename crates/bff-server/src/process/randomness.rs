//! The first random bytes of a process, fetched ahead.

use std::thread::{Builder, JoinHandle};

/// Randomness being gathered. The process must not end before it is there: aws-lc frees its state when
/// a process exits, and aborts a thread that is using it.
#[derive(Debug)]
#[must_use = "it has to be waited for"]
pub(crate) struct Gathering(Option<JoinHandle<()>>);

/// Begins to gather randomness on a thread of its own. aws-lc takes some 50 ms of processor time for
/// it, once per process: the first TLS handshake or login would hold its worker up for so long.
/// Whoever needs random bytes before they are there waits for them.
pub(crate) fn gather() -> Gathering {
    let gathering = Builder::new().name("randomness".to_owned()).spawn(|| {
        if aws_lc_rs::rand::fill(&mut [0; 1]).is_err() {
            tracing::error!("no random bytes: who needs them gets an error");
        }
    });
    // Without a thread the first who needs them gathers them.
    Gathering(gathering.ok())
}

impl Gathering {
    /// Blocks until it is there, so never on a worker thread.
    pub(crate) fn wait(self) {
        if let Some(thread) = self.0 {
            // It does not panic.
            let _gathered = thread.join();
        }
    }
}
