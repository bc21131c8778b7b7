//! The answers of this BFF have the shapes that are committed in `contracts/`.

use bff_testkit::{TestBff, http};
use std::{fs, path::Path};

#[test]
fn every_endpoint_keeps_its_contract() {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
    bff_testkit::contracts::check(&mobile::bff(), &contracts).unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn the_admin_port_and_nobody_else_serves_the_committed_document() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/mobile/openapi.json");
    let bff = TestBff::start(&mobile::bff());
    let reply = http::send(bff.admin_address, "GET", "/openapi.json", &[]).unwrap();
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.text(), fs::read_to_string(path).unwrap());
    assert_eq!(bff.get("/openapi.json").status, 404);
}
