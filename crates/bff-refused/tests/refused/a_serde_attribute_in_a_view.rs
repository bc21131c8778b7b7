//! What serde would flatten, skip or rename would not be in the contract.

use bff_core::prelude::*;

#[derive(View)]
struct Price {
    amount: u32,
}

#[derive(View)]
struct Product {
    title: String,
    #[serde(flatten)]
    price: Price,
}

fn main() {}
