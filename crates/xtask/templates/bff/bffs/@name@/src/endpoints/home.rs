//! `GET /@name@/v1/home` - the first screen: whose it is, and what to pick from.

use crate::upstream::{recommendations, users};
use bff_core::prelude::*;

/// What fits on the screen.
const SHOWN: u8 = 8;

pub(super) fn endpoint() -> Endpoint {
    get("/@name@/v1/home")
        .budget(millis(450))
        .client_cache(seconds(30))
        .payload_budget(kilobytes(10))
        .to(home)
}

async fn home(cx: &Cx, me: User) -> Result<Home> {
    let (viewer, @crate@_picks) = cx
        .gather((
            Critical(users::profile(&me)),
            Optional(recommendations::for_user(&me, SHOWN), vec![]),
        ))
        .await?;

    Ok(Home { viewer, @crate@_picks })
}

/// The first screen.
#[derive(View)]
struct Home {
    viewer: Viewer,
    @crate@_picks: Vec<Pick>,
}

/// Whose screen it is.
#[derive(View)]
struct Viewer {
    display_name: String,
    avatar_url: String,
}

/// One thing to pick.
#[derive(View)]
struct Pick {
    product_id: String,
    title: String,
    #[view(from = "thumbnailUrl")]
    image_url: String,
}
