//! A member whose names are only known at run time is no allow-list.

use bff_core::prelude::*;
use std::collections::HashMap;

#[derive(View)]
struct Product {
    labels: HashMap<String, String>,
}

fn main() {}
