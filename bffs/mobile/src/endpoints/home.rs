//! `GET /mobile/v1/home` - everything the home screen draws, in one round trip.

use crate::upstream::{orders, recommendations, users};
use bff_core::prelude::*;

pub(super) fn endpoint() -> Endpoint {
    get("/mobile/v1/home")
        .budget(millis(450))
        .client_cache(seconds(30))
        .payload_budget(kilobytes(50))
        .to(home)
}

async fn home(cx: &Cx, me: User) -> Result<Home> {
    let (user, recent_orders, recommendations) = cx
        .gather((
            Critical(users::profile(&me)),
            Optional(orders::recent(&me, 3), vec![]),
            Optional(recommendations::for_user(&me, 6), vec![]),
        ))
        .await?;

    Ok(Home { user, recent_orders, recommendations })
}

/// The home screen.
#[derive(View)]
#[view(revision = 2)]
struct Home {
    user: Profile,
    recent_orders: Vec<OrderCard>,
    recommendations: Vec<ProductTile>,
}

/// The greeting at the top.
#[derive(View)]
#[view(revision = 2)]
struct Profile {
    user_id: String,
    display_name: String,
    avatar_url: String,
    loyalty_tier: LoyaltyTier,
}

#[derive(View)]
enum LoyaltyTier {
    Bronze,
    Silver,
    Gold,
    #[view(other)]
    Unknown,
}

/// One row of "your recent orders".
#[derive(View)]
#[view(revision = 2)]
struct OrderCard {
    order_id: String,
    status: String,
    #[view(from = "eta")]
    estimated_delivery: String,
    item_count: u32,
}

/// One tile of the two-column grid.
#[derive(View)]
struct ProductTile {
    product_id: String,
    thumbnail_url: String,
    title: String,
    price_formatted: String,
}
