//! `GET @path@` over real sockets, for a browser that signed in.

use bff_testkit::{Browser, Fault, Service, TestBff, idp::IdentityProvider};

const TARGET: &str = "@example@";

#[test]
fn the_answer_has_exactly_the_declared_members_and_needs_its_service() {
    let idp = IdentityProvider::start().unwrap();
    let bff = TestBff::start_with_sessions(&@crate@::bff(), &idp, "https://shop.example");
    let mut browser = Browser::new();
    browser.sign_in(bff.address, &idp, "u-1");
    let reply = browser.fetch(bff.address, TARGET);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.names("@place@"), [@members@]);

    bff.services.set_fault(Service::@service@, Some(Fault::Reset));
    let reply = browser.fetch(bff.address, TARGET);
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
}
