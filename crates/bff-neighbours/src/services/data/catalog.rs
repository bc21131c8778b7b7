//! The catalog service: products, pages of them, and their neighbours.

use super::{
    World,
    dice::{Dice, fnv, money},
    joined,
    product::{self, Product},
    stock, words,
};
use serde_json::{Value, json};

pub(super) fn product(world: World, number: u64) -> Value {
    let product = Product::new(world, number);
    let mut dice = world.dice("catalog", number);
    let details = json!({
        "description": description(&mut dice),
        "images": images(&product),
        "imageUrls": (1..=8).map(|n| product.image_url(&format!("gallery-{n}"))).collect::<Vec<_>>(),
        "specs": specs(&mut dice),
        "dimensions": { "widthMm": dice.between(50..=900), "heightMm": dice.between(50..=900) },
        "returnPolicy": "Free returns within 30 days.",
        "createdAt": dice.time(2024),
        "updatedAt": dice.time(2026),
    });
    joined([summary(world, number), details, internal(world, number, &mut dice)])
}

/// One page in the order of ids, or none for a cursor that no page gave out.
pub(super) fn page(world: World, cursor: Option<&str>, limit: u64) -> Option<Value> {
    let first = cursor.map_or(Some(1), position)?;
    let next = first.saturating_add(limit).min(product::COUNT + 1);
    let items: Vec<Value> = (first..next).map(|number| summary(world, number)).collect();
    let next_cursor = (next <= product::COUNT).then(|| cursor_at(next));
    Some(json!({ "items": items, "nextCursor": next_cursor }))
}

/// Whole products; what does not exist is left out.
pub(super) fn batch(world: World, numbers: impl Iterator<Item = u64>) -> Value {
    json!({ "items": numbers.map(|number| product(world, number)).collect::<Vec<_>>() })
}

pub(super) fn similar(world: World, number: u64, limit: u64) -> Value {
    let items = product::others(number, limit).map(|other| summary(world, other));
    json!({ "items": items.collect::<Vec<_>>() })
}

fn summary(world: World, number: u64) -> Value {
    let product = Product::new(world, number);
    let mut dice = world.dice("summary", number);
    json!({
        "productId": product.id,
        "title": product.title,
        "brand": product.brand,
        "category": product.category,
        "priceFormatted": money(product.list_cents),
        "thumbnailUrl": product.image_url("thumb"),
        "rankingBoost": dice.fraction(),
        "buyerId": format!("emp-{}", dice.between(100..=999)),
        "searchIndexVersion": dice.between(1..=400),
    })
}

fn description(dice: &mut Dice) -> String {
    dice.some(words::PRAISE, 8).join(" ")
}

fn images(product: &Product) -> Vec<Value> {
    let sizes =
        [("hero", 1600, 900), ("thumb", 240, 240), ("zoom", 3200, 3200), ("mobile", 800, 600)];
    let image = |(role, width, height): (&str, u32, u32)| {
        json!({
            "role": role,
            "url": product.image_url(role),
            "alt": format!("{} by {}", product.title, product.brand),
            "width": width,
            "height": height,
        })
    };
    sizes.map(image).to_vec()
}

fn specs(dice: &mut Dice) -> Vec<Value> {
    let spec = |(name, values): &(&str, &[&'static str])| {
        let value = dice.pick(values).replace('#', &dice.between(2..=400).to_string());
        json!({ "name": name, "value": value, "sourceSystem": dice.pick(&["pim", "supplier-feed"]) })
    };
    words::SPECS.iter().map(spec).collect()
}

fn internal(world: World, number: u64, dice: &mut Dice) -> Value {
    let product = Product::new(world, number);
    json!({
        "warehouses": stock::warehouses(world, number),
        "supplier": {
            "supplierId": format!("sup-{}", dice.hex(6)),
            "name": format!("{} Trading", dice.pick(words::LAST_NAMES)),
            "contactEmail": format!("supplier{}@example.com", dice.between(1..=300)),
            "costCents": product.cost_cents,
            "leadTimeDays": dice.between(3..=60),
        },
        "internalNotes": dice.some(words::NOTES, 2).join("\n"),
        "customsCode": dice.between(10_000_000..=99_999_999).to_string(),
        "auditTrail": (0..12).map(|_| json!({
            "at": dice.time(2026),
            "by": format!("{}@internal.example.com", dice.hex(6)),
            "change": dice.pick(&["cost updated", "image replaced", "spec corrected", "text edited"]),
        })).collect::<Vec<_>>(),
    })
}

/// Opaque to callers: the position and a check that makes invented cursors fail.
fn cursor_at(position: u64) -> String {
    format!("{position:04x}{:016x}", position.to_le_bytes().into_iter().fold(0xC0DE, fnv))
}

fn position(cursor: &str) -> Option<u64> {
    let position = u64::from_str_radix(cursor.get(..4)?, 16).ok()?;
    (cursor == cursor_at(position)).then_some(position)
}
