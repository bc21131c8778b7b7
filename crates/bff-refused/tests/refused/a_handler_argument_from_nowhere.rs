//! A handler takes what a request brings along, already checked, and never loose text.

use bff_core::prelude::*;

#[derive(View)]
struct Found {
    titles: Vec<String>,
}

fn endpoint() -> Endpoint {
    get("/search").to(search)
}

async fn search(_: &Cx, _words: String) -> Result<Found> {
    Ok(Found { titles: vec![] })
}

fn main() {}
