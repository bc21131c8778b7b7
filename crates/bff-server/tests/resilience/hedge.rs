//! A second call to a read that is slower than most.

use crate::{
    bed::{self, about, busy, count, is_good, page, service, soon},
    neighbour::Neighbour,
};
use bff_core::prelude::*;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// What a slow answer takes, and how many calls there are to each.
const SLOW: Duration = seconds(4);
const EVERY: u64 = 20;

#[derive(Default)]
struct Seen {
    calls: AtomicU64,
    slow: AtomicU64,
    left: AtomicU64,
}

#[test]
fn a_slow_answer_is_overtaken_by_a_second_call() {
    let seen = Arc::new(Seen::default());
    let of_service = seen.clone();
    let neighbour = Neighbour::start(move |caller| {
        while let Some(id) = caller.next()? {
            let nth = of_service.calls.fetch_add(1, Relaxed) + 1;
            if nth > 240 && nth % EVERY == 0 {
                of_service.slow.fetch_add(1, Relaxed);
                if caller.leaves_within(SLOW)? {
                    of_service.left.fetch_add(1, Relaxed);
                    return Ok(());
                }
            }
            caller.answer(&id)?;
        }
        Ok(())
    })
    .unwrap();
    let more = "timeout = \"9s\"\nbreaker.min_success_percent = 0.0";
    let bff = bed::start(seconds(10), &[service("main", &[neighbour.url()], more)]);
    let read = || {
        let (begun, reply) = (Instant::now(), page(&bff, "/test/v1/critical/p-1"));
        assert!(is_good(&reply), "{}", reply.text());
        assert!(begun.elapsed() < SLOW, "nobody overtook: {}", about(&bff, "main"));
    };
    while seen.calls.load(Relaxed) < 240 {
        read();
    }
    assert!(about(&bff, "main")["hedge_after_ms"].is_number(), "{}", about(&bff, "main"));
    for _ in 0..120 {
        read();
    }
    let (slow, won) = (seen.slow.load(Relaxed), count(&bff, "main", "hedge_won"));
    assert!(slow >= 6 && won >= slow, "{won} of {slow} slow calls were overtaken");
    assert!(count(&bff, "main", "hedge") >= won);
    let left = || seen.left.load(Relaxed) == slow;
    assert!(soon(left), "{} of {slow} calls that lost were given up", seen.left.load(Relaxed));
    assert!(soon(|| busy(&bff).is_empty()), "{:?}", busy(&bff));
}
