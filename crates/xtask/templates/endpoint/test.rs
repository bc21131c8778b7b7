//! `GET @path@` over real sockets.

use bff_testkit::{Fault, Service, TestBff};

const TARGET: &str = "@example@";

#[test]
fn the_answer_has_exactly_the_declared_members() {
    let bff = TestBff::start(&@crate@::bff());
    let reply = bff.get(TARGET);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.names("@place@"), [@members@]);
}

#[test]
fn without_its_service_there_is_no_answer() {
    let bff = TestBff::start(&@crate@::bff());
    bff.services.set_fault(Service::@service@, Some(Fault::Reset));
    let reply = bff.get(TARGET);
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
}
