//! The first random bytes of a process, fetched ahead.

use std::thread::Builder;

/// Begins to gather randomness on a thread of its own. aws-lc takes some 50 ms of processor time for
/// it, once per process: the first TLS handshake or login would hold its worker up for so long.
/// Whoever needs random bytes before they are there waits for them.
pub(crate) fn gather() {
    let gathering = Builder::new().name("randomness".to_owned()).spawn(|| {
        let _filled = aws_lc_rs::rand::fill(&mut [0; 1]);
    });
    if let Err(error) = gathering {
        // Then the first who needs them gathers them.
        tracing::debug!(%error, "randomness is not fetched ahead");
    }
}
