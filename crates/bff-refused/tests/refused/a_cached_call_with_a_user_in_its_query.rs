//! A user in the query makes a call as personal as a user in the path.

use bff_core::prelude::*;

const OFFERS: Service = Service::named("offers");

fn keep(me: &User) {
    let offers = OFFERS.get("offers").query("for", me).named::<String>("offers");
    let _ = offers.cached(seconds(5));
}

fn main() {}
