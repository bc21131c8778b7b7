//! More requests than the BFF can answer, seen from outside.

use crate::bed::{self, admin, busy, is_good, page, policy, service, soon};
use bff_core::prelude::*;
use bff_testkit::{Fault, SampleServices, Service as Sample, TestBff};
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Instant,
};

/// Only requests count, not how busy the machine is.
const NO_LAG: &str = "brownout_lag = \"1m\"\nshed_lag = \"1m\"\ncalm = \"50ms\"";

fn start(sample: &SampleServices, overload: &str) -> TestBff {
    let catalog = [sample.url(Sample::Catalog)];
    let more = "timeout = \"3s\"\nbreaker.min_success_percent = 0.0\nhedge.percentile = 100.0";
    let services = [service("main", &catalog, more), service("other", &catalog, more)];
    bed::start_under(seconds(5), &services, overload)
}

/// Runs `meanwhile` while clients do nothing but `busy`.
fn under<T>(clients: usize, load: impl Fn() + Sync, meanwhile: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    load();
                }
            });
        }
        // Also when `meanwhile` panics, or the clients would never end.
        let _end = End(&over);
        meanwhile()
    })
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn level(bff: &TestBff) -> f64 {
    bff.metric("bff_overload_level")
}

#[test]
fn one_request_too_many_is_refused_and_told_when_to_come_back() {
    let sample = SampleServices::start().unwrap();
    let bff = start(&sample, &format!("max_in_flight = 2\n{NO_LAG}"));
    sample.set_fault(Sample::Catalog, Some(Fault::HangBeforeHeaders));
    thread::scope(|scope| {
        for nth in 1..=2 {
            let bff = &bff;
            scope.spawn(move || page(bff, &format!("/test/v1/critical/p-{nth}")));
        }
        assert!(soon(|| policy(&bff)["workers"][0]["in_flight"] == 2), "{}", policy(&bff));
        for (at, endpoint) in
            [("critical", "critical-page"), ("high", "high-page"), ("low", "low-page")]
        {
            let begun = Instant::now();
            let reply = page(&bff, &format!("/test/v1/{at}/p-3"));
            assert!(begun.elapsed() < seconds(2), "{at} took {:?}", begun.elapsed());
            assert_eq!((reply.status, reply.code().as_str()), (503, "OVERLOADED"), "{at}");
            assert_eq!(reply.header("content-type"), Some("application/problem+json"));
            let wait = reply.header("retry-after").and_then(|wait| wait.parse::<u32>().ok());
            assert!(wait.is_some_and(|wait| (1..=3).contains(&wait)), "{at}: {wait:?}");
            let shed = format!(r#"bff_requests_shed_total{{endpoint="{endpoint}"}}"#);
            assert_eq!(bff.metric(&shed), 1.0, "{at}");
            let counted = format!(r#"bff_requests_total{{endpoint="{endpoint}",status="503"}}"#);
            assert_eq!(bff.metric(&counted), 1.0, "{at}");
        }
        assert_eq!([admin(&bff, "/livez"), admin(&bff, "/readyz")], [200, 200]);
        sample.set_fault(Sample::Catalog, None);
    });
    assert!(soon(|| busy(&bff).is_empty()), "{:?}", busy(&bff));
    assert!(soon(|| level(&bff) == 0.0), "{}", policy(&bff));
    for at in ["critical", "high", "low", "optional"] {
        let again = || page(&bff, &format!("/test/v1/{at}/p-1"));
        assert!(soon(|| is_good(&again())), "{at}: {}", again().text());
    }
}

#[test]
fn a_blocked_event_loop_costs_the_optional_sections_for_as_long_as_it_lasts() {
    let sample = SampleServices::start().unwrap();
    let bff = start(&sample, "brownout_lag = \"20ms\"\nshed_lag = \"20s\"\ncalm = \"100ms\"");
    assert!(is_good(&page(&bff, "/test/v1/optional/p-1")));
    let block = || drop(page(&bff, "/test/v1/block"));
    under(3, block, || {
        let browned = || {
            let reply = page(&bff, "/test/v1/optional/p-1");
            reply.status == 200
                && reply.at("/meta/sections/0/reason") == "OVERLOAD"
                && reply.at("/meta/sections/1/reason") == "OVERLOAD"
                && reply.header("degraded").is_some_and(|marks| marks.contains("reason=OVERLOAD"))
        };
        assert!(soon(browned), "{}", policy(&bff));
        assert_eq!(level(&bff), 1.0);
        assert!(bff.metric("bff_event_loop_lag_seconds") > 0.0);
        let critical = page(&bff, "/test/v1/critical/p-1");
        assert!(is_good(&critical), "{}", critical.text());
        assert_eq!([admin(&bff, "/livez"), admin(&bff, "/readyz")], [200, 200]);
    });
    assert!(soon(|| level(&bff) == 0.0), "{}", policy(&bff));
    assert!(soon(|| is_good(&page(&bff, "/test/v1/optional/p-1"))));
}

#[test]
fn only_refusals_that_last_make_it_unready() {
    let sample = SampleServices::start().unwrap();
    let bff = start(&sample, &format!("max_in_flight = 1\nunready_after = \"300ms\"\n{NO_LAG}"));
    sample.set_fault(Sample::Catalog, Some(Fault::Delay { millis: 2_500 }));
    thread::scope(|scope| {
        scope.spawn(|| page(&bff, "/test/v1/critical/p-1"));
        assert!(soon(|| policy(&bff)["workers"][0]["in_flight"] == 1), "{}", policy(&bff));
        let refused = || page(&bff, "/test/v1/critical/p-2").status == 503;
        assert!(refused());
        assert!(soon(|| level(&bff) == 2.0), "one refusal is enough to shed");
        assert!(soon(|| level(&bff) == 0.0), "and not to go on with it");
        assert_eq!(admin(&bff, "/readyz"), 200);
        under(
            3,
            || assert!(refused()),
            || {
                assert!(soon(|| admin(&bff, "/readyz") == 503), "{}", policy(&bff));
                assert_eq!(admin(&bff, "/livez"), 200);
            },
        );
    });
    assert!(soon(|| admin(&bff, "/readyz") == 200 && level(&bff) == 0.0), "{}", policy(&bff));
    assert!(is_good(&page(&bff, "/test/v1/critical/p-1")));
}
