//! The console's numbers come from traffic, and go with it.

use crate::bed::{ADMIN, PATIENCE, admin, ask, find, start};
use bff_testkit::{Fault, Json, Service as Sample, TestBff};

/// Looks back a second or so, so that a test sees the end of it.
const SHORT: &str = "[admin]\nlisten = \"127.0.0.1:0\"\nwindow = \"1200ms\"";

fn picture(bff: &TestBff) -> Json {
    admin(bff, "/console.json").json()
}

fn page_of(picture: &Json) -> Json {
    picture.pointer("/endpoints").map(|all| find(all, "name", "page")).unwrap_or_default()
}

fn dependency(picture: &Json, name: &str) -> Json {
    page_of(picture).pointer("/dependencies").map(|all| find(all, "name", name)).unwrap_or_default()
}

/// Asks for pages, each another one, until the console says this.
fn until(bff: &TestBff, what: &str, is_so: impl Fn(&Json) -> bool) -> Json {
    let next = std::cell::Cell::new(0);
    let seen = std::cell::RefCell::new(Json::Null);
    let held = bff.eventually(PATIENCE, |bff| {
        next.set(next.get() + 1);
        let _page = ask(bff, next.get());
        *seen.borrow_mut() = picture(bff);
        is_so(&seen.borrow())
    });
    let seen = seen.into_inner();
    assert!(held, "{what}: {seen:#}");
    seen
}

const FAILS: Fault = Fault::Status { code: 500, retry_after: None };

#[test]
fn an_optional_dependency_turns_degraded_and_well_again() {
    let bff = start(SHORT);
    let is = |verdict: &'static str| {
        move |picture: &Json| dependency(picture, "price")["verdict"] == verdict
    };
    until(&bff, "well at first", is("ok"));
    bff.services.set_fault(Sample::Pricing, Some(FAILS));
    let picture = until(&bff, "degraded", is("degraded"));
    assert!(dependency(&picture, "price")["error_percent"].as_f64() > Some(5.0));
    assert_eq!(page_of(&picture)["verdict"], "degraded");
    assert_eq!(
        (&picture["verdict"], &page_of(&picture)["error_percent"]),
        (&"degraded".into(), &0.0.into())
    );
    assert!(picture["findings"][0]["what"].to_string().contains("optional `price`"));
    assert_eq!(dependency(&picture, "stock")["verdict"], "ok");
    bff.services.set_fault(Sample::Pricing, None);
    let forgotten = |picture: &Json| dependency(picture, "price")["error_percent"] == 0.0;
    let picture = until(&bff, "well again", forgotten);
    assert_eq!(
        (&picture["verdict"], picture["findings"].as_array().map(Vec::len)),
        (&"ok".into(), Some(0))
    );
}

#[test]
fn a_critical_dependency_turns_failing_with_its_page_and_breaker_and_well_again() {
    let bff = start(SHORT);
    bff.services.set_fault(Sample::Catalog, Some(FAILS));
    let picture = until(&bff, "failing", |picture| {
        let product = dependency(picture, "product");
        product["verdict"] == "failing" && product["breaker"] == "open"
    });
    assert_eq!(
        (&picture["verdict"], &page_of(&picture)["verdict"]),
        (&"failing".into(), &"failing".into())
    );
    assert_eq!(find(&picture["services"], "name", "catalog")["open_hosts"], 1);
    bff.services.set_fault(Sample::Catalog, None);
    until(&bff, "well again", |picture| {
        let product = dependency(picture, "product");
        picture["verdict"] == "ok" && product["verdict"] == "ok" && product["breaker"] == "closed"
    });
}

#[test]
fn dependencies_are_known_at_rest_and_later_stages_from_traffic() {
    let bff = start(ADMIN);
    let rest = picture(&bff);
    let known = |name: &str| {
        let found = dependency(&rest, name);
        (found["criticality"].clone(), found["verdict"].clone(), found["first_stage"].clone())
    };
    assert_eq!(known("product"), ("critical".into(), "idle".into(), true.into()));
    assert_eq!(known("price"), ("optional".into(), "idle".into(), true.into()));
    assert_eq!(dependency(&rest, "second"), Json::Null, "nobody has made that call");
    let ordered = find(&rest["endpoints"], "path", "/test/v1/orders");
    assert_eq!(ordered["dependencies"][0]["name"], "ordered", "a body is made up for it");
    let untouched = [Sample::Catalog, Sample::Pricing, Sample::Inventory];
    assert_eq!(
        untouched.map(|s| bff.services.stats(s).requests_started),
        [0; 3],
        "nothing is sent"
    );
    assert_eq!(ask(&bff, 1).status, 200);
    let picture = picture(&bff);
    assert_eq!(dependency(&picture, "second")["first_stage"], false);
    assert_eq!(dependency(&picture, "product")["verdict"], "ok");
}

#[test]
fn a_degradation_is_remembered_with_its_trace_and_the_cache_with_its_hits() {
    let bff = start(ADMIN);
    bff.services.set_fault(Sample::Pricing, Some(FAILS));
    let reply = ask(&bff, 1);
    let trace = reply.header("x-trace-id").unwrap_or_default();
    bff.services.set_fault(Sample::Catalog, Some(FAILS));
    let fatal = ask(&bff, 2);
    assert_eq!((reply.status, fatal.status, ask(&bff, 1).status), (200, 503, 200));
    let picture = picture(&bff);
    let went = find(&picture["degradations"], "trace_id", trace);
    assert_eq!(
        [
            &went["endpoint"],
            &went["section"],
            &went["criticality"],
            &went["filled"],
            &went["reason"]
        ],
        ["page", "price", "optional", "absent", "UNAVAILABLE"]
    );
    let trace = fatal.header("x-trace-id").unwrap_or_default();
    let went = find(&picture["degradations"], "trace_id", trace);
    assert_eq!(
        [&went["section"], &went["criticality"], &went["filled"]],
        ["product", "critical", "no page"]
    );
    let kept = find(&picture["cache"], "entity", "product");
    assert!(
        kept["hit_percent"].as_f64().is_some_and(|hits| (33.0..34.0).contains(&hits)),
        "{kept}"
    );
}

#[test]
fn the_json_has_these_members() {
    let bff = start(ADMIN);
    assert_eq!(ask(&bff, 1).status, 200);
    let reply = admin(&bff, "/console.json");
    let names = |pointer: &str| reply.names(pointer).join(" ");
    assert_eq!(
        names(""),
        "bff cache degradations endpoints findings now overload ready redis_away revision services up_seconds \
         verdict version window_seconds"
    );
    assert_eq!(
        names("/endpoints/0"),
        "budget_ms dependencies error_percent method name p50_ms p99_ms path per_second verdict"
    );
    assert_eq!(
        names("/endpoints/0/dependencies/0"),
        "breaker criticality error_percent first_stage name p50_ms p99_ms per_second service verdict"
    );
    assert_eq!(
        names("/services/0"),
        "breaker hosts in_flight limit name open_hosts retry_budget waiting"
    );
    assert_eq!(names("/overload"), "in_flight lag_ms level limit");
    let numbers = ["/per_second", "/error_percent", "/p50_ms", "/p99_ms"];
    let page = page_of(&reply.json());
    assert!(numbers.into_iter().all(|n| page.pointer(n).is_some_and(Json::is_number)), "{page}");
}

#[test]
fn redis_away_is_a_finding_and_no_trouble_for_pages() {
    let nowhere = "cache = { redis = { url = \"redis://127.0.0.1:9\" } }";
    let bff = start(&format!("{nowhere}\n{ADMIN}"));
    let picture = until(&bff, "not asked", |picture| picture["redis_away"][0] == "cache");
    assert_eq!(
        (&picture["verdict"], &page_of(&picture)["verdict"]),
        (&"degraded".into(), &"ok".into())
    );
    assert!(picture["findings"][0]["what"].to_string().contains("Redis is not asked for cache"));
}
