//! What clients are told to keep: an answer, no longer than the values in it are fresh.

use crate::bed::{self, LONG, MAIN, Product, page, soon};
use bff_core::{Endpoint, prelude::*};
use bff_testkit::{TestBff, Ticker, http::Reply, redis::RedisServer};
use std::time::Instant;

const PAGE: &str = "/test/v1/pages/p-1";
/// What the routes allow.
const ROUTE: Duration = minutes(1);
const SHORT: Keep = Keep::of(seconds(20)).jitter_percent(0);

#[derive(View)]
struct Text {
    title: String,
}

#[derive(View)]
struct TwoTexts {
    first: String,
    second: String,
}

/// A page of two values, each kept in its own way or not at all.
fn two(first: Option<Keep>, second: Option<Keep>) -> Endpoint {
    let route = get("/test/v1/pages/{id}").client_cache(ROUTE);
    route.to(async move |cx: &Cx, id: Id<Product>| -> Result<TwoTexts> {
        let mut texts = Vec::new();
        for (path, keep) in [("firsts", first), ("seconds", second)] {
            let call = MAIN.get((path, &id)).named::<Text>("text");
            texts.push(match keep {
                Some(keep) => cx.gather(Critical(call.cached(keep))).await?.title,
                None => cx.gather(Critical(call)).await?.title,
            });
        }
        let second = texts.pop().unwrap_or_default();
        Ok(TwoTexts { first: texts.pop().unwrap_or_default(), second })
    })
}

/// A whole page that is kept for `page`, of a value that is kept in its own way.
fn whole(page: Duration, value: Keep) -> Endpoint {
    let route = get("/test/v1/pages/{id}").client_cache(ROUTE).page_kept(page);
    route.to(async move |cx: &Cx, id: Id<Product>| -> Result<Text> {
        cx.gather(Critical(MAIN.get(("texts", &id)).named::<Text>("text").cached(value))).await
    })
}

fn start(endpoint: Endpoint, service: &Ticker) -> TestBff {
    bed::start(vec![endpoint], &service.url(), "")
}

/// The seconds of `max-age`.
fn max_age(reply: &Reply) -> u64 {
    let header = reply.header("cache-control").unwrap_or_default();
    let directive = header.split(", ").find_map(|part| part.strip_prefix("max-age="));
    let seconds = directive.and_then(|text| text.parse().ok());
    seconds.unwrap_or_else(|| unreachable!("{} {header}: {}", reply.status, reply.text()))
}

fn public(seconds: u64) -> String {
    format!("public, max-age={seconds}, s-maxage={seconds}, stale-while-revalidate={seconds}")
}

/// Asks until `max-age` has become smaller twice; nobody is ever told more than is left of `most`.
fn runs_down(most: Duration, mut ask: impl FnMut() -> Reply) {
    // What is kept was fetched before the first answer came.
    let mut seen = vec![max_age(&ask())];
    let begun = Instant::now();
    let smaller = soon(|| {
        let before = begun.elapsed();
        let told = max_age(&ask());
        assert!(Duration::from_secs(told) + before <= most, "{told} s are left after {before:?}");
        seen.push(told);
        seen.dedup();
        seen.len() > 2
    });
    assert!(smaller, "max-age stays {seen:?}");
    assert!(seen.is_sorted_by(|one, next| one > next), "{seen:?}");
}

#[test]
fn a_page_is_kept_no_longer_than_the_value_in_it_that_has_the_least_left() {
    let service = Ticker::start();
    for (first, second) in
        [(SHORT, None), (SHORT, Some(LONG)), (LONG, Some(SHORT)), (SHORT, Some(SHORT))]
    {
        let bff = start(two(Some(first), second), &service);
        let fetched = page(&bff, PAGE);
        let told = max_age(&fetched);
        assert!((10..20).contains(&told), "{told}");
        assert_eq!(fetched.header("cache-control"), Some(public(told).as_str()));
    }
    let bff = start(two(Some(LONG), Some(SHORT)), &service);
    runs_down(seconds(20), || page(&bff, PAGE));
}

#[test]
fn the_route_has_the_last_word_on_what_is_fresh_for_longer() {
    let service = Ticker::start();
    for (first, second) in [(None, None), (Some(LONG), None), (Some(LONG), Some(LONG))] {
        let bff = start(two(first, second), &service);
        let told = [(); 2].map(|()| page(&bff, PAGE).header("cache-control").map(str::to_owned));
        assert_eq!(told, [Some(public(60)), Some(public(60))]);
    }
    let bff = start(bed::product(SHORT), &service);
    assert_eq!(page(&bff, "/test/v1/products/p-1").header("cache-control"), Some("no-store"));
}

#[test]
fn what_is_served_while_it_is_renewed_is_for_this_moment() {
    let service = Ticker::start();
    let keep = Keep::of(millis(1)).while_revalidating(minutes(10));
    let bff = start(two(Some(keep), Some(LONG)), &service);
    assert!((0..2).all(|_| page(&bff, PAGE).header("cache-control") == Some(public(0).as_str())));
}

#[test]
fn a_client_that_has_the_page_already_is_told_the_same() {
    let service = Ticker::start();
    let bff = start(two(Some(SHORT), Some(LONG)), &service);
    let etag = page(&bff, PAGE).header("etag").unwrap_or_default().to_owned();
    runs_down(seconds(20), || {
        let reply = bff.send("GET", PAGE, &[("if-none-match", &etag)]);
        assert_eq!(reply.status, 304);
        reply
    });
}

#[test]
fn a_value_from_another_instance_has_only_the_rest_of_its_time() {
    let (redis, service) = (RedisServer::start(), Ticker::start());
    let cache = bed::patient_redis(&redis.url(), "");
    let start = || bed::start(vec![two(Some(SHORT), None)], &service.url(), &cache);
    let one = start();
    let first = max_age(&page(&one, PAGE));
    assert!(soon(|| max_age(&page(&one, PAGE)) < first));
    let requests = service.requests();
    assert!(max_age(&page(&start(), PAGE)) < first);
    assert_eq!(service.requests(), requests + 1, "only what is not kept is fetched");
}

#[test]
fn a_users_page_stays_private() {
    let service = Ticker::start();
    let route = get("/test/v1/me").client_cache(ROUTE);
    let mine = route.to(async move |cx: &Cx, me: User| -> Result<Text> {
        let text = MAIN.get(("users", &me)).named::<Text>("text");
        cx.gather(Critical(text.kept_for(&me, SHORT))).await
    });
    let bff = bed::start_personal(vec![mine], &service.url(), "");
    let reply = bff.get("/test/v1/me");
    let expected = format!("private, max-age={}, s-maxage=0", max_age(&reply));
    assert_eq!(reply.header("cache-control"), Some(expected.as_str()));
    runs_down(seconds(20), || bff.get("/test/v1/me"));
}

#[test]
fn of_a_kept_page_a_client_gets_what_is_left_of_its_keeping() {
    let service = Ticker::start();
    // The page itself ends first; the value in it does.
    for (kept, value, most) in [(seconds(30), LONG, seconds(30)), (minutes(10), SHORT, seconds(20))]
    {
        let bff = start(whole(kept, value), &service);
        let requests = service.requests();
        runs_down(most, || page(&bff, PAGE));
        assert_eq!(service.requests(), requests + 1, "it is the kept page");
    }
}

#[test]
fn a_kept_page_that_outlives_what_it_is_made_of_is_for_this_moment() {
    let service = Ticker::start();
    let bff = start(whole(minutes(10), Keep::of(seconds(1))), &service);
    assert!(soon(|| max_age(&page(&bff, PAGE)) == 0));
    assert_eq!(service.requests(), 1);
}
