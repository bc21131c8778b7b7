//! `GET /web/v1/me` - the head of every page of somebody who signed in.

use crate::upstream::users;
use bff_core::prelude::*;

pub(super) fn endpoint() -> Endpoint {
    get("/web/v1/me").budget(millis(500)).to(me)
}

async fn me(cx: &Cx, me: User) -> Result<Me> {
    cx.gather(Critical(users::profile(&me))).await
}

/// The greeting and the avatar.
#[derive(View)]
struct Me {
    display_name: String,
    email: String,
    avatar_url: String,
}
