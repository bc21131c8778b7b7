//! Spans, as a collector gets them.

use crate::{
    leaks::INTERNAL,
    running::{HOME, PRODUCT, Running, USER, token},
};
use bff_testkit::{Collector, Fault, Service};
use rustix::process::Signal;

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A `KeyValue` of OTLP with a text in it, as protobuf has it: each part behind its tag and length.
fn attribute(key: &str, value: &str) -> Vec<u8> {
    // A length below 128 is one byte.
    let part = |tag: u8, bytes: &[u8]| [&[tag, bytes.len() as u8], bytes].concat();
    let text = part(0x0a, value.as_bytes());
    [part(0x0a, key.as_bytes()), part(0x12, &text)].concat()
}

#[test]
fn a_collector_gets_the_request_and_its_calls_and_nothing_about_the_caller() {
    let collector = Collector::start().unwrap();
    let bff = Running::start(&[
        ("BFF__TRACES__OTLP_ENDPOINT", &collector.url("traces")),
        ("BFF__TRACES__SAMPLE_RATIO", "1"),
    ]);
    let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let caller_s_choice = "00-11f7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    assert_eq!(bff.get(HOME, &[("traceparent", caller)]).status, 200);
    assert_eq!(bff.get(HOME, &[("traceparent", caller_s_choice)]).status, 200);
    assert_eq!(bff.get(PRODUCT, &[]).status, 200);
    let own = bff.get(HOME, &[]).header("x-trace-id").unwrap().to_owned();
    bff.services.set_fault(Service::Users, Some(Fault::WrongTypes));
    assert_eq!(bff.get(HOME, &[]).status, 502);
    bff.signal(Signal::TERM);
    let (status, output, errors) = bff.end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{output}");

    // The end of the process sends what is left, so everything is here by now.
    let exports = collector.exports();
    assert!(!exports.is_empty(), "{output}");
    for head in exports.iter().map(|export| &export.head) {
        assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    }
    let all: Vec<u8> = exports.into_iter().flat_map(|export| export.body).collect();
    let id = |hex: &str| u128::from_str_radix(hex, 16).unwrap_or_default().to_be_bytes();
    for trace in ["0af7651916cd43dd8448eb211c80319c", &own] {
        assert!(holds(&all, &id(trace)), "trace {trace} is missing");
    }
    assert!(holds(&all, &0xb7ad_6b71_6920_3331_u64.to_be_bytes()), "the caller's span is missing");
    assert!(!holds(&all, &id("11f7651916cd43dd8448eb211c80319c")), "not to be recorded");
    for word in ["bff-mobile", "home", "userProfile", "recentOrders", "recommendations", "orders"] {
        assert!(holds(&all, word.as_bytes()), "{word} is missing");
    }
    // Which build it was: a key and its value stand together.
    let revision = option_env!("BFF_GIT_REVISION").filter(|it| !it.is_empty()).unwrap_or("unknown");
    for (key, value) in
        [("service.version", env!("CARGO_PKG_VERSION")), ("vcs.ref.head.revision", revision)]
    {
        assert!(holds(&all, &attribute(key, value)), "{key} is missing");
    }
    assert!(holds(&all, b"product;tier=service;outcome=miss"), "where the product came from");
    let token = token();
    let signature = token.rsplit('.').next().unwrap_or_default();
    for word in INTERNAL.into_iter().chain([USER, "Bearer", signature, "127.0.0.1"]) {
        assert!(!holds(&all, word.as_bytes()), "{word} was sent to the collector");
    }
}
