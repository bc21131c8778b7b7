//! What was read together does not expire together.

use crate::support::{Bed, run};
use bff_core::prelude::*;
use tokio::time::sleep;

const KEYS: u32 = 100_000;
const LIFETIME: u32 = 60;
const KEEP: Keep = Keep::of(seconds(LIFETIME as u64));
/// Each key is asked for once in this many seconds.
const EACH_EVERY: u32 = 20;
const LIFETIMES: u32 = 2;
/// The rate at which services are asked, in percent of the average. Lifetimes from a half to three
/// halves: what was read together is renewed over a whole lifetime. Without the jitter the first
/// peak would be twenty times the average.
const PEAK: usize = 150;
/// Counted over so many seconds.
const SECONDS: usize = 5;

/// The most fetches in a few seconds, in percent of the average.
fn peak_percent(fetches: &[u32]) -> usize {
    let few = fetches.chunks(SECONDS).map(|few| few.iter().sum::<u32>() as usize);
    let (most, all) = (few.clone().max().unwrap_or_default(), few.sum::<usize>());
    most * 100 * fetches.len() / SECONDS / all
}

#[tokio::test(start_paused = true)]
async fn thousands_of_values_that_were_read_together_are_renewed_one_by_one() {
    // One course of events, so that chance decides nothing here.
    fastrand::seed(1);
    run(async {
        let bed = Bed::new();
        for key in 0..KEYS {
            bed.get(KEEP, &format!("p-{key}")).await;
        }
        let mut fetches = Vec::new();
        for second in 0..LIFETIME * LIFETIMES {
            let before = bed.service.requests();
            for key in (0..KEYS).filter(|key| key % EACH_EVERY == second % EACH_EVERY) {
                bed.get(KEEP, &format!("p-{key}")).await;
            }
            sleep(seconds(1)).await;
            fetches.push(bed.service.requests() - before);
        }
        // Before half a lifetime is over nothing is due.
        let due = fetches.split_off(LIFETIME as usize / 2);
        let peak = peak_percent(&due);
        assert!(peak < PEAK, "{peak} %: {due:?}");
    })
    .await;
}
