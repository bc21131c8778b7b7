//! What happened in the last minute, for the console: written beside the metrics, off the same
//! records.
//!
//! Each worker writes into windows of its own, so that a lock is contended only while somebody looks.

use super::{
    report::Report,
    window::{SLOTS, Sum, Window},
};
use bff_core::{CallRecord, Criticality, Failure, TraceId};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

/// How many degradations are remembered.
const REMEMBERED: usize = 50;

/// Everything that the console shows of the last minute.
#[derive(Debug)]
pub(crate) struct Live {
    began: Instant,
    slot: Duration,
    lanes: Mutex<Vec<Arc<Lane>>>,
    degradations: Mutex<VecDeque<Degradation>>,
}

/// What a window counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The requests of an endpoint.
    Endpoint(&'static str),
    /// The calls of an endpoint; `None` for those that no request waits for.
    Call {
        endpoint: Option<&'static str>,
        dependency: &'static str,
        service: &'static str,
        criticality: Criticality,
    },
    /// The looks into the cache for a kind of thing. A failed one found nothing.
    Lookup(&'static str),
}

/// One window of one worker.
#[derive(Debug)]
pub(crate) struct Lane {
    of: Of,
    window: Mutex<Window>,
}

/// A section that was not what it should have been, or a page that was not at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Degradation {
    pub(crate) at: SystemTime,
    pub(crate) endpoint: &'static str,
    pub(crate) section: &'static str,
    pub(crate) criticality: Criticality,
    /// What the client got instead.
    pub(crate) filled: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) trace: TraceId,
}

impl Of {
    /// What a call of this endpoint is counted as.
    pub(crate) fn call(endpoint: Option<&'static str>, call: &CallRecord) -> Self {
        let CallRecord { dependency, service, criticality, .. } = *call;
        Self::Call { endpoint, dependency, service, criticality }
    }
}

impl Lane {
    pub(crate) fn add(&self, period: u64, took: Duration, failed: bool) {
        lock(&self.window).add(period, took, failed);
    }

    /// Calls that were given up say nothing.
    pub(crate) fn add_call(&self, period: u64, call: &CallRecord) {
        if !matches!(call.failure, Some(Failure::Cancelled)) {
            self.add(period, call.elapsed, has_failed(call));
        }
    }
}

impl Live {
    /// Nothing yet; `span` is how far it looks back.
    pub(crate) fn over(span: Duration) -> Self {
        let slot = (span / SLOTS as u32).max(Duration::from_millis(1));
        Self {
            began: Instant::now(),
            slot,
            lanes: Mutex::default(),
            degradations: Mutex::default(),
        }
    }

    /// How far it looks back.
    pub(crate) fn span(&self) -> Duration {
        self.slot * SLOTS as u32
    }

    /// Since when it counts.
    pub(crate) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Where in time a window writes.
    pub(crate) fn period(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began);
        u64::try_from(since.as_nanos() / self.slot.as_nanos().max(1)).unwrap_or(u64::MAX)
    }

    /// A window for one worker.
    pub(crate) fn lane(&self, of: Of) -> Arc<Lane> {
        let lane = Arc::new(Lane { of, window: Mutex::default() });
        lock(&self.lanes).push(lane.clone());
        lane
    }

    /// Calls that no request waited for.
    pub(crate) fn count_beside(&self, calls: &[CallRecord]) {
        for call in calls {
            let of = Of::call(None, call);
            let known = lock(&self.lanes).iter().find(|lane| lane.of == of).cloned();
            let lane = known.unwrap_or_else(|| self.lane(of));
            lane.add_call(self.period(call.started + call.elapsed), call);
        }
    }

    /// Remembers what a request went without.
    pub(crate) fn remember(&self, report: &Report<'_>) {
        let (endpoint, trace) = (report.endpoint, report.trace.trace_id);
        let at = report.received + report.took;
        let notes = report
            .notes
            .iter()
            .map(|note| (note.section, note.criticality, note.filled.word(), note.reason));
        let is_fatal =
            |call: &&CallRecord| call.criticality == Criticality::Critical && report.status >= 500;
        let fatal = report.calls.iter().filter(is_fatal).filter_map(|call| match &call.failure {
            Some(Failure::Fault(fault)) => {
                Some((call.dependency, call.criticality, "no page", fault.reason()))
            }
            _ => None,
        });
        let mut known = lock(&self.degradations);
        for (section, criticality, filled, reason) in notes.chain(fatal) {
            let reason = reason.code();
            known.truncate(REMEMBERED - 1);
            known.push_front(Degradation {
                at,
                endpoint,
                section,
                criticality,
                filled,
                reason,
                trace,
            });
        }
    }

    /// The last degradations, the newest first.
    pub(crate) fn degradations(&self) -> Vec<Degradation> {
        lock(&self.degradations).iter().copied().collect()
    }

    /// The last minute of everything that was ever counted, all workers together.
    pub(crate) fn sums(&self) -> Vec<(Of, Sum)> {
        let period = self.period(Instant::now());
        let mut sums: Vec<(Of, Sum)> = Vec::new();
        for lane in lock(&self.lanes).iter() {
            let known = sums.iter().position(|(of, _)| *of == lane.of).unwrap_or_else(|| {
                sums.push((lane.of, Sum::default()));
                sums.len() - 1
            });
            if let Some((_, sum)) = sums.get_mut(known) {
                lock(&lane.window).add_to(period, sum);
            }
        }
        sums
    }

    /// The time in which what [`sums`](Self::sums) has was counted.
    pub(crate) fn covered(&self) -> Duration {
        self.age().min(self.span()).max(Duration::from_millis(1))
    }
}

/// Whether the service, or the way to it, failed.
fn has_failed(call: &CallRecord) -> bool {
    matches!(&call.failure, Some(Failure::Fault(fault)) if fault.reason().is_failure())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
