//! An optional call stands beside the value that is shown when it fails.

use bff_core::prelude::*;

async fn gather(cx: &Cx, stock: Call<u32, Shared>) -> Result<u32> {
    cx.gather(Optional(stock)).await
}

fn main() {}
