//! What an attacker has: keys of its own, everything public, and tokens that were once good.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bff_testkit::{Issuer, Json, json};
use std::sync::LazyLock;

/// Who the BFF is for its issuers.
pub(crate) const US: &str = "test-bff";
/// The only client whose tokens count.
pub(crate) const CLIENT: &str = "app";
/// The second configured issuer.
pub(crate) const OTHER: &str = "https://other.test";

/// A name for the failing row, and a token.
pub(crate) type Attack = (&'static str, String);

/// The second configured issuer's keys. Their ids are the same as the first one's.
pub(crate) static OTHERS: LazyLock<Issuer> = LazyLock::new(Issuer::new);
/// In the first issuer's set, for encryption.
pub(crate) static ENCRYPTS: LazyLock<Issuer> = LazyLock::new(Issuer::new);
/// The attacker's own.
pub(crate) static STRANGER: LazyLock<Issuer> = LazyLock::new(Issuer::new);

pub(crate) fn issuer() -> &'static Issuer {
    Issuer::shared()
}

pub(crate) fn claims() -> Json {
    with(issuer().claims("u-1", US), "azp", json!(CLIENT))
}

pub(crate) fn good() -> String {
    issuer().sign(&issuer().header(), &claims())
}

pub(crate) fn good_es256() -> String {
    issuer().sign_es256(&es256(), &claims())
}

pub(crate) fn es256() -> Json {
    json!({ "alg": "ES256", "typ": "at+jwt", "kid": "dev-2" })
}

/// The header of a good token with one member changed, or without it.
pub(crate) fn header(member: &str, value: Json) -> Json {
    with(issuer().header(), member, value)
}

/// `object` with `member` set to `value`, or without it when that is `null`.
pub(crate) fn with(mut object: Json, member: &str, value: Json) -> Json {
    if let Some(members) = object.as_object_mut() {
        members.remove(member);
        if !value.is_null() {
            members.insert(member.to_owned(), value);
        }
    }
    object
}

/// The text of `object` with more members at its end, repeated or not.
pub(crate) fn with_raw(object: &Json, raw: &str) -> String {
    format!("{},{raw}}}", object.to_string().trim_end_matches('}'))
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn parts(token: &str) -> [String; 3] {
    let mut parts = token.split('.').map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// `token` with another signature.
pub(crate) fn resigned(token: &str, signature: impl AsRef<[u8]>) -> String {
    let [head, payload, _] = parts(token);
    format!("{head}.{payload}.{}", base64(signature))
}

/// The signature of `token`.
pub(crate) fn signature(token: &str) -> Vec<u8> {
    let [_, _, signature] = parts(token);
    BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap_or_default()
}
