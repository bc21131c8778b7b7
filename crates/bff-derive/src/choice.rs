//! Enums: one word out of a fixed set, with an optional stand-in for words that nobody knew yet.

use crate::attributes::{Place, ViewAttributes};
use crate::names::screaming;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{DeriveInput, Error, Fields, Token, Variant, punctuated::Punctuated};

pub(crate) fn expand(
    input: &DeriveInput,
    variants: &Punctuated<Variant, Token![,]>,
) -> syn::Result<TokenStream> {
    ViewAttributes::read(&input.attrs, Place::Enum)?;
    let mut other = None;
    for variant in variants {
        if !matches!(variant.fields, Fields::Unit) {
            let why = "a choice is one word: move what this variant holds into a struct with `Option` fields";
            return Err(Error::new_spanned(variant, why));
        }
        let attributes = ViewAttributes::read(&variant.attrs, Place::Variant)?;
        if let Some(span) = attributes.other
            && other.replace(&variant.ident).is_some()
        {
            return Err(Error::new(span, "only one variant can stand for every other word"));
        }
    }
    let ident = &input.ident;
    let variants: Vec<&Ident> = variants.iter().map(|v| &v.ident).collect();
    let words: Vec<String> = variants.iter().map(|v| screaming(&v.to_string())).collect();
    let stand_in = match other.map(|other| screaming(&other.to_string())) {
        Some(word) => quote!(::core::option::Option::Some(#word)),
        None => quote!(::core::option::Option::None),
    };
    let write = serialize_impl(ident, &variants, &words);
    let read = deserialize_impl(ident, &variants, &words, other);
    Ok(quote! {
        #[automatically_derived]
        impl ::bff_core::View for #ident {
            const SHAPE: &'static ::bff_core::Shape =
                &::bff_core::Shape::Choice { words: &[#(#words),*], other: #stand_in };
        }
        #[automatically_derived]
        impl ::core::clone::Clone for #ident {
            fn clone(&self) -> Self {
                match self { #(Self::#variants => Self::#variants),* }
            }
        }
        #write
        #read
    })
}

/// People get the word; the cache gets its place.
fn serialize_impl(ident: &Ident, variants: &[&Ident], words: &[String]) -> TokenStream {
    let places = 0..u32::try_from(variants.len()).unwrap_or(u32::MAX);
    quote! {
        #[automatically_derived]
        impl ::bff_core::__private::serde::Serialize for #ident {
            fn serialize<__S: ::bff_core::__private::serde::Serializer>(&self, serializer: __S) -> ::core::result::Result<__S::Ok, __S::Error> {
                let (place, word): (u32, &str) = match self { #(Self::#variants => (#places, #words)),* };
                if serializer.is_human_readable() { serializer.serialize_str(word) } else { serializer.serialize_u32(place) }
            }
        }
    }
}

fn deserialize_impl(
    ident: &Ident,
    variants: &[&Ident],
    words: &[String],
    other: Option<&Ident>,
) -> TokenStream {
    let expecting = format!("a word of `{ident}`");
    let places: Vec<u32> = (0..).take(variants.len()).collect();
    let unknown_word = match other {
        Some(other) => quote!(::core::result::Result::Ok(#ident::#other)),
        None => {
            quote!(::core::result::Result::Err(__E::invalid_value(
                de::Unexpected::Str(word),
                &self
            )))
        }
    };
    quote! {
        #[automatically_derived]
        impl<'de> ::bff_core::__private::serde::Deserialize<'de> for #ident {
            fn deserialize<__D: ::bff_core::__private::serde::Deserializer<'de>>(deserializer: __D) -> ::core::result::Result<Self, __D::Error> {
                use ::bff_core::__private::serde::de;

                struct __Visitor;

                impl de::Visitor<'_> for __Visitor {
                    type Value = #ident;

                    fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        f.write_str(#expecting)
                    }

                    fn visit_str<__E: de::Error>(self, word: &str) -> ::core::result::Result<#ident, __E> {
                        match word {
                            #(#words => ::core::result::Result::Ok(#ident::#variants),)*
                            _ => #unknown_word,
                        }
                    }

                    fn visit_u32<__E: de::Error>(self, place: u32) -> ::core::result::Result<#ident, __E> {
                        match place {
                            #(#places => ::core::result::Result::Ok(#ident::#variants),)*
                            _ => ::core::result::Result::Err(__E::invalid_value(de::Unexpected::Unsigned(place.into()), &self)),
                        }
                    }
                }

                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(__Visitor)
                } else {
                    deserializer.deserialize_u32(__Visitor)
                }
            }
        }
    }
}
