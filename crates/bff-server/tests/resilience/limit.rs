//! One service that hangs takes its own share of the BFF and nothing else.

use crate::bed::{self, about, busy, count, is_good, page, service, soon};
use bff_core::prelude::*;
use bff_testkit::{Fault, SampleServices, Service as Sample, http::Reply};
use std::{thread, time::Instant};

#[test]
fn calls_that_find_no_room_fail_at_once_and_other_services_do_not_notice() {
    let sample = SampleServices::start().unwrap();
    let hanging = SampleServices::start().unwrap();
    let more = "timeout = \"3s\"\nbreaker.min_success_percent = 0.0\n\
                concurrency = { initial = 4, min = 4, max = 4, waiting = 2 }";
    let services = [
        service("main", &[hanging.url(Sample::Catalog)], more),
        service("other", &[sample.url(Sample::Catalog)], "timeout = \"3s\""),
    ];
    let bff = bed::start(seconds(5), &services);
    hanging.set_fault(Sample::Catalog, Some(Fault::HangBeforeHeaders));
    let state = |of: &str| about(&bff, "main")[of].as_u64();

    let replies: Vec<_> = thread::scope(|scope| {
        let read = |nth: usize| {
            let begun = Instant::now();
            let reply = page(&bff, &format!("/test/v1/optional/p-{nth}"));
            (begun.elapsed(), reply)
        };
        // Each page makes two calls: two pages fill the room, a third one waits for it.
        let mut readers: Vec<_> = (1..=2).map(|nth| scope.spawn(move || read(nth))).collect();
        assert!(soon(|| state("in_flight") == Some(4)), "{}", about(&bff, "main"));
        readers.push(scope.spawn(move || read(3)));
        assert!(soon(|| state("waiting") == Some(2)), "{}", about(&bff, "main"));
        // Who comes later goes first; who waited longest is told at once.
        readers.extend((4..=8).map(|nth| scope.spawn(move || read(nth))));
        assert!(soon(|| count(&bff, "main", "refused_full") == 10), "{}", about(&bff, "main"));
        assert_eq!((state("in_flight"), state("waiting")), (Some(4), Some(2)));
        for nth in 1..=10 {
            let reply = page(&bff, &format!("/test/v1/other/p-{nth}"));
            assert!(is_good(&reply), "{}", reply.text());
        }
        assert_eq!(state("in_flight"), Some(4), "the others were read meanwhile");
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });

    let marks = |reply: &Reply| {
        let sections = reply.at("/meta/sections");
        let notes = sections.as_array().into_iter().flatten();
        notes.map(|note| note["reason"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let refused: Vec<_> =
        replies.iter().filter(|(_, reply)| marks(reply) == ["OVERLOAD", "OVERLOAD"]).collect();
    assert!(refused.len() >= 4, "{} pages were refused", refused.len());
    let fastest = refused.iter().map(|(took, _)| *took).min();
    assert!(fastest < Some(seconds(2)), "{fastest:?}");
    for (took, reply) in &replies {
        assert!(reply.status == 200 && *took < seconds(5), "{took:?}: {}", reply.text());
        assert!(marks(reply).iter().all(|mark| mark == "OVERLOAD" || mark == "TIMEOUT"));
    }
    hanging.set_fault(Sample::Catalog, None);
    assert!(soon(|| busy(&bff).is_empty()), "{:?}", busy(&bff));
    assert!(is_good(&page(&bff, "/test/v1/optional/p-1")));
}
