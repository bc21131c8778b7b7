//! One request to one host, and what its outcome teaches: latencies, limit, load, breaker.

use crate::{
    host::Host,
    policy::breaker::{Change, Pass},
    service::Service,
};
use bff_core::Fault;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// One request to one host. Ends by [`finish`](Attempt::finish), or by being dropped: a time-out
/// when its time was over, given up otherwise.
pub(crate) struct Attempt<'a> {
    pub(crate) service: &'a Service,
    pub(crate) host: Arc<Host>,
    pub(crate) pass: Option<Pass>,
    pub(crate) begun: Instant,
    pub(crate) until: Instant,
}

/// What an outcome says about the service.
enum Verdict {
    /// It answered, if not always what was hoped for.
    Alive,
    /// It did not.
    Failed,
    /// It did not, because it cannot take more.
    Overloaded,
}

impl Verdict {
    fn of(outcome: Result<(), &Fault>) -> Self {
        match outcome {
            Err(Fault::TimedOut(_) | Fault::Status { status: 429 | 503, .. }) => Self::Overloaded,
            Err(Fault::Unreachable(_) | Fault::Broken(_) | Fault::Crashed) => Self::Failed,
            Err(Fault::Status { status: 500.., .. }) => Self::Failed,
            // A body that cannot be read is about one thing, not about the whole service.
            _ => Self::Alive,
        }
    }
}

impl Attempt<'_> {
    /// Whether it is there to see if the host is well again.
    pub(crate) fn is_probe(&self) -> bool {
        self.pass.as_ref().is_some_and(Pass::is_probe)
    }

    /// Records what became of it.
    pub(crate) fn finish<T>(mut self, answer: &Result<T, Fault>) {
        let latency = self.begun.elapsed();
        if answer.is_ok() && !self.service.is_seen_through_overload() {
            self.service.latencies.record(self.service.now(), latency);
        }
        self.settle(latency, answer.as_ref().map(|_| ()));
    }

    fn settle(&mut self, latency: Duration, outcome: Result<(), &Fault>) {
        let Some(pass) = self.pass.take() else { return };
        let Self { service, host, .. } = self;
        let (now, verdict) = (service.now(), Verdict::of(outcome));
        host.load.end();
        if service.is_seen_through_overload() {
            // A time-out is ours then, and an answer says only that the host is there.
            match outcome {
                Err(Fault::TimedOut(_)) => host.breaker.forget(pass),
                _ => {
                    service.limiter.observe_unseen(now);
                    self.learn(now, pass, outcome);
                }
            }
            return;
        }
        match verdict {
            Verdict::Alive => service.limiter.observe(now, latency),
            Verdict::Failed => {}
            Verdict::Overloaded => service.limiter.observe_overload(now),
        }
        match verdict {
            Verdict::Alive if !matches!(outcome, Err(Fault::Malformed(_))) => {
                host.load.observe(now, latency);
            }
            // Failing fast must not look like being fast.
            _ => host.load.observe_more_than(now, latency.max(service.settings.timeout)),
        }
        self.learn(now, pass, outcome);
    }

    /// Tells the breaker.
    fn learn(&self, now: Duration, pass: Pass, outcome: Result<(), &Fault>) {
        let Self { service, host, .. } = self;
        let alive = matches!(Verdict::of(outcome), Verdict::Alive);
        let change = host.breaker.record(now, pass, alive);
        let refused = matches!(outcome, Err(Fault::Unreachable(_)));
        let change = change.or_else(|| {
            // Nothing listens there: with another host at hand there is no need to ask again.
            (refused && service.hosts().len() > 1).then(|| host.breaker.eject(now)).flatten()
        });
        if let Some(change) = change {
            service.events.count(change);
            log(service.name(), host.label(), change);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.pass.is_none() {
            return;
        }
        let waited = self.begun.elapsed();
        if Instant::now() >= self.until {
            self.settle(waited, Err(&Fault::TimedOut(waited)));
        } else if let Some(pass) = self.pass.take() {
            self.host.load.end();
            self.host.load.observe_more_than(self.service.now(), waited);
            self.host.breaker.forget(pass);
        }
    }
}

fn log(service: &str, host: &str, change: Change) {
    match change {
        Change::Opened(wait) => tracing::warn!(
            service,
            host,
            retry_ms = wait.as_secs_f64() * 1e3,
            advice = "look at that host; calls to it fail at once until a single one succeeds",
            "breaker opened"
        ),
        Change::Closed => tracing::info!(service, host, "breaker closed"),
    }
}
