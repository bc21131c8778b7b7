//! What is counted about attempts, limits, links to Redis and the build.

use crate::bed::{ADMIN, PATIENCE, admin, ask, start};
use bff_testkit::{Fault, Service as Sample, redis::RedisServer};
use std::{collections::BTreeSet, fs, path::Path};

fn event(family: &str, labels: &str) -> String {
    format!("bff_{family}_total{{{labels}}}")
}

#[test]
fn attempts_and_degraded_sections_are_counted_with_what_they_mean() {
    let bff = start(ADMIN);
    assert_eq!(ask(&bff, 1).status, 200);
    let attempts = event("upstream_events", "service=\"pricing\",event=\"attempt\"");
    assert_eq!(bff.metric(&attempts), 1.0);
    bff.services.set_fault(Sample::Pricing, Some(Fault::Reset));
    assert_eq!(ask(&bff, 2).at("/meta/degraded"), true);
    let retries = event("upstream_events", "service=\"pricing\",event=\"retry\"");
    assert_eq!(bff.metric(&attempts), 2.0 + bff.metric(&retries));
    assert!(bff.metric(&retries) > 0.0);
    let labels = "endpoint=\"page\",section=\"price\",criticality=\"optional\",filled=\"absent\",\
                  reason=\"UNAVAILABLE\"";
    assert_eq!(bff.metric(&event("degraded_sections", labels)), 1.0);
}

#[test]
fn limits_and_each_link_to_redis_are_counted() {
    let redis = RedisServer::start();
    let more = format!(
        "limits = {{ per_surface = {{ requests = 1, per = \"1h\" }}, within = \"5s\", \
         shared = {{ url = \"{0}\" }} }}\ncache = {{ redis = {{ url = \"{0}\", \
         lookup_timeout = \"5s\" }} }}\n{ADMIN}",
        redis.url()
    );
    let bff = start(&more);
    assert_eq!([ask(&bff, 1).status, ask(&bff, 1).status], [200, 429]);
    for (family, labels) in [
        ("limit_events", "event=\"refused\""),
        ("limit_events", "event=\"decided_together\""),
        ("redis_events", "link=\"limits\",event=\"command\""),
        ("redis_events", "link=\"cache\",event=\"lookup\""),
    ] {
        let metric = event(family, labels);
        let counted = bff.eventually(PATIENCE, |bff| bff.metric(&metric) >= 1.0);
        assert!(counted, "{metric} in {}", bff.metrics());
    }
}

#[test]
fn the_build_is_told_with_its_revision() {
    let bff = start(ADMIN);
    let version = admin(&bff, "/version");
    assert_eq!((version.at("/name"), version.at("/version")), ("test".into(), "1.2.3".into()));
    let revision = option_env!("BFF_GIT_REVISION").filter(|it| !it.is_empty()).unwrap_or("unknown");
    assert_eq!(version.at("/revision"), revision);
    assert_eq!(version.at("/crates/bff-core"), bff_core::VERSION);
    let info = format!("name=\"test\",version=\"1.2.3\",revision=\"{revision}\"");
    assert_eq!(bff.metric(&format!("bff_build_info{{{info}}}")), 1.0);
}

#[test]
fn every_crate_in_the_program_tells_its_version() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut linked, mut waiting) = (BTreeSet::new(), vec!["bff-server".to_owned()]);
    while let Some(name) = waiting.pop() {
        let text = fs::read_to_string(crates.join(&name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let is_macro = manifest.get("lib").and_then(|lib| lib.get("proc-macro")).is_some();
        if !is_macro && linked.insert(name) {
            let needs = manifest["dependencies"].as_table().unwrap().keys();
            waiting.extend(needs.filter(|name| name.starts_with("bff-")).cloned());
        }
    }
    let told = admin(&start(ADMIN), "/version").at("/crates");
    assert_eq!(told.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), linked);
}

#[test]
fn only_a_recorded_request_is_an_example_of_its_duration() {
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let traced = |flags: &str| format!("00-{trace}-b7ad6b7169203331-{flags}");
    let exemplar = format!("trace_id=\"{trace}\"");
    let get = |more: &str, flags: &str| {
        let bff = start(&format!("{more}\n{ADMIN}"));
        let _page = bff.send("GET", "/test/v1/pages/p-1", &[("traceparent", &traced(flags))]);
        bff.metrics()
    };
    let collector = "traces = { otlp_endpoint = \"http://127.0.0.1:9/v1/traces\" }";
    let lines = get(collector, "01");
    let line = lines.lines().find(|line| line.contains(&exemplar)).unwrap_or_default();
    assert!(line.starts_with("bff_request_duration_seconds_bucket{"), "{line}");
    assert!(!get(collector, "00").contains(&exemplar), "not recorded");
    assert!(!get("", "01").contains(&exemplar), "no collector has it");
}
