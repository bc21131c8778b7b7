//! Reading `#[view(..)]`, and refusing `#[serde(..)]` with a word on why.

use proc_macro2::Span;
use syn::{Attribute, Error, LitInt, LitStr};

/// What `#[view(..)]` says, wherever it stands.
#[derive(Default)]
pub(crate) struct ViewAttributes {
    pub(crate) revision: Option<(u32, Span)>,
    pub(crate) from: Option<LitStr>,
    pub(crate) other: Option<Span>,
}

/// Where an attribute stands, which decides what it may say.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Struct,
    Field,
    Enum,
    Variant,
}

impl ViewAttributes {
    pub(crate) fn read(attributes: &[Attribute], place: Place) -> syn::Result<Self> {
        let mut found = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("serde") {
                let why = "a view is read and written as it stands: what serde would flatten, skip or rename would \
                           not be in the contract; use `#[view(from = \"..\")]`, or reshape with `.map(..)`";
                return Err(Error::new_spanned(attribute, why));
            }
            if !attribute.path().is_ident("view") {
                continue;
            }
            attribute.parse_nested_meta(|meta| {
                let span =
                    meta.path.get_ident().map_or_else(Span::call_site, proc_macro2::Ident::span);
                if place == Place::Struct && meta.path.is_ident("revision") {
                    let revision: LitInt = meta.value()?.parse()?;
                    found.revision = Some((revision.base10_parse()?, revision.span()));
                } else if place == Place::Field && meta.path.is_ident("from") {
                    found.from = Some(meta.value()?.parse()?);
                } else if place == Place::Variant && meta.path.is_ident("other") {
                    found.other = Some(span);
                } else {
                    return Err(Error::new(span, place.expected()));
                }
                Ok(())
            })?;
        }
        match found.revision {
            Some((0, span)) => Err(Error::new(span, "revisions begin with 1")),
            _ => Ok(found),
        }
    }
}

impl Place {
    fn expected(self) -> &'static str {
        match self {
            Self::Struct => "expected `revision = 2`",
            Self::Field => "expected `from = \"nameInTheService\"`",
            Self::Enum => "an enum takes no `#[view(..)]`; `#[view(other)]` belongs on a variant",
            Self::Variant => "expected `other`",
        }
    }
}
