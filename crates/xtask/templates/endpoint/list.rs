//! `GET @path@` - @words@.

use crate::upstream::@import@;
use bff_core::prelude::*;

pub(super) fn endpoint() -> Endpoint {
    get("@path@").budget(millis(400)).payload_budget(kilobytes(4)).to(@module@)
}

async fn @module@(cx: &Cx, @arguments@) -> Result<@type@Screen> {
    let @list@ = cx.gather(Critical(@call@)).await?;

    Ok(@type@Screen { @list@ })
}

/// What is drawn.
#[derive(View)]
struct @type@Screen {
    @list@: Vec<@type@Row>,
}

/// One row of it.
#[derive(View)]
struct @type@Row {
@fields@
}
