//! A handler refuses with a class, from which the status follows.

use bff_core::{Class, prelude::*};

fn main() {
    let sold_out = Problem::new(Class::Conflict, "SOLD_OUT", "Somebody was faster.");
    assert_eq!(sold_out.class().status(), 409);
}
