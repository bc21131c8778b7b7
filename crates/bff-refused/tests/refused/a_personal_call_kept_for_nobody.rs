//! A personal answer is kept for somebody: the user is part of the key.

use bff_core::prelude::*;

const USERS: Service = Service::named("users");

fn keep(me: &User) {
    let profile = USERS.get(("users", me)).named::<String>("profile");
    let _ = profile.kept_for(seconds(5));
}

fn main() {}
