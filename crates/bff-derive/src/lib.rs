//! `#[derive(View)]`: shape, reader and writer of a view from one list of fields, so that they
//! cannot disagree.
#![forbid(unsafe_code)]

mod attributes;
mod choice;
mod names;
mod record;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, Error, Fields};

/// Derives `View` (with `Record`, `Serialize`, `Deserialize` and `Clone`) for a struct with named
/// fields, or `View` for an enum of plain words. See the documentation of `bff_core::View` for the attributes.
#[proc_macro_derive(View, attributes(view, serde))]
pub fn derive_view(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    if !input.generics.params.is_empty() {
        let why = "a view is one exact shape: write a struct without type parameters";
        return Err(Error::new_spanned(&input.generics, why));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => record::expand(input, &fields.named),
            _ => {
                Err(Error::new_spanned(&input.ident, "a view is an object: give its fields names"))
            }
        },
        Data::Enum(data) => choice::expand(input, &data.variants),
        Data::Union(_) => Err(Error::new_spanned(&input.ident, "a view is a struct or an enum")),
    }
}
