//! A handler answers with a view, not with whatever JSON it has at hand.

use bff_core::prelude::*;

fn endpoint() -> Endpoint {
    get("/products").to(products)
}

async fn products(_: &Cx) -> Result<serde_json::Value> {
    Ok(serde_json::Value::Null)
}

fn main() {}
