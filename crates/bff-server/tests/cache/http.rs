//! What clients see of the cache: headers, validators, whole pages that are kept.

use crate::bed::{self, LONG, MAIN, Product, admin, is_good, page, soon, title};
use bff_core::{Endpoint, prelude::*};
use bff_testkit::{TestBff, Ticker};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

const KEPT: &str = "/test/v1/pages/p-1";

#[derive(View)]
struct KeptPage {
    title: String,
    extra: Option<String>,
}

#[derive(View)]
struct Text {
    title: String,
}

/// A whole page that is kept; `runs` counts how often it is made.
fn kept(runs: &Arc<AtomicU64>) -> Endpoint {
    let runs = runs.clone();
    let route = get("/test/v1/pages/{id}").client_cache(seconds(5)).page_kept(minutes(10));
    route.to(async move |cx: &Cx, id: Id<Product>, _: Page| -> Result<KeptPage> {
        runs.fetch_add(1, Relaxed);
        let product = MAIN.get(("products", &id)).named::<Text>("product");
        let product = product.cached(LONG).tagged("product", &id);
        let extra = MAIN.get(("extras", &id)).named::<Text>("extra");
        let (product, extra) = cx.gather((Critical(product), Omittable(extra))).await?;
        Ok(KeptPage { title: product.title, extra: extra.map(|extra| extra.title) })
    })
}

struct Bed {
    service: Ticker,
    runs: Arc<AtomicU64>,
    bff: TestBff,
}

fn start() -> Bed {
    let (service, runs) = (Ticker::start(), Arc::<AtomicU64>::default());
    let bff = bed::start(vec![kept(&runs)], &service.url(), "");
    // At start every handler is begun once, to see what it calls.
    runs.store(0, Relaxed);
    Bed { service, runs, bff }
}

impl Bed {
    fn runs(&self) -> u64 {
        self.runs.load(Relaxed)
    }
}

#[test]
fn what_came_from_where_is_only_told_where_it_is_asked_for() {
    let service = Ticker::start();
    for (setting, told) in [("", None), ("[cache]\ndebug_header = true", Some("product"))] {
        let bff = bed::start(vec![bed::product(LONG)], &service.url(), setting);
        let (tiers, target) = (["service", "near"], "/test/v1/products/p-1");
        for tier in tiers {
            let reply = page(&bff, target);
            let header = reply.header("x-cache-debug");
            assert_eq!(header.and_then(|text| text.split(';').next()), told);
            let expected = format!(";tier={tier};");
            assert!(header.is_none_or(|text| text.contains(&expected)), "{header:?}");
        }
    }
}

#[test]
fn a_stale_page_is_stored_by_nobody() {
    let service = Ticker::start();
    let keep = Keep::of(millis(1)).stale_if_error(minutes(10));
    let bff = bed::start(vec![bed::product(keep)], &service.url(), "");
    let fresh = page(&bff, "/test/v1/products/p-1");
    assert!(is_good(&fresh) && fresh.header("etag").is_some(), "{fresh:?}");
    service.set_failing(true);
    let etag = fresh.header("etag").unwrap_or_default();
    let again = || bff.send("GET", "/test/v1/products/p-1", &[("if-none-match", etag)]);
    assert!(soon(|| again().status == 200), "the value does not get old");
    let stale = again();
    assert_eq!((stale.status, stale.at("/title")), (200, fresh.at("/title")));
    assert_eq!(stale.header("cache-control"), Some("no-store"));
    assert_eq!(stale.header("etag"), None);
    assert_eq!(stale.at("/meta/degraded"), true);
    assert_eq!(stale.at("/meta/sections/0/filled"), "stale");
    assert_eq!(stale.at("/meta/sections/0/section"), "product");
    assert!(stale.at("/meta/sections/0/ageSeconds").is_u64());
    service.set_failing(false);
    assert!(soon(|| is_good(&page(&bff, "/test/v1/products/p-1"))));
    assert_ne!(title(&bff, "p-1"), fresh.at("/title").as_str().unwrap_or_default());
}

#[test]
fn a_kept_page_is_made_once_and_is_every_requests_own() {
    let bed = start();
    let replies = [(); 20].map(|()| page(&bed.bff, KEPT));
    assert_eq!((bed.runs(), bed.service.requests()), (1, 2));
    assert!(replies.iter().all(is_good));
    let mut titles: Vec<_> = replies.iter().map(|reply| reply.at("/title")).collect();
    titles.dedup();
    assert_eq!(titles.len(), 1);
    let traces = replies.iter().map(|reply| reply.at("/meta/traceId").to_string());
    assert_eq!(traces.collect::<std::collections::BTreeSet<_>>().len(), 20);
    // Another thing is another page.
    assert!(is_good(&page(&bed.bff, "/test/v1/pages/p-2")));
    assert_eq!(bed.runs(), 2);
}

#[test]
fn a_kept_page_has_validators_and_a_head() {
    let bed = start();
    let first = page(&bed.bff, KEPT);
    let etag = first.header("etag").unwrap_or_default();
    let second = bed.bff.send("GET", KEPT, &[("if-none-match", etag)]);
    assert_eq!((second.status, second.body.len()), (304, 0));
    assert_eq!(second.header("etag"), first.header("etag"));
    let head = bed.bff.send("HEAD", KEPT, &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("etag"), first.header("etag"));
    assert_eq!(head.header("content-type"), first.header("content-type"));
    assert_eq!(bed.runs(), 1);
}

#[test]
fn a_kept_page_is_told_apart_by_what_the_handler_reads_and_by_nothing_else() {
    let bed = start();
    let asked = |query: &str| is_good(&page(&bed.bff, &format!("{KEPT}{query}")));
    assert!(asked("") && asked("?limit=20") && asked("?utm_source=mail&limit=20"));
    assert_eq!(bed.runs(), 1, "the default limit, whatever else is in the query");
    assert!(asked("?limit=3") && asked("?limit=3") && asked("?limit=3&cursor=next"));
    assert_eq!(bed.runs(), 3);
    let refused = page(&bed.bff, &format!("{KEPT}?limit=0"));
    assert_eq!((refused.status, refused.code().as_str()), (400, "INVALID_LIMIT"));
    assert!(asked("") && asked("?cursor=next&limit=3"));
    assert_eq!(bed.runs(), 3);
}

#[test]
fn a_degraded_page_is_not_kept() {
    let bed = start();
    // The product is kept, so that only the rest of the page is missing.
    assert!(is_good(&page(&bed.bff, &format!("{KEPT}?limit=1"))));
    bed.service.set_failing(true);
    for runs in [2, 3] {
        let reply = page(&bed.bff, KEPT);
        assert_eq!((reply.status, reply.at("/meta/degraded")), (200, true.into()));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(bed.runs(), runs);
    }
    bed.service.set_failing(false);
    assert!([(); 3].iter().all(|()| is_good(&page(&bed.bff, KEPT))));
    assert_eq!(bed.runs(), 4);
}

#[test]
fn a_page_ends_with_a_tag_of_anything_in_it() {
    let bed = start();
    let title = || page(&bed.bff, KEPT).at("/title");
    let first = title();
    assert_eq!(admin(&bed.bff, "DELETE", "/cache/tags/product:p-2").status, 204);
    assert_eq!((title(), bed.runs()), (first.clone(), 1));
    assert_eq!(admin(&bed.bff, "DELETE", "/cache/tags/product:p-1").status, 204);
    let second = title();
    assert_ne!(second, first);
    assert_eq!((title(), bed.runs()), (second, 2));
}
