//! The id of a product is not the id of an order, however alike they look.

use bff_core::prelude::*;

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

enum Order {}

impl Kind for Order {
    type Scope = Personal;
    const PARAMETER: &'static str = "id";
}

fn order(_: &Id<Order>) {}

fn mix_up(product: &Id<Product>) {
    order(product);
}

fn main() {}
