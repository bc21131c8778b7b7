//! `GET /web/v1/products/{product}` over real sockets.

use bff_testkit::{Fault, Service, TestBff};

const PRODUCT: &str = "/web/v1/products/p-1";
const DOWN: Fault = Fault::Status { code: 503, retry_after: None };

#[test]
fn the_page_is_whole_and_needs_no_credential() {
    let bff = TestBff::start(&web::bff());
    let reply = bff.send("GET", PRODUCT, &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        reply.names(""),
        ["availability", "meta", "price", "product", "recommendations", "reviews"]
    );
    let product = ["description", "imageUrls", "priceFormatted", "productId", "specs", "title"];
    assert_eq!(reply.names("/product"), product);
    assert_eq!(reply.names("/reviews/items/0"), ["author", "rating", "text", "title"]);
    assert_eq!(
        (reply.count("/reviews/items"), reply.count("/recommendations")),
        (Some(10), Some(8))
    );
    assert_eq!(reply.at("/meta/degraded"), false);
    let cache = reply.header("cache-control");
    assert_eq!(cache, Some("public, max-age=60, s-maxage=60, stale-while-revalidate=60"));
}

#[test]
fn only_the_catalogue_is_needed() {
    let bff = TestBff::start(&web::bff());
    for service in [Service::Pricing, Service::Inventory, Service::Reviews] {
        bff.services.set_fault(service, Some(DOWN));
    }
    let reply = bff.send("GET", PRODUCT, &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        reply.at("/price"),
        reply.at("/product/priceFormatted"),
        "the catalogue's last price"
    );
    assert_eq!(reply.at("/availability"), "Check availability");
    assert_eq!(reply.count("/reviews/items"), Some(0));
    assert_eq!(reply.count("/meta/sections"), Some(3));
    assert_eq!(reply.header("cache-control"), Some("no-store"));

    bff.services.set_fault(Service::Catalog, Some(DOWN));
    let reply = bff.send("GET", "/web/v1/products/p-2", &[]);
    assert_eq!((reply.status, reply.code().as_str()), (503, "PRODUCT_UNAVAILABLE"));
}

#[test]
fn a_product_without_reviews_is_not_degraded() {
    let bff = TestBff::start(&web::bff());
    let reply = bff.send("GET", "/web/v1/products/p-13", &[]);
    assert_eq!(reply.at("/reviews/summary/count"), 0, "{}", reply.text());
    assert_eq!(reply.names("/reviews/summary"), ["count"], "no stars are no member");
    assert_eq!(reply.at("/meta/degraded"), false);
}
