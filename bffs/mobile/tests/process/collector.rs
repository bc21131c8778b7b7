//! A collector in trouble is the collector's trouble: every request is answered, and the process ends in time.

use crate::running::{HOME, Running};
use bff_testkit::{Collector, collector::Manner};
use rustix::process::Signal;

/// Sends every trace, and metrics several times a second.
fn start(collector: &Collector) -> Running {
    Running::start(&[
        ("BFF__TRACES__OTLP_ENDPOINT", &collector.url("traces")),
        ("BFF__TRACES__SAMPLE_RATIO", "1"),
        ("BFF__METRICS__OTLP_ENDPOINT", &collector.url("metrics")),
        ("BFF__METRICS__OTLP_INTERVAL", "100ms"),
    ])
}

/// How often a collector was in whatever manner sent metrics.
fn pushes(collector: &Collector) -> usize {
    collector.exports().iter().filter(|e| e.head.starts_with("post /v1/metrics ")).count()
}

/// The log lines about the collector of metrics.
fn told(bff: &Running, message: &str) -> usize {
    let parts = [format!("\"message\":\"{message}\""), "metrics.otlp_endpoint".to_owned()];
    bff.lines().iter().filter(|line| parts.iter().all(|part| line.contains(part))).count()
}

const LOST: &str = "telemetry is not delivered";
const FOUND: &str = "telemetry is delivered again";

fn all_answered(bff: &Running, requests: usize) {
    for _ in 0..requests {
        assert_eq!(bff.get(HOME, &[]).status, 200);
    }
}

fn ends_well(bff: Running) {
    bff.signal(Signal::TERM);
    let (status, output, errors) = bff.end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{output}");
}

#[test]
fn one_that_hangs_costs_no_request_and_not_the_end() {
    let collector = Collector::start().unwrap();
    collector.set(Manner::Hangs);
    let bff = start(&collector);
    assert!(bff.eventually(|_| pushes(&collector) > 0), "it hangs from now on");
    all_answered(&bff, 300);
    ends_well(bff);
}

#[test]
fn one_that_dies_is_told_once_and_costs_no_request() {
    let collector = Collector::start().unwrap();
    let bff = start(&collector);
    assert!(bff.eventually(|_| !collector.metrics().is_empty()));
    all_answered(&bff, 20);
    drop(collector);
    assert!(bff.eventually(|bff| told(bff, LOST) == 1), "{:?}", bff.lines());
    all_answered(&bff, 100);
    assert_eq!(told(&bff, LOST), 1);
    ends_well(bff);
}

#[test]
fn refusals_are_told_once_and_so_is_their_end() {
    let collector = Collector::start().unwrap();
    collector.set(Manner::Refuses);
    let bff = start(&collector);
    assert!(bff.eventually(|_| pushes(&collector) >= 5));
    assert_eq!((told(&bff, LOST), told(&bff, FOUND)), (1, 0), "{:?}", bff.lines());
    collector.set(Manner::Takes);
    assert!(bff.eventually(|bff| told(bff, FOUND) == 1), "{:?}", bff.lines());
    let before = collector.metrics().len();
    assert!(bff.eventually(|_| collector.metrics().len() > before + 2));
    assert_eq!((told(&bff, LOST), told(&bff, FOUND)), (1, 1));
    all_answered(&bff, 3);
    ends_well(bff);
    let last = collector.metrics().pop().unwrap_or_default();
    let requests = last.iter().find(|metric| metric.name == "bff_requests_total").unwrap();
    assert_eq!(requests.points[0].value, 3.0, "the end sends what is left");
}
