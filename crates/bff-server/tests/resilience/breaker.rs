//! A service that fails for good is left alone, and found again when it is back.

use crate::bed::{self, PATIENCE, about, count, is_good, page, service, soon};
use bff_core::prelude::*;
use bff_testkit::{Fault, Json, SampleServices, Service as Sample, TestBff};
use std::time::Instant;

fn state(bff: &TestBff) -> f64 {
    let about = about(bff, "main");
    let host = about.pointer("/hosts/0/host").and_then(Json::as_str).unwrap_or_default();
    bff.metric(&format!(r#"bff_upstream_breaker_state{{service="main",host="{host}"}}"#))
}

#[test]
fn a_service_that_fails_is_left_alone_and_found_again() {
    let sample = SampleServices::start().unwrap();
    let more = "timeout = \"2s\"\nbreaker.open = \"1s\"\nbreaker.open_at_most = \"1s\"";
    let main = service("main", &[sample.url(Sample::Catalog)], more);
    let bff = bed::start(seconds(5), &[main]);
    assert!(is_good(&page(&bff, "/test/v1/critical/p-1")));
    assert_eq!(state(&bff), 0.0);

    sample.set_fault(Sample::Catalog, Some(Fault::Status { code: 500, retry_after: None }));
    let failed = || page(&bff, "/test/v1/critical/p-1");
    assert!(soon(|| failed().status == 503 && state(&bff) == 2.0), "{}", about(&bff, "main"));
    assert_eq!(count(&bff, "main", "breaker_opened"), 1);

    let seen = || sample.stats(Sample::Catalog).requests_started;
    let (begun, before) = (Instant::now(), seen());
    let replies: Vec<_> = (0..50).map(|_| failed()).collect();
    assert!(replies.iter().all(|reply| reply.code() == "PRODUCT_UNAVAILABLE"));
    assert!(begun.elapsed() < PATIENCE, "they took {:?}", begun.elapsed());
    // One probe for each time that it was open; it is open for half a second or more.
    let probes = begun.elapsed().as_millis() as u64 / 500 + 1;
    assert!(seen() - before <= probes, "{} of 50 calls were made", seen() - before);
    let refused = count(&bff, "main", "refused_open");
    assert!(refused >= 50 - probes, "{refused} refused");
    let metric = r#"bff_upstream_events_total{service="main",event="refused_open"}"#;
    assert_eq!(bff.metric(metric), refused as f64);
    assert!(count(&bff, "main", "breaker_opened") <= 1 + probes);
    let optional = page(&bff, "/test/v1/optional/p-1");
    assert_eq!(optional.at("/meta/sections/0/reason"), "UNAVAILABLE", "{}", optional.text());

    sample.set_fault(Sample::Catalog, None);
    let mut good_in_a_row = 0;
    let recovered = || {
        good_in_a_row = if is_good(&failed()) { good_in_a_row + 1 } else { 0 };
        good_in_a_row == 10
    };
    assert!(soon(recovered), "{}", about(&bff, "main"));
    assert_eq!(state(&bff), 0.0);
    assert_eq!(count(&bff, "main", "breaker_closed"), 1);
}

#[test]
fn one_page_that_fails_does_not_close_the_others() {
    let sample = SampleServices::start().unwrap();
    let more = "timeout = \"2s\"\nretry.times = 0";
    let main = service("main", &[sample.url(Sample::Catalog)], more);
    let bff = bed::start(seconds(5), &[main]);
    sample.set_fault(Sample::Catalog, Some(Fault::Status { code: 404, retry_after: None }));
    for _ in 0..50 {
        assert_eq!(page(&bff, "/test/v1/critical/p-1").status, 404);
    }
    assert_eq!(state(&bff), 0.0, "a service that says no is alive");
    assert_eq!(sample.stats(Sample::Catalog).requests_started, 50);
}
