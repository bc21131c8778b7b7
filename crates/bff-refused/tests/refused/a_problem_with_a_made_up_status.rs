//! The class of a problem decides its status, so nobody makes one up.

use bff_core::prelude::*;

fn teapot() -> Problem {
    Problem::new(418, "TEAPOT", "Short and stout.")
}

fn main() {}
