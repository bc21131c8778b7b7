//! A misspelt attribute is an error, not a wish.

use bff_core::prelude::*;

#[derive(View)]
struct Order {
    #[view(form = "eta")]
    estimated_delivery: String,
}

fn main() {}
