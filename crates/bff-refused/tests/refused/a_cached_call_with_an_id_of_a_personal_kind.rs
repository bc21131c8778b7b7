//! An id of something that belongs to one user makes a call as personal as the user's own id.

use bff_core::prelude::*;

const ORDERS: Service = Service::named("orders");

enum Order {}

impl Kind for Order {
    type Scope = Personal;
    const PARAMETER: &'static str = "id";
}

fn keep(id: &Id<Order>) {
    let order = ORDERS.get(("orders", id)).named::<String>("order");
    let _ = order.cached(seconds(5));
}

fn main() {}
