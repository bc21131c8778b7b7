//! `GET /@name@/v1/home` over real sockets: healthy, degraded and refused.

use bff_testkit::{Fault, Service, TestBff};

const HOME: &str = "/@name@/v1/home";
const DOWN: Fault = Fault::Status { code: 500, retry_after: None };

#[test]
fn a_healthy_home_has_exactly_the_declared_members() {
    let bff = TestBff::start(&@crate@::bff());
    let reply = bff.get(HOME);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut members = ["@camel@Picks", "meta", "viewer"];
    members.sort_unstable();
    assert_eq!(reply.names(""), members);
    assert_eq!(reply.names("/viewer"), ["avatarUrl", "displayName"]);
    assert_eq!(reply.names("/@camel@Picks/0"), ["imageUrl", "productId", "title"]);
    assert_eq!(reply.count("/@camel@Picks"), Some(8));
    assert_eq!(reply.at("/meta/degraded"), false);
}

#[test]
fn without_recommendations_the_screen_is_there_and_says_so() {
    let bff = TestBff::start(&@crate@::bff());
    bff.services.set_fault(Service::Recommendations, Some(DOWN));
    let reply = bff.get(HOME);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.count("/@camel@Picks"), Some(0));
    assert_eq!(reply.header("degraded"), Some("@camel@Picks;filled=default;reason=UNAVAILABLE"));
}

#[test]
fn without_users_there_is_no_screen() {
    let bff = TestBff::start(&@crate@::bff());
    bff.services.set_fault(Service::Users, Some(DOWN));
    let reply = bff.get(HOME);
    assert_eq!((reply.status, reply.code().as_str()), (503, "USER_PROFILE_UNAVAILABLE"));
}

#[test]
fn nobody_without_a_token_gets_it_and_no_service_hears_of_it() {
    let bff = TestBff::start(&@crate@::bff());
    assert_eq!(bff.send("GET", HOME, &[]).status, 401);
    for service in Service::ALL {
        assert_eq!(bff.services.stats(service).requests_started, 0, "{service}");
    }
}
