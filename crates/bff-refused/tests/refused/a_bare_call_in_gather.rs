//! A call that does not say what its failure means is not gathered.

use bff_core::prelude::*;

async fn gather(cx: &Cx, stock: Call<u32, Shared>) -> Result<u32> {
    cx.gather(stock).await
}

fn main() {}
