//! One call that does not say what its failure means is enough to refuse the whole tuple.

use bff_core::prelude::*;

async fn gather(cx: &Cx, price: Call<u32, Shared>, stock: Call<u32, Shared>) -> Result<(u32, u32)> {
    cx.gather((Critical(price), stock)).await
}

fn main() {}
