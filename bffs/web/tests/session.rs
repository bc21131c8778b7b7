//! The pages of somebody who signed in, over real sockets: a browser, a provider, the web BFF.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use bff_testkit::{Browser, Fault, Service, TestBff, http::Reply, idp::IdentityProvider, json};
use std::time::Duration;

/// Where browsers take the BFF to be.
const PUBLIC: &str = "https://shop.example";
const ITEMS: &str = "/web/v1/cart/items";
const KEY: (&str, &str) = ("idempotency-key", "k-1");

struct Shop {
    bff: TestBff,
    idp: IdentityProvider,
}

impl Shop {
    fn open() -> Self {
        let idp = IdentityProvider::start().unwrap();
        Self { bff: TestBff::start_with_sessions(&web::bff(), &idp, PUBLIC), idp }
    }

    fn signed_in(&self, user: &str) -> Browser {
        let mut browser = Browser::new();
        let back = browser.sign_in(self.bff.address, &self.idp, user);
        assert_eq!((back.status, back.header("location")), (303, Some("/")), "{}", back.text());
        browser
    }

    fn page(&self, browser: &mut Browser, target: &str) -> Reply {
        browser.fetch(self.bff.address, target)
    }

    fn add(&self, browser: &mut Browser, units: u32, headers: &[(&str, &str)]) -> Reply {
        let script = [
            ("content-type", "application/json"),
            ("x-csrf", "1"),
            ("origin", PUBLIC),
            ("sec-fetch-site", "same-origin"),
        ];
        let item = json!({ "productId": "p-1", "units": units }).to_string();
        let headers = [&script, headers].concat();
        browser.send(self.bff.address, "POST", ITEMS, &headers, &item)
    }
}

#[test]
fn the_pages_are_those_of_who_signed_in() {
    let shop = Shop::open();
    for target in ["/web/v1/me", "/web/v1/orders"] {
        let stranger = shop.page(&mut Browser::new(), target);
        assert_eq!((stranger.status, stranger.code().as_str()), (401, "UNAUTHENTICATED"));
    }
    let (mut amir, mut ingrid) = (shop.signed_in("u-1"), shop.signed_in("u-3"));
    let me = shop.page(&mut amir, "/web/v1/me");
    assert_eq!(me.status, 200, "{}", me.text());
    assert_eq!(me.names(""), ["avatarUrl", "displayName", "email", "meta"]);
    assert_eq!(
        (me.at("/displayName"), me.at("/email")),
        ("Amir Weber".into(), "user1@example.com".into())
    );
    assert_eq!(shop.page(&mut ingrid, "/web/v1/me").at("/displayName"), "Ingrid García");

    let orders = shop.page(&mut amir, "/web/v1/orders");
    assert_eq!(orders.status, 200, "{}", orders.text());
    assert_eq!(
        orders.names("/orders/0"),
        ["itemCount", "orderId", "placedAt", "status", "totalFormatted"]
    );
    assert_eq!(orders.at("/orders/0/orderId"), "o-1-1");
    assert_eq!(shop.page(&mut ingrid, "/web/v1/orders").at("/orders/0/orderId"), "o-3-1");
    for page in [me, orders] {
        assert!(page.header("cache-control").unwrap().contains("no-store"));
    }
}

#[test]
fn a_page_says_which_of_its_services_failed() {
    let shop = Shop::open();
    let mut browser = shop.signed_in("u-1");
    for (service, target, code) in [
        (Service::Users, "/web/v1/me", "USER_PROFILE_UNAVAILABLE"),
        (Service::Orders, "/web/v1/orders", "RECENT_ORDERS_UNAVAILABLE"),
    ] {
        shop.bff.services.set_fault(service, Some(Fault::Status { code: 503, retry_after: None }));
        let page = shop.page(&mut browser, target);
        assert_eq!((page.status, page.code().as_str()), (503, code));
        shop.bff.services.set_fault(service, None);
        assert_eq!(shop.page(&mut browser, target).status, 200);
    }
}

#[test]
fn what_is_put_into_the_cart_is_in_it() {
    let shop = Shop::open();
    let mut browser = shop.signed_in("u-1");
    let cart = shop.add(&mut browser, 2, &[KEY]);
    assert_eq!(cart.status, 200, "{}", cart.text());
    assert_eq!(cart.names(""), ["lines", "meta", "totalFormatted", "units"]);
    assert_eq!((cart.at("/units"), cart.at("/lines/0/productId")), (2.into(), "p-1".into()));
    assert_eq!(cart.names("/lines/0"), ["productId", "title", "totalFormatted", "units"]);
}

#[test]
fn what_the_cart_refuses_is_refused_and_said() {
    let shop = Shop::open();
    let mut browser = shop.signed_in("u-1");
    let refused = shop.add(&mut browser, 21, &[KEY]);
    assert_eq!((refused.status, refused.code().as_str()), (422, "CART_REFUSED"));
    let no_number = shop.add(&mut browser, 256, &[KEY]);
    assert_eq!(no_number.status, 400, "units are a byte: {}", no_number.text());
    assert_eq!(shop.bff.services.stats(Service::Carts).requests_started, 1);
}

#[test]
fn a_write_needs_a_key_and_may_come_again_with_it() {
    let shop = Shop::open();
    let mut browser = shop.signed_in("u-1");
    for (headers, code) in [
        (&[][..], "IDEMPOTENCY_KEY_MISSING"),
        (&[("idempotency-key", "")], "IDEMPOTENCY_KEY_INVALID"),
        (&[("idempotency-key", "no spaces")], "IDEMPOTENCY_KEY_INVALID"),
    ] {
        let reply = shop.add(&mut browser, 2, headers);
        assert_eq!((reply.status, reply.code().as_str()), (400, code));
    }
    assert_eq!(shop.bff.services.stats(Service::Carts).requests_started, 0);

    shop.bff.services.set_fault(Service::Carts, Some(Fault::HangBeforeHeaders));
    let lost = shop.add(&mut browser, 2, &[KEY]);
    assert_eq!((lost.status, lost.code().as_str()), (503, "CART_UNAVAILABLE"), "{}", lost.text());
    shop.bff.services.set_fault(Service::Carts, None);
    let [again, and_again] = [(); 2].map(|()| shop.add(&mut browser, 2, &[KEY]));
    assert_eq!((again.status, again.at("/units")), (200, 2.into()), "{}", again.text());
    assert_eq!(and_again.at("/lines"), again.at("/lines"));
    let seen = shop.bff.services.stats(Service::Carts).last_headers;
    let keys = seen.iter().filter(|(name, _)| name.eq_ignore_ascii_case(KEY.0));
    assert!(keys.map(|(_, value)| value.as_str()).eq([KEY.1]), "the service knows it by its key");
}

#[test]
fn another_site_fills_no_cart() {
    let shop = Shop::open();
    let mut browser = shop.signed_in("u-1");
    for header in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let item = json!({ "productId": "p-1", "units": 2 }).to_string();
        let headers = [KEY, header, ("content-type", "application/json"), ("x-csrf", "1")];
        let reply = browser.send(shop.bff.address, "POST", ITEMS, &headers, &item);
        assert_eq!((reply.status, reply.code().as_str()), (403, "CROSS_ORIGIN"), "{header:?}");
    }
    assert_eq!(shop.bff.services.stats(Service::Carts).requests_started, 0);
}

#[test]
fn logout_ends_it_here_and_the_provider_ends_it_from_there() {
    let shop = Shop::open();
    let (mut leaves, mut stays) = (shop.signed_in("u-1"), shop.signed_in("u-2"));
    let url = shop.page(&mut leaves, "/bff/user").at("/logoutUrl");
    let mut copy = leaves.clone();
    let out = leaves.go(shop.bff.address, url.as_str().unwrap());
    assert!(out.status == 303 && out.header("location").unwrap().starts_with(shop.idp.url()));
    assert_eq!(shop.page(&mut leaves, "/web/v1/me").code(), "UNAUTHENTICATED");
    assert_eq!(shop.page(&mut copy, "/web/v1/me").code(), "SESSION_ENDED");
    assert_eq!(shop.add(&mut copy, 2, &[KEY]).code(), "SESSION_ENDED");
    assert_eq!(shop.page(&mut stays, "/web/v1/me").status, 200);

    assert_eq!(shop.idp.end_user_session("u-2"), 1);
    let ended = |bff: &TestBff| stays.clone().fetch(bff.address, "/web/v1/me").status == 401;
    assert!(shop.bff.eventually(Duration::from_secs(10), ended));
}
