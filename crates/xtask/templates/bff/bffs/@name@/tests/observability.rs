//! The dashboard and the alert rules of this BFF are those of its endpoint table.

use std::path::Path;

#[test]
fn dashboard_and_rules_follow_the_endpoint_table() {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/observability");
    bff_testkit::observability::check(&@crate@::bff(), &files).unwrap_or_else(|why| panic!("{why}"));
}
