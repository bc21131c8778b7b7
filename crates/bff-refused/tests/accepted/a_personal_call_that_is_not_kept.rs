//! A personal call may be reshaped and gathered; only keeping it is refused.

use bff_core::prelude::*;

const USERS: Service = Service::named("users");

async fn gather(cx: &Cx, me: &User) -> Result<usize> {
    let name: Call<String, Personal> = USERS.get(("users", me)).at("name").named("name");
    cx.gather(Critical(name.map(|name| name.len()))).await
}

fn main() {
    let _ = gather;
}
