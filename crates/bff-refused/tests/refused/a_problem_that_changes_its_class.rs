//! A problem stays what it was made as, so its class, code and message keep telling the same story.

use bff_core::{Class, prelude::*};

fn soften(mut problem: Problem) {
    problem.class = Class::NotFound;
}

fn main() {}
