//! A member that may be anything is no allow-list.

use bff_core::prelude::*;

#[derive(View)]
struct Product {
    details: serde_json::Value,
}

fn main() {}
