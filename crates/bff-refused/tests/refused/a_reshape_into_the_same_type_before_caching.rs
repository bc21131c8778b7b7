//! What is kept is what was read: a reshape before caching is refused also when it keeps the type.

use bff_core::prelude::*;

fn keep(stock: Call<u32, Shared>) {
    let _ = stock.map(|units| units.min(99)).cached(seconds(5));
}

fn main() {}
