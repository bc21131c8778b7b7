//! A choice is one word on the wire.

use bff_core::prelude::*;

#[derive(View)]
enum Availability {
    InStock(u32),
    SoldOut,
}

fn main() {}
