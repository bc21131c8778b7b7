//! What the process tells its operators: log lines and metrics, each in its own syntax.

use crate::running::{HOME, PRODUCT, Running, USER, token};
use bff_testkit::{Fault, Json, Service, http};
use rustix::process::Signal;
use std::fs;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[test]
fn every_log_line_is_json_and_a_request_is_told_with_its_trace_and_without_its_caller() {
    let bff = Running::start(&[]);
    bff.services.set_fault(Service::Orders, Some(Fault::Status { code: 500, retry_after: None }));
    let traceparent = format!("00-{TRACE}-b7ad6b7169203331-01");
    assert_eq!(bff.get(HOME, &[("traceparent", &traceparent)]).status, 200);
    bff.services.set_fault(Service::Pricing, Some(Fault::Status { code: 404, retry_after: None }));
    assert_eq!(bff.get(PRODUCT, &[]).status, 200);
    assert_eq!(bff.get("/nowhere?secret=1", &[]).status, 404);
    bff.signal(Signal::TERM);
    let (_, output, errors) = bff.end();
    assert_eq!(errors, "");

    // Each is one that a strict reader takes, or `end` would have failed.
    let lines: Vec<Json> = output.lines().map(|line| line.parse().unwrap_or_default()).collect();
    let with = |message: &str| -> Vec<&Json> {
        lines.iter().filter(|line| line.get("message").is_some_and(|m| m == message)).collect()
    };
    let at = |line: &Json, pointer: &str| line.pointer(pointer).cloned().unwrap_or_default();
    let [home, product, nowhere] = with("request")[..] else { unreachable!("{output}") };
    assert_eq!((at(home, "/endpoint"), at(home, "/status")), ("home".into(), 200.into()));
    assert_eq!(at(home, "/trace_id"), TRACE, "{output}");
    assert_eq!(at(home, "/degraded"), "recentOrders;filled=default;reason=UNAVAILABLE");
    assert_eq!((at(home, "/absent"), at(product, "/degraded")), (Json::Null, Json::Null));
    assert_eq!(at(product, "/absent"), "price");
    assert!(at(home, "/latency_ms").is_f64() && at(home, "/bytes_sent").is_u64(), "{home}");
    assert_eq!((at(nowhere, "/endpoint"), at(nowhere, "/status")), ("none".into(), 404.into()));
    let [failed] = with("call failed")[..] else { unreachable!("{output}") };
    assert_eq!((at(failed, "/level"), at(failed, "/service")), ("WARN".into(), "orders".into()));
    assert_eq!(at(failed, "/trace_id"), TRACE);
    assert_eq!((with("ready").len(), with("draining").len(), with("stopped").len()), (1, 1, 1));

    let token = token();
    let signature = token.rsplit('.').next().unwrap_or_default().to_owned();
    let header = token.split('.').next().unwrap_or_default().to_owned();
    for secret in ["Bearer", USER, "secret", &signature, &header] {
        assert!(!output.contains(secret), "`{secret}` is in {output}");
    }
}

#[test]
fn c14_a_trace_that_has_two_parents_is_told_at_debug() {
    let bff = Running::start(&[("BFF__LOGS__LEVEL", "bff_server=debug")]);
    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let told = "a new trace begins: `traceparent` came more than once";
    let request = |parents: &[(&str, &str)]| assert_eq!(bff.get(HOME, parents).status, 200);
    request(&[("traceparent", &parent)]);
    assert_eq!(bff.logged(told), None);
    request(&[("traceparent", &parent), ("traceparent", &parent)]);
    assert!(bff.eventually(|bff| bff.logged(told).is_some()));
    let line = bff.logged(told).unwrap_or_default();
    let at = |pointer| line.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!((at("/level"), at("/lines")), ("DEBUG".into(), 2.into()), "{line}");
    assert!(at("/trace_id").is_string() && at("/trace_id") != TRACE, "{line}");
}

#[test]
fn c13_a_header_that_nobody_named_is_warned_of() {
    let shipped =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/base.toml")).unwrap();
    let told = "server.forwarding_header is not set: that proxies write X-Forwarded-For is assumed";
    for (name, line, is_told) in [
        ("assumed", "trusted_proxies = [\"10.0.0.0/8\"]", true),
        ("named", "trusted_proxies = [\"10.0.0.0/8\"]\nforwarding_header = \"forwarded\"", false),
        ("nobody", "", false),
    ] {
        let directory = std::env::temp_dir().join(format!("bff-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let text = shipped.replace("[server]\n", &format!("[server]\n{line}\n"));
        fs::write(directory.join("base.toml"), text).unwrap();
        let bff = Running::start(&[("BFF_CONFIG_DIR", directory.to_str().unwrap())]);
        let level = bff.logged(told).and_then(|line| line.get("level").cloned());
        assert_eq!(level, is_told.then(|| "WARN".into()), "{name}");
        let _left_behind = fs::remove_dir_all(&directory);
    }
}

#[test]
fn a_panic_is_one_log_line_with_its_place_and_nothing_on_standard_error() {
    let bff = Running::start(&[]);
    bff.services.set_fault(Service::Orders, Some(Fault::HugeHeader));
    assert_eq!(bff.get(HOME, &[]).status, 200);
    assert!(bff.eventually(|bff| bff.logged("request").is_some()));
    let panicked = bff.logged("panicked; the request that caused it was ended").unwrap();
    assert!(
        panicked.pointer("/place").is_some_and(|place| place.to_string().contains("decoder.rs"))
    );
    assert!(panicked.pointer("/trace_id").is_some(), "{panicked}");
    bff.signal(Signal::TERM);
    let (_, _, errors) = bff.end();
    assert_eq!(errors, "");
}

/// `name{label="value",..} number`, as name, label values and number.
fn sample(line: &str) -> Option<(&str, Vec<&str>, f64)> {
    let (series, number) = line.rsplit_once(' ')?;
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}')?),
        None => (series, ""),
    };
    let word = |text: &str| {
        !text.is_empty()
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let mut values = Vec::new();
    for label in labels.split(',').filter(|label| !label.is_empty()) {
        let (key, value) = label.split_once('=')?;
        values.push(value.strip_prefix('"')?.strip_suffix('"')?);
        word(key).then_some(())?;
    }
    Some((word(name).then_some(name)?, values, number.parse().ok()?))
}

#[test]
fn metrics_can_be_read_and_no_label_comes_from_a_request() {
    let bff = Running::start(&[]);
    let targets =
        [HOME, PRODUCT, "/mobile/v1/products/p-2", "/mobile/v1/products/nobody-has-it", "/made-up"];
    for target in targets {
        let _counted = bff.get(target, &[]);
    }
    bff.services.set_fault(Service::Users, Some(Fault::WrongTypes));
    bff.services.set_fault(Service::Pricing, Some(Fault::TruncatedJson));
    assert_eq!((bff.get(HOME, &[]).status, bff.get(PRODUCT, &[]).status), (502, 200));

    let reply = bff.ask_admin("/metrics");
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(reply.header("content-type"), Some(kind));
    let text = reply.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| sample(line).ok_or(line))
        .collect();
    for found in &samples {
        let Ok((name, values, number)) = found else { unreachable!("not a sample: {found:?}") };
        assert!(name.starts_with("bff_") && *number >= 0.0, "{found:?}");
        for value in values {
            for id in [USER, "u-", "p-1", "p-2", "nobody", "made-up", "/"] {
                assert!(!value.contains(id), "{name} has {value}");
            }
        }
    }
    for family in [
        "bff_requests_total",
        "bff_request_duration_seconds_bucket",
        "bff_sent_bytes_total",
        "bff_degraded_sections_total",
        "bff_upstream_calls_total",
        "bff_upstream_call_duration_seconds_count",
        "bff_upstream_read_bytes_total",
        "bff_requests_in_flight",
        "bff_build_info",
    ] {
        let here = samples.iter().flatten().any(|(name, ..)| *name == family);
        assert!(here, "{family} is missing in {text}");
    }
    let products =
        text.lines().find(|line| line.contains(r#"endpoint="product-screen",status="200""#));
    assert!(products.is_some_and(|line| line.ends_with(" 3")), "{products:?}");
}

#[test]
fn a_flood_of_refusals_is_a_few_lines_and_a_number() {
    const ASKED: u64 = 500;
    let bff = Running::start(&[]);
    let told = |bff: &Running| -> Vec<u64> {
        let lines = bff.lines().into_iter().filter_map(|line| line.parse::<Json>().ok());
        let audit =
            lines.filter(|line| line.get("outcome").is_some_and(|o| o == "UNAUTHENTICATED"));
        audit.map(|line| line.get("suppressed").and_then(Json::as_u64).unwrap_or(1)).collect()
    };
    for _ in 0..ASKED {
        assert_eq!(http::send(bff.address, "GET", HOME, &[]).unwrap().status, 401);
    }
    let all = |bff: &Running| told(bff).into_iter().sum::<u64>() == ASKED;
    assert!(bff.eventually(all), "{:?}", told(&bff));
    assert!(told(&bff).into_iter().any(|refusals| refusals > 1), "{:?}", told(&bff));
}
