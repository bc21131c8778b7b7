//! One of two instances dies: what may be asked again is, what may not is not.
#![allow(
    clippy::unwrap_used,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use crate::bed::Bed;
use bff_fixtures::{http::Reply, json, redis::eventually};
use bff_neighbours::{Browser, Fault, Service};
use rustix::process::Signal;
use std::thread;

const PRODUCT: &str = "/web/v1/products/p-1";
/// More than enough for both instances to have had their turn.
const MANY: u32 = 50;

#[test]
fn a_page_survives_the_instance_that_was_making_it() {
    let mut bed = Bed::start();
    bed.services.set_fault(Service::Catalog, Some(Fault::HangBeforeHeaders));
    let gateway = bed.gateway();
    let page = thread::spawn(move || Browser::new().go(gateway, PRODUCT));
    let victim = making(&bed, Service::Catalog);
    bed.services.set_fault(Service::Catalog, None);
    bed.web[victim].signal(Signal::KILL);
    let reply = page.join().unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());

    // And with one instance gone for good, nobody notices.
    for _ in 0..MANY {
        assert_eq!(bed.get(PRODUCT, &[]).status, 200);
    }
    assert!(!bed.web[victim].has_ended_well());
    bed.web[victim].start_again();
    let used = |bed: &Bed| bed.get(PRODUCT, &[]).status == 200 && bed.web[victim].answered() > 0.0;
    eventually("the instance that came back is used", || used(&bed));
}

#[test]
fn a_write_is_sent_to_one_instance_only() {
    let bed = Bed::start();
    let mut browser = Browser::new();
    let back = browser.sign_in(bed.gateway(), &bed.idp, "u-1");
    assert_eq!(back.status, 303, "{}", back.text());
    let me = browser.fetch(bed.gateway(), "/web/v1/me");
    assert_eq!(me.status, 200, "both instances know the session: {}", me.text());
    let added = add(&mut browser, &bed, "k-1");
    assert_eq!(added.status, 200, "{}", added.text());
    let before = bed.services.stats(Service::Carts).requests_started;

    bed.services.set_fault(Service::Carts, Some(Fault::HangBeforeHeaders));
    let adding = {
        let (mut browser, gateway) = (browser.clone(), bed.gateway());
        thread::spawn(move || post(&mut browser, gateway, "k-2"))
    };
    let victim = making(&bed, Service::Carts);
    bed.web[victim].signal(Signal::KILL);
    let lost = adding.join().unwrap();
    assert_eq!((lost.status, lost.code().as_str()), (503, "UNAVAILABLE"), "{}", lost.text());
    assert_eq!(lost.at("/retryable"), json!(false), "nobody knows whether it happened");
    let asked = bed.services.stats(Service::Carts).requests_started - before;
    assert_eq!(asked, 1, "the gateway sent a write again");

    // One that never left the gateway is another matter.
    bed.services.set_fault(Service::Carts, None);
    for nth in 0..4 {
        let added = add(&mut browser, &bed, &format!("k-3-{nth}"));
        assert_eq!(added.status, 200, "{}", added.text());
    }
}

/// The instance of the web BFF that has a call to `service` in flight, by its own account.
fn making(bed: &Bed, service: Service) -> usize {
    let calls = format!("bff_upstream_in_flight{{service=\"{}\"", service.name());
    let mut found = None;
    eventually("an instance is waiting for the service", || {
        found = bed.web.iter().position(|one| one.metric(&calls) > 0.0);
        found.is_some()
    });
    found.unwrap()
}

fn add(browser: &mut Browser, bed: &Bed, key: &str) -> Reply {
    post(browser, bed.gateway(), key)
}

fn post(browser: &mut Browser, gateway: std::net::SocketAddr, key: &str) -> Reply {
    let item = json!({ "productId": "p-1", "units": 2 }).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
        ("x-csrf", "1"),
        ("sec-fetch-site", "same-origin"),
    ];
    browser.send(gateway, "POST", "/web/v1/cart/items", &headers, &item)
}
