//! A view is an object, and the members of an object have names.

use bff_core::prelude::*;

#[derive(View)]
struct Price(u32);

fn main() {}
