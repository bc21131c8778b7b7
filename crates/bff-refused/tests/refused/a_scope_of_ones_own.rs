//! Data is shared or personal; nobody invents a scope that is a little of both.

use bff_core::Scope;

enum Household {}

impl Scope for Household {
    const PERSONAL: bool = false;
    type And<Other: Scope> = Other;
}

fn main() {}
