//! From a signal to an orderly end, and to an end in any case.
//!
//! The order of a drain: readiness turns false and each answer becomes the last on its connection; after
//! `drain_delay` the port closes and idle connections end; requests in flight have `drain_timeout`, then
//! what is left is cut off, and the last spans and log lines are
//! written. A thread of its own sees to it that nothing which hangs can hold that up.

use super::{health::Health, worker::Shared};
use crate::{ServerSettings, telemetry::logs};
use actix_web::dev::{Server as ActixServer, ServerHandle};
use bff_auth::Vault;
use std::{
    io, process,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};
use tokio::{
    runtime::Builder,
    select,
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
    time::{Instant, sleep, sleep_until, timeout},
};

/// How long what is cut off has to notice it.
const CUT_OFF_WITHIN: Duration = Duration::from_secs(2);
/// After `drain_delay` and `drain_timeout`, what the rest of an end may take. Longer than all that it
/// waits for; what comes on top are the two seconds that the log's reader has.
const REST: Duration = Duration::from_secs(5);
/// Who stops a process often tells it twice, as itself and as one of its group: that is one signal.
const ONE_SIGNAL: Duration = Duration::from_millis(200);
/// How often it is looked whether renewals are over.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// What a shell says of a process that a signal ended.
const BY_SIGNAL: i32 = 128;

/// How a BFF ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every request that had arrived was answered.
    Answered,
    /// `drain_timeout` was over before that.
    CutOff,
}

impl End {
    /// The exit code of the process.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Answered => 0,
            Self::CutOff => 3,
        }
    }
}

/// Tells a running server to drain and end.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Life>);

#[derive(Debug, Default)]
struct Life {
    stop: Notify,
    /// Known when the drain is over.
    end: OnceLock<End>,
}

impl Stop {
    /// Begins to drain, as SIGTERM does.
    pub fn stop(&self) {
        self.0.stop.notify_one();
    }
}

/// Answers until `stop`, and drains. Idle connections end with the port, so one that is open after
/// `drain_timeout` is somebody's who waits for an answer.
pub(crate) async fn until_drained(
    mut server: ActixServer,
    stop: Stop,
    health: &Health,
    shared: &Shared,
) -> io::Result<End> {
    let connections = &shared.connections;
    let handle = server.handle();
    let end = select! {
        biased;
        () = drain(&stop, health, &handle, shared) => {
            let open = connections.count();
            if open > 0 {
                let advice = "give `server.drain_timeout` more time, or look at what is slow";
                tracing::warn!(connections = open, advice, "requests were cut off");
            }
            let _late = timeout(CUT_OFF_WITHIN, &mut server).await;
            if open == 0 { End::Answered } else { End::CutOff }
        }
        ended = &mut server => { ended?; End::Answered }
    };
    Ok(*stop.0.end.get_or_init(|| end))
}

/// Over when requests in flight have had their time.
async fn drain(stop: &Stop, health: &Health, server: &ServerHandle, shared: &Shared) {
    let ServerSettings { drain_delay, drain_timeout, .. } = &shared.limits;
    let connections = &shared.connections;
    stop.0.stop.notified().await;
    health.set_draining();
    connections.drain();
    tracing::info!(delay_ms = drain_delay.as_secs_f64() * 1e3, "draining");
    if let Some(vault) = &shared.vault {
        vault.drain();
    }
    sleep(*drain_delay).await;
    let until = Instant::now() + *drain_timeout;
    if let Some(vault) = &shared.vault {
        let _late = timeout(*drain_timeout / 2, renewed(vault)).await;
    }
    // Sent by now; who waits for it is the server itself.
    drop(server.stop(true));
    connections.close_idle();
    sleep_until(until).await;
}

/// Over when no session is being renewed beside requests: what the provider gave for a refresh token
/// that is used up would be lost with the worker.
async fn renewed(vault: &Vault) {
    while vault.is_renewing() {
        sleep(LOOK_AGAIN).await;
    }
}

/// Makes the first SIGTERM or SIGINT a `stop`. A second one ends the process at once, and so does a
/// drain that takes longer than it may, whatever holds it up: a worker that never returns, a thread
/// that waits for a disk. Only for a process that is nothing but this server.
///
/// # Errors
/// The operating system has no thread, or does not tell about signals.
pub(crate) fn obey_signals(stop: Stop, limits: &ServerSettings) -> io::Result<()> {
    // Its own event loop, because any other may be what is stuck.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        }
    };
    let longest = limits.drain_delay + limits.drain_timeout + REST;
    let obey = move || {
        let code = runtime.block_on(async {
            signals.next().await;
            stop.stop();
            let again = async {
                let _the_same = timeout(ONE_SIGNAL, signals.swallow()).await;
                signals.next().await
            };
            match timeout(longest, again).await {
                Ok(signal) => {
                    let message = "a second signal: the process ends at once";
                    tracing::warn!(signal = signal.as_raw_value(), "{message}");
                    BY_SIGNAL + signal.as_raw_value()
                }
                Err(_) => {
                    let end = stop.0.end.get().copied().unwrap_or(End::CutOff);
                    let advice = "something that never returns holds the process; look for it in the lines before";
                    tracing::warn!(?end, advice, "the process did not end by itself");
                    end.code().into()
                }
            }
        });
        logs::flush();
        process::exit(code)
    };
    thread::Builder::new().name("signals".to_owned()).spawn(obey).map(drop)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn swallow(&mut self) {
        loop {
            self.next().await;
        }
    }

    async fn next(&mut self) -> SignalKind {
        select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        }
    }
}
