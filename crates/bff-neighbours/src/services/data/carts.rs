//! Carts: what a user is about to buy. Nothing is stored, so adding an item twice is adding it once.

use super::{Refusal, World, dice::money, product as product_number, product::Product};
use serde_json::{Value, json};

/// The most of one product.
const MOST_UNITS: u64 = 20;

/// The cart of a user after one more item, which is read from `body`.
pub(super) fn with_item(world: World, user: u64, body: &[u8]) -> Result<Value, Refusal> {
    let item: Value =
        serde_json::from_slice(body).map_err(|_| Refusal::BadRequest("the body is not JSON"))?;
    let (id, units) = (item.get("productId"), item.get("units"));
    let item = id.and_then(Value::as_str).zip(units.and_then(Value::as_u64));
    let Some((id, units)) = item else {
        return Err(Refusal::BadRequest("expected productId and units"));
    };
    let product = Product::new(world, product_number(id)?);
    if !(1..=MOST_UNITS).contains(&units) {
        return Err(Refusal::Unprocessable("units are from 1 to 20"));
    }
    let total = product.list_cents * units;
    Ok(json!({
        "cartId": format!("c-{user}"),
        "userId": format!("u-{user}"),
        "lines": [{
            "productId": product.id,
            "title": product.title,
            "units": units,
            "totalFormatted": money(total),
            "marginCents": (product.list_cents - product.cost_cents) * units,
        }],
        "units": units,
        "totalCents": total,
        "totalFormatted": money(total),
        "fraudScore": world.dice("cart", user).between(0..=99),
        "warehouse": "wh-eu-2",
    }))
}
