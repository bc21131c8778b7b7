//! An answer about one user is not kept where others find it.

use bff_core::prelude::*;

const USERS: Service = Service::named("users");

fn keep(me: &User) {
    let profile = USERS.get(("users", me)).named::<String>("profile");
    let _ = profile.cached(seconds(5));
}

fn main() {}
