//! Traces: who asked, every call with how it went, and what came from the cache.

use crate::bed::{self, PAGE, PATIENCE, SLOW};
use bff_testkit::{Collector, Fault, Service, collector::SentSpan};
use std::thread;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

fn named<'a>(spans: &'a [SentSpan], name: &str) -> &'a SentSpan {
    let mut found = spans.iter().filter(|span| span.name == name);
    match (found.next(), found.next()) {
        (Some(one), None) => one,
        other => panic!("not one `{name}`: {other:?}, all: {spans:?}"),
    }
}

fn told(span: &SentSpan, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let told = span.attributes.get(*name).map(String::as_str);
        assert_eq!(told, Some(*value), "{name} of {span:?}");
    }
}

#[test]
fn a_request_is_one_trace_with_a_span_for_every_call() {
    let collector = Collector::start().unwrap();
    let (bff, shaky) = bed::start(&collector, 0.0);
    bff.services
        .set_fault(Service::Pricing, Some(Fault::Status { code: 503, retry_after: Some(60) }));
    let traceparent = format!("00-{TRACE}-{CALLER}-01");
    let page = bff.send("GET", PAGE, &[("traceparent", &traceparent)]);
    assert_eq!(page.status, 200, "{}", page.text());
    drop(bff);

    let spans = collector.spans();
    assert_eq!(spans.len(), 4, "{spans:?}");
    let request = named(&spans, "GET /test/v1/pages/{id}");
    assert_eq!((request.kind.as_str(), request.parent.as_str()), ("Server", CALLER));
    told(request, &[("http.request.method", "GET"), ("http.route", "/test/v1/pages/{id}")]);
    told(request, &[("bff.endpoint", "page"), ("http.response.status_code", "200")]);
    told(request, &[("bff.degraded", "true")]);
    for span in &spans {
        assert_eq!(span.trace_id, TRACE);
        assert_eq!(span.resource["service.name"], "bff-test");
        assert_eq!(span.resource["service.version"], "1.2.3");
        let (begun, ended) = span.time;
        assert!(begun >= request.time.0 && begun <= ended && ended <= request.time.1, "{spans:?}");
    }
    for name in ["product", "shaky", "price"] {
        let call = named(&spans, name);
        assert_eq!((call.kind.as_str(), &call.parent), ("Client", &request.span_id));
    }

    let retried = named(&spans, "shaky");
    assert_eq!(retried.error, None);
    let twice = [("bff.attempts", "2"), ("http.request.resend_count", "1")];
    told(retried, &twice);
    told(retried, &[("peer.service", "shaky"), ("bff.outcome", "OK"), ("bff.critical", "true")]);
    told(retried, &[("bff.hedged", "false"), ("bff.shared", "false")]);
    let seen = format!("00-{TRACE}-{}-01", retried.span_id);
    assert_eq!(shaky.traceparents(), [seen.clone(), seen], "what the service was shown");

    told(named(&spans, "product"), &[("bff.attempts", "1"), ("bff.cache.tier", "service")]);
    let failed = named(&spans, "price");
    assert!(failed.error.is_some());
    told(failed, &[("bff.attempts", "1"), ("bff.critical", "false")]);
    told(failed, &[("http.response.status_code", "503"), ("error.type", "UNAVAILABLE")]);
}

#[test]
fn what_came_from_the_cache_is_a_span_without_a_call() {
    let collector = Collector::start().unwrap();
    let (bff, _shaky) = bed::start(&collector, 0.0);
    let _fills = bff.send("GET", PAGE, &[]);
    let traceparent = format!("00-{TRACE}-{CALLER}-01");
    assert_eq!(bff.send("GET", PAGE, &[("traceparent", &traceparent)]).status, 200);
    drop(bff);
    let spans = collector.spans();
    let kept = named(&spans, "product");
    assert_eq!(
        (kept.kind.as_str(), &kept.parent),
        ("Internal", &named(&spans, "GET /test/v1/pages/{id}").span_id)
    );
    told(kept, &[("bff.cache.tier", "near"), ("bff.cache.outcome", "hit")]);
    assert_eq!(kept.attributes.get("bff.attempts"), None);
}

#[test]
fn a_call_that_was_made_for_another_request_says_so() {
    let collector = Collector::start().unwrap();
    let (bff, _shaky) = bed::start(&collector, 1.0);
    bff.services.set_fault(Service::Catalog, Some(Fault::Delay { millis: 300 }));
    let shared = bff.eventually(PATIENCE, |bff| {
        thread::scope(|scope| {
            let both = [(); 2].map(|()| scope.spawn(|| bff.send("GET", SLOW, &[]).status));
            for asked in both {
                assert_eq!(asked.join().unwrap(), 200);
            }
        });
        bff.metric("bff_upstream_events_total{service=\"catalog\",event=\"shared\"}") > 0.0
    });
    assert!(shared);
    drop(bff);
    let spans: Vec<_> = collector.spans().into_iter().filter(|s| s.name == "alike").collect();
    let (shared, own): (Vec<_>, Vec<_>) =
        spans.iter().partition(|span| span.attributes["bff.shared"] == "true");
    assert!(!shared.is_empty() && !own.is_empty(), "{spans:?}");
    shared.iter().for_each(|span| told(span, &[("bff.attempts", "0"), ("bff.outcome", "OK")]));
    own.iter().for_each(|span| told(span, &[("bff.attempts", "1")]));
}
