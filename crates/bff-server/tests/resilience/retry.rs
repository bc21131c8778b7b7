//! Calls that are made again: not too many, not the wrong ones, and those that only had bad luck
//! with their connection.

use crate::{
    bed::{self, about, busy, count, is_good, page, service, soon},
    neighbour::Neighbour,
};
use bff_core::prelude::*;
use bff_testkit::{Fault, SampleServices, Service as Sample};
use std::{io, thread, time::Instant};

#[test]
fn a_service_that_is_down_is_not_called_much_more_because_of_it() {
    let sample = SampleServices::start().unwrap();
    let more = "timeout = \"4s\"\nbreaker.min_success_percent = 0.0";
    let main = service("main", &[sample.url(Sample::Catalog)], more);
    let bff = bed::start(seconds(9), &[main]);
    sample.set_fault(Sample::Catalog, Some(Fault::Reset));
    let (begun, requests) = (Instant::now(), 400);
    thread::scope(|scope| {
        for client in 1..=4 {
            let target = format!("/test/v1/critical/p-{client}");
            let bff = &bff;
            scope.spawn(move || {
                for _ in 0..requests / 4 {
                    assert_eq!(page(bff, &target).code(), "PRODUCT_UNAVAILABLE");
                }
            });
        }
    });
    // A fifth of the calls, and three per second of the last ten.
    let attempts = sample.stats(Sample::Catalog).requests_started as f64;
    let windows = 1.0 + begun.elapsed().as_secs_f64() / 10.0;
    let most = 1.2 * f64::from(requests) + 30.0 * windows;
    assert!(attempts <= most, "{attempts} attempts for {requests} requests");
    assert!(attempts > 1.1 * f64::from(requests), "{attempts}: nothing was retried");
    assert_eq!(attempts, f64::from(requests) + count(&bff, "main", "retry") as f64);
    assert!(count(&bff, "main", "budget_spent") > 0);
}

#[test]
fn what_would_fail_again_is_not_made_again() {
    let sample = SampleServices::start().unwrap();
    let more = "timeout = \"4s\"\nbreaker.min_success_percent = 0.0\nretry.times = 5";
    let main = service("main", &[sample.url(Sample::Catalog)], more);
    let bff = bed::start(seconds(9), &[main]);
    for (nth, code) in [400, 401, 403, 404, 409, 429, 500, 501].into_iter().enumerate() {
        sample.set_fault(Sample::Catalog, Some(Fault::Status { code, retry_after: None }));
        for _ in 0..10 {
            assert_ne!(page(&bff, "/test/v1/critical/p-1").status, 200);
        }
        let attempts = sample.stats(Sample::Catalog).requests_started;
        assert_eq!(attempts, 10 * (nth as u64 + 1), "status {code}");
    }
}

/// A service that answers one call per connection and closes it when the next one is on its way.
fn closes_on_reuse() -> io::Result<Neighbour> {
    Neighbour::start(|caller| match caller.next()? {
        Some(id) => caller.answer(&id).and_then(|()| caller.next().map(drop)),
        None => Ok(()),
    })
}

#[test]
fn a_kept_connection_that_the_service_closed_costs_nothing() {
    // Closed while nobody uses it, as by an idle timeout.
    let service_one = Neighbour::start(|caller| match caller.next()? {
        Some(id) => caller.answer(&id),
        None => Ok(()),
    });
    for (neighbour, always) in [(service_one.unwrap(), false), (closes_on_reuse().unwrap(), true)] {
        let more = "timeout = \"4s\"\nkeep_alive = \"60s\"\nretry.budget_per_second = 100.0";
        let bff = bed::start(seconds(9), &[service("main", &[neighbour.url()], more)]);
        for nth in 1..=20 {
            let reply = page(&bff, &format!("/test/v1/critical/p-{nth}"));
            assert!(is_good(&reply), "call {nth}: {}", reply.text());
            assert_eq!(reply.at("/title"), format!("p-{nth}"));
        }
        let retries = count(&bff, "main", "retry");
        assert!(!always || retries == 19, "{retries} retries: {}", about(&bff, "main"));
        assert!(soon(|| busy(&bff).is_empty()), "{:?}", busy(&bff));
    }
}

#[test]
fn a_kept_connection_that_was_closed_is_no_reason_to_leave_its_host() {
    let hosts = [(); 2].map(|()| closes_on_reuse().unwrap());
    let more = "timeout = \"4s\"\nkeep_alive = \"60s\"\nretry.budget_per_second = 100.0";
    let main = service("main", &hosts.each_ref().map(Neighbour::url), more);
    let bff = bed::start(seconds(9), &[main]);
    for _ in 0..10 {
        assert!(is_good(&page(&bff, "/test/v1/critical/p-1")));
    }
    assert_eq!(count(&bff, "main", "breaker_opened"), 0, "{}", about(&bff, "main"));
}

#[test]
fn a_host_where_nothing_listens_is_left_at_once() {
    let sample = SampleServices::start().unwrap();
    let nobody = Neighbour::start(|_| Ok(())).unwrap().url();
    let urls = [nobody, sample.url(Sample::Catalog)];
    let services = [
        service("main", &urls[..1], "timeout = \"4s\"\nbreaker.min_success_percent = 0.0"),
        service("pair", &urls, "timeout = \"4s\""),
    ];
    let bff = bed::start(seconds(9), &services);
    assert!(soon(|| page(&bff, "/test/v1/critical/p-1").code() == "PRODUCT_UNAVAILABLE"));
    for _ in 0..20 {
        let reply = page(&bff, "/test/v1/pair/p-1");
        assert!(is_good(&reply), "{}", reply.text());
    }
    assert!(count(&bff, "pair", "breaker_opened") >= 1, "{}", about(&bff, "pair"));
    assert!(count(&bff, "pair", "retry") <= 5, "{}", about(&bff, "pair"));
}
