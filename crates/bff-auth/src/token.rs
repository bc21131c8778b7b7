//! A signed token as text (RFC 7515, compact form): what its header says, and its claims once a key
//! vouches for them.

use crate::{claims::Claims, refusal::Refusal, settings::Algorithm};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::IgnoredAny};

/// The longest token that is looked at, in bytes.
const MAX_BYTES: usize = 8 * 1024;

/// A token whose signature nobody has checked yet.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub(crate) header: Header,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

/// What a token says about itself. Keys and addresses of keys (`jwk`, `jku`, `x5u`) are not even
/// read.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: Algorithm,
    #[serde(default, deserialize_with = "present")]
    pub(crate) typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    b64: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    zip: Option<IgnoredAny>,
}

/// The one claim that is looked at before the signature.
#[derive(Deserialize)]
struct Named {
    iss: String,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// It is no token, or one that asks for something that we do not do.
    pub(crate) fn read(text: &'a str) -> Result<Self, Refusal> {
        if text.len() > MAX_BYTES {
            return Err(Refusal::Invalid("too long"));
        }
        Self::split(text).ok_or(Refusal::Invalid("malformed"))
    }

    fn split(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if ![header, payload, signature].into_iter().all(is_base64url) {
            return None;
        }
        let header: Header = decode(header)?;
        // Extensions that have to be understood (`crit`), of which `b64` is one: we understand
        // none. Nor is anything compressed here: `zip` belongs to encrypted tokens.
        let plain = header.crit.is_none() && header.b64.is_none() && header.zip.is_none();
        plain.then_some(Self { header, signed, payload, signature })
    }

    /// The issuer that the token names. Nobody vouches for it yet: it chooses whose keys are asked,
    /// and nothing else.
    pub(crate) fn issuer(&self) -> Option<String> {
        decode(self.payload).map(|Named { iss }| iss)
    }

    /// The claims, if `key` signed them. There is no other way to get at them, and it takes the
    /// token: whatever a token says, it costs one signature check at most.
    ///
    /// jsonwebtoken checks the signature only: its own validation accepts missing and wrongly typed
    /// claims, and its clock cannot be set, so all rules about claims are in one place,
    /// [`Claims::check`].
    pub(crate) fn claims(self, key: &DecodingKey) -> Result<Claims, Refusal> {
        self.verified(key)
    }

    /// The same for tokens that say something else.
    pub(crate) fn verified<T: DeserializeOwned>(&self, key: &DecodingKey) -> Result<T, Refusal> {
        let algorithm = self.header.alg.into();
        match jsonwebtoken::crypto::verify(self.signature, self.signed.as_bytes(), key, algorithm) {
            Ok(true) => decode(self.payload).ok_or(Refusal::Invalid("claims")),
            _ => Err(Refusal::Invalid("signature")),
        }
    }
}

fn is_base64url(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// One JSON object. The check for `{` is needed because serde also reads a struct from an array.
fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    let is_object = json.trim_ascii_start().starts_with(b"{");
    if is_object { serde_json::from_slice(&json).ok() } else { None }
}

/// A member that may be absent but not `null`. serde itself refuses one that is there twice.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    member: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(member).map(Some)
}

/// Media types compare without case, and `application/` may be left out (RFC 7515, 4.1.9).
pub(crate) fn same_type(one: &str, other: &str) -> bool {
    short_type(one).eq_ignore_ascii_case(short_type(other))
}

fn short_type(typ: &str) -> &str {
    match typ.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    }
}
