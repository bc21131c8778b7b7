//! The answers of this BFF have the shapes that are committed in `contracts/`.

use std::path::Path;

#[test]
fn every_endpoint_keeps_its_contract() {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
    bff_testkit::contracts::check(&@crate@::bff(), &contracts).unwrap_or_else(|why| panic!("{why}"));
}
