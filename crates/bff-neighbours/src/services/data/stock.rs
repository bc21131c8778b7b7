//! The inventory service: how many of a product are left, and where.

use super::{World, product::Product};
use serde_json::{Value, json};

/// What is in stock; every seventh product is sold out.
pub(super) fn stock(world: World, number: u64) -> Value {
    let warehouses = warehouses(world, number);
    let units: u64 = warehouses.iter().filter_map(|warehouse| warehouse["stock"].as_u64()).sum();
    let mut dice = world.dice("stock", number);
    json!({
        "productId": Product::new(world, number).id,
        "units": units,
        "warehouses": warehouses,
        "restockAt": dice.date(2027),
        "reorderPoint": dice.between(2..=12),
        "reorderQuantity": dice.between(10..=200),
        "binLocation": format!("{}-{:02}", dice.pick(&["A", "B", "C"]), dice.between(1..=40)),
        "shrinkageRate": dice.fraction(),
    })
}

pub(super) fn warehouses(world: World, number: u64) -> Vec<Value> {
    let mut dice = world.dice("warehouses", number);
    let most = if number.is_multiple_of(7) { 0 } else { 13 };
    let cost = Product::new(world, number).cost_cents;
    let mut warehouse = |(id, city): (&str, &str)| {
        let (stock, freight) = (dice.between(0..=most), dice.between(0..=300));
        json!({ "id": id, "city": city, "stock": stock, "costCents": cost + freight })
    };
    [("wh-01", "Rotterdam"), ("wh-02", "Lyon"), ("wh-03", "Kraków")].map(&mut warehouse).to_vec()
}
