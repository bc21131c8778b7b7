//! A write that answers nothing fills no view.

use bff_core::prelude::*;

const CARTS: Service = Service::named("carts");

#[derive(View)]
struct Cart {
    units: u32,
}

async fn empty(cx: &Cx, Body(cart): Body<Cart>) -> Result<Cart> {
    let emptied = CARTS.post("emptied", &cart).answers_nothing().named("cart");
    cx.gather(Critical(emptied)).await
}

fn main() {
    let _ = post("/a").to(empty);
}
