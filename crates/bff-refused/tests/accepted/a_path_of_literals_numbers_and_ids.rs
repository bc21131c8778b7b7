//! Literals, small numbers, checked ids and cursors stand in paths and queries, encoded where they need it.

use bff_core::prelude::*;

const CATALOG: Service = Service::named("catalog");

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

fn similar(id: &Id<Product>, cursor: Option<&Cursor>) -> Call<Vec<String>, Shared> {
    CATALOG
        .get(("products", id, "similar", 2_u8))
        .query("sort", "name & price")
        .query("limit", 8_u8)
        .query_if("cursor", cursor)
        .named("similar")
}

fn main() {
    let id = Id::parse("p-1").unwrap();
    let call = format!("{:?}", similar(&id, None));
    assert!(call.contains("catalog/products/p-1/similar/2?"), "{call}");
    assert!(call.ends_with("=name%20%26%20price&limit=8"), "{call}");
}
