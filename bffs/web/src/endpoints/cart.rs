//! `POST /web/v1/cart/items` - "add to cart", and what the cart badge shows afterwards.

use crate::upstream::carts;
use crate::upstream::catalog::ProductId;
use bff_core::prelude::*;

pub(super) fn add_item() -> Endpoint {
    post("/web/v1/cart/items").budget(millis(800)).priority(Priority::High).to(add)
}

async fn add(cx: &Cx, me: User, Body(item): Body<NewItem>, key: IdempotencyKey) -> Result<Cart> {
    cx.gather(Critical(carts::add(&me, &item, key))).await
}

/// What is put into the cart.
#[derive(View)]
#[view(revision = 2)]
struct NewItem {
    product_id: ProductId,
    units: u8,
}

/// The cart.
#[derive(View)]
#[view(revision = 2)]
struct Cart {
    units: u32,
    total_formatted: String,
    lines: Vec<CartLine>,
}

/// One product in it.
#[derive(View)]
#[view(revision = 2)]
struct CartLine {
    product_id: ProductId,
    title: String,
    units: u32,
    total_formatted: String,
}
