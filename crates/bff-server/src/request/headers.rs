//! A request's header fields: those that are lists, and those that are said once.

use actix_web::{
    HttpRequest,
    http::header::{AsHeaderName, HeaderValue},
};

/// All lines of a field, as octets: for `bff_core::fields`.
pub(crate) fn lines(request: &HttpRequest, name: impl AsHeaderName) -> impl Iterator<Item = &[u8]> {
    request.headers().get_all(name).map(HeaderValue::as_bytes)
}

/// The field of that name, where it is text. Two of them are none that can be trusted.
pub(crate) fn only(request: &HttpRequest, name: impl AsHeaderName) -> Option<&str> {
    let mut values = request.headers().get_all(name);
    values.next().filter(|_| values.next().is_none())?.to_str().ok()
}
