//! `GET /v2/products` and `GET /v2/products/{product}` over real sockets.

use bff_testkit::{Fault, Service, TestBff};

#[test]
fn the_catalogue_is_read_page_by_page_without_gaps_or_doubles() {
    let bff = TestBff::start(&partner::bff());
    let (mut seen, mut target) = (Vec::new(), "/v2/products?limit=100".to_owned());
    for _ in 0..3 {
        let reply = bff.get(&target);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.names("/items/0"), ["brand", "category", "price", "productId", "title"]);
        seen.extend((0..100).map(|i| reply.at(&format!("/items/{i}/productId")).to_string()));
        let cursor = reply.at("/nextCursor");
        target = format!("/v2/products?limit=100&cursor={}", cursor.as_str().unwrap());
    }
    let pages = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((pages, seen.len()), (300, 300));
}

#[test]
fn a_bad_page_is_refused_with_what_would_be_good() {
    let bff = TestBff::start(&partner::bff());
    for (query, code) in [
        ("limit=0", "INVALID_LIMIT"),
        ("limit=101", "INVALID_LIMIT"),
        ("limit=ten", "INVALID_LIMIT"),
        ("cursor=", "INVALID_CURSOR"),
        ("cursor=a%20b", "INVALID_CURSOR"),
    ] {
        let reply = bff.get(&format!("/v2/products?{query}"));
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{query}");
    }
    assert_eq!(bff.services.stats(Service::Catalog).requests_started, 0);
}

#[test]
fn a_cursor_that_the_catalogue_does_not_know_is_the_partners_mistake() {
    let bff = TestBff::start(&partner::bff());
    let reply = bff.get("/v2/products?cursor=0");
    assert_eq!((reply.status, reply.code().as_str()), (400, "INVALID_CURSOR"), "{}", reply.text());
    assert_eq!(bff.services.stats(Service::Catalog).requests_started, 1);
    let refused = "bff_upstream_calls_total{";
    let counted = bff.metrics();
    let outcomes: Vec<_> = counted.lines().filter(|line| line.starts_with(refused)).collect();
    assert!(outcomes.iter().any(|line| line.contains("REFUSED")), "{counted}");
    assert!(!outcomes.iter().any(|line| line.contains("INVALID")), "{counted}");
    // Without one, the same refusal is a misunderstanding of ours.
    bff.services.set_fault(Service::Catalog, Some(Fault::Status { code: 400, retry_after: None }));
    let reply = bff.get("/v2/products");
    assert_eq!((reply.status, reply.code().as_str()), (502, "PRODUCTS_INVALID"));
}

#[test]
fn a_record_leaves_out_the_stock_that_nobody_knows() {
    let bff = TestBff::start(&partner::bff());
    let reply = bff.get("/v2/products/p-1");
    assert_eq!(reply.names(""), ["meta", "product", "unitsInStock"], "{}", reply.text());
    bff.services.set_fault(Service::Inventory, Some(Fault::Reset));
    let reply = bff.get("/v2/products/p-1");
    assert_eq!(reply.names(""), ["meta", "product"]);
    assert_eq!(reply.header("degraded"), Some("unitsInStock;filled=absent;reason=UNAVAILABLE"));
}

#[test]
fn partners_prove_who_they_are() {
    let bff = TestBff::start(&partner::bff());
    assert_eq!(bff.send("GET", "/v2/products", &[]).status, 401);
}
