//! Structs: an object with the declared members and no others.

use crate::attributes::{Place, ViewAttributes};
use crate::names::{camel, kebab};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::HashSet;
use syn::{DeriveInput, Error, Field, Token, Type, punctuated::Punctuated};

struct Member<'a> {
    field: &'a Ident,
    ty: &'a Type,
    /// The local variable that holds the value while reading.
    slot: Ident,
    name: String,
    from: String,
}

pub(crate) fn expand(
    input: &DeriveInput,
    fields: &Punctuated<Field, Token![,]>,
) -> syn::Result<TokenStream> {
    let attributes = ViewAttributes::read(&input.attrs, Place::Struct)?;
    let members = fields
        .iter()
        .enumerate()
        .map(|(i, field)| Member::of(i, field))
        .collect::<syn::Result<Vec<_>>>()?;
    refuse_doubles(&members)?;
    let view =
        view_impl(&input.ident, attributes.revision.map_or(1, |(revision, _)| revision), &members);
    let write = serialize_impl(&input.ident, &members);
    let read = deserialize_impl(&input.ident, &members);
    let copy = clone_impl(&input.ident, &members);
    Ok(quote!(#view #write #read #copy))
}

impl<'a> Member<'a> {
    fn of(place: usize, field: &'a Field) -> syn::Result<Self> {
        let attributes = ViewAttributes::read(&field.attrs, Place::Field)?;
        let ident = field
            .ident
            .as_ref()
            .ok_or_else(|| Error::new_spanned(field, "a member needs a name"))?;
        let name = camel(&ident.to_string());
        let from = attributes.from.map_or_else(|| name.clone(), |from| from.value());
        Ok(Self { field: ident, ty: &field.ty, slot: format_ident!("member{place}"), name, from })
    }
}

fn refuse_doubles(members: &[Member<'_>]) -> syn::Result<()> {
    let mut names = HashSet::new();
    let mut sources = HashSet::new();
    for member in members {
        if !names.insert(&member.name) {
            return Err(Error::new_spanned(
                member.field,
                format!(
                    "another member is written as `{}`: a name stands for one thing",
                    member.name
                ),
            ));
        }
        if !sources.insert(&member.from) {
            return Err(Error::new_spanned(
                member.field,
                format!(
                    "another member is read from `{}`: read it once, and reshape with `.map(..)`",
                    member.from
                ),
            ));
        }
    }
    Ok(())
}

fn view_impl(ident: &Ident, revision: u32, members: &[Member<'_>]) -> TokenStream {
    let view = kebab(&ident.to_string());
    let shapes = members.iter().map(|Member { ty, name, from, .. }| {
        quote!(::bff_core::Member { name: #name, from: #from, shape: <#ty as ::bff_core::View>::SHAPE })
    });
    let fields = members.iter().map(|member| member.field);
    let names = members.iter().map(|member| &member.name);
    quote! {
        #[automatically_derived]
        impl ::bff_core::View for #ident {
            const SHAPE: &'static ::bff_core::Shape =
                &::bff_core::Shape::Record { name: #view, revision: #revision, members: &[#(#shapes),*] };

            // Nothing is left of it where no member can be lost.
            #[inline]
            fn lost(&self) -> ::core::option::Option<&'static str> {
                #(if let ::core::option::Option::Some(name) = ::bff_core::View::lost(&self.#fields) {
                    return ::core::option::Option::Some(if name.is_empty() { #names } else { name });
                })*
                ::core::option::Option::None
            }
        }

        #[automatically_derived]
        impl ::bff_core::Record for #ident {}
    }
}

/// What the cache holds is shared, and every request gets its own.
fn clone_impl(ident: &Ident, members: &[Member<'_>]) -> TokenStream {
    let fields = members.iter().map(|member| member.field);
    let same = fields.clone();
    quote! {
        #[automatically_derived]
        impl ::core::clone::Clone for #ident {
            fn clone(&self) -> Self {
                Self { #(#fields: ::core::clone::Clone::clone(&self.#same)),* }
            }
        }
    }
}

/// People get names without the absent members; the cache gets every member in order.
fn serialize_impl(ident: &Ident, members: &[Member<'_>]) -> TokenStream {
    let view = ident.to_string();
    let count = members.len();
    let writes = members.iter().map(|Member { field, name, .. }| {
        quote! {
            if compact || !::bff_core::View::is_absent(&self.#field) {
                __SerializeStruct::serialize_field(&mut out, #name, &self.#field)?;
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl ::bff_core::__private::serde::Serialize for #ident {
            fn serialize<__S: ::bff_core::__private::serde::Serializer>(&self, serializer: __S) -> ::core::result::Result<__S::Ok, __S::Error> {
                use ::bff_core::__private::serde::ser::SerializeStruct as __SerializeStruct;
                let compact = !serializer.is_human_readable();
                let mut out = serializer.serialize_struct(#view, #count)?;
                #(#writes)*
                __SerializeStruct::end(out)
            }
        }
    }
}

/// Services are read by name, and only as objects; the cache is read by position.
fn deserialize_impl(ident: &Ident, members: &[Member<'_>]) -> TokenStream {
    let expecting = format!("an object for `{ident}`");
    let count = members.len();
    let slots: Vec<_> = members.iter().map(|m| &m.slot).collect();
    let types = members.iter().map(|m| m.ty);
    let fields: Vec<_> = members.iter().map(|m| m.field).collect();
    let froms: Vec<_> = members.iter().map(|m| &m.from).collect();
    let indices = 0..count;
    let places = 0..count;
    quote! {
        #[automatically_derived]
        impl<'de> ::bff_core::__private::serde::Deserialize<'de> for #ident {
            fn deserialize<__D: ::bff_core::__private::serde::Deserializer<'de>>(deserializer: __D) -> ::core::result::Result<Self, __D::Error> {
                use ::bff_core::__private::{member, serde::de};

                fn place_of(name: &str) -> ::core::option::Option<usize> {
                    match name {
                        #(#froms => ::core::option::Option::Some(#indices),)*
                        _ => ::core::option::Option::None,
                    }
                }

                struct __Visitor;

                impl<'de> de::Visitor<'de> for __Visitor {
                    type Value = #ident;

                    fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        f.write_str(#expecting)
                    }

                    fn visit_map<__A: de::MapAccess<'de>>(self, mut map: __A) -> ::core::result::Result<#ident, __A::Error> {
                        #(let mut #slots: ::core::option::Option<#types> = ::core::option::Option::None;)*
                        while let ::core::option::Option::Some(which) = map.next_key_seed(::bff_core::__private::Which(place_of))? {
                            match which {
                                #(::core::option::Option::Some(#places) => {
                                    if #slots.is_some() {
                                        return ::core::result::Result::Err(de::Error::duplicate_field(#froms));
                                    }
                                    #slots = ::core::option::Option::Some(map.next_value()?);
                                })*
                                _ => {
                                    map.next_value::<de::IgnoredAny>()?;
                                }
                            }
                        }
                        ::core::result::Result::Ok(#ident { #(#fields: member(#slots, #froms)?),* })
                    }

                    fn visit_seq<__A: de::SeqAccess<'de>>(self, mut seq: __A) -> ::core::result::Result<#ident, __A::Error> {
                        ::core::result::Result::Ok(#ident {
                            #(#fields: seq.next_element()?.ok_or_else(|| <__A::Error as de::Error>::missing_field(#froms))?),*
                        })
                    }
                }

                if deserializer.is_human_readable() {
                    deserializer.deserialize_map(__Visitor)
                } else {
                    deserializer.deserialize_tuple(#count, __Visitor)
                }
            }
        }
    }
}
