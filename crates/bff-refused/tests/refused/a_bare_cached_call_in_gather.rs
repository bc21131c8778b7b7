//! Keeping an answer does not say what a failure means: a cached call is classified like any other.

use bff_core::prelude::*;

async fn gather(cx: &Cx, stock: Call<u32, Shared>) -> Result<u32> {
    cx.gather(stock.cached(seconds(5))).await
}

fn main() {}
