//! A `&str` is part of a path only as a literal, which lives as long as the program.

use bff_core::prelude::*;

const USERS: Service = Service::named("users");

#[derive(View)]
struct Profile {
    user_id: String,
}

fn again(profile: &Profile) {
    let _ = USERS.get(("users", profile.user_id.as_str())).named::<String>("profile");
}

fn main() {}
