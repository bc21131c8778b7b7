//! The reviews service: what buyers think of a product.

use super::{World, users, words};
use serde_json::{Value, json};

/// The first reviews of a product and what all of them add up to; every thirteenth product has
/// none.
pub(super) fn of_product(world: World, number: u64, limit: u64) -> Value {
    if number.is_multiple_of(13) {
        return json!({ "summary": { "average": null, "count": 0 }, "items": [] });
    }
    let mut dice = world.dice("review-count", number);
    let count = dice.between(1..=240);
    // Between 3.0 and 5.0, with one decimal.
    let average = 3.0 + (dice.fraction() * 20.0).round() / 10.0;
    let items: Vec<Value> = (1..=count.min(limit)).map(|k| review(world, number, k)).collect();
    json!({ "summary": { "average": average, "count": count }, "items": items })
}

fn review(world: World, number: u64, k: u64) -> Value {
    let mut dice = world.dice("review", number * 1000 + k);
    let author = dice.between(1..=users::COUNT);
    let (first, last) = users::name(world, author);
    let initial: String = last.chars().take(1).collect();
    json!({
        "reviewId": format!("r-{number}-{k}"),
        "author": format!("{first} {initial}."),
        "rating": dice.between(2..=5),
        "title": dice.pick(words::HEADLINES),
        "text": dice.some(words::OPINIONS, 3).join(" "),
        "createdAt": dice.time(2026),
        "authorEmail": format!("user{author}@example.com"),
        "moderationScore": dice.fraction(),
        "ipAddress": dice.ip(),
    })
}
