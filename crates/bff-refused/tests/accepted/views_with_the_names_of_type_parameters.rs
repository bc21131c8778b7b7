//! What the derive calls its own parameters and types is no name that a view could have.

use bff_core::prelude::*;

macro_rules! views {
    ($($name:ident)+) => {$(
        #[derive(View)]
        struct $name {
            id: u32,
        }
    )+};
}

views!(A D E M S T V Which Error ReadAll SerializeStruct Visitor);

#[derive(View)]
struct All {
    a: A,
    d: Option<D>,
    e: Vec<E>,
    m: M,
    s: S,
    t: T,
    v: V,
    which: Which,
    error: Error,
    read: ReadAll,
    write: SerializeStruct,
    visitor: Visitor,
}

mod choices {
    use bff_core::prelude::*;

    #[derive(View)]
    enum E {
        S,
        D,
        #[view(other)]
        E,
    }
}

fn main() {}
