//! `GET @path@` - @words@.

use crate::upstream::@import@;
use bff_core::prelude::*;

pub(super) fn endpoint() -> Endpoint {
    get("@path@").budget(millis(400)).payload_budget(kilobytes(2)).to(@module@)
}

async fn @module@(cx: &Cx, @arguments@) -> Result<@type@Screen> {
    cx.gather(Critical(@call@)).await
}

/// What is drawn.
#[derive(View)]
struct @type@Screen {
@fields@
}
