//! A hot key does not stampede its service, and nobody waits for the renewal of what is there.

use crate::{
    load::Load,
    parts,
    release::{self, LIFETIME, lookups_beyond_memory, number, one_at_a_time},
};
use bff_testkit::{
    Ticker,
    http::Reply,
    redis::{RedisServer, eventually},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
};

const PROCESSES: usize = 4;
/// Requests per second to all processes together.
const RATE: u32 = 2000;
const EXPIRIES: u64 = 4;

/// What the answers of one process say.
#[derive(Default)]
struct Seen {
    /// The number of the fetch that the last answer comes from.
    fetch: AtomicU64,
    /// Answers with a value that had expired.
    expired: AtomicU64,
    /// Anything but a good page with a value from memory.
    wrong: AtomicU64,
}

impl Seen {
    fn note(&self, reply: &Reply) {
        let fetch =
            reply.at("/title").as_str().and_then(|title| title.strip_prefix("p-1 ")?.parse().ok());
        let from_memory = "product;tier=near;outcome=hit;age=";
        let age = reply.header("x-cache-debug").and_then(|text| text.strip_prefix(from_memory));
        let age = age.and_then(|text| text.split(';').next()?.parse().ok());
        let (Some(fetch), Some(age), 200) = (fetch, age, reply.status) else {
            self.wrong.fetch_add(1, SeqCst);
            return;
        };
        self.fetch.store(fetch, SeqCst);
        self.expired.fetch_add(u64::from(LIFETIME.as_secs() <= age), SeqCst);
    }
}

/// In each round the service holds its answer back until the value that it is to replace has expired
/// everywhere and everything that was asked by then is answered.
#[test]
fn four_processes_renew_a_hot_value_as_if_they_were_one_and_no_page_waits() {
    let _alone = one_at_a_time();
    let (redis, service) = (RedisServer::start(), Ticker::start());
    let more = "debug_header = true\nnear_for = \"50ms\"\nlease = \"30s\"";
    let cache = parts::patient_redis(&redis.url(), more);
    let processes = [(); PROCESSES].map(|()| release::start("hot", &service.url(), &cache));
    let titles = processes.each_ref().map(release::title);
    assert_eq!(titles, ["p-1 1"; PROCESSES], "the first one fetched for all");
    let beyond_memory = processes.each_ref().map(lookups_beyond_memory);

    let seen = Arc::<[Seen; PROCESSES]>::default();
    let noted = seen.clone();
    let ask = |_| "/test/v1/products/p-1".to_owned();
    service.answer_up_to(1);
    let load = Load::start(&processes, RATE, ask, move |place, reply| noted[place].note(reply));
    let sum = |counter| processes.iter().map(|process| number(process, counter)).sum::<u64>();
    for fetch in 2..2 + EXPIRIES {
        eventually("somebody renews the value", || service.requests() >= fetch);
        let expired = seen.each_ref().map(|seen| seen.expired.load(SeqCst));
        eventually("the value has expired everywhere", || {
            seen.iter().zip(expired).all(|(seen, before)| seen.expired.load(SeqCst) > before + 50)
        });
        load.all_sent_are_answered();
        assert_eq!(service.requests(), fetch, "nobody else asks the service meanwhile");
        service.answer_up_to(fetch);
        eventually("everybody has the new value", || {
            seen.iter().all(|seen| seen.fetch.load(SeqCst) >= fetch)
        });
    }
    let pages = load.end();
    let wrong = seen.each_ref().map(|seen| seen.wrong.load(SeqCst));
    assert_eq!(wrong, [0; PROCESSES], "of {pages} pages waited or failed");
    assert_eq!(processes.each_ref().map(lookups_beyond_memory), beyond_memory);
    eventually("each renewal is one fetch", || sum("/refreshes") == service.requests() - 1);
    let (fetches, early) = (service.requests() - 1, sum("/early_refreshes"));
    assert!(
        fetches <= EXPIRIES + early,
        "{fetches} fetches, {early} of them early, for {pages} pages"
    );
}
