//! Text that was computed does not become part of a path: nobody knows whose data it points at.

use bff_core::prelude::*;

const USERS: Service = Service::named("users");

#[derive(View)]
struct Profile {
    user_id: String,
}

fn again(profile: &Profile) {
    let _ = USERS.get(("users", &profile.user_id)).named::<String>("profile");
}

fn main() {}
