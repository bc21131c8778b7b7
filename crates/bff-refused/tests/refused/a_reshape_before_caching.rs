//! What is kept is what was read: reshape after `cached`, so that one kept answer serves every shape.

use bff_core::prelude::*;

fn keep(stock: Call<u32, Shared>) {
    let _ = stock.map(|units| units > 0).cached(seconds(5));
}

fn main() {}
