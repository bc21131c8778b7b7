//! What users bought.

use bff_core::prelude::*;

const ORDERS: Service = Service::named("orders");

/// The user's latest orders, newest first.
pub(crate) fn recent<T: View>(me: &User, limit: u8) -> Call<Vec<T>, Personal> {
    ORDERS.get(("users", me, "orders")).query("limit", limit).at("orders").named("recentOrders")
}
