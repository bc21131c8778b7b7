//! The id of a product is not the id of an order, however alike they look.

use bff_core::prelude::*;

enum Product {}

impl Kind for Product {
    type Scope = Shared;
}

enum Order {}

impl Kind for Order {
    type Scope = Personal;
}

fn order(_: &Id<Order>) {}

fn mix_up(product: &Id<Product>) {
    order(product);
}

fn main() {}
