//! Every member that a client sees has a name of its own.

use bff_core::prelude::*;

#[derive(View)]
struct Order {
    line_1: String,
    line1: String,
}

fn main() {}
