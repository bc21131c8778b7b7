//! Revisions count from one.

use bff_core::prelude::*;

#[derive(View)]
#[view(revision = 0)]
struct Order {
    status: String,
}

fn main() {}
