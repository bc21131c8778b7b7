//! Metrics: by OTLP they are the same as by a scrape, under the same names.

use crate::bed::{self, PAGE};
use bff_testkit::{
    Collector,
    collector::{SentMetric, SentPoint},
};
use std::collections::BTreeMap;

fn find<'a>(metrics: &'a [SentMetric], name: &str) -> &'a SentMetric {
    metrics.iter().find(|m| m.name == name).unwrap_or_else(|| panic!("no {name} in {metrics:?}"))
}

fn point<'a>(metric: &'a SentMetric, labels: &[(&str, &str)]) -> &'a SentPoint {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let labels: BTreeMap<_, _> = labels.iter().map(own).collect();
    let found = metric.points.iter().find(|point| point.labels == labels);
    found.unwrap_or_else(|| panic!("no {labels:?} in {metric:?}"))
}

#[test]
fn a_collector_gets_the_values_of_a_scrape_when_the_process_ends() {
    let collector = Collector::start().unwrap();
    let (bff, _shaky) = bed::start(&collector, 1.0);
    for _ in 0..5 {
        assert_eq!(bff.send("GET", PAGE, &[]).status, 200);
    }
    assert_eq!(bff.send("GET", "/test/v1/nothing", &[]).status, 404);
    let scraped = bff.metrics();
    drop(bff);

    let exports = collector.metrics();
    assert_eq!(exports.len(), 1, "the interval is long: only the last values");
    let sent = &exports[0];
    let answered = find(sent, "bff_requests_total");
    assert_eq!(answered.kind, "counter");
    let pages = point(answered, &[("endpoint", "page"), ("status", "200")]);
    assert_eq!(pages.value, 5.0);
    assert!(pages.time.0 > 0 && pages.time.0 < pages.time.1, "{pages:?}");
    for metric in sent {
        assert_eq!(metric.resource["service.name"], "bff-test");
        assert!(metric.points.iter().all(|point| point.value.is_finite()), "{metric:?}");
    }

    let took = find(sent, "bff_request_duration_seconds");
    assert_eq!((took.kind, took.unit.as_str()), ("histogram", "s"));
    let took = point(took, &[("endpoint", "page")]);
    assert_eq!((took.count, took.buckets.iter().sum::<u64>()), (5, 5));
    let traces: Vec<_> = collector.spans().into_iter().map(|span| span.trace_id).collect();
    assert!(!took.traces.is_empty());
    for example in &took.traces {
        assert!(traces.contains(example), "the trace {example} was sent as well");
    }

    let retries = [("service", "shaky"), ("event", "retry")];
    assert_eq!(point(find(sent, "bff_upstream_events_total"), &retries).value, 1.0);
    assert_eq!(find(sent, "bff_overload_level").kind, "gauge");
    assert_eq!(find(sent, "bff_build_info").points[0].labels["name"], "test");
    assert_eq!(find(sent, "bff_sent_bytes_total").unit, "By");

    // Every series of the scrape, under its name.
    for line in scraped.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let is_known = |name: &str| sent.iter().any(|metric| metric.name == name);
        let of_histogram = ["_sum", "_count", "_bucket"];
        let family = of_histogram.iter().find_map(|suffix| name.strip_suffix(suffix));
        assert!(is_known(name) || family.is_some_and(is_known), "{name} is missing");
    }
}
