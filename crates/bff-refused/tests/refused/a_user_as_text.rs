//! A user cannot be turned into text, so the compiler always sees when a call mentions one.

use bff_core::prelude::*;

fn text(me: &User) -> String {
    me.id().to_owned()
}

fn main() {}
