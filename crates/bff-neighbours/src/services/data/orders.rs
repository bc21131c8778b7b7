//! The orders service: what a user has bought.

use super::{
    World,
    dice::{Dice, money},
    joined, number,
    product::{self, Product},
    users,
};
use serde_json::{Value, json};

pub(super) fn of_user(world: World, user: u64, limit: u64) -> Value {
    let total = total(world, user);
    let orders: Vec<Value> = (1..=total.min(limit)).map(|k| order(world, user, k)).collect();
    json!({ "orders": orders, "total": total, "page": 1, "pageSize": limit })
}

/// The order with an id such as `o-17-3`, the third of user 17.
pub(super) fn by_id(world: World, id: &str) -> Option<Value> {
    let (user_part, _) = id.rsplit_once('-')?;
    let user = number(user_part, "o-", users::COUNT)?;
    let k = number(id, &format!("{user_part}-"), total(world, user))?;
    Some(order(world, user, k))
}

/// Every tenth user has bought nothing yet.
fn total(world: World, user: u64) -> u64 {
    if user.is_multiple_of(10) { 0 } else { world.dice("order-count", user).between(1..=40) }
}

fn order(world: World, user: u64, k: u64) -> Value {
    let mut dice = world.dice("order", user * 100 + k);
    let lines: Vec<Value> = (0..dice.between(1..=3)).map(|_| line(world, &mut dice)).collect();
    let count: u64 = lines.iter().filter_map(|line| line["quantity"].as_u64()).sum();
    let total = lines.iter().filter_map(|line| line["amountCents"].as_u64()).sum();
    let shown = json!({
        "orderId": format!("o-{user}-{k}"),
        "userId": format!("u-{user}"),
        "status": dice.pick(&["SHIPPED", "DELIVERED", "PROCESSING", "CANCELLED"]),
        "eta": dice.day_in_november(),
        "itemCount": count,
        "placedAt": dice.time(2026),
        "updatedAt": dice.time(2026),
        "totalCents": total,
        "totalFormatted": money(total),
        "currency": "EUR",
        "lines": lines,
        "shippingMethod": dice.pick(&["EXPRESS", "PICKUP", "STANDARD"]),
        "shippingAddress": users::address(&mut dice),
        "trackingNumber": format!("TRK{}", dice.between(100_000_000..=999_999_999)),
    });
    joined([shown, internal(&mut dice, total)])
}

fn line(world: World, dice: &mut Dice) -> Value {
    let product = Product::new(world, dice.between(1..=product::COUNT));
    let quantity = dice.between(1..=3);
    json!({
        "productId": product.id,
        "title": product.title,
        "thumbnailUrl": product.image_url("thumb"),
        "quantity": quantity,
        "amountCents": product.list_cents * quantity,
    })
}

fn internal(dice: &mut Dice, total: u64) -> Value {
    json!({
        "warehouseId": format!("wh-{:02}", dice.between(1..=12)),
        "marginCents": total * dice.between(10..=40) / 100,
        "fraudReviewState": dice.pick(&["CLEARED", "MANUAL", "NONE"]),
        "carrierAccount": format!("acct-{}", dice.hex(10)),
        "pickerId": format!("emp-{}", dice.between(100..=999)),
        "paymentReference": format!("psp_{}", dice.hex(24)),
        "ledgerEntry": dice.hex(16),
        "costCenter": format!("cc-{}", dice.between(1000..=9999)),
        "riskSignals": { "score": dice.fraction(), "ip": dice.ip(), "fingerprint": dice.hex(64) },
        "sourceSystem": dice.pick(&["legacy-oms", "oms-2"]),
        "etlBatch": dice.between(1..=99_999),
    })
}
