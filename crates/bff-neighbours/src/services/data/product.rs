//! What every service agrees on about a product, and the pricing service's view of it.

use super::{World, dice::money, words};
use serde_json::{Value, json};

/// Products are `p-1` to `p-5000`.
pub(super) const COUNT: u64 = 5000;

/// The core of a product.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) brand: &'static str,
    pub(super) category: &'static str,
    pub(super) list_cents: u64,
    pub(super) cost_cents: u64,
}

impl Product {
    pub(super) fn new(world: World, number: u64) -> Self {
        let mut dice = world.dice("product", number);
        let things: Vec<&str> = words::THINGS.iter().map(|(thing, _)| *thing).collect();
        let thing = dice.pick(&things);
        let category = words::THINGS.iter().find(|(name, _)| *name == thing);
        let (adjective, material) = (dice.pick(words::ADJECTIVES), dice.pick(words::MATERIALS));
        let list_cents = dice.between(5..=250) * 100 - 1;
        Self {
            id: format!("p-{number}"),
            title: format!("{adjective} {material} {thing}"),
            brand: dice.pick(words::BRANDS),
            category: category.map_or("", |(_, category)| category),
            list_cents,
            // Less than any discount leaves: margins are positive.
            cost_cents: list_cents * dice.between(40..=80) / 100,
        }
    }

    pub(super) fn image_url(&self, role: &str) -> String {
        format!("https://images.example.com/products/{}/{role}.jpg", self.id)
    }
}

/// Different products, and none of them the given one.
pub(super) fn others(number: u64, count: u64) -> impl Iterator<Item = u64> {
    // The stride has no divisor in common with the count: it comes back only after all others.
    (1..=count).map(move |k| (number - 1 + k * 1237) % COUNT + 1)
}

/// The price now: every fifth product or so is cheaper than the catalogue says.
pub(super) fn price(world: World, number: u64) -> Value {
    let product = Product::new(world, number);
    let mut dice = world.dice("price", number);
    let percent = if dice.one_in(5) { dice.between(85..=95) } else { 100 };
    let amount = product.list_cents * percent / 100;
    json!({
        "productId": product.id,
        "priceFormatted": money(amount),
        "amountCents": amount,
        "listPriceFormatted": money(product.list_cents),
        "onSale": percent < 100,
        "currency": "EUR",
        "taxRate": 0.21,
        "validUntil": dice.time(2027),
        "marginCents": amount - product.cost_cents,
        "costCents": product.cost_cents,
        "priceRuleId": format!("rule-{}", dice.hex(8)),
        "competitorCents": [amount + dice.between(0..=500), amount + dice.between(0..=500)],
    })
}
