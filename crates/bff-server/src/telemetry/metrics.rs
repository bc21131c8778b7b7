//! Counters and histograms in the OpenMetrics text format. No label value comes from a request.

use crate::process::version;
use bff_core::{CallRecord, Failure, Looked, Note};
use prometheus_client::{
    collector::Collector,
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter, exemplar::HistogramWithExemplars, family::Family, gauge::Gauge,
        histogram::Histogram, info::Info,
    },
    registry::{Registry, Unit},
};
use std::time::SystemTime;

/// From a cached answer to a request at its budget, in seconds.
const LATENCY_BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5];

/// From a micro-cache to a day in need, in seconds.
const AGE_BUCKETS: [f64; 8] = [0.2, 1.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 86_400.0];
/// The endpoint of calls that no request waits for.
const BESIDE: &str = "renewal";

/// Everything that a BFF counts.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Since when it is counted.
    pub(super) since: SystemTime,
    pub(crate) in_flight: Gauge,
    requests: Family<RequestLabels, Counter>,
    latency: Family<EndpointLabel, Latency, fn() -> Latency>,
    sent: Family<EndpointLabel, Counter>,
    degraded: Family<DegradedLabels, Counter>,
    shed: Family<EndpointLabel, Counter>,
    calls: Family<CallLabels, Counter>,
    call_latency: Family<DependencyLabels, Histogram>,
    read: Family<DependencyLabels, Counter>,
    lookups: Family<LookupLabels, Counter>,
    ages: Family<EntityLabel, Histogram>,
}

/// Request durations, each bucket with the trace of the last recorded request in it.
pub(super) type Latency = HistogramWithExemplars<Trace>;

/// A trace that a collector was sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Trace {
    pub(super) trace_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabel {
    endpoint: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    endpoint: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DegradedLabels {
    endpoint: &'static str,
    section: &'static str,
    criticality: &'static str,
    filled: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DependencyLabels {
    endpoint: &'static str,
    dependency: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LookupLabels {
    entity: &'static str,
    tier: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EntityLabel {
    entity: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    endpoint: &'static str,
    dependency: &'static str,
    service: &'static str,
    criticality: &'static str,
    outcome: &'static str,
}

impl Metrics {
    pub(crate) fn new(bff: &'static str, version: &'static str, state: Box<dyn Collector>) -> Self {
        let latency = || Histogram::new(LATENCY_BUCKETS);
        let exemplary: fn() -> Latency =
            || HistogramWithExemplars::new(LATENCY_BUCKETS.into_iter());
        let mut metrics = Self {
            registry: Registry::with_prefix("bff"),
            since: SystemTime::now(),
            in_flight: Gauge::default(),
            requests: Family::default(),
            latency: Family::new_with_constructor(exemplary),
            sent: Family::default(),
            degraded: Family::default(),
            shed: Family::default(),
            calls: Family::default(),
            call_latency: Family::new_with_constructor(latency),
            read: Family::default(),
            lookups: Family::default(),
            ages: Family::new_with_constructor(|| Histogram::new(AGE_BUCKETS)),
        };
        metrics.registry.register_collector(state);
        let revision = ("revision", version::REVISION);
        metrics.register(Info::new(vec![("name", bff), ("version", version), revision]));
        metrics
    }

    fn register(&mut self, build: Info<Vec<(&'static str, &'static str)>>) {
        let all = &mut self.registry;
        all.register("build", "Which BFF this is", build);
        all.register("requests_in_flight", "Requests being answered", self.in_flight.clone());
        all.register(
            "requests",
            "Requests by endpoint and status; 499 is a client that left",
            self.requests.clone(),
        );
        let about = "From the request's head to its answer";
        all.register_with_unit("request_duration", about, Unit::Seconds, self.latency.clone());
        let about = "Body bytes sent to clients, before compression";
        all.register_with_unit("sent", about, Unit::Bytes, self.sent.clone());
        all.register(
            "degraded_sections",
            "Sections answered without their service",
            self.degraded.clone(),
        );
        let about = "Requests refused because of overload";
        all.register("requests_shed", about, self.shed.clone());
        all.register("upstream_calls", "Calls to services by outcome", self.calls.clone());
        let about = "From the decision to call to the projected answer";
        all.register_with_unit(
            "upstream_call_duration",
            about,
            Unit::Seconds,
            self.call_latency.clone(),
        );
        let about = "Looks into the cache by where the value was found and what it was";
        all.register("cache_lookups", about, self.lookups.clone());
        let about = "Age of what the cache served";
        all.register_with_unit("cache_age", about, Unit::Seconds, self.ages.clone());
        let about = "Decoded body bytes read from services";
        all.register_with_unit("upstream_read", about, Unit::Bytes, self.read.clone());
    }

    pub(super) fn of_endpoint(&self, endpoint: &'static str) -> (Latency, Counter) {
        let labels = EndpointLabel { endpoint };
        (self.latency.get_or_create_owned(&labels), self.sent.get_or_create_owned(&labels))
    }

    pub(super) fn of_status(&self, endpoint: &'static str, status: u16) -> Counter {
        self.requests.get_or_create_owned(&RequestLabels { endpoint, status })
    }

    pub(super) fn of_dependency(
        &self,
        endpoint: &'static str,
        call: &CallRecord,
    ) -> (Histogram, Counter) {
        let labels = DependencyLabels { endpoint, dependency: call.dependency };
        (self.call_latency.get_or_create_owned(&labels), self.read.get_or_create_owned(&labels))
    }

    pub(super) fn of_outcome(&self, endpoint: &'static str, call: &CallRecord) -> Counter {
        let criticality = call.criticality.word();
        let (dependency, service, outcome) = (call.dependency, call.service, outcome(call));
        self.calls.get_or_create_owned(&CallLabels {
            endpoint,
            dependency,
            service,
            criticality,
            outcome,
        })
    }

    pub(super) fn of_shed(&self, endpoint: &'static str) -> Counter {
        self.shed.get_or_create_owned(&EndpointLabel { endpoint })
    }

    pub(super) fn count_degraded(&self, endpoint: &'static str, notes: &[Note]) {
        for Note { section, criticality, filled, reason } in notes {
            let (criticality, filled) = (criticality.word(), filled.word());
            let reason = reason.code();
            let labels = DegradedLabels { endpoint, section, criticality, filled, reason };
            self.degraded.get_or_create(&labels).inc();
        }
    }

    /// Calls that no request waited for: kept values being renewed.
    pub(crate) fn count_beside(&self, calls: &[CallRecord]) {
        for call in calls {
            let (latency, read) = self.of_dependency(BESIDE, call);
            latency.observe(call.elapsed.as_secs_f64());
            read.inc_by(u64::try_from(call.bytes_read).unwrap_or(u64::MAX));
            self.of_outcome(BESIDE, call).inc();
        }
    }

    pub(super) fn of_lookup(&self, looked: &Looked) -> (Counter, Histogram) {
        let Looked { entity, tier, outcome, .. } = *looked;
        let labels = LookupLabels { entity, tier: tier.word(), outcome: outcome.word() };
        let ages = self.ages.get_or_create_owned(&EntityLabel { entity });
        (self.lookups.get_or_create_owned(&labels), ages)
    }

    /// The exposition that a scraper reads.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// What became of a call, as a label.
pub(super) fn outcome(call: &CallRecord) -> &'static str {
    match &call.failure {
        None => "OK",
        Some(Failure::Cancelled) => "CANCELLED",
        Some(Failure::Fault(fault)) => fault.reason().code(),
    }
}
