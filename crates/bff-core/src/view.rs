//! Views: the only values that may leave a BFF.

use crate::Shape;
use serde::{Serialize, de::DeserializeOwned};

/// A value that a client may see: allow-list, reader and contract in one type.
///
/// Derive it: `#[derive(View)]` on a struct with named fields or an enum of plain words. Members
/// are written in `camelCase`, words in `SCREAMING_SNAKE_CASE`. Reading skips every member that is
/// not declared, and refuses a missing, doubled or wrongly typed one; an `Option` may be missing
/// and is then left out.
///
/// | attribute | on | meaning |
/// |---|---|---|
/// | `#[view(revision = 2)]` | struct | the version of the shape, raised by hand when the shape changes |
/// | `#[view(from = "eta")]` | field | the name that the service uses, when it differs |
/// | `#[view(other)]` | variant | stands for every word that the enum does not know |
///
/// ```
/// # use bff_core::prelude::*;
///
/// #[derive(View)]
/// struct Order {
///     order_id: String,
///     #[view(from = "eta")]
///     estimated_delivery: String,
///     note: Option<String>,
/// }
///
/// let order: Order = serde_json::from_str(
///     r#"{ "orderId": "o-1", "eta": "Friday", "margin": 0.4 }"#,
/// )?;
/// let told = serde_json::to_string(&order)?;
/// assert_eq!(told, r#"{"orderId":"o-1","estimatedDelivery":"Friday"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` may not leave this BFF: it is not a view",
    label = "not a view",
    note = "declare what the client renders as a struct with `#[derive(View)]` and answer with that",
    note = "a member is text, a number, a flag, an `Id`, another view, or an `Option` or `Vec` of one"
)]
pub trait View: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// What the view looks like on the wire.
    const SHAPE: &'static Shape;

    /// The value that stands for a member which the service left out, if there is one.
    #[doc(hidden)]
    fn when_missing() -> Option<Self> {
        None
    }

    /// Whether what the service wrote says that there is nothing.
    #[doc(hidden)]
    fn is_missing(&self) -> bool {
        false
    }

    /// Whether the member is left out of the answer.
    #[doc(hidden)]
    fn is_absent(&self) -> bool {
        false
    }

    /// The name of a member that is left out because nobody could read what the service wrote; empty
    /// where that is the value itself.
    #[doc(hidden)]
    fn lost(&self) -> Option<&'static str> {
        None
    }
}

/// A view that is an object, and so can be the answer of an endpoint: the envelope adds `meta`
/// beside its members.
///
/// ```
/// # use bff_core::prelude::*;
///
/// #[derive(View)]
/// struct Item {
///     units: u8,
/// }
///
/// /// Anything with named members can be sent; a list or a number cannot.
/// fn add(what: &impl Record) -> Write<Item, Shared> {
///     Service::named("carts").post("items", what).named("cart")
/// }
///
/// let _write = add(&Item { units: 2 });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` may not leave this BFF: it is not a view",
    label = "not a view with named members",
    note = "declare what the client renders as a struct with `#[derive(View)]` and answer with that"
)]
pub trait Record: View {}

/// Derives [`View`], and the traits that it needs, from one list of fields.
pub use bff_derive::View;

macro_rules! leaf {
    ($($type:ty: $shape:expr;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl View for $type {
            const SHAPE: &'static Shape = &$shape;
        }
    )+};
}

leaf! {
    bool: Shape::Flag;
    u8: Shape::Whole { bits: 8, signed: false };
    u16: Shape::Whole { bits: 16, signed: false };
    u32: Shape::Whole { bits: 32, signed: false };
    u64: Shape::Whole { bits: 64, signed: false };
    i8: Shape::Whole { bits: 8, signed: true };
    i16: Shape::Whole { bits: 16, signed: true };
    i32: Shape::Whole { bits: 32, signed: true };
    i64: Shape::Whole { bits: 64, signed: true };
    f32: Shape::Decimal { bits: 32 };
    f64: Shape::Decimal { bits: 64 };
    String: Shape::Text;
}

impl<T: View> View for Option<T> {
    const SHAPE: &'static Shape = &Shape::Maybe(T::SHAPE);

    fn when_missing() -> Option<Self> {
        Some(None)
    }

    fn is_missing(&self) -> bool {
        self.as_ref().is_some_and(T::is_missing)
    }

    fn is_absent(&self) -> bool {
        self.as_ref().is_none_or(T::is_absent)
    }

    fn lost(&self) -> Option<&'static str> {
        self.as_ref().and_then(T::lost)
    }
}

impl<T: View> View for Vec<T> {
    const SHAPE: &'static Shape = &Shape::List(T::SHAPE);

    fn lost(&self) -> Option<&'static str> {
        self.iter().find_map(T::lost)
    }
}
