//! What the services answer when nothing is wrong.

use super::{Ports, Reply, SampleServices, Service, get};
use serde_json::{Value, json};
use std::{collections::HashSet, ops::RangeInclusive};

fn fields(value: &Value) -> usize {
    value.as_object().unwrap().len()
}

fn items<'a>(value: &'a Value, list: &str) -> &'a [Value] {
    value[list].as_array().unwrap()
}

fn check_size(value: &Value, bytes: RangeInclusive<usize>) {
    let size = value.to_string().len();
    assert!(bytes.contains(&size), "{size} bytes, not {bytes:?}: {value}");
}

#[test]
fn equal_seeds_give_equal_data_and_different_seeds_do_not() {
    let bodies = |seed| {
        let services = SampleServices::start_on(&Ports::default(), seed).unwrap();
        let targets = [
            (Service::Users, "/users/u-17"),
            (Service::Orders, "/users/u-17/orders"),
            (Service::Recommendations, "/users/u-17/recommendations"),
            (Service::Catalog, "/products/p-17"),
            (Service::Pricing, "/prices/p-17"),
            (Service::Inventory, "/stock/p-17"),
            (Service::Reviews, "/products/p-17/reviews"),
        ];
        targets.map(|(service, target)| get(&services, service, target).body)
    };
    let (one, again, other) = (bodies(1), bodies(1), bodies(2));
    assert_eq!(one, again);
    for (one, other) in one.iter().zip(&other) {
        assert_ne!(one, other);
    }
}

#[test]
fn every_answer_carries_headers_that_a_bff_must_not_pass_on() {
    let services = SampleServices::start().unwrap();
    let reply = get(&services, Service::Pricing, "/prices/p-1");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("server"), Some("sample-pricing"));
    assert_eq!(reply.header("set-cookie"), Some("internal=1"));
    assert!(reply.header("x-internal-host").is_some());
}

#[test]
fn an_order_is_nobody_elses() {
    let services = SampleServices::start().unwrap();
    let reply = |user: &str| {
        let asked = bff_fixtures::http::send(
            services.url(Service::Orders)["http://".len()..].parse().unwrap(),
            "GET",
            "/orders/o-1-1",
            &[("x-user-id", user)],
        );
        asked.unwrap().status
    };
    assert_eq!((reply("u-1"), reply("u-2")), (200, 404));
}

#[test]
fn users_have_forty_fields_and_two_and_a_half_kilobytes() {
    let services = SampleServices::start().unwrap();
    for number in [1, 2, 77, 5000] {
        let user = get(&services, Service::Users, &format!("/users/u-{number}")).json();
        assert_eq!(user["userId"], format!("u-{number}"));
        assert_eq!(fields(&user), 40);
        check_size(&user, 2200..=2800);
        assert!(["BRONZE", "SILVER", "GOLD"].contains(&user["loyaltyTier"].as_str().unwrap()));
        assert!(user["fraudScore"].is_f64() && user["passwordHash"].is_string());
    }
}

#[test]
fn orders_have_twenty_five_fields_and_can_be_fetched_alone() {
    let services = SampleServices::start().unwrap();
    let list = get(&services, Service::Orders, "/users/u-17/orders?limit=3").json();
    let orders = items(&list, "orders");
    assert_eq!(orders.len(), 3);
    for order in orders {
        assert_eq!(fields(order), 25);
        check_size(order, 850..=1400);
        let target = format!("/orders/{}", order["orderId"].as_str().unwrap());
        assert_eq!(&get(&services, Service::Orders, &target).json(), order);
    }
    let none = get(&services, Service::Orders, "/users/u-20/orders").json();
    assert_eq!((&none["orders"], &none["total"]), (&json!([]), &json!(0)));
}

#[test]
fn recommendations_have_twenty_five_fields_and_come_in_twenties() {
    let services = SampleServices::start().unwrap();
    let list = get(&services, Service::Recommendations, "/users/u-1/recommendations").json();
    assert_eq!(items(&list, "items").len(), 20);
    assert_eq!(fields(&list["items"][0]), 25);
    let few = get(&services, Service::Recommendations, "/users/u-1/recommendations?limit=2");
    assert_eq!(items(&few.json(), "items"), &items(&list, "items")[..2]);
}

#[test]
fn products_are_large_and_consistent_across_services() {
    let services = SampleServices::start().unwrap();
    for number in [1, 7, 14, 4999] {
        let product = get(&services, Service::Catalog, &format!("/products/p-{number}")).json();
        check_size(&product, 5_000..=10_000);
        assert_eq!(items(&product, "specs").len(), 30);
        let roles = items(&product, "images").iter().map(|image| &image["role"]);
        assert!(roles.eq(["hero", "thumb", "zoom", "mobile"]));
        let price = get(&services, Service::Pricing, &format!("/prices/p-{number}")).json();
        assert_eq!(price["listPriceFormatted"], product["priceFormatted"]);
        let stock = get(&services, Service::Inventory, &format!("/stock/p-{number}")).json();
        assert_eq!(stock["warehouses"], product["warehouses"]);
        assert_eq!(stock["units"] == 0, number % 7 == 0, "{stock}");
        assert!(stock["units"].as_u64().unwrap() <= 40);
    }
}

#[test]
fn cursors_lead_through_every_product_once() {
    let services = SampleServices::start().unwrap();
    let mut seen = Vec::new();
    // The first page is one short, so that the last has a single product.
    let mut target = "/products?limit=99".to_owned();
    loop {
        let page = get(&services, Service::Catalog, &target).json();
        seen.extend(items(&page, "items").iter().map(|item| item["productId"].to_string()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        target = format!("/products?limit=100&cursor={cursor}");
    }
    assert!(seen.iter().eq(&(1..=5000).map(|n| format!("\"p-{n}\"")).collect::<Vec<_>>()));
}

#[test]
fn batches_and_neighbours_are_products_too() {
    let services = SampleServices::start().unwrap();
    let batch = get(&services, Service::Catalog, "/products/batch?ids=p-1%2Cp-9,p-0,p-2").json();
    let ids = items(&batch, "items").iter().map(|item| &item["productId"]);
    assert!(ids.eq(["p-1", "p-9", "p-2"]), "{batch}");
    let single = get(&services, Service::Catalog, "/products/p-9").json();
    assert_eq!(batch["items"][1], single);
    let similar = get(&services, Service::Catalog, "/products/p-9/similar?limit=4").json();
    assert_eq!(items(&similar, "items").len(), 4);
    let ids = items(&similar, "items").iter().map(|item| item["productId"].to_string());
    let different: HashSet<String> = ids.chain(["\"p-9\"".to_owned()]).collect();
    assert_eq!(different.len(), 5, "{similar}");
}

#[test]
fn every_thirteenth_product_has_no_reviews() {
    let services = SampleServices::start().unwrap();
    let reviews = get(&services, Service::Reviews, "/products/p-12/reviews?limit=5").json();
    let count = reviews["summary"]["count"].as_u64().unwrap();
    assert_eq!(items(&reviews, "items").len() as u64, count.min(5));
    assert!((3.0..=5.0).contains(&reviews["summary"]["average"].as_f64().unwrap()));
    assert!(reviews["items"][0]["authorEmail"].is_string());
    let none = get(&services, Service::Reviews, "/products/p-26/reviews").json();
    assert_eq!(none, json!({ "summary": { "average": null, "count": 0 }, "items": [] }));
}

#[test]
fn what_does_not_exist_is_not_found() {
    let services = SampleServices::start().unwrap();
    let missing = [
        (Service::Users, "/users/u-0"),
        (Service::Users, "/users/u-5001"),
        (Service::Users, "/users/u-01"),
        (Service::Users, "/users/p-1"),
        (Service::Users, "/prices/p-1"),
        (Service::Orders, "/users/u-9999/orders"),
        (Service::Orders, "/orders/o-10-1"),
        (Service::Orders, "/orders/o-1-0"),
        (Service::Orders, "/orders/o-1-41"),
        (Service::Orders, "/orders/nonsense"),
        (Service::Catalog, "/products/p-5001"),
        (Service::Inventory, "/"),
    ];
    for (service, target) in missing {
        let reply = get(&services, service, target);
        assert_eq!(reply.status(), 404, "{target}");
        assert_eq!(reply.json(), json!({ "error": "not found" }), "{target}");
    }
}

#[test]
fn what_makes_no_sense_is_a_bad_request() {
    let services = SampleServices::start().unwrap();
    let status = |target| get(&services, Service::Catalog, target).status();
    assert_eq!(status("/products?cursor=invented"), 400);
    assert_eq!(status("/products?cursor=00150000000000000000"), 400);
    assert_eq!(status("/products?limit=many"), 400);
    let post: Reply = super::request(&services.url(Service::Users), "POST /users/u-1", "{}");
    assert_eq!(post.status(), 405);
}
