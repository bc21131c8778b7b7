//! A default name would be the same for two ids of one path.

use bff_core::prelude::*;

enum Product {}

impl Kind for Product {
    type Scope = Shared;
}

fn main() {}
