//! One classified call is gathered without a tuple around it.

use bff_core::prelude::*;

async fn gather(cx: &Cx, stock: Call<u32, Shared>) -> Result<u32> {
    cx.gather(Critical(stock)).await
}

fn main() {
    let _ = gather;
}
