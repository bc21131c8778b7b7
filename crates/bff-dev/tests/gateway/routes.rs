//! Every path and every device reaches its BFF, and nothing else is to be reached.
#![allow(
    clippy::unwrap_used,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use crate::{
    bed::{Bed, Gateway, address_of},
    instance::free_address,
};
use bff_contracts::routes;
use bff_contracts::workspace::{self, bffs};
use bff_fixtures::http::{self, Reply};
use bff_neighbours::{SampleServices, Service};

/// Only one BFF answers in that shape.
fn revision(reply: &Reply) -> (u16, String) {
    (reply.status, reply.header("x-schema-version").unwrap_or_default().to_owned())
}

#[test]
fn every_path_and_every_device_reaches_its_bff() {
    let bed = Bed::start();
    let expected = |schema: &str| (200, schema.to_owned());
    let product = ["mobile.product-screen/1", "web.product-page/2"];

    let home = bed.get_as("mobile", "/mobile/v1/home", &[]);
    assert_eq!(revision(&home), expected("mobile.home/2"), "{}", home.text());
    assert_eq!(bed.get("/web/v1/products/p-1", &[]).status, 200);
    assert_eq!(bed.get("/bff/login", &[]).status, 303);
    let list = bed.get_as("partner", "/v2/products?limit=2", &[]);
    assert_eq!((list.status, list.count("/items")), (200, Some(2)), "{}", list.text());

    for (device, bff, schema) in [
        ("ios", "mobile", product[0]),
        ("android", "mobile", product[0]),
        ("web", "web", product[1]),
    ] {
        let reply = bed.get_as(bff, "/v1/products/p-1", &[("x-client", device)]);
        assert_eq!(revision(&reply), expected(schema), "{device}: {}", reply.text());
    }
    // A path says more than a device.
    let reply = bed.get("/web/v1/products/p-1", &[("x-client", "ios")]);
    assert_eq!(revision(&reply), expected(product[1]));
    // A query stays.
    let wrong = bed.get_as("mobile", "/v1/products/p-1%zz?a=b", &[("x-client", "ios")]);
    assert_eq!(wrong.status, 400, "{}", wrong.text());
}

#[test]
fn every_endpoint_of_every_bff_is_led_to_it_and_to_nobody_else() {
    // Services in the places of the BFFs: one for the BFF in question, another for all others.
    let services = SampleServices::start().unwrap();
    let at = |service| vec![address_of(&services, service)];
    let all = bffs(&workspace::root()).unwrap();
    for bff in &all {
        let place = |name: &String| if name == bff { Service::Users } else { Service::Orders };
        let places: Vec<_> = all.iter().map(|name| (name.as_str(), at(place(name)))).collect();
        let gateway = Gateway::start(free_address(), &places);
        let routes = routes(&workspace::root().join("contracts"), bff).unwrap();
        assert!(!routes.is_empty(), "{bff} has no contract");
        for route in routes {
            let target = route.path.replace(['{', '}'], "");
            http::send(gateway.address, "GET", &target, &[]).unwrap();
            assert_eq!(services.stats(Service::Users).last_target, target, "{bff}");
        }
    }
    assert_eq!(services.stats(Service::Orders).requests_started, 0);
}

#[test]
fn there_is_nothing_else_and_no_admin_port() {
    let bed = Bed::start();
    let of_no_bff = [
        ("/", ""),
        ("/v1/products/p-1", ""),
        ("/v1/products/p-1", "toaster"),
        ("/mobilehome", ""),
        ("/webapp", ""),
        ("/v20/products", ""),
        ("/v1x/products", "ios"),
        ("/metrics", ""),
        ("/livez", ""),
        ("/readyz", "ios"),
        ("/policy", "web"),
        ("/cache", ""),
        ("/web/../metrics", ""),
    ];
    let of_a_bff = [
        ("/mobile/metrics", ""),
        ("/v1/metrics", "ios"),
        ("/mobile/policy", ""),
        ("/bff/cache", ""),
        ("/v2/policy", ""),
    ];
    let of_no_bff = of_no_bff.map(|at| (at, false));
    let of_a_bff = of_a_bff.map(|at| (at, true));
    for ((target, device), is_routed) in of_no_bff.into_iter().chain(of_a_bff) {
        let reply = bed.get(target, &[("x-client", device)]);
        let found = (reply.status, reply.code());
        assert_eq!(found, (404, "NO_SUCH_ROUTE".to_owned()), "{target} {device}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{target}");
        // Only a BFF says it in a header too.
        assert_eq!(reply.header("x-trace-id").is_some(), is_routed, "{target} {device}");
    }
    // They are there, elsewhere.
    for bff in bed.mobile.iter().chain(&bed.web).chain(&bed.partner) {
        assert_eq!(http::send(bff.admin, "GET", "/metrics", &[]).unwrap().status, 200);
    }
}
