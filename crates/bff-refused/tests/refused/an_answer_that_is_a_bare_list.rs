//! An answer is an object, so that it can grow members; a list is one of them.

use bff_core::prelude::*;

fn endpoint() -> Endpoint {
    get("/titles").to(titles)
}

async fn titles(_: &Cx) -> Result<Vec<String>> {
    Ok(vec![])
}

fn main() {}
