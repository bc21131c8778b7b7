//! Nobody works longer than somebody waits.

use crate::bed::{self, about, busy, count, is_good, page, service, soon};
use bff_core::prelude::*;
use bff_testkit::{Fault, SampleServices, Service as Sample, TestBff};
use std::{thread, time::Instant};

const PAGE: &str = "/test/v1/critical/p-1";
const BUDGET: Duration = seconds(10);

fn start(sample: &SampleServices, trusted: bool) -> TestBff {
    let more = "timeout = \"30s\"\nbreaker.min_success_percent = 0.0";
    let main = service("main", &[sample.url(Sample::Catalog)], more);
    if trusted { bed::start(BUDGET, &[main]) } else { bed::start_untrusting(BUDGET, &[main]) }
}

fn told(sample: &SampleServices) -> Option<u64> {
    let headers = sample.stats(Sample::Catalog).last_headers;
    let mut found = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-deadline-ms"));
    found.next()?.1.parse().ok()
}

#[test]
fn a_gateways_deadline_shortens_the_page_and_is_passed_on() {
    let sample = SampleServices::start().unwrap();
    let bff = start(&sample, true);
    let get = |deadline: &str| bff.send("GET", PAGE, &[("x-deadline-ms", deadline)]);
    assert!(is_good(&get("3000")));
    let left = told(&sample);
    assert!(left.is_some_and(|left| (1..=2700).contains(&left)), "{left:?} of 2700 ms");
    assert!(is_good(&page(&bff, PAGE)));
    assert!(told(&sample).is_some_and(|left| (2701..=9000).contains(&left)));
    for longer in ["60000", "18446744073709551615"] {
        assert!(is_good(&get(longer)));
        assert!(told(&sample).is_some_and(|left| left <= 9000), "{longer} lengthens nothing");
    }

    sample.set_fault(Sample::Catalog, Some(Fault::HangBeforeHeaders));
    for short in ["50", "1", "0"] {
        let begun = Instant::now();
        let reply = get(short);
        assert!(matches!(reply.status, 503 | 504), "{short}: {}", reply.text());
        assert!(begun.elapsed() < BUDGET / 3, "{short} ms took {:?}", begun.elapsed());
    }
    assert!(soon(|| busy(&bff).is_empty()), "{:?}", busy(&bff));
}

#[test]
fn a_deadline_that_is_none_or_a_strangers_is_ignored() {
    let sample = SampleServices::start().unwrap();
    let delay = Fault::Delay { millis: 200 };
    let trusting = start(&sample, true);
    sample.set_fault(Sample::Catalog, Some(delay));
    let broken = ["", "soon", "-1", "1e1", "1.5", "0x1", "50ms", "50,50", "18446744073709551616"];
    thread::scope(|scope| {
        for broken in broken {
            let bff = &trusting;
            scope.spawn(move || {
                let reply = bff.send("GET", PAGE, &[("x-deadline-ms", broken)]);
                assert!(is_good(&reply), "{broken}: {}", reply.text());
            });
        }
    });
    let careful = start(&sample, false);
    let reply = careful.send("GET", PAGE, &[("x-deadline-ms", "50")]);
    assert!(is_good(&reply), "{}", reply.text());
}

#[test]
fn c13_a_deadline_counts_from_those_only_who_are_known_to_write_it() {
    let sample = SampleServices::start().unwrap();
    let main = service("main", &[sample.url(Sample::Catalog)], "timeout = \"30s\"");
    for (proxies, shortens) in [
        ("[\"127.0.0.0/8\"]", true),
        ("[\"127.0.0.0/8\"]\nserver.deadline_from = [\"127.0.0.1/32\"]", true),
        ("[]\nserver.deadline_from = [\"127.0.0.1/32\"]", true),
        ("[\"127.0.0.0/8\"]\nserver.deadline_from = []", false),
        ("[\"127.0.0.0/8\"]\nserver.deadline_from = [\"10.0.0.0/8\"]", false),
        ("[]", false),
    ] {
        let bff = bed::start_trusting(BUDGET, std::slice::from_ref(&main), proxies);
        for lines in [&["3000"][..], &["3000", "3000"], &["3000", "M\u{fc}nchen"]] {
            let lines: Vec<_> = lines.iter().map(|value| ("x-deadline-ms", *value)).collect();
            assert!(is_good(&bff.send("GET", PAGE, &lines)), "{proxies}");
            let left = told(&sample).unwrap_or_default();
            // What is said twice is said by nobody.
            let expected = if shortens && lines.len() == 1 { 1..=2700 } else { 2701..=9000 };
            assert!(expected.contains(&left), "{proxies} {lines:?}: {left} ms");
        }
    }
}

#[test]
fn a_call_that_cannot_be_done_in_time_is_not_made() {
    let sample = SampleServices::start().unwrap();
    let catalog = |sample: &SampleServices| vec![sample.url(Sample::Catalog)];
    let slow_first = SampleServices::start().unwrap();
    let services = [
        service("main", &catalog(&sample), "timeout = \"2s\"\nhedge.percentile = 100.0"),
        service("other", &catalog(&slow_first), "timeout = \"2s\""),
    ];
    let bff = bed::start(millis(1500), &services);
    sample.set_fault(Sample::Catalog, Some(Fault::Delay { millis: 400 }));
    thread::scope(|scope| {
        for nth in 1..=40 {
            let bff = &bff;
            scope.spawn(move || page(bff, &format!("/test/v1/critical/p-{nth}")));
        }
    });
    assert!(about(&bff, "main")["median_ms"].as_f64() >= Some(300.0), "{}", about(&bff, "main"));

    // Of 1350 ms for calls the first one takes 1100, and the second one needs 400.
    slow_first.set_fault(Sample::Catalog, Some(Fault::Delay { millis: 1100 }));
    let before = sample.stats(Sample::Catalog).requests_started;
    let reply = page(&bff, "/test/v1/staged/p-1");
    assert_eq!(reply.at("/meta/sections/0/section"), "second", "{}", reply.text());
    assert_eq!(reply.at("/meta/sections/0/reason"), "TIMEOUT");
    assert_eq!(count(&bff, "main", "refused_late"), 1);
    assert_eq!(sample.stats(Sample::Catalog).requests_started, before, "it was called");
}
