//! The control port does over HTTP what the API does.

use super::{Fault, SampleServices, Service, get, request};
use serde_json::json;

#[test]
fn the_front_page_lists_services_with_their_url_fault_and_stats() {
    let services = SampleServices::start().unwrap();
    services.set_fault(Service::Orders, Some(Fault::Empty));
    get(&services, Service::Orders, "/orders/o-1-1");
    let page = request(&services.control_url(), "GET /", "").json();
    let names = page["services"].as_array().unwrap().iter().map(|entry| &entry["service"]);
    assert!(names.eq(Service::ALL.map(Service::name).iter()), "{page}");
    let orders = &page["services"][1];
    assert_eq!(orders["url"], services.url(Service::Orders));
    assert_eq!(orders["fault"], json!({ "kind": "empty" }));
    assert_eq!(orders["stats"]["requests_started"], 1);
    assert_eq!(page["services"][0]["fault"], json!(null));
}

#[test]
fn faults_are_set_and_cleared_one_by_one_or_all_at_once() {
    let services = SampleServices::start().unwrap();
    let control = |line: &str, body: &str| request(&services.control_url(), line, body).status();
    let status = |service| get(&services, service, "/").status();
    let fault = r#"{"kind":"status","code":502,"retry_after":3}"#;
    assert_eq!(control("PUT /faults/users", fault), 200);
    assert_eq!(control("PUT /faults/orders", fault), 200);
    assert_eq!((status(Service::Users), status(Service::Orders)), (502, 502));
    assert_eq!(control("DELETE /faults/users", ""), 200);
    assert_eq!((status(Service::Users), status(Service::Orders)), (404, 502));
    assert_eq!(control("DELETE /faults", ""), 200);
    assert_eq!(status(Service::Orders), 404);
}

#[test]
fn the_shorthand_spells_a_fault_in_the_url() {
    let services = SampleServices::start().unwrap();
    let spelled = [
        ("status?code=500", json!({ "kind": "status", "code": 500 })),
        (
            "status?code=503&retry_after=2",
            json!({ "kind": "status", "code": 503, "retry_after": 2 }),
        ),
        ("delay?millis=2000", json!({ "kind": "delay", "millis": 2000 })),
        ("hang-before-headers", json!({ "kind": "hang-before-headers" })),
        ("huge-body", json!({ "kind": "huge-body", "megabytes": 10 })),
        ("redirect?location=http%3A%2F%2Fx", json!({ "kind": "redirect", "location": "http://x" })),
    ];
    for (shorthand, fault) in spelled {
        let reply = request(&services.control_url(), &format!("PUT /faults/users/{shorthand}"), "");
        assert_eq!(reply.status(), 200, "{shorthand}");
        assert_eq!(reply.json(), json!({ "service": "users", "fault": fault }), "{shorthand}");
    }
}

#[test]
fn stats_tell_about_the_last_request() {
    let services = SampleServices::start().unwrap();
    get(&services, Service::Users, "/users/u-1?x=1");
    let stats = request(&services.control_url(), "GET /stats/users", "").json();
    assert_eq!(stats["last_target"], "/users/u-1?x=1");
    assert_eq!(stats["last_headers"][0], json!(["Host", "x"]));
    assert_eq!(stats["connections_total"], 1);
}

#[test]
fn mistakes_are_answered_with_what_would_have_been_right() {
    let services = SampleServices::start().unwrap();
    let mistakes = [
        (
            "PUT /faults/users/dely",
            "",
            400,
            "unknown variant `dely`, expected one of `delay`, `status`",
        ),
        ("PUT /faults/users", r#"{"kind":"dely"}"#, 400, "`fail-every`"),
        ("PUT /faults/users", "{}", 400, "missing field `kind`"),
        ("PUT /faults/users", "", 400, "not a fault"),
        ("PUT /faults/users/delay", "", 400, "missing field `millis`"),
        ("PUT /faults/users/delay?millis=soon", "", 400, "invalid type: string \"soon\""),
        ("PUT /faults/users/delay?millis=1&seconds=1", "", 400, "unknown field `seconds`"),
        ("PUT /faults/user/empty", "", 404, "no service `user`; the services are users, orders, "),
        ("GET /stats/user", "", 404, "no service `user`"),
        ("DELETE /faults/user", "", 404, "no service `user`"),
        ("GET /faults", "", 404, "try GET /, "),
    ];
    for (line, body, status, text) in mistakes {
        let reply = request(&services.control_url(), line, body);
        assert_eq!(reply.status(), status, "{line}");
        assert!(reply.error().contains(text), "{line}: {}", reply.error());
    }
}
