//! The recommendations service: what a model thinks a user might like.

use super::{
    World,
    dice::{Dice, money},
    joined,
    product::{self, Product},
};
use serde_json::{Value, json};

pub(super) fn for_user(world: World, user: u64, limit: u64) -> Value {
    let mut dice = world.dice("recommendations", user);
    let products = product::others(dice.between(1..=product::COUNT), limit);
    let items = products.zip(1..).map(|(number, rank)| item(world, number, rank, &mut dice));
    json!({
        "items": items.collect::<Vec<_>>(),
        "modelVersion": "two-tower-2026-09",
        "experiment": if user.is_multiple_of(2) { "control" } else { "treatment" },
    })
}

fn item(world: World, number: u64, rank: u64, dice: &mut Dice) -> Value {
    let product = Product::new(world, number);
    let shown = json!({
        "productId": product.id,
        "title": product.title,
        "thumbnailUrl": product.image_url("thumb"),
        "priceFormatted": money(product.list_cents),
        "score": dice.fraction(),
        "reason": dice.pick(&["Because of your orders", "Popular near you", "Trending now"]),
        "brand": product.brand,
        "category": product.category,
        "rank": rank,
        "badge": dice.pick(&["", "bestseller", "new"]),
        "inStock": !dice.one_in(7),
        "deepLink": format!("shop://products/{}", product.id),
    });
    joined([shown, internal(&product, dice)])
}

fn internal(product: &Product, dice: &mut Dice) -> Value {
    json!({
        "modelScoreRaw": dice.fraction() * 12.0 - 6.0,
        "marginBps": dice.between(500..=6000),
        "costCents": product.cost_cents,
        "candidateSource": dice.pick(&["ann", "co-purchase", "editorial"]),
        "embedding": (0..16).map(|_| dice.fraction()).collect::<Vec<_>>(),
        "impressionToken": dice.hex(32),
        "explorationFlag": dice.one_in(10),
        "propensity": dice.fraction(),
        "boostRule": format!("boost-{}", dice.between(1..=90)),
        "sponsoredBidCents": dice.between(0..=60),
        "featureHash": dice.hex(12),
        "filterTrace": ["age:pass", "region:pass", "stock:pass"],
        "latencyMicros": dice.between(200..=4000),
    })
}
