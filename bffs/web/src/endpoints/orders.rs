//! `GET /web/v1/orders` - "my orders", newest first.

use crate::upstream::orders;
use bff_core::prelude::*;

/// What fits on the page; older ones are behind "show more".
const SHOWN: u8 = 20;

pub(super) fn endpoint() -> Endpoint {
    get("/web/v1/orders").budget(millis(800)).to(orders)
}

async fn orders(cx: &Cx, me: User) -> Result<OrdersPage> {
    let orders = cx.gather(Critical(orders::recent(&me, SHOWN))).await?;
    Ok(OrdersPage { orders })
}

/// The list.
#[derive(View)]
#[view(revision = 2)]
struct OrdersPage {
    orders: Vec<OrderRow>,
}

/// One row of it.
#[derive(View)]
#[view(revision = 2)]
struct OrderRow {
    order_id: String,
    placed_at: String,
    status: OrderStatus,
    item_count: u32,
    total_formatted: String,
}

/// How far it is.
#[derive(View)]
enum OrderStatus {
    Processing,
    Shipped,
    Delivered,
    Cancelled,
    #[view(other)]
    Unknown,
}
