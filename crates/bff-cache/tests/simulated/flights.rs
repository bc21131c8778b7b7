//! Many who want the same at the same time.

use crate::support::{Bed, run};
use bff_core::{Outcome, prelude::*};
use futures_util::future::join_all;
use tokio::{task::spawn_local, time::sleep};

const KEEP: Keep = Keep::of(minutes(1));

#[tokio::test(start_paused = true)]
async fn two_hundred_who_want_one_thing_fetch_it_once() {
    run(async {
        let bed = Bed::new();
        bed.service.takes.set(millis(100));
        let all = join_all((0..200).map(|_| bed.get(KEEP, "p-1"))).await;
        assert_eq!(bed.service.requests(), 1);
        assert!(all.iter().all(|got| got.answer == Ok(1) && got.took == millis(100)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn when_the_one_who_fetches_leaves_another_fetches() {
    run(async {
        let bed = Bed::new();
        bed.service.takes.set(millis(100));
        let asked = |bed: std::rc::Rc<Bed>| async move { bed.get(KEEP, "p-1").await };
        let leader = spawn_local(asked(bed.clone()));
        sleep(millis(10)).await;
        let others: Vec<_> = (0..20).map(|_| spawn_local(asked(bed.clone()))).collect();
        sleep(millis(40)).await;
        assert_eq!(bed.service.requests(), 1);
        leader.abort();
        let got = join_all(others).await;
        assert_eq!(bed.service.requests(), 2);
        let answers = got.into_iter().map(|got| got.unwrap().answer);
        assert!(answers.into_iter().all(|answer| answer == Ok(2)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_invalidated_while_it_is_fetched_is_not_served_afterwards() {
    run(async {
        let bed = Bed::new();
        bed.service.takes.set(millis(100));
        let (got, ()) = futures_util::join!(bed.get(KEEP, "p-1"), async {
            sleep(millis(50)).await;
            bed.cache.invalidate("product:p-1");
        });
        assert_eq!(got.answer, Ok(1));
        assert_eq!(bed.get(KEEP, "p-1").await.answer, Ok(2));
        let again = bed.get(KEEP, "p-1").await;
        assert_eq!((again.answer, again.outcome), (Ok(2), Some(Outcome::Hit)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_after_an_invalidation_does_not_get_what_was_asked_for_before() {
    run(async {
        let bed = Bed::new();
        bed.service.takes.set(millis(100));
        let (_, late) = futures_util::join!(bed.get(KEEP, "p-1"), async {
            sleep(millis(50)).await;
            bed.cache.invalidate("product:p-1");
            sleep(millis(10)).await;
            bed.get(KEEP, "p-1").await
        });
        assert_eq!(late.answer, Ok(2));
    })
    .await;
}
