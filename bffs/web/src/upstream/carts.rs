//! What users are about to buy.

use bff_core::prelude::*;

const CARTS: Service = Service::named("carts");

/// Puts an item into the user's cart, once per key.
pub(crate) fn add<T: View>(
    me: &User,
    item: &impl Record,
    key: IdempotencyKey,
) -> Write<T, Personal> {
    CARTS.post(("carts", me, "items"), item).once(key).named("cart")
}
