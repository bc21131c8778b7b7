//! `GET /mobile/v1/products/{product}` over real sockets.

use bff_testkit::{Fault, Service, TestBff};

const PRODUCT: &str = "/mobile/v1/products/p-1";
const DOWN: Fault = Fault::Status { code: 500, retry_after: None };

#[test]
fn the_screen_gets_a_picture_a_price_and_a_button_in_some_two_hundred_bytes() {
    let bff = TestBff::start(&mobile::bff());
    let reply = bff.get(PRODUCT);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        reply.names(""),
        ["availability", "imageUrl", "meta", "price", "productId", "title"]
    );
    assert!(
        reply.at("/imageUrl").as_str().is_some_and(|url| url.contains("mobile")),
        "{}",
        reply.text()
    );
    assert!(["IN_STOCK", "SOLD_OUT"].contains(&reply.at("/availability").as_str().unwrap()));
    let screen = reply.body.len() - reply.at("/meta").to_string().len();
    assert!(screen < 260, "{screen} bytes: {}", reply.text());
}

#[test]
fn without_pricing_and_inventory_the_screen_says_what_it_knows() {
    let bff = TestBff::start(&mobile::bff());
    bff.services.set_fault(Service::Pricing, Some(DOWN));
    bff.services.set_fault(Service::Inventory, Some(Fault::HangBeforeHeaders));
    let reply = bff.get(PRODUCT);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(
        reply.at("/price").as_str().is_some_and(|price| price.starts_with('€')),
        "the catalogue's last price"
    );
    assert_eq!(reply.at("/availability"), "UNKNOWN");
    assert_eq!(reply.at("/meta/degraded"), true);
    let mut sections = [reply.at("/meta/sections/0/section"), reply.at("/meta/sections/1/section")];
    sections.sort_by_key(ToString::to_string);
    assert_eq!(sections, ["availability", "price"]);
}

#[test]
fn a_product_that_does_not_exist_is_404_and_a_catalogue_that_is_down_503() {
    let bff = TestBff::start(&mobile::bff());
    let reply = bff.get("/mobile/v1/products/p-999999");
    assert_eq!((reply.status, reply.code().as_str()), (404, "PRODUCT_NOT_FOUND"));
    bff.services.set_fault(Service::Catalog, Some(DOWN));
    let reply = bff.get("/mobile/v1/products/p-2");
    assert_eq!((reply.status, reply.code().as_str()), (503, "PRODUCT_UNAVAILABLE"));
}

#[test]
fn a_known_product_is_kept_for_a_while() {
    let bff = TestBff::start(&mobile::bff());
    for _ in 0..3 {
        assert_eq!(bff.get(PRODUCT).status, 200);
    }
    assert_eq!(
        bff.services.stats(Service::Catalog).requests_started,
        1,
        "one call for three screens"
    );
    bff.services.set_fault(Service::Catalog, Some(DOWN));
    assert_eq!(bff.get(PRODUCT).at("/meta/degraded"), false, "still fresh");
}

#[test]
fn an_id_that_could_be_a_path_reaches_no_service() {
    let bff = TestBff::start(&mobile::bff());
    for id in ["..%2Fadmin", "%2e%2e", "..", "a%20b", "a%2Fb", &"x".repeat(65)] {
        let reply = bff.get(&format!("/mobile/v1/products/{id}"));
        assert!((400..500).contains(&reply.status), "{id}: {}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{id}");
    }
    assert_eq!(bff.services.stats(Service::Catalog).requests_started, 0);
}
