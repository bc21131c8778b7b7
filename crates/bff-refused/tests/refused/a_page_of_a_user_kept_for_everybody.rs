//! A page that is kept as a whole is the same for every caller.

use bff_core::prelude::*;

#[derive(View)]
struct Home {
    greeting: String,
}

async fn home(_cx: &Cx, _me: User) -> Result<Home> {
    Ok(Home { greeting: "hello".to_owned() })
}

fn endpoint() -> Endpoint {
    get("/home").page_kept(seconds(1)).to(home)
}

fn main() {}
