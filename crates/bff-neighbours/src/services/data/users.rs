//! The users service: forty fields about a customer, of which a screen needs a handful.

use super::{World, dice::Dice, joined, words};
use serde_json::{Value, json};

/// Users are `u-1` to `u-5000`.
pub(super) const COUNT: u64 = 5000;

/// A user's name, wherever it is shown.
pub(super) fn name(world: World, number: u64) -> (&'static str, &'static str) {
    let mut dice = world.dice("name", number);
    (dice.pick(words::FIRST_NAMES), dice.pick(words::LAST_NAMES))
}

pub(super) fn user(world: World, number: u64) -> Value {
    let (first, last) = name(world, number);
    let mut dice = world.dice("user", number);
    let identity = json!({
        "userId": format!("u-{number}"),
        "displayName": format!("{first} {last}"),
        "firstName": first,
        "lastName": last,
        "avatarUrl": format!("https://images.example.com/avatars/u-{number}.jpg"),
        "loyaltyTier": dice.pick(&["BRONZE", "SILVER", "GOLD"]),
        "loyaltyPoints": dice.between(0..=20_000),
        "email": format!("user{number}@example.com"),
        "phone": format!("+31 6 5550 {:04}", dice.between(0..=9999)),
        "birthDate": dice.date(1985),
    });
    joined([identity, profile(&mut dice), account(&mut dice), internal(&mut dice)])
}

fn profile(dice: &mut Dice) -> Value {
    let (address, billing) = (address(dice), address(dice));
    json!({
        "address": address,
        "billingAddress": billing,
        "language": dice.pick(&["de", "en", "fr", "nl"]),
        "country": dice.pick(&["DE", "ES", "FR", "NL", "SE"]),
        "timezone": dice.pick(&["Europe/Amsterdam", "Europe/Berlin", "Europe/Madrid"]),
        "currency": "EUR",
        "newsletter": dice.one_in(2),
        "favouriteCategories": dice.some(&["audio", "bags", "home", "kitchen", "office"], 3),
        "preferences": {
            "theme": dice.pick(&["dark", "light", "system"]),
            "emailOrderUpdates": dice.one_in(2),
            "pushOffers": dice.one_in(3),
        },
        "devices": [device(dice), device(dice), device(dice)],
    })
}

pub(super) fn address(dice: &mut Dice) -> Value {
    json!({
        "street": format!("{} {}", dice.pick(words::STREETS), dice.between(1..=180)),
        "postalCode": dice.between(10_000..=99_999).to_string(),
        "city": dice.pick(words::CITIES),
    })
}

fn device(dice: &mut Dice) -> Value {
    json!({
        "deviceId": dice.hex(16),
        "platform": dice.pick(&["android", "ios", "web"]),
        "userAgent": format!("ExampleShop/{}.0 (build {})", dice.between(1..=9), dice.hex(8)),
        "pushToken": dice.hex(64),
        "lastSeenAt": dice.time(2026),
    })
}

fn account(dice: &mut Dice) -> Value {
    json!({
        "createdAt": dice.time(2021),
        "updatedAt": dice.time(2026),
        "lastSeenAt": dice.time(2026),
        "emailVerifiedAt": dice.time(2021),
        "status": "ACTIVE",
        "orderCount": dice.between(0..=40),
        "wishlistCount": dice.between(0..=25),
        "defaultPaymentMethod": { "kind": "CARD", "lastFour": dice.between(1000..=9999).to_string() },
        "consents": { "analytics": dice.one_in(2), "personalisation": dice.one_in(2) },
        "referralCode": dice.hex(8),
    })
}

fn internal(dice: &mut Dice) -> Value {
    json!({
        "fraudScore": dice.fraction(),
        "internalSegmentTag": format!("seg-{}-{}", dice.pick(&["churn", "core", "vip"]), dice.hex(4)),
        "creditLimitCents": dice.between(50..=5000) * 100,
        "passwordHash": format!("$argon2id$v=19$m=19456,t=2,p=1${}${}", dice.hex(22), dice.hex(43)),
        "lastLoginIp": dice.ip(),
        "marketingCohort": format!("2026-q{}-{}", dice.between(1..=4), dice.pick(&["a", "b"])),
        "supportNotes": dice.some(words::NOTES, 5).join("\n"),
        "lifetimeValueCents": dice.between(0..=900_000),
        "crmRecord": { "id": dice.hex(18), "owner": dice.pick(words::LAST_NAMES) },
        "shardKey": format!("shard-{:02}", dice.between(0..=31)),
    })
}
