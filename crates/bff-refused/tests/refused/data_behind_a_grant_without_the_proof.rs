//! What needs a permission is not asked for without the proof that the caller has it.

use bff_core::prelude::*;

/// May read orders.
enum ReadOrders {}

impl Grant for ReadOrders {
    const SCOPE: &'static str = "orders:read";
}

fn orders(_may: &Granted<ReadOrders>) -> Call<u32, Shared> {
    Service::named("orders").get("orders").named("orders")
}

#[derive(View)]
struct Orders {
    count: u32,
}

async fn page(cx: &Cx) -> Result<Orders> {
    let count = cx.gather(Critical(orders())).await?;
    Ok(Orders { count })
}

fn main() {}
