//! The metrics that one worker has used before, found by the address of their labels instead of hashed by content.

use super::{
    live::{Lane, Live, Of},
    metrics::{Latency, Metrics, Trace, outcome},
    report::Report,
};
use bff_core::{CallRecord, Criticality, Looked, Outcome, ports::Tier};
use prometheus_client::metrics::{counter::Counter, histogram::Histogram};
use std::{cell::RefCell, ptr, sync::Arc, time::Duration};
use tokio::time::Instant;

/// One worker's handles. Lists are short and are searched from the front: an endpoint has few dependencies, and a call
/// few outcomes.
#[derive(Debug)]
pub(crate) struct Handles {
    metrics: Arc<Metrics>,
    live: Arc<Live>,
    endpoints: RefCell<Vec<OfEndpoint>>,
}

#[derive(Debug)]
struct OfEndpoint {
    endpoint: &'static str,
    lane: Arc<Lane>,
    latency: Latency,
    sent: Counter,
    shed: Counter,
    statuses: Vec<(u16, Counter)>,
    calls: Vec<OfCall>,
    lookups: Vec<OfLookup>,
}

#[derive(Debug)]
struct OfLookup {
    entity: &'static str,
    tier: Tier,
    outcome: Outcome,
    lane: Arc<Lane>,
    counter: Counter,
    ages: Histogram,
}

#[derive(Debug)]
struct OfCall {
    dependency: &'static str,
    criticality: Criticality,
    lane: Arc<Lane>,
    latency: Histogram,
    read: Counter,
    outcomes: Vec<(&'static str, Counter)>,
}

impl Handles {
    pub(crate) fn new(metrics: Arc<Metrics>, live: Arc<Live>) -> Self {
        Self { metrics, live, endpoints: RefCell::default() }
    }

    pub(crate) fn begin(&self) {
        self.metrics.in_flight.inc();
    }

    pub(crate) fn end(&self, report: &Report<'_>) {
        self.metrics.in_flight.dec();
        self.metrics.count_degraded(report.endpoint, &report.notes);
        if !report.notes.is_empty() || report.status >= 500 {
            self.live.remember(report);
        }
        self.of(report.endpoint, |endpoint| endpoint.count(&self.metrics, &self.live, report));
    }

    /// A request that was refused because of overload. It costs no log line and no latency sample,
    /// because refusing has to be cheap.
    pub(crate) fn shed(&self, endpoint: &'static str, status: u16) {
        self.of(endpoint, |endpoint| {
            endpoint.shed.inc();
            endpoint.lane.add(self.live.period(Instant::now()), Duration::ZERO, true);
            endpoint.count_status(&self.metrics, status);
        });
    }

    fn of(&self, endpoint: &'static str, count: impl FnOnce(&mut OfEndpoint)) {
        let mut endpoints = self.endpoints.borrow_mut();
        let is_it = |known: &OfEndpoint| ptr::eq(known.endpoint, endpoint);
        let new = || OfEndpoint::new(&self.metrics, &self.live, endpoint);
        if let Some(endpoint) = entry(&mut endpoints, is_it, new) {
            count(endpoint);
        }
    }
}

impl OfEndpoint {
    fn new(metrics: &Metrics, live: &Live, endpoint: &'static str) -> Self {
        let (latency, sent) = metrics.of_endpoint(endpoint);
        let shed = metrics.of_shed(endpoint);
        Self {
            endpoint,
            lane: live.lane(Of::Endpoint(endpoint)),
            latency,
            sent,
            shed,
            statuses: Vec::new(),
            calls: Vec::new(),
            lookups: Vec::new(),
        }
    }

    fn count_status(&mut self, metrics: &Metrics, status: u16) {
        let new = || (status, metrics.of_status(self.endpoint, status));
        if let Some((_, counter)) = entry(&mut self.statuses, |(known, _)| *known == status, new) {
            counter.inc();
        }
    }

    fn count(&mut self, metrics: &Metrics, live: &Live, report: &Report<'_>) {
        let endpoint = self.endpoint;
        let period = live.period(report.started + report.took);
        self.lane.add(period, report.took, report.status >= 500);
        let trace = report.recorded.then(|| Trace { trace_id: report.trace.trace_id.to_string() });
        self.latency.observe(report.took.as_secs_f64(), trace, Some(report.received + report.took));
        self.sent.inc_by(as_u64(report.bytes_sent));
        self.count_status(metrics, report.status);
        for call in &report.calls {
            let is_it = |known: &OfCall| {
                ptr::eq(known.dependency, call.dependency) && known.criticality == call.criticality
            };
            if let Some(known) =
                entry(&mut self.calls, is_it, || OfCall::new(metrics, live, endpoint, call))
            {
                known.lane.add_call(period, call);
                known.count(metrics, endpoint, call);
            }
        }
        for looked in &report.lookups {
            let is_it = |known: &OfLookup| {
                ptr::eq(known.entity, looked.entity)
                    && (known.tier, known.outcome) == (looked.tier, looked.outcome)
            };
            let new = || OfLookup::new(metrics, live, looked);
            if let Some(known) = entry(&mut self.lookups, is_it, new) {
                known.lane.add(period, looked.age, !known.outcome.is_kept());
                known.counter.inc();
                known.ages.observe(looked.age.as_secs_f64());
            }
        }
    }
}

impl OfLookup {
    fn new(metrics: &Metrics, live: &Live, looked: &Looked) -> Self {
        let Looked { entity, tier, outcome, .. } = *looked;
        let (counter, ages) = metrics.of_lookup(looked);
        let lane = live.lane(Of::Lookup(entity));
        Self { entity, tier, outcome, lane, counter, ages }
    }
}

impl OfCall {
    fn new(metrics: &Metrics, live: &Live, endpoint: &'static str, call: &CallRecord) -> Self {
        let (latency, read) = metrics.of_dependency(endpoint, call);
        let CallRecord { dependency, criticality, .. } = *call;
        let lane = live.lane(Of::call(Some(endpoint), call));
        Self { dependency, criticality, lane, latency, read, outcomes: Vec::new() }
    }

    fn count(&mut self, metrics: &Metrics, endpoint: &'static str, call: &CallRecord) {
        self.latency.observe(call.elapsed.as_secs_f64());
        self.read.inc_by(as_u64(call.bytes_read));
        let outcome = outcome(call);
        let new = || (outcome, metrics.of_outcome(endpoint, call));
        if let Some((_, counter)) =
            entry(&mut self.outcomes, |(known, _)| ptr::eq(*known, outcome), new)
        {
            counter.inc();
        }
    }
}

/// The entry that `is_it` finds, or a new one. Always some.
fn entry<T>(
    list: &mut Vec<T>,
    is_it: impl FnMut(&T) -> bool,
    new: impl FnOnce() -> T,
) -> Option<&mut T> {
    let place = list.iter().position(is_it).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    });
    list.get_mut(place)
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
