//! Only a cached call makes a cache key, so there is none without a version or a scope.

use bff_core::ports::Key;

fn key() -> Key {
    Key(String::from("mobile:product"))
}

fn main() {}
