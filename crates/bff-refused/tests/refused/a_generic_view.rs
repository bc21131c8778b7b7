//! A view is one exact shape with one contract, not a family of them.

use bff_core::prelude::*;

#[derive(View)]
struct List<T> {
    items: Vec<T>,
}

fn main() {}
