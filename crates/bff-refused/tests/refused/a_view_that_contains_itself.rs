//! A view has one finite shape, so an answer has a greatest depth.

use bff_core::prelude::*;

#[derive(View)]
struct Category {
    children: Vec<Category>,
}

fn main() {}
