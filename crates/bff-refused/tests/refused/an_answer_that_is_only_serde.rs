//! A struct that serde can write is not yet one that a client may see: only a view has a contract.

use bff_core::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
struct Product {
    title: String,
}

fn endpoint() -> Endpoint {
    get("/products").to(product)
}

async fn product(_: &Cx) -> Result<Product> {
    Ok(Product { title: String::new() })
}

fn main() {}
