//! What is kept for a user is what was read, not what a function made of it.

use bff_core::prelude::*;

const USERS: Service = Service::named("users");

fn keep(me: &User) {
    let profile = USERS.get(("users", me)).named::<String>("profile");
    let _ = profile.map(|name| name.len() as u32).kept_for(me, seconds(5));
}

fn main() {}
