//! Dashboards and alert rules ask for what a running BFF tells, and for nothing else.

use crate::bed::{ADMIN, PATIENCE, ask, start, start_with};
use bff_core::Auth;
use bff_testkit::{
    Fault, Service as Sample, contracts::workspace, idp::IdentityProvider, observability::unknown,
    redis::RedisServer,
};
use std::fs;

#[test]
fn every_metric_that_is_asked_for_is_told() {
    let redis = RedisServer::start();
    let more = format!(
        "limits = {{ per_surface = {{ requests = 1000, per = \"1s\" }}, \
         shared = {{ url = \"{0}\" }} }}\ncache = {{ redis = {{ url = \"{0}\" }} }}\n{ADMIN}",
        redis.url()
    );
    let bff = start(&more);
    bff.services.set_fault(Sample::Pricing, Some(Fault::Reset));
    assert_eq!(ask(&bff, 1).at("/meta/degraded"), true);
    assert!(bff.eventually(PATIENCE, |bff| bff.metrics().contains("bff_sent_bytes_total{")));

    // Sessions are counted where there are any.
    let idp = IdentityProvider::start().unwrap();
    let issuer = idp.url();
    let more = format!(
        "{ADMIN}\n[session]\nissuer = \"{issuer}\"\nclient_id = \"a\"\nclient_secret = \"b\"\n\
         public_url = \"http://127.0.0.1:9\"\n"
    );
    let of_browsers = start_with(Auth::Session, &more);
    let told = bff.metrics() + &of_browsers.metrics();
    let directory = workspace::root().join("deploy/observability");
    let bffs = workspace::bffs(&workspace::root()).unwrap();
    let mut files = 0;
    for owner in bffs.iter().map(String::as_str).chain(["fleet"]) {
        for file in fs::read_dir(directory.join(owner)).unwrap() {
            let path = file.unwrap().path();
            let asked = unknown(&fs::read_to_string(&path).unwrap(), &told);
            assert!(asked.is_empty(), "{} asks for {asked:?}", path.display());
            files += 1;
        }
    }
    assert_eq!(
        files,
        3 * bffs.len() + 1,
        "a dashboard, rules and their tests of each BFF, and one dashboard of all"
    );
}
