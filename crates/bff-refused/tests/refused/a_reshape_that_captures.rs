//! What reshapes an answer captures nothing, so that no user's data gets into a value by the back door.

use bff_core::prelude::*;

fn greet(greeting: Call<String, Shared>, name: String) {
    let _ = greeting.map(move |greeting| greeting + &name);
}

fn main() {}
