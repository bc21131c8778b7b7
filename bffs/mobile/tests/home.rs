//! `GET /mobile/v1/home` over real sockets: healthy, degraded and refused.

use bff_testkit::{Fault, Service, TestBff, fake, http::Reply};
use std::time::{Duration, Instant};

const HOME: &str = "/mobile/v1/home";

/// Far less than a hang, far more than a loaded machine needs: speed is measured elsewhere.
const PATIENCE: Duration = Duration::from_secs(3);

fn sections(reply: &Reply) -> String {
    reply.at("/meta/sections").to_string()
}

#[test]
fn a_healthy_home_has_exactly_the_declared_fields_and_is_small() {
    let bff = TestBff::start(&mobile::bff());
    let reply = bff.get(HOME);
    assert_eq!(reply.status, 200, "{}", reply.text());

    assert_eq!(reply.names(""), ["meta", "recentOrders", "recommendations", "user"]);
    assert_eq!(
        reply.names("/meta"),
        ["degraded", "generatedAt", "latencyMs", "sections", "traceId"]
    );
    assert_eq!(reply.names("/user"), ["avatarUrl", "displayName", "loyaltyTier", "userId"]);
    assert_eq!(
        reply.names("/recentOrders/0"),
        ["estimatedDelivery", "itemCount", "orderId", "status"]
    );
    assert_eq!(
        reply.names("/recommendations/0"),
        ["priceFormatted", "productId", "thumbnailUrl", "title"]
    );
    assert_eq!((reply.count("/recentOrders"), reply.count("/recommendations")), (Some(3), Some(6)));
    assert_eq!(reply.at("/meta/degraded"), false);
    assert_eq!(sections(&reply), "[]");

    let sent = bff.metric(r#"bff_sent_bytes_total{endpoint="home"}"#);
    let read: f64 = ["userProfile", "recentOrders", "recommendations"]
        .map(|name| {
            bff.metric(&format!(
                r#"bff_upstream_read_bytes_total{{endpoint="home",dependency="{name}"}}"#
            ))
        })
        .iter()
        .sum();
    assert_eq!(sent, reply.body.len() as f64);
    assert!(sent < 50.0 * 1024.0 && sent < 0.15 * read, "{sent} bytes sent of {read} read");
}

#[test]
fn a_broken_optional_service_costs_its_section_and_nothing_else() {
    // So many faults in a row would open the breaker, and one fault be seen as another.
    let bff = TestBff::start_with(&mobile::bff(), |settings| {
        for service in settings.services.values_mut() {
            service.breaker.min_success_percent = 0.0;
        }
    });
    let faults = [
        (Fault::HangBeforeHeaders, "TIMEOUT"),
        (Fault::HangInBody, "TIMEOUT"),
        (Fault::Delay { millis: 30_000 }, "TIMEOUT"),
        (Fault::Reset, "UNAVAILABLE"),
        (Fault::ResetInBody, "UNAVAILABLE"),
        (Fault::ShortBody, "UNAVAILABLE"),
        (Fault::Garbage, "UNAVAILABLE"),
        (Fault::HugeHeader, "UNAVAILABLE"),
        (Fault::Status { code: 500, retry_after: None }, "UNAVAILABLE"),
        (Fault::Status { code: 429, retry_after: Some(7) }, "UNAVAILABLE"),
        (Fault::TruncatedJson, "INVALID"),
        (Fault::WrongTypes, "INVALID"),
        (Fault::WrongContentType, "INVALID"),
        (Fault::HugeBody { megabytes: 10 }, "INVALID"),
        (Fault::GzipBomb, "INVALID"),
        (Fault::Empty, "INVALID"),
        (Fault::BadUtf8, "INVALID"),
        (Fault::DuplicateKeys, "INVALID"),
        (Fault::NotANumber, "INVALID"),
        (Fault::EarlyHints, "INVALID"),
        (Fault::Redirect { location: "http://127.0.0.1:9/".to_owned() }, "INVALID"),
    ];
    for (service, section, other) in [
        (Service::Recommendations, "recommendations", "recentOrders"),
        (Service::Orders, "recentOrders", "recommendations"),
    ] {
        for (fault, reason) in &faults {
            bff.services.set_fault(service, Some(fault.clone()));
            let begun = Instant::now();
            let reply = bff.get(HOME);
            let took = begun.elapsed();
            assert_eq!(reply.status, 200, "{fault:?}: {}", reply.text());
            let expected =
                format!(r#"[{{"filled":"default","reason":"{reason}","section":"{section}"}}]"#);
            assert_eq!(sections(&reply), expected, "{fault:?}");
            assert_eq!(reply.at("/meta/degraded"), true, "{fault:?}");
            let header = format!("{section};filled=default;reason={reason}");
            assert_eq!(reply.header("degraded"), Some(header.as_str()), "{fault:?}");
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{fault:?}");
            assert_eq!(reply.header("etag"), None, "{fault:?}");
            assert_eq!(reply.count(&format!("/{section}")), Some(0), "{fault:?}");
            assert_ne!(reply.count(&format!("/{other}")), Some(0), "{fault:?}");
            assert!(took < PATIENCE, "{fault:?} took {took:?}");
        }
        bff.services.set_fault(service, None);
    }
    let timeouts = r#"bff_degraded_sections_total{endpoint="home",section="recentOrders",criticality="optional",filled="default",reason="TIMEOUT"}"#;
    assert_eq!(bff.metric(timeouts), 3.0);
}

#[test]
fn odd_answers_that_are_whole_and_right_are_taken() {
    let bff = TestBff::start(&mobile::bff());
    for fault in [Fault::Gzip, Fault::DeepNesting] {
        bff.services.set_fault(Service::Recommendations, Some(fault.clone()));
        let reply = bff.get(HOME);
        assert_eq!(sections(&reply), "[]", "{fault:?}");
    }
}

#[test]
fn a_user_without_orders_is_not_degraded() {
    let bff = TestBff::start(&mobile::bff());
    let reply = bff.get_as("u-10", HOME);
    assert_eq!(reply.count("/recentOrders"), Some(0), "{}", reply.text());
    assert_eq!(reply.at("/meta/degraded"), false);
    assert_eq!(reply.header("degraded"), None);
}

#[test]
fn without_users_there_is_no_home() {
    let bff = TestBff::start(&mobile::bff());
    let cases = [
        (Fault::Status { code: 500, retry_after: None }, 503, "USER_PROFILE_UNAVAILABLE"),
        (Fault::Reset, 503, "USER_PROFILE_UNAVAILABLE"),
        (Fault::HangBeforeHeaders, 503, "USER_PROFILE_UNAVAILABLE"),
        (Fault::TruncatedJson, 502, "USER_PROFILE_INVALID"),
        (Fault::WrongContentType, 502, "USER_PROFILE_INVALID"),
        (Fault::Status { code: 404, retry_after: None }, 404, "USER_PROFILE_NOT_FOUND"),
        (Fault::Status { code: 403, retry_after: None }, 403, "USER_PROFILE_FORBIDDEN"),
        (Fault::Status { code: 401, retry_after: None }, 502, "USER_PROFILE_INVALID"),
    ];
    for (fault, status, code) in cases {
        bff.services.set_fault(Service::Users, Some(fault.clone()));
        let begun = Instant::now();
        let reply = bff.get(HOME);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (status, code),
            "{fault:?}: {}",
            reply.text()
        );
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        assert_eq!(reply.at("/retryable"), status == 503);
        assert_eq!(reply.header("retry-after").is_some(), status == 503);
        assert!(begun.elapsed() < PATIENCE, "{fault:?}");
    }
}

#[test]
fn a_failed_critical_call_cancels_the_others_at_once() {
    let bff = TestBff::start(&mobile::bff());
    bff.services.set_fault(Service::Orders, Some(Fault::HangBeforeHeaders));
    bff.services.set_fault(Service::Recommendations, Some(Fault::HangBeforeHeaders));
    bff.services.set_fault(Service::Users, Some(Fault::FailEvery { n: 1 }));
    let aborted = |bff: &TestBff| {
        let _refused = bff.get(HOME);
        bff.services.stats(Service::Orders).requests_aborted >= 1
            && bff.services.stats(Service::Recommendations).requests_aborted >= 1
    };
    assert!(
        bff.eventually(Duration::from_secs(5), aborted),
        "the services never saw the calls end"
    );
    let cancelled = r#"bff_upstream_calls_total{endpoint="home",dependency="recentOrders",service="orders",criticality="optional",outcome="CANCELLED"}"#;
    assert!(bff.metric(cancelled) >= 1.0);
}

#[test]
fn the_handler_alone_runs_without_a_server() {
    let home = fake::ask(&mobile::bff(), HOME, |call| match call.service {
        "users" => Ok(bff_testkit::json!({
            "userId": "u-1", "displayName": "Ada", "avatarUrl": "/a.png", "loyaltyTier": "PLATINUM", "fraudScore": 0.9
        })),
        "orders" => Err(bff_core::Fault::Late),
        _ => Ok(bff_testkit::json!({ "items": [] })),
    });
    let home = home.unwrap();
    assert_eq!(home["user"]["loyaltyTier"], "UNKNOWN");
    assert_eq!(home["meta"]["sections"][0]["reason"], "TIMEOUT");
    assert!(!home.to_string().contains("fraudScore"));
}
