//! One value from its fetch to its end.

use crate::support::{Bed, run};
use bff_core::{Outcome, Reason, prelude::*};
use tokio::time::{Instant, advance, sleep};

const KEEP: Keep = Keep::of(seconds(60)).jitter_percent(0);

#[tokio::test(start_paused = true)]
async fn a_value_is_renewed_early_and_nobody_waits_for_it() {
    run(async {
        let bed = Bed::new();
        bed.service.takes.set(millis(500));
        assert_eq!(bed.get(KEEP, "p-1").await.answer, Ok(1));
        let begun = Instant::now();
        while bed.service.requests() == 1 {
            let got = bed.get(KEEP, "p-1").await;
            assert_eq!((got.answer, got.outcome), (Ok(1), Some(Outcome::Hit)));
            assert_eq!(got.took, Duration::ZERO);
            sleep(millis(10)).await;
        }
        // With a request every 10 ms this has happened by then, but for once in e^2500 tests.
        assert!(begun.elapsed() < seconds(60), "{:?}", begun.elapsed());
        sleep(millis(500)).await;
        let got = bed.get(KEEP, "p-1").await;
        assert_eq!((got.answer, got.took), (Ok(2), Duration::ZERO));
        assert_eq!(bed.cache.status().early_refreshes, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_value_that_ends_while_it_is_renewed_is_not_fetched_twice() {
    run(async {
        let bed = Bed::new();
        bed.service.takes.set(seconds(1));
        assert_eq!(bed.get(KEEP, "p-1").await.answer, Ok(1));
        bed.service.takes.set(seconds(8));
        while bed.service.requests() == 1 {
            assert_eq!(bed.get(KEEP, "p-1").await.answer, Ok(1));
            sleep(millis(100)).await;
        }
        let (begun, mut last) = (Instant::now(), 1);
        while begun.elapsed() < seconds(9) {
            last = bed.get(KEEP, "p-1").await.answer.unwrap();
            sleep(millis(100)).await;
        }
        assert_eq!((last, bed.service.requests()), (2, 2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_old_value_is_served_while_it_is_renewed_and_not_for_longer() {
    run(async {
        let bed = Bed::new();
        let keep = KEEP.while_revalidating(seconds(30));
        assert_eq!(bed.get(keep, "p-1").await.answer, Ok(1));
        bed.service.takes.set(seconds(1));
        advance(seconds(70)).await;
        let got = bed.get(keep, "p-1").await;
        assert_eq!((got.answer, got.took), (Ok(1), Duration::ZERO));
        sleep(millis(1001)).await;
        assert_eq!(bed.get(keep, "p-1").await.answer, Ok(2));
        advance(seconds(91)).await;
        let got = bed.get(keep, "p-1").await;
        assert_eq!((got.answer, got.took), (Ok(3), seconds(1)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_answered_with_the_old_value_until_it_is_too_old() {
    run(async {
        let bed = Bed::new();
        let keep = KEEP.stale_if_error(minutes(5));
        assert_eq!(bed.get(keep, "p-1").await.answer, Ok(1));
        bed.service.fail_with(503);
        advance(seconds(61)).await;
        let got = bed.get(keep, "p-1").await;
        assert_eq!((got.answer, got.outcome, got.stale), (Ok(1), Some(Outcome::Stale), true));
        // Each request asks again.
        assert!(bed.get(keep, "p-1").await.stale);
        assert_eq!(bed.service.requests(), 3);
        bed.service.fails.take();
        let got = bed.get(keep, "p-1").await;
        assert_eq!((got.answer, got.stale), (Ok(4), false));
        bed.service.fail_with(503);
        advance(seconds(361)).await;
        let got = bed.get(keep, "p-1").await;
        assert_eq!((got.answer.is_err(), got.outcome), (true, Some(Outcome::Error)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn that_there_is_no_such_thing_is_remembered_for_a_while() {
    run(async {
        let bed = Bed::new();
        let keep = KEEP.missing_for(seconds(30)).stale_if_error(minutes(5));
        bed.service.fail_with(404);
        let got = bed.get(keep, "p-1").await;
        assert_eq!(got.answer.map_err(|fault| fault.reason()), Err(Reason::NotFound));
        bed.service.fails.take();
        advance(seconds(29)).await;
        let got = bed.get(keep, "p-1").await;
        assert_eq!(got.answer.map_err(|fault| fault.reason()), Err(Reason::NotFound));
        assert_eq!((got.outcome, bed.service.requests()), (Some(Outcome::Missing), 1));
        advance(seconds(2)).await;
        assert_eq!(bed.get(keep, "p-1").await.answer, Ok(2));
        // What is gone is not answered with what it was.
        bed.service.fail_with(404);
        advance(seconds(61)).await;
        assert!(bed.get(keep, "p-1").await.answer.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_remembered() {
    run(async {
        let bed = Bed::new();
        bed.service.fail_with(500);
        assert!(bed.get(KEEP.missing_for(minutes(1)), "p-1").await.answer.is_err());
        bed.service.fails.take();
        assert_eq!(bed.get(KEEP.missing_for(minutes(1)), "p-1").await.answer, Ok(2));
    })
    .await;
}
